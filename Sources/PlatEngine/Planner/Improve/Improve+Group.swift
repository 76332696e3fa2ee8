import PlatSearch

/// The same for several maps: all of them in one search, since what one gives up another may take.
extension Improve {
  /// Returns whether it has put other maps into the plan.
  static func run(
    _ group: DenseGroup, _ plan: inout GroupPlan, from currents: [PlacementMap?], options: PlanRequest
  ) throws(PlatError) -> Bool {
    let slots = group.clusters.reduce(0) { $0 + $1.partitionCount * $1.replicas }
    // By number sums of maps of different shapes are the fewest changes already, by a flow that knows no places.
    guard plan.operation == .rebalance, group.areOfOneShape || group.weights != nil || group.hasPlaces,
      slots <= TrialLimits.Improve.mostSlots,
      group.clusters.count * group.nodeCount <= TrialLimits.Improve.mostMapCells,
      !group.clusters.contains(where: { $0.limitOnPeers != nil })
        || group.clusters.count * group.nodeCount * group.nodeCount <= TrialLimits.Improve.mostPairs
    else { return false }
    let planned = plan.plans.map(\.target)
    guard let maps = try better(group, planned, from: currents, bound: leastMoved(group, plan), options) else {
      return false
    }
    plan.put(maps, group, from: currents)
    return true
  }

  /// Sums that are as even as one map's may cost one part in so many more weight than such as are just well.
  private static let partForEvenSums = 20

  /// Better maps than those planned, or the maps of today where they are as good; nil: neither.
  private static func better(
    _ group: DenseGroup, _ planned: [PlacementMap], from currents: [PlacementMap?], bound: Int, _ options: PlanRequest
  ) throws(PlatError) -> [PlacementMap]? {
    guard let tables = try SearchTables(group, from: currents, targets: planned, options) else { return nil }
    let (rows, standing) = (tables.rows(planned), tables.standing())
    let score = LocalSearch.score(tables.problem, rows)
    if score.moved > 0,
      let stays = try stays(group, tables, standing, like: planned, from: currents, instead: score, options)
    {
      return stays
    }
    func isEnough(_ score: SearchScore) -> Bool { score.isWellPlaced && score.moved <= bound }
    guard !isEnough(score), score.moved > 0 || !score.isWellPlaced else { return nil }
    var best = try look(tables.problem, from: [rows, standing], options, isEnough: isEnough)
    var isBetter = best.score < score
    // Sums as even as one map's, where that costs next to nothing.
    if let tight = tables.tightProblem {
      let even = try look(tight, from: [rows, standing, best.rows], options, isEnough: isEnough)
      let isCheap = even.score.moved - best.score.moved <= best.score.moved / partForEvenSums
      if even.score.isWellPlaced, isCheap || !best.score.isWellPlaced { (best, isBetter) = (even, true) }
    }
    guard isBetter, best.rows != rows else { return nil }
    // No map leaves its windows for the sums' sake.
    if score.isPlaced {
      let before = LocalSearch.outsideOfMaps(tables.problem, rows)
      let after = LocalSearch.outsideOfMaps(tables.problem, best.rows)
      guard !zip(before, after).contains(where: { $0 == 0 && $1 > 0 }) else { return nil }
    }
    return try tables.maps(best.rows, like: planned)
  }

  /// The maps of today, where nothing is missing in them and they are no farther out of balance than the plan, by what
  /// their own nodes are due.
  private static func stays(
    _ group: DenseGroup, _ tables: SearchTables, _ standing: [Int32], like planned: [PlacementMap],
    from currents: [PlacementMap?], instead score: SearchScore, _ options: PlanRequest
  ) throws(PlatError) -> [PlacementMap]? {
    guard !currents.contains(where: { $0 == nil }), !standing.contains(-1) else { return nil }
    let maps = try tables.maps(standing, like: planned)
    guard let own = try SearchTables(group, from: currents, targets: maps, options) else { return nil }
    let stays = LocalSearch.score(own.problem, standing)
    return stays.roleChanges == 0 && stays.isNoWorse(than: score) ? maps : nil
  }

  /// In the search's own amounts.
  private static func leastMoved(_ group: DenseGroup, _ plan: GroupPlan) -> Int {
    guard let weights = group.weights, let bound = plan.movesWeightLowerBound else { return plan.movesLowerBound }
    return nearly((bound / weights.unit).floor ?? 0, TrialLimits.Improve.gapOfWeight)
  }
}

extension GroupPlan {
  /// Other maps than its pipelines made, and no bounds above what these move.
  mutating func put(_ maps: [PlacementMap], _ group: DenseGroup, from currents: [PlacementMap?]) {
    for map in plans.indices {
      plans[map].target = maps[map]
      plans[map].isFinished = true
      plans[map].claimNoMore(than: maps[map], group.clusters[map], from: currents[map])
    }
  }
}
