import PlatEngine
import TestSupport
import Testing

@Suite struct GroupExamples {
  /// The extras of equal maps go round the nodes.
  @Test func equalMapsShareTheExtrasEvenly() throws {
    // 20 replicas on 8 nodes: each node is due 2.5 of each map, and 10 of four.
    let group = try PlannedGroup.plain(nodes: 8, maps: Array(repeating: (10, 2), count: 4))
    let one = try PlannedGroup(group, [nil, nil, nil, nil])
    let total = try #require(one.report.sum.total)
    #expect((total.least, total.greatest) == (10, 10))
    #expect(one.report.maps.allSatisfy { $0.isBalanced } && one.report.sum.isBalanced)
    #expect(one.report.sum.findings.isEmpty && one.report.sum.health == .green)
  }

  /// The same map four times, as four plans made apart are: each balanced, their sum is not.
  @Test func mapsPlannedApartAreMendedByAsManyMovesAsTheSumHasTooMany() throws {
    let group = try PlannedGroup.plain(nodes: 8, maps: Array(repeating: (10, 2), count: 4))
    let alone = try Planner.plan(group.clusters[0], from: nil).target
    let currents = [PlacementMap](repeating: alone, count: 4)
    let before = try Judge.judge(group, maps: currents, from: nil)
    #expect(before.maps.allSatisfy(\.isBalanced) && !before.sum.isBalanced)
    let one = try PlannedGroup(group, currents)
    // Four nodes hold 3 of each map, four hold 2: 12 and 8, and all are due 10.
    #expect(one.moves == 8 && one.plan.movesLowerBound == 8)
    #expect(one.report.sum.isBalanced && one.report.maps.allSatisfy(\.isBalanced))
  }

  @Test func aCapacityIsForAllMapsTogether() throws {
    let group = try PlannedGroup.plain(nodes: 4, maps: [(8, 2), (6, 2), (4, 1)]) { $0.nodes[0].capacity = 5 }
    let one = try PlannedGroup(group, [nil, nil, nil])
    let held = (0..<4).map { node in
      one.targets.reduce(0) { sum, map in sum + map.rows.joined().joined().count { $0 == node } }
    }
    #expect(held[0] == 5 && held.reduce(0, +) == 32 && one.report.sum.unmet == 0)
    #expect(!one.isOut("balance.total"))
  }

  @Test func capacitiesThatAddUpToTheDemandAreUsedUp() throws {
    let group = try PlannedGroup.plain(nodes: 4, maps: Array(repeating: (7, 2), count: 3)) { cluster in
      for (node, capacity) in [12, 6, 11, 13].enumerated() { cluster.nodes[node].capacity = capacity }
    }
    let one = try PlannedGroup(group, [nil, nil, nil])
    #expect(one.report.sum.unmet == 0, "\(one.report.sum.findings)")
  }

  @Test func aMapMoreOrLessMovesNoOther() throws {
    let three = try PlannedGroup.plain(nodes: 6, maps: [(12, 2), (12, 2), (12, 2)])
    let one = try PlannedGroup(three, [nil, nil, nil])
    let four = try PlannedGroup.plain(nodes: 6, maps: [(12, 2), (12, 2), (12, 2), (18, 3)])
    let more = try PlannedGroup(four, one.targets + [nil])
    #expect(more.moves == 54)
    let two = try PlannedGroup.plain(nodes: 6, maps: [(12, 2), (12, 2)])
    #expect(try PlannedGroup(two, Array(one.targets.prefix(2))).moves == 0)
  }

  @Test func hardRulesHoldInEveryMap() throws {
    let group = try PlannedGroup.plain(nodes: 9, zones: 3, maps: [(10, 3), (7, 2), (5, 1), (64, 3)])
    let one = try PlannedGroup(group, [nil, nil, nil, nil])
    #expect(one.report.sum.unmet == 0 && one.report.sum.isBalanced && one.report.maps.allSatisfy(\.isBalanced))
    let left = try PlannedGroup(PlannedGroup.with([4: .failed], group), one.targets)
    #expect(left.report.sum.health != .red && left.plan.movesLowerBound <= left.moves)
    #expect(!left.isOut("balance.total"))
  }

  @Test func absurdGroupsAreRefusedOrPlanned() throws {
    #expect(throws: InputError.self) { try PlannedGroup.plain(nodes: 2, maps: [(0, 1)]) }
    #expect(throws: InputError.self) {
      let settings = Settings(partitionCount: 4)
      _ = try DenseGroup(
        ClusterGroup(
          shared: Cluster(settings: settings, nodes: []),
          members: [.init(name: "a", settings: settings), .init(name: "a", settings: settings)]))
    }
    #expect(throws: InputError.self) {
      try PlannedGroup.plain(nodes: 2, maps: Array(repeating: (1 << 28, 3), count: 4))
    }
    let nowhere = try PlannedGroup(PlannedGroup.plain(nodes: 0, maps: [(4, 2), (3, 1)]), [nil, nil])
    #expect(nowhere.report.sum.unmet == 11 && nowhere.report.sum.health == .red)
    let none = try PlannedGroup.plain(nodes: 3, maps: [(5, 2), (4, 1)]) { cluster in
      for node in cluster.nodes.indices { cluster.nodes[node].capacity = 0 }
    }
    #expect(try PlannedGroup(none, [nil, nil]).report.sum.unmet == 14)
    let weightless = try PlannedGroup.plain(nodes: 3, maps: [(5, 2), (4, 1)]) { cluster in
      for node in cluster.nodes.indices { cluster.nodes[node].weight = Quantity(UInt64(0)) }
    }
    _ = try PlannedGroup(weightless, [nil, nil])
    #expect(
      try Planner.plan(DenseGroup(ClusterGroup(shared: weightless.group.shared, members: [])), from: []).plans.isEmpty)
  }

  // MARK: The Judge

  @Test func theJudgeFindsWhatIsPlantedInTheSum() throws {
    let group = try PlannedGroup.plain(nodes: 8, maps: Array(repeating: (10, 2), count: 4)) {
      $0.nodes[0].capacity = 10
    }
    let one = try PlannedGroup(group, [nil, nil, nil, nil])
    #expect(one.report.sum.findings.isEmpty)
    // In each of two maps one replica goes from another node to node 0: 12 of 10.
    for map in one.targets.prefix(2) {
      let slot = try #require(
        (0..<map.partitionCount).lazy.map { map.row($0) }.first { row in
          row[1] != NodeIndex(0) && row[0] != NodeIndex(0)
        })
      slot[1] = NodeIndex(0)
    }
    let report = try Judge.judge(
      group, maps: one.targets, from: PlannedGroup.before(group, one.currents))
    #expect(report.sum.findings.contains { $0.rule == "nodes.n0.capacity" && $0.want == 10 && $0.have == 12 })
    #expect(report.sum.findings.contains { $0.rule == "balance.total" && $0.node == "n0" })
    #expect(report.sum.unmet == 2 && !report.sum.isBalanced && report.sum.health == .yellow)
    // A role too many is one in a state only.
    let masters = try PlannedGroup(PlannedGroup.plain(nodes: 2, maps: [(4, 2), (4, 2)]), [nil, nil])
    for map in masters.targets { for partition in 0..<4 where map.row(partition)[1] == NodeIndex(0) {
      (map.row(partition)[0], map.row(partition)[1]) = (map.row(partition)[1], map.row(partition)[0])
    } }
    let swapped = try Judge.judge(
      masters.group, maps: masters.targets, from: PlannedGroup.before(masters.group, masters.currents))
    #expect(swapped.sum.findings.map(\.rule) == ["balance.master", "balance.slave"])
  }
}
