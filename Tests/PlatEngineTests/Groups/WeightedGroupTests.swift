import TestSupport
import Testing

@testable import PlatEngine

/// Several maps whose partitions differ in weight: each balanced, and their sum in weight.
@Suite struct WeightedGroupTests {
  private static let plain = RandomCluster.Shape {
    $0.noCapacities = true
    $0.rulesOverAllStates = true
    $0.noMaintenance = true
  }

  private func make(
    _ seed: UInt64, _ maps: ClosedRange<Int> = 1...6, _ shape: RandomCluster.Shape = .init(),
    size: RandomCluster.Size = .small,
    isFresh: Bool = false, isJoined: Bool = false
  ) throws -> PlannedGroup? {
    let (group, currents) = try RandomGroup.make(
      seed: seed, size: size, maps: maps, shape: shape, isFresh: isFresh, isJoined: isJoined,
      weights: RandomGroup.anyWeights)
    return group.weights == nil ? nil : try PlannedGroup(group, currents)
  }

  /// Bounds of each map and of all are below what moves, in number and in weight; no capacity is passed, no hard rule
  /// broken.
  @Test func anyGroupKeepsItsPromises() {
    var (seen, isOut) = (0, 0)
    forAllSeeds(0..<60) { seed in
      guard let one = try make(seed) else { return }
      try holds(one.passedCapacities.isEmpty, "\(one.passedCapacities)")
      let weight = one.report.sum.inWeight!
      try holds(
        one.plan.movesLowerBound <= one.moves && one.plan.movesWeightLowerBound! <= weight.moves,
        "bounds \(one.plan.movesLowerBound), \(one.plan.movesWeightLowerBound!); \(one.moves), \(weight.moves)")
      for (map, plan) in one.plan.plans.enumerated() {
        let (each, cluster) = (one.report.maps[map], one.group.clusters[map])
        let faults = PlannedCase.faults(each, cluster, one.currents[map], plan.target)
        try holds(
          faults.isEmpty && plan.movesLowerBound <= each.moves,
          "map \(map): \(faults), \(plan.movesLowerBound) of \(each.moves)")
        guard let weights = cluster.partitionWeights, let windows = plan.weightWindows else { continue }
        let proved = try Judge.weightBound(
          cluster, weights, map: plan.target, from: one.currents[map], prices: plan.certificate, windows: windows)
        let wrong = try Judge.falseWindow(cluster, weights, map: plan.target, windows)
        try holds(
          plan.movesLowerBound <= proved.moves && plan.movesWeightLowerBound! <= weights.exact(proved.weight)
            && wrong == nil,
          "map \(map): the Judge proves \(proved), \(String(describing: wrong))")
      }
      guard one.report.sum.unmet == 0, one.report.maps.allSatisfy(\.isBalanced) else { return }
      seen += 1
      isOut += one.report.sum.isBalanced ? 0 : 1
    }
    #expect(seen > 15 && isOut * 10 <= seen, "\(isOut) of \(seen) sums are out of balance though each map is in it")
  }

  @Test func freshGroupsAreBalancedEachAndInSum() {
    var (seen, isOut) = (0, 0)
    forAllSeeds(0..<60) { seed in
      guard let one = try make(seed, 2...8, Self.plain, isFresh: true) else { return }
      for (map, each) in one.report.maps.enumerated() {
        let alone = try Judge.judge(
          one.group.clusters[map], map: Planner.plan(one.group.clusters[map], from: nil).target, from: nil)
        try holds(each.unmet <= alone.unmet, "map \(map): \(each.unmet) unmet, alone \(alone.unmet)")
        try holds(each.isBalanced || !alone.isBalanced, "map \(map): \(each.findings.prefix(2))")
      }
      guard one.report.sum.unmet == 0, one.report.maps.allSatisfy(\.isBalanced) else { return }
      seen += 1
      isOut += one.report.sum.isBalanced ? 0 : 1
    }
    #expect(seen > 20 && isOut * 10 <= seen, "\(isOut) of \(seen) sums are out of balance")
  }

  /// Maps that were planned each for itself: sums that are out come in, and no map is worse for it.
  @Test func sumsOfMapsPlannedApartAreMended() {
    var (seen, before, after) = (0, 0, 0)
    forAllSeeds(0..<50) { seed in
      guard let one = try make(seed, 3...8, Self.plain, isJoined: true), one.report.sum.unmet == 0 else { return }
      let apart = try one.group.clusters.enumerated().map { try Planner.plan($1, from: one.currents[$0]).target }
      let was = try Judge.judge(one.group, maps: apart, from: PlannedGroup.before(one.group, one.currents))
      for (map, each) in one.report.maps.enumerated() {
        try holds(each.isBalanced || !was.maps[map].isBalanced, "map \(map) was balanced: \(each.findings.prefix(2))")
      }
      let isEach = was.maps.allSatisfy(\.isBalanced)
      guard isEach else { return }
      seen += 1
      before += was.sum.isBalanced ? 0 : 1
      after += one.report.sum.isBalanced ? 0 : 1
    }
    #expect(seen > 15 && after * 5 <= before, "of \(seen) sums \(before) were out, \(after) are")
  }

  @Test func planningTwiceIsPlanningOnce() {
    var (seen, changed) = (0, 0)
    forAllSeeds(0..<80) { seed in
      guard let one = try make(seed, 1...6, Self.plain), one.report.sum.unmet == 0, one.report.sum.isBalanced else {
        return
      }
      let two = try PlannedGroup(one.group, one.targets)
      seen += 1
      changed += two.moves + two.report.sum.roleChanges > 0 ? 1 : 0
      try holds(
        two.moves == 0 && two.report.sum.roleChanges == 0,
        "\(two.moves) moves, \(two.report.sum.roleChanges) role changes from a plan")
    }
    #expect(seen > 20, "\(changed) of \(seen)")
  }

  @Test func scalingAllWeightsOfAllMapsChangesNothing() {
    forAllSeeds(0..<30) { seed in
      guard let one = try make(seed) else { return }
      let factor = Rational(7, 3)
      var group = one.group.group
      for map in group.members.indices {
        let weights = group.members[map].weights
        group.members[map].weights = weights.map { weight in
          let parts = (Rational(weight) * factor).parts!
          return Quantity("\(parts.numerator)/\(parts.denominator)")!
        }
      }
      let scaled = try PlannedGroup(DenseGroup(group), one.currents)
      try holds(zip(scaled.targets, one.targets).allSatisfy({ mapsEqual($0, $1) }), "other maps")
      try holds(
        scaled.report.sum.inWeight!.moves == one.report.sum.inWeight!.moves * factor
          && scaled.plan.movesWeightLowerBound! == one.plan.movesWeightLowerBound! * factor
          && scaled.report.sum.isBalanced == one.report.sum.isBalanced, "figures")
    }
  }

  /// One map in a group is that map alone, where it exists.
  @Test func aGroupOfOneIsThatOne() {
    forAllSeeds(0..<40) { seed in
      let shape = RandomCluster.Shape { $0.noCapacities = true }
      guard let one = try make(seed, 1...1, shape), let current = one.currents[0] else { return }
      var options = PlanOptions()
      options.operation = one.plan.operation
      let alone = try Planner.plan(one.group.clusters[0], from: current, options: options)
      let (judged, sum) = (one.report.maps[0], one.report.sum)
      try holds(sum.inWeight!.moves == judged.inWeight!.moves, "moves \(sum.inWeight!.moves)")
      guard judged.isBalanced, sum.isBalanced else { return }
      try holds(
        mapsEqual(one.targets[0], alone.target) && one.plan.movesWeightLowerBound == alone.movesWeightLowerBound,
        "another map")
    }
  }

  /// Maps of one size each are planned by number, whatever that size is.
  @Test func equalWeightsSayNothing() throws {
    let group = try PlannedGroup.plain(nodes: 7, maps: [(20, 2), (31, 1)])
    var weighted = group.group
    weighted.members[0].weights = Array(repeating: Quantity("3/2")!, count: 20)
    let dense = try DenseGroup(weighted)
    #expect(dense.weights == nil)
    let (one, two) = (try PlannedGroup(group, [nil, nil]), try PlannedGroup(dense, [nil, nil]))
    #expect(zip(one.targets, two.targets).allSatisfy { mapsEqual($0, $1) } && two.report.sum.inWeight == nil)
  }

  // MARK: the Judge

  private func sums(_ one: PlannedGroup, _ maps: [PlacementMap]) -> [Rational] {
    var sums = [Rational](repeating: .zero, count: one.group.nodeCount)
    for (map, target) in maps.enumerated() {
      let member = one.group.group.members[map]
      for (partition, holders) in target.dataHolders(member.settings.model).enumerated() {
        let weight = member.weights.isEmpty ? Rational.one : Rational(member.weights[partition])
        for node in holders { sums[node] = sums[node] + weight }
      }
    }
    return sums
  }

  @Test func theJudgeAddsUpAsThisDoes() {
    forAllSeeds(0..<40) { seed in
      guard let one = try make(seed) else { return }
      let nodes = one.group.group.shared.nodes
      let sums = sums(one, one.targets).enumerated().filter {
        nodes[$0.offset].status == .active && Rational(nodes[$0.offset].weight).sign > 0
      }.map(\.element)
      let total = one.report.sum.inWeight!.total
      try holds(total?.least == sums.min() && total?.greatest == sums.max(), "\(String(describing: total)), \(sums)")
      let moves = one.report.maps.enumerated().reduce(Rational.zero) { sum, map in
        let size = one.group.group.members[map.offset].weights.first.map { Rational($0) } ?? .one
        return sum + (map.element.inWeight?.moves ?? size * Rational(map.element.moves))
      }
      try holds(one.report.sum.inWeight!.moves == moves, "\(moves)")
    }
  }

  /// Each map within its own balance, all off to the same side: only the sum tells.
  @Test func mapsThatLeanTheSameWayAreNoticed() throws {
    let group = try group(nodes: 2, weights: Array(repeating: ["3", "2", "2", "1"], count: 6))
    let leaning = PlacementMap.make(
      [[[0], [], [], []], [[0], [], [], []], [[1], [], [], []], [[1], [], [], []]], least: [1, 0, 0, 0])
    let maps = Array(repeating: leaning, count: 6)
    let report = try Judge.judge(group, maps: maps, from: nil)
    #expect(report.maps.allSatisfy(\.isBalanced) && !report.sum.isBalanced)
    let finding = try #require(report.sum.findings.first { $0.rule == "balance.total" })
    #expect(finding.want == 24 && finding.have == 30, "\(finding)")
    let one = try PlannedGroup(group, maps)
    #expect(one.report.sum.isBalanced && one.report.maps.allSatisfy(\.isBalanced), "\(sums(one, one.targets))")
    // Six too much on one node: three, less the heaviest, is what has to go, and no map by itself asks for it.
    let (moved, bound) = (one.report.sum.inWeight!.moves, one.plan.movesWeightLowerBound!)
    #expect(moved <= Rational(4) && bound == Rational(3), "\(moved), \(bound)")
    for (map, target) in one.targets.enumerated() {
      guard let gone = (0..<4).first(where: { !target.rows[$0][0].contains(0) && leaning.rows[$0][0].contains(0) })
      else { continue }
      let left = try Judge.explain(group, maps: one.targets, from: maps, map: map, partition: gone).left
      #expect(left.first?.because == "held 30 in weight of all maps and is due 24", "\(left)")
    }
  }

  /// Two of three nodes have the heavy ones of every map; each map by itself is as good as it can be.
  @Test func oversizedPartitionsOfManyMapsAreShared() throws {
    let group = try group(nodes: 3, weights: Array(repeating: ["10", "10", "1"], count: 12))
    let same = PlacementMap.make([[[0], [], [], []], [[1], [], [], []], [[2], [], [], []]], least: [1, 0, 0, 0])
    let maps = Array(repeating: same, count: 12)
    #expect(try !Judge.judge(group, maps: maps, from: nil).sum.isBalanced)
    for currents in [maps, Array(repeating: nil, count: 12)] as [[PlacementMap?]] {
      let one = try PlannedGroup(group, currents)
      #expect(one.report.sum.isBalanced && one.report.maps.allSatisfy(\.isBalanced), "\(sums(one, one.targets))")
    }
  }

  private func group(
    nodes: Int, replicas: Int = 1, weights: [[String]], _ change: (inout Cluster) -> Void = { _ in }
  ) throws -> DenseGroup {
    var group = try PlannedGroup.plain(nodes: nodes, maps: weights.map { ($0.count, replicas) }, change).group
    for (map, weights) in weights.enumerated() { group.members[map].weights = weights.map { Quantity($0)! } }
    return try DenseGroup(group)
  }

  // MARK: beside trying everything

  /// The least that the greatest sum can be, of maps that are each balanced: beside every choice of holders.
  @Test func theGreatestSumIsNearTheLeastThereCanBe() {
    var (seen, least, above) = (0, 0, 0)
    forAllSeeds(0..<250) { seed in
      let shape = RandomCluster.Shape {
        $0.allActive = true
        $0.noCapacities = true
        $0.noSoftRules = true
        $0.noHardRules = true
        $0.equalWeights = true
        $0.nodes = 2...3
        $0.partitions = 2...4
      }
      guard let one = try make(seed, 2...3, shape, size: .tiny, isFresh: true), one.report.sum.unmet == 0,
        one.group.clusters.allSatisfy({ $0.partitionCount <= 6 && $0.replicas > 0 }),
        one.report.maps.allSatisfy(\.isBalanced)
      else { return }
      var reached: Set<[Int]> = [[Int](repeating: 0, count: one.group.nodeCount)]
      for (map, cluster) in one.group.clusters.enumerated() {
        let choices = try self.choices(cluster, one.group.weights!.of[map], scale: one.group.weights!.scale[map])
        var next: Set<[Int]> = []
        for sum in reached { for choice in choices { next.insert(zip(sum, choice).map(+)) } }
        reached = next
        guard reached.count < 200_000 else { return }
      }
      let best = reached.map { $0.max()! }.min()!
      let mine = sums(one, one.targets).max()! / one.group.weights!.unit
      try holds(mine >= Rational(best), "\(mine) is below the least, \(best)")
      seen += 1
      let heaviest = one.group.clusters.indices.map {
        (one.group.weights!.of[$0].of.max() ?? 0) * one.group.weights!.scale[$0]
      }.max()!
      least += mine == Rational(best) ? 1 : 0
      above += mine > Rational(best + heaviest) ? 1 : 0
    }
    #expect(
      seen > 60 && least * 2 > seen && above == 0,
      "the least in \(least) of \(seen), more than one partition above in \(above)")
  }

  /// What nodes hold in all maps of one cluster that are balanced in total.
  private func choices(_ cluster: DenseCluster, _ weights: PartitionWeights, scale: Int) throws -> Set<[Int]> {
    let rows = (0..<(1 << cluster.nodeCount)).map { bits in (0..<cluster.nodeCount).filter { bits >> $0 & 1 == 1 } }
      .filter { $0.count == cluster.replicas }
    var holders: [[[Int]]] = [[]]
    for _ in 0..<cluster.partitionCount { holders = holders.flatMap { so in rows.map { so + [$0] } } }
    guard holders.count <= 5000 else { return [] }
    var choices: Set<[Int]> = []
    for choice in holders {
      let map = PlacementMap.make(
        choice.map { row in
          var places: [[Int]] = cluster.wanted.map { _ in [] }
          var rest = row[...]
          for (state, count) in cluster.dataWanted.enumerated() {
            places[state] = Array(rest.prefix(count))
            rest = rest.dropFirst(count)
          }
          return places
        }, least: cluster.wanted)
      guard try !Judge.judge(cluster, map: map, from: nil).findings.contains(where: { $0.rule == "balance.total" })
      else { continue }
      var load = [Int](repeating: 0, count: cluster.nodeCount)
      for (partition, row) in choice.enumerated() { for node in row { load[node] += weights.of[partition] * scale } }
      choices.insert(load)
    }
    return choices
  }

  // MARK: operations, capacities, limits

  @Test func operationsKeepCapacitiesAndBounds() {
    var seen = 0
    forAllSeeds(0..<60) { seed in
      guard let one = try make(seed, 1...4, .init(), isFresh: true) else { return }
      var changed = one.group.group
      let operation: PlatEngine.Operation = [.maintenance, .failover, .cancel, .restoreBack][Int(seed % 4)]
      changed.shared.nodes[Int(seed) % changed.shared.nodes.count].status =
        operation == .maintenance ? .maintenance : .failed
      let group = try DenseGroup(changed)
      var options = PlanOptions()
      options.operation = operation
      options.toMaps = one.targets
      let plan = try Planner.plan(group, from: one.targets, options: options)
      let report = try Judge.judge(group, maps: plan.plans.map(\.target), from: one.targets)
      let passed = PlannedGroup.passedCapacities(report.sum.findings, group, one.targets, plan.plans.map(\.target))
      try holds(plan.operation == operation && passed.isEmpty, "\(passed)")
      try holds(
        plan.movesLowerBound <= report.sum.moves && plan.movesWeightLowerBound! <= report.sum.inWeight!.moves,
        "bounds \(plan.movesLowerBound), \(plan.movesWeightLowerBound!) of \(report.sum.moves), \(report.sum.inWeight!.moves)"
      )
      if operation == .failover { try holds(report.sum.moves == 0 && plan.isMet(report), "\(report.sum.moves) moves") }
      seen += 1
    }
    #expect(seen > 30, "\(seen)")
  }

  /// As many come as leave: each map's go to counterparts, if that is asked for.
  @Test func aSwapIsOneWhereItIsAskedFor() throws {
    var changed = try group(nodes: 5, replicas: 2, weights: [["1", "2", "3", "4", "5", "6"], ["9", "1", "1", "1"]])
      .group
    changed.shared.nodes[4].status = .leaving
    let now = try PlannedGroup(DenseGroup(changed), [nil, nil]).targets
    changed.shared.nodes[4].status = .active
    changed.shared.nodes[0].status = .leaving
    let dense = try DenseGroup(changed)
    var options = PlanOptions()
    options.operation = .swap
    let plan = try Planner.plan(dense, from: now, options: options)
    let report = try Judge.judge(dense, maps: plan.plans.map(\.target), from: now)
    #expect(plan.operation == .swap && plan.movesWeightLowerBound == report.sum.inWeight!.moves)
    for (map, target) in plan.plans.map(\.target).enumerated() {
      for (after, before) in zip(target.rows, now[map].rows) {
        #expect(after == before.map { $0.map { $0 == 0 ? 4 : $0 } })
      }
    }
    let other = try Planner.plan(dense, from: now)
    #expect(other.operation == .rebalance)
  }

  @Test func sizesTooFarApartAreRefused() {
    for weights in [
      [["1", "2"], ["1e18", "3e18", "1"]], [["1", "2"], ["1/1000000007", "2/1000000009"], ["1/998244353", "3"]],
    ] {
      #expect { try self.group(nodes: 2, weights: weights) } throws: { error in
        (error as? InputError)?.path.hasSuffix("weights") == true
      }
    }
  }

  @Test func failuresAreLookedAt() throws {
    let group = try group(nodes: 4, replicas: 2, weights: [["1", "2", "3", "4", "5", "6"], ["9", "1", "1", "1"]])
    let now = try PlannedGroup(group, [nil, nil]).targets
    let outcomes = try WhatIf.run(group, currents: now, cases: [FailureCase(name: "n0", level: "node", nodes: [0])])
    #expect(outcomes[0].sum.health != .red && outcomes[0].sum.moves > 0 && outcomes[0].sum.unmet == 0)
  }

  // MARK: reasons

  /// What an exchange does to the sums counts beside what it does to its map.
  @Test func exchangesTellWhatTheyDoToSums() {
    var (asked, out) = (0, 0)
    forAllSeeds(0..<80) { seed in
      guard let one = try make(seed, 2...5, Self.plain, isJoined: seed % 2 == 0) else { return }
      let (group, weights) = (one.group, one.group.weights!)
      var random = SplitMix64(seed: seed)
      let map = random.below(group.clusters.count)
      let (partition, node) = (random.below(group.clusters[map].partitionCount), random.below(group.nodeCount))
      func explain(_ sums: Bool) throws -> Explanation {
        sums
          ? try Judge.explain(group, maps: one.targets, from: one.currents, map: map, partition: partition, node: node)
          : try Judge.explain(
            group.clusters[map], map: one.targets[map], from: one.currents[map], partition: partition, node: node)
      }
      let (inGroup, alone) = (try explain(true), try explain(false))
      guard let exchanges = inGroup.other?.exchanges else { return }
      let total = try Judge.GroupWeightBalance(group, weights, one.targets, []).total
      let weight = weights.of[map].of[partition] * weights.scale[map]
      func farther(_ node: Int, _ by: Int) -> Int {
        func distance(_ held: Int) -> Int {
          max(0, held - total[node].window.upperBound, total[node].window.lowerBound - held)
        }
        return (distance(total[node].held + by) - distance(total[node].held)).signum()
      }
      for exchange in exchanges {
        let same = alone.other?.exchanges.first { $0.instead == exchange.instead }
        let beyond = farther(node, weight) + farther(exchange.instead, -weight)
        try holds(
          exchange.outside - (same?.outside ?? 0) == beyond && exchange.moves == same?.moves,
          "\(beyond) in the sums: \(exchange)")
        asked += 1
        out += beyond > 0 && exchange.because.contains("in weight of all maps") ? 1 : 0
      }
    }
    #expect(asked > 60 && out > 5, "\(asked), \(out)")
  }

  // MARK: bounds

  /// No maps within the plan's windows whose sums are balanced are reached with less weight than the bound: beside
  /// every choice.
  @Test func noBalancedSumsNeedLess() {
    var (seen, reached, above, bySums) = (0, 0, 0, 0)
    forAllSeeds(0..<400) { seed in
      let shape = RandomCluster.Shape {
        $0.allActive = true
        $0.noCapacities = true
        $0.noSoftRules = true
        $0.noHardRules = true
        $0.nodes = 2...3
        $0.partitions = 2...4
      }
      guard let one = try make(seed, 2...4, shape, size: .tiny, isJoined: true), one.report.sum.unmet == 0,
        one.group.clusters.allSatisfy({ $0.partitionCount <= 6 && $0.replicas > 0 && $0.replicas < $0.nodeCount })
      else { return }
      let weights = one.group.weights!
      let total = try Judge.GroupWeightBalance(one.group, weights, one.targets, []).total
      var costs: [[Int]: Int] = [[Int](repeating: 0, count: one.group.nodeCount): 0]
      for (map, cluster) in one.group.clusters.enumerated() {
        var windows = one.plan.plans[map].weightWindows
        if windows == nil {
          // By number: the floors and ceilings of dues, or what is planned.
          let (due, load) = (Judge.due(cluster, map: one.targets[map]).total, cluster.loads(of: one.targets[map]))
          windows = WeightWindows(
            least: load.indices.map { min(load[$0], due[$0].floor!) },
            most: load.indices.map { max(load[$0], due[$0].floor! + (due[$0].isInteger ? 0 : 1)) }, unit: .one)
        }
        let choices = loads(cluster, weights.of[map], one.currents[map]!, windows!)
        var next: [[Int]: Int] = [:]
        for (sum, cost) in costs {
          for (load, more) in choices {
            let key = zip(sum, load).map { $0 + $1 * weights.scale[map] }
            next[key] = min(next[key] ?? .max, cost + more * weights.scale[map])
          }
        }
        costs = next
        guard costs.count < 100_000 else { return }
      }
      let least = costs.filter { sum, _ in
        zip(sum, total).allSatisfy {
          min($1.held, $1.window.lowerBound) <= $0 && $0 <= max($1.held, $1.window.upperBound)
        }
      }.values.min()
      let (bound, moved) = (
        one.plan.movesWeightLowerBound! / weights.unit, one.report.sum.inWeight!.moves / weights.unit
      )
      try holds(least != nil, "the plan itself is no choice")
      guard let least else { return }
      try holds(bound <= Rational(least) && Rational(least) <= moved, "bound \(bound), least \(least), moved \(moved)")
      let alone = one.plan.plans.enumerated().reduce(Rational.zero) { sum, plan in
        sum
          + (plan.element.movesWeightLowerBound ?? Rational(plan.element.movesLowerBound) * weights.of[plan.offset].unit)
      }
      seen += 1
      reached += moved == Rational(least) ? 1 : 0
      above += bound == Rational(least) ? 1 : 0
      guard one.plan.movesWeightLowerBound! > alone else { return }
      bySums += 1
      let byJudge = try proved(one, one.targets)
      try holds(
        byJudge.map { one.plan.movesWeightLowerBound! <= $0 } ?? false,
        "the Judge proves \(String(describing: byJudge))")
    }
    #expect(bySums > 0)
    #expect(
      seen > 60 && reached * 10 > seen * 8 && above * 10 > seen * 8,
      "\(seen), the least in \(reached), bound \(above), \(bySums)")
  }

  /// Of each load within windows the least weight that is moved for it.
  private func loads(
    _ cluster: DenseCluster, _ weights: PartitionWeights, _ current: PlacementMap, _ windows: WeightWindows
  ) -> [[Int]: Int] {
    let rows = (0..<(1 << cluster.nodeCount)).map { bits in (0..<cluster.nodeCount).filter { bits >> $0 & 1 == 1 } }
      .filter { $0.count == cluster.replicas }
    let held = current.dataHolders(cluster.cluster.settings.model)
    var costs: [[Int]: Int] = [[Int](repeating: 0, count: cluster.nodeCount): 0]
    for partition in 0..<cluster.partitionCount {
      var next: [[Int]: Int] = [:]
      for (load, cost) in costs {
        for row in rows {
          var load = load
          for node in row { load[node] += weights.of[partition] }
          let moved = row.count { !held[partition].contains($0) } * weights.of[partition]
          next[load] = min(next[load] ?? .max, cost + moved)
        }
      }
      costs = next
    }
    return costs.filter { load, _ in
      load.indices.allSatisfy { windows.least[$0] <= load[$0] && load[$0] <= windows.most[$0] }
    }
  }

  private func proved(_ one: PlannedGroup, _ maps: [PlacementMap]) throws -> Rational? {
    let weights = one.group.weights!
    return try Judge.sumBound(
      one.group, weights, maps: maps, from: one.currents, prices: one.plan.plans.map(\.certificate),
      windows: one.plan.plans.map(\.weightWindows)
    ).map { weights.exact($0) }
  }

  /// Sums ask for 3 where no map asks for anything; from sums that may stay as they are nothing follows.
  @Test func theJudgeProvesTheBoundOfSums() throws {
    let group = try group(nodes: 2, weights: Array(repeating: ["3", "2", "2", "1"], count: 6))
    let leaning = PlacementMap.make(
      [[[0], [], [], []], [[0], [], [], []], [[1], [], [], []], [[1], [], [], []]], least: [1, 0, 0, 0])
    let one = try PlannedGroup(group, Array(repeating: leaning, count: 6))
    #expect(try one.plan.movesWeightLowerBound == Rational(3) && proved(one, one.targets) == Rational(3))
    #expect(try proved(one, one.currents.map { $0! }) == nil)
  }
}
