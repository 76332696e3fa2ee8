import TestSupport
import Testing

@testable import PlatEngine

/// Rules that name places: `only`, `never`, `within`.
@Suite struct PlaceRuleTests {
  /// Three regions of three nodes, two of them with tag ssd.
  private func regions(_ partitions: Int, slaves: Int = 2, level: Bool = false, _ rules: [PlaceRule]) -> Cluster {
    let names = ["us", "eu", "ap"]
    var settings = Settings(partitionCount: partitions, constraints: [1, slaves, 0, 0])
    if level { settings.placement = [PlacementRule(states: [0, 1], level: 0, demand: .atMost(1), strength: .hard)] }
    settings.places = rules
    return Cluster(
      settings: settings, levels: ["region"],
      containers: names.enumerated().map { Container(name: $1, level: 0, parent: nil, nodes: ($0 * 3)..<($0 * 3 + 3)) },
      nodes: (0..<9).map { Node(name: "\(names[$0 / 3])\($0 % 3)", tags: [$0 % 3 < 2 ? "ssd" : "hdd"]) })
  }

  private func loads(_ map: PlacementMap, state: Int?) -> [Int] {
    map.rows.reduce(into: Array(repeating: 0, count: 9)) { loads, row in
      for (index, nodes) in row.enumerated() where state == nil || state == index {
        for node in nodes { loads[node] += 1 }
      }
    }
  }

  private func planned(_ cluster: Cluster, from current: PlacementMap? = nil) throws -> (
    map: PlacementMap, plan: Plan, report: Report
  ) {
    let dense = try DenseCluster(cluster)
    let plan = try Planner.plan(dense, from: current)
    return (plan.target, plan, try Judge.judge(dense, map: plan.target, from: current))
  }

  @Test func leadersInOneRegion() throws {
    var cluster = regions(300, [PlaceRule(states: [0], .only, Selector(containers: ["us"]))])
    let fresh = try planned(cluster)
    #expect(loads(fresh.map, state: 0) == [100, 100, 100, 0, 0, 0, 0, 0, 0])
    #expect(loads(fresh.map, state: nil) == Array(repeating: 100, count: 9))
    #expect(fresh.report.isBalanced && fresh.report.health == .green)
    cluster.nodes[0].status = .failed
    let after = try planned(cluster, from: fresh.map)
    #expect(loads(after.map, state: 0)[1...2] == [150, 150])
    #expect(after.report.moves == 100 && after.plan.movesLowerBound == 100 && after.report.isBalanced)
  }

  @Test func twoCopiesHereAndOneThere() throws {
    let rules = [
      PlaceRule(states: [0, 1], .within(atLeast: 2, atMost: 2), Selector(containers: ["us"])),
      PlaceRule(states: [0, 1], .within(atLeast: 1, atMost: nil), Selector(containers: ["eu"]), position: 1),
    ]
    var cluster = regions(120, rules)
    let fresh = try planned(cluster)
    #expect(loads(fresh.map, state: nil) == [80, 80, 80, 40, 40, 40, 0, 0, 0])
    #expect(fresh.report.isBalanced && fresh.report.health == .green)
    cluster.nodes[0].status = .leaving
    let after = try planned(cluster, from: fresh.map)
    #expect(loads(after.map, state: nil) == [0, 120, 120, 40, 40, 40, 0, 0, 0])
    #expect(after.report.moves == 80 && after.plan.movesLowerBound == 80)
  }

  @Test func onlyWithTag() throws {
    let cluster = regions(120, level: true, [PlaceRule(states: [0, 1], .only, Selector(tags: ["ssd"]), position: 1)])
    let fresh = try planned(cluster)
    #expect(loads(fresh.map, state: nil) == [60, 60, 0, 60, 60, 0, 60, 60, 0])
    // Whoever has the other tag is emptied as a node that leaves is.
    let before = try planned(regions(120, level: true, []))
    let after = try planned(cluster, from: before.map)
    #expect(after.report.moves == 120 && after.plan.movesLowerBound == 120 && after.report.isBalanced)
  }

  @Test func twoOnSsdAndAllNodesLevel() throws {
    let cluster = regions(
      120, level: true,
      [PlaceRule(states: [0, 1], .within(atLeast: 2, atMost: nil), Selector(tags: ["ssd"]), position: 1)])
    let fresh = try planned(cluster)
    #expect(loads(fresh.map, state: nil) == Array(repeating: 40, count: 9))
    #expect(fresh.report.isBalanced && fresh.report.health == .green)
  }

  /// At equal moves and balance.
  @Test func softOnesAreWishes() throws {
    let rule = PlaceRule(states: [0], .only, Selector(containers: ["us"]), strength: .soft)
    let fresh = try planned(regions(60, [rule]))
    #expect(fresh.report.isBalanced && fresh.report.brokenSoft == 60 - loads(fresh.map, state: 0)[..<3].reduce(0, +))
    #expect(loads(fresh.map, state: 0)[..<3].reduce(0, +) == 21, "a third of the masters, rounded up on each node")
  }

  @Test func whatIsMissingSaysWhy() throws {
    let rule = PlaceRule(states: [0, 1], .only, Selector(nodes: ["us0", "eu0"]))
    let fresh = try planned(regions(10, [rule]))
    let finding = try #require(fresh.report.findings.first)
    #expect(finding.rule == "constraints.slave" && finding.have == 1)
    #expect(finding.because.contains("placement[0] allows master and slave only on us0, eu0"), "\(finding.because)")
  }

  /// Whatever else is asked: every hard rule is kept, rows and loads are sound, and planning twice is planning once.
  @Test func plansKeepThem() {
    var (short, moved) = (0, 0)
    forAllSeeds(0..<250) { seed in
      var random = SplitMix64(seed: seed)
      let shape = RandomCluster.Shape { ($0.nodes, $0.partitions) = (1...9, 1...16) }
      var (cluster, current) = RandomCluster.make(seed: random.next(), shape: shape)
      RandomPlaces.add(to: &cluster, &random)
      if seed % 3 == 0 { cluster.partitionWeights = RandomGroup.anyWeights(cluster.settings.partitionCount, &random) }
      let one = try PlannedCase(DenseCluster(cluster), current)
      try one.checkConsistent()
      short += one.isShort ? 1 : 0
      moved += one.report.moves
      let again = try Planner.plan(one.cluster, from: one.plan.target)
      try holds(
        again.target.rows == one.plan.target.rows,
        "planned again it is another map\n\(one.text)\n\(cluster.settings.places)")
    }
    #expect(short > 20 && moved > 500, "\(short) short, \(moved) moves")
  }

  /// Within a budget of moves, too: no part of a plan breaks one, and none places less than the whole.
  @Test func partsOfPlansKeepThem() {
    var heldBack = 0
    forAllSeeds(0..<200) { seed in
      var random = SplitMix64(seed: seed)
      let shape = RandomCluster.Shape { ($0.nodes, $0.partitions, $0.noCapacities) = (3...9, 4...12, true) }
      var (cluster, current) = RandomCluster.make(seed: random.next(), shape: shape)
      RandomPlaces.add(to: &cluster, &random)
      if seed % 3 == 0 { cluster.partitionWeights = RandomGroup.anyWeights(cluster.settings.partitionCount, &random) }
      guard current != nil else { return }
      let whole = try PlannedCase(DenseCluster(cluster), current)
      cluster.settings.balance.moveBudget = Int(seed % 5)
      let one = try PlannedCase(DenseCluster(cluster), current)
      try one.checkConsistent()
      try holds(
        one.report.unmet <= whole.report.unmet && one.report.moves <= whole.report.moves,
        "\(one.report.unmet) unmet, \(one.report.moves) moves; \(whole.report.unmet) and \(whole.report.moves) in all\n"
          + "\(one.text)\n\(cluster.settings.places)")
      heldBack += one.plan.movesHeldBack
    }
    #expect(heldBack > 40, "\(heldBack)")
  }

  /// Of several maps on the same nodes each keeps them, with sizes and without; planning twice is planning once.
  @Test func plansOfSeveralMapsKeepThem() {
    var (planned, settled, outInSum) = (0, 0, 0)
    forAllSeeds(0..<200) { seed in
      let shape = RandomCluster.Shape { ($0.nodes, $0.partitions) = (2...9, 1...10) }
      let (group, currents) = try RandomGroup.make(
        seed: seed, maps: 2...4, shape: shape, isAlike: seed % 4 < 2,
        weights: seed % 2 == 0 ? RandomGroup.anyWeights : nil,
        change: { RandomPlaces.add(to: &$0, &$1) })
      let one = try PlannedGroup(group, currents)
      planned += 1
      if one.report.sum.unmet == 0, !one.report.sum.isBalanced { outInSum += 1 }
      try holds(one.passedCapacities.isEmpty, "\(one.passedCapacities)")
      for (map, plan) in one.plan.plans.enumerated() {
        let cluster = group.clusters[map]
        let faults = PlannedCase.faults(one.report.maps[map], cluster, currents[map], plan.target)
        try holds(faults.isEmpty, "map \(map): \(faults)")
        for row in plan.target.rows where row.joined().count > 1 {
          try holds(ExhaustiveSearch.meetsHardRules(cluster, row), "map \(map): row \(row) breaks a hard rule")
        }
      }
      let again = try Planner.plan(group, from: one.targets)
      // When maintenance is prepared for, what is chosen next may be another operation.
      guard again.operation == one.plan.operation else { return }
      settled += 1
      for (before, plan) in zip(one.targets, again.plans) {
        try holds(
          plan.target.rows == before.rows, "planned again it is another map\n\(group.group.shared.settings.places)")
      }
    }
    #expect(planned == 200 && settled > 180, "\(settled) of \(planned)")
    #expect(outInSum * 4 < planned, "\(outInSum) of \(planned) out of balance in sum")
  }

  /// Leaders by weight in one region, everything else wherever balance wants it.
  @Test func leadersInOneRegionByWeight() throws {
    var cluster = regions(90, [PlaceRule(states: [0], .only, Selector(containers: ["us"]))])
    cluster.partitionWeights = (0..<90).map { Quantity("\(1 + $0 % 10)")! }
    let fresh = try planned(cluster)
    #expect(fresh.report.isBalanced && fresh.report.health == .green, "\(fresh.report.findings)")
    #expect(loads(fresh.map, state: 0)[3...].allSatisfy { $0 == 0 })
    cluster.nodes[0].status = .leaving
    let after = try planned(cluster, from: fresh.map)
    #expect(after.report.isBalanced && after.report.health == .green, "\(after.report.findings)")
    #expect(loads(after.map, state: 0)[0] == 0 && loads(after.map, state: 0)[3...].allSatisfy { $0 == 0 })
  }

  /// Beside every map of tiny clusters, in the order of aims.
  @Test func noMapPlacesMore() {
    forAllSeeds(0..<200) { seed in
      var random = SplitMix64(seed: seed)
      let shape = RandomCluster.Shape {
        ($0.nodes, $0.partitions) = (1...4, 1...4)
        ($0.noSoftRules, $0.masterSlaveOnly) = (true, true)
      }
      var (cluster, current) = RandomCluster.make(seed: random.next(), size: .tiny, shape: shape)
      RandomPlaces.add(to: &cluster, &random, hardOnly: true)
      let one = try PlannedCase(DenseCluster(cluster), current)
      guard one.staying.allSatisfy({ $0 == 0 }) else { return }
      let best = OrderOfAimsTests.best(one.cluster, current)
      let found = OrderOfAimsTests.aims(one.cluster, current, one.plan.target)
      try holds(!(found < best), "\(found), and a map has \(best)\n\(one.text)\n\(cluster.settings.places)")
    }
  }

  /// The Judge counts what a plain look at each row counts, of any map.
  @Test func breachesAreCounted() {
    var breaches = 0
    forAllSeeds(0..<300) { seed in
      var random = SplitMix64(seed: seed)
      var (cluster, current) = RandomCluster.make(seed: random.next(), shape: .init { $0.currentMaps = [.random] })
      RandomPlaces.add(to: &cluster, &random)
      guard let current else { return }
      let dense = try DenseCluster(cluster)
      let report = try Judge.judge(dense, map: current, from: nil)
      for rule in cluster.settings.places {
        let expected = current.rows.reduce(0) { sum, row in
          let live = row.map { $0.filter { cluster.nodes[$0].status != .failed } }
          return sum + (RandomPlaces.excess(rule, cluster, live) > 0 ? 1 : 0)
        }
        let found = report.findings.count { $0.rule == "placement[\(rule.position)]" }
        breaches += found
        try holds(found == expected || report.moreFindings > 0, "\(rule): \(found) findings, \(expected) rows break it")
      }
    }
    #expect(breaches > 500, "\(breaches)")
  }

  /// A plan that breaks one does not get out.
  @Test func theGateNotices() throws {
    let dense = try DenseCluster(regions(6, slaves: 0, [PlaceRule(states: [0], .only, Selector(containers: ["us"]))]))
    var options = PlanRequest()
    options.damage = { $0.row(3)[0] = NodeIndex(5) }
    #expect(throws: PlatError.self) { try Planner.plan(dense, from: nil, options: options) }
  }

  /// A rule about some states beside a map that has none: each keeps its own.
  @Test func besideAMapWithoutRules() throws {
    let cluster = regions(90, [PlaceRule(states: [0], .only, Selector(containers: ["us"]))])
    let members = [cluster.settings, regions(90, []).settings].enumerated().map {
      ClusterGroup.Member(name: "m\($0)", settings: $1)
    }
    let group = try DenseGroup(ClusterGroup(shared: cluster, members: members))
    let plan = try Planner.plan(group, from: [nil, nil])
    let report = try Judge.judge(group, maps: plan.plans.map(\.target), from: PlannedGroup.before(group, [nil, nil]))
    #expect(report.sum.unmet == 0 && report.maps.allSatisfy(\.isBalanced), "\(report.sum.findings)")
    #expect(loads(plan.plans[0].target, state: 0) == [30, 30, 30, 0, 0, 0, 0, 0, 0])
    #expect(loads(plan.plans[1].target, state: 0) == Array(repeating: 10, count: 9))
  }

  @Test func whatNobodyIsIsRefused() throws {
    for selector in [
      Selector(tags: ["sdd"]), Selector(nodes: ["us9"]), Selector(containers: ["us/x"]), Selector(),
      Selector(tags: ["ssd"], nodes: ["us2"]),
    ] {
      #expect(throws: InputError.self) { try DenseCluster(regions(4, [PlaceRule(states: [0], .only, selector)])) }
    }
  }
}
