import PlatEngine

/// Every interleaving of a takeover between two nodes of one partition, with the very same agents: breadth first over states.
///
/// What was sent can arrive at any time, any number of times, or never (a client's request once or never); nodes crash, also between two actions, and restart;
/// at any moment either node is given up for lost, written down in the journal, and the other one told to lead alone.
public struct TakeoverModel: Sendable {
  public struct Result: Sendable {
    public var states = 0
    /// No state was left out but for the bounds on crashes, rounds and restarts.
    public var isComplete = false
    public var broken: Invariant?
    /// Writes that were acknowledged in some state.
    public var acknowledged: UInt64 = 0
  }

  /// Bounds that make the states finite.
  public var crashes = 1
  public var rounds: UInt64 = 2
  public var mostStates = 200_000
  private let plant: Plant?
  private let rules: ExecutionRules
  private let model = StateModel.masterSlave
  private let partition = PartitionIndex(0)

  public init(plant: Plant? = nil) {
    self.plant = plant
    rules = ExecutionRules(model)
  }

  private struct Envelope: Hashable {
    var message: Message
    var sender: Address
    var receiver: Int
  }

  private struct World: Hashable {
    var agents: [NodeAgent]
    var boots: [UInt32]
    /// What is on disk.
    var revision: [UInt64]
    var records: [Record?]
    /// All that was ever sent.
    var net: Set<Envelope>
    var acknowledged: UInt64 = 0
    var crashes: Int
    /// Who was given up; nil: nobody.
    var lost: Int?
    /// The journal's roster has been written.
    var roster: Journal.Roster?
  }

  private static let orchestrator = Address.orchestrator(0)
  private static let client = Address.client(0)

  private func agent(_ node: Int, _ boot: UInt32, _ revision: UInt64, _ record: Record?) -> NodeAgent {
    NodeAgent(
      NodeIndex(node), rules: rules, boot: boot, promise: Promise(revision: revision), records: record.map { [(partition, $0)] } ?? [], plant: plant)
  }

  private func order(_ kind: Order.Kind, _ revision: UInt64, _ from: Int, _ to: Int, node: Int) -> Order {
    var order = Order(
      kind: kind, id: OrderID(revision: revision, number: 0), partition: partition, node: NodeIndex(node),
      change: StateChange(StateIndex(from), StateIndex(to)))
    order.term = revision
    return order
  }

  private var first: World {
    let records = [
      Record(state: StateIndex(0), term: 1, leadsWith: [NodeIndex(1)]), Record(state: StateIndex(1), term: 1, leadsWith: nil),
    ]
    var takeover = order(.takeOver, 2, 1, 0, node: 1)
    takeover.source = NodeIndex(0)
    takeover.sourceChange = StateChange(StateIndex(0), StateIndex(3))
    return World(
      agents: (0...1).map { agent($0, 1, 1, records[$0]) }, boots: [1, 1], revision: [1, 1], records: records,
      net: [
        Envelope(message: .order(takeover), sender: TakeoverModel.orchestrator, receiver: 1),
        Envelope(message: .write(partition, value: 0, request: 0), sender: TakeoverModel.client, receiver: 0),
        Envelope(message: .write(partition, value: 1, request: 1), sender: TakeoverModel.client, receiver: 1),
      ], crashes: crashes)
  }

  /// Looks at all states, or stops at the first in which an invariant is broken.
  public func run() -> Result {
    var result = Result()
    var seen: Set<World> = [first]
    var queue = [first]
    var next = 0
    while next < queue.count {
      let world = queue[next]
      next += 1
      for following in successors(world) where isBounded(following) && seen.insert(following).inserted {
        result.acknowledged |= following.acknowledged
        if let broken = broken(following) {
          result.broken = broken
          result.states = seen.count
          return result
        }
        queue.append(following)
        guard queue.count < mostStates else {
          result.states = queue.count
          return result
        }
      }
    }
    result.states = queue.count
    result.isComplete = true
    return result
  }

  private func isBounded(_ world: World) -> Bool { world.agents.allSatisfy { $0.round & 0xffff_ffff <= rounds } }

  private func successors(_ world: World) -> [World] {
    var worlds: [World] = []
    for envelope in world.net {
      var world = world
      if case .client = envelope.sender { world.net.remove(envelope) }
      step(world, envelope.receiver, .message(envelope.message, from: envelope.sender), &worlds)
    }
    for node in 0...1 {
      if world.agents[node].wantsTick { step(world, node, .tick, &worlds) }
      if world.crashes > 0 { worlds.append(restarted(world, node)) }
      if world.lost == nil {
        var given = world
        given.lost = node
        given.net.insert(
          Envelope(message: .claim(revision: 3), sender: TakeoverModel.orchestrator, receiver: 1 - node))
        worlds.append(given)
      }
    }
    return worlds
  }

  private func restarted(_ world: World, _ node: Int) -> World {
    var world = world
    world.crashes -= 1
    world.boots[node] += 1
    world.agents[node] = agent(node, world.boots[node], world.revision[node], world.records[node])
    return world
  }

  /// One event of one node, and the same with a crash after each of its actions.
  private func step(_ world: World, _ node: Int, _ event: NodeAgent.Event, _ worlds: inout [World]) {
    var world = world
    let actions = world.agents[node].handle(event)
    for (index, action) in actions.enumerated() {
      if index > 0, world.crashes > 0 { worlds.append(restarted(world, node)) }
      switch action {
      case .persistPromise: world.revision[node] = world.agents[node].revision
      case .persist(let partition): world.records[node] = world.agents[node].record(partition)
      case .send(let message, let receiver): send(message, node, receiver, &world)
      case .changedMode: break
      }
    }
    worlds.append(world)
  }

  private func send(_ message: Message, _ node: Int, _ receiver: Address, _ world: inout World) {
    switch (receiver, message) {
    case (.node(let other), _):
      world.net.insert(Envelope(message: message, sender: .node(NodeIndex(node)), receiver: other.int))
    case (.client, .written(let request)): world.acknowledged |= 1 << UInt64(request)
    case (.orchestrator, .inventory(3, let holdings)): lead(node, holdings, &world)
    default: break
    }
  }

  /// The survey of one node: it leads alone, if it has a copy.
  private func lead(_ node: Int, _ holdings: [Holding], _ world: inout World) {
    guard let holding = holdings.first, rules.holdsData(holding.state) else { return }
    world.roster = Journal.Roster(revision: 3, members: [NodeIndex(node)])
    let isMaster = holding.state == StateIndex(0)
    world.net.insert(
      Envelope(
        message: .order(order(isMaster ? .lead : .set, 3, holding.state.int, 0, node: node)), sender: TakeoverModel.orchestrator,
        receiver: node))
  }

  private func broken(_ world: World) -> Invariant? {
    var servers = 0
    var complete = 0
    for node in 0...1 {
      guard let record = world.records[node], rules.holdsData(record.state) else { continue }
      if record.state == StateIndex(0), record.led == record.term,
        record.followers.allSatisfy({ (world.records[$0.int]?.term ?? 0) <= record.led })
      {
        servers += 1
      }
      if let roster = world.roster, record.term < roster.revision, !roster.members.contains(NodeIndex(node)) { continue }
      complete += 1
      let has = record.log.reduce(UInt64(0)) { $0 | 1 << $1.value }
      if world.acknowledged & ~has != 0 { return .acknowledgedKept }
    }
    if servers > 1 { return .oneMaster }
    return complete == 0 && world.acknowledged != 0 && world.roster != nil ? .acknowledgedKept : nil
  }
}
