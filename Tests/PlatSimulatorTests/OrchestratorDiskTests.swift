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
    var journal: Journal
    /// What a and c had on disk before c had anything.
    var images: [(promise: Promise, record: Record?)] = []
    let partition = PartitionIndex(0)

    init() throws {
      let settings = Settings(partitionCount: 1, constraints: [1, 1, 0, 0])
      cluster = try DenseCluster(Cluster(settings: settings, nodes: ["a", "b", "c"].map { Node(name: $0) }))
      func map(_ slave: Int) throws -> PlacementMap {
        var builder = try PlacementMapBuilder(partitionCount: 1, expected: [1, 1, 0, 0])
        try builder.set(partition: 0, state: 0, nodes: [NodeIndex(0)])
        try builder.set(partition: 0, state: 1, nodes: [NodeIndex(slave)])
        return try builder.finish(least: [1, 1, 0, 0])
      }
      target = try map(2)
      let beginning = Beginning(cluster, map: try map(1), revision: 1)
      rules = ExecutionRules(cluster.cluster.settings.model)
      machine = try Orchestrator(cluster, hadHolders: [true], goal: MapStamp(revision: 2, digest: 7), writer: 1)
      journal = beginning.journal
      agents = []
      for node in 0..<3 {
        var agent = NodeAgent(
          NodeIndex(node), rules: rules, boot: 1, promise: Promise(revision: 1),
          records: beginning.records(of: NodeIndex(node)).map { ($0.partition, $0.record) })
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
          let way = try survey.way(of: cluster, to: target)
          try tell(.planned(way.steps, map: MapStamp(revision: survey.revision, digest: 7)))
        case .reached, .releaseMaps, .frozen, .retired, .mode: break
        }
      }
    }

    mutating func deliver() throws { while !sent.isEmpty { try deliverNext() } }

    private mutating func deliverNext() throws {
      let (message, node) = sent.removeFirst()
      if isHeld, message.isOrder, node.int == heldNode { return }
      try deliver(message, from: .orchestrator(0), to: node)
    }

    mutating func deliver(_ message: Message, from sender: Address, to node: NodeIndex) throws {
      try carryOut(agents[node.int].handle(.message(message, from: sender)), node)
    }

    mutating func carryOut(_ actions: [NodeAgent.Action], _ node: NodeIndex) throws {
      for action in actions {
        guard case .send(let answer, let receiver) = action else { continue }
        switch receiver {
        case .node(let other): try deliver(answer, from: .node(node), to: other)
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
        records: image.record.map { [(partition, $0)] } ?? [])
      _ = agents[node].start(on: 0, boot: 2, image.promise, isNew: false)
    }

    mutating func pass(_ ticks: ClosedRange<UInt64>) throws {
      for time in stride(from: ticks.lowerBound, through: ticks.upperBound, by: 10) {
        try tell(.tick(time))
        try deliver()
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
