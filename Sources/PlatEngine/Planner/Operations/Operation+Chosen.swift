extension Operation {
  /// What is done when nobody says what: `maintenance` while a node is in maintenance and nothing else has happened
  /// (nobody leaves or has failed, nobody holds nothing yet), whether or not it still leads anything; else `rebalance`,
  /// which becomes a `swap` where that is as good. `failover` is only done when asked for, since a rebalance does its
  /// work and restores what was lost. O(N); O(P · width) where a node is in maintenance.
  static func chosen(for cluster: DenseCluster, from current: PlacementMap?) -> Operation {
    guard let current, cluster.status.contains(where: \.isPinned),
      cluster.status.allSatisfy(\.mayKeep), cluster.replicas > cluster.dataWanted[0]
    else { return .rebalance }
    var holdsNothing = zip(cluster.status, cluster.cluster.nodes).map { $0.mayReceive && $1.weight != .zero }
    for partition in 0..<min(current.partitionCount, cluster.partitionCount) {
      let row = current.row(partition)
      for slot in 0..<current.width where row[slot] != .none { holdsNothing[row[slot].int] = false }
    }
    return holdsNothing.contains(true) ? .rebalance : .maintenance
  }
}
