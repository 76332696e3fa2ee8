import PlatEngine

/// Every interleaving of a takeover of one partition, with the very same agents and the same survey: breadth first over
/// states.
///
/// The first node leads and hands over to the second, and gives its copy up; a third one goes on following, or has no
/// copy and gets one when another node is given up. What was sent can arrive at any time, any number of times, or never
/// (a client's request once or never); nodes crash, also between two actions, and restart; at any moment one node is
/// given up, written down in the journal, and the others go on without it; it may be gone for good, with its disk,
/// where another complete copy is left.
public struct TakeoverModel: Sendable {
  public struct Result: Sendable {
    public var states = 0
    /// No state was left out but for the bounds on crashes, rounds and restarts.
    public var isComplete = false
    public var broken: Invariant?
    /// Writes that were acknowledged in some state.
    public var acknowledged: UInt64 = 0
    /// In some state a node is gone for good and another leads since then: by node that is gone.
    public var goesOnWithout: [Bool] = []
    /// In some state the old leader leads again, after it had handed over.
    public var takesBack = false
    /// By node that was given up: in some state another that had no copy has one instead, with an acknowledged write.
    public var isReplaced: [Bool] = []
  }

  /// Bounds that make the states finite.
  public var crashes = 1
  public var rounds: UInt64 = 2
  public var mostStates = 200_000
  /// Of clients: one to the second node, and one to the first. The latter is left out.
  public var writesToOldLeader = true
  /// Whoever waits for an answer asks again. Messages come twice in any case.
  public var asksAgain = true
  public var nodes = 2
  /// Of the partition; those nodes that are left have no copy.
  public var replicas = 1
  /// Nodes that are given up may be gone for good.
  public var mayBeGone = true
  private let plant: InjectedFault?
  private let rules: ExecutionRules
  private let model = StateModel.masterSlave
  private let partition = PartitionIndex(0)

  public init(plant: InjectedFault? = nil) {
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
    /// Who is gone for good, and who was given up; nil: nobody.
    var gone: Int?
    var lost: Int?
    /// What the others told then.
    var inventories: [[Holding]?]
    var journal: Journal
    /// Orders that are not done; and those that are given afterwards, one after another: somebody leads, who has no
    /// copy gets one.
    var settling: Set<UInt32> = []
    var following: [Order] = []
  }

  private static let orchestrator = Address.orchestrator(0)
  private static let client = Address.client(0)

  private func agent(_ node: Int, _ boot: UInt32, _ revision: UInt64, _ record: Record?) -> NodeAgent {
    NodeAgent(
      NodeIndex(node), rules: rules, boot: boot, promise: Promise(revision: revision),
      records: record.map { [(partition, $0)] } ?? [], plant: plant)
  }

  private var first: World {
    let others = (1...replicas).map { NodeIndex($0) }
    let records = (0..<nodes).map { node in
      switch node {
      case 0: Record(state: StateIndex(0), term: 1, leadsWith: others)
      case ...replicas: Record(state: StateIndex(1), term: 1, leadsWith: nil)
      default: Record(state: StateIndex(3), term: 1, leadsWith: nil)
      }
    }
    var takeover = Order(
      kind: .takeOver, id: OrderID(revision: 2, number: 0), partition: partition, node: NodeIndex(1),
      source: NodeIndex(0),
      change: StateChange(StateIndex(1), StateIndex(0)), sourceChange: StateChange(StateIndex(0), StateIndex(3)))
    takeover.term = 2
    var world = World(
      agents: records.indices.map { agent($0, 1, 1, records[$0]) }, boots: records.map { _ in 1 },
      revision: records.map { _ in 1 },
      records: records,
      net: [
        Envelope(message: .order(takeover), sender: TakeoverModel.orchestrator, receiver: 1),
        Envelope(message: .write(partition, value: 0, request: 0), sender: TakeoverModel.client, receiver: 0),
        Envelope(message: .write(partition, value: 1, request: 1), sender: TakeoverModel.client, receiver: 1),
      ], crashes: crashes, inventories: records.map { _ in nil }, journal: Journal(revision: 2, partitionCount: 1))
    if !writesToOldLeader { world.net = world.net.filter { $0.receiver == 1 } }
    return world
  }

  /// Looks at all states, or stops at the first in which an invariant is broken.
  public func run() -> Result {
    var result = Result()
    result.goesOnWithout = Array(repeating: false, count: nodes)
    result.isReplaced = result.goesOnWithout
    var seen: Set<World> = [first]
    var queue = [first]
    var next = 0
    while next < queue.count {
      let world = queue[next]
      next += 1
      for following in successors(world) where isBounded(following) && seen.insert(following).inserted {
        result.acknowledged |= following.acknowledged
        if let lost = following.lost, isReplaced(following) { result.isReplaced[lost] = true }
        if let gone = following.gone, leadsWithout(following, gone) {
          result.goesOnWithout[gone] = true
          if following.records[0]?.handed.revision == 2, following.agents[0].leads(partition) {
            result.takesBack = true
          }
        }
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

  private func leadsWithout(_ world: World, _ gone: Int) -> Bool {
    world.agents.contains { $0.node.int != gone && $0.leads(partition) && ($0.record(partition)?.led ?? 0) > 2 }
  }

  /// Who had no copy is a follower, and has what was acknowledged.
  private func isReplaced(_ world: World) -> Bool {
    (replicas + 1..<nodes).contains { node in
      guard let record = world.records[node], record.state == StateIndex(1) else { return false }
      return world.acknowledged != 0 && record.log.contains { world.acknowledged & 1 << $0.value != 0 }
    }
  }

  // MARK: What may happen

  private func successors(_ world: World) -> [World] {
    var worlds: [World] = []
    for envelope in world.net where envelope.receiver != world.gone {
      var world = world
      if case .client = envelope.sender { world.net.remove(envelope) }
      step(world, envelope.receiver, .message(envelope.message, from: envelope.sender), &worlds)
    }
    for node in 0..<nodes where node != world.gone {
      if asksAgain, world.agents[node].wantsTick { step(world, node, .tick, &worlds) }
      if world.crashes > 0 { worlds.append(restarted(world, node)) }
      if mayBeGone, world.gone == nil, world.lost == nil,
        complete(world).contains(where: { $0 != node && isCountedOn($0, world) })
      {
        var world = world
        world.gone = node
        world.records[node] = nil
        worlds.append(world)
      }
    }
    for node in 0..<nodes where world.lost == nil && (world.gone == nil || world.gone == node) {
      var given = world
      given.lost = node
      for other in 0..<nodes where other != node {
        given.net.insert(Envelope(message: .claim(revision: 3), sender: TakeoverModel.orchestrator, receiver: other))
      }
      worlds.append(given)
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
    case (.orchestrator, .inventory(3, let holdings, _)) where node != world.lost && world.inventories[node] == nil:
      world.inventories[node] = holdings
      if (0..<nodes).allSatisfy({ $0 == world.lost || world.inventories[$0] != nil }) { goOn(&world) }
    case (.orchestrator, .done(let id)) where id.revision == 3:
      world.settling.remove(id.number)
      follow(&world)
    default: break
    }
  }

  // MARK: Going on without a node

  /// As an orchestrator does: the survey, the journal, what it settles, and somebody leads.
  private func goOn(_ world: inout World) {
    let survey = Survey(
      revision: 3, inventories: world.inventories, journal: world.journal, rules: rules, hadHolders: [true],
      isCancelled: false, plant: plant)
    for (partition, members) in survey.rosters {
      world.journal.rosters[partition] = Journal.Roster(revision: 3, members: members)
    }
    for (number, settlement) in survey.orders.enumerated() {
      var order = settlement
      order.id = OrderID(revision: 3, number: UInt32(number))
      order.term = 3
      world.settling.insert(order.id.number)
      world.net.insert(Envelope(message: .order(order), sender: TakeoverModel.orchestrator, receiver: order.node.int))
    }
    let holders = survey.rows[0].filter { rules.holdsData($0.state) }
    if let first = holders.first, !holders.contains(where: { $0.state == rules.leading }) {
      var order = Order(
        kind: .set, id: OrderID(revision: 3, number: UInt32(survey.orders.count)), partition: partition,
        node: first.node,
        change: StateChange(first.state, rules.leading!), followers: holders.dropFirst().map(\.node))
      order.term = 3
      world.following = [order]
    }
    if let order = copy(holders.map(\.node), world, UInt32(survey.orders.count + world.following.count)) {
      world.following.append(order)
    }
    follow(&world)
  }

  /// To a node that has none. It is led in term 3 once somebody was told to lead, else in that of who leads.
  private func copy(_ holders: [NodeIndex], _ world: World, _ number: UInt32) -> Order? {
    let free = (replicas + 1..<nodes).first { world.inventories[$0] != nil && !holders.contains(NodeIndex($0)) }
    guard let free, holders.count <= replicas, let first = holders.first else { return nil }
    let leader = holders.first { world.inventories[$0.int]!.contains(where: \.isLeading) }
    let isTold = !world.settling.isEmpty || !world.following.isEmpty
    let state = world.inventories[free]!.first?.state ?? .null
    var order = Order(
      kind: .copy, id: OrderID(revision: 3, number: number), partition: partition, node: NodeIndex(free),
      source: leader ?? first,
      change: StateChange(state, StateIndex(1)), sourceChange: StateChange(StateIndex(0), StateIndex(0)))
    order.leader = leader ?? first
    order.term = isTold ? 3 : leader.flatMap { world.inventories[$0.int]!.first?.term } ?? 3
    return order
  }

  /// The next one, when all before are done.
  private func follow(_ world: inout World) {
    guard world.settling.isEmpty, !world.following.isEmpty else { return }
    let order = world.following.removeFirst()
    if !world.following.isEmpty { world.settling.insert(order.id.number) }
    world.net.insert(Envelope(message: .order(order), sender: TakeoverModel.orchestrator, receiver: order.node.int))
  }

  // MARK: What must hold

  /// What was handed over counts until the successor durably leads.
  private func isCountedOn(_ node: Int, _ world: World) -> Bool {
    guard let record = world.records[node], record.isRetained(rules) else { return true }
    return !world.records.contains { ($0?.led ?? 0) >= record.handed.revision }
  }

  /// Nodes whose copies count, by what is on disk.
  private func complete(_ world: World) -> [Int] {
    (0..<nodes).filter { node in
      guard node != world.gone, let record = world.records[node],
        rules.holdsData(record.state) || record.isRetained(rules)
      else { return false }
      return world.journal.isComplete(NodeIndex(node), partition, term: record.term)
    }
  }

  private func broken(_ world: World) -> Invariant? {
    var servers = 0
    for node in 0..<nodes {
      guard node != world.gone, let record = world.records[node], record.state == StateIndex(0),
        record.led == record.term
      else { continue }
      if record.followers.allSatisfy({ $0.int != world.gone && (world.records[$0.int]?.term ?? 0) <= record.led }) {
        servers += 1
      }
    }
    let complete = complete(world)
    for node in complete {
      let has = world.records[node]!.log.reduce(UInt64(0)) { $0 | 1 << $1.value }
      if world.acknowledged & ~has != 0 { return .acknowledgedKept }
    }
    if servers > 1 { return .oneMaster }
    return complete.isEmpty && world.acknowledged != 0 ? .acknowledgedKept : nil
  }
}
