import PlatEngine

/// Reads cluster documents.
///
/// Keys may stand in any order, so the document is gone over once, which tells where each part begins, and then
/// read in the order in which one part explains the next:
///
///     models, levels → settings → config → containers → nodes → map (bounds, then holders) → weights
public enum ClusterReader {
  enum Key: String, JSONKey {
    case plat, settings, config, models, levels, containers, nodes, weights, map, maps
  }

  /// O(bytes). Of a map, nothing is allocated for a single partition.
  public static func read(_ source: DocumentSource) throws(DocumentError) -> ClusterDocument {
    guard case .one(let document) = try readAny(source) else {
      // Told in the place where it stands, after all else has been found right.
      throw source.error(
        InputError(path: "maps", found: "several maps", expected: "one map: this verb does not take several"))
    }
    return document
  }

  /// A document with one map, or with several. O(bytes).
  public static func readAny(_ source: DocumentSource) throws(DocumentError) -> AnyClusterDocument {
    do throws(DocumentError) {
      return try JSONReader.bySections(source) { reader throws(DocumentError) in try read(&reader) }
    } catch { throw DocumentKind.refine(error, of: source, expected: .cluster) }
  }

  private static func read(_ reader: inout JSONReader) throws(DocumentError) -> AnyClusterDocument {
    let sections = try JSONSections<Key>(&reader, depth: 1, expected: "an object: a cluster document")
    try reader.finish()
    try sections.require(.plat, &reader)
    try reader.readVersion()
    try sections.refuseUnknownKey()
    let models = sections.enter(.models, &reader) ? try ModelReader.read(&reader) : []
    let levels = sections.enter(.levels, &reader) ? try readLevels(&reader) : []
    var draft = DraftSettings(settings: Settings(partitionCount: 0))
    if sections.enter(.settings, &reader) {
      try SettingsReader.read(&reader, into: &draft, models: models, levels: levels)
    }
    let config = try ConfigReader.read(
      &reader, isThere: sections.enter(.config, &reader), levels: levels, model: draft.settings.model)
    var tree = NodeReader()
    if sections.enter(.containers, &reader) { try tree.readContainers(&reader, levels: levels) }
    if sections.enter(.nodes, &reader) { try tree.readNodes(&reader, config: config) }
    guard sections[.containers] != nil || (sections[.nodes] != nil && levels.isEmpty) else {
      throw reader.missingKey(levels.isEmpty ? "nodes" : "containers", objectAt: sections.offset)
    }

    if let maps = sections[.maps] {
      guard sections[.map] == nil, sections[.weights] == nil else {
        throw reader.error(at: maps, found: "maps beside one map or its weights", expected: "either map or maps")
      }
      var shared = Cluster(
        settings: draft.settings, config: config, levels: levels, containers: tree.containers, nodes: tree.nodes,
        extensions: sections.extensions)
      shared.models = models
      _ = sections.enter(.maps, &reader)
      return .several(try GroupReader.read(&reader, shared: shared, draft: draft, nodes: tree.names))
    }
    let map = sections.enter(.map, &reader) ? try MapReader(&reader, kind: .current) : nil
    try draft.complete(&reader, map: map, objectAt: sections.offset, settingsAt: sections[.settings])
    var cluster = Cluster(
      settings: draft.settings, config: config, levels: levels, containers: tree.containers, nodes: tree.nodes,
      extensions: sections.extensions)
    cluster.models = models
    if let map, cluster.settings.keyFunction == .range {
      cluster.ranges = try map.readRanges(&reader)
      if !draft.hasPartitionCount { cluster.settings.partitionCount = cluster.ranges.count }
    }
    do throws(InputError) { try cluster.validate() } catch { throw reader.source.error(error) }

    let placement = try map?.readPlacement(&reader, of: cluster, nodes: tree.names)
    if sections.enter(.weights, &reader) {
      cluster.partitionWeights = try WeightReader.read(&reader, of: cluster)
    }
    var document = ClusterDocument(cluster: cluster)
    if let map, let placement { document.map = MapDocument(header: map.header, placement: placement) }
    return .one(document)
  }

  private static func readLevels(_ reader: inout JSONReader) throws(DocumentError) -> [String] {
    var levels: [String] = []
    try reader.beginArray(expected: "an array with the names of the levels, outermost first")
    while try reader.nextElement() {
      let name = try reader.readString(expected: "the name of a level")
      guard levels.count < Limits.levels else {
        throw reader.error(
          at: name.offset, found: "level \(levels.count + 1)", expected: "at most \(Limits.levels) levels")
      }
      guard !levels.contains(name.string) else {
        throw reader.error(
          at: name.offset, found: "the level \(reader.source.quoted(name.bytes)) a second time",
          expected: "each level once")
      }
      levels.append(name.string)
    }
    return levels
  }
}

extension JSONReader {
  /// The value of `plat`.
  mutating func readVersion() throws(DocumentError) {
    let offset = try peekOffset()
    let version = try readCount(in: 0...Int.max)
    guard version == 1 else {
      throw error(at: offset, found: "version \(version)", expected: "version 1, the only one that this program reads")
    }
  }
}
