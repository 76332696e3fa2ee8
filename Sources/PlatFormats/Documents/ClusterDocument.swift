import PlatEngine

/// What a cluster document holds: the cluster and, unless it is fresh, its current map.
public struct ClusterDocument: Sendable {
  public var cluster: Cluster
  public var map: MapDocument?

  public init(cluster: Cluster, map: MapDocument? = nil) {
    self.cluster = cluster
    self.map = map
  }
}

/// A map with what a document says about it.
public struct MapDocument: Sendable {
  public var header: MapHeader
  public var placement: PlacementMap

  public init(header: MapHeader, placement: PlacementMap) {
    self.header = header
    self.placement = placement
  }
}

extension ClusterDocument {
  /// The map that a plan is made from: for a fresh cluster one that says nothing of any partition.
  package func mapBefore() throws(PlatError) -> PlacementMap {
    if let map { return map.placement }
    return try PlacementMap(partitionCount: 0, slotCounts: cluster.settings.constraints)
  }
}
