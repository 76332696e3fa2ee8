import PlatEngine

/// What an export takes: who holds what, by name, and the extensions that travelled with it.
public struct NamedMap: Sendable {
  public var header: MapHeader
  public var keyFunction: KeyFunction
  public var model: StateModel
  public var placement: PlacementMap
  /// For each node index of `placement`.
  public var nodeNames: [String]
  /// How many nodes should hold each partition in each state, where the document says.
  public var constraints: [Int]?
  public var extensions: [Extension]
  /// Where the map stands in its document.
  var path = "map"

  /// The current map of a cluster document; nil for a fresh cluster.
  public init?(_ document: ClusterDocument) {
    guard let map = document.map else { return nil }
    header = map.header
    placement = map.placement
    keyFunction = document.cluster.settings.keyFunction
    model = document.cluster.settings.model
    nodeNames = document.cluster.nodes.map(\.name)
    constraints = document.cluster.settings.constraints
    extensions = document.cluster.extensions
  }

  /// The target map of a plan for `cluster`.
  public init(_ map: MapDocument, of cluster: Cluster) {
    header = map.header
    placement = map.placement
    keyFunction = cluster.settings.keyFunction
    model = cluster.settings.model
    nodeNames = cluster.nodes.map(\.name)
    constraints = nil
    extensions = cluster.extensions
  }

  /// Who has one partition's data: its master, if any, and the others in slot order. Replicas in passing
  /// (`pending`) come last among the others.
  func holders(of partition: Int) throws(InputError) -> (master: NodeIndex?, others: [NodeIndex]) {
    let masters = placement.holders(of: partition, inState: 0)
    guard masters.count <= 1 else {
      throw InputError(
        path: "\(path).partitions.\(partition).\(model.states[0].name)", found: "\(masters.count) nodes",
        expected: "at most one: the form has one leader for each partition")
    }
    var others: [NodeIndex] = []
    for state in model.states.indices.dropFirst() where model.states[state].holdsData {
      others += placement.holders(of: partition, inState: state)
    }
    return (masters.first, others)
  }

  /// The document that an extension holds; nil where it is not there.
  func original(_ key: String, allowance: Allowance) throws(FileError) -> DocumentSource? {
    try extensions.document(key, allowance: allowance)
  }
}

extension [Extension] {
  /// The document that an extension holds; nil where it is not there.
  func document(_ key: String, allowance: Allowance) throws(FileError) -> DocumentSource? {
    guard let found = first(where: { $0.key == key }) else { return nil }
    return try found.json.withUnsafeBufferPointer { bytes throws(FileError) in
      try DocumentSource.of(
        UnsafeRawBufferPointer(bytes), name: "the extension \(key)", allowance: allowance)
    }
  }
}
