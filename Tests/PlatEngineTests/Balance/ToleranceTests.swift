import PlatEngine
import TestSupport
import Testing

/// `settings.balance.tolerance`: nothing changes for balance alone while nodes are near enough to their dues.
@Suite struct ToleranceTests {
  static let tolerances = ["1/20", "0.1", "1/3", "1"].map { Quantity($0)! }

  /// A random cluster with one of the tolerances.
  private func planned(_ seed: UInt64, _ size: RandomCluster.Size, _ shape: RandomCluster.Shape) throws -> PlannedCase {
    var made = RandomCluster.make(seed: seed, size: size, shape: shape)
    made.cluster.settings.balance.tolerance = Self.tolerances[Int(seed % 4)]
    return try PlannedCase(DenseCluster(made.cluster), made.current)
  }

  /// Five nodes that are due 100 each, with these loads.
  private func five(_ loads: [Int], _ tolerance: String?, masters: [Int]? = nil) throws -> PlannedCase {
    var cluster = Cluster(
      settings: Settings(partitionCount: 500, constraints: [1, 0, 0, 0]), nodes: (0..<5).map { Node(name: "n\($0)") })
    if let tolerance { cluster.settings.balance.tolerance = Quantity(tolerance)! }
    let rows = loads.enumerated().flatMap { node, load in Array(repeating: [[node], [], [], []], count: load) }
    return try PlannedCase(DenseCluster(cluster), PlacementMap.make(rows, least: [1, 0, 0, 0]))
  }

  @Test func whatIsNearEnoughStays() throws {
    let loads = [110, 90, 105, 95, 100]
    #expect(try five(loads, nil).moves == 15)
    #expect(try five(loads, "1/20").moves == 5)
    #expect(try five(loads, "1/10").moves == 0)
  }

  /// Back to the edge, not to the due: 130 → 110. What comes goes to whoever is farthest below.
  @Test func outsideComesBackToTheEdge() throws {
    let one = try five([130, 70, 100, 100, 100], "1/10")
    #expect(one.moves == 20 && one.plan.movesLowerBound == 20)
    #expect(one.loads == [110, 90, 100, 100, 100])
    #expect(one.report.isBalanced)
  }

  /// What must go somewhere anyway goes where it is due.
  @Test func whatIsMissingGoesWhereItIsDue() throws {
    let one = try five([105, 95, 100, 100, 50], "1/10")
    #expect(one.loads.sorted() == [95, 100, 100, 100, 105] && one.moves == 50)
  }

  @Test func statesAreToleratedToo() throws {
    var cluster = Cluster(
      settings: Settings(partitionCount: 100, constraints: [1, 1, 0, 0]), nodes: (0..<2).map { Node(name: "n\($0)") })
    let current = PlacementMap.make(
      (0..<100).map { $0 < 54 ? [[0], [1], [], []] : [[1], [0], [], []] }, least: [1, 1, 0, 0])
    for (tolerance, changes) in [("0", 8), ("1/25", 4), ("1/10", 0), ("1", 0)] {
      cluster.settings.balance.tolerance = Quantity(tolerance)!
      let one = try PlannedCase(DenseCluster(cluster), current)
      #expect(one.moves == 0 && one.report.roleChanges == changes && one.report.isBalanced, "\(tolerance)")
    }
  }

  @Test(arguments: [RandomCluster.Size.tiny, .small])
  func movesAreTheLeastThatTheWindowsNeed(size: RandomCluster.Size) {
    forAllSeeds(0..<300) { seed in
      let one = try planned(seed, size, .laminar)
      try holds(one.faults.isEmpty, "faults \(one.faults)\n\(one.text)")
      try one.checkMoves()
      let proved = try Judge.movesBound(
        one.cluster, map: one.plan.target, from: one.current, prices: one.plan.certificate)
      try holds(
        proved >= min(one.plan.movesLowerBound, one.moves) || one.current == nil,
        "the Judge proves \(proved) of \(one.plan.movesLowerBound)\n\(one.text)")
    }
  }

  @Test func everyShapeIsPlannedWithoutFault() {
    forAllSeeds(0..<300) { seed in try planned(seed, .small, .init()).checkConsistent() }
  }

  @Test func planningTwiceIsPlanningOnce() {
    forAllSeeds(0..<200) { seed in
      let one = try planned(seed, .small, .laminar)
      let again = try Planner.plan(one.cluster, from: one.plan.target)
      try holds(mapsEqual(again.target, one.plan.target), "another map\n\(one.text)")
    }
  }

  /// A map made anew costs the same however it is balanced.
  @Test func freshMapsAreBalancedAsWithoutIt() {
    forAllSeeds(0..<200) { seed in
      let shape = RandomCluster.Shape { $0.currentMaps = [.none] }
      let one = try planned(seed, .small, shape)
      let without = try PlannedCase(seed, .small, shape)
      try holds(mapsEqual(one.plan.target, without.plan.target), "another map\n\(one.text)")
    }
  }

  /// A wider window is never a reason to move more.
  @Test func toleranceNeverCostsAMove() {
    forAllSeeds(0..<300) { seed in
      let one = try planned(seed, .small, .laminar)
      let without = try PlannedCase(seed, .small, .laminar)
      try holds(one.moves <= without.moves, "\(one.moves) moves, \(without.moves) without\n\(one.text)")
    }
  }

  /// The Judge counts what is tolerated as plain arithmetic does, and notices the first replica too many.
  @Test func theJudgeKnowsTheEdge() throws {
    for (load, isBalanced) in [(111, true), (112, false), (89, true), (88, false)] {
      let rest = (500 - load) / 4
      let loads = [load, rest, rest, rest, 500 - load - 3 * rest]
      let one = try five(loads, "1/10")
      let report = try Judge.judge(one.cluster, map: one.current!, from: nil)
      #expect(report.isBalanced == isBalanced, "\(loads)")
      #expect(report.findings.isEmpty == isBalanced)
    }
  }

  @Test func sumsOfSeveralMapsAreTolerated() throws {
    var shared = Cluster(
      settings: Settings(partitionCount: 100, constraints: [1, 0, 0, 0]), nodes: (0..<4).map { Node(name: "n\($0)") })
    func rows(_ loads: [Int]) -> PlacementMap {
      PlacementMap.make(
        loads.enumerated().flatMap { node, load in Array(repeating: [[node], [], [], []], count: load) },
        least: [1, 0, 0, 0])
    }
    let currents = [rows([28, 22, 25, 25]), rows([28, 22, 25, 25])]
    for (tolerance, moves) in [("0", 6), ("1/5", 0), ("1/10", 1), ("1/25", 4)] {
      shared.settings.balance.tolerance = Quantity(tolerance)!
      let member = ClusterGroup.Member(name: "a", settings: shared.settings)
      var other = member
      other.name = "b"
      let group = try DenseGroup(ClusterGroup(shared: shared, members: [member, other]))
      let plan = try Planner.plan(group, from: currents)
      let report = try Judge.judge(group, maps: plan.plans.map(\.target), from: currents)
      #expect(report.sum.moves == moves && report.sum.isBalanced && report.sum.findings.isEmpty, "\(tolerance)")
      #expect(plan.movesLowerBound <= moves)
    }
  }
}
