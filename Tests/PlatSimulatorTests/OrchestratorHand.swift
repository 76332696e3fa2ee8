@testable import PlatEngine

/// An orchestrator by hand: three nodes a, b, c, a partition that a leads with b, and c in the place of b. What nodes
/// say a test says.
struct OrchestratorHand {
  /// What it does, as it can be compared.
  enum Seen: Equatable, CustomStringConvertible {
    case send(Message, Int)
    case record(UInt64, expecting: UInt64)
    case plan(UInt64)
    case reached(MapStamp)
    case frozen([Int])
    case keptOut(Int, UInt64)
    case releaseMaps(UInt64)
    case retired
    case mode(Int, Int, RunMode, Bool)

    var description: String {
      if case .send(let message, let node) = self { return "\(message) to \(node)" }
      return "\(String(describing: Mirror(reflecting: self).children.first?.value ?? "retired"))"
    }
  }

  static let stamp = MapStamp(revision: 2, digest: 7)
  let cluster: DenseCluster
  let target: PlacementMap
  var machine: Orchestrator
  var journal: Journal
  var survey: Survey?

  static func make(statuses: [Node.Status] = [.active, .active, .active]) throws -> (DenseCluster, PlacementMap) {
    let nodes = zip(["a", "b", "c"], statuses).map { Node(name: $0, status: $1) }
    var builder = try PlacementMapBuilder(partitionCount: 1, expected: [1, 1, 0, 0])
    try builder.set(partition: 0, state: 0, nodes: [NodeIndex(0)])
    try builder.set(partition: 0, state: 1, nodes: [NodeIndex(2)])
    let target = try builder.finish(least: [1, 1, 0, 0])
    return (
      try DenseCluster(Cluster(settings: Settings(partitionCount: 1, constraints: [1, 1, 0, 0]), nodes: nodes)), target
    )
  }

  init(
    statuses: [Node.Status] = [.active, .active, .active], basedOn: UInt64? = nil, mostLost: Int? = 3,
    writer: UInt64 = 1,
    hadHolders: Bool = true
  ) throws {
    (cluster, target) = try Self.make(statuses: statuses)
    var recovery = Orchestrator.Recovery()
    recovery.mostLost = mostLost
    machine = try Orchestrator(
      cluster, hadHolders: [hadHolders], goal: Self.stamp, basedOn: basedOn, timing: Orchestrator.Timing(),
      recovery: recovery, writer: writer)
    journal = Journal(revision: 1, partitionCount: 1)
  }

  mutating func tell(_ event: Orchestrator.Event) -> [Seen] {
    machine.handle(event).map { action in
      switch action {
      case .send(let message, let node): return .send(message, node.int)
      case .record(let new, let expected):
        journal = new
        return .record(new.version, expecting: expected)
      case .plan(let found):
        survey = found
        return .plan(found.revision)
      case .reached(let stamp): return .reached(stamp)
      case .frozen(let nodes): return .frozen(nodes.map(\.int))
      case .keptOut(let node, let ticks): return .keptOut(node.int, ticks)
      case .releaseMaps(let revision): return .releaseMaps(revision)
      case .retired: return .retired
      case .mode(let node, let partition, let mode, let isDone): return .mode(node.int, partition.int, mode, isDone)
      }
    }
  }

  mutating func say(_ message: Message, _ node: Int) -> [Seen] { tell(.message(message, from: NodeIndex(node))) }

  // MARK: On the way

  /// What a node holds at the beginning.
  static func holdings(_ node: Int, term: UInt64 = 1) -> [Holding] {
    let states: [StateIndex?] = [AgentHand.master, AgentHand.slave, nil]
    guard let state = states[node] else { return [] }
    return [
      Holding(
        partition: PartitionIndex(0), state: state, term: term, isLeading: node == 0,
        followers: node == 0 ? [NodeIndex(1)] : [],
        log: Holding.LogEnd(lastTerm: 0, count: 0))
    ]
  }

  mutating func inventory(_ node: Int, _ holdings: [Holding]? = nil, disk: DiskState? = nil) -> [Seen] {
    say(.inventory(revision: machine.revision, holdings ?? Self.holdings(node), disk: disk), node)
  }

  /// It has claimed the nodes.
  mutating func begin() -> [Seen] {
    _ = tell(.begin(journal))
    return tell(.recorded(true))
  }

  /// It has the plan; what it does first. Where there is nothing to be done the map is in force.
  mutating func plan() throws -> [Seen] {
    while machine.phase == .leaving { _ = tell(.recorded(true)) }
    let strategy = try survey!.strategy(of: cluster, to: target)
    var seen = tell(.planned(strategy.steps, map: MapStamp(revision: machine.revision, digest: 7)))
    if machine.phase == .arriving { seen += tell(.recorded(true)) }
    return seen
  }

  /// Its steps are under way.
  mutating func run(disks: [DiskState?] = [nil, nil, nil]) throws -> [Seen] {
    _ = begin()
    for node in 0..<3 { _ = inventory(node, disk: disks[node]) }
    return try plan()
  }

  mutating func pass(_ ticks: ClosedRange<UInt64>, alive: [Int] = []) -> [Seen] {
    var seen: [Seen] = []
    for time in stride(from: ticks.lowerBound, through: ticks.upperBound, by: 10) {
      seen += tell(.tick(time))
      for node in alive { seen += say(.alive, node) }
    }
    return seen
  }

  /// Everything is done: the map is in force.
  mutating func reach() throws { finish(try run()) }

  /// What it asked for is done, and all that follows.
  mutating func finish(_ seen: [Seen]) {
    var orders = seen.compactMap(\.order)
    while let order = orders.popLast() { orders += say(.done(order.id), order.node.int).compactMap(\.order) }
    _ = tell(.recorded(true))
  }
}

extension OrchestratorHand.Seen {
  var order: Order? { if case .send(.order(let order), _) = self { order } else { nil } }
  var isPulse: Bool { if case .send(.check, _) = self { true } else { false } }
  var isClaim: Bool { if case .send(.claim, _) = self { true } else { false } }
}
