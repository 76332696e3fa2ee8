/// Carries out steps on a cluster: event in, actions out. No clock, no I/O.
///
///     begin, a node is lost, a node comes back, cancel
///          └► record a new revision in the journal ─► claim: every node promises to obey it, and tells what it holds
///              ─► survey ─► record who is left behind ─► plan from what is ─► settle ─► steps ─► map in force
///
/// An orchestrator that dies is replaced by another that begins in the same way. The journal's compare-and-swap stops
/// the first; the nodes' promises refuse what it still sends.
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
    /// How a replica is to run, and how it runs now: changed hop by hop, and not where it runs otherwise. `Action.mode`
    /// answers.
    case mode(NodeIndex, PartitionIndex, from: RunMode, to: RunMode)
    /// The journal as it is, where it is not known what became of `record`: the store did not answer, or not in time.
    case read(Journal)
  }

  public enum Action: Sendable {
    case send(Message, to: NodeIndex)
    /// Replace the journal, if its version is still the expected one.
    case record(Journal, expecting: UInt64)
    /// Choose a target and plan the steps there from what the survey says.
    case plan(Survey)
    /// The map is in force: every step is done, but for partitions that `unreached` names.
    case reached(MapStamp)
    /// More nodes are silent or lost than may be lost: nothing begins. None: it goes on again.
    case frozen([NodeIndex])
    /// The node is heard of, and answers too late: it stays lost until it has answered in time for so many ticks. 0: it
    /// has.
    case keptOut(NodeIndex, for: UInt64)
    /// All nodes that can be reached know this map: older ones are needed no more.
    case releaseMaps(before: UInt64)
    /// Another orchestrator has taken over. This one does nothing any more.
    case retired
    /// How a replica runs, after it was asked to run otherwise.
    case mode(NodeIndex, PartitionIndex, RunMode, isDone: Bool)
  }

  public enum Phase: Hashable, Sendable {
    case idle, recording, claiming, leaving, planning, running
    /// All is done; that the map is in force goes into the journal.
    case arriving
    case reached, retired
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
  let recovery: Recovery
  /// Which orchestrator this is, in the journal.
  let writer: UInt64
  let hadHolders: [Bool]
  /// The map that the change leads to.
  let goal: MapStamp
  /// From which map that is; nil: the host does not say.
  let change: Journal.Change?
  let names: WireNames?
  let plant: InjectedFault?
  var journal: Journal
  /// Time as it goes by here, without jumps.
  var clock: UInt64 = 0
  var lastTick: UInt64?
  var nextPulse: UInt64 = 0

  // By node.
  var heard: [UInt64]
  var isLost: [Bool]
  /// Of those that are lost: the host said so, or the cluster has them as failed; heard of again.
  var isTold: [Bool]
  var isBack: [Bool]
  /// It was heard of during a claim, did not answer that, and was lost: it is kept out.
  var isMute: [Bool]
  var late: [Lateness]
  var inventories: [[Holding]?]
  var mapOf: [UInt64]
  var disks: [KnownDisk]
  /// Nil: it has not been there yet.
  var expected: [Expected?]

  /// Copies that do not count, by `Survey.name`. Looked up only.
  var doubts: Set<UInt64> = []

  var outage = Outage()
  /// How often it planned since nodes were lost or back.
  package var plansForOutages = 0
  /// More nodes are silent than may be lost.
  public internal(set) var isFrozen = false
  /// Partitions that are not as the map says that is in force, ascending.
  public internal(set) var unreached: [Unreached] = []
  /// Of the plan: what no steps lead to.
  var unmet: [Unreached] = []

  /// As soon as the journal has answered.
  var isToPlanAgain = false
  /// By node: since when it has been heard of while its inventory has not come.
  var owesSince: [UInt64?]
  var claimedAgain: UInt64 = 0
  var survey: Survey?
  /// By node, of this claim: it has started since its disk was judged last.
  var hasRestarted: [Bool]
  var map: MapStamp?
  private var released: UInt64 = 0
  var tasks: TaskList
  var modes = ModeRequests()

  /// `hadHolders`: partitions that somebody holds in the map at the beginning. They are never made anew, empty. `goal`:
  /// the map that the change leads to; whoever goes on with a change that was called off has the same, and knows it.
  /// `basedOn`: the revision of the map at the beginning; nil: whatever is in force. `writer`: a number that no other
  /// orchestrator of this journal has, such as a random one. Throws where times contradict each other.
  public init(
    _ cluster: DenseCluster, hadHolders: [Bool], goal: MapStamp, basedOn: UInt64? = nil, timing: Timing = Timing(),
    recovery: Recovery = Recovery(),
    writer: UInt64
  ) throws(InputError) {
    try Orchestrator.check(timing, recovery, nodeCount: cluster.nodeCount)
    self.init(
      cluster, hadHolders: hadHolders, goal: goal, basedOn: basedOn, timing: timing, recovery: recovery, writer: writer,
      plant: nil)
  }

  package init(
    _ cluster: DenseCluster, hadHolders: [Bool], goal: MapStamp, basedOn: UInt64? = nil, timing: Timing,
    recovery: Recovery, writer: UInt64,
    plant: InjectedFault?
  ) {
    change = basedOn.map { Journal.Change(basedOn: $0, goal: goal) }
    names = try? WireNames(cluster)
    disks = Array(repeating: KnownDisk(), count: cluster.nodeCount)
    expected = Array(repeating: nil, count: cluster.nodeCount)
    self.cluster = cluster
    self.hadHolders = hadHolders
    self.goal = goal
    self.timing = timing
    self.recovery = recovery
    self.writer = writer
    self.plant = plant
    rules = ExecutionRules(cluster.cluster.settings.model)
    journal = Journal(revision: 0, partitionCount: cluster.partitionCount)
    heard = Array(repeating: 0, count: cluster.nodeCount)
    isLost = cluster.status.map { !$0.isReadable }
    isTold = isLost
    isBack = Array(repeating: false, count: cluster.nodeCount)
    isMute = isBack
    late = Array(repeating: Lateness(), count: cluster.nodeCount)
    owesSince = Array(repeating: nil, count: cluster.nodeCount)
    inventories = Array(repeating: nil, count: cluster.nodeCount)
    hasRestarted = Array(repeating: false, count: cluster.nodeCount)
    mapOf = heard
    tasks = TaskList(cluster)
  }

  public mutating func handle(_ event: Event) -> [Action] {
    var actions: [Action] = []
    guard phase != .retired else { return actions }
    switch event {
    case .begin(let journal):
      guard outdated(journal) == nil else {
        retire(&actions)
        return actions
      }
      self.journal = journal
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
    case .read(let found): read(found, &actions)
    }
    return actions
  }

  private mutating func receive(_ message: Message, _ node: NodeIndex, _ actions: inout [Action]) {
    guard node.int < heard.count else { return }
    if case .inventory(revision, _, _) = message, !hearLate(node.int, &actions) { return }
    hear(node.int)
    switch message {
    case .inventory(let claimed, let holdings, let disk):
      guard claimed == revision else { break }
      if phase == .claiming {
        collect(holdings, disk, from: node, &actions)
      } else {
        verify(holdings, disk, node.int, &actions)
      }
    case .well(let disk): noteDisk(disk, node.int, &actions)
    case .done(let id): if id.revision == revision { finish(Int(id.number), &actions) }
    case .working(let id): if id.revision == revision { isAtWork(Int(id.number)) }
    case .refused(let id, let why): if id.revision == revision { retry(Int(id.number), why) }
    case .outdated(let later): if later > revision, plant != .staysWhenReplaced { retire(&actions) }
    case .hasMap(let stamp): noteMap(stamp, node, &actions)
    case .hasMode(let id, let partition, let mode): noteMode(id, partition, mode, node, &actions)
    default: break
    }
    if isLost[node.int] { watch(&actions) }
  }

  /// Nil: it may begin with that journal; else the revision of the map in force, from which its plan was not made. A
  /// host looks before it tells `begin`, which would retire.
  public func outdated(_ journal: Journal) -> (basedOn: UInt64, inForce: UInt64)? {
    guard plant != .ignoreBase else { return nil }
    return change.flatMap { change in journal.inForce(insteadOf: change).map { (change.basedOn, $0) } }
  }

  mutating func retire(_ actions: inout [Action]) {
    phase = .retired
    actions.append(.retired)
  }

  // MARK: Maps

  private mutating func noteMap(_ stamp: MapStamp, _ node: NodeIndex, _ actions: inout [Action]) {
    guard stamp.revision <= revision else { return retire(&actions) }
    // Another map of the same revision is a wrong one.
    if map == nil || stamp.revision != map!.revision || stamp == map! {
      mapOf[node.int] = max(mapOf[node.int], stamp.revision)
    }
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

  /// Inventories come in, or it is being written who is left behind.
  package var isSurveying: Bool { phase == .claiming || phase == .leaving }
  package func hasInventory(of node: NodeIndex) -> Bool { inventories[node.int] != nil }
}
