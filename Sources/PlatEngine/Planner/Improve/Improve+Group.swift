import PlatSearch

/// The same for several maps of one shape: all of them in one search, since what one gives up another may take.
extension Improve {
  /// Replicas up to which the plan's own maps are planned again, and how often: see `Settling`.
  private static let mostSettled = 1 << 12
  private static let rounds = 32

  /// Returns whether it has put other maps into the plan. `again`: plans the group from other maps, up to this stage.
  static func run(
    _ group: DenseGroup, _ plan: inout GroupPlan, from currents: [PlacementMap?], options: PlanRequest,
    again: ([PlacementMap?], PlanRequest) throws(PlatError) -> GroupPlan
  ) throws(PlatError) -> Bool {
    let slots = group.clusters.reduce(0) { $0 + $1.partitionCount * $1.replicas }
    guard plan.operation == .rebalance, slots <= mostSlots, group.group.shared.settings.balance.moveBudget == nil else {
      return false
    }
    let planned = plan.plans.map(\.target)
    guard var maps = try better(group, planned, from: currents, bound: leastMoved(group, plan), options) else {
      return false
    }
    if options.settles, slots <= mostSettled {
      var own = options
      (own.settles, own.interrupt) = (false, options.interrupt?.quiet)
      for _ in 0..<rounds {
        let next = try again(maps, own).plans.map(\.target)
        if zip(maps, next).allSatisfy({ $0.hasSameData(as: $1, group.clusters[0]) }) { break }
        maps = next
      }
    }
    for map in plan.plans.indices {
      plan.plans[map].target = maps[map]
      plan.plans[map].isFinished = true
      plan.plans[map].claimNoMore(than: maps[map], group.clusters[map], from: currents[map])
    }
    return true
  }

  /// Better maps than those planned, or the maps of today where they are as good; nil: neither.
  private static func better(
    _ group: DenseGroup, _ planned: [PlacementMap], from currents: [PlacementMap?], bound: Int, _ options: PlanRequest
  ) throws(PlatError) -> [PlacementMap]? {
    guard let tables = try SearchTables(group, from: currents, targets: planned, options) else { return nil }
    let problem = tables.problem
    let (rows, standing) = (tables.rows(planned), tables.standing())
    let score = LocalSearch.score(problem, rows)
    if score.moved > 0,
      let stays = try stays(group, tables, standing, like: planned, from: currents, instead: score, options)
    {
      return stays
    }
    func isEnough(_ score: SearchScore) -> Bool { score.isWellPlaced && score.moved <= bound }
    guard !isEnough(score) else { return nil }
    let interrupt = options.interrupt
    let found = LocalSearch.run(
      problem, starts: [rows, standing], isEnough: isEnough, isCancelled: { interrupt?.isRequested == true })
    try interrupt?.throwIfRequested()
    return found.score < score ? try tables.maps(found.rows, like: planned) : nil
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
    return (bound / weights.unit).floor.map { $0 + $0 * gapOfWeight / 100 } ?? 0
  }
}

extension PlacementMap {
  /// The same nodes in all slots that hold data. O(P · R).
  fileprivate func hasSameData(as other: PlacementMap, _ cluster: DenseCluster) -> Bool {
    partitionCount == other.partitionCount
      && cluster.dataWanted.indices.allSatisfy { state in
        let (mine, its) = (slots(ofState: state), other.slots(ofState: state))
        return mine.count == its.count
          && (0..<partitionCount).allSatisfy { partition in
            zip(mine, its).allSatisfy { row(partition)[$0] == other.row(partition)[$1] }
          }
      }
  }
}
