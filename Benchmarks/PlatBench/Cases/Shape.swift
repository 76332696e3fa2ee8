import PlatEngine

/// How large a cluster is: zones of racks of nodes, all alike, and its partitions with one master each and `slaves`
/// slaves. Of one partition hard at most one replica lies in a zone, and softly at most one in a rack.
struct Shape: Hashable {
  var zones: Int
  var racksPerZone: Int
  var nodesPerRack: Int
  var partitions: Int
  var slaves = 2
  /// The most nodes that each node may replicate to, hard; nil: no limit.
  var fanOut: Int?
  /// Partitions weigh by rank: 10,000, 5,000, 3,333 …, in no order.
  var isWeighted = false
  /// So many maps alike on the same nodes.
  var maps = 1

  var nodeCount: Int { zones * racksPerZone * nodesPerRack }
  var replicas: Int { 1 + slaves }

  /// `10000 nodes x 1048576 x 3`.
  var name: String {
    "\(nodeCount) nodes x \(partitions) x \(replicas)" + (fanOut.map { ", fan-out \($0)" } ?? "")
      + (isWeighted ? ", by rank" : "") + (maps > 1 ? ", \(maps) maps" : "")
  }

  func with(_ change: (inout Self) -> Void) -> Self {
    var result = self
    change(&result)
    return result
  }

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
    var settings = Settings(
      partitionCount: partitions, constraints: [1, slaves, 0, 0],
      placement: [
        PlacementRule(states: [0, 1], level: 0, demand: .atMost(1), strength: .hard),
        PlacementRule(states: [0, 1], level: 1, demand: .atMost(1), strength: .soft),
      ])
    settings.fanOut = fanOut.map { FanOutLimit(outbound: $0, inbound: nil, strength: .hard) }
    var cluster = Cluster(settings: settings, levels: ["zone", "rack"], containers: containers, nodes: nodes)
    if isWeighted { cluster.partitionWeights = weights(seed: 1) }
    return try DenseCluster(cluster)
  }

  /// The maps of `maps`, on the nodes of a cluster. O(N + maps · P).
  func group(leaving: Set<Int> = []) throws(InputError) -> DenseGroup {
    var shape = self
    shape.isWeighted = false
    let shared = try shape.cluster(leaving: leaving).cluster
    return try DenseGroup(
      ClusterGroup(
        shared: shared,
        members: (0..<maps).map { map in
          ClusterGroup.Member(
            name: "m\(map)", settings: shared.settings, weights: isWeighted ? weights(seed: UInt64(map) + 1) : [])
        }))
  }

  private func weights(seed: UInt64) -> [Quantity] {
    var random = SplitMix(seed: seed)
    var ranks = Array(1...max(1, partitions))
    for place in ranks.indices.dropLast() { ranks.swapAt(place, place + random.below(ranks.count - place)) }
    return ranks.prefix(partitions).map { Quantity(UInt64(max(1, 10_000 / $0))) }
  }

  /// A map as hashing makes it: for each partition zones at random, and in each a node at random. No rule is broken,
  /// and nothing is balanced.
  func hashedMap() throws(PlatError) -> PlacementMap {
    let map = try PlacementMap(partitionCount: partitions, slotCounts: [1, slaves, 0, 0])
    let nodesPerZone = racksPerZone * nodesPerRack
    var random = SplitMix(seed: 0x6861_7368)
    var order = Array(0..<zones)
    for partition in 0..<partitions {
      for slot in 0..<replicas {
        order.swapAt(slot, slot + random.below(zones - slot))
        map.row(partition)[slot] = NodeIndex(order[slot] * nodesPerZone + random.below(nodesPerZone))
      }
    }
    return map
  }
}
