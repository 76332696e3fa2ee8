import PlatEngine
import TestSupport
import Testing

/// `settings.balance.moveBudget` of several maps: the document's for all together, a map's own for that one.
@Suite struct GroupBudgetTests {
  private static let shape = RandomCluster.Shape {
    $0.rulesOverAllStates = true
    $0.noMaintenance = true
    $0.noCapacities = true
  }

  private func lost(_ group: DenseGroup, _ currents: [PlacementMap?]) -> [Int] {
    zip(group.clusters, currents).map { BoxCaps.lost($0, $1) }
  }

  @Test func stepsLeadToTheEnd() {
    var (seen, steps, inSteps, atOnce) = (0, 0, 0, 0)
    forAllSeeds(0..<80) { seed in
      let (made, currents) = try RandomGroup.make(seed: seed, maps: 2...5, shape: Self.shape, isJoined: seed % 2 == 0)
      let whole = try PlannedGroup(made.with(budget: nil), currents)
      guard whole.report.sum.unmet == 0, whole.report.sum.isBalanced, whole.report.maps.allSatisfy(\.isBalanced) else {
        return
      }
      let group = try made.with(budget: 1 + whole.moves / 4)
      let budget = 1 + whole.moves / 4
      var (maps, moves) = (currents, 0)
      var isDone = false
      for _ in 0...(whole.moves + 4) where !isDone {
        let one = try PlannedGroup(group, maps)
        try holds(one.report.sum.unmet == 0, "\(one.report.sum.findings)")
        let made = one.moves - lost(group, maps).reduce(0, +)
        try holds(made <= budget, "\(made) moves for balance, \(budget) allowed")
        try holds(one.plan.movesLowerBound <= one.moves, "bound \(one.plan.movesLowerBound), \(one.moves) moves")
        isDone = one.plan.movesHeldBack == 0
        (maps, moves, steps) = (one.targets, moves + one.moves, steps + 1)
      }
      try holds(isDone, "no end")
      let end = try PlannedGroup(made.with(budget: nil), maps)
      try holds(end.moves == 0 && end.report.sum.isBalanced, "it goes on: \(end.moves) \(end.report.sum.findings)")
      (seen, inSteps, atOnce) = (seen + 1, inSteps + moves, atOnce + whole.moves)
    }
    #expect(seen > 30 && steps > seen + 30, "\(seen), \(steps)")
    #expect(inSteps * 100 <= atOnce * 103, "\(inSteps) moves in steps, \(atOnce) at once")
  }

  @Test func aMapsOwnBudgetIsItsOwn() {
    var heldBack = 0
    forAllSeeds(0..<60) { seed in
      let (made, currents) = try RandomGroup.make(seed: seed, maps: 2...4, shape: Self.shape)
      let group = try made.with(budget: nil, own: 1)
      let (whole, one) = (
        try PlannedGroup(made.with(budget: nil), currents), try PlannedGroup(group, currents)
      )
      guard whole.report.sum.unmet == 0, currents[0] != nil else { return }
      let lost = lost(group, currents)
      try holds(one.report.maps[0].moves - lost[0] <= 1, "\(one.report.maps[0].moves), \(lost[0]) lost")
      try holds(
        one.report.maps.dropFirst().map(\.moves) == whole.report.maps.dropFirst().map(\.moves),
        "another map is held back")
      heldBack += one.plan.movesHeldBack
    }
    #expect(heldBack > 100)
  }

  /// Nothing moves for balance; what is lost is replaced, whatever the capacities; and none of them is passed.
  @Test func noneIsSafetyOnly() {
    forAllSeeds(0..<80) { seed in
      let hasRoom = seed % 2 == 0
      let shape = RandomCluster.Shape {
        $0.rulesOverAllStates = true
        $0.noMaintenance = true
        $0.noCapacities = hasRoom
      }
      let (made, currents) = try RandomGroup.make(seed: seed, maps: 1...4, shape: shape)
      let group = try made.with(budget: 0)
      let (whole, one) = (
        try PlannedGroup(made.with(budget: nil), currents), try PlannedGroup(group, currents)
      )
      try holds(one.passedCapacities.isEmpty, "\(one.passedCapacities)")
      try holds(
        one.moves <= whole.moves && one.report.sum.unmet <= whole.report.sum.unmet, "\(one.moves), \(whole.moves)")
      guard hasRoom, whole.report.sum.unmet == 0 else { return }
      let fresh = currents.indices.filter { currents[$0] == nil }
      let lost = lost(group, currents)
      for map in currents.indices where !fresh.contains(map) {
        try holds(
          one.report.maps[map].moves == lost[map], "map \(map): \(one.report.maps[map].moves), \(lost[map]) lost")
      }
    }
  }

  /// Six moves, three in each map, bring both and their sum to their dues.
  @Test func theShortestChainsOfAnyMapGoFirst() throws {
    func rows(_ loads: [Int]) -> PlacementMap {
      PlacementMap.make(
        loads.enumerated().flatMap { node, load in Array(repeating: [[node], [], [], []], count: load) },
        least: [1, 0, 0, 0])
    }
    let currents = [rows([28, 22, 25, 25]), rows([28, 22, 25, 25])]
    let group = try PlannedGroup.plain(nodes: 4, maps: [(100, 1), (100, 1)])
    #expect(try PlannedGroup(group, currents).moves == 6)
    let one = try PlannedGroup(group.with(budget: 2), currents)
    #expect(one.report.maps.map(\.moves) == [1, 1] && one.plan.movesHeldBack == 4)
    let finding = try #require(one.report.sum.findings.first { $0.rule == "balance.moveBudget" })
    #expect(finding.want == 6 && finding.have == 2)
    // A map's own is told in that map.
    let own = try PlannedGroup(group.with(budget: nil, own: 1), currents)
    #expect(
      own.report.maps.map(\.moves) == [1, 3] && own.report.maps[0].findings.contains { $0.rule == "balance.moveBudget" }
    )
    // A plan that makes more than it may is told from one that does not.
    let spoilt = try Judge.judge(
      group.with(budget: 2), maps: PlannedGroup(group, currents).targets, from: PlannedGroup.before(group, currents))
    #expect(!spoilt.sum.findings.contains { $0.rule == "balance.moveBudget" } && spoilt.sum.moves == 6)
  }
}
