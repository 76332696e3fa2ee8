import PlatEngine

/// The maps of a cluster or plan document from before, read for the cluster as it is now: nodes that are gone are left
/// out, and nothing but the maps is looked at.
public struct EarlierMaps: Sendable {
  /// Of a cluster its map, of a plan its target.
  public var map: PlacementMap
  /// Of a plan for maintenance: the map before it.
  public var mapBefore: PlacementMap?

  private enum Key: String, JSONKey {
    case plat, settings, config, models, levels, containers, nodes, weights, map, operation, mapBefore, summary, findings,
      certificate
  }

  /// Refuses a map of other partitions than the cluster has. O(bytes).
  public static func read(_ source: DocumentSource, for cluster: Cluster) throws(DocumentError) -> EarlierMaps {
    try JSONReader.bySections(source) { reader throws(DocumentError) in
      let sections = try JSONSections<Key>(&reader, depth: 1, expected: "an object: a cluster or plan document")
      try reader.finish()
      try sections.require(.plat, &reader)
      try reader.readVersion()
      try sections.refuseUnknownKey()
      for key in Key.allCases where ![.plat, .map, .mapBefore].contains(key) && sections.enter(key, &reader) {
        try reader.skipValue()
      }
      try sections.require(.map, &reader)
      let nodes = NameTable(cluster.nodes.map(\.name))
      var maps = EarlierMaps(map: try readMap(&reader, cluster, nodes))
      if sections.enter(.mapBefore, &reader) { maps.mapBefore = try readMap(&reader, cluster, nodes) }
      return maps
    }
  }

  private static func readMap(
    _ reader: inout JSONReader, _ cluster: Cluster, _ nodes: borrowing NameTable
  ) throws(DocumentError) -> PlacementMap {
    let map = try MapReader(&reader, kind: .current)
    try map.refuseContradiction(to: cluster.settings, &reader)
    return try map.readPlacement(&reader, of: cluster, nodes: nodes, leavesOutUnknownNodes: true)
  }
}
