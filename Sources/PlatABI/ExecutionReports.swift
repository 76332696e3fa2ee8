import CPlat
import PlatEngine

/// What a host without agents reports of its nodes.
private func with(
  _ orchestrator: OpaquePointer?, _ node: UInt32, _ error: UnsafeMutablePointer<plat_error>?,
  _ message: (ClusterHandle) throws -> Message
) -> plat_status {
  call(error) {
    let handle: OrchestratorHandle = try Handle.take(orchestrator, "orchestrator")
    let node = try handle.cluster.node(node, "node")
    try handle.handle(.message(try message(handle.cluster), from: node))
  }
}

@c @implementation
public func plat_orchestrator_inventory(
  _ orchestrator: OpaquePointer?, _ node: UInt32, _ revision: UInt64, _ holdings: UnsafePointer<plat_holding>?,
  _ count: Int,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  with(orchestrator, node, error) { cluster in
    guard count >= 0, count <= cluster.dense.partitionCount else {
      throw Refusal.argument(
        "count", found: "\(UInt(bitPattern: count))", expected: "at most \(cluster.dense.partitionCount)")
    }
    guard holdings != nil || count == 0 else { throw Refusal.argument("holdings", found: "NULL", expected: "an array") }
    var told: [Holding] = []
    told.reserveCapacity(count)
    for index in 0..<count {
      told.append(try cluster.holding(holdings![index], after: told.last?.partition, "holdings[\(index)]"))
    }
    return .inventory(revision: revision, told, disk: nil)
  }
}

extension ClusterHandle {
  fileprivate func holding(_ told: plat_holding, after last: PartitionIndex?, _ path: String) throws -> Holding {
    guard Int(told.partition) < dense.partitionCount else {
      throw Refusal.argument(
        "\(path).partition", found: "\(told.partition)", expected: "a partition, one of \(dense.partitionCount) from 0")
    }
    if let last, last.raw >= told.partition {
      throw Refusal.argument(
        "\(path).partition", found: "\(told.partition)", expected: "more than \(last.raw): they ascend")
    }
    let states = cluster.settings.model.states.count
    guard Int(told.state) < states else {
      throw Refusal.argument("\(path).state", found: "\(told.state)", expected: "a state, one of \(states) from 0")
    }
    guard told.is_leading <= 1 else {
      throw Refusal.argument("\(path).is_leading", found: "\(told.is_leading)", expected: "0 or 1")
    }
    guard told.follower_count <= UInt32(dense.nodeCount), told.followers != nil || told.follower_count == 0 else {
      throw Refusal.argument(
        "\(path).followers", found: told.followers == nil ? "NULL" : "\(told.follower_count) of them",
        expected: "at most \(dense.nodeCount)")
    }
    let followers = try (0..<Int(told.follower_count)).map { try node(told.followers![$0], "\(path).followers[\($0)]") }
    return Holding(
      partition: PartitionIndex(raw: told.partition), state: StateIndex(Int(told.state)), term: told.term,
      isLeading: told.is_leading == 1, followers: followers)
  }
}

@c @implementation
public func plat_orchestrator_complete(
  _ orchestrator: OpaquePointer?, _ node: UInt32, _ revision: UInt64, _ id: UInt32,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status { with(orchestrator, node, error) { _ in .done(OrderID(revision: revision, number: id)) } }

@c @implementation
public func plat_orchestrator_working(
  _ orchestrator: OpaquePointer?, _ node: UInt32, _ revision: UInt64, _ id: UInt32,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status { with(orchestrator, node, error) { _ in .working(OrderID(revision: revision, number: id)) } }

@c @implementation
public func plat_orchestrator_fail(
  _ orchestrator: OpaquePointer?, _ node: UInt32, _ revision: UInt64, _ id: UInt32, _ why: UInt32,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  with(orchestrator, node, error) { _ in
    // What is told of an older revision is old news; of this one it says that a later one is obeyed.
    if why == PLAT_REFUSED_OUTDATED { return .outdated(revision: revision == .max ? revision : revision + 1) }
    guard let reason = PlatEngine.Refusal(rawValue: UInt8(clamping: why)) else {
      throw Refusal.argument("why", found: "\(why)", expected: "one of PLAT_REFUSED_…")
    }
    return .refused(OrderID(revision: revision, number: id), reason)
  }
}

@c @implementation
public func plat_orchestrator_alive(
  _ orchestrator: OpaquePointer?, _ node: UInt32, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status { with(orchestrator, node, error) { _ in .alive } }

@c @implementation
public func plat_orchestrator_has_map(
  _ orchestrator: OpaquePointer?, _ node: UInt32, _ revision: UInt64, _ digest: UInt32,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  with(orchestrator, node, error) { _ in .hasMap(MapStamp(revision: revision, digest: digest)) }
}
