import PlatEngine
import PlatSimulator
import Testing

/// The orchestrator by hand: agents that answer at once.
@Suite struct OrchestratorTests {
  /// Two nodes, one partition, from the first to the second.
  private struct Hand {
    var machine: Orchestrator
    var agents: [NodeAgent]
    var journal: Journal
    let cluster: DenseCluster
    let current: PlacementMap
    let target: PlacementMap
    var sent: [(Message, NodeIndex)] = []
    var isReached = false
    var isRetired = false
    var frozen: [NodeIndex] = []
    var released: UInt64?

    init() throws {
      let cluster = try DenseCluster(
        Cluster(
          settings: Settings(partitionCount: 1, constraints: [1, 0, 0, 0]),
          nodes: [Node(name: "a", status: .leaving), Node(name: "b")]))
      var builder = try PlacementMapBuilder(partitionCount: 1, expected: [1, 0, 0, 0])
      try builder.set(partition: 0, state: 0, nodes: [NodeIndex(0)])
      current = try builder.finish(least: [1, 0, 0, 0])
      target = try Planner.plan(cluster, from: current).target
      self.cluster = cluster
      machine = try Orchestrator(cluster, hadHolders: [true], goal: MapStamp(revision: 2, digest: 7), writer: 1)
      journal = Journal(revision: 1, partitionCount: 1)
      let rules = ExecutionRules(cluster.cluster.settings.model)
      agents = [
        NodeAgent(
          NodeIndex(0), rules: rules, boot: 1, promise: Promise(revision: 1),
          records: [(PartitionIndex(0), Record(state: StateIndex(0), term: 1, leadsWith: []))]),
        NodeAgent(NodeIndex(1), rules: rules, boot: 1, promise: Promise(revision: 1), records: []),
      ]
    }

    mutating func tell(_ event: Orchestrator.Event) throws {
      for action in machine.handle(event) {
        switch action {
        case .send(let message, let node): sent.append((message, node))
        case .record(let new, _):
          journal = new
          try tell(.recorded(true))
        case .plan(let survey):
          let map = try survey.map(of: cluster)
          try tell(
            .planned(
              StepPlanner.plan(cluster, from: map, to: target), map: MapStamp(revision: survey.revision, digest: 7)))
        case .reached: isReached = true
        case .releaseMaps(let revision): released = revision
        case .frozen(let nodes): frozen = nodes
        case .retired: isRetired = true
        case .mode, .keptOut: break
        }
      }
    }

    /// Delivers what is on its way, with what that leads to; at most so many orders.
    mutating func deliver(orders: Int = .max) throws {
      var left = orders
      while !sent.isEmpty {
        let (message, node) = sent.removeFirst()
        if case .order = message {
          guard left > 0 else {
            sent.insert((message, node), at: 0)
            return
          }
          left -= 1
        }
        try deliver(message, from: .orchestrator(0), to: node)
      }
    }

    mutating func deliver(_ message: Message, from sender: Address, to node: NodeIndex) throws {
      for action in agents[node.int].handle(.message(message, from: sender)) {
        guard case .send(let answer, let receiver) = action else { continue }
        switch receiver {
        case .node(let other): try deliver(answer, from: .node(node), to: other)
        case .orchestrator: try tell(.message(answer, from: node))
        case .client: break
        }
      }
    }
  }

  @Test func goesToTheEndAndReleasesOldMaps() throws {
    var hand = try Hand()
    try hand.tell(.begin(hand.journal))
    try hand.deliver()
    #expect(hand.isReached)
    #expect(hand.agents[1].record(PartitionIndex(0))?.state == StateIndex(0))
    #expect(hand.agents[0].record(PartitionIndex(0))?.state == .null)
    #expect(hand.released == 2)
  }

  @Test func pausesAndGoesOn() throws {
    var hand = try Hand()
    try hand.tell(.begin(hand.journal))
    try hand.tell(.pause)
    try hand.deliver()
    #expect(!hand.isReached)
    #expect(hand.machine.progress.done == 0)
    try hand.tell(.resume)
    try hand.deliver(orders: 1)
    #expect(hand.machine.progress.done == 1)
    #expect(hand.machine.progress.left > 0)
    #expect(hand.machine.progress.rounds == hand.machine.progress.left + hand.machine.progress.running)
    #expect(hand.machine.progress.toCopy == Rational(1))
    try hand.tell(.pause)
    try hand.deliver()
    #expect(!hand.isReached)
    try hand.tell(.resume)
    try hand.deliver()
    #expect(hand.isReached)
  }

  @Test func cancelAsksForAPlanToStay() throws {
    var hand = try Hand()
    try hand.tell(.begin(hand.journal))
    try hand.tell(.cancel)
    #expect(hand.machine.isCancelled)
    #expect(hand.machine.revision == 3)
  }

  @Test func asksAgainAndInTheEndPlansAgain() throws {
    var hand = try Hand()
    try hand.tell(.begin(hand.journal))
    try hand.deliver(orders: 0)
    let first = hand.machine.revision
    hand.sent = []
    var orders = 0
    // The nodes are there, and answer no order.
    func areThere() throws { for node in 0..<2 { try hand.tell(.message(.alive, from: NodeIndex(node))) } }
    for time in stride(from: UInt64(0), to: 120, by: 10) {
      try hand.tell(.tick(time))
      try areThere()
      orders += hand.sent.count { if case .order = $0.0 { true } else { false } }
      hand.sent = []
    }
    #expect(orders == 2, "again after 30 ticks and after 60 more")
    for time in stride(from: UInt64(120), to: 5_000, by: 10) {
      try hand.tell(.tick(time))
      try areThere()
    }
    #expect(hand.machine.revision > first)
  }

  @Test func theFirstStopsWhereAnotherHasSpoken() throws {
    var hand = try Hand()
    try hand.tell(.begin(hand.journal))
    try hand.deliver(orders: 0)
    // Another claims the nodes with a later revision.
    for node in 0..<2 { _ = hand.agents[node].handle(.message(.claim(revision: 9), from: .orchestrator(1))) }
    try hand.deliver()
    #expect(hand.isRetired)
    #expect(hand.agents[0].record(PartitionIndex(0))?.state == StateIndex(0))
  }

  @Test func aWrongMapIsTold() throws {
    var hand = try Hand()
    func told(_ stamp: MapStamp) -> MapStamp? {
      for case .send(.hasMap(let known), _) in hand.agents[0].handle(.message(.map(stamp), from: .orchestrator(0))) {
        return known
      }
      return nil
    }
    let right = MapStamp(revision: 4, digest: 1)
    #expect(told(right) == right)
    #expect(told(MapStamp(revision: 3, digest: 5)) == right, "older")
    #expect(told(MapStamp(revision: 4, digest: 5)) == right, "another of the same number")
    #expect(told(MapStamp(revision: 5, digest: 5)) == MapStamp(revision: 5, digest: 5))
  }
}
