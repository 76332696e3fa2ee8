import PlatEngine

/// One run: a whole cluster in one thread, from one seed. The same agents and orchestrators as on a real cluster;
/// network, disks, clocks and clients are made up here.
final class Simulation {
  let setup: SimulationCase
  let seed: UInt64
  let rates: FaultRates
  let plant: InjectedFault?
  let timing: Orchestrator.Timing
  let recovery: Orchestrator.Recovery
  /// The only fault; nil: those of `rates`.
  let outage: Outage?
  /// Once faults are over: when the map was in force, and every node knew.
  var reachedAt: UInt64?
  /// When the last plan was made.
  var plannedAt: UInt64 = 0
  /// Ends the run, whose outcome then says nothing.
  let interrupt: Interrupt?
  var random: SplitMix
  var now: UInt64 = 0
  var timeline = Timeline<Item>()
  var events = 0
  var faults = [Int](repeating: 0, count: FaultKind.allCases.count)

  var nodes: [Node]
  var disks: Disks
  var orchestrators: [Host] = []
  /// The register that all orchestrators share.
  var journal: Journal
  /// The first revision that was planned as called off.
  var calledOffAt: UInt64?
  var plans: [Planned] = []
  /// By revision: the orchestrator that gave its orders. Looked up only.
  var givenBy: [UInt64: Int] = [:]

  var links: Links
  /// Processes that stand still.
  var stopped = 0
  var journalDownUntil: UInt64 = 0
  /// What is to be written into it.
  var recordsUnderWay: [(journal: Journal, expected: UInt64)] = []
  /// Its store refuses large values: of more bytes than usual stores take.
  var isJournalLimited = false
  var mostJournalBytes = 512 << 10
  /// Answers of the journal that are going to be lost.
  var answersToLose = 0
  /// How many more changes are to follow the first; those that have begun; and the maps of all plans, by revision
  /// (looked up only).
  let lives: Int
  var changes: [Change]
  /// The last of them.
  var changeBegunAt: UInt64 = 0
  var targets: [UInt64: PlacementMap] = [:]
  /// A mistake that the checker once made: see `SimulatorTests.theEndIsThatOfTheGreatestRevision`.
  var comparesWithLastPlan = false

  /// By node: replicas with data, and the most that it may have.
  var held: [Int]
  var mostHeld: [Int?]

  var acknowledged: [UInt64]
  /// The same when the leader says so, before the client hears of it.
  var saidWritten: [UInt64]
  /// By partition and write: nodes that have had it on disk, a bit each. Looked at where there is a floor.
  var carriers: [[UInt64]] = []
  /// What was ordered by that number. Looked up only.
  var orders: [OrderID: Order] = [:]
  /// The last order by which a copy goes, by its revision. Looked up only.
  var leaving: [ReplicaKey: UInt64] = [:]
  var clients = Clients()
  var isHealed = false
  var isDone = false
  var violation: Violation?
  /// Nil: nobody reads it.
  var lines: [String]?

  struct Node {
    var agent: NodeAgent
    var protocolVersions: ProtocolVersions
    var isUp = true
    var isDestroyed = false
    /// Not there yet.
    var isAwaited = false
    var boot: UInt32 = 1
    /// Nodes of different sides hear nothing of each other.
    var side = 0
    var isCutFromOrchestrators = false
    var slowUntil: UInt64 = 0
    var isFull = false
    /// Writes to disk that were begun, and when the last will be done.
    var writesUnderWay = 0
    var diskBusyUntil: UInt64 = 0
    /// So many actions until it crashes.
    var crashesIn: Int?
    var isTicking = false
    /// Stands still; what has come in since.
    var isStopped = false
    var backlog: [Item] = []
  }

  struct Host {
    var machine: Orchestrator
    var protocolVersions: ProtocolVersions
    /// Which one it carries out.
    let change: Int
    /// Orders of this plan that it has given.
    var given: Set<OrderID> = []  // looked up only
    var isUp = true
    /// The last maps that it said need be kept no more were older than this.
    var released: UInt64 = 0
    /// How replicas are to run that it was asked about.
    var wanted: [ReplicaKey: RunMode] = [:]  // looked up only
    /// Its clock is so much ahead.
    var skew: UInt64 = 0
    var jumps: UInt64 = 0
    var isStopped = false
    var backlog: [Item] = []
    let begunAt: UInt64
    /// By node: when it was heard of last; it was said to be lost.
    var heardAt: [UInt64]
    /// By node: it was heard of during a claim, did not answer that, and was lost; nor has it answered one since.
    var isMute: [Bool]
    /// By node: since when it has been able to say that another has taken over.
    var couldKnowSince: [UInt64?]
    var isTold: [Bool]
    /// The same when it had its survey, while the journal is told of it.
    var surveyed: (at: UInt64, heardAt: [UInt64], isMute: [Bool])?
    /// Plans for outages that it had made when the last fault was over; nodes that were kept out, and are back since.
    var plansBefore = 0
    var takenBack = 0
    /// When it planned for outages; and how many of these plans were made before it was kept from planning.
    var outagePlans: [UInt64] = []
    var uncheckedPlans = 0
    /// The last time at which the journal had its word.
    var recordedAt: UInt64 = 0
  }

  struct ReplicaKey: Hashable {
    var node: NodeIndex
    var partition: PartitionIndex
  }

  struct Planned {
    var revision: UInt64
    var target: PlacementMap
    /// By partition: who held it, and how many should.
    var holders: [[NodeIndex]]
    var wanted: [UInt8]
    var unmet: [Bool]
    /// By partition: no complete copy could be reached.
    var withheld: [Bool]
    /// By partition: who held something that is not to be counted on.
    var outdated: [[NodeIndex]]
    /// Copies that were destroyed or left behind since.
    var lost: [UInt8]
  }

  enum Item {
    case deliver(Packet, from: Address, to: Address)
    case tick(node: Int, boot: UInt32)
    case orchestratorTick(Int)
    case recordJournal(Journal, expecting: UInt64, by: Int)
    case recorded(Bool, by: Int)
    case written([Commit], node: Int, boot: UInt32)
    case client(Int)
    case fault(FaultKind)
    case restart(Int)
    case upgrade(Int, to: ClosedRange<UInt8>)
    case resume(Int)
    case rejoin(node: Int)
    case diskFree(Int)
    case begin(Int)
    case readJournal(by: Int)
    case goOn(Address)
    case mend(Links.Link)
    case finalRead(Int)
    case restoreMode(NodeIndex, PartitionIndex)
    case heal
    case setBack(Int, Disks.Image)
    case nextChange
    case cutOff
  }

  /// What is on its way: bytes; to and from clients the message itself.
  enum Packet {
    case bytes([UInt8])
    case message(Message)
  }

  /// What a node does once it is on disk.
  enum Commit {
    case promise(Promise)
    case record(PartitionIndex, Record, isDiscard: Bool)
    case send(Message, to: Address)
  }

  init(
    _ setup: SimulationCase, seed: UInt64, rates: FaultRates, plant: InjectedFault?, lives: Int, isTraced: Bool,
    outage: Outage? = nil,
    interrupt: Interrupt? = nil
  ) {
    self.setup = setup
    self.outage = outage
    self.lives = lives
    changes = [Change(setup)]
    self.interrupt = interrupt?.quiet
    self.seed = seed
    self.rates = rates
    self.plant = plant
    random = SplitMix(seed: seed)
    lines = isTraced ? [] : nil
    let cluster = setup.cluster
    var timing = Orchestrator.Timing()
    timing.silence += UInt64(min(cluster.nodeCount / 4, 200))
    self.timing = timing
    var recovery = Orchestrator.Recovery()
    recovery.grace = timing.silence << UInt64(random.below(3))
    recovery.mostLost = random.below(2) == 0 ? nil : cluster.nodeCount
    self.recovery = outage?.recovery ?? recovery
    links = Links(nodeCount: cluster.nodeCount)
    disks = Disks(partitionCount: cluster.partitionCount, nodeCount: cluster.nodeCount)
    journal = setup.beginning.journal
    acknowledged = Array(repeating: 0, count: cluster.partitionCount)
    saidWritten = acknowledged
    if setup.rules.minInSync > 1 {
      carriers = Array(repeating: Array(repeating: 0, count: 64), count: cluster.partitionCount)
    }
    nodes = []
    held = Array(repeating: 0, count: cluster.nodeCount)
    mostHeld = []
    for (node, partition, record) in setup.beginning.records() {
      _ = disks.write(record, partition, on: node)
      if setup.rules.holdsData(record.state) { held[node.int] += 1 }
    }
    mostHeld = cluster.cluster.nodes.indices.map { node in
      cluster.cluster.nodes[node].capacity.map { max($0, held[node]) }
    }
    var records = [[(PartitionIndex, Record)]](repeating: [], count: cluster.nodeCount)
    for partition in disks.copies.indices {
      for copy in disks.copies[partition] { records[copy.node.int].append((PartitionIndex(partition), copy.record)) }
    }
    for node in 0..<cluster.nodeCount {
      disks.promise[node] = Promise(revision: setup.beginning.revision)
      var new = Node(agent: makeAgent(node, boot: 1, records[node]), protocolVersions: makeSpeech())
      if cluster.status[node] == .failed {
        new.isUp = false
        new.isDestroyed = true
      }
      nodes.append(new)
      _ = start(node, boot: 1)
      disks.promise[node] = nodes[node].agent.promise
    }
    for node in nodes.indices where nodes[node].isDestroyed { disks.destroy(NodeIndex(node)) }
  }

  func makeAgent(_ node: Int, boot: UInt32, _ records: [(PartitionIndex, Record)]) -> NodeAgent {
    NodeAgent(
      NodeIndex(node), rules: setup.rules, boot: boot, promise: disks.promise[node], records: records, plant: plant)
  }

  /// Of one version or the other, where there are upgrades. While a disk is in doubt nobody begins
  /// with one that knows of none.
  func makeSpeech() -> ProtocolVersions {
    let isOlder = rates[.upgrade] > 0 && random.below(2) == 0 && !isHealed && !disks.isDoubtful.contains(true)
    return makeSpeech(isOlder ? olderVersions : ProtocolVersions.versions)
  }

  /// One that came before.
  var olderVersions: ClosedRange<UInt8> { 1...(1 + UInt8(random.below(Int(ProtocolVersions.versions.upperBound) - 1))) }

  func makeSpeech(_ versions: ClosedRange<UInt8>) -> ProtocolVersions {
    ProtocolVersions(setup.names, versions: versions, plant: plant)
  }

  // MARK: Running

  /// Faults happen until then.
  var faultsEnd: UInt64 {
    outage?.end ?? 1_200 + UInt64(min(setup.cluster.partitionCount, 2_000)) + 150 * UInt64(lives)
  }

  func run() {
    scheduleFaults()
    startOrchestrator()
    clients.begin(self)
    if lives > 0 { timeline.add(.nextChange, at: 100) }
    if let outage { begin(outage) }
    timeline.add(.heal, at: faultsEnd)
    while !isDone, violation == nil, !isInterrupted, let (time, item) = timeline.next() {
      now = time
      // Each change has its own time: how long all of them take depends on how many are left.
      guard now < max(faultsEnd, changeBegunAt, clients.lastBegunAt) + Simulation.mostTicks else { return noteNoEnd() }
      events += 1
      handle(item)
    }
  }

  /// After the last fault, of each change; and of the writes and reads at the end.
  static let mostTicks: UInt64 = 20_000

  private func noteNoEnd() {
    if let unread = clients.unreadPartitions {
      return violate(
        .endReadable,
        "partitions \(unread) take no write, or no read of it is answered, \(Simulation.mostTicks) ticks after the end")
    }
    violate(
      .endReached,
      "not reached \(Simulation.mostTicks) ticks after the last fault, and the beginning of change \(changes.count - 1); \(state)"
    )
  }

  var isInterrupted: Bool { interrupt?.isRequested ?? false }

  private var state: String {
    let host = orchestrators.last { $0.isUp }
    return "the orchestrator is \(host.map { "\($0.machine.phase) at revision \($0.machine.revision)" } ?? "gone")"
  }

  func handle(_ item: Item) {
    if putsOff(item) { return }
    switch item {
    case .deliver(let packet, let sender, let receiver): deliver(packet, sender, receiver)
    case .tick(let node, let boot):
      guard nodes[node].isUp, nodes[node].boot == boot else { return }
      nodes[node].isTicking = false
      carryOut(nodes[node].agent.handle(.tick), node, isDiscard: false)
    case .orchestratorTick(let number): tickOrchestrator(number)
    case .recordJournal(let new, let expected, let number): recordJournal(new, expected, number)
    case .recorded(let isDone, let number): recorded(isDone, number)
    case .readJournal(let number): readJournal(number)
    case .goOn(let process): goOn(process)
    case .mend(let link): links.mend(link)
    case .written(let commits, let node, let boot):
      guard nodes[node].isUp, nodes[node].boot == boot else { return }
      nodes[node].writesUnderWay -= 1
      for commit in commits { carryOut(commit, node) }
    case .client(let number): clients.act(number, self)
    case .fault(let kind): strike(kind)
    case .restart(let node): restart(node)
    case .upgrade(let node, let versions):
      guard nodes[node].isUp, !isHealed, versions.upperBound >= 3 || !disks.isDoubtful.contains(true) else { return }
      crash(node)
      nodes[node].protocolVersions = makeSpeech(versions)
    case .resume(let number): tell(number, .resume)
    case .rejoin(let node):
      nodes[node].side = 0
      nodes[node].isCutFromOrchestrators = false
    case .diskFree(let node): setFull(node, false)
    case .begin: startOrchestrator()
    case .finalRead(let partition): clients.finish(partition, self)
    case .restoreMode(let node, let partition): restoreMode(node, partition)
    case .heal: heal()
    case .setBack(let node, let image): setBack(node, image)
    case .nextChange: nextChange()
    case .cutOff: cutOff()
    }
  }

  // MARK: Nodes

  func carryOut(_ actions: [NodeAgent.Action], _ node: Int, isDiscard: Bool) {
    guard !actions.isEmpty else { return }
    let isSlow = nodes[node].writesUnderWay > 0 || nodes[node].slowUntil > now
    var batch: [Commit] = []
    for action in actions {
      if let left = nodes[node].crashesIn {
        guard left > 0 else { return crash(node) }
        nodes[node].crashesIn = left - 1
      }
      let commit: Commit
      switch action {
      case .persistPromise: commit = .promise(nodes[node].agent.promise)
      case .persist(let partition):
        commit = .record(partition, nodes[node].agent.record(partition)!, isDiscard: isDiscard)
      case .send(let message, let receiver): commit = .send(message, to: receiver)
      case .changedMode: continue
      }
      if isSlow { batch.append(commit) } else { carryOut(commit, node) }
    }
    if isSlow {
      nodes[node].diskBusyUntil =
        max(nodes[node].diskBusyUntil, now) + (nodes[node].slowUntil > now ? UInt64(random.below(25)) : 0)
      nodes[node].writesUnderWay += 1
      timeline.add(.written(batch, node: node, boot: nodes[node].boot), at: nodes[node].diskBusyUntil)
    }
    if nodes[node].agent.wantsTick, !nodes[node].isTicking {
      nodes[node].isTicking = true
      timeline.add(.tick(node: node, boot: nodes[node].boot), at: now + 40)
    }
  }

  private func carryOut(_ commit: Commit, _ node: Int) {
    switch commit {
    case .promise(let promise):
      checkPromise(promise, before: disks.promise[node], node)
      disks.promise[node] = promise
      noteConfirmed(node)
    case .record(let partition, let record, let isDiscard):
      let before = disks.write(record, partition, on: NodeIndex(node), acknowledged: saidWritten[partition.int])
      trace {
        "disk     \(self.name(NodeIndex(node))) has \(self.setup.cluster.cluster.settings.model.name(record.state)) of "
          + "\(partition.raw), term \(record.term), led \(record.led), \(record.log.count) writes"
      }
      check(partition, NodeIndex(node), before: before, isDiscard: isDiscard)
    case .send(let message, let receiver):
      checkSaid(message, NodeIndex(node), receiver)
      send(message, .node(NodeIndex(node)), receiver)
    }
  }

  func crash(_ node: Int) {
    guard nodes[node].isUp else { return }
    trace { "crash    \(self.name(NodeIndex(node)))" }
    nodes[node].isUp = false
    nodes[node].crashesIn = nil
    goOn(.node(NodeIndex(node)))
    timeline.add(.restart(node), at: now + 5 + UInt64(random.below(400)))
  }

  func restart(_ node: Int) {
    guard !nodes[node].isUp, !nodes[node].isDestroyed else { return }
    nodes[node].isUp = true
    nodes[node].isAwaited = false
    nodes[node].isTicking = false
    nodes[node].writesUnderWay = 0
    nodes[node].diskBusyUntil = now
    nodes[node].boot += 1
    checkKept(node)
    nodes[node].protocolVersions = makeSpeech(nodes[node].protocolVersions.own)
    let first = start(node, boot: nodes[node].boot)
    if nodes[node].isFull { setFull(node, true) }
    trace { "restart  \(self.name(NodeIndex(node)))" }
    checkPromise(nodes[node].agent.promise, before: disks.promise[node], node)
    carryOut(first, node, isDiscard: false)
  }

  func setFull(_ node: Int, _ isFull: Bool) {
    nodes[node].isFull = isFull
    if nodes[node].isUp { _ = nodes[node].agent.handle(.diskFull(isFull)) }
  }

  // MARK: Words

  func name(_ node: NodeIndex) -> String { setup.cluster.cluster.nodes[node.int].name }

  func trace(_ line: () -> String) {
    guard lines != nil else { return }
    lines!.append("\(now)  " + line())
  }
}
