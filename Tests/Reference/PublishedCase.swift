import PlatEngine

/// Clusters on which other planners' results have been published.
public enum PublishedCase {
  public enum Change: Sendable, Hashable {
    case none
    /// A node joins the rack.
    case addNode(toRack: Int)
    /// A node joins in a rack of its own.
    case addNodeInNewRack
    /// A node is told to leave.
    case removeNode(Int)
  }

  /// 10 nodes in 5 racks of two, 1,024 partitions with a master and two slaves, never two replicas in one rack.
  /// The current map is as a greedy planner leaves it on the fresh cluster of 10 nodes; then comes the change.
  public static func tenNodesFiveRacks(_ change: Change) -> (cluster: Cluster, current: PlacementMap) {
    var racks = (0..<5).map { rack in [2 * rack, 2 * rack + 1].map { Node(name: "n\($0)") } }
    let before = cluster(racks)
    let map = NaivePlanner.plan(cluster: dense(before), current: nil)
    switch change {
    case .none: break
    case .addNode(let rack): racks[rack].append(Node(name: "n10"))
    case .addNodeInNewRack: racks.append([Node(name: "n10")])
    case .removeNode(let node): racks[node / 2][node % 2].status = .leaving
    }
    let after = cluster(racks)
    // Nodes are numbered in tree order, so that a new one may shift the others.
    let number = Dictionary(uniqueKeysWithValues: after.nodes.enumerated().map { ($1.name, $0) })
    let rows: Rows = map.rows.map { row in row.map { nodes in nodes.map { number[before.nodes[$0].name]! } } }
    return (after, PlacementMap.make(rows, least: after.settings.constraints))
  }

  private static func cluster(_ racks: [[Node]]) -> Cluster {
    var containers: [Container] = []
    for (rack, nodes) in racks.enumerated() {
      let first = containers.last?.nodes.upperBound ?? 0
      containers.append(Container(name: "r\(rack)", level: 0, parent: nil, nodes: first..<(first + nodes.count)))
    }
    let rule = PlacementRule(states: [0, 1], level: 0, demand: .atMost(1), strength: .hard)
    let settings = Settings(partitionCount: 1024, constraints: [1, 2, 0, 0], placement: [rule])
    return Cluster(settings: settings, levels: ["rack"], containers: containers, nodes: racks.flatMap(\.self))
  }

  private static func dense(_ cluster: Cluster) -> DenseCluster {
    do { return try DenseCluster(cluster) } catch { preconditionFailure("\(error)") }
  }
}
