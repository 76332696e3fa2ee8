import PlatSearch

/// The last stage of a plan of one map: a local search over whatever the stages before it left undone.
///
///     plan ─► good enough? ─► search, from the plan and from what stands ─► planned once more from there, until nothing changes
///
/// A plan is good enough where everything is placed within all rules and windows, moves are at their bound, and neither soft
/// rules are broken nor states changed. Else the better map by the order of aims takes its place, never a worse one.
enum Improve {
  /// How much is left to do.
  private enum Need { case nothing, polish, search }

  /// The most slots of a map that is searched, and of one that is searched for the sake of soft rules and states alone.
  private static let mostSlots = 60_000
  private static let mostSlotsToPolish = 1_024
  /// A bound of weight is not exact: moves up to so many hundredths above it are taken for the least.
  private static let gapOfWeight = 3
  private static let rounds = 6

  /// `plan`: as the other stages made it. `again`: plans the same cluster by those stages, from a map.
  static func run(
    _ cluster: DenseCluster, _ plan: Plan, from current: PlacementMap?, options: PlanOptions,
    again: (PlacementMap) throws(PlatError) -> Plan
  ) throws(PlatError) -> Plan {
    guard plan.operation == .rebalance || plan.operation == .maintenance, cluster.capacityPart == nil,
      cluster.partitionCount * cluster.replicas <= mostSlots
    else { return plan }
    guard let tables = try SearchTables(cluster, from: current, plan, options),
      var rows = try search(tables, cluster, plan, options, strict: { () throws(PlatError) in try strict(cluster, current, options) })
    else { return plan }
    // What planning again would change is changed now; a budget asks for another plan by itself, and a fresh map is nearer to
    // its dues than it would be brought by a tolerance.
    let balance = cluster.cluster.settings.balance
    for _ in 0..<rounds where balance.moveBudget == nil && (current != nil || balance.tolerance == .zero) {
      let map = try tables.map(rows, like: plan.target)
      let next = try again(map)
      guard next.operation == plan.operation, let tables = try SearchTables(cluster, from: map, next, options) else { break }
      let planned = tables.rows(next.target)
      let found = try search(tables, cluster, next, options, strict: { nil }) ?? planned
      if found == rows { break }
      rows = found
    }
    return try replaced(plan, tables, rows, cluster, from: current)
  }

  /// The plan without a tolerance, which is one within it, where there is one: a tolerance is no reason to move more.
  private static func strict(
    _ cluster: DenseCluster, _ current: PlacementMap?, _ options: PlanOptions
  ) throws(PlatError) -> PlacementMap? {
    guard current != nil, cluster.cluster.settings.balance.tolerance != .zero else { return nil }
    return try Planner.plan(cluster.withoutTolerance, from: current, options: options).target
  }

  /// The rows of a better map; nil where the plan is good enough, or the search found none.
  private static func search(
    _ tables: SearchTables, _ cluster: DenseCluster, _ plan: Plan, _ options: PlanOptions,
    strict: () throws(PlatError) -> PlacementMap?
  ) throws(PlatError) -> [Int32]? {
    let problem = tables.problem
    let planned = tables.rows(plan.target)
    let score = LocalSearch.score(problem, planned)
    let bound = leastMoved(cluster, plan, problem)
    let seeksBalance = plan.operation == .rebalance
    func need(_ score: SearchScore) -> Need {
      guard score.isWellPlaced || !seeksBalance && score.isPlaced, !seeksBalance || score.moved <= bound else { return .search }
      let isPolished = score.outsideCounts + score.softBroken + score.uneven + score.roleChanges == 0
      return isPolished || !seeksBalance || planned.count > mostSlotsToPolish ? .nothing : .polish
    }
    let first = need(score)
    guard first != .nothing else { return nil }
    let standing = tables.standing()
    let interrupt = options.interrupt
    // What stands stays, where neither the plan nor a descent knows anything better.
    if problem.countsMoves, !(score < LocalSearch.score(problem, standing)),
      LocalSearch.isSettled(problem, standing, isCancelled: { interrupt?.isRequested == true })
    {
      return standing == planned ? nil : standing
    }
    let others = try first == .search ? strict().map { [tables.rows($0)] } ?? [] : []
    let found = LocalSearch.run(
      problem, starts: [planned, standing] + others, isPolish: first == .polish, isEnough: { need($0) == .nothing },
      isCancelled: { interrupt?.isRequested == true })
    try interrupt?.throwIfRequested()
    return found.score < score ? found.rows : nil
  }

  /// What moves at least, in the search's own amounts.
  private static func leastMoved(_ cluster: DenseCluster, _ plan: Plan, _ problem: SearchProblem) -> Int {
    guard problem.countsMoves else { return 0 }
    guard let weights = cluster.partitionWeights, let bound = plan.movesWeightLowerBound else { return plan.movesLowerBound }
    return (bound / weights.unit).floor.map { $0 + $0 * gapOfWeight / 100 } ?? 0
  }

  /// The plan with other rows. Bounds hold for any map in the windows; one outside them may move less.
  private static func replaced(
    _ plan: Plan, _ tables: SearchTables, _ rows: [Int32], _ cluster: DenseCluster, from current: PlacementMap?
  ) throws(PlatError) -> Plan {
    var result = plan
    result.target = try tables.map(rows, like: plan.target)
    let (before, after) = (LocalSearch.score(tables.problem, tables.rows(plan.target)), LocalSearch.score(tables.problem, rows))
    result.movesHeldBack = plan.movesHeldBack > 0 ? max(0, plan.movesHeldBack + before.moves - after.moves) : 0
    if let weights = cluster.partitionWeights { return try result.bounded(cluster, weights, from: current) }
    if tables.problem.countsMoves { result.movesLowerBound = min(plan.movesLowerBound, after.moves) }
    return result
  }
}
