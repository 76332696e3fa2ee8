/// A map of several that exists and is planned: what can be put off of that.
extension MoveBudget {
  /// `placement` is what is planned, in rows of its own. Nil where nothing can be put off. O(P · R).
  static func ofPlan(
    _ cluster: DenseCluster, from current: PlacementMap, _ planned: PlacementMap, most: Int, _ options: PlanRequest
  ) throws(PlatError) -> (problem: Problem, placement: Placement, kept: MoveBudget, arcs: [Arc])? {
    let arena = try Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt)
    let problem = try Problem(cluster, current: current, arena: arena, wideRow: options.wideRow)
    let target = try PlacementMap(
      unfilled: cluster.partitionCount, slotCounts: cluster.dataWanted,
      arena: Arena(limitBytes: options.memoryLimitBytes))
    var placement = try Placement(problem, target: target)
    Keep.run(problem, &placement)
    guard let kept = try MoveBudget(problem, placement, most: most) else { return nil }
    placement.changed.isAll = true
    target.copyData(from: planned, cluster)
    placement.load.fill(with: 0)
    planned.countData(cluster, into: placement.load)
    placement.countPlaced()
    return (problem, placement, kept, kept.forBalance(problem, placement))
  }
}
