import TestSupport
import Testing

@testable import PlatEngine

/// Partitions of different sizes under hard limits on peers, under hard near rules, and under both.
@Suite struct WeightedRules {
  enum Kind: CaseIterable { case peers, near, both }

  /// Nil where weights turn out to be equal, or the rule says nothing.
  private func make(
    _ kind: Kind, _ seed: UInt64, _ size: RandomCluster.Size, _ change: (inout RandomCluster.Shape) -> Void = { _ in }
  ) throws
    -> (cluster: DenseCluster, current: PlacementMap?)?
  {
    var shape = RandomCluster.Shape()
    if kind != .peers { shape.near = .hard }
    change(&shape)
    let made: (cluster: Cluster, current: PlacementMap?)
    switch kind {
    case .peers, .both:
      let limited = try RandomCluster.limited(seed, size, .hard, shape)
      made = (limited.cluster.cluster, limited.current)
    case .near: made = RandomCluster.make(seed: seed, size: size, shape: shape)
    }
    var cluster = made.cluster
    var random = SplitMix64(seed: seed ^ 0x7765_6967_6874)
    cluster.partitionWeights = random.pick(Sizes.allCases).make(cluster.settings.partitionCount, &random)
    let dense = try DenseCluster(cluster)
    let isAsked = (kind == .near || dense.limitOnPeers != nil) && (kind == .peers || dense.hasHardNearRule)
    return dense.partitionWeights != nil && isAsked ? (dense, made.current) : nil
  }

  /// No hard rule is broken, and the bounds hold: the Judge proves them from prices and windows alone.
  @Test(arguments: Kind.allCases, [RandomCluster.Size.tiny, .small])
  func everyShapeIsPlannedWithoutFault(kind: Kind, size: RandomCluster.Size) {
    var seen = 0
    forAllSeeds(0..<(size == .tiny ? 100 : 25)) { seed in
      guard let made = try make(kind, seed, size) else { return }
      let one = try WeightedCase(made.cluster, made.current)
      seen += 1
      try holds(one.faults.isEmpty, "faults \(one.faults)\n\(one.text)")
      try holds(
        one.plan.movesLowerBound <= one.report.moves,
        "bound \(one.plan.movesLowerBound), \(one.report.moves)\n\(one.text)")
      try holds(
        one.plan.movesWeightLowerBound! <= one.moved,
        "bound \(one.plan.movesWeightLowerBound!), \(one.moved)\n\(one.text)")
      guard let windows = one.plan.weightWindows else { return }
      let proved = try Judge.weightBound(
        one.cluster, one.weights, map: one.plan.target, from: one.current, prices: one.plan.certificate,
        windows: windows)
      try holds(
        one.plan.movesLowerBound <= proved.moves && one.plan.movesWeightLowerBound! <= one.weights.exact(proved.weight),
        "the Judge proves \(proved)\n\(one.text)")
      let wrong = try Judge.falseWindow(one.cluster, one.weights, map: one.plan.target, windows)
      try holds(wrong == nil, "\(wrong!)\n\(one.text)")
    }
    #expect(seen > 6, "\(seen)")
  }

  @Test(arguments: Kind.allCases) func planningTwiceIsPlanningOnce(kind: Kind) {
    var seen = 0
    forAllSeeds(0..<30) { seed in
      guard let made = try make(kind, seed, .small, { $0.rulesOverAllStates = true }) else { return }
      let one = try WeightedCase(made.cluster, made.current)
      guard !one.isShort else { return }
      let again = try WeightedCase(one.cluster, one.plan.target)
      try holds(
        again.report.moves == 0 && again.report.roleChanges == 0,
        "\(again.report.moves), \(again.report.roleChanges)\n\(one.text)")
      seen += 1
    }
    #expect(seen > 3, "\(seen)")
  }

  @Test(arguments: Kind.allCases) func scalingAllWeightsChangesNothing(kind: Kind) {
    forAllSeeds(0..<10) { seed in
      guard let made = try make(kind, seed, .small) else { return }
      var cluster = made.cluster.cluster
      cluster.partitionWeights = cluster.partitionWeights.map { weight in
        let parts = (Rational(weight) * Rational(5, 3)).parts!
        return Quantity("\(parts.numerator)/\(parts.denominator)")!
      }
      let (one, scaled) = (
        try WeightedCase(made.cluster, made.current), try WeightedCase(DenseCluster(cluster), made.current)
      )
      try holds(mapsEqual(scaled.plan.target, one.plan.target), "another map\n\(one.text)")
    }
  }

  /// A budget holds for moves that are for balance alone.
  @Test func budgets() {
    forAllSeeds(0..<25) { seed in
      guard var made = try make(.peers, seed, .small, { $0.noMaintenance = true }) else { return }
      var cluster = made.cluster.cluster
      let whole = try WeightedCase(made.cluster, made.current)
      cluster.settings.balance.moveBudget = Int(seed % 5)
      made.cluster = try DenseCluster(cluster)
      let one = try WeightedCase(made.cluster, made.current)
      try holds(one.faults.isEmpty, "faults \(one.faults)\n\(one.text)")
      guard made.current != nil else { return }
      try holds(
        one.report.moves <= whole.report.moves || one.plan.movesHeldBack == 0,
        "\(one.report.moves) moves, \(whole.report.moves) without a budget\n\(one.text)")
    }
  }

  /// On tiny clusters: all replicas are placed where they can be, and the weight moved is near the least of any map
  /// that keeps all rules and lies in the same windows.
  @Test(arguments: Kind.allCases) func besideTryingEverything(kind: Kind) {
    var (full, unplaced, seen, least, balanced) = (0, 0, 0, 0, 0)
    var worst = 1.0
    forAllSeeds(0..<150) { seed in
      let made = try make(kind, seed, .tiny) {
        ($0.rulesOverAllStates, $0.noMaintenance, $0.noCapacities, $0.nodes, $0.partitions) = (
          true, true, true, 3...5, 2...4
        )
      }
      guard let made, made.cluster.replicas == made.cluster.wanted.reduce(0, +), made.cluster.replicas > 1,
        made.cluster.cluster.nodes.allSatisfy({ $0.weight != .zero })  // one without weight is due nothing
      else { return }
      let one = try WeightedCase(made.cluster, made.current)
      let search = RuledSearch(cluster: one.cluster, current: one.current, weights: one.weights.of)
      guard search.leastWeight(nil) != nil else {
        return try holds(one.isShort, "all placed where that cannot be\n\(one.text)")
      }
      full += 1
      guard !one.isShort else {
        unplaced += 1
        return
      }
      balanced += one.report.isBalanced ? 1 : 0
      guard let best = try search.leastWeight(one.hull) else { throw PropertyFailure("no map\n\(one.text)") }
      let exact = one.weights.exact(best)
      try holds(
        one.plan.movesWeightLowerBound! <= exact,
        "bound \(one.plan.movesWeightLowerBound!), least \(exact)\n\(one.text)")
      try holds(exact <= one.moved, "moved \(one.moved), least \(exact)\n\(one.text)")
      seen += 1
      least += exact == one.moved ? 1 : 0
      if best > 0 { worst = max(worst, Double("\((one.moved * Rational(1000) / exact).floor!)")! / 1000) }
    }
    print(
      "\(kind): \(full) can be placed, \(unplaced) are not; the least weight in \(least) of \(seen), at most \(worst) times it; balanced \(balanced)"
    )
    #expect(seen > 10 && unplaced == 0, "\(unplaced) of \(full) not placed, \(seen)")
    #expect(least * 10 >= seen * 8, "the least in \(least) of \(seen), at most \(worst) times it")
  }

  /// What the checks above would say of a plan that breaks its rule.
  @Test func brokenRulesAreNoticed() {
    var planted = 0
    forAllSeeds(0..<100) { seed in
      guard let made = try make(.peers, seed, .small, { $0.noHardRules = true }) else { return }
      let one = try WeightedCase(made.cluster, made.current)
      let limit = made.cluster.cluster.settings.fanOut!
      guard let most = limit.outbound, one.faults.isEmpty else { return }
      // A master gets one peer more than it may have.
      var rows = one.plan.target.rows
      var peers: [Int: Set<Int>] = [:]
      for row in rows {
        for master in row[0] { peers[master, default: []].formUnion(row.joined().filter { $0 != master }) }
      }
      guard let master = peers.first(where: { $0.value.count == most })?.key, most > 0,
        let partition = rows.indices.first(where: { rows[$0][0] == [master] && !rows[$0][1].isEmpty }),
        let other = (0..<made.cluster.nodeCount).first(where: { node in
          node != master && !peers[master]!.contains(node) && made.cluster.status[node] == .active
        }),
        rows.contains(where: { $0[0] == [master] && $0[1].contains(rows[partition][1][0]) && $0 != rows[partition] })
      else { return }
      rows[partition][1][0] = other
      planted += 1
      let spoilt = try Judge.judge(made.cluster, map: PlacementMap.make(rows, least: made.cluster.wanted), from: nil)
      try holds(
        spoilt.findings.contains { $0.rule == "fanOut.outbound" && $0.strength == .hard }, "not noticed\n\(one.text)")
    }
    #expect(planted > 2, "\(planted)")
  }

  /// The same of a near rule beside a limit on peers: a slave that is nearest goes to another zone, over a pair that
  /// there is.
  @Test func aSlaveTooFarIsNoticed() {
    var planted = 0
    forAllSeeds(0..<300) { seed in
      guard let made = try make(.both, seed, .small, { $0.noHardRules = true }) else { return }
      let one = try WeightedCase(made.cluster, made.current)
      guard one.faults.isEmpty,
        let index = made.cluster.cluster.settings.placement.firstIndex(where: {
          if case .near = $0.demand { $0.strength == .hard } else { false }
        })
      else { return }
      let zone = made.cluster.levels[made.cluster.cluster.settings.placement[index].level].containerOfNode
      var rows = one.plan.target.rows
      for partition in rows.indices {
        guard rows[partition][0].count == 1, rows[partition][1].count == 1, let slave = rows[partition][1].first else {
          continue
        }
        let master = rows[partition][0][0]
        let others = rows.filter { $0[0] == [master] }.flatMap { $0[1] }
        guard zone[slave] == zone[master], let far = others.first(where: { zone[$0] != zone[master] }) else { continue }
        rows[partition][1] = [far]
        planted += 1
        let spoilt = try Judge.judge(made.cluster, map: PlacementMap.make(rows, least: made.cluster.wanted), from: nil)
        try holds(
          spoilt.findings.contains { $0.rule == "placement[\(index)]" && $0.strength == .hard },
          "not noticed\n\(one.text)")
        return
      }
    }
    #expect(planted > 0, "\(planted)")
  }

  /// Twenty nodes in five zones, each partition in other zones, and few peers: fresh, with a node more, and with one
  /// less.
  @Test func aWholeCluster() throws {
    for sizes in [(0..<360).map { $0 % 3 + 1 }, (0..<360).map { $0 % 2 == 0 ? 1 : 1000 }] {
      var random = SplitMix64(seed: 7)
      var shape = QualityShape(
        racks: Array(repeating: [2, 2], count: 5), partitions: 360, rules: [QualityShape.atMost(1, inLevel: 0)])
      shape.partitionWeights = random.shuffled(sizes.map { "\($0)" })
      var cluster = shape.cluster()
      cluster.settings.fanOut = FanOutLimit(outbound: 8, inbound: 8, strength: .hard)
      let fresh = try WeightedCase(DenseCluster(cluster), nil)
      try check(fresh)
      #expect(try WeightedCase(fresh.cluster, fresh.plan.target).report.moves == 0)
      cluster.nodes[3].status = .leaving
      let left = try WeightedCase(DenseCluster(cluster), fresh.plan.target)
      try check(left)
      #expect(left.loads[3] == 0)
      print("a node leaves: \(left.moved) of \(fresh.loads[3]) on it, bound \(left.plan.movesWeightLowerBound!)")
      cluster.nodes[3].status = .active
      let back = try WeightedCase(DenseCluster(cluster), left.plan.target)
      try check(back)
      print("a node comes: \(back.moved), bound \(back.plan.movesWeightLowerBound!)")
    }
  }

  /// Fifty nodes in five zones, one slave in its master's zone, and at most 12 peers: fresh, with a node less, and with
  /// it again.
  @Test(arguments: [[1, 2, 3], [1, 1000]])
  func aWholeClusterUnderBoth(sizes: [Int]) throws {
    var random = SplitMix64(seed: 7)
    let near = PlacementRule(states: [1], level: 0, demand: .near(of: 0, atLeast: 1), strength: .hard)
    var shape = QualityShape(racks: Array(repeating: [5, 5], count: 5), partitions: 1440, rules: [near])
    shape.partitionWeights = random.shuffled((0..<1440).map { "\(sizes[$0 % sizes.count])" })
    var cluster = shape.cluster()
    cluster.settings.fanOut = FanOutLimit(outbound: 12, inbound: 12, strength: .hard)
    func check(_ one: WeightedCase) {
      #expect(one.faults.isEmpty && one.report.unmet == 0, "\(one.report.findings.prefix(3).map(\.because))")
      #expect(one.report.fanOutOutbound <= 12 && one.report.fanOutInbound <= 12)
      // At most one node in one state, where the limit is used up.
      #expect(one.report.findings.count { $0.rule != "balance.total" } <= 2, "\(one.report.findings.map(\.because))")
      #expect(
        !one.report.findings.contains { $0.rule == "balance.total" }, "\(one.report.findings.prefix(3).map(\.because))")
    }
    let fresh = try WeightedCase(DenseCluster(cluster), nil)
    check(fresh)
    #expect(fresh.report.isBalanced)
    cluster.nodes[13].status = .leaving
    let left = try WeightedCase(DenseCluster(cluster), fresh.plan.target)
    check(left)
    print("a node leaves: \(left.moved) of \(fresh.loads[13]) on it, bound \(left.plan.movesWeightLowerBound!)")
    cluster.nodes[13].status = .active
    let back = try WeightedCase(DenseCluster(cluster), left.plan.target)
    check(back)
    print("a node comes: \(back.moved), bound \(back.plan.movesWeightLowerBound!)")
  }

  private func check(_ one: WeightedCase) throws {
    #expect(one.faults.isEmpty && one.report.unmet == 0, "\(one.report.findings.prefix(3).map(\.because))")
    #expect(one.report.isBalanced, "\(one.report.findings.prefix(3).map(\.because))")
  }
}
