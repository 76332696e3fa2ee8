import PlatEngine
import PlatSimulator
import Testing

/// Small clusters on their way from one map to another.
enum SimulatedCluster {
  /// Four nodes in two zones: one leaves, one has come; streams are limited, so that something waits.
  static let leavingAndJoining = make(
    nodes: 4, partitions: 6, status: [0: .leaving], limits: 1, constraints: [1, 1, 0, 0]) { partition in
      [partition % 3, (partition + 1) % 3]
    }

  /// Four nodes, one copy: two nodes leave, so that everything is handed over.
  static let oneCopy = make(
    nodes: 4, partitions: 5, status: [0: .leaving, 1: .leaving], limits: nil, constraints: [1, 0, 0, 0]
  ) { [$0 % 3] }

  /// Five nodes, three copies.
  static let threeCopies = make(nodes: 5, partitions: 4, status: [:], limits: 2, constraints: [1, 2, 0, 0]) {
    partition in
    [0, 1, 2].map { ($0 + partition) % 3 }
  }

  /// Four nodes, full but for one place: each partition leaves one node for the next but one, so that nodes wait for
  /// room.
  static let full = make(
    nodes: 4, partitions: 8, status: [:], limits: nil, constraints: [1, 1, 0, 0], capacities: [4, 4, 4, 5],
    target: { [($0 + 1) % 4, ($0 + 2) % 4] }) { [$0 % 4, ($0 + 1) % 4] }

  /// Several masters of each partition, whose writes are the host's to settle.
  static let severalMasters = make(
    nodes: 4, partitions: 6, status: [0: .leaving], limits: 1, model: .multiMaster, constraints: [2, 0, 0, 0]) {
      [$0 % 3, ($0 + 1) % 3]
    }

  /// Three copies, of which two must have a write; reads wait in takeovers, too.
  static let floor = make(
    nodes: 5, partitions: 4, status: [0: .leaving], limits: 2, constraints: [1, 2, 0, 0], hold: .usual, minInSync: 2
  ) { partition in
      [0, 1, 2].map { ($0 + partition) % 3 }
    }

  /// A model that names kinds of requests beside reads and writes, of each sort, one of which is held in takeovers.
  static let kinds: SimulationCase = {
    var model = StateModel.masterSlave
    model.requests += [
      StateModel.RequestKind("scan"), StateModel.RequestKind("append", writes: true), StateModel.RequestKind("count"),
      StateModel.RequestKind("drop", writes: true),
    ]
    model.states[0].serves = model.allRequests
    return make(
      nodes: 4, partitions: 6, status: [0: .leaving], limits: 1, model: model, constraints: [1, 1, 0, 0],
      hold: [.write, StateModel.Requests(rawValue: 4), StateModel.Requests(rawValue: 8)]) { [$0 % 3, ($0 + 1) % 3] }
  }()

  /// Nobody holds anything yet.
  static let fresh = make(nodes: 3, partitions: 4, status: [:], limits: nil, constraints: [1, 1, 0, 0], row: nil)

  /// What a change of the protocol goes through: clusters, faults, and how many changes follow the first.
  static let mixes: [(name: String, setup: SimulationCase, rates: FaultRates, lives: Int)] = [
    ("leaving", leavingAndJoining, .usual, 0), ("three", threeCopies, .usual, 0), ("floor", floor, .usual, 0),
    ("full", full, .usual, 0),
    ("one", oneCopy, .usual, 0), ("masters", severalMasters, .usual, 0), ("fresh", fresh, .usual, 0),
    ("disks", leavingAndJoining, .ofDisks, 0), ("disks of three", threeCopies, .ofDisks, 0),
    ("lives", leavingAndJoining, .ofDisks, 6), ("lives of three", threeCopies, .usual, 6),
  ]

  /// All nodes but one are cut off from the orchestrators of `threeCopies`, and may be lost; they are back one after
  /// another.
  static let backInTurn: Outage = {
    var outage = Outage(nodes: [1, 2, 3, 4], begin: 100)
    (outage.isOfOrchestrators, outage.apart) = (true, 100)
    outage.recovery = Orchestrator.Recovery()
    outage.recovery!.mostLost = 5
    return outage
  }()

  static func make(
    nodes: Int, partitions: Int, status: [Int: Node.Status], limits: Int?, model: StateModel = .masterSlave,
    constraints: [Int],
    capacities: [Int] = [], hold: StateModel.Requests = .write, minInSync: Int = 1, target: ((Int) -> [Int])? = nil,
    row: ((Int) -> [Int])?
  ) -> SimulationCase {
    let zones = 2
    let perZone = (nodes + 1) / zones
    var config = MovementConfig()
    config.maxStreamsIn = limits
    config.maxStreamsOut = limits
    config.hold = hold
    config.minInSync = minInSync
    let cluster = Cluster(
      settings: Settings(model: model, partitionCount: partitions, constraints: constraints), config: config,
      levels: ["zone"],
      containers: (0..<zones).map {
        Container(name: "z\($0)", level: 0, parent: nil, nodes: $0 * perZone..<min(nodes, ($0 + 1) * perZone))
      },
      nodes: (0..<nodes).map {
        Node(name: "n\($0)", capacity: $0 < capacities.count ? capacities[$0] : nil, status: status[$0] ?? .active)
      })
    let dense = try! DenseCluster(cluster)
    let current = row.map { map(partitions, constraints, $0) }
    let planned = target.map { map(partitions, constraints, $0) }
    return try! SimulationCase(
      dense, from: current, to: planned ?? Planner.plan(dense, from: current).target, revision: 1)
  }

  /// The most important state first.
  private static func map(_ partitions: Int, _ constraints: [Int], _ row: (Int) -> [Int]) -> PlacementMap {
    var builder = try! PlacementMapBuilder(partitionCount: partitions, expected: constraints)
    for partition in 0..<partitions {
      var holders = row(partition).map { NodeIndex($0) }[...]
      for (state, count) in constraints.enumerated() where count > 0 {
        try! builder.set(partition: partition, state: state, nodes: Array(holders.prefix(count)))
        holders = holders.dropFirst(count)
      }
    }
    return try! builder.finish(least: constraints)
  }
}

extension FaultRates {
  /// Disks are wiped, exchanged and set back, beside the usual faults; all processes know of disks.
  static let ofDisks: FaultRates = {
    var rates = FaultRates.usual
    rates[.upgrade] = 0
    rates[.wipe] = 700_000
    rates[.swapDisks] = 200_000
    rates[.setBack] = 2_000_000
    return rates
  }()
}
