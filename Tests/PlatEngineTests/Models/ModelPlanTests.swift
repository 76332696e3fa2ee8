import PlatEngine
import TestSupport
import Testing

/// Plans for models with three placed states, and with a placed state that holds no data.
@Suite struct ModelPlanTests {
  private static let trio = RandomCluster.Shape {
    $0.rulesOverAllStates = true
    $0.noMaintenance = true
    $0.model = .trio
    $0.mostOfState = [1, 2, 2, 0]
  }

  @Test func threeStatesMoveTheLeast() {
    forAllSeeds(0..<400) { seed in
      let one = try PlannedCase(seed, .small, Self.trio)
      try one.checkConsistent()
      try one.checkMoves()
    }
  }

  /// Fresh maps are balanced in each of three states. On others the fewest moves can stand in the way.
  @Test(arguments: [true, false])
  func threeStatesAreBalanced(onFreshMaps: Bool) {
    let shape = RandomCluster.Shape {
      $0 = Self.trio
      $0.noCapacities = true
      $0.currentMaps = onFreshMaps ? [.none] : [.roundRobin, .random, .drifted, .missing]
    }
    var (outside, seen) = (0, 0)
    forAllSeeds(0..<400) { seed in
      let one = try PlannedCase(seed, .small, shape)
      guard !one.isShort else { return }
      seen += 1
      if !one.report.isBalanced { outside += 1 }
    }
    #expect((onFreshMaps ? 40 : 8) * outside <= seen, "\(outside) of \(seen)")
  }

  @Test func rulesAboutOneOfThreeStates() {
    let shape = RandomCluster.Shape {
      $0.model = .trio
      $0.mostOfState = [1, 2, 2, 0]
    }
    forAllSeeds(0..<400) { seed in try PlannedCase(seed, .small, shape).checkConsistent() }
  }

  // MARK: a state without data

  private static let quorum = RandomCluster.Shape {
    $0.model = .quorum
    $0.mostOfState = [1, 2, 2]
  }

  /// Witnesses take nodes of their own, keep the rules, and cost no move: data lies as it would without them.
  @Test func witnessesStandBesideTheData() {
    forAllSeeds(0..<600) { seed in
      let one = try PlannedCase(seed, .small, Self.quorum)
      for row in one.plan.target.rows {
        try holds(Set(row.joined()).count == row.joined().count, "a node twice in \(row)\n\(one.text)")
      }
      try holds(one.faults.isEmpty, "faults \(one.faults)\n\(one.text)")
    }
    // Plans with witnesses are not searched by `Improve`: where it does better without them, data lies elsewhere.
    withKnownIssue(isIntermittent: true) { forAllSeeds(0..<600) { seed in
      let one = try PlannedCase(seed, .small, Self.quorum)
      var without = one.cluster.cluster
      without.settings.constraints[1] = 0
      for index in without.settings.placement.indices {
        without.settings.placement[index].states.removeAll { $0 == 1 }
      }
      without.settings.placement.removeAll { $0.states.isEmpty }
      let plain = try Planner.plan(DenseCluster(without), from: one.current)
      try holds(
        one.plan.target.rows.map { [$0[0], $0[2]] } == plain.target.rows.map { [$0[0], $0[2]] },
        "data lies elsewhere\n\(one.text)")
      try holds(one.plan.movesLowerBound == plain.movesLowerBound, "another bound\n\(one.text)")
      for row in one.plan.target.rows {
        try holds(ExhaustiveSearch.meetsHardRules(one.cluster, row), "row \(row)\n\(one.text)")
      }
      if one.current != nil {
        try holds(
            one.report.moves == ModelPlanTests.received(one),
            "moves \(one.report.moves), received otherwise\n\(one.text)")
      }
    } }
  }

  /// Replicas with data on nodes that had none, or have failed: counted beside the Judge.
  private static func received(_ one: PlannedCase) -> Int {
    let before = one.current!.dataHolders(.quorum)
    return zip(one.plan.target.dataHolders(.quorum), before).reduce(0) { sum, row in
      sum + row.0.count { !row.1.contains($0) || one.cluster.status[$0] == .failed }
    }
  }

  @Test func planningTwiceMovesNoWitness() {
    let shape = RandomCluster.Shape {
      $0 = Self.quorum
      $0.rulesOverAllStates = true
      $0.noMaintenance = true
    }
    forAllSeeds(0..<300) { seed in
      let one = try PlannedCase(seed, .small, shape)
      let again = try Planner.plan(one.cluster, from: one.plan.target)
      let report = try Judge.judge(one.cluster, map: again.target, from: one.plan.target)
      try holds(report.moves == 0 && report.roleChanges == 0, "\(report.moves), \(report.roleChanges)\n\(one.text)")
    }
  }

  /// Without rules, every node has its share of witnesses, and a witness is missing only where nodes are too few.
  @Test func witnessesAreBalanced() {
    let shape = RandomCluster.Shape {
      $0 = Self.quorum
      $0.noHardRules = true
      $0.noMaintenance = true
      $0.noCapacities = true
    }
    var (outside, seen) = (0, 0)
    forAllSeeds(0..<400) { seed in
      let one = try PlannedCase(seed, .small, shape)
      let wanted = one.cluster.wanted.reduce(0, +)
      let usable = one.cluster.status.indices.count {
        one.cluster.status[$0] == .active && one.cluster.cluster.nodes[$0].weight != .zero
      }
      guard one.cluster.wanted[1] > 0, usable > wanted else { return }
      try holds(one.report.unmet == 0, "\(one.report.findings)\n\(one.text)")
      seen += 1
      if one.report.findings.contains(where: { $0.rule == "balance.witness" }) { outside += 1 }
    }
    #expect(8 * outside <= seen, "\(outside) of \(seen)")
  }

  /// A vote in a third zone: the data is in the other two.
  @Test func aWitnessInAThirdZone() throws {
    let rule = PlacementRule(states: [0, 1, 2], level: 0, demand: .atMost(1), strength: .hard)
    let nodes = (0..<6).map { Node(name: "n\($0)") }
    let zones = (0..<3).map { Container(name: "z\($0)", level: 0, parent: nil, nodes: (2 * $0)..<(2 * $0 + 2)) }
    let settings = Settings(model: .quorum, partitionCount: 12, placement: [rule])
    let cluster = try DenseCluster(Cluster(settings: settings, levels: ["zone"], containers: zones, nodes: nodes))
    let plan = try Planner.plan(cluster, from: nil)
    let report = try Judge.judge(cluster, map: plan.target, from: nil)
    #expect(report.unmet == 0 && report.isBalanced && plan.movesLowerBound == 24)
    for row in plan.target.rows { #expect(Set(row.joined().map { $0 / 2 }) == [0, 1, 2]) }

    // A node fails: the one beside it votes for what that zone has no data of.
    var failed = cluster.cluster
    failed.nodes[0].status = .failed
    let after = try DenseCluster(failed)
    let next = try Planner.plan(after, from: plan.target)
    let nextReport = try Judge.judge(after, map: next.target, from: plan.target)
    #expect(nextReport.unmet == 0 && nextReport.moves == next.movesLowerBound)
    for row in next.target.rows { #expect(Set(row.joined().map { $0 / 2 }) == [0, 1, 2] && !row.joined().contains(0)) }
  }
}
