import TestSupport
import Testing

@testable import PlatEngine

/// Fresh maps by weight, in closed form.
@Suite struct WeightedFreshTests {
  private func cluster(_ seed: UInt64, _ random: inout SplitMix64) throws -> DenseCluster? {
    let shape = RandomCluster.Shape {
      ($0.nodes, $0.partitions) = (2...12, 1...60)
      ($0.rulesOverAllStates, $0.noMaintenance) = (true, true)
    }
    var (cluster, _) = RandomCluster.make(seed: seed, shape: shape)
    cluster.partitionWeights = RandomGroup.anyWeights(cluster.settings.partitionCount, &random)
    let dense = try DenseCluster(cluster)
    return dense.partitionWeights == nil ? nil : dense
  }

  /// What is placed so keeps every hard rule and capacity, and brings no node farther above its due than one partition
  /// of the heaviest class weighs.
  @Test func whatIsPlacedIsLegalAndLevel() {
    var (placed, all) = (0, 0)
    forAllSeeds(0..<200) { seed in
      var random = SplitMix64(seed: seed)
      guard let dense = try cluster(seed, &random), let weights = dense.partitionWeights else { return }
      let target = try PlacementMap(partitionCount: dense.partitionCount, slotCounts: dense.dataWanted)
      let problem = try Problem(dense, current: nil, arena: Arena())
      let weighing = try Weighing(problem, weights, Placement(problem, target: target))
      let due = try WeightedDue.total(weighing, heaviest: weighing.heaviest(in: 0..<weighing.replicas))
      try WeightedFresh.run(weighing, due)
      let loads = (0..<dense.nodeCount).map { weighing.load.base[$0] }
      for row in target.rows {
        let nodes = row.flatMap(\.self)
        try holds(Set(nodes).count == nodes.count, "a node twice in \(row)")
        // States are dealt later: here a row is in no order of them.
        try holds(nodes.count < 2 || ExhaustiveSearch.meetsHardRules(dense, row), "row \(row) breaks a hard rule")
      }
      let heaviest = weights.of.max() ?? 0
      for node in loads.indices where problem.receives.base[node] {
        try holds(
          loads[node] <= due.due.base[node] + heaviest, "node \(node) has \(loads[node]) of \(due.due.base[node])")
        try holds(Int(weighing.count.base[node]) <= max(0, dense.capacity[node]), "node \(node) is too full")
      }
      placed += weighing.replicas * dense.partitionCount - weighing.unplaced
      all += weighing.replicas * dense.partitionCount
    }
    #expect(placed * 10 > all * 3 && placed < all, "\(placed) of \(all) placed in closed form")
  }

  /// Sizes by rank on many nodes: whoever has no oversized partition is within a hundredth of its due.
  @Test func manyPartitionsAreLevel() throws {
    var cluster = Cluster(
      settings: Settings(
        partitionCount: 20_000, constraints: [1, 2, 0, 0],
        placement: [PlacementRule(states: [0, 1], level: 0, demand: .atMost(1), strength: .hard)]),
      levels: ["zone"],
      containers: (0..<5).map { Container(name: "z\($0)", level: 0, parent: nil, nodes: ($0 * 20)..<($0 * 20 + 20)) },
      nodes: (0..<100).map { Node(name: "n\($0)") })
    cluster.partitionWeights = (0..<20_000).map { Quantity("\(max(1, 100_000 / (1 + ($0 &* 7919) % 20_000)))")! }
    let dense = try DenseCluster(cluster)
    let plan = try Planner.plan(dense, from: nil)
    let report = try Judge.judge(dense, map: plan.target, from: nil)
    #expect(report.unmet == 0 && report.isBalanced && report.health == .green, "\(report.findings)")
    let weights = try #require(dense.partitionWeights)
    var loads = [Int](repeating: 0, count: 100)
    for (partition, row) in plan.target.rows.enumerated() {
      for node in row.joined() { loads[node] += weights.of[partition] }
    }
    let light = loads.sorted().prefix(80)
    #expect((light.last! - light.first!) * 100 <= light.last!, "\(light.first!) to \(light.last!)")
  }
}
