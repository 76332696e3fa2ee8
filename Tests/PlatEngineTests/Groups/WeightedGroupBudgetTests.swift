import TestSupport
import Testing

@testable import PlatEngine

/// `settings.balance.moveBudget` of several maps whose partitions differ in weight.
@Suite struct WeightedGroupBudgetTests {
  private func shape(hasRoom: Bool = true) -> RandomCluster.Shape {
    RandomCluster.Shape {
      $0.rulesOverAllStates = true
      $0.noMaintenance = true
      $0.noCapacities = hasRoom
    }
  }

  private func make(_ seed: UInt64, _ maps: ClosedRange<Int>, hasRoom: Bool = true) throws -> (
    DenseGroup, [PlacementMap?]
  )? {
    let (group, currents) = try RandomGroup.make(
      seed: seed, maps: maps, shape: shape(hasRoom: hasRoom), isJoined: seed % 2 == 0, weights: RandomGroup.anyWeights)
    return group.weights == nil ? nil : (group, currents)
  }

  private func lost(_ group: DenseGroup, _ currents: [PlacementMap?]) -> Int {
    zip(group.clusters, currents).reduce(0) { $0 + BoxCaps.lost($1.0, $1.1) }
  }

  @Test func stepsLeadToTheEnd() {
    var (seen, steps, standing, inSteps, atOnce) = (0, 0, 0, 0, 0)
    forAllSeeds(0..<60) { seed in
      guard let (made, currents) = try make(seed, 2...4) else { return }
      let whole = try PlannedGroup(made.with(budget: nil), currents)
      guard whole.report.sum.unmet == 0, whole.report.sum.isBalanced, whole.report.maps.allSatisfy(\.isBalanced) else {
        return
      }
      let budget = 1 + whole.moves / 4
      let group = try made.with(budget: budget)
      var (maps, moves, isDone, count) = (currents, 0, false, 0)
      while !isDone, count < 16 {
        let one = try PlannedGroup(group, maps)
        try holds(one.report.sum.unmet == 0, "\(one.report.sum.findings)")
        let made = one.moves - lost(group, maps)
        try holds(made <= budget, "\(made) moves for balance, \(budget) allowed")
        try holds(
          one.plan.movesLowerBound <= one.moves && one.plan.movesWeightLowerBound! <= one.report.sum.inWeight!.moves,
          "bound \(one.plan.movesLowerBound), \(one.moves) moves")
        isDone = one.plan.movesHeldBack == 0
        (maps, moves, count) = (one.targets, moves + one.moves, count + 1)
      }
      seen += 1
      steps += count
      guard isDone else {
        standing += 1
        return
      }
      let end = try PlannedGroup(made.with(budget: nil), maps)
      try holds(end.moves == 0 && end.report.sum.isBalanced, "it goes on: \(end.moves) \(end.report.sum.findings)")
      (inSteps, atOnce) = (inSteps + moves, atOnce + whole.moves)
    }
    #expect(seen > 15 && steps > seen + 20 && standing == 0, "\(seen), \(steps), \(standing) stand still")
    #expect(inSteps * 100 <= atOnce * 110, "\(inSteps) moves in steps, \(atOnce) at once")
  }

  @Test func aMapsOwnBudgetIsItsOwn() {
    var heldBack = 0
    forAllSeeds(0..<40) { seed in
      guard let (made, currents) = try make(seed, 2...4) else { return }
      let group = try made.with(budget: nil, own: 1)
      let (whole, one) = (
        try PlannedGroup(made.with(budget: nil), currents), try PlannedGroup(group, currents)
      )
      guard whole.report.sum.unmet == 0, currents[0] != nil else { return }
      let lost = BoxCaps.lost(group.clusters[0], currents[0])
      try holds(one.report.maps[0].moves - lost <= 1, "\(one.report.maps[0].moves), \(lost) lost")
      try holds(
        one.report.maps.dropFirst().map(\.moves) == whole.report.maps.dropFirst().map(\.moves),
        "another map is held back")
      heldBack += one.plan.movesHeldBack
    }
    #expect(heldBack > 20, "\(heldBack)")
  }

  /// Nothing moves for balance; what is lost is replaced, whatever the capacities; and none of them is passed.
  @Test func noneIsSafetyOnly() {
    forAllSeeds(0..<60) { seed in
      let hasRoom = seed % 2 == 0
      guard let (made, currents) = try make(seed, 1...4, hasRoom: hasRoom) else { return }
      let group = try made.with(budget: 0)
      let (whole, one) = (
        try PlannedGroup(made.with(budget: nil), currents), try PlannedGroup(group, currents)
      )
      try holds(one.passedCapacities.isEmpty, "\(one.passedCapacities)")
      // Where capacities are tight, what fills them last may move a little more or less.
      let most = whole.moves + (hasRoom ? 0 : whole.moves / 16)
      try holds(one.moves <= most && one.report.sum.unmet <= whole.report.sum.unmet, "\(one.moves), \(whole.moves)")
      guard hasRoom, whole.report.sum.unmet == 0 else { return }
      for map in currents.indices where currents[map] != nil {
        let lost = BoxCaps.lost(group.clusters[map], currents[map])
        try holds(one.report.maps[map].moves == lost, "map \(map): \(one.report.maps[map].moves), \(lost) lost")
      }
    }
  }

  /// Both maps lean to the first node, each within its own balance: one move of 1 a map brings the sum in, and one is
  /// allowed.
  @Test func whatIsHeldBackIsTold() throws {
    var group = try PlannedGroup.plain(nodes: 2, maps: Array(repeating: (4, 1), count: 6)).group
    for map in group.members.indices { group.members[map].weights = ["3", "2", "2", "1"].map { Quantity($0)! } }
    let leaning = PlacementMap.make(
      [[[0], [], [], []], [[0], [], [], []], [[1], [], [], []], [[1], [], [], []]], least: [1, 0, 0, 0])
    let (made, maps) = (try DenseGroup(group), Array(repeating: leaning, count: 6))
    let whole = try PlannedGroup(made, maps)
    #expect(whole.report.sum.isBalanced && whole.moves > 1, "\(whole.moves)")
    let one = try PlannedGroup(made.with(budget: 1), maps)
    #expect(one.moves == 1 && one.plan.movesHeldBack == whole.moves - 1, "\(one.moves), \(one.plan.movesHeldBack)")
    #expect(one.report.sum.findings.contains { $0.rule == "balance.moveBudget" }, "\(one.report.sum.findings)")
    // A plan that makes more than it may is told from one that does not.
    let spoilt = try Judge.judge(made.with(budget: 1), maps: whole.targets, from: PlannedGroup.before(made, maps))
    #expect(!spoilt.sum.findings.contains { $0.rule == "balance.moveBudget" })
  }
}
