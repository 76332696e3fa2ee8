import PlatEngine
import TestSupport
import Testing

/// The naive due against what defines it, not against how it is computed.
@Suite struct NaiveDueTests {
  /// No share can be raised at the cost of a node that has more for its weight.
  @Test func sharesAreFair() {
    forAllSeeds(0..<300) { seed in
      let (named, current) = RandomCluster.make(seed: seed)
      let cluster = try DenseCluster(named)
      let due = NaiveDue(cluster, map: current)
      let text = RandomCluster.describe(named, current)
      let boxes = zip(cluster.levels, BoxCaps.replicasPerPartition(cluster)).flatMap { level, cap in
        cap.map { cap in level.nodes.map { (nodes: $0, cap: Rational(cap * cluster.partitionCount)) } } ?? []
      }
      func sum(_ nodes: Range<Int>) -> Rational { nodes.reduce(Rational.zero) { $0 + due.total[$1] } }
      let fullBoxes = boxes.filter { sum($0.nodes) >= $0.cap }.map(\.nodes)
      let weights = named.nodes.map { Rational($0.weight) }
      let sharing = weights.indices.filter { cluster.status[$0] == .active && weights[$0].sign > 0 }
      let isShort = sum(0..<cluster.nodeCount) < Rational(cluster.partitionCount * cluster.replicas)

      for node in weights.indices where !sharing.contains(node) && cluster.status[node] != .maintenance {
        try holds(due.total[node].sign == 0, "\(node) is due something\n\(text)")
      }
      for node in sharing where due.total[node] < Rational(cluster.capacity[node]) {
        let around = fullBoxes.filter { $0.contains(node) }
        try holds(!isShort || !around.isEmpty, "\(node) could take what is missing\n\(text)")
        for other in sharing where due.total[other] / weights[other] > due.total[node] / weights[node] {
          try holds(around.contains { !$0.contains(other) }, "\(node) could take from \(other)\n\(text)")
        }
      }
    }
  }

  /// What is due in all is a whole number, and the states' dues add up to the total.
  @Test func sumsAreWhole() {
    forAllSeeds(0..<300) { seed in
      let (named, current) = RandomCluster.make(seed: seed)
      let cluster = try DenseCluster(named)
      let due = NaiveDue(cluster, map: current)
      let text = RandomCluster.describe(named, current)
      try holds(due.total.reduce(Rational.zero, +) == Rational(due.totalFlow), "the sum is not whole\n\(text)")
      for node in due.total.indices where cluster.replicas > 0 {
        let states = due.states.reduce(Rational.zero) { $0 + $1[node] }
        try holds(states == due.total[node], "states of \(node) add up to \(states)\n\(text)")
      }
    }
  }

  /// Zones of one, one and three nodes, one replica of a partition in each at most.
  @Test func aCappedZoneLeavesTheRestToTheOthers() throws {
    let zones = [0..<1, 1..<2, 2..<5].enumerated().map { Container(name: "z\($0)", level: 0, parent: nil, nodes: $1) }
    let rule = PlacementRule(states: [0, 1], level: 0, demand: .atMost(1), strength: .hard)
    var nodes = (0..<5).map { Node(name: "n\($0)") }
    nodes[1].weight = Quantity("1/2")!
    let settings = Settings(partitionCount: 10, placement: [rule])
    let cluster = Cluster(settings: settings, levels: ["zone"], containers: zones, nodes: nodes)
    let due = NaiveDue(try DenseCluster(cluster), map: nil)
    // 20 replicas by 1 : ½ : 3 would be 4 4/9 : 2 2/9 : 13 1/3; the last zone is full at 10, the others share 10.
    let third = Rational(10, 3)
    #expect(due.total == [Rational(20, 3), third, third, third, third])
    #expect(due.windows == [6...7, 3...4, 3...4, 3...4, 3...4])
    #expect(due.states[0] == [Rational(20, 9), Rational(10, 9), Rational(20, 9), Rational(20, 9), Rational(20, 9)])
  }
}
