import CPlat
import PlatEngine
import Synchronization

/// Behind `plat_agent`.
final class AgentHandle: Sendable {
  let cluster: ClusterHandle
  /// Records that could not be read.
  let damaged: [Damaged]
  private let state: Mutex<State>
  private let nodeNames = Mutex<[UInt32: CTexts]>([:])  // looked up only

  struct Damaged {
    var index: Int
    var partition: PartitionIndex?
    var what: String
  }

  struct State: ~Copyable {
    var machine: NodeAgent
    var protocolVersions: ProtocolVersions
    var actions: [NodeAgent.Action] = []
    var next = 0
    var replies: [(peer: Address, bytes: [UInt8])] = []
    /// Partitions that are gone.
    var dropped: [UInt32] = []
    var memory = ActionMemory()
  }

  init(
    _ cluster: ClusterHandle, _ node: NodeIndex, boot: UInt32, isNewDisk: Bool, kept: UnsafeBufferPointer<plat_kept>
  ) throws {
    self.cluster = cluster
    var names = try cluster.wireNames
    guard !isNewDisk || kept.isEmpty else {
      throw Refusal.argument("count", found: "\(kept.count)", expected: "0 on a new disk")
    }
    let promise = try KeptPieces.promise(kept, names)
    guard promise != nil || boot == 1 || isNewDisk else {
      throw Refusal.lostDisk(
        "kept", found: "start \(boot) without a promise\(kept.isEmpty ? ", and nothing else" : "")")
    }
    let store = names.store(of: node, boot: boot)
    if let disk = promise?.disk {
      guard disk.boot < boot else {
        throw Refusal.argument("boot", found: "\(boot)", expected: "more than \(disk.boot), as the disk has it")
      }
      guard names.isStore(disk.store, of: node) else {
        throw Refusal.lostDisk("kept", found: "the disk of another node")
      }
    }
    if let promise { names.learn(promise.learnt) }
    var pieces = try KeptPieces(kept, names)
    let beginning = cluster.beginning
    var new: [PartitionIndex] = []
    if promise == nil, !isNewDisk {
      for (_, partition, record) in beginning.records(of: node) where pieces.records[partition] == nil {
        pieces.records[partition] = record
        new.append(partition)
      }
    }
    damaged = pieces.damaged
    // At the first start there is nothing to go on with.
    if promise == nil, let first = damaged.first {
      throw InputError(path: "kept", found: first.what, expected: "a promise or a record of a node")
    }
    let rules = ExecutionRules(cluster.cluster.settings.model, minInSync: cluster.cluster.config.minInSync)
    var machine = NodeAgent(
      node, rules: rules, boot: boot, promise: promise ?? Promise(revision: isNewDisk ? 0 : beginning.revision),
      records: pieces.records.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    // The promise comes last: a node that stopped before begins anew.
    let first = machine.start(on: store, boot: boot, promise, isNew: isNewDisk)
    state = Mutex(
      State(
        machine: machine, protocolVersions: ProtocolVersions(names),
        actions: new.map { NodeAgent.Action.persist($0) } + first,
        dropped: pieces.gone))
  }

  // MARK: What happened

  func handle(_ event: NodeAgent.Event) { state.withLock { $0.actions += $0.machine.handle(event) } }

  func receive(_ bytes: UnsafeRawBufferPointer, from peer: Address) throws {
    try state.withLock { state in
      switch try state.protocolVersions.hear(bytes, from: peer) {
      case .message(let message): state.actions += state.machine.handle(.message(message, from: peer))
      case .reply(let bytes): state.replies.append((peer, bytes))
      case .learnt: state.actions.append(.persistPromise)
      case .nothing: break
      }
    }
  }

  // MARK: What is to be done

  func poll() -> plat_action {
    state.withLock { state in
      if let (peer, bytes) = state.replies.popLast() { return deliver(bytes, to: peer, &state) }
      if let partition = state.dropped.popLast() {
        var action = plat_action(PLAT_ACTION_DROP)
        action.partition = partition
        return action
      }
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
      var promise = state.machine.promise
      promise.learnt = state.protocolVersions.names.learnt
      action.revision = promise.revision
      state.memory.keep(promise.bytes(state.protocolVersions.names), &action)
      return action
    case .persist(let partition):
      guard let record = state.machine.record(partition) else { return nil }
      var action = plat_action(PLAT_ACTION_KEEP)
      action.partition = partition.raw
      action.to = record.state.ofHost
      action.term = record.term
      state.memory.keep(record.bytes(partition, state.protocolVersions.names), &action)
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
      return state.protocolVersions.write(message, to: peer).map { deliver($0, to: peer, &state) }
    }
  }

  private func deliver(_ bytes: [UInt8], to peer: Address, _ state: inout State) -> plat_action {
    var action = plat_action(PLAT_ACTION_DELIVER)
    switch peer {
    case .node(let node):
      (action.peer_kind, action.peer) = (
        PLAT_PEER_NODE, state.protocolVersions.names.number(ofLearnt: node) ?? cluster.ofHost(node)
      )
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

  func state(of partition: PartitionIndex) -> StateIndex {
    state.withLock { $0.machine.record(partition)?.state ?? .null }
  }
  func leads(_ partition: PartitionIndex) -> Bool { state.withLock { $0.machine.leads(partition) } }
  func mode(of partition: PartitionIndex) -> RunMode? { state.withLock { $0.machine.mode(partition) } }
  func setMinInSync(_ copies: Int) { state.withLock { $0.machine.setMinInSync(copies) } }
  var map: MapStamp? { state.withLock { $0.machine.map } }

  /// Of the cluster's, or one that was learnt; nil: none that is known yet.
  func node(_ number: UInt32) -> NodeIndex? {
    if Int(number) < cluster.dense.nodeCount { return NodeIndex(cluster.inTree(number)) }
    return state.withLock { $0.protocolVersions.names.learntNode(numbered: number) }
  }

  /// The host's memory for as long as the handle lives.
  func nodeName(_ number: UInt32) -> UnsafePointer<CChar>? {
    if Int(number) < cluster.dense.nodeCount { return cluster.nodeName(number) }
    let learnt = state.withLock { $0.protocolVersions.names.learnt }
    guard let node = learnt.first(where: { $0.number == number }) else { return nil }
    return nodeNames.withLock { known in
      if let text = known[number] { return text[0] }
      let text = CTexts([node.name])
      known[number] = text
      return text[0]
    }
  }
}

extension ClusterHandle {
  /// With the host's numbers of nodes.
  var wireNames: WireNames {
    get throws { try WireNames(dense, numbers: (0..<dense.nodeCount).map { ofHost($0) }) }
  }
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
    out.pointee = try start(cluster, node, boot, kept, count, isNewDisk: false)
  }
}

private func start(
  _ cluster: ClusterHandle, _ node: UInt32, _ boot: UInt32, _ kept: UnsafePointer<plat_kept>?, _ count: Int,
  isNewDisk: Bool
) throws -> OpaquePointer {
  guard kept != nil || count == 0 else { throw Refusal.argument("kept", found: "NULL", expected: "an array") }
  return Handle.give(
    try AgentHandle(
      cluster, try cluster.node(node, "node"), boot: boot, isNewDisk: isNewDisk,
      kept: UnsafeBufferPointer(start: kept, count: count)))
}

/// More than any cluster has partitions: there may be records of some that are gone.
private let mostKept = 1 << 26

@c @implementation
public func plat_agent_start(
  _ cluster: OpaquePointer?, _ start: UnsafePointer<plat_start>?, _ kept: UnsafePointer<plat_kept>?, _ count: Int,
  _ agent: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let out = try Handle.out(agent, "agent")
    let cluster: ClusterHandle = try Handle.take(cluster, "cluster")
    let told = try Sized.read(start, "start", empty: plat_start())
    guard told.flags & ~PLAT_START_NEW_DISK == 0 else {
      throw Refusal.argument("start.flags", found: "\(told.flags)", expected: "PLAT_START_…")
    }
    guard told.boot > 0 else {
      throw Refusal.argument("start.boot", found: "0", expected: "the number of this start, from 1")
    }
    guard count >= 0, count <= mostKept else {
      throw Refusal.argument("count", found: "\(UInt(bitPattern: count))", expected: "at most \(mostKept)")
    }
    out.pointee = try PlatABI.start(
      cluster, told.node, told.boot, kept, count, isNewDisk: told.flags & PLAT_START_NEW_DISK != 0)
  }
}

@c @implementation
public func plat_agent_damaged(
  _ agent: OpaquePointer?, _ index: Int, _ damaged: UnsafeMutablePointer<plat_damaged>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  with(agent, error) { handle in
    guard handle.damaged.indices.contains(index) else {
      throw Refusal.notFound("\(handle.damaged.count) records are damaged")
    }
    let found = handle.damaged[index]
    var told = plat_damaged()
    told.partition = found.partition?.raw ?? PLAT_NONE_VALUE
    told.index = found.index
    Told.put(found.what, into: &told.what)
    try Sized.write(told, to: damaged, "damaged")
  }
}

@c @implementation
public func plat_agent_node_name(_ agent: OpaquePointer?, _ node: UInt32) -> UnsafePointer<CChar>? {
  let handle: AgentHandle? = Handle.peek(agent)
  return handle?.nodeName(node)
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
    case PLAT_PEER_NODE:
      guard let node = handle.node(peer) else {
        // One that nobody has told of yet: what it says is as if it were lost.
        if peer != PLAT_NONE_VALUE, ProtocolVersions.isMessage(try hostBytes(bytes, length, "bytes")) { return }
        throw Refusal.argument(
          "peer", found: "\(peer)",
          expected: "a node, one of \(handle.cluster.dense.nodeCount) from 0 or one that was told of")
      }
      address = .node(node)
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
      throw Refusal.argument(
        "partition", found: "\(partition)", expected: "a partition, one of \(dense.partitionCount) from 0")
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

@c @implementation
public func plat_agent_request(
  _ agent: OpaquePointer?, _ partition: UInt32, _ kind: UInt32, _ value: UnsafePointer<UInt64>?, _ client: UInt32,
  _ request: UInt32, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  with(agent, error) {
    let model = $0.cluster.dense.cluster.settings.model
    guard let raw = UInt8(exactly: kind), raw.nonzeroBitCount == 1, model.allRequests.rawValue & raw != 0 else {
      let names = model.requests.map(\.name).joined(separator: ", ")
      throw Refusal.argument(
        "kind", found: "\(kind)", expected: "one bit: a kind of request of the model, \(names)")
    }
    let (partition, one) = (try $0.cluster.partition(partition), StateModel.Requests(rawValue: raw))
    let writes = model.writingRequests.contains(one)
    guard writes == (value != nil) else {
      throw Refusal.argument(
        "value", found: value == nil ? "NULL" : "a value",
        expected: writes ? "a value: this kind writes" : "NULL: this kind writes nothing")
    }
    let message: Message =
      value.map { .write(partition, value: $0.pointee, request: request, kind: one) }
      ?? .read(partition, request: request, kind: one)
    $0.handle(.message(message, from: .client(client)))
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
      throw Refusal.argument(
        "copies", found: "\(copies)", expected: "1 to \($0.cluster.dense.nodeCount), as many as there are nodes")
    }
    $0.setMinInSync(Int(copies))
  }
}
