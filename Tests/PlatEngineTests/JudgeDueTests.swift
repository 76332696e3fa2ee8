import PlatEngine
import Testing

@Suite struct JudgeDueExamples {
  private func total(_ cluster: ZoneCluster, map: PlacementMap? = nil) throws -> [String] {
    try Judge.due(cluster.dense(), map: map).total.map(\.description)
  }

  @Test func equalNodesShareEqually() throws {
    #expect(try total(ZoneCluster(partitions: 10, slaves: 1, zones: [1, 2])) == ["20/3", "20/3", "20/3"])
  }

  @Test func zonesOfOneTwoTwoWithThreeReplicasAreAllFull() throws {
    let cluster = ZoneCluster(partitions: 9, slaves: 2, zones: [1, 2, 2], rules: [ZoneCluster.spread])
    #expect(try total(cluster) == ["9", "4.5", "4.5", "4.5", "4.5"])
    let due = try Judge.due(cluster.dense(), map: nil)
    #expect(due.ofState[0].map(\.description) == ["1.8", "1.8", "1.8", "1.8", "1.8"])
    #expect(due.ofState[1].map(\.description) == ["7.2", "2.7", "2.7", "2.7", "2.7"])
  }

  @Test func aSmallZoneIsCappedAndTheRestShareWhatItCannotTake() throws {
    // 4 nodes would be due 6 each; z0's three would take 18 of at most 12.
    let cluster = ZoneCluster(partitions: 12, slaves: 1, zones: [3, 1, 1], rules: [ZoneCluster.spread])
    #expect(try total(cluster) == ["4", "4", "4", "6", "6"])
  }

  @Test func boxesInBoxes() throws {
    // z0: racks of 2 and 1; at most 1 replica a rack and 2 a zone. Everything is full.
    let rules = [
      PlacementRule(states: [0, 1], level: 1, demand: .atMost(1), strength: .hard),
      PlacementRule(states: [0, 1], level: 0, demand: .atMost(2), strength: .hard),
    ]
    let cluster = ZoneCluster(partitions: 6, slaves: 2, zones: [3, 1], rules: rules)
    #expect(try total(cluster) == ["3", "3", "6", "6"])
    // Two racks of two and one of one: the five are due 2.4 each; nothing is full.
    #expect(try total(ZoneCluster(partitions: 6, slaves: 1, zones: [4, 1], rules: rules)).allSatisfy { $0 == "2.4" })
    // A heavy rack fills inside a zone that does not.
    let heavy = ZoneCluster(partitions: 6, slaves: 2, zones: [5, 2], weights: [0: "10", 1: "30"], rules: rules)
    #expect(try total(heavy) == ["1.5", "4.5", "2", "2", "2", "3", "3"])
  }

  @Test func capacitiesFreezeOneAfterTheOther() throws {
    let cluster = ZoneCluster(partitions: 12, slaves: 1, zones: [2, 2], capacities: [0: 1, 1: 7])
    #expect(try total(cluster) == ["1", "7", "8", "8"])
  }

  @Test func weightsOneToAThousand() throws {
    // The heavy node can hold no more than one replica of each partition.
    let cluster = ZoneCluster(partitions: 10, slaves: 1, zones: [3], weights: [0: "1000"])
    #expect(try total(cluster) == ["10", "5", "5"])
    let light = ZoneCluster(partitions: 1001, slaves: 0, zones: [2], weights: [0: "1000"])
    #expect(try total(light) == ["1000", "1"])
  }

  @Test func fractionsOfWeightsStayExact() throws {
    let cluster = ZoneCluster(partitions: 10, slaves: 0, zones: [3], weights: [0: "1/3", 1: "0.5", 2: "25e-2"])
    #expect(try total(cluster) == ["40/13", "60/13", "30/13"])
  }

  @Test func weightZeroIsDueNothingEvenInAShortage() throws {
    let cluster = ZoneCluster(partitions: 10, slaves: 2, zones: [3], weights: [1: "0"])
    #expect(try total(cluster) == ["10", "0", "10"])
  }

  @Test func aShortageGivesAllThatCanBeHad() throws {
    let cluster = ZoneCluster(partitions: 10, slaves: 2, zones: [2, 2], capacities: [3: 2], rules: [ZoneCluster.spread])
    #expect(try total(cluster) == ["5", "5", "8", "2"])
  }

  @Test func statusDecides() throws {
    let map = try makeMap([[[1], [0]], [[1], [2]], [[0], [1]]])
    let cluster = ZoneCluster(
      partitions: 3, slaves: 1, zones: [4], statuses: [0: .leaving, 1: .maintenance, 3: .failed])
    #expect(try total(cluster, map: map) == ["0", "3", "3", "0"])
    let due = try Judge.due(cluster.dense(), map: map)
    #expect(due.ofState[0].map(\.description) == ["0", "0", "3", "0"])
    #expect(due.ofState[1].map(\.description) == ["0", "3", "0", "0"])
    #expect(due.ofState[2].isEmpty && due.ofState[3].isEmpty)
  }

  @Test func aRuleAboutOneStateCapsThatState() throws {
    // 1 of 2 masters in each zone: so z1 takes at most 1 master and the slave, 12 in all, and 6 of 12 masters.
    let rule = PlacementRule(states: [0], level: 0, demand: .atMost(1), strength: .hard)
    let cluster = ZoneCluster(partitions: 6, slaves: 1, zones: [1, 3], rules: [rule], model: .multiMaster, masters: 2)
    let due = try Judge.due(cluster.dense(), map: nil)
    #expect(due.total.map(\.description) == ["6", "4", "4", "4"])
    #expect(due.ofState[0].map(\.description) == ["6", "2", "2", "2"])
  }
}

/// What makes a share the due: it is feasible, pours all that can be had, and takes nothing from a node that
/// stands lower in proportion to its weight for one that stands higher.
@Suite struct JudgeDueProperties {
  @Test(arguments: 0..<300) func isFairAndFeasible(_ seed: Int) throws {
    var random = JudgeRandom(state: UInt64(seed) &+ 1 << 32)
    let dense = try random.cluster().dense()
    let rows = random.rows(dense, states: 4, width: 4)
    let map = try makeMap(rows)
    let due = Judge.due(dense, map: map)
    let weight = dense.cluster.nodes.map { Rational($0.weight) }
    let held = (0..<dense.nodeCount).map { node in
      rows.reduce(0) { $0 + $1[..<3].reduce(0) { $0 + $1.count { $0 == node } } }
    }
    let nodeCap = (0..<dense.nodeCount).map { node in
      switch dense.status[node] {
      case .active: weight[node].sign == 0 ? Rational.zero : Rational(dense.capacity[node])
      case .maintenance: Rational(held[node])
      case .leaving, .failed: Rational.zero
      }
    }
    let hard = dense.cluster.settings.placement.compactMap { rule -> (states: [Int], level: Int, most: Int)? in
      guard rule.strength == .hard, case .atMost(let most) = rule.demand else { return nil }
      return (rule.states, rule.level, most)
    }
    let boxCaps = [0, 1].map { level in
      hard.filter { $0.level == level }.map { rule in
        let outside = dense.wanted.indices.filter { !rule.states.contains($0) }.reduce(0) { $0 + dense.wanted[$1] }
        return dense.partitionCount * min(dense.replicas, rule.most + outside)
      }.min()
    }
    let isPinned = dense.status.map { $0 == .maintenance }
    check(
      dense, due.total, weight: weight, nodeCap: nodeCap, boxCaps: boxCaps, isPinned: isPinned,
      demand: Rational(dense.partitionCount * dense.replicas), "seed \(seed), total")
    for node in 0..<dense.nodeCount where isPinned[node] { #expect(due.total[node] == Rational(held[node])) }

    // As far as a limit on peers leaves a place.
    let wanted = [0, 1].filter { dense.dataWanted[$0] > 0 }
    for node in 0..<dense.nodeCount where !wanted.isEmpty {
      #expect(wanted.reduce(Rational.zero) { $0 + due.ofState[$1][node] } == due.total[node], "seed \(seed)")
    }
    guard wanted == [0, 1] else { return }
    let masterCap = (0..<dense.nodeCount).map { isPinned[$0] || weight[$0].sign == 0 ? .zero : due.total[$0] }
    let masterBoxes = [0, 1].map { level in
      hard.filter { $0.states == [0] && $0.level == level }.map { dense.partitionCount * min($0.most, dense.wanted[0]) }
        .min()
    }
    let all = due.total.reduce(Rational.zero, +)
    check(
      dense, due.ofState[0], weight: weight, nodeCap: masterCap, boxCaps: masterBoxes,
      isPinned: isPinned.map { _ in false }, demand: min(Rational(dense.partitionCount * dense.wanted[0]), all),
      "seed \(seed), masters")
  }

  private func check(
    _ dense: DenseCluster, _ due: [Rational], weight: [Rational], nodeCap: [Rational], boxCaps: [Int?],
    isPinned: [Bool], demand: Rational, _ note: Comment
  ) {
    func sum(_ nodes: some Sequence<Int>) -> Rational { nodes.reduce(.zero) { $0 + due[$1] } }
    /// Of each box with a cap: its nodes, and whether it has room.
    var boxes: [(nodes: Range<Int>, hasRoom: Bool)] = []
    for (level, cap) in zip(dense.levels, boxCaps) {
      guard let cap else { continue }
      for nodes in level.nodes {
        let pinned = sum(nodes.filter { isPinned[$0] })
        let most = max(Rational(cap), pinned)
        #expect(sum(nodes) <= most, note)
        boxes.append((nodes, sum(nodes) < most))
      }
    }
    for node in due.indices { #expect(due[node] >= .zero && due[node] <= nodeCap[node], note) }
    let all = sum(due.indices)
    let pinned = sum(due.indices.filter { isPinned[$0] })
    #expect(all <= max(demand, pinned), note)

    func hasRoom(_ node: Int) -> Bool { !isPinned[node] && due[node] < nodeCap[node] }
    /// Load may come to `node`, from `other` if it is said.
    func isOpen(_ node: Int, for other: Int? = nil) -> Bool {
      boxes.allSatisfy { box in
        box.hasRoom || !box.nodes.contains(node) || other.map(box.nodes.contains) ?? false
      }
    }
    if all < demand {
      for node in due.indices { #expect(!(hasRoom(node) && isOpen(node)), note) }
    }
    // No exchange may help a node that stands lower at the cost of one that stands higher.
    for low in due.indices where hasRoom(low) {
      for high in due.indices where !isPinned[high] && due[high].sign > 0 && isOpen(low, for: high) {
        #expect(due[low] / weight[low] >= due[high] / weight[high], note)
      }
    }
  }
}
