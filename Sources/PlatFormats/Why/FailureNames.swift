import PlatEngine

/// What `--fail` says.
package enum FailureNames {
  package static func cases(_ text: String, of cluster: Cluster) throws -> [FailureCase] {
    if text.hasPrefix("each:") { return try each(String(text.dropFirst(5)), of: cluster) }
    return try text.split(separator: ",", omittingEmptySubsequences: false).map { item in
      let parts = item.split(separator: "+", omittingEmptySubsequences: false)
      let found = try parts.map { try one(String($0), of: cluster) }
      if found.count == 1 { return found[0] }
      return FailureCase(name: String(item), level: nil, nodes: Set(found.flatMap(\.nodes)).sorted())
    }
  }

  private static func each(_ level: String, of cluster: Cluster) throws -> [FailureCase] {
    if let index = cluster.levels.firstIndex(of: level) {
      return cluster.containers.filter { $0.level == index }.map {
        FailureCase(name: $0.name, level: level, nodes: Array($0.nodes))
      }
    }
    guard level == "node" else {
      throw InputError(
        path: "--fail each:\(level)", found: "no such level",
        expected: "one of \((cluster.levels + ["node"]).joined(separator: ", "))")
    }
    return cluster.nodes.enumerated().map { FailureCase(name: $1.name, level: "node", nodes: [$0]) }
  }

  private static func one(_ name: String, of cluster: Cluster) throws -> FailureCase {
    var found: [FailureCase] = []
    for (index, node) in cluster.nodes.enumerated() where node.name == name || "node:\(node.name)" == name {
      found.append(FailureCase(name: node.name, level: "node", nodes: [index]))
    }
    for container in cluster.containers {
      let level = cluster.levels[container.level]
      guard container.name == name || "\(level):\(container.name)" == name else { continue }
      found.append(FailureCase(name: container.name, level: level, nodes: Array(container.nodes)))
    }
    guard found.count == 1 else {
      throw InputError(
        path: "--fail \(name)", found: found.isEmpty ? "no such node or container" : "\(found.count) of that name",
        expected: found.isEmpty
          ? "the name of one" : "one of \(found.map { "\($0.level ?? ""):\($0.name)" }.joined(separator: ", "))")
    }
    return found[0]
  }
}
