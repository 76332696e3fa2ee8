/// Who plans what: one map by number (`Pipeline`), or by weight (`planWeighted`); several maps are `planWeighted` and
/// `GroupPlanning`. What comes behind all of them is in `Planner+Finish`.
public enum Planner {
  /// What a pipeline makes of it: `plan` without what comes behind all of them.
  static func unfinished(
    _ cluster: DenseCluster, from current: PlacementMap?, options: PlanRequest
  ) throws(PlatError) -> Plan {
    try refuseUnsupported(cluster)
    let operation = options.operation ?? Operation.chosen(for: cluster, from: current)
    guard operation != .failover else { return try Failover.plan(cluster, from: current, options: options) }
    let home = try home(cluster, from: current, options: options, as: operation)
    if let weights = cluster.partitionWeights {
      return try planWeighted(cluster, weights, from: home, movedFrom: current, options: options, as: operation)
    }
    return try rebalance(cluster, from: home, movedFrom: current, options: options, as: operation)
  }

  /// The map that an operation keeps as far as may be.
  static func home(
    _ cluster: DenseCluster, from current: PlacementMap?, options: PlanRequest, as operation: Operation
  ) throws(PlatError) -> PlacementMap? {
    switch operation {
    case .restoreBack: try NearestMap.make(cluster, from: current, backTo: options.to, options: options)
    case .cancel: try StandingMap.make(cluster, from: current, target: options.to, options: options)
    case .rebalance, .swap, .failover, .maintenance: current
    }
  }

  /// The next map of one of several on the same nodes. `goal`: what each node should have of it.
  static func plan(
    _ cluster: DenseCluster, from current: PlacementMap?, options: PlanRequest, goal: MapGoal
  ) throws(PlatError) -> Plan {
    try refuseUnsupported(cluster)
    return try rebalance(cluster, from: current, options: options, goal: goal)
  }

  /// The pipeline by number: see `Pipeline`. `home`: the map that is kept as far as may be; `movedFrom`: the one that
  /// moves are counted from, where that is another. Operations other than rebalance and swap move nothing for balance
  /// alone. `judged`: the cluster that the bound is about, where `cluster` has other capacities.
  static func rebalance(
    _ cluster: DenseCluster, from home: PlacementMap?, movedFrom: PlacementMap? = nil, options: PlanRequest,
    as asked: Operation = .rebalance, goal: MapGoal? = nil, judged: DenseCluster? = nil
  ) throws(PlatError) -> Plan {
    var pipeline = try Pipeline(cluster, from: home, options: options, as: asked, goal: goal)
    try pipeline.run()
    guard pipeline.isOutOfBalanceByPromotion else { return try pipeline.plan(movedFrom: movedFrom, judged: judged) }
    var options = options
    options.promotesNear = false
    return try rebalance(
      cluster, from: home, movedFrom: movedFrom, options: options, as: asked, goal: goal, judged: judged)
  }

  /// Windows may be out of reach (nodes in maintenance, rules about single states); what is still missing then
  /// goes wherever capacity and hard rules allow.
  static func placeTheRest(
    _ problem: Problem, _ due: Due, _ placement: inout Placement
  ) throws(PlatError) {
    guard placement.placed < due.total else { return }
    let relaxed = try due.relaxed(problem, placement)
    try Fill.run(problem, relaxed, &placement)
    let potential: NodeTable<Int32> = try problem.arena.table(problem.nodeCount + 2)
    try Exchange.run(problem, relaxed, &placement, potential: potential)
  }

  static func refuseUnsupported(_ cluster: DenseCluster) throws(PlatError) {
    let settings = cluster.cluster.settings
    for rule in settings.containerRules { try rule.refuseUnsupported(cluster) }
    try settings.fanOut?.refuseUnsupported(cluster)
  }
}

/// How long each stage took. Reported, never decided on. A profiler finds the stages' borders by `mark`.
struct StageClock {
  private(set) var stages: [(stage: String, nanoseconds: UInt64)] = []
  private var last = ContinuousClock.now
  private let interrupt: Interrupt?

  init(_ interrupt: Interrupt? = nil) { self.interrupt = interrupt }

  /// Throws where the work is to stop.
  @inline(never) mutating func mark(_ stage: String) throws(PlatError) {
    let now = ContinuousClock.now
    let (seconds, attoseconds) = (now - last).components
    stages.append((stage, UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)))
    last = now
    try interrupt?.finished(stage)
  }
}
