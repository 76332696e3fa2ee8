/// All limits of the search, in units of work, never of time.
///
/// | limit | unit | why |
/// | --- | --- | --- |
/// | `proposalsOfSlot`, `leastProposals`, `mostProposals` | changes tried in a round | more rounds do more than longer ones |
/// | `rounds` | rounds in all; rounds without anything better, after which it ends | small maps gain most; plain ones little |
/// | `mostSlotsOfTiny` | slots of a map under a limit on peers with more rounds | pairs are hard to find |
/// | `idleInShortage`, `idleNearby` | the same: something has no place; little is left to gain | mostly in vain |
/// | `round` | where a round begins, and how many of its hottest stages it leaves out | some escape, some polish |
/// | `mostSlotsAnew` | slots of a map on which rounds begin at a start again | large maps need all rounds to get anywhere |
/// | `refresh` | changes tried between two looks at all nodes | the lists of nodes outside windows grow stale |
/// | `tries`, `nodesTried` | replicas or nodes looked at for one change | more cost more than they find |
/// | `placesRebuilt` | places of a row that are placed anew at once | each costs many nodes times the width |
/// | `chainLength` | replicas that one chain moves beyond its first | longer ones are hardly ever kept |
enum SearchLimits {
  static let proposalsOfSlot = 150
  static let leastProposals = 4_000
  static let mostProposals = 400_000
  static let mostSlotsAnew = 2_000
  static let mostSlotsOfTiny = 128
  static let idleInShortage = 3
  static let idleNearby = 1
  static let refresh = 128
  static let tries = 8
  static let nodesTried = 6
  static let placesRebuilt = 12
  static let chainLength = 3

  static func round(_ round: Int, slots: Int) -> (isAnew: Bool, skipping: Int) {
    let cycle = slots > mostSlotsAnew ? cycleOfLarge : cycleOfSmall
    return cycle[round % cycle.count]
  }

  private static let cycleOfSmall = [(true, 0), (true, 0), (false, 3), (true, 0), (false, 1), (true, 0), (false, 2)]
  private static let cycleOfLarge = [(false, 0), (false, 0), (false, 1), (false, 0), (false, 3)]

  /// Changes tried in a round. Of wide rows one costs more, by the square of the width.
  static func proposals(_ problem: SearchProblem, isPolish: Bool) -> Int {
    let wanted = max(leastProposals, proposalsOfSlot * problem.rowCount * problem.width)
    let most = mostProposals * 64 / (max(4, problem.width) * max(16, problem.width))
    return min(most, wanted) / (isPolish ? 3 : 1)
  }

  static func rounds(_ problem: SearchProblem, isPolish: Bool) -> (most: Int, idle: Int) {
    let isPlain = problem.colocations.isEmpty && !problem.hasPeers && problem.amounts.isEmpty && !problem.hasSets
    let slots = problem.rowCount * problem.width
    if isPolish { return (8, 3) }
    if problem.ofMap.count > 1 { return slots > mostSlotsAnew ? (6, 2) : (12, 3) }
    if slots <= mostSlotsOfTiny, problem.hasPeers { return (120, 40) }
    return slots > mostSlotsAnew ? (12, 3) : isPlain ? (14, 3) : (36, 10)
  }
}
