/// Several maps as one with all their partitions, map after map: for those who carry maps out, and ask of rules and
/// dues nothing but what is the same in all.
extension MapChange {
  /// Nil where the maps are of different shapes: see `DenseGroup.areOfOneShape`. O(Σ P · R).
  public static func joined(_ group: DenseGroup, from currents: [PlacementMap?], to targets: [PlacementMap]) throws
    -> MapChange?
  {
    guard group.areOfOneShape else { return nil }
    var cluster = group.group.shared
    cluster.settings = group.clusters[0].cluster.settings
    cluster.settings.keyFunction = .crc32
    cluster.settings.partitionCount = group.clusters.reduce(0) { $0 + $1.partitionCount }
    if group.weights != nil {
      cluster.partitionWeights = group.clusters.flatMap { cluster in
        cluster.partitionWeights == nil
          ? Array(repeating: cluster.cluster.partitionWeights.first ?? .one, count: cluster.partitionCount)
          : cluster.cluster.partitionWeights
      }
    }
    let dense = try DenseCluster(cluster)
    let isFresh = currents.allSatisfy { $0 == nil }
    return try MapChange(
      dense, from: isFresh ? nil : PlacementMap.joined(currents, group), to: PlacementMap.joined(targets, group))
  }
}

extension PlacementMap {
  /// The rows of all maps, one below the other; of those that are fresh empty ones.
  fileprivate static func joined(_ maps: [PlacementMap?], _ group: DenseGroup) throws(PlatError) -> PlacementMap {
    var slotCounts = group.clusters[0].wanted.map { _ in 0 }
    for map in maps {
      for (state, count) in (map?.slotCounts ?? []).enumerated() { slotCounts[state] = max(slotCounts[state], count) }
    }
    let joined = try PlacementMap(
      partitionCount: group.clusters.reduce(0) { $0 + $1.partitionCount }, slotCounts: slotCounts)
    var first = 0
    for (map, cluster) in zip(maps, group.clusters) {
      defer { first += cluster.partitionCount }
      guard let map else { continue }
      for partition in 0..<min(map.partitionCount, cluster.partitionCount) {
        for state in slotCounts.indices {
          for (from, to) in zip(map.slots(ofState: state), joined.slots(ofState: state)) {
            joined.row(first + partition)[to] = map.row(partition)[from]
          }
        }
      }
    }
    return joined
  }
}
