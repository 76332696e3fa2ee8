import PlatEngine
import TestSupport
import Testing

/// `settings.balance.moveBudget`: the best step on the way, and in the end the same plan.
@Suite struct MoveBudgetTests {
  /// A cluster and its map, with and without a budget.
  private struct Budgeted {
    var cluster: Cluster
    let current: PlacementMap

    func plan(_ budget: Int?, from map: PlacementMap? = nil) throws -> PlannedCase {
      var cluster = cluster
      cluster.settings.balance.moveBudget = budget
      return try PlannedCase(DenseCluster(cluster), map ?? current)
    }
  }

  private func random(_ seed: UInt64, _ size: RandomCluster.Size, _ shape: RandomCluster.Shape) -> Budgeted? {
    var made = RandomCluster.make(seed: seed, size: size, shape: shape)
    if seed % 3 == 0 { made.cluster.settings.balance.tolerance = Quantity("1/10")! }
    return made.current.map { Budgeted(cluster: made.cluster, current: $0) }
  }

  /// Replicas that lie outside of the windows.
  private func outside(_ one: PlannedCase) -> Int {
    zip(one.loads, one.due.windows).reduce(0) { $0 + max($1.0 - $1.1.upperBound, $1.1.lowerBound - $1.0, 0) }
  }

  private func lost(_ one: PlannedCase) -> Int { BoxCaps.lost(one.cluster, one.current) }

  private static let shape = RandomCluster.Shape {
    $0.rulesOverAllStates = true
    $0.noMaintenance = true
    $0.noCapacities = true
  }

  /// Budget after budget comes to the same end: as many moves in all, everything as well placed, and never worse on the
  /// way; no step has more moves for balance than it may.
  @Test(arguments: [RandomCluster.Size.small, .medium])
  func stepsLeadToTheSameEnd(size: RandomCluster.Size) {
    var steps = 0
    forAllSeeds(0..<(size == .small ? 250 : 15)) { seed in
      guard let cluster = random(seed, size, Self.shape) else { return }
      let whole = try cluster.plan(nil)
      guard !whole.isShort else { return }
      let budget = size == .small ? [1, 1, 2, 3, 7][Int(seed % 5)] : 1 + whole.moves / 4
      var (map, moves, before) = (cluster.current, 0, Int.max)
      for step in 0...whole.moves {
        let one = try cluster.plan(budget, from: map)
        try one.checkConsistent()
        try holds(one.report.unmet == 0 && one.report.health != .red, "unmet \(one.report.unmet)\n\(one.text)")
        try holds(one.moves - lost(one) <= budget, "step \(step): \(one.moves) moves, \(lost(one)) lost\n\(one.text)")
        try holds(outside(one) <= before, "step \(step): \(outside(one)) outside after \(before)\n\(one.text)")
        (map, moves, before) = (one.plan.target, moves + one.moves, outside(one))
        if one.plan.movesHeldBack == 0 { break }
        steps += 1
        try holds(one.moves > 0, "no way on\n\(one.text)")
        try holds(
          moves + one.plan.movesHeldBack == whole.moves,
          "\(moves) and \(one.plan.movesHeldBack) of \(whole.moves)\n\(one.text)")
      }
      try holds(moves == whole.moves, "\(moves) moves, \(whole.moves) at once\n\(whole.text)")
      let end = try cluster.plan(nil, from: map)
      try holds(end.moves == 0 && outside(end) == 0, "it goes on\n\(end.text)")
      let isEven = Set(cluster.cluster.nodes.map(\.weight)).count == 1 && cluster.cluster.settings.placement.isEmpty
      if isEven, cluster.cluster.settings.balance.tolerance == .zero {
        try holds(end.loads.sorted() == whole.loads.sorted(), "\(end.loads) and \(whole.loads)\n\(whole.text)")
      }
    }
    #expect(steps > 10)
  }

  /// Capacities, maintenance, rules about single states, near rules: nothing is worse than in the plan without a
  /// budget.
  @Test func nothingIsWorseForIt() {
    forAllSeeds(0..<120) { seed in
      let shape = RandomCluster.Shape { $0.near = seed % 4 == 0 ? .hard : nil }
      guard let cluster = random(seed, .small, shape) else { return }
      let whole = try cluster.plan(nil)
      // Where something has no place under a near rule, a search finds a little more or less.
      let slack = seed % 4 == 0 && whole.report.unmet > 0 ? 2 + whole.report.unmet / 8 : 0
      for budget in [0, 1, 5] {
        let one = try cluster.plan(budget)
        if seed % 4 != 0 { try one.checkConsistent() }
        try holds(
          one.report.unmet <= whole.report.unmet + slack, "budget \(budget): \(one.report.unmet) unmet\n\(one.text)")
        try holds(
          slack > 0 || one.moves <= whole.moves,
          "budget \(budget): \(one.moves) moves, \(whole.moves) in all\n\(one.text)")
      }
    }
  }

  /// With no budget at all only what is lost moves.
  @Test func noneIsSafetyOnly() {
    forAllSeeds(0..<120) { seed in
      guard let cluster = random(seed, .small, Self.shape) else { return }
      let one = try cluster.plan(0)
      guard !one.isShort else { return }
      try holds(one.moves == lost(one) && one.report.unmet == 0, "\(one.moves) moves, \(lost(one)) lost\n\(one.text)")
    }
  }

  /// Nothing between the map before and the plan is nearer to the plan's loads with so many moves: every choice tried.
  @Test func noChoiceOfMovesIsBetter() {
    var seen = 0
    forAllSeeds(0..<400) { seed in
      var shape = Self.shape
      (shape.nodes, shape.partitions, shape.currentMaps) = (3...6, 3...8, [.random, .drifted, .clustered])
      guard let cluster = random(seed, .small, shape) else { return }
      let whole = try cluster.plan(nil)
      guard whole.moves > 1, !whole.isShort else { return }
      let budget = 1 + Int(seed) % (whole.moves - 1)
      let one = try cluster.plan(budget)
      guard let best = nearest(whole, lost: lost(whole), budget) else { return }
      seen += 1
      let off = zip(one.loads, whole.loads).reduce(0) { $0 + abs($1.0 - $1.1) }
      try holds(off == best, "budget \(budget) of \(whole.moves): \(off) off, \(best) can be had\n\(one.text)")
    }
    #expect(seen > 50)
  }

  /// How near the plan's loads any map comes with so many moves beyond what is lost, whose rows lie between today's and
  /// the plan's. Nil where a row changes more than one replica, or loses one: then it is not plain what replaces what.
  private func nearest(_ whole: PlannedCase, lost: Int, _ budget: Int) -> Int? {
    guard lost == 0 else { return nil }
    let model = whole.cluster.cluster.settings.model
    let (held, planned) = (whole.current!.dataHolders(model), whole.plan.target.dataHolders(model))
    var reached: [[Int]: Int] = [[Int](repeating: 0, count: whole.cluster.nodeCount): 0]
    for (before, after) in zip(held, planned) {
      guard after.subtracting(before).count <= 1, before.count == after.count else { return nil }
      var next: [[Int]: Int] = [:]
      for (loads, moves) in reached {
        for (holders, cost) in before == after ? [(after, 0)] : [(before, 0), (after, 1)] where moves + cost <= budget {
          var loads = loads
          for node in holders { loads[node] += 1 }
          next[loads] = min(next[loads] ?? .max, moves + cost)
        }
      }
      reached = next
    }
    return reached.keys.map { zip($0, whole.loads).reduce(0) { $0 + abs($1.0 - $1.1) } }.min()
  }

  /// Five nodes due 100 each: with few moves the fullest comes down first.
  @Test func worstFirst() throws {
    let loads = [140, 120, 110, 65, 65]
    let rows = loads.enumerated().flatMap { node, load in Array(repeating: [[node], [], [], []], count: load) }
    let cluster = Budgeted(
      cluster: Cluster(
        settings: Settings(partitionCount: 500, constraints: [1, 0, 0, 0]), nodes: (0..<5).map { Node(name: "n\($0)") }),
      current: PlacementMap.make(rows, least: [1, 0, 0, 0]))
    #expect(try cluster.plan(20).loads.prefix(3) == [120, 120, 110])
    #expect(try cluster.plan(50).loads.prefix(3).sorted() == [106, 107, 107])
    let one = try cluster.plan(20)
    #expect(one.plan.movesHeldBack == 50)
    let finding = one.report.findings.last
    #expect(finding?.rule == "balance.moveBudget" && finding?.want == 70 && finding?.have == 20)
  }

  /// Beside a hard limit on peers: nobody ever has more than it may, no plan makes more moves for balance than it may
  /// while today's map is within the limit, and most come to the end step by step.
  @Test func withinAHardLimitOnPeers() {
    var (seen, steps, ended) = (0, 0, 0)
    forAllSeeds(0..<150) { seed in
      let (limited, current) = try RandomCluster.limited(seed, .small, .hard, Self.shape)
      guard let current else { return }
      let cluster = Budgeted(cluster: limited.cluster, current: current)
      let first = try cluster.plan(nil)
      guard !first.isShort, first.report.unmet == 0 else { return }
      // From a map within the limit: what was planned, after a node has left.
      var changed = cluster
      let active = changed.cluster.nodes.indices.filter { changed.cluster.nodes[$0].status == .active }
      changed.cluster.nodes[active[Int(seed) % active.count]].weight = Quantity("1/3")!
      let within = Budgeted(cluster: changed.cluster, current: first.plan.target)
      let whole = try within.plan(nil)
      guard whole.report.unmet == 0, whole.moves > 0 else { return }
      seen += 1
      let budget = 1 + whole.moves / 3
      var (map, isDone) = (within.current, false)
      for _ in 0..<12 where !isDone {
        let one = try within.plan(budget, from: map)
        try one.checkConsistent()
        try holds(
          !one.report.findings.contains { $0.rule.hasPrefix("fanOut") }, "\(one.report.findings.prefix(2))\n\(one.text)"
        )
        try holds(one.moves <= budget && one.report.unmet == 0, "\(one.moves) moves of \(budget)\n\(one.text)")
        isDone = one.plan.movesHeldBack == 0
        (map, steps) = (one.plan.target, steps + 1)
      }
      ended += isDone ? 1 : 0
    }
    #expect(seen > 30 && ended * 2 > seen, "\(ended) of \(seen) come to the end")
  }

  /// The node that is to make room for a lost replica gives one up first: that is no move for balance.
  @Test func roomForWhatIsLostIsSafety() throws {
    var cluster = Cluster(
      settings: Settings(partitionCount: 3, constraints: [1, 1, 0, 0]), nodes: (0..<4).map { Node(name: "n\($0)") })
    cluster.nodes[0].capacity = 2
    cluster.nodes[1].capacity = 3
    cluster.nodes[2].capacity = 1
    cluster.nodes[3].status = .failed
    // Partition 0 is on n0 and on the failed n3, and only n1 and n2 could take it; both are full or have it.
    let current = PlacementMap.make(
      [[[0], [3], [], []], [[0], [1], [], []], [[1], [2], [], []]], least: [1, 1, 0, 0])
    let one = try Budgeted(cluster: cluster, current: current).plan(0)
    #expect(one.report.unmet == 0 && one.moves == 1)
  }
}
