/// Nodes by what is said of them: all that is given must hold; lists mean any of.
public struct Selector: Equatable, Sendable {
  public var tags: [String]
  public var nodes: [String]
  /// Names, or paths from the outermost level like `z0/c0.1`.
  public var containers: [String]
  /// None, or one: a node is not to be among its.
  public var not: [Selector]

  public init(tags: [String] = [], nodes: [String] = [], containers: [String] = [], not: Selector? = nil) {
    self.tags = tags
    self.nodes = nodes
    self.containers = containers
    self.not = not.map { [$0] } ?? []
  }

  /// For each node of the cluster, whether it is meant. O(N · tags + containers).
  public func nodes(of cluster: Cluster) -> [Bool] {
    var isMeant = [Bool](repeating: true, count: cluster.nodes.count)
    if !containers.isEmpty {
      let named = Set(containers)
      isMeant = isMeant.map { _ in false }
      for (index, container) in cluster.containers.enumerated()
      where named.contains(container.name) || named.contains(cluster.path(ofContainer: index)) {
        for node in container.nodes { isMeant[node] = true }
      }
    }
    let (named, tagged) = (Set(nodes), Set(tags))
    let others = not.map { $0.nodes(of: cluster) }
    for (index, node) in cluster.nodes.enumerated() {
      let isNamed = nodes.isEmpty || named.contains(node.name)
      let isTagged = tags.isEmpty || node.tags.contains(where: tagged.contains)
      isMeant[index] = isMeant[index] && isNamed && isTagged && !others.contains { $0[index] }
    }
    return isMeant
  }

  /// Names that the cluster does not have are refused: a slip of the pen must not empty a rule.
  func validate(_ path: String, in cluster: Cluster) throws(InputError) {
    func check(_ names: [String], _ key: String, _ expected: String, _ isKnown: (String) -> Bool) throws(InputError) {
      for (index, name) in names.enumerated() where !isKnown(name) {
        throw InputError(path: "\(path).\(key)[\(index)]", found: "\"\(name)\"", expected: expected)
      }
    }
    let names = nodes.isEmpty ? [] : Set(cluster.nodes.map(\.name))
    try check(nodes, "nodes", "the name of a node", names.contains)
    let tags = tags.isEmpty ? [] : Set(cluster.nodes.flatMap(\.tags))
    try check(self.tags, "tags", "a tag that some node has", tags.contains)
    let boxes = containers.isEmpty ? [] : Set(cluster.containers.indices.flatMap {
      [cluster.containers[$0].name, cluster.path(ofContainer: $0)]
    })
    try check(containers, "containers", "the name of a container, or its path", boxes.contains)
    guard !tags.isEmpty || !nodes.isEmpty || !containers.isEmpty || !not.isEmpty else {
      throw InputError(path: path, found: "nothing", expected: "tags, nodes, containers or not")
    }
    if let other = not.first { try other.validate("\(path).not", in: cluster) }
  }

  /// As findings say it: `nodes with tag ssd in z0`.
  var words: String {
    var words = nodes.isEmpty ? "nodes" : nodes.joined(separator: ", ")
    if !tags.isEmpty { words += " with tag \(tags.joined(separator: " or "))" }
    if !containers.isEmpty { words += " in \(containers.joined(separator: " or "))" }
    if let other = not.first { words += " other than \(other.words)" }
    return words
  }
}

extension Cluster {
  /// The names of a container and of those around it, outermost first.
  func path(ofContainer index: Int) -> String {
    guard let parent = containers[index].parent else { return containers[index].name }
    return path(ofContainer: parent) + "/" + containers[index].name
  }
}
