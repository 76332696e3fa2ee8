import PlatEngine

/// Reading what is to be exported: a cluster document's current map, or a plan's target on its own.
extension NamedMap {
  private enum Key: String, JSONKey {
    case plat, operation, map, maps, mapBefore, summary, findings, certificate
    case settings, config, models, levels, containers, nodes, weights
    static let ofClusters: [Key] = [.settings, .levels, .containers, .nodes]
  }

  /// Whether a document describes a cluster; else it is a plan, if anything.
  public static func isCluster(_ source: DocumentSource) throws(DocumentError) -> Bool {
    var reader = try JSONReader(source)
    let sections = try JSONSections<Key>(&reader, depth: 1, expected: "an object: a plan or a cluster document")
    return !Key.ofClusters.allSatisfy { sections[$0] == nil }
  }

  /// Whether a document is of several maps.
  package static func hasSeveral(_ source: DocumentSource) throws(DocumentError) -> Bool {
    var reader = try JSONReader(source)
    return try JSONSections<Key>(&reader, depth: 1, expected: "an object: a plan or a cluster document")[.maps] != nil
  }

  /// The maps of a plan for several, on its own. They share their numbers of nodes. O(bytes + maps).
  package static func readAll(_ source: DocumentSource) throws -> NamedMaps {
    let source = try source.expanded()
    var reader = try JSONReader(source)
    let sections = try JSONSections<Key>(&reader, depth: 1, expected: "an object: a plan for several maps")
    try reader.finish()
    try sections.require(.plat, &reader)
    try reader.readVersion()
    try sections.refuseUnknownKey()
    var names = NameTable()
    var counts: [Int] = []
    try sections.require(.maps, &reader)
    try GroupReader.forEachMap(&reader) { _, map, reader in
      try map.sections.require(.partitions, &reader)
      counts.append(try collectNames(&reader, into: &names))
    }
    let nodes = Nodes(names)
    var members: [NamedMaps.Member] = []
    var taken = Set<String>()
    try sections.require(.maps, &reader)
    try GroupReader.forEachMap(&reader) { name, map, reader in
      let index = members.count
      guard taken.insert(name).inserted else {
        throw InputError(path: "maps[\(index)].name", found: "\(name) a second time", expected: "each map once")
      }
      var named = try NamedMap(map, &reader, names, nodes, partitionCount: counts[index], extensions: [])
      named.path = "maps[\(index)].map"
      members.append(.init(name: name, map: named))
    }
    return NamedMaps(members, extensions: sections.extensions)
  }

  /// Throws `DocumentError`, `InputError` for a cluster without a map, `PlatError.outOfMemory`. O(bytes).
  ///
  /// `name`: which map, where the document has several.
  public static func read(_ source: DocumentSource, named name: String? = nil) throws -> NamedMap {
    let source = try source.expanded()
    var reader = try JSONReader(source)
    let sections = try JSONSections<Key>(&reader, depth: 1, expected: "an object: a plan or a cluster document")
    try reader.finish()
    if let name, sections[.maps] == nil {
      throw source.error(
        InputError(path: "map", found: "one map without a name", expected: "several maps, one of them \(name)"))
    }
    if name == nil, sections.enter(.maps, &reader) {
      let names = try GroupReader.readNames(&reader)
      guard names.count == 1 else { throw source.error(GroupReader.ambiguous(names)) }
      return try read(source, named: names[0])
    }
    guard Key.ofClusters.allSatisfy({ sections[$0] == nil }) else {
      guard let map = NamedMap(try cluster(source, named: name)) else {
        throw InputError(path: "map", found: "a fresh cluster, without a map", expected: "a map to export")
      }
      return map
    }
    try sections.require(.plat, &reader)
    try reader.readVersion()
    try sections.refuseUnknownKey()
    if let name {
      try sections.require(.maps, &reader)
      let map = try GroupReader.findMap(&reader, named: name)
      return try NamedMap(map, &reader, extensions: sections.extensions)
    }
    try sections.require(.map, &reader)
    let map = try MapReader(&reader, kind: .target)
    return try NamedMap(map, &reader, extensions: sections.extensions)
  }

  private static func cluster(_ source: DocumentSource, named name: String?) throws -> ClusterDocument {
    guard let name, case .several(let group) = try ClusterReader.readAny(source) else {
      return try ClusterReader.read(source)
    }
    return group.document(try group.index(asked: name))
  }

  /// A plan names no nodes but those that hold something: they are numbered as they come.
  private init(_ map: MapReader, _ reader: inout JSONReader, extensions: [Extension]) throws {
    var names = NameTable()
    try map.sections.require(.partitions, &reader)
    let partitionCount = try Self.collectNames(&reader, into: &names)
    try self.init(map, &reader, names, Nodes(names), partitionCount: partitionCount, extensions: extensions)
  }

  /// Nodes of which nothing but the names is known: made once for all maps.
  private struct Nodes {
    let names: [String]
    let nodes: [Node]

    init(_ table: borrowing NameTable) {
      names = (0..<table.count).map { table.string($0) }
      nodes = names.map { Node(name: $0) }
    }
  }

  private init(
    _ map: MapReader, _ reader: inout JSONReader, _ names: borrowing NameTable, _ nodes: Nodes, partitionCount: Int,
    extensions: [Extension]
  ) throws {
    nodeNames = nodes.names
    header = map.header
    keyFunction = map.keyFunction ?? .crc32
    model = .masterSlave
    constraints = nil
    self.extensions = extensions
    let settings = Settings(
      model: model, keyFunction: keyFunction, partitionCount: map.partitionCount ?? partitionCount,
      constraints: [1, 1, 0, 0])
    let cluster = Cluster(settings: settings, nodes: nodes.nodes)
    placement = try map.readPlacement(&reader, of: cluster, nodes: names)
  }

  /// How many partitions there are. What is not as it should be is passed over here, and refused later.
  private static func collectNames(
    _ reader: inout JSONReader, into names: inout NameTable
  ) throws(DocumentError) -> Int {
    var partitions = 0
    try reader.beginObject(expected: "an object with the partitions")
    while try reader.nextKey() != nil {
      partitions += 1
      guard try reader.peekKind() == .objectBegin else {
        try reader.skipValue()
        continue
      }
      try reader.beginObject()
      while try reader.nextKey() != nil {
        guard try reader.peekKind() == .arrayBegin else {
          try reader.skipValue()
          continue
        }
        try reader.beginArray()
        while try reader.nextElement() {
          if try reader.peekKind() == .string {
            _ = names.insert(try reader.readString().bytes)
          } else {
            try reader.skipValue()
          }
        }
      }
    }
    return partitions
  }
}
