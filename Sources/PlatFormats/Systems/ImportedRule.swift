import PlatEngine

/// The placement rule that an import sets where the foreign document tells which box each node is in: of one
/// partition's replicas at most one in each.
public enum ImportedRule: String, Sendable, CaseIterable {
  /// Hard where there is a box for every replica, soft where there are fewer; none where one box holds all nodes,
  /// since then the rule could only ever be broken.
  case automatic
  case hard
  case soft
  case none

  /// The rules about `level`, which has `boxes` containers.
  func rules(level: Int, boxes: Int, replicas: Int, model: StateModel) -> [PlacementRule] {
    let strength: Strength
    switch self {
    case .none: return []
    case .hard: strength = .hard
    case .soft: strength = .soft
    case .automatic:
      guard boxes > 1 else { return [] }
      strength = boxes >= replicas ? .hard : .soft
    }
    let placed = model.states.indices.filter { model.states[$0].isPlaced }
    return [PlacementRule(states: placed, level: level, demand: .atMost(1), strength: strength)]
  }
}

/// What an import made, and what a person should know about it.
public struct ImportedCluster: Sendable {
  public var document: ClusterDocument
  /// Where the document says less than the foreign one did, or says it otherwise.
  public var warnings: [String]

  public init(document: ClusterDocument, warnings: [String]) {
    self.document = document
    self.warnings = warnings
  }
}

/// The same of a document with several maps.
public struct ImportedGroup: Sendable {
  public var document: GroupDocument
  public var warnings: [String]
}

/// Nodes in boxes of one level, in tree order: boxes as they first come, nodes in the order given within each.
struct BoxedNodes {
  /// For each node in tree order, its place in the foreign document.
  private(set) var order: [Int] = []
  private(set) var containers: [Container] = []
  /// For each place in the foreign document, the node.
  private(set) var nodeOfPlace: [NodeIndex]

  /// `boxOfPlace`: the name of each node's box.
  init(boxOfPlace: [String]) {
    var members: [(box: String, places: [Int])] = []
    var indexOfBox: [String: Int] = [:]
    for (place, box) in boxOfPlace.enumerated() {
      if let index = indexOfBox[box] {
        members[index].places.append(place)
      } else {
        indexOfBox[box] = members.count
        members.append((box, [place]))
      }
    }
    nodeOfPlace = boxOfPlace.map { _ in .none }
    for (box, places) in members {
      let first = order.count
      order += places
      containers.append(Container(name: box, level: 0, parent: nil, nodes: first..<order.count))
    }
    for (node, place) in order.enumerated() { nodeOfPlace[place] = NodeIndex(node) }
  }
}
