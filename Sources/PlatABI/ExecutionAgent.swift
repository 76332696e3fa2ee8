import CPlat
import PlatEngine
import Synchronization

/// Behind `plat_agent`.
final class AgentHandle: Sendable {
  let cluster: ClusterHandle
  private let names: WireNames
  private let state: Mutex<State>

  struct State: ~Copyable {
    var machine: NodeAgent
    var speech: Speech
    var actions: [NodeAgent.Action] = []
    var next = 0
    var replies: [(peer: Address, bytes: [UInt8])] = []
    var memory = ActionMemory()
  }

  init(_ cluster: ClusterHandle, _ node: NodeIndex, boot: UInt32, kept: UnsafeBufferPointer<plat_kept>) throws {
    self.cluster = cluster
    let names = try WireNames(cluster.dense)
    self.names = names
    let beginning = cluster.beginning
    var promise: Promise?
    var records: [PartitionIndex: Record] = [:]  // looked up, and sorted before it is gone through
    for (index, item) in kept.enumerated() {
      switch try Kept(try hostBytes(item.bytes, item.length, "kept[\(index)].bytes"), names) {
      case .promise(let told):
        guard promise == nil else { throw Refusal.argument("kept[\(index)]", found: "a second promise", expected: "one") }
        promise = told
      case .record(let partition, let record):
        guard records.updateValue(record, forKey: partition) == nil else {
          throw Refusal.argument("kept[\(index)]", found: "partition \(partition.raw) a second time", expected: "each once")
        }
      }
    }
    var new: [PartitionIndex] = []
    if promise == nil {
      for (_, partition, record) in beginning.records(of: node) where records[partition] == nil {
        records[partition] = record
        new.append(partition)
      }
    }
    let rules = ExecutionRules(cluster.cluster.settings.model, minInSync: cluster.cluster.config.minInSync)
    let machine = NodeAgent(
      node, rules: rules, boot: boot, promise: promise ?? Promise(revision: beginning.revision),
      records: records.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    // The promise comes last: a node that stopped before begins anew.
    let first = promise == nil ? new.map { NodeAgent.Action.persist($0) } + [.persistPromise] : []
    state = Mutex(State(machine: machine, speech: Speech(names), actions: first))
  }

  // MARK: What happened

  func handle(_ event: NodeAgent.Event) { state.withLock { $0.actions += $0.machine.handle(event) } }

  func receive(_ bytes: UnsafeRawBufferPointer, from peer: Address) throws {
    try state.withLock { state in
      switch try state.speech.hear(bytes, from: peer) {
      case .message(let message): state.actions += state.machine.handle(.message(message, from: peer))
      case .reply(let bytes): state.replies.append((peer, bytes))
      case .nothing: break
      }
    }
  }

  // MARK: What is to be done

  func poll() -> plat_action {
    state.withLock { state in
      if let (peer, bytes) = state.replies.popLast() { return deliver(bytes, to: peer, &state) }
      while state.next < state.actions.count {
        state.next += 1
        if let action = told(state.actions[state.next - 1], &state) { return action }
      }
      state.actions.removeAll(keepingCapacity: state.actions.count < 1024)
      state.next = 0
      return plat_action(PLAT_ACTION_NONE)
    }
  }

  /// Nil: nothing comes of it.
  private func told(_ told: NodeAgent.Action, _ state: inout State) -> plat_action? {
    switch told {
    case .persistPromise:
      var action = plat_action(PLAT_ACTION_KEEP)
      action.revision = state.machine.promise.revision
      state.memory.keep(state.machine.promise.bytes(names), &action)
      return action
    case .persist(let partition):
      guard let record = state.machine.record(partition) else { return nil }
      var action = plat_action(PLAT_ACTION_KEEP)
      action.partition = partition.raw
      action.to = record.state.ofHost
      action.term = record.term
      state.memory.keep(record.bytes(partition, names), &action)
      return action
    case .changedMode(let partition):
      guard let mode = state.machine.mode(partition) else { return nil }
      var action = plat_action(PLAT_ACTION_CHANGED_MODE)
      action.partition = partition.raw
      action.mode = UInt32(mode.code)
      return action
    case .send(let message, .client(let client)): return answer(message, client, &state)
    case .send(let message, let peer):
      // What cannot be said to the other is as if it were lost.
      return state.speech.write(message, to: peer).map { deliver($0, to: peer, &state) }
    }
  }

  private func deliver(_ bytes: [UInt8], to peer: Address, _ state: inout State) -> plat_action {
    var action = plat_action(PLAT_ACTION_DELIVER)
    switch peer {
    case .node(let node): (action.peer_kind, action.peer) = (PLAT_PEER_NODE, cluster.ofHost(node))
    case .orchestrator(let number): (action.peer_kind, action.peer) = (PLAT_PEER_ORCHESTRATOR, number)
    case .client(let number): (action.peer_kind, action.peer) = (PLAT_PEER_CLIENT, number)
    }
    state.memory.keep(bytes, &action)
    return action
  }

  private func answer(_ message: Message, _ client: UInt32, _ state: inout State) -> plat_action? {
    var action: plat_action
    switch message {
    case .written(let request):
      action = plat_action(PLAT_ACTION_WRITTEN)
      action.request = request
    case .denied(let request, let isDefinite):
      action = plat_action(PLAT_ACTION_DENIED)
      action.request = request
      action.is_definite = isDefinite ? 1 : 0
    case .answer(let request, let log):
      action = plat_action(PLAT_ACTION_ANSWER)
      action.request = request
      state.memory.keep(log.map(\.value), &action)
    default: return nil
    }
    (action.peer_kind, action.peer) = (PLAT_PEER_CLIENT, client)
    return action
  }

  // MARK: Questions

  func state(of partition: PartitionIndex) -> StateIndex { state.withLock { $0.machine.record(partition)?.state ?? .null } }
  func leads(_ partition: PartitionIndex) -> Bool { state.withLock { $0.machine.leads(partition) } }
  func mode(of partition: PartitionIndex) -> RunMode? { state.withLock { $0.machine.mode(partition) } }
  func setMinInSync(_ copies: Int) { state.withLock { $0.machine.setMinInSync(copies) } }
  var map: MapStamp? { state.withLock { $0.machine.map } }
}

@c @implementation
public func plat_agent_make(
  _ cluster: OpaquePointer?, _ node: UInt32, _ boot: UInt32, _ kept: UnsafePointer<plat_kept>?, _ count: Int,
  _ agent: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let out = try Handle.out(agent, "agent")
    let cluster: ClusterHandle = try Handle.take(cluster, "cluster")
    guard boot > 0 else { throw Refusal.argument("boot", found: "0", expected: "the number of this start, from 1") }
    guard count >= 0, count <= cluster.dense.partitionCount + 1 else {
      throw Refusal.argument(
        "count", found: "\(UInt(bitPattern: count))", expected: "at most \(cluster.dense.partitionCount + 1)")
    }
    guard kept != nil || count == 0 else { throw Refusal.argument("kept", found: "NULL", expected: "an array") }
    out.pointee = Handle.give(
      try AgentHandle(
        cluster, try cluster.node(node, "node"), boot: boot, kept: UnsafeBufferPointer(start: kept, count: count)))
  }
}

@c @implementation
public func plat_agent_free(_ agent: OpaquePointer?) { Handle.free(agent, AgentHandle.self) }

private func with(
  _ agent: OpaquePointer?, _ error: UnsafeMutablePointer<plat_error>?, _ body: (AgentHandle) throws -> Void
) -> plat_status {
  call(error) { try body(try Handle.take(agent, "agent")) }
}

@c @implementation
public func plat_agent_poll(
  _ agent: OpaquePointer?, _ action: UnsafeMutablePointer<plat_action>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  with(agent, error) { handle in
    try Sized.write(plat_action(PLAT_ACTION_NONE), to: action, "action")
    try Sized.write(handle.poll(), to: action, "action")
  }
}

@c @implementation
public func plat_agent_receive(
  _ agent: OpaquePointer?, _ peerKind: UInt32, _ peer: UInt32, _ bytes: UnsafeRawPointer?, _ length: Int,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  with(agent, error) { handle in
    let address: Address
    switch peerKind {
    case PLAT_PEER_NODE: address = .node(try handle.cluster.node(peer, "peer"))
    case PLAT_PEER_ORCHESTRATOR: address = .orchestrator(peer)
    default:
      throw Refusal.argument("peer_kind", found: "\(peerKind)", expected: "PLAT_PEER_NODE or PLAT_PEER_ORCHESTRATOR")
    }
    try handle.receive(try hostBytes(bytes, length, "bytes"), from: address)
  }
}

@c @implementation
public func plat_agent_tick(_ agent: OpaquePointer?, _ error: UnsafeMutablePointer<plat_error>?) -> plat_status {
  with(agent, error) { $0.handle(.tick) }
}

@c @implementation
public func plat_agent_disk_full(
  _ agent: OpaquePointer?, _ isFull: Int32, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status { with(agent, error) { $0.handle(.diskFull(isFull != 0)) } }

extension ClusterHandle {
  func partition(_ partition: UInt32) throws -> PartitionIndex {
    guard Int(partition) < dense.partitionCount else {
      throw Refusal.argument("partition", found: "\(partition)", expected: "a partition, one of \(dense.partitionCount) from 0")
    }
    return PartitionIndex(raw: partition)
  }
}

@c @implementation
public func plat_agent_write(
  _ agent: OpaquePointer?, _ partition: UInt32, _ value: UInt64, _ client: UInt32, _ request: UInt32,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  with(agent, error) {
    let partition = try $0.cluster.partition(partition)
    $0.handle(.message(.write(partition, value: value, request: request), from: .client(client)))
  }
}

@c @implementation
public func plat_agent_read(
  _ agent: OpaquePointer?, _ partition: UInt32, _ client: UInt32, _ request: UInt32,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  with(agent, error) {
    let partition = try $0.cluster.partition(partition)
    $0.handle(.message(.read(partition, request: request), from: .client(client)))
  }
}

private func handle(_ agent: OpaquePointer?) -> AgentHandle? { Handle.peek(agent) }

@c @implementation
public func plat_agent_state(_ agent: OpaquePointer?, _ partition: UInt32) -> UInt32 {
  handle(agent)?.state(of: PartitionIndex(raw: partition)).ofHost ?? PLAT_STATE_NULL_VALUE
}

@c @implementation
public func plat_agent_leads(_ agent: OpaquePointer?, _ partition: UInt32) -> Int32 {
  handle(agent)?.leads(PartitionIndex(raw: partition)) == true ? 1 : 0
}

@c @implementation
public func plat_agent_map(_ agent: OpaquePointer?, _ digest: UnsafeMutablePointer<UInt32>?) -> UInt64 {
  let map = handle(agent)?.map
  digest?.pointee = map?.digest ?? 0
  return map?.revision ?? 0
}

@c @implementation
public func plat_agent_mode(_ agent: OpaquePointer?, _ partition: UInt32) -> UInt32 {
  handle(agent)?.mode(of: PartitionIndex(raw: partition)).map { UInt32($0.code) } ?? PLAT_NONE_VALUE
}

@c @implementation
public func plat_agent_min_in_sync(
  _ agent: OpaquePointer?, _ copies: UInt32, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  with(agent, error) {
    guard copies > 0, Int(copies) <= $0.cluster.dense.nodeCount else {
      throw Refusal.argument("copies", found: "\(copies)", expected: "1 to \($0.cluster.dense.nodeCount), as many as there are nodes")
    }
    $0.setMinInSync(Int(copies))
  }
}
