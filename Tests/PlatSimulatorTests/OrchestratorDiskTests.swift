import PlatEngine
import PlatSimulator
import Testing

/// Disks that are set back within a revision, while something of the partition is under way elsewhere.
@Suite struct OrchestratorDiskTests {
  /// Three nodes and a partition, which a leads; c takes the place of b. What b is told last gets no answer.
  private struct Lab {
    var machine: Orchestrator
    var agents: [NodeAgent]
    let cluster: DenseCluster
    let rules: ExecutionRules
    let target: PlacementMap
    var sent: [(Message, NodeIndex)] = []
    var isHeld = true
    var heldNode = 1
    /// Nobody hears it, and it hears nobody.
    var silent: NodeIndex?
    var unreached: [Unreached] { machine.unreached }
    var journal: Journal
    /// What a and c had on disk before c had anything.
    var images: [(promise: Promise, record: Record?)] = []
    let partition = PartitionIndex(0)

    /// `target`: who takes the place of b; nil: nobody.
    init(target slave: Int? = 2, plant: InjectedFault? = nil) throws {
      let settings = Settings(partitionCount: 1, constraints: [1, 1, 0, 0])
      cluster = try DenseCluster(Cluster(settings: settings, nodes: ["a", "b", "c"].map { Node(name: $0) }))
      func map(_ slave: Int?) throws -> PlacementMap {
        var builder = try PlacementMapBuilder(partitionCount: 1, expected: [1, 1, 0, 0])
        try builder.set(partition: 0, state: 0, nodes: [NodeIndex(0)])
        if let slave { try builder.set(partition: 0, state: 1, nodes: [NodeIndex(slave)]) }
        return try builder.finish(least: [1, 1, 0, 0])
      }
      target = try map(slave)
      let beginning = Beginning(cluster, map: try map(1), revision: 1)
      rules = ExecutionRules(cluster.cluster.settings.model)
      machine = Orchestrator(
        cluster, hadHolders: [true], goal: MapStamp(revision: 2, digest: 7), timing: Orchestrator.Timing(),
        recovery: Orchestrator.Recovery(), writer: 1, plant: plant)
      journal = beginning.journal
      agents = []
      for node in 0..<3 {
        var agent = NodeAgent(
          NodeIndex(node), rules: rules, boot: 1, promise: Promise(revision: 1),
          records: beginning.records(of: NodeIndex(node)).map { ($0.partition, $0.record) }, plant: plant)
        _ = agent.start(on: UInt64(node + 1) << 32 | 1, boot: 1, nil, isNew: false)
        agents.append(agent)
      }
      try tell(.begin(beginning.journal))
      while let next = sent.first, !next.0.isOrder { try deliverNext() }
      images = agents.map { ($0.promise, $0.record(PartitionIndex(0))) }
      try deliver()
    }

    mutating func tell(_ event: Orchestrator.Event) throws {
      for action in machine.handle(event) {
        switch action {
        case .send(let message, let node): sent.append((message, node))
        case .record(let new, _):
          journal = new
          try tell(.recorded(true))
        case .plan(let survey):
          let strategy = try survey.strategy(of: cluster, to: target)
          try tell(.planned(strategy.steps, map: MapStamp(revision: survey.revision, digest: 7)))
        case .reached, .releaseMaps, .frozen, .keptOut, .retired, .mode: break
        }
      }
    }

    mutating func deliver() throws { while !sent.isEmpty { try deliverNext() } }

    private mutating func deliverNext() throws {
      let (message, node) = sent.removeFirst()
      if isHeld, message.isOrder, node.int == heldNode || node == silent { return }
      if node == silent { return }
      try deliver(message, from: .orchestrator(0), to: node)
    }

    mutating func deliver(_ message: Message, from sender: Address, to node: NodeIndex) throws {
      try carryOut(agents[node.int].handle(.message(message, from: sender)), node)
    }

    mutating func carryOut(_ actions: [NodeAgent.Action], _ node: NodeIndex) throws {
      for action in actions {
        guard case .send(let answer, let receiver) = action else { continue }
        switch receiver {
        case .node(let other): if silent != other, silent != node { try deliver(answer, from: .node(node), to: other) }
        case .orchestrator: try tell(.message(answer, from: node))
        case .client: break
        }
      }
    }

    /// The next pulse finds it.
    mutating func restart(_ node: Int, isSetBack: Bool) throws {
      start(node, isSetBack: isSetBack)
      try pass(0...60)
    }

    /// The node starts again, on its disk or on what that was before.
    mutating func start(_ node: Int, isSetBack: Bool) {
      let image = isSetBack ? images[node] : (promise: agents[node].promise, record: agents[node].record(partition))
      agents[node] = NodeAgent(
        NodeIndex(node), rules: rules, boot: 2, promise: image.promise,
        records: image.record.map { [(partition, $0)] } ?? [], plant: agents[node].plant)
      _ = agents[node].start(on: 0, boot: 2, image.promise, isNew: false)
    }

    mutating func pass(_ ticks: ClosedRange<UInt64>) throws {
      for time in stride(from: ticks.lowerBound, through: ticks.upperBound, by: 10) {
        try tell(.tick(time))
        try deliver()
        for node in agents.indices where time % 40 == 0 && agents[node].wantsTick {
          try carryOut(agents[node].handle(.tick), NodeIndex(node))
        }
      }
    }

    func isSlave(_ node: Int) -> Bool { agents[node].record(partition)?.state == StateIndex(1) }
  }

  @Test func theLabLeavesOneOrderUnderWay() throws {
    let lab = try Lab()
    #expect(lab.machine.phase == .running && lab.machine.progress.running == 1)
    #expect(lab.agents[0].leads(lab.partition) && lab.isSlave(1) && lab.isSlave(2))
  }

  @Test(arguments: [0, 2]) func whoStartsAgainAsItWasGoesOn(_ node: Int) throws {
    var lab = try Lab()
    let revision = lab.machine.revision
    try lab.restart(node, isSetBack: false)
    #expect(lab.machine.revision == revision)
    #expect(lab.agents[0].leads(lab.partition) && lab.agents[node].isRelied)
  }

  /// Its old followers are b alone, which has left or is about to: it would acknowledge writes without c.
  @Test func aLeaderThatHasForgottenANewReplicaIsFound() throws {
    var lab = try Lab()
    let revision = lab.machine.revision
    try lab.restart(0, isSetBack: true)
    #expect(lab.machine.revision > revision)
    let followers = lab.agents[0].record(lab.partition)?.followers ?? []
    #expect(!lab.agents[0].leads(lab.partition) || followers.contains(NodeIndex(2)))
  }

  /// It would tell its leader that it has left.
  @Test func aReplicaThatWasNotMadeYetIsFound() throws {
    var lab = try Lab()
    let revision = lab.machine.revision
    try lab.restart(2, isSetBack: true)
    #expect(lab.machine.revision > revision)
    lab.isHeld = false
    try lab.pass(70...400)
    #expect(lab.machine.phase == .reached && lab.isSlave(2) && lab.agents[0].leads(lab.partition))
  }

  /// Another orchestrator finds that c has more than a, which is to lead no more, but does not hear of that at first.
  @Test func aLeaderThatIsFoundBehindIsNotConfirmedBeforeItsCopyIsGone() throws {
    var lab = try Lab()
    lab.isHeld = false
    try lab.pass(0...200)
    #expect(lab.machine.phase == .reached, "b has left")
    let write = Message.write(lab.partition, value: 1, request: 1)
    try lab.deliver(write, from: .client(0), to: NodeIndex(0))
    #expect(lab.agents[2].record(lab.partition)?.log.count == 1)
    lab.machine = try Orchestrator(lab.cluster, hadHolders: [true], goal: MapStamp(revision: 2, digest: 7), writer: 2)
    (lab.isHeld, lab.heldNode) = (true, 0)
    lab.start(0, isSetBack: true)
    try lab.tell(.begin(lab.journal))
    try lab.pass(210...330)
    #expect(lab.machine.phase == .running && !lab.agents[0].isRelied && !lab.agents[0].leads(lab.partition))
    lab.isHeld = false
    try lab.pass(340...1_000)
    #expect(lab.machine.phase == .reached && lab.agents.allSatisfy(\.isRelied))
    #expect(lab.agents.contains { $0.leads(lab.partition) && $0.record(lab.partition)?.log.count == 1 })
  }

  /// a leads, c follows and is silent from now on; a starts again, as it was or set back by a write that c has.
  private func labWithoutTheFollower(isSetBack: Bool) throws -> Lab {
    var lab = try Lab()
    lab.isHeld = false
    try lab.pass(0...200)
    #expect(lab.machine.phase == .reached && lab.isSlave(2), "b has left")
    lab.images[0] = (lab.agents[0].promise, lab.agents[0].record(lab.partition))
    try lab.deliver(.write(lab.partition, value: 1, request: 1), from: .client(0), to: NodeIndex(0))
    #expect(lab.agents[2].record(lab.partition)?.log.count == 1)
    lab.silent = NodeIndex(2)
    lab.start(0, isSetBack: isSetBack)
    try lab.pass(210...1_400)
    #expect(lab.machine.lostNodes == [NodeIndex(2)])
    return lab
  }

  /// Nobody can tell whether a lacks what c has: it does not lead on alone, until c is back.
  @Test(arguments: [false, true]) func aLeaderThatStartsAgainWaitsForWhoIsLost(_ isSetBack: Bool) throws {
    var lab = try labWithoutTheFollower(isSetBack: isSetBack)
    #expect(lab.machine.phase == .reached && lab.agents[0].isRelied && !lab.agents[0].leads(lab.partition))
    #expect(lab.unreached.map(\.partition) == [lab.partition] && lab.unreached.map(\.why) == [.withheld])
    #expect(lab.agents[0].record(lab.partition)?.isInDoubt == false, "it may be the better one")
    lab.silent = nil
    try lab.pass(1_410...3_000)
    #expect(lab.machine.phase == .reached && lab.unreached.isEmpty && lab.agents.allSatisfy(\.isRelied))
    let leader = lab.agents.first { $0.leads(lab.partition) }
    #expect(leader?.record(lab.partition)?.log.map(\.value) == [1])
  }

  /// a is set back to before it knew c, which is lost to another orchestrator: that one hears of b only, which has
  /// left.
  @Test func aLeaderThatHasForgottenWhoIsLostWaitsForIt() throws {
    var lab = try Lab()
    lab.isHeld = false
    try lab.pass(0...200)
    try lab.deliver(.write(lab.partition, value: 1, request: 1), from: .client(0), to: NodeIndex(0))
    #expect(lab.agents[2].record(lab.partition)?.log.count == 1)
    lab.silent = NodeIndex(2)
    lab.start(0, isSetBack: true)
    lab.machine = try Orchestrator(lab.cluster, hadHolders: [true], goal: MapStamp(revision: 2, digest: 7), writer: 2)
    try lab.tell(.begin(lab.journal))
    try lab.pass(210...1_400)
    #expect(lab.machine.lostNodes == [NodeIndex(2)] && !lab.agents[0].leads(lab.partition))
    #expect(lab.unreached.map(\.why) == [.withheld] && lab.agents[0].record(lab.partition)?.isInDoubt == false)
    lab.silent = nil
    try lab.pass(1_410...3_000)
    let leader = lab.agents.first { $0.leads(lab.partition) }
    #expect(lab.machine.phase == .reached && leader?.record(lab.partition)?.log.map(\.value) == [1])
  }

  /// Whoever runs the cluster says that c is gone: then what a has is what there is.
  @Test func aLeaderLeadsOnAloneAtTheHostsWord() throws {
    var lab = try labWithoutTheFollower(isSetBack: false)
    try lab.tell(.lost(NodeIndex(2)))
    try lab.pass(1_410...1_900)
    #expect(lab.agents[0].leads(lab.partition) && lab.unreached.isEmpty)
  }

  /// b is told to go while a, which leads, has been set back and is not known to have started: a must ask b before b
  /// goes.
  @Test func aCopyDoesNotGoBeforeItsLeaderLeads() throws {
    var lab = try Lab()
    lab.start(0, isSetBack: false)
    lab.isHeld = false
    var order = Order(
      kind: .set, id: OrderID(revision: lab.machine.revision, number: 1_000), partition: lab.partition,
      node: NodeIndex(1),
      change: StateChange(StateIndex(1), StateIndex(3)))
    order.leader = NodeIndex(0)
    #expect(!lab.rules.holdsData(StateIndex(3)))
    try lab.deliver(.order(order), from: .orchestrator(0), to: NodeIndex(1))
    #expect(lab.isSlave(1), "a has not asked it")
    try lab.pass(10...300)
    #expect(lab.machine.phase == .reached && !lab.isSlave(1) && lab.agents[0].leads(lab.partition))
  }

  /// The same with nobody but b beside a, which lacks a write of b's: that is lost if b goes unasked.
  @Test(arguments: [nil, InjectedFault.leaveUnasked]) func whatOnlyACopyThatGoesHasIsKept(_ plant: InjectedFault?)
    throws
  {
    var lab = try Lab(target: nil, plant: plant)
    try lab.pass(0...20)
    try lab.deliver(.write(lab.partition, value: 1, request: 1), from: .client(0), to: NodeIndex(0))
    #expect(lab.isSlave(1) && lab.agents.prefix(2).allSatisfy { $0.record(lab.partition)?.log.count == 1 })
    lab.start(0, isSetBack: true)
    lab.isHeld = false
    // b is told again to go before the next pulse finds that a has started.
    try lab.pass(30...1_000)
    let leader = lab.agents.first { $0.leads(lab.partition) }
    #expect(
      lab.machine.phase == .reached && leader?.record(lab.partition)?.log.map(\.value) == (plant == nil ? [1] : []))
  }

  /// a leads; c, which follows it, starts again with a disk from before that, and would obey whoever led before.
  @Test func whoMayHaveForgottenItsLeaderIsToldFirst() throws {
    var hand = try OrchestratorHand()
    _ = hand.begin()
    let (master, slave) = (AgentHand.master, AgentHand.slave)
    func holding(_ state: StateIndex, _ term: UInt64, leads: [Int]?) -> Holding {
      Holding(
        partition: PartitionIndex(0), state: state, term: term, isLeading: leads != nil,
        followers: (leads ?? []).map { NodeIndex($0) },
        log: Holding.LogEnd(lastTerm: 1, count: 1))
    }
    var forgetful = holding(slave, 1, leads: nil)
    forgetful.isUnproven = true
    let disk = DiskState(store: 1 << 32 | 1, boot: 2, confirmed: 1, isConfirmed: false)
    _ = hand.inventory(0, [holding(master, 2, leads: [2])])
    _ = hand.inventory(1, [])
    _ = hand.inventory(2, [forgetful], disk: disk)
    let order = try hand.plan().compactMap(\.order).first
    #expect(
      order?.kind == .set && order?.node == NodeIndex(2) && order?.change == StateChange(slave, slave)
        && order?.term == 2)
    func confirmed(_ seen: [OrchestratorHand.Seen]) -> [UInt32] {
      seen.compactMap { if case .send(.check(_, let confirmed, _, _, _), 2) = $0 { confirmed } else { nil } }
    }
    #expect(confirmed(hand.tell(.tick(0))) == [0], "not before it has been told")
    _ = hand.say(.done(order!.id), 2)
    _ = hand.tell(.recorded(true))
    #expect(confirmed(hand.pass(10...50)).last == 2)
  }

  /// Two partitions, which it leads alone. The disk is confirmed but for one: that one is not served, nor after the
  /// next start, until it has been thrown away.
  @Test func aDiskIsConfirmedButForACopy() throws {
    let (served, doubted) = (PartitionIndex(0), PartitionIndex(1))
    let rules = ExecutionRules(StateModel.masterSlave)
    let cluster = try DenseCluster(
      Cluster(settings: Settings(partitionCount: 2, constraints: [1, 0, 0, 0]), nodes: [Node(name: "a")]))
    let names = try WireNames(cluster)
    func start(_ boot: UInt32, _ promise: Promise, _ records: [(PartitionIndex, Record)]) -> NodeAgent {
      var agent = NodeAgent(NodeIndex(0), rules: rules, boot: boot, promise: promise, records: records)
      _ = agent.start(on: 1 << 32 | 1, boot: boot, promise, isNew: false)
      return agent
    }
    func confirm(_ agent: inout NodeAgent, _ boot: UInt32, _ inDoubt: [PartitionIndex]) -> [NodeAgent.Action] {
      agent.handle(.message(.check(revision: 4, confirmed: boot, setBack: 0, inDoubt: inDoubt), from: .orchestrator(0)))
    }
    var promise = Promise(revision: 4)
    promise.disk = Promise.Disk(store: 1 << 32 | 1, boot: 1, confirmed: 3)
    let record = Record(state: StateIndex(0), term: 3, leadsWith: [])
    var agent = start(2, promise, [(served, record), (doubted, record)])
    #expect(!agent.leads(served) && !agent.leads(doubted))
    let actions = confirm(&agent, 2, [doubted])
    #expect(actions.prefix(2) == [.persist(doubted), .persistPromise], "the doubt first")
    #expect(agent.leads(served) && !agent.leads(doubted))

    // Kept through a start, and told.
    let kept = [served, doubted].map { partition -> (PartitionIndex, Record) in
      let bytes = agent.record(partition)!.bytes(partition, names)
      guard case .record(_, let record)? = bytes.withUnsafeBytes({ try? Kept($0, names) }) else {
        return (partition, Record())
      }
      return (partition, record)
    }
    agent = start(3, agent.promise, kept)
    _ = confirm(&agent, 3, [])
    #expect(agent.leads(served) && !agent.leads(doubted))
    let told = agent.handle(.message(.claim(revision: 5), from: .orchestrator(0)))
    guard case .send(.inventory(_, let holdings, _), _)? = told.last else { return #expect(Bool(false)) }
    #expect(holdings.map(\.isInDoubt) == [false, true])
    #expect(
      agent.handle(.message(.write(doubted, value: 1, request: 1), from: .client(0))) == [
        .send(.denied(request: 1, isDefinite: true), to: .client(0))
      ])

    let discard = Order(
      kind: .discard, id: OrderID(revision: 5, number: 0), partition: doubted, node: NodeIndex(0),
      change: StateChange(StateIndex(0), .null))
    _ = agent.handle(.message(.order(discard), from: .orchestrator(0)))
    #expect(agent.record(doubted)?.isInDoubt == false && agent.record(doubted)?.state == .null)
  }

  /// An orchestrator that knows nothing of disks says only that it is there.
  @Test func aNewDiskIsNotConfirmedBeforeItHasPromisedAnything() {
    let rules = ExecutionRules(StateModel.masterSlave)
    var agent = NodeAgent(NodeIndex(0), rules: rules, boot: 2, promise: Promise(revision: 0), records: [])
    _ = agent.start(on: 2, boot: 2, nil, isNew: true)
    _ = agent.handle(.message(.pulse, from: .orchestrator(0)))
    #expect(!agent.isRelied)
    _ = agent.handle(.message(.claim(revision: 5), from: .orchestrator(0)))
    _ = agent.handle(.message(.pulse, from: .orchestrator(0)))
    #expect(agent.isRelied && agent.disk?.born == 5)
  }
}

extension Message {
  fileprivate var isOrder: Bool { if case .order = self { true } else { false } }
}
