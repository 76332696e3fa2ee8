import TestSupport
import Testing

@testable import PlatEngine

/// `settings.balance` where partitions differ in weight.
@Suite struct WeightedBalance {
  private static let shape = RandomCluster.Shape {
    $0.rulesOverAllStates = true
    $0.noMaintenance = true
    $0.noCapacities = true
  }

  private func make(
    _ seed: UInt64, _ size: RandomCluster.Size, _ shape: RandomCluster.Shape = shape,
    _ change: (inout BalanceLimit) -> Void
  ) throws -> WeightedCase? {
    let made = RandomCluster.make(seed: seed, size: size, shape: shape)
    var cluster = made.cluster
    var random = SplitMix64(seed: seed ^ 0x7765_6967_6874)
    cluster.partitionWeights = random.pick(Sizes.allCases).make(cluster.settings.partitionCount, &random)
    change(&cluster.settings.balance)
    let dense = try DenseCluster(cluster)
    return dense.partitionWeights == nil ? nil : try WeightedCase(dense, made.current)
  }

  private func plan(_ one: WeightedCase, from map: PlacementMap?, budget: Int?) throws -> WeightedCase {
    var cluster = one.cluster.cluster
    cluster.settings.balance.moveBudget = budget
    return try WeightedCase(DenseCluster(cluster), map ?? one.current)
  }

  /// Nodes with partitions of weight 10 or, the last of each, 5.
  private func nodes(_ tens: [Int], _ balance: BalanceLimit) throws -> WeightedCase {
    var cluster = Cluster(
      settings: Settings(partitionCount: tens.reduce(0, +) + tens.count, constraints: [1, 0, 0, 0]),
      nodes: tens.indices.map { Node(name: "n\($0)") })
    cluster.settings.balance = balance
    let rows = tens.enumerated().flatMap { node, count in Array(repeating: [[node], [], [], []], count: count + 1) }
    cluster.partitionWeights = tens.flatMap { Array(repeating: "10", count: $0) + ["5"] }.map { Quantity($0)! }
    return try WeightedCase(DenseCluster(cluster), PlacementMap.make(rows, least: [1, 0, 0, 0]))
  }

  private func balance(_ tolerance: String, _ budget: Int? = nil) -> BalanceLimit {
    var balance = BalanceLimit()
    (balance.tolerance, balance.moveBudget) = (Quantity(tolerance)!, budget)
    return balance
  }

  // MARK: tolerance

  /// All are due 1005; a tenth of that is 100.5, and a resolution is a partition.
  @Test func outsideComesBackToTheEdge() throws {
    #expect(try nodes([108, 92, 100, 100], balance("0.1")).report.moves == 0)
    #expect(try nodes([108, 92, 100, 100], balance("0")).report.moves > 5)
    let one = try nodes([130, 70, 100, 100], balance("0.1"))
    // In fives, the common factor.
    #expect((220...223).contains(one.loads[0]) && one.loads[1] >= 179, "\(one.loads)")
    #expect(one.report.isBalanced && one.plan.movesWeightLowerBound! <= one.moved && one.report.moves < 25)
    #expect(try !nodes([130, 70, 100, 100], balance("0.1", 0)).report.isBalanced)
  }

  /// The last that the Judge lets pass: what is tolerated, and a replica.
  @Test func theJudgeKnowsTheEdge() throws {
    for (tens, isBalanced) in [(110, true), (111, true), (112, false), (90, true), (88, false)] {
      let one = try nodes([tens, 200 - tens, 100, 100], balance("0.1"))
      let report = try Judge.judge(one.cluster, map: one.current!, from: nil)
      #expect(report.isBalanced == isBalanced, "\(tens)")
    }
  }

  @Test func planningTwiceIsPlanningOnce() {
    forAllSeeds(0..<60) { seed in
      guard let one = try make(seed, .small, .laminar, { $0.tolerance = ToleranceTests.tolerances[Int(seed % 4)] }),
        one.current != nil
      else { return }  // a fresh map knows of no tolerance
      let again = try WeightedCase(one.cluster, one.plan.target)
      try holds(
        again.report.moves == 0 && again.report.roleChanges == 0,
        "\(again.report.moves), \(again.report.roleChanges)\n\(one.text)")
    }
  }

  @Test func everyShapeIsPlannedWithoutFault() {
    forAllSeeds(0..<60) { seed in
      let limits: (inout BalanceLimit) -> Void = {
        $0.tolerance = ToleranceTests.tolerances[Int(seed % 4)]
        $0.moveBudget = seed % 3 == 0 ? Int(seed % 7) : nil
      }
      guard let one = try make(seed, .small, .init(), limits) else { return }
      try holds(one.faults.isEmpty, "faults \(one.faults)\n\(one.text)")
      try holds(
        one.plan.movesLowerBound <= one.report.moves && one.plan.movesWeightLowerBound! <= one.moved,
        "bounds\n\(one.text)")
      guard let windows = one.plan.weightWindows else { return }
      let proved = try Judge.weightBound(
        one.cluster, one.weights, map: one.plan.target, from: one.current, prices: one.plan.certificate,
        windows: windows)
      try holds(
        one.plan.movesLowerBound <= proved.moves
          && one.plan.movesWeightLowerBound! <= one.weights.exact(proved.weight),
        "the Judge proves \(proved)\n\(one.text)")
      let wrong = try Judge.falseWindow(one.cluster, one.weights, map: one.plan.target, windows)
      try holds(wrong == nil, "\(wrong!)\n\(one.text)")
    }
  }

  @Test func freshMapsAreBalancedAsWithoutIt() {
    forAllSeeds(0..<50) { seed in
      let shape = RandomCluster.Shape { $0.currentMaps = [.none] }
      guard let one = try make(seed, .small, shape, { $0.tolerance = Quantity("1/3")! }),
        let without = try make(seed, .small, shape, { _ in })
      else { return }
      try holds(mapsEqual(one.plan.target, without.plan.target), "another map\n\(one.text)")
    }
  }

  /// A wider window is no reason to move more: the plan without the tolerance is one within it.
  @Test func toleranceSparesWeight() {
    var (seen, more, less) = (0, 0, 0)
    forAllSeeds(0..<100) { seed in
      guard let one = try make(seed, .small, .laminar, { $0.tolerance = ToleranceTests.tolerances[Int(seed % 4)] }),
        let without = try make(seed, .small, .laminar, { _ in }), !one.isShort, one.current != nil
      else { return }
      seen += 1
      // Where not even the plan without it comes into the windows, it may take more to come nearer.
      let isWithin = try WeightedCase(one.cluster, one.current, plan: without.plan).isInWindows
      more += one.moved > without.moved && isWithin ? 1 : 0
      less += one.moved < without.moved ? 1 : 0
    }
    #expect(more == 0 && less * 4 > seen, "\(more) move more, \(less) less, of \(seen)")
  }

  /// In the wider windows, too, the bound is below everything and the plan near the least.
  @Test func besideTryingEverything() {
    var (seen, least) = (0, 0)
    forAllSeeds(0..<120) { seed in
      guard let one = try make(seed, .tiny, .laminar, { $0.tolerance = ToleranceTests.tolerances[Int(seed % 4)] }),
        !one.isShort,
        one.cluster.replicas > 0
      else { return }
      guard let best = try WeightedExhaustive(one).least(one.hull) else { throw PropertyFailure("no map\n\(one.text)") }
      let exact = one.weights.exact(best)
      try holds(one.plan.movesWeightLowerBound! <= exact && exact <= one.moved, "least \(exact)\n\(one.text)")
      seen += 1
      least += exact == one.moved ? 1 : 0
    }
    #expect(seen > 40 && least * 10 >= seen * 8, "the least in \(least) of \(seen)")
  }

  // MARK: moveBudget

  private func outside(_ one: WeightedCase) throws -> Int {
    try zip(one.loads, one.windows()).reduce(0) { $0 + max($1.0 - $1.1.upperBound, $1.1.lowerBound - $1.0, 0) }
  }

  private func lost(_ one: WeightedCase) -> Int { BoxCaps.lost(one.cluster, one.current) }

  /// Budget after budget comes to the end, and no step has more moves for balance than it may.
  @Test func stepsLeadToTheEnd() {
    var (seen, steps, worse, more, goesOn) = (0, 0, 0, 0, 0)
    var (inSteps, atOnce) = (0, 0)
    forAllSeeds(0..<60) { seed in
      guard let first = try make(seed, .small, Self.shape, { $0.tolerance = Quantity(seed % 3 == 0 ? "1/10" : "0")! }),
        first.current != nil
      else { return }
      let whole = try plan(first, from: nil, budget: nil)
      guard !whole.isShort, try whole.isInWindows else { return }
      let budget = [1, 2, 3, 7][Int(seed % 4)]
      var (map, moves, before) = (first.current!, 0, Int.max)
      var isDone = false
      for _ in 0...(2 * whole.report.moves + 4) where !isDone {
        let one = try plan(first, from: map, budget: budget)
        try holds(one.faults.isEmpty && one.report.unmet == 0, "\(one.report.findings.prefix(2))\n\(one.text)")
        let made = one.report.moves - lost(one)
        try holds(made <= budget, "\(made) moves for balance, \(budget) allowed\n\(one.text)")
        let off = try outside(one)
        if off > before { worse += 1 }
        steps += 1
        (map, moves, before) = (one.plan.target, moves + one.report.moves, off)
        isDone = one.plan.movesHeldBack == 0
      }
      try holds(isDone, "no end\n\(whole.text)")
      let end = try plan(first, from: map, budget: nil)
      let isAtRest = try end.report.moves == 0 && end.isInWindows
      goesOn += isAtRest ? 0 : 1
      seen += 1
      more += moves > whole.report.moves ? 1 : 0
      (inSteps, atOnce) = (inSteps + moves, atOnce + whole.report.moves)
    }
    #expect(steps > 60 && worse * 20 < steps, "\(worse) of \(steps) steps leave more outside than before")
    #expect(goesOn * 10 <= seen, "\(goesOn) of \(seen) go on")
    // The whole plan is searched for less weight, not for fewer moves: in all they come to the same.
    #expect(
      more * 5 <= seen * 2 && inSteps * 100 <= atOnce * 105,
      "\(more) of \(seen) make more moves: \(inSteps), \(atOnce) at once")
  }

  /// With none, only safety moves; and never more than without a budget.
  @Test func noneIsSafetyOnly() {
    forAllSeeds(0..<60) { seed in
      guard let one = try make(seed, .small, Self.shape, { $0.moveBudget = 0 }), !one.isShort, one.current != nil else {
        return
      }
      try holds(one.report.moves == lost(one), "\(one.report.moves) moves, \(lost(one)) lost\n\(one.text)")
    }
  }

  @Test func nothingIsWorseForIt() {
    forAllSeeds(0..<60) { seed in
      guard let whole = try make(seed, .small, .init(), { _ in }) else { return }
      // Where something has no place, a search finds a little more or less.
      let slack = whole.isShort ? 2 + whole.report.unmet / 8 : 0
      for budget in [0, 1, 5] {
        let one = try plan(whole, from: nil, budget: budget)
        try holds(
          one.report.unmet <= whole.report.unmet + slack, "budget \(budget): \(one.report.unmet) unmet\n\(one.text)")
        try holds(
          slack > 0 || one.report.moves <= whole.report.moves,
          "budget \(budget): \(one.report.moves) moves\n\(one.text)")
      }
    }
  }

  /// What is left outside beside every choice of so many of the plan's moves.
  @Test func noChoiceOfMovesIsMuchBetter() throws {
    var (seen, best, away) = (0, 0, 0)
    forAllSeeds(0..<300) { seed in
      var shape = Self.shape
      (shape.nodes, shape.partitions, shape.currentMaps) = (3...5, 4...8, [.random, .drifted, .clustered])
      guard let made = try make(seed, .small, shape, { _ in }) else { return }
      let whole = try plan(made, from: nil, budget: nil)
      guard !whole.isShort, whole.report.moves > 1, lost(whole) == 0, try whole.isInWindows else { return }
      let model = whole.cluster.cluster.settings.model
      let (held, planned) = (whole.current!.dataHolders(model), whole.plan.target.dataHolders(model))
      let changed = held.indices.filter { held[$0] != planned[$0] }
      guard changed.allSatisfy({ planned[$0].subtracting(held[$0]).count == 1 && held[$0].count == planned[$0].count })
      else { return }
      let budget = 1 + Int(seed) % (changed.count - 1)
      let one = try plan(made, from: nil, budget: budget)
      guard one.plan.movesHeldBack > 0 else { return }
      let windows = try whole.windows()
      func outside(_ loads: [Int]) -> Int {
        zip(loads, windows).reduce(0) { $0 + max($1.0 - $1.1.upperBound, $1.1.lowerBound - $1.0, 0) }
      }
      let before = WeightedCase.loads(whole.cluster, whole.current!)
      var least = Int.max
      for bits in 0..<(1 << changed.count) where bits.nonzeroBitCount <= budget {
        var loads = before
        for (place, partition) in changed.enumerated() where bits >> place & 1 == 1 {
          for node in planned[partition].subtracting(held[partition]) { loads[node] += whole.weights.of[partition] }
          for node in held[partition].subtracting(planned[partition]) { loads[node] -= whole.weights.of[partition] }
        }
        least = min(least, outside(loads))
      }
      // The plan without a budget may make other moves, which leave more outside when they are half done.
      seen += 1
      best += outside(one.loads) <= least ? 1 : 0
      away += outside(before) > 0 ? 1 : 0
    }
    #expect(seen > 15 && best * 10 >= seen * 8, "the best in \(best) of \(seen), \(away) of them out of balance")
  }

  /// What is left is told, in replicas.
  @Test func whatIsLeftIsTold() throws {
    let one = try nodes([140, 60, 100, 100], balance("0", 5))
    let finding = try #require(one.report.findings.first { $0.rule == "balance.moveBudget" })
    #expect(
      finding.have == 5 && finding.want > 30 && one.plan.movesHeldBack >= finding.want - 5 && one.report.moves == 5)
    // The fullest gives, and the emptiest gets.
    #expect(one.loads[0] == 271 && one.loads[1] == 131, "\(one.loads)")
  }

  /// Where one replica is more than half of what each node is due, nodes are within (n - 1)/n of one: two heavy ones do
  /// not stay on one node beside an empty one.
  @Test func heavyReplicasAreSpread() {
    var (seen, moved) = (0, 0)
    forAllSeeds(0..<300) { seed in
      var random = SplitMix64(seed: seed)
      let nodes = random.among(2...4)
      let weights = (0..<random.among(2...8)).map { _ in random.pick([1, 1, 7, 30, 60, 100]) }
      let (sum, heaviest) = (weights.reduce(0, +), weights.max()!)
      let due = sum / nodes
      guard heaviest <= due, 2 * heaviest > due else { return }
      var cluster = Cluster(
        settings: Settings(partitionCount: weights.count, constraints: [1, 0, 0, 0]),
        nodes: (0..<nodes).map { Node(name: "n\($0)") })
      cluster.partitionWeights = weights.map { Quantity(UInt64($0)) }
      let dense = try DenseCluster(cluster)
      guard dense.partitionWeights != nil else { return }
      let current = try PlacementMap(partitionCount: weights.count, slotCounts: [1, 0, 0, 0])
      for partition in weights.indices { current.row(partition)[0] = NodeIndex(random.below(nodes)) }
      let one = try WeightedCase(dense, current)
      let unit = one.weights.total == sum ? 1 : sum / one.weights.total
      let most = heaviest * (nodes - 1) / nodes
      try holds(
        one.loads.allSatisfy { abs($0 * unit * nodes - sum) <= (most + 1) * nodes },
        "\(one.loads) of \(sum), heaviest \(heaviest)\n\(one.text)")
      try holds(one.report.isBalanced, "\(one.report.findings)\n\(one.text)")
      seen += 1
      moved += one.report.moves
    }
    #expect(seen > 40 && moved > 40, "\(seen), \(moved)")
  }
}
