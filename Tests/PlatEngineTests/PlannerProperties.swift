import PlatEngine
import TestSupport
import Testing

/// The planner against the Judge and an exact minimum-cost flow, on random clusters.
@Suite struct PlannerProperties {
  /// One random cluster, planned and judged.
  struct Case {
    let cluster: DenseCluster
    let current: PlacementMap?
    let plan: Plan
    let report: Report
    let due: NaiveDue
    let text: String

    init(_ seed: UInt64, _ size: RandomCluster.Size = .small, _ shape: RandomCluster.Shape = .init()) throws {
      let made = RandomCluster.make(seed: seed, size: size, shape: shape)
      try self.init(DenseCluster(made.cluster), made.current)
    }

    init(_ cluster: DenseCluster, _ current: PlacementMap?) throws {
      self.cluster = cluster
      self.current = current
      plan = try Planner.plan(cluster, from: current)
      report = try Judge.judge(cluster, map: plan.target, from: current)
      due = NaiveDue(cluster, map: plan.target)
      text = RandomCluster.describe(cluster.cluster, current)
    }

    /// The exact least number of moves; nil where no map lies in the windows.
    var oracle: Int? {
      FlowOracle.movesLowerBound(
        cluster: cluster, current: current, windows: due.windows, totalFlow: due.totalFlow)
    }

    /// Moves as the flow counts them: on a fresh cluster every replica is received.
    var moves: Int { current == nil ? placed : report.moves }

    var placed: Int { plan.target.rows.reduce(0) { $0 + $1.reduce(0) { $0 + $1.count } } }

    /// Not all replicas can be had.
    var isShort: Bool { due.totalFlow < cluster.partitionCount * cluster.replicas }

    /// The bound is the flow's value, and so are the moves. Where not all replicas can be had, the flow may leave a
    /// partition without any, which the planner does not, so that a plan can need a few more.
    func checkMoves() throws {
      let oracle = try #require(oracle)
      try holds(
        plan.movesLowerBound == oracle || isShort && plan.movesLowerBound < oracle,
        "bound \(plan.movesLowerBound), the flow's is \(oracle)\n\(text)")
      try holds(moves == oracle || isShort && moves > oracle, "moves \(moves), the flow needs \(oracle)\n\(text)")
    }

    /// What a plan may not meet: replicas that nothing can hold. Anything else is a fault of the planner.
    var faults: [Finding] {
      report.findings.filter { $0.strength == .hard && !($0.rule.hasPrefix("constraints.") && $0.have < $0.want) }
    }
  }

  static let laminar = RandomCluster.Shape {
    $0.rulesOverAllStates = true
    $0.noMaintenance = true
  }

  @Test(arguments: [RandomCluster.Size.tiny, .small])
  func movesAreTheLeastThatAnyPlanNeeds(size: RandomCluster.Size) {
    forAllSeeds(0..<1500) { seed in
      let one = try Case(seed, size, Self.laminar)
      try holds(one.faults.isEmpty, "faults \(one.faults)\n\(one.text)")
      try holds(one.placed >= one.due.totalFlow, "placed \(one.placed) of \(one.due.totalFlow)\n\(one.text)")
      try one.checkMoves()
    }
  }

  @Test func everyShapeIsPlannedWithoutFault() {
    forAllSeeds(0..<3000) { seed in
      let one = try Case(seed)
      try holds(one.faults.isEmpty, "faults \(one.faults)\n\(one.text)")
      try holds(
        one.plan.movesLowerBound <= one.moves, "bound \(one.plan.movesLowerBound) above \(one.moves)\n\(one.text)")
    }
  }

  /// The fewest moves can leave three nodes that share the same two partitions, and one of them without a master:
  /// on small maps where nodes share with two or three others only. Then the finding says so; elsewhere never.
  @Test func mastersSlavesAndTotalsAreWithinOneOfTheirDue() {
    var shape = RandomCluster.Shape {
      $0.rulesOverAllStates = true
      $0.noMaintenance = true
      $0.noCapacities = true
      $0.currentMaps = [.none, .random, .illegal, .tooMany]
    }
    forAllSeeds(0..<1500) { seed in
      let one = try Case(seed, .small, shape)
      guard !one.isShort else { return }
      try holds(
        one.report.isBalanced,
        "\(one.report.findings.filter { $0.rule.hasPrefix("balance") })\n\(one.text)")
    }
    shape.currentMaps = nil
    var outside = 0
    forAllSeeds(0..<1500) { seed in
      let one = try Case(seed, .small, shape)
      outside += one.report.isBalanced || one.isShort ? 0 : 1
    }
    #expect(outside <= 15)
  }

  @Test func planningTwiceIsPlanningOnce() {
    forAllSeeds(0..<1500) { seed in
      let one = try Case(seed, .small, Self.laminar)
      let again = try Planner.plan(one.cluster, from: one.plan.target)
      let report = try Judge.judge(one.cluster, map: again.target, from: one.plan.target)
      try holds(report.moves == 0 && report.roleChanges == 0, "\(report.moves) moves, \(report.roleChanges) role changes\n\(one.text)")
      try holds(mapsEqual(again.target, one.plan.target), "another map\n\(one.text)")
    }
  }

  @Test func mediumClusters() {
    forAllSeeds(0..<150) { seed in
      let one = try Case(seed, .medium, Self.laminar)
      try holds(one.faults.isEmpty, "faults \(one.faults)\n\(one.text)")
      try one.checkMoves()
    }
  }
}
