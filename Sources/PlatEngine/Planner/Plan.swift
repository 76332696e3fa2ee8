/// What planning is asked to do.
public enum Operation: String, Sendable, CaseIterable {
  case rebalance
  /// As many nodes come as leave: what a leaving one held goes to its counterpart, and nothing else moves.
  case swap
  /// A slave becomes master where no master lives. No data moves.
  case failover
  /// To a map from before, as far as it still is legal.
  case restoreBack = "restore-back"
  /// Masters leave nodes in maintenance, slaves stay.
  case maintenance
  /// The map as it stands, half-way, becomes the target.
  case cancel
}

public struct PlanOptions: Sendable {
  /// Nil: chosen from the cluster and its map, see `Operation.chosen`.
  public var operation: Operation?
  /// `restore-back`: the map to go back to. `cancel`: the target of the plan that was under way, or nil. Its nodes are
  /// the cluster's.
  public var to: PlacementMap?
  /// The same of each of several maps; nil, and whatever lies beyond the end: it has none. To go back to none is to
  /// stay.
  public var toMaps: [PlacementMap?] = []
  /// Threads to plan with; never changes a result.
  public var threads = 1
  /// The most bytes that planning may take for its arrays; 0: no limit.
  public var memoryLimitBytes: UInt64 = 0
  /// Stops planning, with `cancelled`.
  public var interrupt: Interrupt?

  public init() {}
}

/// The next map and its proof.
public struct Plan: Sendable {
  public var operation: Operation
  public var target: PlacementMap
  /// No map that meets the same hard rules and the same total balance can be reached with fewer moves. Proved.
  public var movesLowerBound: Int
  /// The same of the weight that has to move, where partitions differ in weight, in the document's own numbers.
  public var movesWeightLowerBound: Rational?
  /// Moves for balance alone that `settings.balance.moveBudget` put off: a plan without it makes so many more.
  public var movesHeldBack = 0
  /// The multipliers that prove it, one a node.
  public var certificate: [Int32]
  /// Where partitions differ in weight: the windows that the bounds are about.
  public var weightWindows: WeightWindows?
  /// Every row is known to have all its replicas.
  var isComplete = false
  /// Its map is not quite the one that a pipeline has made.
  var isFinished = false
  /// A search has looked for better states at no more moves, and what it found was not kept.
  var isWanting = false
  /// Nanoseconds of each stage, in pipeline order.
  public var stageNanoseconds: [(stage: String, nanoseconds: UInt64)]
  /// The most bytes that the planner's arrays took at once, maps included.
  public var peakBytes: UInt64
}

extension Plan {
  /// Whether what was asked for is met: of a failover its own work only, a master wherever there is a live copy.
  public func isMet(_ report: Report) -> Bool {
    operation == .failover ? report.leaderless == 0 : report.meetsHardRules
  }
}
