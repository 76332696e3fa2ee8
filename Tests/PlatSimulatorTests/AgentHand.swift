@testable import PlatEngine

/// One agent by hand: node 0, and of one partition what a test gives it. What it answers is compared word for word.
struct AgentHand {
  static let partition = PartitionIndex(0)
  static let (master, slave, pending, dead) = (StateIndex(0), StateIndex(1), StateIndex(2), StateIndex(3))

  var agent: NodeAgent

  /// `followers`: it leads; `log`: terms of its entries.
  init(
    _ state: StateIndex, term: UInt64 = 1, followers: [Int]? = nil, log: [UInt64] = [], revision: UInt64 = 1,
    minInSync: Int = 1,
    change: (inout Record) -> Void = { _ in }
  ) {
    var record = Record(state: state, term: term, leadsWith: followers.map { $0.map { NodeIndex($0) } })
    record.log = AgentHand.log(log)
    change(&record)
    agent = NodeAgent(
      NodeIndex(0), rules: ExecutionRules(.masterSlave, minInSync: minInSync), boot: 1,
      promise: Promise(revision: revision),
      records: [(AgentHand.partition, record)])
  }

  /// Knows nothing.
  init() {
    agent = NodeAgent(
      NodeIndex(0), rules: ExecutionRules(.masterSlave), boot: 1, promise: Promise(revision: 1), records: [])
  }

  static func log(_ terms: [UInt64]) -> [Entry] { terms.enumerated().map { Entry(term: $1, value: UInt64($0)) } }

  mutating func hear(_ message: Message, from sender: Address = .orchestrator(0)) -> [NodeAgent.Action] {
    agent.handle(.message(message, from: sender))
  }
  mutating func hear(_ message: Message, node: Int) -> [NodeAgent.Action] {
    hear(message, from: .node(NodeIndex(node)))
  }
  mutating func hear(_ message: Message, client: UInt32) -> [NodeAgent.Action] { hear(message, from: .client(client)) }

  /// What the node remembers; it starts again on that.
  var record: Record { agent.record(AgentHand.partition) ?? Record() }

  static func id(_ number: UInt32, _ revision: UInt64 = 1) -> OrderID { OrderID(revision: revision, number: number) }

  static func order(
    _ kind: Order.Kind, number: UInt32 = 1, revision: UInt64 = 1, _ from: StateIndex, _ to: StateIndex,
    source: Int? = nil,
    sourceChange: (StateIndex, StateIndex)? = nil, leader: Int? = nil, term: UInt64 = 1, followers: [Int] = []
  ) -> Order {
    var order = Order(
      kind: kind, id: id(number, revision), partition: partition, node: NodeIndex(0),
      source: source.map { NodeIndex($0) } ?? .none,
      change: StateChange(from, to), followers: followers.map { NodeIndex($0) })
    if let sourceChange { order.sourceChange = StateChange(sourceChange.0, sourceChange.1) }
    order.leader = leader.map { NodeIndex($0) } ?? .none
    order.term = term
    return order
  }
}

extension NodeAgent.Action {
  static func send(_ message: Message, node: Int) -> Self { .send(message, to: .node(NodeIndex(node))) }
  static func answer(_ message: Message) -> Self { .send(message, to: .orchestrator(0)) }
  static func send(_ message: Message, client: UInt32) -> Self { .send(message, to: .client(client)) }
  static let persist = Self.persist(AgentHand.partition)
}
