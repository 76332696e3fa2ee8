import PlatSearch

/// A local search over whatever the stages before it left undone in a plan of one map.
///
/// A plan is good enough where everything is placed within all rules and windows, moves are at their bound, and neither
/// soft rules are broken nor states changed. Else the better map by the order of aims takes its place, never a worse
/// one.
enum Improve {
  /// How much is left to do.
  private enum Need { case nothing, polish, search }

  /// `planned`: a plan by the stages up to this one, of another cluster or from another map.
  static func run(
    _ cluster: DenseCluster, _ plan: Plan, from current: PlacementMap?, options: PlanRequest,
    planned: (DenseCluster, PlacementMap?, PlanRequest) throws(PlatError) -> Plan
  ) throws(PlatError) -> Plan {
    guard plan.operation == .rebalance || plan.operation == .maintenance, cluster.capacityPart == nil,
      cluster.partitionCount * cluster.replicas <= TrialLimits.Improve.mostSlots
    else { return plan }
    var clock = StageClock(options.interrupt)
    guard let tables = try SearchTables(cluster, from: current, plan, options) else { return plan }
    // A tolerance is no reason to move more: the plan without it is one within it.
    let isTolerant = current != nil && cluster.cluster.settings.balance.tolerance != .zero
    var plan = plan
    let rows = try search(tables, cluster, &plan, options) { () throws(PlatError) in
      isTolerant ? try planned(cluster.withoutTolerance, current, options).target : nil
    }
    try clock.mark("improve")
    guard let (rows, need) = rows else { return plan }
    var result = try replaced(plan, tables, rows, cluster)
    if need == .polish, options.settles {
      // What is only nicer is not worth a plan that changes again.
      var again = options
      again.settles = false
      again.interrupt = options.interrupt?.quiet
      let next = try planned(cluster, result.target, again)
      guard tables.rows([next.target]) == rows else {
        plan.isWanting = true
        return plan
      }
    }
    result.stageNanoseconds += clock.stages
    return result
  }

  /// The rows of a better map; nil where the plan is good enough, or the search found none.
  private static func search(
    _ tables: SearchTables, _ cluster: DenseCluster, _ plan: inout Plan, _ options: PlanRequest,
    strict: () throws(PlatError) -> PlacementMap?
  ) throws(PlatError) -> (rows: [Int32], need: Need)? {
    let problem = tables.problem
    let planned = tables.rows([plan.target])
    let score = LocalSearch.score(problem, planned)
    let (bound, near) = leastMoved(cluster, plan, problem)
    let seeksBalance = plan.operation == .rebalance
    let mayPolish = seeksBalance && planned.count <= TrialLimits.Improve.mostSlotsToPolish
    let isPlain = problem.amounts.isEmpty && problem.colocations.isEmpty && !problem.hasHardPeers
      && cluster.places.bounds.isEmpty
    // By number and under bounds of containers alone the stages before have the fewest moves for their totals, proved.
    let isProved = isPlain && !plan.isFinished && score.isPlaced && score.outside == 0
    // What a budget puts off changes states again.
    let mayPolishProved = mayPolish && cluster.cluster.settings.balance.moveBudget == nil
    func need(_ other: SearchScore) -> Need {
      if isProved { return !mayPolishProved || other.isWellPlaced && other.moved <= score.moved ? .nothing : .polish }
      guard other.isWellPlaced || !seeksBalance && other.isPlaced, !seeksBalance || other.moved <= bound else {
        return .search
      }
      let isPolished = other.outsideCounts + other.softBroken + other.uneven + other.roleChanges == 0
      return isPolished || !mayPolish ? .nothing : .polish
    }
    let first = need(score)
    guard first != .nothing else { return nil }
    let standing = tables.standing()
    let others = try first == .search ? strict().map { [tables.rows([$0])] } ?? [] : []
    var found = try look(
      problem, from: [planned, standing] + others, options, isPolish: first == .polish,
      isEnough: { need($0) == .nothing }, isNearly: { $0.isWellPlaced && $0.moved <= near })
    var isCheaper = false
    if first == .search, let cheaper = try withoutStates(problem, found, [planned, standing], options) {
      (found, isCheaper) = (cheaper, cheaper.score.moved < score.moved || cheaper.score < score)
    }
    // What the stages moved is the fewest: states may change hands for it, and no more moves.
    guard !isProved || found.score.moved <= score.moved else {
      plan.isWanting = true
      return nil
    }
    return found.score < score || isCheaper ? (found.rows, first) : nil
  }

  /// States pay moves where that brings them into their windows. Where the search found no map that does, the one that
  /// moves least is better, with the states that it has room for.
  private static func withoutStates(
    _ problem: SearchProblem, _ found: (rows: [Int32], score: SearchScore), _ starts: [[Int32]], _ options: PlanRequest
  ) throws(PlatError) -> (rows: [Int32], score: SearchScore)? {
    guard problem.countsMoves, problem.hasHardPeers, found.score.isPlaced, found.score.outside == 0,
      !found.score.isWellPlaced
    else { return nil }
    var open = problem
    open.even = problem.ofState
    open.ofState = Array(repeating: Windows(open: problem.nodeCount), count: problem.stateCount)
    let cheaper = try look(
      open, from: starts + [found.rows], options,
      isEnough: { $0.isWellPlaced && $0.moved == 0 && $0.uneven == 0 })
    guard cheaper.score.isWellPlaced, cheaper.score.moved < found.score.moved else { return nil }
    return (cheaper.rows, LocalSearch.score(problem, cheaper.rows))
  }

  /// The best that the search finds; throws where the work is to stop.
  static func look(
    _ problem: SearchProblem, from starts: [[Int32]], _ options: PlanRequest, isPolish: Bool = false,
    isEnough: (SearchScore) -> Bool, isNearly: (SearchScore) -> Bool = { _ in false }
  ) throws(PlatError) -> (rows: [Int32], score: SearchScore) {
    let interrupt = options.interrupt
    let found = LocalSearch.run(
      problem, starts: starts, isPolish: isPolish, isEnough: isEnough, isNearly: isNearly,
      isCancelled: { interrupt?.isRequested == true })
    try interrupt?.throwIfRequested()
    return found
  }

  /// What moves at least, in the search's own amounts, and what is nearly as little.
  private static func leastMoved(
    _ cluster: DenseCluster, _ plan: Plan, _ problem: SearchProblem
  ) -> (bound: Int, near: Int) {
    guard problem.countsMoves else { return (0, 0) }
    guard let weights = cluster.partitionWeights, let bound = plan.movesWeightLowerBound else {
      return (plan.movesLowerBound, plan.movesLowerBound)
    }
    // It is not exact: large maps end somewhat above it, small ones are searched on while that helps.
    let least = (bound / weights.unit).floor ?? 0
    let near = nearly(least, TrialLimits.Improve.gapOfWeight)
    guard problem.rowCount * problem.width <= TrialLimits.Improve.mostSlotsToTheEnd else { return (near, near) }
    return (least, nearly(least, TrialLimits.Improve.smallGapOfWeight))
  }

  /// So many hundredths above a bound of weight.
  static func nearly(_ bound: Int, _ hundredths: Int) -> Int { bound + bound * hundredths / 100 }

  /// The plan with other rows. Bounds hold for any map in the windows; one outside them may move less.
  private static func replaced(
    _ plan: Plan, _ tables: SearchTables, _ rows: [Int32], _ cluster: DenseCluster
  ) throws(PlatError) -> Plan {
    var result = plan
    result.target = try tables.maps(rows, like: [plan.target])[0]
    let after = LocalSearch.score(tables.problem, rows)
    (result.isFinished, result.isComplete) = (true, plan.isComplete || after.isPlaced)
    guard tables.problem.countsMoves else { return result }
    result.movesLowerBound = min(plan.movesLowerBound, after.moves)
    if let weights = cluster.partitionWeights, let bound = plan.movesWeightLowerBound {
      result.movesWeightLowerBound = min(bound, weights.exact(after.moved))
    }
    return result
  }
}
