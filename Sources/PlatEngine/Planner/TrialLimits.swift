/// Every limit on what the planner tries, in units of work, never of time: a plan is the same on any machine. Those of
/// the local search stand in its own table, `SearchLimits`.
enum TrialLimits {
  enum WeightInBudget {
    /// Exchanges looked at for one more move within a budget.
    static let exchangesTried = 64
  }

  enum CompletionSearch {
    /// Steps of one chain of replicas that make way.
    static let mostSteps = 1 << 18
    /// Nodes looked at for one open slot.
    static let nodesTried = 16
    /// Chains that pass through one row twice may break a rule together: others are tried.
    static let attempts = 8
    /// Nodes looked at in all.
    static let effort = 1 << 26
  }

  enum RowPricing {
    /// Beyond so many containers a co-location group is not looked for in each.
    static let mostContainers = 64
  }

  enum Witnesses {
    /// Nodes looked at for one witness.
    static let nodesTried = 12
    /// Rows looked at for an exchange of witnesses.
    static let partnersTried = 4096
  }

  enum FanOut {
    /// Rows looked at for one that follows another.
    static let rowsTried = 512
    /// Of many nodes that could be a pair's other end so many are looked at, in turn.
    static let nodesTried = 512
    /// Larger maps do without: there a pair may turn out to be of no use.
    static let mostReplicasLookedAt = 1 << 18
    /// A new pair is worth that many masters too many.
    static let mastersForAPair = 4
    /// Passes over the pairs beyond the limit.
    static let passes = 2
    /// Rounds of flow and mending.
    static let rounds = 4
    /// The same where nothing but direct moves is left.
    static let directRounds = 16
  }

  enum Fresh {
    /// Blocks of a fresh map that threads share.
    static let mostBlocks = 24
  }

  enum Group {
    /// Other roundings of fresh maps that are tried where the first leave some state's sum out of its window.
    static let attempts = 8
    /// Rounds in which sums are mended and maps planned again.
    static let rounds = 3
  }

  enum SumExchange {
    /// Partners of one replica for an exchange.
    static let partners = 48
    /// First hops of a chain of two.
    static let firstHops = 256
    /// Pairs of replicas looked at for one node.
    static let trialsForPairs = 1 << 14
    /// Passes over the nodes whose sums are outside.
    static let rounds = 64
    /// Exchanges looked at in all.
    static let trials = 1 << 23
  }

  enum SumRoles {
    /// Maps whose states are mended first: mostly they suffice.
    static let few = 64
  }

  enum WeightedGroup {
    /// Rounds of exchanges and plans towards the sums.
    static let rounds = 4
  }

  enum Improve {
    /// The most slots of maps that are searched.
    static let mostSlots = 60_000
    /// The most slots of a map by weight that is searched for less than `gapOfWeight`.
    static let mostSlotsToTheEnd = 4_096
    /// What moves up to so many hundredths above a bound of weight, which is not exact, is taken for the least; and of
    /// small maps, for nearly the least.
    static let gapOfWeight = 3
    static let smallGapOfWeight = 1
    /// The most pairs of nodes in all maps, where peers are limited.
    static let mostPairs = 1 << 22
    /// Of several maps, maps times nodes: the search looks at all windows now and then.
    static let mostMapCells = 1 << 14
    /// The most slots of a map that is searched for the sake of soft rules and states alone.
    static let mostSlotsToPolish = 1_024
  }

  enum Mend {
    /// Replicas looked at for an exchange.
    static let partnersTried = 128
  }

  enum FreshNear {
    /// Containers that one container meets in a fresh map.
    static let mostMeeting = 64
  }

  enum Succession {
    /// Open places looked at in all.
    static let effort = 1 << 22
  }

  enum ReceiverPool {
    /// Boxes looked at for one receiver.
    static let boxesTried = 16
    /// Nodes of a box looked at.
    static let nodesTried = 32
  }

  enum RoleCycles {
    /// Replicas of a map up to which it is worth the while.
    static let mostReplicas = 1 << 12
    /// Arcs of the graph of states, the same.
    static let mostArcs = 1 << 12
    /// Arcs looked at in all.
    static let effort = 1 << 22
  }

  enum RoleRounds {
    /// Rounds of states and exchanges.
    static let rounds = 8
  }

  enum RoleSwaps {
    /// Swaps looked at in all.
    static let trials = 1 << 24
  }

  enum RowSearch {
    /// Nodes looked at for one row.
    static let mostTried = 1 << 12
  }

  enum Settling {
    /// Replicas up to which a plan's own map is planned again.
    static let mostReplicas = 1 << 12
    /// How often it is planned again.
    static let rounds = 32
    /// Replicas up to which the map of today is judged with the next.
    static let mostJudged = 1 << 22
  }

  enum WeightedFresh {
    /// Blocks of one class of sizes, each on a line of another order: as `Fresh.mostBlocks`.
    static let blocks = 4
    /// Replicas of a map from which on it is laid so.
    static let leastReplicas = 1 << 15
  }

  enum WeightedMend {
    /// Replicas looked at for an exchange.
    static let partnersTried = 128
  }

  enum WeightedPrices {
    /// Boxes looked at for the cheapest row.
    static let boxesTried = 64
    /// Rows looked at in all, about.
    static let effort = 3 << 20
  }

  enum WeightedReceiverPool {
    /// Boxes looked at for one receiver.
    static let boxesTried = 24
    /// Nodes of a box looked at.
    static let nodesTried = 24
    /// The same where soft rules have a say.
    static let softTried = 8
  }

  enum WeightedRoles {
    /// Passes over the rows in one round, while some node is outside its window in a state.
    static let sweeps = 64
    /// Rows passed over in all rounds, two passes at least.
    static let rowsSwept = 1 << 22
  }

  enum WeightedShed {
    /// Passes over the nodes outside their windows.
    static let rounds = 64
    /// Nodes looked at as receivers.
    static let scanned = 64
    /// Replicas of a node looked at.
    static let itemsTried = 256
    /// Partners of each for an exchange.
    static let partnersTried = 48
    /// Of these, how many are weighed.
    static let matchesTried = 8
    /// Exchanges looked at in all.
    static let trialsInAll = 1 << 20
  }
}
