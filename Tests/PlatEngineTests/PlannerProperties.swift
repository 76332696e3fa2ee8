import PlatEngine
import TestSupport
import Testing

/// The planner against the Judge and an exact minimum-cost flow, on random clusters.
@Suite struct PlannerProperties {
  @Test(arguments: [RandomCluster.Size.tiny, .small])
  func movesAreTheLeastThatAnyPlanNeeds(size: RandomCluster.Size) {
    forAllSeeds(0..<500) { seed in
      let one = try PlannedCase(seed, size, .laminar)
      try holds(one.faults.isEmpty, "faults \(one.faults)\n\(one.text)")
      try holds(one.placed >= one.due.totalFlow, "placed \(one.placed) of \(one.due.totalFlow)\n\(one.text)")
      try one.checkMoves()
    }
  }

  @Test func everyShapeIsPlannedWithoutFault() {
    forAllSeeds(0..<900) { seed in
      let one = try PlannedCase(seed)
      try holds(one.faults.isEmpty, "faults \(one.faults)\n\(one.text)")
      try holds(
        one.plan.movesLowerBound <= one.moves, "bound \(one.plan.movesLowerBound) above \(one.moves)\n\(one.text)")
    }
  }

  /// The fewest moves can leave nodes with partitions of which too many have the same holders, and one of the nodes
  /// without a master: on small maps, and seldom. Then no other choice of masters among the holders would do.
  @Test(arguments: [true, false])
  func mastersSlavesAndTotalsAreWithinOneOfTheirDue(onScatteredMaps: Bool) {
    let shape = RandomCluster.Shape {
      $0.rulesOverAllStates = true
      $0.noMaintenance = true
      $0.noCapacities = true
      $0.currentMaps = onScatteredMaps ? [.none, .random, .illegal, .tooMany] : nil
    }
    var (outside, seen) = (0, 0)
    forAllSeeds(0..<500) { seed in
      let one = try PlannedCase(seed, .small, shape)
      guard !one.isShort else { return }
      seen += 1
      guard !one.report.isBalanced else { return }
      outside += 1
      try holds(
        !RoleOracle.canBalance(one.cluster, holders: one.holders, due: one.due),
        "\(one.report.findings.filter { $0.rule.hasPrefix("balance") })\n\(one.text)")
    }
    #expect((onScatteredMaps ? 500 : 90) * outside <= seen, "\(outside) of \(seen)")
  }

  @Test func planningTwiceIsPlanningOnce() {
    forAllSeeds(0..<500) { seed in
      let one = try PlannedCase(seed, .small, .laminar)
      let again = try Planner.plan(one.cluster, from: one.plan.target)
      let report = try Judge.judge(one.cluster, map: again.target, from: one.plan.target)
      try holds(
        report.moves == 0 && report.roleChanges == 0,
        "\(report.moves) moves, \(report.roleChanges) role changes\n\(one.text)")
      try holds(mapsEqual(again.target, one.plan.target), "another map\n\(one.text)")
    }
  }

  @Test func mediumClusters() {
    forAllSeeds(0..<60) { seed in
      let one = try PlannedCase(seed, .medium, .laminar)
      try holds(one.faults.isEmpty, "faults \(one.faults)\n\(one.text)")
      try one.checkMoves()
    }
  }
}
