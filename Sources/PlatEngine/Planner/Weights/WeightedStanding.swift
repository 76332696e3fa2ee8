/// What a plan by weight comes to: two plans beside each other, of which the better is taken.
struct WeightedStanding {
  private let unplaced: Int
  /// Weight outside of the wider windows.
  private let outside: Int
  private let moved: Int

  /// A tolerance is no reason to move more, but the search goes other ways in wider windows. So where some weight moves
  /// beyond the bound the plan without the tolerance, which is one within it, is made too, and the one that moves less
  /// is taken.
  ///
  /// `plan`: plans a cluster from a map. As long as that, or up to three times.
  static func best(
    _ cluster: DenseCluster, from current: PlacementMap?,
    _ plan: (DenseCluster, PlacementMap?) throws(PlatError) -> Plan
  ) throws(PlatError) -> Plan {
    let wide = try plan(cluster, current)
    guard let current, let weights = cluster.partitionWeights, cluster.cluster.settings.balance.tolerance != .zero
    else { return wide }
    let (ofWide, _, _) = try stand(wide, cluster, weights, current)
    guard weights.exact(ofWide.moved) > wide.movesWeightLowerBound ?? .zero else { return wide }
    let narrow = try plan(cluster.withoutTolerance, current)
    guard try stand(narrow, cluster, weights, current).0.moved < ofWide.moved else { return wide }
    // Planned on in the wider windows: then it stays when it is planned again.
    let settled = try plan(cluster, narrow.target)
    let (ofSettled, weighing, total) = try stand(settled, cluster, weights, current)
    return ofSettled.isBetter(than: ofWide) ? try settled.bounded(by: weighing, total, weights) : wide
  }

  /// How a plan stands in the cluster's own windows. O(P · R).
  fileprivate static func stand(
    _ plan: Plan, _ cluster: DenseCluster, _ weights: PartitionWeights, _ current: PlacementMap
  ) throws(PlatError) -> (WeightedStanding, Weighing, WeightedDue) {
    let problem = try Problem(cluster, current: current, arena: Arena())
    let map = try PlacementMap(partitionCount: cluster.partitionCount, slotCounts: cluster.dataWanted)
    map.copyData(from: plan.target, cluster)
    let placement = try Placement(problem, target: map)
    let weighing = try Weighing(problem, weights, placement)
    weighing.recount()
    let total = try WeightedDue.total(weighing, heaviest: weighing.heaviest(in: 0..<problem.replicas))
    let standing = WeightedStanding(
      unplaced: weighing.unplaced, outside: total.outside(weighing.load), moved: weighing.moved.weight)
    return (standing, weighing, total)
  }

  /// Soft rules cost no move.
  private func isBetter(than other: WeightedStanding) -> Bool {
    moved < other.moved && unplaced <= other.unplaced && outside <= other.outside
  }
}

extension Plan {
  /// The same with the bounds of what nodes are due in a cluster. O(P · R) for each choice of prices.
  func bounded(_ cluster: DenseCluster, _ weights: PartitionWeights, from current: PlacementMap?) throws(PlatError)
    -> Plan
  {
    let nothing = try PlacementMap(partitionCount: 0, slotCounts: cluster.wanted)
    let (_, weighing, total) = try WeightedStanding.stand(self, cluster, weights, current ?? nothing)
    return try bounded(by: weighing, total, weights)
  }

  /// The same with the bounds of other windows.
  fileprivate func bounded(
    by weighing: Weighing, _ total: WeightedDue, _ weights: PartitionWeights
  ) throws(PlatError) -> Plan {
    let bound = try WeightedBound(weighing, Due(weighing.problem, held: weighing.count), total)
    var plan = self
    (plan.movesLowerBound, plan.movesWeightLowerBound) = (bound.moves, weights.exact(bound.weight))
    (plan.certificate, plan.weightWindows) = (bound.prices, bound.windows)
    return plan
  }
}

extension DenseCluster {
  var withoutTolerance: DenseCluster {
    guard cluster.settings.balance.tolerance != .zero else { return self }
    var cluster = cluster
    cluster.settings.balance.tolerance = .zero
    return DenseCluster(self, cluster: cluster, partitionCount: partitionCount, capacity: capacity)
  }
}
