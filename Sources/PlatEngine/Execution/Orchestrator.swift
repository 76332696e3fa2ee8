/// Carries out steps on a cluster: event in, actions out. No clock, no I/O.
///
///     begin, a node is lost, a node comes back, cancel
///          └► record a new revision in the journal ─► claim: every node promises to obey it, and tells what it holds
///              ─► survey ─► record who is left behind ─► plan from what is ─► settle ─► steps ─► map in force
///
/// An orchestrator that dies is replaced by another that begins in the same way. The journal's compare-and-swap stops the
/// first; the nodes' promises refuse what it still sends.
public struct Orchestrator: Sendable {
  public enum Event: Sendable {
    /// The journal as it is.
    case begin(Journal)
    case message(Message, from: NodeIndex)
    /// Time, in ticks of the host's own length. It may jump.
    case tick(UInt64)
    /// The answer to `record`: done, or refused since the journal's version is another.
    case recorded(Bool)
    /// The answer to `plan`.
    case planned(StepPlan, map: MapStamp)
    case pause
    case resume
    case cancel
    /// The host knows that the node is gone. It is back when it is heard of again.
    case lost(NodeIndex)
    /// How a replica is to run, and how it runs now: changed hop by hop, and not where it runs otherwise. `Action.mode` answers.
    case mode(NodeIndex, PartitionIndex, from: RunMode, to: RunMode)
  }

  public enum Action: Sendable {
    case send(Message, to: NodeIndex)
    /// Replace the journal, if its version is still the expected one.
    case record(Journal, expecting: UInt64)
    /// Choose a target and plan the steps there from what the survey says.
    case plan(Survey)
    /// Every step is done that could be; the map is in force.
    case reached(MapStamp)
    /// All nodes that can be reached know this map: older ones are needed no more.
    case releaseMaps(before: UInt64)
    /// Another orchestrator has taken over. This one does nothing any more.
    case retired
    /// How a replica runs, after it was asked to run otherwise.
    case mode(NodeIndex, PartitionIndex, RunMode, isDone: Bool)
  }

  public enum Phase: Hashable, Sendable { case idle, recording, claiming, leaving, planning, running, reached, retired }

  /// Ticks.
  public struct Timing: Hashable, Sendable {
    /// Between pulses to every node.
    public var pulse: UInt64 = 40
    /// A node that has been silent for so long is lost.
    public var silence: UInt64 = 150
    /// An order or a claim that got no answer is sent again, each time after twice as long.
    public var patience: UInt64 = 30
    /// A jump of the clock counts as no more than that.
    public var longestTick: UInt64 = 20
    /// Tries, after which it plans again.
    public var tries = 7

    public init() {}
  }

  public internal(set) var phase = Phase.idle
  public private(set) var isPaused = false
  public private(set) var isCancelled = false
  /// The revision of its orders.
  public internal(set) var revision: UInt64 = 0
  /// How often it planned.
  public private(set) var plans = 0

  let cluster: DenseCluster
  let rules: ExecutionRules
  let timing: Timing
  let hadHolders: [Bool]
  /// The map that the change leads to.
  let goal: MapStamp
  let plant: Plant?
  var journal: Journal
  /// Time as it goes by here, without jumps.
  var clock: UInt64 = 0
  private var lastTick: UInt64?
  private var nextPulse: UInt64 = 0

  // By node.
  var heard: [UInt64]
  var isLost: [Bool]
  var inventories: [[Holding]?]
  var mapOf: [UInt64]

  /// As soon as the journal has answered.
  var isToPlanAgain = false
  var claimedAt: UInt64 = 0
  var claimedAgain: UInt64 = 0
  var survey: Survey?
  var map: MapStamp?
  private var released: UInt64 = 0
  var tasks: TaskList
  var modes = ModeRequests()

  /// `hadHolders`: partitions that somebody holds in the map at the beginning. They are never made anew, empty. `goal`: the map
  /// that the change leads to; whoever goes on with a change that was called off has the same, and knows it.
  public init(_ cluster: DenseCluster, hadHolders: [Bool], goal: MapStamp, timing: Timing = Timing()) {
    self.init(cluster, hadHolders: hadHolders, goal: goal, timing: timing, plant: nil)
  }

  package init(_ cluster: DenseCluster, hadHolders: [Bool], goal: MapStamp, timing: Timing, plant: Plant?) {
    self.cluster = cluster
    self.hadHolders = hadHolders
    self.goal = goal
    self.timing = timing
    self.plant = plant
    rules = ExecutionRules(cluster.cluster.settings.model)
    journal = Journal(revision: 0, partitionCount: cluster.partitionCount)
    heard = Array(repeating: 0, count: cluster.nodeCount)
    isLost = Array(repeating: false, count: cluster.nodeCount)
    inventories = Array(repeating: nil, count: cluster.nodeCount)
    mapOf = heard
    tasks = TaskList(cluster)
  }

  public mutating func handle(_ event: Event) -> [Action] {
    var actions: [Action] = []
    guard phase != .retired else { return actions }
    switch event {
    case .begin(let journal):
      self.journal = journal
      revision = journal.revision
      if plant != .forgetCancel { isCancelled = journal.calledOff == goal }
      for node in heard.indices { heard[node] = clock }
      planAgain(&actions)
    case .message(let message, let node): receive(message, node, &actions)
    case .tick(let now): tick(now, &actions)
    case .recorded(let isDone): recorded(isDone, &actions)
    case .planned(let plan, let map): begin(plan, map, &actions)
    case .pause: isPaused = true
    case .resume:
      isPaused = false
      beginWhatMay(&actions)
    case .cancel:
      isCancelled = true
      planAgain(&actions)
    case .lost(let node): lose(node, &actions)
    case .mode(let node, let partition, let from, let to): want(node, partition, from: from, to: to, &actions)
    }
    return actions
  }

  private mutating func receive(_ message: Message, _ node: NodeIndex, _ actions: inout [Action]) {
    guard node.int < heard.count else { return }
    heard[node.int] = clock
    switch message {
    case .inventory(let claimed, let holdings):
      if claimed == revision, phase == .claiming { collect(holdings, from: node, &actions) }
    case .done(let id): if id.revision == revision { finish(Int(id.number), &actions) }
    case .working(let id): if id.revision == revision { isAtWork(Int(id.number)) }
    case .refused(let id, let why): if id.revision == revision { retry(Int(id.number), why) }
    case .outdated(let later): if later > revision { retire(&actions) }
    case .hasMap(let stamp): noteMap(stamp, node, &actions)
    case .hasMode(let id, let partition, let mode): noteMode(id, partition, mode, node, &actions)
    default: break
    }
    // Who was lost is back.
    if isLost[node.int], phase == .running || phase == .reached { planAgain(&actions) }
  }

  private mutating func lose(_ node: NodeIndex, _ actions: inout [Action]) {
    guard node.int < isLost.count, !isLost[node.int], phase != .idle else { return }
    isLost[node.int] = true
    planAgain(&actions)
  }

  mutating func retire(_ actions: inout [Action]) {
    phase = .retired
    actions.append(.retired)
  }

  // MARK: Time

  private mutating func tick(_ now: UInt64, _ actions: inout [Action]) {
    let passed = lastTick.map { now > $0 ? now - $0 : 0 } ?? 0
    lastTick = now
    clock += min(passed, timing.longestTick)
    if clock >= nextPulse {
      nextPulse = clock + timing.pulse
      pulse(&actions)
    }
    switch phase {
    case .claiming: claimAgain(&actions)
    case .running, .reached:
      if heard.indices.contains(where: { !isLost[$0] && clock - heard[$0] > timing.silence }) {
        planAgain(&actions)
      } else {
        sendAgain(&actions)
        sendModes(&actions)
      }
    default: break
    }
  }

  private mutating func pulse(_ actions: inout [Action]) {
    for node in heard.indices {
      let message: Message = if let map, phase == .reached, mapOf[node] < map.revision { .map(map) } else { .pulse }
      actions.append(.send(message, to: NodeIndex(node)))
    }
  }

  // MARK: Maps

  private mutating func noteMap(_ stamp: MapStamp, _ node: NodeIndex, _ actions: inout [Action]) {
    guard stamp.revision <= revision else { return retire(&actions) }
    // Another map of the same revision is a wrong one.
    if map == nil || stamp.revision != map!.revision || stamp == map! { mapOf[node.int] = max(mapOf[node.int], stamp.revision) }
    guard let map, released < map.revision, phase == .reached else { return }
    guard mapOf.indices.allSatisfy({ isLost[$0] || mapOf[$0] >= map.revision }) else { return }
    released = map.revision
    actions.append(.releaseMaps(before: map.revision))
  }

  mutating func announce(_ actions: inout [Action]) {
    guard let map else { return }
    for node in heard.indices where !isLost[node] { actions.append(.send(.map(map), to: NodeIndex(node))) }
  }

  /// Nodes that did not answer the last claim.
  public var lostNodes: [NodeIndex] { isLost.indices.filter { isLost[$0] }.map { NodeIndex($0) } }

  mutating func countPlan() { plans += 1 }
}
