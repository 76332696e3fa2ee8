import PlatEngine
import TestSupport
import Testing

/// Several maps on the same nodes, against the Judge.
struct GroupProperties {
  private func judged(_ group: DenseGroup, _ currents: [PlacementMap?], _ plan: GroupPlan) throws -> GroupReport {
    let before = try group.clusters.indices.map { map in
      try currents[map] ?? PlacementMap(partitionCount: 0, slotCounts: group.clusters[map].wanted)
    }
    return try Judge.judge(group, maps: plan.plans.map(\.target), from: before)
  }

  @Test func freshGroupsAreBalancedEachAndInSum() throws {
    var states = 0
    forAllSeeds(0..<400) { seed in
      let shape = RandomCluster.Shape {
        $0.noCapacities = true
        $0.rulesOverAllStates = true
        $0.noMaintenance = true
      }
      let (group, currents) = try RandomGroup.make(seed: seed, maps: 1...8, shape: shape, isFresh: true)
      let plan = try Planner.plan(group, from: currents)
      let report = try judged(group, currents, plan)
      for (map, each) in report.maps.enumerated() {
        let alone = try Judge.judge(
          group.clusters[map], map: Planner.plan(group.clusters[map], from: nil).target,
          from: PlacementMap(partitionCount: 0, slotCounts: group.clusters[map].wanted))
        try holds(each.unmet <= alone.unmet, "map \(map): \(each.unmet) unmet, alone \(alone.unmet)")
        try holds(each.isBalanced || !alone.isBalanced, "map \(map): \(each.findings)")
      }
      try holds(!report.sum.findings.contains { $0.rule == "balance.total" }, "\(report.sum.findings)")
      if !report.sum.findings.isEmpty { states += 1; print("seed", seed, report.sum.findings) }
    }
    print("out of balance in a state:", states)
  }

  @Test func existingGroups() throws {
    var totals = 0, states = 0, above = 0, unmet = 0, all = 0
    forAllSeeds(0..<400) { seed in
      let shape = RandomCluster.Shape { $0.noMaintenance = true }
      let (group, currents) = try RandomGroup.make(seed: seed, maps: 1...6, shape: shape)
      let plan = try Planner.plan(group, from: currents)
      let report = try judged(group, currents, plan)
      all += 1
      if report.sum.findings.contains(where: { $0.rule == "balance.total" }) { totals += 1; print("seed", seed, report.sum.findings) }
      if report.sum.findings.contains(where: { $0.rule != "balance.total" && $0.rule.hasPrefix("balance") }) { states += 1 }
      try holds(!report.sum.findings.contains { $0.rule.hasSuffix("capacity") }, "\(report.sum.findings)")
      try holds(plan.movesLowerBound <= report.sum.moves, "bound \(plan.movesLowerBound), moves \(report.sum.moves)")
      if report.sum.moves > plan.movesLowerBound { above += 1 }
      if report.sum.unmet > 0 { unmet += 1 }
    }
    print("all", all, "totals", totals, "states", states, "above bound", above, "unmet", unmet)
  }
}
