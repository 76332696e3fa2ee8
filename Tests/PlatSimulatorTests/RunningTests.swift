import PlatEngine
import PlatSimulator
import Testing

/// Running states, pauses, denials and floors of single agents; all together they are in the simulator's runs.
@Suite struct RunningTests {
  private let rules = ExecutionRules(.masterSlave)
  private let partition = PartitionIndex(0)
  private let client = Address.client(7)
  private let master = StateIndex(0)
  private let slave = StateIndex(1)

  private func agent(_ node: Int, _ state: StateIndex, followers: [Int]? = nil, rules: ExecutionRules? = nil)
    -> NodeAgent
  {
    let record = Record(state: state, term: 1, leadsWith: followers.map { $0.map { NodeIndex($0) } })
    return NodeAgent(
      NodeIndex(node), rules: rules ?? self.rules, boot: 1, promise: Promise(revision: 1),
      records: [(partition, record)])
  }

  private func change(
    _ agent: inout NodeAgent, _ number: UInt32, _ from: RunMode, _ to: RunMode
  ) -> [NodeAgent.Action] {
    let order = ModeOrder(id: OrderID(revision: 1, number: number), partition: partition, from: from, to: to)
    return agent.handle(.message(.mode(order), from: .orchestrator(0)))
  }

  /// The table of DESIGN §5, by its words, and every way in it.
  @Test func theTableIsTheDesigns() {
    let names: [Character: RunState] = ["s": .stopped, "w": .warming, "r": .running, "c": .cooling]
    let rows = ["-www", "c-rc", "cc-c", "ssr-"]
    for (from, row) in zip(RunState.allCases, rows) {
      #expect(from.takesRequests == (from != .stopped))
      for (to, hop) in zip(RunState.allCases, row) {
        #expect(from.next(to: to) == (names[hop] ?? to), "\(from) to \(to)")
        var (here, hops) = (from, 0)
        while here != to, hops < 4 { (here, hops) = (here.next(to: to), hops + 1) }
        #expect(here == to, "no way from \(from) to \(to)")
      }
    }
    for code in UInt8.min...UInt8.max {
      #expect(RunMode(code: code).map(\.code) == (code < 16 ? code : nil))
    }
  }

  @Test func hopsAreDoneOnceAndOnlyFromWhereTheyBegin() {
    var node = agent(0, master, followers: [])
    let (running, cooling, stopped) = (RunMode.usual, RunMode(.cooling), RunMode(.stopped))
    #expect(change(&node, 0, running, stopped).count == 1, "no hop")
    #expect(node.mode(partition) == running)
    #expect(change(&node, 1, running, cooling).first == .persist(partition))
    #expect(node.mode(partition) == cooling)
    _ = change(&node, 2, cooling, running)
    _ = change(&node, 1, running, cooling)
    #expect(node.mode(partition) == running, "a request of before is not done again")
    _ = change(&node, 3, running, RunMode(.running, pauses: [.persistence, .replication]))
    #expect(node.mode(partition)?.pauses == [.persistence, .replication])
    // It is kept.
    let again = NodeAgent(
      NodeIndex(0), rules: rules, boot: 2, promise: node.promise, records: [(partition, node.record(partition)!)])
    #expect(again.mode(partition) == node.mode(partition))
  }

  @Test func whatIsStoppedDeniesForCertainAndDoesNotLead() {
    var node = agent(0, master, followers: [])
    _ = change(&node, 1, .usual, RunMode(.cooling))
    _ = change(&node, 2, RunMode(.cooling), RunMode(.stopped))
    for message in [Message.write(partition, value: 1, request: 5), .read(partition, request: 5)] {
      #expect(
        node.handle(.message(message, from: client)) == [.send(.denied(request: 5, isDefinite: true), to: client)])
    }
    var other = agent(1, slave)
    _ = change(&other, 1, .usual, RunMode(.running, pauses: .replication))
    let order = Order(
      kind: .set, id: OrderID(revision: 1, number: 9), partition: partition, node: NodeIndex(1),
      change: StateChange(slave, master))
    let orchestrator = Address.orchestrator(0)
    #expect(
      other.handle(.message(.order(order), from: orchestrator)) == [
        .send(.refused(order.id, .notRunning), to: orchestrator)
      ])
    _ = change(&other, 2, RunMode(.running, pauses: .replication), .usual)
    _ = other.handle(.message(.order(order), from: orchestrator))
    #expect(other.leads(partition))
  }

  @Test func writesWaitWhilePersistenceIsPaused() {
    var node = agent(0, master, followers: [])
    let paused = RunMode(.running, pauses: .persistence)
    _ = change(&node, 1, .usual, paused)
    #expect(node.handle(.message(.write(partition, value: 1, request: 5), from: client)).isEmpty)
    #expect(
      node.handle(.message(.read(partition, request: 6), from: client)) == [
        .send(.answer(request: 6, log: []), to: client)
      ])
    let actions = change(&node, 2, paused, .usual)
    #expect(actions.contains(.send(.written(request: 5), to: client)))
    // No more than so many wait.
    _ = change(&node, 3, .usual, paused)
    for request in 0..<UInt32(1024) {
      #expect(node.handle(.message(.write(partition, value: 1, request: request), from: client)).isEmpty)
    }
    #expect(
      node.handle(.message(.write(partition, value: 1, request: 9999), from: client)) == [
        .send(.denied(request: 9999, isDefinite: true), to: client)
      ])
  }

  @Test func aPausedFollowerTakesNothingAndConfirmsWhatItHas() {
    var node = agent(1, slave)
    let leader = Address.node(NodeIndex(0))
    func append(_ round: UInt64, _ previous: Int, _ count: Int) -> Message {
      .append(
        partition, term: 1, round: round, previous: previous, previousTerm: previous == 0 ? 0 : 1,
        log: (previous..<previous + count).map { Entry(term: 1, value: UInt64($0)) })
    }
    _ = node.handle(.message(append(1, 0, 1), from: leader))
    for (number, mode) in [
      RunMode(.running, pauses: .persistence), RunMode(.running, pauses: .replication), RunMode(.cooling),
    ].enumerated() {
      _ = change(&node, UInt32(3 * number + 1), .usual, mode)
      if mode.run == .cooling { _ = change(&node, 99, mode, RunMode(.stopped)) }
      let actions = node.handle(.message(append(9, 0, 2), from: leader))
      #expect(actions == [.send(.appended(partition, term: 1, round: 9, matched: 1, isCopy: true), to: leader)])
      #expect(node.record(partition)?.log.count == 1)
      _ = change(&node, UInt32(3 * number + 2), mode, .usual)
    }
  }

  @Test func denialsSayWhetherTheWriteMayHappen() {
    var node = agent(0, master, followers: [1])
    _ = node.handle(.message(.write(partition, value: 1, request: 5), from: client))
    _ = node.handle(.message(.read(partition, request: 6), from: client))
    let actions = node.handle(.message(.fenced(partition, term: 9), from: .node(NodeIndex(1))))
    #expect(actions == [
        .send(.denied(request: 5, isDefinite: false), to: client),
        .send(.denied(request: 6, isDefinite: true), to: client),
    ])
    let after = node.handle(.message(.write(partition, value: 2, request: 7), from: client))
    #expect(after == [.send(.denied(request: 7, isDefinite: true), to: client)])
  }

  @Test func noWriteIsAcknowledgedBelowTheFloor() {
    var node = agent(0, master, followers: [], rules: ExecutionRules(.masterSlave, minInSync: 2))
    #expect(
      node.handle(.message(.write(partition, value: 1, request: 5), from: client)) == [
        .send(.denied(request: 5, isDefinite: true), to: client)
      ])
    node = agent(0, master, followers: [1], rules: ExecutionRules(.masterSlave, minInSync: 2))
    _ = node.handle(.message(.write(partition, value: 1, request: 6), from: client))
    func appended(_ isCopy: Bool) -> [NodeAgent.Action] {
      let message = Message.appended(partition, term: 1, round: node.round, matched: 1, isCopy: isCopy)
      return node.handle(.message(message, from: .node(NodeIndex(1))))
    }
    #expect(appended(false).isEmpty, "a replica that is still being made is no copy")
    #expect(appended(true) == [.send(.written(request: 6), to: client)])
  }
}
