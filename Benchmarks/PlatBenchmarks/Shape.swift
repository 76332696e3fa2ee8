import PlatEngine

/// How large a cluster is: zones of racks of nodes, all alike, and its partitions with one master each and `slaves`
/// slaves. Of one partition hard at most one replica lies in a zone, and softly at most one in a rack.
struct Shape: Hashable {
  var zones: Int
  var racksPerZone: Int
  var nodesPerRack: Int
  var partitions: Int
  var slaves = 2

  var nodeCount: Int { zones * racksPerZone * nodesPerRack }
  var replicaCount: Int { partitions * (1 + slaves) }

  /// `10000 nodes x 1048576 x 3`.
  var name: String { "\(nodeCount) nodes x \(partitions) x \(1 + slaves)" }

  /// The cluster with some nodes leaving. O(N).
  func cluster(leaving: Set<Int> = []) throws(InputError) -> DenseCluster {
    var containers: [Container] = []
    for zone in 0..<zones {
      let first = zone * racksPerZone * nodesPerRack
      containers.append(
        Container(name: "z\(zone)", level: 0, parent: nil, nodes: first..<(first + racksPerZone * nodesPerRack)))
    }
    for rack in 0..<(zones * racksPerZone) {
      let first = rack * nodesPerRack
      containers.append(
        Container(
          name: "r\(rack)", level: 1, parent: rack / racksPerZone, nodes: first..<(first + nodesPerRack)))
    }
    let nodes = (0..<nodeCount).map { Node(name: "n\($0)", status: leaving.contains($0) ? .leaving : .active) }
    let settings = Settings(
      partitionCount: partitions, constraints: [1, slaves, 0, 0],
      placement: [
        PlacementRule(states: [0, 1], level: 0, demand: .atMost(1), strength: .hard),
        PlacementRule(states: [0, 1], level: 1, demand: .atMost(1), strength: .soft),
      ])
    return try DenseCluster(
      Cluster(settings: settings, levels: ["zone", "rack"], containers: containers, nodes: nodes))
  }
}

/// What becomes of a cluster between the map that it has and the one that is planned.
enum Change: Hashable {
  /// There is no map yet.
  case fresh
  case unchanged
  /// So many nodes leave, scattered over the tree.
  case leave(Int)
  case onePercentLeaves
  case join
  /// One leaves, and one joins in its rack.
  case swap

  var name: String {
    switch self {
    case .fresh: "fresh"
    case .unchanged: "unchanged"
    case .leave(let count): count == 1 ? "one leaves" : "\(count) leave"
    case .onePercentLeaves: "1 % leave"
    case .join: "one joins"
    case .swap: "one swapped"
    }
  }

  /// The nodes that are not part of the cluster before and after. A node that is told to leave is due nothing, so
  /// on a map made from nothing it is as if it were not there; thus a node joins without a change of numbers.
  func absent(_ shape: Shape) -> (before: Set<Int>, after: Set<Int>) {
    let middle = shape.nodeCount / 2
    switch self {
    case .fresh, .unchanged: return ([], [])
    case .leave(let count): return ([], scattered(count, of: shape.nodeCount))
    case .onePercentLeaves: return ([], scattered(max(1, shape.nodeCount / 100), of: shape.nodeCount))
    case .join: return ([middle], [])
    case .swap: return ([middle + 1], [middle])
    }
  }

  /// The same nodes on every machine; multiples of a prime fall all over the tree.
  private func scattered(_ count: Int, of nodes: Int) -> Set<Int> {
    Set((1...count).map { $0 * 7919 % nodes })
  }
}
