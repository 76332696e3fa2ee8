import TestSupport
import Testing

@testable import PlatEngine

/// A plan made from a plan's own map, with nothing new, changes nothing.
@Suite struct SettlingTests {
  private func check(_ seeds: Range<UInt64>, _ shape: RandomCluster.Shape, weights: Bool) {
    forAllSeeds(seeds) { seed in
      var made = RandomCluster.make(seed: seed, size: .tiny, shape: shape)
      if weights {
        var random = SplitMix64(seed: seed)
        made.cluster.partitionWeights = (0..<made.cluster.settings.partitionCount).map { _ in
          Quantity(random.pick([UInt64(1), 1, 4, 9]))
        }
      }
      let cluster = try DenseCluster(made.cluster)
      let first = try Planner.plan(cluster, from: made.current)
      let again = try Planner.plan(cluster, from: first.target)
      let report = try Judge.judge(cluster, map: again.target, from: first.target)
      let text = RandomCluster.describe(made.cluster, made.current)
      try holds(
        report.moves == 0 && report.roleChanges == 0,
        "\(report.moves) moves and \(report.roleChanges) role changes\n\(first.target.rows)\n\(again.target.rows)\n\(text)"
      )
    }
  }

  @Test func anyCluster() { check(0..<150, RandomCluster.Shape(), weights: false) }
  @Test func weighted() { check(0..<100, RandomCluster.Shape(), weights: true) }
  @Test func softNearRules() { check(0..<60, RandomCluster.Shape { $0.near = .soft }, weights: false) }
  @Test func hardNearRules() { check(0..<60, RandomCluster.Shape { $0.near = .hard }, weights: true) }

  // MARK: what stays for want of another place

  /// Nobody may take what two nodes of one zone have, and leave with: one of them keeps it, as the rule asks.
  @Test func copiesThatStayKeepTheRules() throws {
    let nodes = [
      Node(name: "n0", status: .leaving), Node(name: "n1", status: .leaving), Node(name: "n2", status: .maintenance),
    ]
    let zones = [0..<2, 2..<3].enumerated().map { Container(name: "z\($0)", level: 0, parent: nil, nodes: $1) }
    let rule = PlacementRule(states: [0, 1], level: 0, demand: .atMost(1), strength: .hard)
    let cluster = try DenseCluster(
      Cluster(
        settings: Settings(partitionCount: 2, constraints: [1, 1, 0, 0], placement: [rule]), levels: ["zone"],
        containers: zones, nodes: nodes))
    let current = PlacementMap.make([[[0], [2], [], []], [[0], [1], [], []]], least: [1, 1, 0, 0])
    #expect(try Planner.plan(cluster, from: current).target.rows == [[[0], [2], [], []], [[0], [], [], []]])
  }

  /// Where no or hardly any node is active, whatever has more than one copy keeps every hard rule.
  @Test func onlyLastCopiesBreakRules() {
    var (stay, several) = (0, 0)
    forAllSeeds(0..<400) { seed in
      let shape = RandomCluster.Shape {
        ($0.nodes, $0.partitions, $0.noSoftRules) = (2...5, 1...4, true)
        $0.near = seed % 4 == 0 ? .hard : nil
        $0.currentMaps = [.random, .illegal, .missing, .roundRobin]
      }
      var made = RandomCluster.make(seed: seed, shape: shape)
      var random = SplitMix64(seed: seed &+ 5)
      for node in made.cluster.nodes.indices where random.chance(4, 5) {
        made.cluster.nodes[node].status = random.pick([.leaving, .leaving, .maintenance])
      }
      if random.chance(1, 4) {
        made.cluster.partitionWeights = (0..<made.cluster.settings.partitionCount).map { _ in
          Quantity(UInt64(random.among(1...9)))
        }
      }
      guard let cluster = try? DenseCluster(made.cluster) else { return }
      let plan = try Planner.plan(cluster, from: made.current)
      for row in plan.target.rows {
        let nodes = row.flatMap(\.self)
        guard nodes.contains(where: { cluster.status[$0] != .active }) else { continue }
        stay += 1
        guard nodes.count > 1 else { continue }
        several += 1
        try holds(
          ExhaustiveSearch.meetsHardRules(cluster, row),
          "row \(row) breaks a hard rule\n\(RandomCluster.describe(made.cluster, made.current))")
      }
    }
    #expect(stay > 200 && several > 30, "\(stay) rows stay, \(several) with several copies")
  }
}
