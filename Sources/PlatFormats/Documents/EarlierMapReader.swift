import PlatEngine

/// The maps of a cluster or plan document from before, read for the cluster as it is now: nodes that are gone are left
/// out, and nothing but the maps is looked at.
public struct EarlierMaps: Sendable {
  /// Of a cluster its map, of a plan its target.
  public var map: PlacementMap
  /// Of a plan for maintenance: the map before it.
  public var mapBefore: PlacementMap?

  private enum Key: String, JSONKey {
    case plat, settings, config, models, levels, containers, nodes, weights, map, maps, operation, mapBefore, summary,
      findings, certificate
  }

  /// Refuses a map of other partitions than the cluster has. O(bytes).
  public static func read(_ source: DocumentSource, for cluster: Cluster) throws(DocumentError) -> EarlierMaps {
    try read(source, at: .map, notAt: .maps, whatIsNot: "several maps", expected: "one map, as the cluster has") {
      (reader, sections) throws(DocumentError) in
      let nodes = NameTable(cluster.nodes.map(\.name))
      var maps = EarlierMaps(map: try readMap(&reader, cluster, nodes))
      if sections.enter(.mapBefore, &reader) { maps.mapBefore = try readMap(&reader, cluster, nodes) }
      return maps
    }
  }

  /// The same for several maps, by name; nil where the document has none of that name, or a fresh one. O(bytes).
  public static func read(_ source: DocumentSource, for group: ClusterGroup) throws(DocumentError) -> [EarlierMaps?] {
    try read(source, at: .maps, notAt: .map, whatIsNot: "one map", expected: "several maps, as the cluster has") {
      (reader, sections) throws(DocumentError) in
      guard sections[.mapBefore] == nil, sections[.weights] == nil else {
        throw reader.error(at: sections.offset, found: "maps beside parts of one map", expected: "maps alone")
      }
      return try GroupReader.readEarlier(&reader, for: group)
    }
  }

  /// Looks at the maps only.
  private static func read<Maps>(
    _ source: DocumentSource, at key: Key, notAt other: Key, whatIsNot: String, expected: String,
    _ body: (inout JSONReader, JSONSections<Key>) throws(DocumentError) -> Maps
  ) throws(DocumentError) -> Maps {
    try JSONReader.bySections(source) { reader throws(DocumentError) in
      let sections = try JSONSections<Key>(&reader, depth: 1, expected: "an object: a cluster or plan document")
      try reader.finish()
      try sections.require(.plat, &reader)
      try reader.readVersion()
      try sections.refuseUnknownKey()
      for key in Key.allCases where ![.plat, .map, .maps, .mapBefore].contains(key) && sections.enter(key, &reader) {
        try reader.skipValue()
      }
      if let offset = sections[other] { throw reader.error(at: offset, found: whatIsNot, expected: expected) }
      try sections.require(key, &reader)
      return try body(&reader, sections)
    }
  }

  static func readMap(
    _ reader: inout JSONReader, _ cluster: Cluster, _ nodes: borrowing NameTable, depth: Int = 2
  ) throws(DocumentError) -> PlacementMap {
    let map = try MapReader(&reader, kind: .current, depth: depth)
    try map.refuseContradiction(to: cluster.settings, &reader)
    return try map.readPlacement(&reader, of: cluster, nodes: nodes, leavesOutUnknownNodes: true)
  }
}
