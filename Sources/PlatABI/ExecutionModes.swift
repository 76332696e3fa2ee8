import CPlat
import PlatEngine

/// Running states and pauses, as numbers of the host's: see PLAT_RUN_… and PLAT_PAUSE_….
extension RunMode {
  init(host mode: UInt32, _ path: String) throws {
    guard let known = UInt8(exactly: mode).flatMap({ RunMode(code: $0) }) else {
      throw Refusal.argument(path, found: "\(mode)", expected: "one of PLAT_RUN_…, and PLAT_PAUSE_… with it")
    }
    self = known
  }
}

@c @implementation
public func plat_mode_next(_ from: UInt32, _ to: UInt32) -> UInt32 {
  guard let from = try? RunMode(host: from, "from"), let to = try? RunMode(host: to, "to") else {
    return PLAT_NONE_VALUE
  }
  return UInt32(from.next(to: to).code)
}

@c @implementation
public func plat_orchestrator_mode(
  _ orchestrator: OpaquePointer?, _ node: UInt32, _ partition: UInt32, _ from: UInt32, _ to: UInt32,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let handle: OrchestratorHandle = try Handle.take(orchestrator, "orchestrator")
    let (node, partition) = (try handle.cluster.node(node, "node"), try handle.cluster.partition(partition))
    try handle.handle(.mode(node, partition, from: try RunMode(host: from, "from"), to: try RunMode(host: to, "to")))
  }
}

@c @implementation
public func plat_orchestrator_has_mode(
  _ orchestrator: OpaquePointer?, _ node: UInt32, _ revision: UInt64, _ id: UInt32, _ partition: UInt32, _ mode: UInt32,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let handle: OrchestratorHandle = try Handle.take(orchestrator, "orchestrator")
    let (node, partition) = (try handle.cluster.node(node, "node"), try handle.cluster.partition(partition))
    let id = OrderID(revision: revision, number: id)
    try handle.handle(.message(.hasMode(id, partition, try RunMode(host: mode, "mode")), from: node))
  }
}
