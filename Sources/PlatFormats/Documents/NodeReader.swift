import PlatEngine

/// Reads `containers` and `nodes`. With a tree, nodes stand in the order of the tree; without one, in the order
/// of `nodes`.
struct NodeReader: ~Copyable {
  private enum Key: String, JSONKey { case weight, capacity, status, volumes, tags }
  private enum VolumeKey: String, JSONKey { case type }

  private(set) var nodes: [Node] = []
  private(set) var containers: [Container] = []
  /// The nodes' names: index for index.
  private(set) var names = NameTable()
  /// There was a tree: it says which nodes there are.
  private var hasTree = false

  // MARK: the tree

  mutating func readContainers(_ reader: inout JSONReader, levels: [String]) throws(DocumentError) {
    hasTree = true
    var known = [Set<String>](repeating: [], count: levels.count)
    try readBox(&reader, levels, level: 0, parent: nil, &known)
  }

  /// What is inside one container: containers of `level`, or nodes behind the last level.
  private mutating func readBox(
    _ reader: inout JSONReader, _ levels: [String], level: Int, parent: Int?, _ known: inout [Set<String>]
  ) throws(DocumentError) {
    guard level < levels.count else { return try readLeaves(&reader) }
    let token = try reader.peek()
    guard token.kindOfToken == .objectBegin else {
      throw reader.mismatch(token, expected: "an object with containers of the level \(levels[level])")
    }
    try reader.beginObject()
    while let key = try reader.nextKey() {
      let name = key.string
      guard known[level].insert(name).inserted else { throw reader.duplicateKey(key, what: levels[level]) }
      let index = containers.count
      containers.append(Container(name: name, level: level, parent: parent, nodes: nodes.count..<nodes.count))
      try readBox(&reader, levels, level: level + 1, parent: index, &known)
      containers[index].nodes = containers[index].nodes.lowerBound..<nodes.count
    }
  }

  private mutating func readLeaves(_ reader: inout JSONReader) throws(DocumentError) {
    try reader.beginArray(expected: "an array of nodes")
    while try reader.nextElement() {
      let name = try reader.readString(expected: "the name of a node")
      try add(name, reader)
    }
  }

  private mutating func add(_ name: JSONText, _ reader: borrowing JSONReader) throws(DocumentError) {
    guard names.insert(name.bytes).isNew else { throw reader.duplicateKey(name, what: "node") }
    guard names.count <= Limits.nodes else {
      throw reader.error(at: name.offset, found: "node \(names.count)", expected: "at most \(Limits.nodes) nodes")
    }
    nodes.append(Node(name: name.string))
  }

  // MARK: the nodes

  mutating func readNodes(_ reader: inout JSONReader, config: MovementConfig) throws(DocumentError) {
    let types = config.maxFullScansPerVolumeType.map(\.type)
    var isDescribed = [Bool](repeating: false, count: nodes.count)
    try reader.beginObject(expected: "an object with the nodes")
    while let name = try reader.nextKey() {
      if !hasTree {
        try add(name, reader)
        try readNode(&reader, names.count - 1, types)
        continue
      }
      guard let index = names.find(name.bytes) else {
        throw reader.error(at: name, expected: "a node that stands in containers")
      }
      if isDescribed[index] { throw reader.duplicateKey(name, what: "node") }
      isDescribed[index] = true
      try readNode(&reader, index, types)
    }
  }

  private mutating func readNode(_ reader: inout JSONReader, _ index: Int, _ types: [String]) throws(DocumentError) {
    var seen = JSONSeenKeys<Key>()
    var ignored: [JSONExtension] = []
    try reader.beginObject(expected: "an object that describes a node")
    while let key = try reader.nextKey(&seen, &ignored) {
      switch key {
      case .weight: nodes[index].weight = try reader.readQuantity()
      case .capacity: nodes[index].capacity = try reader.readCount(in: 0...Limits.capacity)
      case .status: nodes[index].status = try reader.readWord()
      case .volumes: nodes[index].volumes = try readVolumes(&reader, types)
      case .tags: nodes[index].tags = try reader.readNames(expected: "an array of tags", mayBeNone: true)
      }
    }
  }

  private func readVolumes(_ reader: inout JSONReader, _ types: [String]) throws(DocumentError) -> [String] {
    var volumes: [String] = []
    try reader.beginArray(expected: "an array of volumes")
    while try reader.nextElement() {
      var type = "ssd"
      var seen = JSONSeenKeys<VolumeKey>()
      var ignored: [JSONExtension] = []
      try reader.beginObject(expected: "an object that describes a volume")
      while try reader.nextKey(&seen, &ignored) != nil {
        let index = try reader.readName(
          of: types, expected: "a type of config.maxFullScansPerVolumeType: \(types.joined(separator: ", "))")
        type = types[index]
      }
      volumes.append(type)
    }
    return volumes
  }
}
