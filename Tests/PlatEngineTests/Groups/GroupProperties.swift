import PlatEngine
import TestSupport
import Testing

/// Several maps on the same nodes, against the Judge, on random groups.
@Suite struct GroupProperties {
  /// Each map is as good as if it were alone, and their sums are balanced in total and in each state.
  @Test func freshGroupsAreBalancedEachAndInSum() {
    forAllSeeds(0..<150) { seed in
      let shape = RandomCluster.Shape {
        $0.noCapacities = true
        $0.rulesOverAllStates = true
        $0.noMaintenance = true
      }
      let (group, currents) = try RandomGroup.make(seed: seed, maps: 1...8, shape: shape, isFresh: true)
      let one = try PlannedGroup(group, currents)
      for (map, each) in one.report.maps.enumerated() {
        let alone = try Judge.judge(
          group.clusters[map], map: Planner.plan(group.clusters[map], from: nil).target,
          from: PlacementMap(partitionCount: 0, slotCounts: group.clusters[map].wanted))
        try holds(each.unmet <= alone.unmet, "map \(map): \(each.unmet) unmet, alone \(alone.unmet)")
        try holds(each.isBalanced || !alone.isBalanced, "map \(map): \(each.findings)")
      }
      try holds(!one.isOut("balance.total"), "\(one.report.sum.findings)")
      try holds(one.moves == one.plan.movesLowerBound || one.report.sum.unmet > 0, "a fresh map needs all its moves")
      try holds(!one.isOutInSomeState, "\(one.report.sum.findings)")
    }
  }

  /// Whatever the maps are: no capacity is passed, no bound is above the moves, and what one map alone can have each
  /// has in the group.
  @Test func anyGroupKeepsItsPromises() {
    var all = 0
    var (outInTotal, aboveBound) = (0, 0)
    forAllSeeds(0..<100) { seed in
      let (group, currents) = try RandomGroup.make(seed: seed, maps: 1...6)
      let one = try PlannedGroup(group, currents)
      try holds(one.passedCapacities.isEmpty, "\(one.passedCapacities)")
      try holds(one.plan.movesLowerBound <= one.moves, "bound \(one.plan.movesLowerBound), moves \(one.moves)")
      for (plan, each) in zip(one.plan.plans, one.report.maps) {
        try holds(plan.movesLowerBound <= each.moves, "bound \(plan.movesLowerBound), moves \(each.moves)")
      }
      guard one.report.sum.unmet == 0 else { return }
      all += 1
      if one.isOut("balance.total") { outInTotal += 1 }
      if one.plan.movesLowerBound < one.moves { aboveBound += 1 }
    }
    #expect(outInTotal * 12 <= all, "\(outInTotal) of \(all) groups are out of balance in total")
    #expect(aboveBound * 3 <= all, "\(aboveBound) of \(all) groups move more than the bound")
  }

  /// Clusters whose maps were planned each for itself: what their sums ask for is moved, and no more.
  @Test func mapsThatWerePlannedApartMoveAsLittleAsTheirSumsAsk() {
    var all = 0
    var aboveBound = 0
    forAllSeeds(0..<60) { seed in
      let shape = RandomCluster.Shape {
        $0.noCapacities = true
        $0.rulesOverAllStates = true
        $0.allActive = true
      }
      let (group, currents) = try RandomGroup.make(seed: seed, maps: 2...8, shape: shape, isJoined: true)
      let one = try PlannedGroup(group, currents)
      guard one.report.sum.unmet == 0 else { return }
      try holds(!one.isOut("balance.total"), "\(one.report.sum.findings)")
      all += 1
      if one.plan.movesLowerBound < one.moves { aboveBound += 1 }
    }
    #expect(aboveBound * 6 <= all, "\(aboveBound) of \(all) groups move more than the bound")
  }

  @Test func planningTwiceIsPlanningOnce() {
    forAllSeeds(0..<60) { seed in
      let shape = RandomCluster.Shape {
        $0.noMaintenance = true
        $0.rulesOverAllStates = true
        $0.noCapacities = true
      }
      let (group, currents) = try RandomGroup.make(seed: seed, maps: 1...6, shape: shape)
      let one = try PlannedGroup(group, currents)
      let isWell = one.report.sum.unmet == 0 && one.report.sum.isBalanced
      guard isWell else { return }
      let two = try PlannedGroup(group, one.targets)
      try holds(two.moves == 0, "\(two.moves) moves from a plan")
      try holds(two.report.sum.roleChanges == 0, "\(two.report.sum.roleChanges) role changes from a plan")
    }
  }

  /// One map in a group is that map alone.
  @Test func aGroupOfOneIsThatOne() {
    forAllSeeds(0..<60) { seed in
      let shape = RandomCluster.Shape { $0.noCapacities = true }
      let (cluster, current) = RandomCluster.make(seed: seed, shape: shape)
      let group = try DenseGroup(
        ClusterGroup(shared: cluster, members: [.init(name: "m", settings: cluster.settings)]))
      let plan = try Planner.plan(group, from: [current])
      let alone = try Planner.plan(DenseCluster(cluster), from: current)
      try holds(
        plan.movesLowerBound == alone.movesLowerBound, "\(plan.movesLowerBound), alone \(alone.movesLowerBound)")
      guard current != nil else { return }
      try holds(mapHash(plan.plans[0].target) == mapHash(alone.target), "another map")
    }
  }
}
