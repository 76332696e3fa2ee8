import CPlat
import PlatEngine
import PlatFormats

/// Behind `plat_cluster_with_places`: rules that name places by the numbers of nodes.
private struct PlaceRules {
  let cluster: ClusterHandle
  private var model: StateModel { cluster.cluster.settings.model }

  func read(_ rules: UnsafePointer<plat_place_rule>?, _ count: Int) throws -> [PlaceRule] {
    guard count >= 0, count <= Limits.nodes else {
      throw Refusal.argument("count", found: "\(UInt(bitPattern: count))", expected: "0 to \(Limits.nodes)")
    }
    guard count > 0 else { return [] }
    guard let rules else { throw Refusal.argument("rules", found: "NULL", expected: "\(count) rules") }
    let first = cluster.cluster.settings.placement.count
    return try (0..<count).map { index in
      let (rule, path) = (rules[index], "rules[\(index)]")
      return PlaceRule(
        states: try states(rule.states, "\(path).states"), try demand(rule, path),
        Selector(nodes: try names(rule, path)), strength: try Strength(ofHost: rule.strength, "\(path).strength"),
        position: first + index)
    }
  }

  private func demand(_ rule: plat_place_rule, _ path: String) throws -> PlaceRule.Demand {
    switch rule.kind {
    case UInt32(PLAT_PLACE_ONLY), UInt32(PLAT_PLACE_NEVER):
      guard rule.at_least == 0, rule.at_most == 0 else {
        throw Refusal.argument(
          "\(path).\(rule.at_least == 0 ? "at_most" : "at_least")", found: "\(max(rule.at_least, rule.at_most))",
          expected: "0: only PLAT_PLACE_WITHIN counts")
      }
      return rule.kind == UInt32(PLAT_PLACE_ONLY) ? .only : .never
    case UInt32(PLAT_PLACE_WITHIN):
      return .within(
        atLeast: rule.at_least == 0 ? nil : Int(rule.at_least), atMost: rule.at_most == .max ? nil : Int(rule.at_most))
    default: throw Refusal.argument("\(path).kind", found: "\(rule.kind)", expected: "one of PLAT_PLACE_…")
    }
  }

  private func states(_ bits: UInt32, _ path: String) throws -> [Int] {
    guard bits == 0 else { return try model.states(ofHost: bits, path) }
    return model.states.indices.filter { model.states[$0].isPlaced }
  }

  private func names(_ rule: plat_place_rule, _ path: String) throws -> [String] {
    let known = cluster.dense.nodeCount
    guard rule.node_count > 0 else {
      throw Refusal.argument("\(path).node_count", found: "0", expected: "at least one node")
    }
    guard rule.node_count <= UInt32(known) else {
      throw Refusal.argument("\(path).node_count", found: "\(rule.node_count)", expected: "at most the \(known) nodes")
    }
    guard let nodes = rule.nodes else {
      throw Refusal.argument("\(path).nodes", found: "NULL", expected: "\(rule.node_count) numbers")
    }
    return try (0..<Int(rule.node_count)).map { index in
      guard nodes[index] < UInt32(known) else {
        throw Refusal.argument(
          "\(path).nodes[\(index)]", found: "\(nodes[index])", expected: "a node's number, below \(known)")
      }
      return cluster.cluster.nodes[cluster.inTree(nodes[index])].name
    }
  }
}

@c @implementation
public func plat_cluster_with_places(
  _ cluster: OpaquePointer?, _ rules: UnsafePointer<plat_place_rule>?, _ count: Int,
  _ with: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let out = try Handle.out(with, "with")
    let cluster: ClusterHandle = try Handle.take(cluster, "cluster")
    let work = try Work(needs: cluster.smallBytes)
    try work.interrupt?.throwIfRequested()
    var document = cluster.document
    document.cluster.settings.places = try PlaceRules(cluster: cluster).read(rules, count)
    let dense = try cluster.locatingErrors { try DenseCluster(document.cluster) }
    out.pointee = Handle.give(
      ClusterHandle(document, dense, numbering: cluster.numbering, source: cluster.source))
  }
}
