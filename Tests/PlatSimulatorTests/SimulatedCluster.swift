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

  /// Five nodes, three copies.
  static let threeCopies = make(nodes: 5, partitions: 4, status: [:], limits: 2, constraints: [1, 2, 0, 0]) { partition in
    [0, 1, 2].map { ($0 + partition) % 3 }
  }

  /// Nobody holds anything yet.
  static let fresh = make(nodes: 3, partitions: 4, status: [:], limits: nil, constraints: [1, 1, 0, 0], row: nil)

  static func make(
    nodes: Int, partitions: Int, status: [Int: Node.Status], limits: Int?, constraints: [Int], row: ((Int) -> [Int])?
  ) -> SimulationCase {
    let zones = 2
    let perZone = (nodes + 1) / zones
    var config = MovementConfig()
    config.maxStreamsIn = limits
    config.maxStreamsOut = limits
    let cluster = Cluster(
      settings: Settings(partitionCount: partitions, constraints: constraints), config: config, levels: ["zone"],
      containers: (0..<zones).map {
        Container(name: "z\($0)", level: 0, parent: nil, nodes: $0 * perZone..<min(nodes, ($0 + 1) * perZone))
      },
      nodes: (0..<nodes).map { Node(name: "n\($0)", status: status[$0] ?? .active) })
    let dense = try! DenseCluster(cluster)
    var current: PlacementMap?
    if let row {
      var builder = try! PlacementMapBuilder(partitionCount: partitions, expected: constraints)
      for partition in 0..<partitions {
        let holders = row(partition).map { NodeIndex($0) }
        try! builder.set(partition: partition, state: 0, nodes: [holders[0]])
        try! builder.set(partition: partition, state: 1, nodes: Array(holders.dropFirst()))
      }
      current = try! builder.finish(least: constraints)
    }
    let target = try! Planner.plan(dense, from: current).target
    return SimulationCase(dense, from: current, to: target, revision: 1)
  }
}
