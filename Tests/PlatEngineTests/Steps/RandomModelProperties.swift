import PlatEngine
import TestSupport
import Testing

/// Random models of 1 to 6 states, with any exclusions and tables, on random clusters, from random maps to planned ones
/// and to random ones.
@Suite struct RandomModelProperties {
  struct Case {
    let cluster: DenseCluster
    let current: PlacementMap?
    let planned: PlacementMap
    let drawn: PlacementMap?

    init(_ seed: UInt64) throws {
      var random = SplitMix64(seed: seed)
      let (model, most) = RandomModel.make(&random)
      let shape = RandomCluster.Shape {
        $0.model = model
        $0.mostOfState = most
        $0.nodes = 1...8
        $0.partitions = 1...4
      }
      let made = RandomCluster.make(seed: random.next(), shape: shape)
      cluster = try DenseCluster(made.cluster)
      current = made.current
      planned = try Planner.plan(cluster, from: current).target
      drawn = random.pick([CurrentMap.random, .missing, .illegal]).make(made.cluster, &random)
    }

    func replay(to target: PlacementMap, _ seed: UInt64, mayRemoveFirst: Bool = false) throws -> StepPlan {
      var random = SplitMix64(seed: seed)
      var options = StepPlanner.Options()
      options.mayRemoveFirst = mayRemoveFirst
      let plan = StepPlanner.plan(cluster, from: current, to: target, options: options)
      let hasRoom = cluster.cluster.nodes.allSatisfy { $0.capacity == nil }
      for order in StepReplay.Order.allCases {
        var replay = StepReplay(cluster, from: current, to: target, plan: plan, everyLevel: hasRoom)
        try replay.runAll(plan.list, &random, order)
        try replay.checkEnd(unmet: Set(plan.unmet.map(\.partition.int)))
      }
      _ = try Scheduler.schedule(plan.list, of: cluster)
      return plan
    }
  }

  @Test func anyModelMovesSafely() {
    var (rows, odd, steps) = (0, 0, 0)
    forAllSeeds(0..<300) { seed in
      let one = try Case(seed)
      for target in [one.planned, one.drawn].compactMap({ $0 }) {
        for mayRemoveFirst in [false, true] {
          let plan = try one.replay(to: target, seed, mayRemoveFirst: mayRemoveFirst)
          rows += Set(plan.list.steps.map(\.partition)).count
          steps += plan.list.count
          odd += plan.unmet.count { $0.reason == .noSafeOrder }
        }
      }
    }
    #expect(rows > 500 && odd * 16 < rows, "\(odd) of \(rows) rows without an order, \(steps) steps")
  }
}
