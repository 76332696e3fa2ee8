import PlatEngine
import TestSupport

/// Real agents and an orchestrator on a network on which nothing is random: each message takes what its way takes. Some
/// nodes are cut off from the orchestrator for a while.
struct OutageLab {
  /// What is tried.
  struct Trial: CustomStringConvertible {
    var nodes = 5
    /// Ticks from the orchestrator to each node, and back.
    var latency: [UInt64]
    var cut: [Int]
    var from: UInt64 = 400
    var length: UInt64
    var recovery = Orchestrator.Recovery()
    /// Instead of being cut off they have slow disks: each answer takes so long, one after another, until all is done.
    var slowness: UInt64?

    var until: UInt64 { from + length }
    var description: String {
      "latencies \(latency), nodes \(cut) cut off for \(length) ticks, grace \(recovery.grace), at most \(recovery.mostLost ?? nodes / 2) lost"
    }
  }

  private enum Item {
    case toNode(Message, Address, Int)
    case toOrchestrator(Message, Int)
  }

  let trial: Trial
  let cluster: DenseCluster
  private let target: PlacementMap
  private let plant: InjectedFault?
  private(set) var machine: Orchestrator
  private var agents: [NodeAgent]
  private var journal: Journal
  private var on: [UInt64: [Item]] = [:]  // looked up only
  private(set) var now: UInt64 = 0
  /// Orders that move data, each once; when maps were reached; how often it froze.
  private(set) var copied: Set<OrderID> = []
  private(set) var reachedAt: [UInt64] = []
  private(set) var frozen = 0
  /// When which node was said to be kept out, and for how long.
  private(set) var keptOut: [(at: UInt64, node: Int, ticks: UInt64)] = []
  /// By node: when its disk has done all that was asked.
  private var busyUntil: [UInt64]

  init(_ trial: Trial, plant: InjectedFault? = nil) throws {
    self.trial = trial
    self.plant = plant
    busyUntil = Array(repeating: 0, count: trial.nodes)
    let count = trial.nodes
    cluster = try DenseCluster(
      Cluster(
        settings: Settings(partitionCount: count, constraints: [1, 1, 0, 0]),
        nodes: (0..<count).map { Node(name: "n\($0)") }))
    var builder = try PlacementMapBuilder(partitionCount: count, expected: [1, 1, 0, 0])
    for partition in 0..<count {
      try builder.set(partition: partition, state: 0, nodes: [NodeIndex(partition)])
      try builder.set(partition: partition, state: 1, nodes: [NodeIndex((partition + 1) % count)])
    }
    target = try builder.finish(least: [1, 1, 0, 0])
    let beginning = Beginning(cluster, map: target, revision: 1)
    journal = beginning.journal
    let rules = ExecutionRules(cluster.cluster.settings.model)
    agents = (0..<count).map { node in
      NodeAgent(
        NodeIndex(node), rules: rules, boot: 1, promise: Promise(revision: 1),
        records: beginning.records(of: NodeIndex(node)).map { ($0.partition, $0.record) })
    }
    machine = Orchestrator(
      cluster, hadHolders: beginning.hadHolders, goal: MapStamp(revision: 2, digest: 1), timing: Orchestrator.Timing(),
      recovery: trial.recovery, writer: 1, plant: plant)
    try tell(.begin(journal))
  }

  private func isAffected(_ node: Int) -> Bool { now >= trial.from && now < trial.until && trial.cut.contains(node) }
  private func isCut(_ node: Int) -> Bool { trial.slowness == nil && isAffected(node) }

  private mutating func add(_ item: Item, in ticks: UInt64) { on[now + max(1, ticks), default: []].append(item) }

  private mutating func tell(_ event: Orchestrator.Event) throws {
    for action in machine.handle(event) {
      switch action {
      case .send(let message, let node):
        if case .order(let order) = message, order.kind == .copy || order.kind == .discard { copied.insert(order.id) }
        if !isCut(node.int) { add(.toNode(message, .orchestrator(0), node.int), in: trial.latency[node.int]) }
      case .record(let new, _):
        journal = new
        try tell(.recorded(true))
      case .plan(let survey):
        let strategy = try survey.strategy(of: cluster, to: target, plant: plant)
        try tell(.planned(strategy.steps, map: MapStamp(revision: survey.revision, digest: 1)))
      case .reached: reachedAt.append(now)
      case .frozen(let nodes): frozen += nodes.isEmpty ? 0 : 1
      case .keptOut(let node, let ticks): if ticks > 0 { keptOut.append((now, node.int, ticks)) }
      case .releaseMaps, .retired, .mode: break
      }
    }
  }

  private mutating func tell(_ node: Int, _ message: Message, from sender: Address) {
    for action in agents[node].handle(.message(message, from: sender)) {
      guard case .send(let answer, let receiver) = action else { continue }
      if let slowness = trial.slowness, isAffected(node) { busyUntil[node] = max(busyUntil[node], now) + slowness }
      let wait = max(busyUntil[node], now) - now
      switch receiver {
      case .node(let other):
        let way = (trial.latency[node] + trial.latency[other.int]) / 2
        add(.toNode(answer, .node(NodeIndex(node)), other.int), in: wait + way)
      case .orchestrator: if !isCut(node) { add(.toOrchestrator(answer, node), in: wait + trial.latency[node]) }
      case .client: break
      }
    }
  }

  mutating func run(until end: UInt64) throws {
    while now < end {
      now += 1
      for item in on.removeValue(forKey: now) ?? [] {
        switch item {
        case .toNode(let message, let sender, let node):
          if case .orchestrator = sender, isCut(node) { continue }
          tell(node, message, from: sender)
        case .toOrchestrator(let message, let node):
          if !isCut(node) { try tell(.message(message, from: NodeIndex(node))) }
        }
      }
      if now % 10 == 0 { try tell(.tick(now)) }
    }
  }

  /// The map is in force, everybody is there, and every partition is led where it should be.
  var isWell: Bool {
    machine.phase == .reached && !machine.isWaiting && !machine.isFrozen && machine.lostNodes.isEmpty
      && machine.unreached.isEmpty
      && (0..<trial.nodes).allSatisfy { agents[$0].leads(PartitionIndex($0)) }
  }
}
