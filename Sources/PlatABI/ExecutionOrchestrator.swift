import CPlat
import PlatEngine
import PlatFormats
import Synchronization

/// Behind `plat_orchestrator`: the engine's state machine, its actions until the host asks for them, and planning,
/// which the library does itself.
final class OrchestratorHandle: Sendable {
  let cluster: ClusterHandle
  private let target: PlacementMap
  private let state: Mutex<State>

  struct State: ~Copyable {
    var machine: Orchestrator
    var protocolVersions: ProtocolVersions
    var actions: [Orchestrator.Action] = []
    var next = 0
    /// Of nodes that speak a version which nobody here knows.
    var replies: [(node: NodeIndex, bytes: [UInt8])] = []
    /// What is to be planned from; it stays here where planning fails.
    var survey: Survey?
    var map: (placement: PlacementMap, stamp: MapStamp)?
    var isBegun = false
    /// The journal is kept as several values; what the last RECORD wrote.
    var isKeyed = false
    var recorded: [(key: CTexts, bytes: [UInt8])] = []
    var memory = ActionMemory()
    var entryMemory = ActionMemory()
  }

  let names: WireNames
  private let beginning: Beginning

  init(_ cluster: ClusterHandle, to plan: PlanHandle, _ times: ExecutionTimes) throws {
    self.cluster = cluster
    target = plan.target
    let beginning = cluster.beginning
    self.beginning = beginning
    names = try cluster.wireNames
    let goal = cluster.stamp(target, revision: plan.document.map.header.revision)
    let machine = try times.check {
      () throws(InputError) in
      try Orchestrator(
        cluster.dense, hadHolders: beginning.hadHolders, goal: goal, basedOn: beginning.revision, timing: times.timing,
        recovery: times.recovery, writer: .random(in: 1 ... .max))
    }
    state = Mutex(State(machine: machine, protocolVersions: ProtocolVersions(names)))
  }

  // MARK: What happened

  func handle(_ event: Orchestrator.Event) throws { try state.withLock { try handle(event, &$0) } }

  func begin(_ bytes: UnsafeRawBufferPointer?) throws {
    let isKeyed = cluster.dense.partitionCount > Journal.mostPartitionsInOneValue
    try begin(try bytes.map { try Journal($0, names) } ?? beginning.journal, isKeyed: isKeyed)
  }

  func begin(_ entries: [(key: String, bytes: UnsafeRawBufferPointer)]) throws {
    try begin(entries.isEmpty ? beginning.journal : try Journal(entries, names), isKeyed: true)
  }

  private func begin(_ journal: Journal, isKeyed: Bool) throws {
    try state.withLock { state in
      guard !state.isBegun else {
        throw Refusal.argument("orchestrator", found: "one that has begun", expected: "a new one")
      }
      if let outdated = state.machine.outdated(journal) {
        throw InputError(
          path: "plan", found: "one that is based on revision \(outdated.basedOn) of the map",
          expected: "one that is based on revision \(outdated.inForce), which is in force")
      }
      state.isBegun = true
      state.isKeyed = isKeyed
      try handle(.begin(journal), &state)
    }
  }

  /// The journal as it is, where it is not known what became of the last write.
  func read(_ bytes: UnsafeRawBufferPointer?) throws {
    try handle(.read(try bytes.map { try Journal($0, names) } ?? beginning.journal))
  }

  func read(_ entries: [(key: String, bytes: UnsafeRawBufferPointer)]) throws {
    try handle(.read(entries.isEmpty ? beginning.journal : try Journal(entries, names)))
  }

  func receive(_ bytes: UnsafeRawBufferPointer, from node: NodeIndex) throws {
    try state.withLock { state in
      switch try state.protocolVersions.hear(bytes, from: .node(node)) {
      case .message(let message):
        if let introduction = state.protocolVersions.takeIntroduction() { state.replies.append((node, introduction)) }
        try handle(.message(message, from: node), &state)
      case .reply(let bytes): state.replies.append((node, bytes))
      case .nothing, .learnt: break
      }
    }
  }

  private func handle(_ event: Orchestrator.Event, _ state: inout State) throws {
    add(state.machine.handle(event), &state)
    // Surveys of plans that were given up are of an older revision, and not looked at.
    guard let survey = state.survey else { return }
    guard survey.revision == state.machine.revision, state.machine.phase == .planning else {
      state.survey = nil
      return
    }
    let strategy = try cluster.locatingErrors { try survey.strategy(of: cluster.dense, to: target) }
    let stamp = cluster.stamp(strategy.target, revision: survey.revision)
    state.survey = nil
    state.map = (strategy.target, stamp)
    add(state.machine.handle(.planned(strategy.steps, map: stamp)), &state)
  }

  private func add(_ actions: [Orchestrator.Action], _ state: inout State) {
    for action in actions {
      if case .plan(let survey) = action { state.survey = survey } else { state.actions.append(action) }
    }
  }

  // MARK: What is to be done

  func poll() -> plat_action {
    state.withLock { state in
      if let (node, bytes) = state.replies.popLast() {
        var action = plat_action(PLAT_ACTION_SEND, node: cluster.ofHost(node))
        state.memory.keep(bytes, &action)
        return action
      }
      guard state.next < state.actions.count else {
        state.actions.removeAll(keepingCapacity: state.actions.count < 1024)
        state.next = 0
        return plat_action(PLAT_ACTION_NONE)
      }
      state.next += 1
      return told(state.actions[state.next - 1], &state)
    }
  }

  private func told(_ told: Orchestrator.Action, _ state: inout State) -> plat_action {
    var action: plat_action
    switch told {
    case .send(let message, let node):
      let bytes = state.protocolVersions.write(message, to: .node(node)) ?? []
      return self.told(message, for: node, bytes, state.machine.revision, &state)
    case .record(let journal, let expected):
      action = plat_action(PLAT_ACTION_RECORD)
      (action.expected, action.version, action.revision) = (expected, journal.version, journal.revision)
      state.recorded = journal.changedEntries(names).map { (CTexts([$0.key]), $0.bytes) }
      state.memory.keep(state.isKeyed ? state.recorded[0].bytes : journal.bytes(names), &action)
    case .reached(let map):
      action = plat_action(PLAT_ACTION_REACHED)
      (action.revision, action.digest) = (map.revision, map.digest)
      state.memory.keep(state.machine.unreached.map { UInt64($0.partition.raw) }, &action)
    case .frozen(let silent):
      action = plat_action(PLAT_ACTION_FROZEN)
      state.memory.keep(silent.map { UInt64(cluster.ofHost($0)) }.sorted(), &action)
    case .keptOut(let node, let ticks):
      action = plat_action(PLAT_ACTION_KEPT_OUT)
      (action.peer_kind, action.peer) = (PLAT_PEER_NODE, cluster.ofHost(node))
      state.memory.keep(ticks == 0 ? [] : [ticks], &action)
    case .releaseMaps(let revision):
      action = plat_action(PLAT_ACTION_RELEASE)
      action.revision = revision
    case .retired, .plan: action = plat_action(PLAT_ACTION_RETIRED)
    case .mode(let node, let partition, let mode, let isDone):
      action = plat_action(PLAT_ACTION_RUNS)
      (action.peer_kind, action.peer) = (PLAT_PEER_NODE, cluster.ofHost(node))
      (action.partition, action.mode, action.is_done) = (partition.raw, UInt32(mode.code), isDone ? 1 : 0)
    }
    return action
  }

  private func told(
    _ message: Message, for node: NodeIndex, _ bytes: [UInt8], _ revision: UInt64, _ state: inout State
  ) -> plat_action {
    var action = plat_action(PLAT_ACTION_SEND, node: cluster.ofHost(node))
    action.revision = revision
    var followers: [UInt32] = []
    switch message {
    case .claim(let revision):
      action.kind = PLAT_ACTION_CLAIM
      action.revision = revision
    case .pulse, .check: action.kind = PLAT_ACTION_PULSE
    case .map(let map):
      action.kind = PLAT_ACTION_MAP
      (action.revision, action.digest) = (map.revision, map.digest)
    case .order(let order):
      action.kind =
        switch order.kind {
        case .set: PLAT_ACTION_SET
        case .copy: PLAT_ACTION_COPY
        case .takeOver: PLAT_ACTION_TAKE_OVER
        case .lead: PLAT_ACTION_LEAD
        case .discard: PLAT_ACTION_DISCARD
        }
      (action.revision, action.id, action.term) = (order.id.revision, order.id.number, order.term)
      action.partition = order.partition.raw
      (action.from, action.to) = (order.change.from.ofHost, order.change.to.ofHost)
      (action.source, action.leader) = (cluster.ofHost(order.source), cluster.ofHost(order.leader))
      (action.source_from, action.source_to) = (order.sourceChange.from.ofHost, order.sourceChange.to.ofHost)
      followers = order.followers.map { cluster.ofHost($0) }
      if order.kind == .takeOver { action.hold = UInt32(order.hold.rawValue) }
    case .mode(let order):
      action.kind = PLAT_ACTION_MODE
      (action.revision, action.id, action.partition) = (order.id.revision, order.id.number, order.partition.raw)
      (action.mode_from, action.mode) = (UInt32(order.from.code), UInt32(order.to.code))
    default: break
    }
    state.memory.keep(followers, bytes, &action)
    return action
  }

  // MARK: Questions

  func standing() -> plat_standing {
    state.withLock { state in
      var standing = plat_standing()
      let progress = state.machine.progress
      standing.phase =
        switch state.machine.phase {
        case .idle: PLAT_PHASE_IDLE
        case .recording: PLAT_PHASE_RECORDING
        case .claiming: PLAT_PHASE_CLAIMING
        case .leaving: PLAT_PHASE_LEAVING
        case .planning: PLAT_PHASE_PLANNING
        case .running: PLAT_PHASE_RUNNING
        case .arriving: PLAT_PHASE_ARRIVING
        case .reached: PLAT_PHASE_REACHED
        case .retired: PLAT_PHASE_RETIRED
        }
      if state.machine.isFrozen {
        standing.phase = PLAT_PHASE_FROZEN
      } else if state.machine.isWaiting {
        standing.phase = PLAT_PHASE_WAITING
      }
      standing.is_paused = state.machine.isPaused ? 1 : 0
      standing.is_called_off = state.machine.isCancelled ? 1 : 0
      standing.revision = state.machine.revision
      standing.plans = UInt64(clamping: state.machine.plans)
      (standing.done, standing.running, standing.left) =
        (UInt64(clamping: progress.done), UInt64(clamping: progress.running), UInt64(clamping: progress.left))
      standing.rounds = UInt64(clamping: progress.rounds)
      standing.copied = progress.copied.floor.map { UInt64(clamping: $0) } ?? .max
      standing.to_copy = progress.toCopy.floor.map { UInt64(clamping: $0) } ?? .max
      standing.lost_count = UInt64(clamping: state.machine.lostNodes.count)
      standing.silent_count = UInt64(clamping: state.machine.silentNodes.count)
      standing.unreached_count = UInt64(clamping: state.machine.unreached.count)
      return standing
    }
  }

  func unreached() -> [Unreached] { state.withLock { $0.machine.unreached } }
  /// A value that the last RECORD wrote; it stays where it is until the next one. Nil: there are fewer.
  func recorded(_ index: Int) -> plat_journal_entry? {
    state.withLock { state in
      guard state.recorded.indices.contains(index) else { return nil }
      var entry = plat_journal_entry()
      entry.key = state.recorded[index].key[0]
      let bytes = state.recorded[index].bytes
      state.entryMemory.keep(bytes, &entry)
      return entry
    }
  }

  /// Nil until something was planned.
  func targetCluster() -> ClusterHandle? {
    guard let (placement, stamp) = state.withLock({ $0.map }) else { return nil }
    var document = cluster.document
    document.map = MapDocument(header: MapHeader(kind: .current, revision: stamp.revision), placement: placement)
    return ClusterHandle(document, cluster.dense, numbering: cluster.numbering, source: cluster.source)
  }
}

/// A host's times.
struct ExecutionTimes {
  var timing = Orchestrator.Timing()
  var recovery = Orchestrator.Recovery()

  /// What is 0 stays as it is by default.
  init(_ pointer: UnsafePointer<plat_timing>?) throws {
    guard pointer != nil else { return }
    let told = try Sized.read(pointer, "timing", empty: plat_timing())
    // So that times can be added up.
    func set(_ field: inout UInt64, _ value: UInt64) { if value > 0 { field = min(value, 1 << 48) } }
    set(&timing.pulse, told.pulse)
    set(&timing.silence, told.silence)
    set(&timing.patience, told.patience)
    set(&timing.longestTick, told.longest_tick)
    if told.tries > 0 { timing.tries = Int(told.tries) }
    recovery.grace = timing.silence * 4
    set(&recovery.grace, told.grace)
    set(&recovery.settling, told.settling)
    if told.most_lost > 0 { recovery.mostLost = Int(told.most_lost) }
    guard told.reserved == 0 else {
      throw Refusal.argument("timing.reserved", found: "\(told.reserved)", expected: "0")
    }
    // Who is never silent is never lost.
    if timing.silence == 1 << 48 { recovery.grace = timing.silence * 4 }
  }

  /// By the names that C has.
  func check<Made>(_ make: () throws(InputError) -> Made) throws -> Made {
    do throws(InputError) { return try make() } catch {
      let name =
        ["timing.longestTick": "timing.longest_tick", "timing.mostLost": "timing.most_lost"][error.path] ?? error.path
      throw Refusal.argument(name, found: error.found, expected: error.expected)
    }
  }
}

@c @implementation
public func plat_orchestrator_make(
  _ cluster: OpaquePointer?, _ plan: OpaquePointer?, _ timing: UnsafePointer<plat_timing>?,
  _ orchestrator: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let out = try Handle.out(orchestrator, "orchestrator")
    let cluster: ClusterHandle = try Handle.take(cluster, "cluster")
    let plan: PlanHandle = try Handle.take(plan, "plan")
    try cluster.refuseOther(plan)
    out.pointee = Handle.give(try OrchestratorHandle(cluster, to: plan, ExecutionTimes(timing)))
  }
}

@c @implementation
public func plat_orchestrator_free(_ orchestrator: OpaquePointer?) {
  Handle.free(orchestrator, OrchestratorHandle.self)
}

/// One call of a handle.
private func with(
  _ orchestrator: OpaquePointer?, _ error: UnsafeMutablePointer<plat_error>?,
  _ body: (OrchestratorHandle) throws -> Void
) -> plat_status {
  call(error) { try body(try Handle.take(orchestrator, "orchestrator")) }
}

@c @implementation
public func plat_orchestrator_begin(
  _ orchestrator: OpaquePointer?, _ journal: UnsafeRawPointer?, _ length: Int,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  with(orchestrator, error) {
    try $0.begin(journal == nil && length == 0 ? nil : try hostBytes(journal, length, "journal"))
  }
}

@c @implementation
public func plat_orchestrator_begin_keys(
  _ orchestrator: OpaquePointer?, _ entries: UnsafePointer<plat_journal_entry>?, _ count: Int,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  with(orchestrator, error) { try $0.begin(try journalEntries(entries, count)) }
}

@c @implementation
public func plat_orchestrator_journal_keys(
  _ orchestrator: OpaquePointer?, _ entries: UnsafePointer<plat_journal_entry>?, _ count: Int,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  with(orchestrator, error) { try $0.read(try journalEntries(entries, count)) }
}

/// The host's values.
private func journalEntries(
  _ entries: UnsafePointer<plat_journal_entry>?, _ count: Int
) throws -> [(key: String, bytes: UnsafeRawBufferPointer)] {
  guard count >= 0, count <= 1 << 20 else {
    throw Refusal.argument("count", found: "\(UInt(bitPattern: count))", expected: "at most \(1 << 20)")
  }
  guard entries != nil || count == 0 else { throw Refusal.argument("entries", found: "NULL", expected: "an array") }
  return try (0..<count).map { index in
    let entry = entries![index]
    guard let key = entry.key else { throw Refusal.argument("entries[\(index)].key", found: "NULL", expected: "a key") }
    return (String(cString: key), try hostBytes(entry.bytes, entry.length, "entries[\(index)].bytes"))
  }
}

@c @implementation
public func plat_orchestrator_recorded_entry(
  _ orchestrator: OpaquePointer?, _ index: Int, _ entry: UnsafeMutablePointer<plat_journal_entry>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  with(orchestrator, error) {
    guard let entry else { throw Refusal.argument("entry", found: "NULL", expected: "a struct") }
    entry.pointee = plat_journal_entry()
    guard let found = $0.recorded(index) else { throw Refusal.notFound("the last RECORD has no value \(index)") }
    entry.pointee = found
  }
}

@c @implementation
public func plat_orchestrator_poll(
  _ orchestrator: OpaquePointer?, _ action: UnsafeMutablePointer<plat_action>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  with(orchestrator, error) { handle in
    // Nothing is taken out where there is no place for it.
    try Sized.write(plat_action(PLAT_ACTION_NONE), to: action, "action")
    try Sized.write(handle.poll(), to: action, "action")
  }
}

@c @implementation
public func plat_orchestrator_recorded(
  _ orchestrator: OpaquePointer?, _ done: Int32, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status { with(orchestrator, error) { try $0.handle(.recorded(done != 0)) } }

@c @implementation
public func plat_orchestrator_journal(
  _ orchestrator: OpaquePointer?, _ journal: UnsafeRawPointer?, _ length: Int,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  with(orchestrator, error) {
    try $0.read(journal == nil && length == 0 ? nil : try hostBytes(journal, length, "journal"))
  }
}

@c @implementation
public func plat_orchestrator_tick(
  _ orchestrator: OpaquePointer?, _ now: UInt64, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status { with(orchestrator, error) { try $0.handle(.tick(now)) } }

@c @implementation
public func plat_orchestrator_pause(
  _ orchestrator: OpaquePointer?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status { with(orchestrator, error) { try $0.handle(.pause) } }

@c @implementation
public func plat_orchestrator_resume(
  _ orchestrator: OpaquePointer?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status { with(orchestrator, error) { try $0.handle(.resume) } }

@c @implementation
public func plat_orchestrator_cancel(
  _ orchestrator: OpaquePointer?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status { with(orchestrator, error) { try $0.handle(.cancel) } }

@c @implementation
public func plat_orchestrator_receive(
  _ orchestrator: OpaquePointer?, _ node: UInt32, _ bytes: UnsafeRawPointer?, _ length: Int,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  with(orchestrator, error) {
    try $0.receive(try hostBytes(bytes, length, "bytes"), from: try $0.cluster.node(node, "node"))
  }
}

@c @implementation
public func plat_orchestrator_lost(
  _ orchestrator: OpaquePointer?, _ node: UInt32, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status { with(orchestrator, error) { try $0.handle(.lost(try $0.cluster.node(node, "node"))) } }

@c @implementation
public func plat_orchestrator_standing(
  _ orchestrator: OpaquePointer?, _ standing: UnsafeMutablePointer<plat_standing>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status { with(orchestrator, error) { try Sized.write($0.standing(), to: standing, "standing") } }

@c @implementation
public func plat_orchestrator_unreached(
  _ orchestrator: OpaquePointer?, _ partitions: UnsafeMutablePointer<plat_unreached>?, _ capacity: Int,
  _ count: UnsafeMutablePointer<Int>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  with(orchestrator, error) { handle in
    count?.pointee = 0
    let unreached = handle.unreached()
    count?.pointee = unreached.count
    guard UInt(bitPattern: capacity) >= UInt(unreached.count) else { throw Refusal.tooSmall(needed: unreached.count) }
    guard !unreached.isEmpty else { return }
    guard let partitions else {
      throw Refusal.argument("partitions", found: "NULL", expected: "room for \(unreached.count)")
    }
    for (index, one) in unreached.enumerated() {
      partitions[index] = plat_unreached(partition: one.partition.raw, why: UInt32(one.why.rawValue))
    }
  }
}

@c @implementation
public func plat_orchestrator_target(
  _ orchestrator: OpaquePointer?, _ target: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  with(orchestrator, error) {
    let out = try Handle.out(target, "target")
    guard let cluster = $0.targetCluster() else { throw Refusal.notFound("nothing was planned yet") }
    out.pointee = Handle.give(cluster)
  }
}
