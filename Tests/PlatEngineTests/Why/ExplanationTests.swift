@testable import PlatEngine
import TestSupport
import Testing

/// What an explanation says of another node is what the Judge finds when that is done.
@Suite struct ExplanationTests {
  @Test func exchangesCostWhatTheySay() {
    var (allowed, barred) = (0, 0)
    forAllSeeds(0..<80) { seed in
      let one = try PlannedCase(seed)
      var random = SplitMix64(seed: seed)
      let partition = random.below(one.cluster.partitionCount)
      let node = random.below(one.cluster.nodeCount)
      let rows = one.plan.target.rows
      let explanation = try Judge.explain(
        one.cluster, map: one.plan.target, from: one.current, partition: partition, node: node)
      try holds(
        Set(explanation.holders.map(\.node)) == Set(rows[partition].joined())
          && explanation.holders.allSatisfy { !$0.because.isEmpty }
          && explanation.left.allSatisfy { !$0.because.isEmpty },
        "\(explanation)\n\(one.text)")
      guard let other = explanation.other else {
        return try holds(rows[partition].joined().contains(node), "nothing of node \(node)\n\(one.text)")
      }
      let isActive = one.cluster.status[node] == .active
      if isActive, let capacity = one.cluster.cluster.nodes[node].capacity {
        try holds(other.forbidden.isEmpty == (one.loads[node] < capacity), "\(other)\n\(one.text)")
      }
      try holds(
        isActive || one.cluster.status[node] == .maintenance || !other.forbidden.isEmpty, "\(other)\n\(one.text)")
      let before = try Judge.judge(one.cluster, map: one.plan.target, from: one.before)
      func excess(_ report: Report) -> Int {
        report.findings.filter { $0.strength == .hard && $0.rule.hasPrefix("placement[") }.reduce(0) {
          $0 + abs($1.want - $1.have)
        }
      }
      for exchange in other.exchanges {
        var changed = rows
        for state in changed[partition].indices {
          changed[partition][state] = changed[partition][state].map { $0 == exchange.instead ? node : $0 }
        }
        let after = try Judge.judge(
          one.cluster, map: PlacementMap.make(changed, least: one.cluster.wanted), from: one.before)
        let text = "\(exchange)\n\(one.text)"
        try holds(after.moves - before.moves == exchange.moves, "\(after.moves) moves, before \(before.moves): \(text)")
        if isActive {
          try holds(after.brokenSoft - before.brokenSoft == exchange.brokenSoft, text)
          try holds((excess(after) > excess(before)) == !exchange.forbidden.isEmpty, text)
        }
        if exchange.forbidden.isEmpty { allowed += 1 } else { barred += 1 }
      }
    }
    #expect(allowed > 12 && barred > 5, "\(allowed), \(barred)")
  }

  /// Of several maps: capacities are for all of them, and what an exchange does to balance counts in the sums as well.
  @Test func exchangesInGroupsCostWhatTheySay() {
    var (asked, full, ofSums) = (0, 0, 0)
    forAllSeeds(0..<120) { seed in
      let (group, currents) = try RandomGroup.make(seed: seed)
      let planned = try PlannedGroup(group, currents)
      var random = SplitMix64(seed: seed)
      let map = random.below(group.clusters.count)
      let (partition, node) = (random.below(group.clusters[map].partitionCount), random.below(group.nodeCount))
      let targets = planned.targets
      func explain(_ targets: [PlacementMap]) throws -> Explanation {
        try Judge.explain(group, maps: targets, from: currents, map: map, partition: partition, node: node)
      }
      let explanation = try explain(targets)
      guard let other = explanation.other else { return }
      let text = "seed \(seed): map \(map), partition \(partition), node \(node): \(other)"
      let held = targets.enumerated().reduce(0) { sum, one in
        sum + one.element.dataHolders(group.group.members[one.offset].settings.model).count { $0.contains(node) }
      }
      if group.clusters[map].status[node] == .active, let capacity = group.group.shared.nodes[node].capacity {
        try holds(other.forbidden.isEmpty == (held < capacity), "it holds \(held) of \(capacity): \(text)")
        full += held >= capacity ? 1 : 0
      }
      let alone = try Judge.explain(
        group.clusters[map], map: targets[map], from: currents[map], partition: partition, node: node).other
      func out(_ maps: [PlacementMap], _ node: Int) -> Int {
        let sums = Judge.sums(group, maps)
        let tolerated = Judge.Tolerated(sums.due[node], tolerance: group.group.shared.settings.exactTolerance)
        return max(0, sums.held[node] - tolerated.aboveMost, tolerated.belowLeast - sums.held[node])
      }
      for exchange in other.exchanges {
        var changed = targets
        var rows = targets[map].rows
        for state in rows[partition].indices {
          rows[partition][state] = rows[partition][state].map { $0 == exchange.instead ? node : $0 }
        }
        changed[map] = PlacementMap.make(rows, least: group.clusters[map].wanted)
        let same = alone?.exchanges.first { $0.instead == exchange.instead }
        try holds(
          same?.moves == exchange.moves && same?.forbidden == exchange.forbidden, "\(String(describing: same)): \(text)"
        )
        // What a node in maintenance is due is what it keeps.
        let areActive = [node, exchange.instead].allSatisfy { group.clusters[map].status[$0] == .active }
        if areActive, !group.clusters[map].status.contains(.maintenance),
          group.group.shared.settings.model.states[exchange.state].holdsData
        {
          let beyond = [node, exchange.instead].reduce(0) { $0 + out(changed, $1) - out(targets, $1) }
          try holds(exchange.outside - (same?.outside ?? 0) == beyond, "\(beyond) in the sums: \(text)")
          ofSums += beyond > 0 ? 1 : 0
        }
        asked += 1
      }
    }
    #expect(asked > 60 && full > 3 && ofSums > 10, "\(asked), \(full), \(ofSums)")
  }

  /// A share that a rule or a capacity forces is told with what forces it; for the others, which it forces likewise,
  /// too.
  @Test func forcedSharesAreNamed() throws {
    func dues(_ cluster: DenseCluster, _ row: [[Int]], node: Int? = nil) throws -> [String] {
      let rows = [[[Int]]](repeating: row, count: cluster.partitionCount)
      return try Judge.explain(cluster, map: makeMap(rows), from: nil, partition: 0, node: node).forcedDues.map {
        "\($0.node): \($0.due), not \($0.byWeight): \($0.because)"
      }
    }
    let racks = try ZoneCluster(partitions: 10, slaves: 2, zones: [3, 3, 1], rules: [ZoneCluster.spread]).dense()
    #expect(
      try dues(racks, [[0], [3, 6]], node: 1) == [
        "0: 10/3, not 30/7: placement[0] leaves zone z0 at most 10 replicas",
        "3: 10/3, not 30/7: placement[0] leaves zone z1 at most 10 replicas",
        "6: 10, not 30/7: placement[0] leaves zone z0 and zone z1 at most 10 replicas each",
        "1: 10/3, not 30/7: placement[0] leaves zone z0 at most 10 replicas",
      ])
    let even = try ZoneCluster(partitions: 10, slaves: 2, zones: [2, 2, 2], rules: [ZoneCluster.spread]).dense()
    #expect(try dues(even, [[0], [2, 4]]) == [])
    var capped = try ZoneCluster(partitions: 12, slaves: 1, zones: [2, 2]).dense().cluster
    capped.nodes[1].capacity = 3
    #expect(
      try dues(try DenseCluster(capped), [[0], [1]]) == [
        "0: 7, not 6: z0.1 holds all that it may", "1: 3, not 6: z0.1 may hold 3 replicas",
      ])
    capped.nodes[1].capacity = nil
    capped.nodes[1].weight = Quantity("9")!
    #expect(
      try dues(try DenseCluster(capped), [[0], [1]]) == [
        "0: 4, not 2: z0.1 holds all that it may", "1: 12, not 18: it holds one replica of each partition at most",
      ])
  }

  /// A share is explained where it is not the weight's, and nowhere else. Where one rule is all that limits, the share
  /// changes towards the weight's without it, and the rule is named.
  @Test func forcedSharesAreThoseThatLimitsChange() {
    var (forced, lifted) = (0, 0)
    forAllSeeds(0..<150) { seed in
      let one = try PlannedCase(seed)
      let due = Judge.due(one.cluster, map: one.plan.target)
      for partition in 0..<min(4, one.cluster.partitionCount) {
        let explanation = try Judge.explain(one.cluster, map: one.plan.target, from: one.current, partition: partition)
        let active = explanation.holders.map(\.node).filter { one.cluster.status[$0] == .active }
        let weight = one.cluster.cluster.nodes.enumerated().reduce(Rational.zero) {
          one.cluster.status[$1.offset] == .active ? $0 + Rational($1.element.weight) : $0
        }
        var amount = Rational(one.cluster.partitionCount) * Rational(one.cluster.replicas)
        for node in 0..<one.cluster.nodeCount where one.cluster.status[node] != .active {
          amount = amount - due.total[node]
        }
        for node in active {
          let byWeight = amount * Rational(one.cluster.cluster.nodes[node].weight) / weight
          let told = explanation.forcedDues.first { $0.node == node }
          try holds(
            (told != nil) == (due.total[node] != byWeight), "node \(node): \(String(describing: told))\n\(one.text)")
          guard let told else { continue }
          try holds(
            told.due == due.total[node] && told.byWeight == byWeight && !told.because.isEmpty, "\(told)\n\(one.text)")
          forced += 1
          let hard = one.cluster.cluster.settings.placement.indices.filter {
            one.cluster.cluster.settings.placement[$0].strength == .hard
          }
          let isFree = (0..<one.cluster.nodeCount).allSatisfy {
            one.cluster.cluster.nodes[$0].capacity == nil && due.total[$0] < Rational(one.cluster.partitionCount)
          }
          guard hard.count == 1, isFree, told.because.hasPrefix("placement[\(hard[0])] leaves") else {
            try holds(hard.count != 1 || !isFree, "\(told)\n\(one.text)")
            continue
          }
          var without = one.cluster.cluster
          without.settings.placement.removeAll()
          let after = try Judge.due(DenseCluster(without), map: one.plan.target).total[node]
          try holds(
            told.due < byWeight ? after > told.due : after < told.due, "\(after) without it: \(told)\n\(one.text)")
          lifted += 1
        }
      }
    }
    #expect(forced > 100 && lifted > 5, "\(forced), \(lifted)")
  }

  @Test func reasonsAreNamed() throws {
    let cluster = try ZoneCluster(
      partitions: 4, slaves: 1, zones: [2, 2, 2], statuses: [0: .leaving, 2: .failed], rules: [ZoneCluster.spread]
    ).dense()
    let current = try makeMap([[[0], [3]], [[2], [4]], [[4], [5]], [[3], [1]]])
    let target = try makeMap([[[3], [5]], [[4], [1]], [[4], [1]], [[3], [1]]])
    func words(_ partition: Int) throws -> [String] {
      let explanation = try Judge.explain(cluster, map: target, from: current, partition: partition)
      return explanation.holders.map(\.because) + explanation.left.map(\.because)
    }
    #expect(
      try words(0) == [
        "has had it as slave; takes over from z0.0, which has it no more",
        "received in place of z0.0; it held 1 replica and is due 2", "is leaving",
      ])
    #expect(
      try words(1).last == "has failed")
    #expect(
      try words(2).last == "placement[0] allows 1 replica in zone z2, which would have it on z2.0 and z2.1")
    #expect(try words(3)[0] == "has had it as master, and stays: no data goes anywhere")
    let other = try Judge.explain(cluster, map: target, from: current, partition: 0, node: 4).other
    #expect(other?.exchanges.first?.instead == 5 && other?.exchanges.first?.moves == 0)
    #expect(
      other?.exchanges.last?.forbidden == [
        "placement[0] allows 1 replica in zone z2, which would have it on z2.0 and z2.1"
      ])
  }
}

extension PlannedCase {
  /// The map before, or one that says nothing.
  var before: PlacementMap { current ?? PlacementMap.make([], least: cluster.wanted) }
}
