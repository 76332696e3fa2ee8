import PlatEngine
import TestSupport
import Testing

/// Where steps say that full nodes wait for one another, no order is safe: beside a search of all states.
@Suite struct StepOracleTests {
  private static func make(_ seed: UInt64) throws -> (
    cluster: DenseCluster, current: PlacementMap, target: PlacementMap
  )? {
    let shape = RandomCluster.Shape {
      $0.allActive = true
      $0.noSoftRules = true
      $0.nodes = 2...6
      $0.partitions = 1...4
      $0.currentMaps = [.random, .roundRobin]
    }
    let made = RandomCluster.make(seed: seed, shape: shape)
    var random = SplitMix64(seed: seed)
    guard let current = made.current, let target = CurrentMap.random.make(made.cluster, &random) else { return nil }
    // As much room as both maps need, and hardly more.
    var cluster = made.cluster
    let loads = [current, target].map { map in
      map.rows.reduce(into: [Int](repeating: 0, count: cluster.nodes.count)) { loads, row in
        for node in row.joined() { loads[node] += 1 }
      }
    }
    for node in cluster.nodes.indices {
      cluster.nodes[node].capacity = max(loads[0][node], loads[1][node]) + (random.chance(1, 5) ? 1 : 0)
    }
    return (try DenseCluster(cluster), current, target)
  }

  @Test func noOrderIsSaidOnlyWhereThereIsNone() {
    var (with, without, unknown) = (0, 0, 0)
    forAllSeeds(0..<600) { seed in
      guard let (cluster, current, target) = try Self.make(seed) else { return }
      let plan = StepPlanner.plan(cluster, from: current, to: target)
      guard plan.unmet.allSatisfy({ $0.reason != .lastCopy }) else { return }
      var random = SplitMix64(seed: seed)
      for order in StepReplay.Order.allCases {
        var replay = StepReplay(cluster, from: current, to: target, plan: plan)
        try replay.runAll(plan.list, &random, order)
        try replay.checkEnd(unmet: Set(plan.unmet.map(\.partition.int)))
      }
      guard !NoRoom(plan, cluster, target).isPlainlyMet,
        let oracle = StepOracle(cluster, from: current, to: target), let hasOrder = oracle.hasOrder()
      else {
        unknown += 1
        return
      }
      with += hasOrder ? 1 : 0
      without += hasOrder ? 0 : 1
      try holds(
        plan.unmet.isEmpty == hasOrder,
        "an order \(hasOrder ? "exists" : "does not exist"), unmet \(plan.unmet)\n\(RandomCluster.describe(cluster.cluster, current))\nto \(target.rows)"
      )
    }
    #expect(with > 20 && without > 10, "\(with) with an order, \(without) without, \(unknown) not looked at")
  }

  /// Two single copies change places between full nodes, beside a third with room: no order of the plan's own copies
  /// does, and no more than that is said.
  @Test func aThirdNodeIsNoPartOfThePlan() throws {
    let nodes = [Node(name: "n0", capacity: 1), Node(name: "n1", capacity: 1), Node(name: "n2", capacity: 1)]
    let cluster = try DenseCluster(
      Cluster(settings: Settings(partitionCount: 2, constraints: [1, 0, 0, 0]), nodes: nodes))
    func map(_ holders: [Int]) -> PlacementMap {
      PlacementMap.make(holders.map { [[$0], [], [], []] }, least: [1, 0, 0, 0])
    }
    let plan = StepPlanner.plan(cluster, from: map([0, 1]), to: map([1, 0]))
    #expect(plan.unmet.map(\.reason) == [.noRoom, .noRoom] && plan.list.count == 0)
    // By way of the third.
    for (from, to) in [([0, 1], [2, 1]), ([2, 1], [2, 0]), ([2, 0], [1, 0])] {
      #expect(StepPlanner.plan(cluster, from: map(from), to: map(to)).unmet.isEmpty)
    }
  }

  /// A plan without a wait for room needs no oracle.
  private struct NoRoom {
    let isPlainlyMet: Bool

    init(_ plan: StepPlan, _ cluster: DenseCluster, _ target: PlacementMap) {
      let waits = (0..<plan.list.count).contains { index in
        plan.list.after(index).contains { plan.list.steps[Int($0)].partition != plan.list.steps[index].partition }
      }
      isPlainlyMet = plan.unmet.isEmpty && !waits
    }
  }
}
