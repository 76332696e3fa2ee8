import PlatEngine
import TestSupport
import Testing

/// Each operation keeps its bound, on random clusters.
@Suite struct OperationProperties {
  // MARK: failover

  @Test func failoverMakesOneChangeForEachPartitionThatLostItsMaster() {
    var changed = 0
    forAllSeeds(0..<250) { seed in
      let shape = RandomCluster.Shape { $0.rulesOverAllStates = true }
      let (named, current) = RandomCluster.make(seed: seed, size: .small, shape: shape)
      let cluster = try DenseCluster(named)
      var options = PlanOptions()
      options.operation = .failover
      let plan = try Planner.plan(cluster, from: current, options: options)
      let nothing = try PlacementMap(partitionCount: 0, slotCounts: cluster.wanted)
      let report = try Judge.judge(cluster, map: plan.target, from: current ?? nothing)
      let before = try Judge.judge(cluster, map: current ?? nothing, from: nil)
      let text = RandomCluster.describe(named, current)
      try holds(report.moves == 0 && plan.movesLowerBound == 0, "\(report.moves) moves\n\(text)")
      try holds(
        report.roleChanges == before.leaderless, "\(report.roleChanges), \(before.leaderless) had lost it\n\(text)")
      try holds(report.leaderless == 0 && plan.operation == .failover, "\(report.leaderless) without\n\(text)")
      changed += report.roleChanges
    }
    #expect(changed > 150)
  }

  /// No other choice of masters has a smaller greatest count, on clusters small enough to try all.
  @Test func failoverLeavesTheGreatestCountAsSmallAsCanBe() {
    var seen = 0
    forAllSeeds(0..<450) { seed in
      guard var one = try OperationCase(seed, .tiny) else { return }
      one.set(.failed, 1, 3)
      let (plan, _, cluster) = try one.plan(.failover)
      func most(_ masters: [Int]) -> Int { masters.max() ?? 0 }
      var reached: Set = [[Int](repeating: 0, count: cluster.nodeCount)]
      for row in one.before.rows {
        let live = row.map { $0.filter { cluster.status[$0] != .failed } }
        let choice = live[0].isEmpty ? live[1] : live[0]
        guard !choice.isEmpty else { continue }
        reached = Set(reached.flatMap { loads in
          choice.map { node in
            var after = loads
            after[node] += 1
            return after
          }
        })
      }
      let best = reached.map(most).min() ?? 0
      var masters = [Int](repeating: 0, count: cluster.nodeCount)
      for row in plan.target.rows { for node in row[0] { masters[node] += 1 } }
      try holds(most(masters) == best, "\(masters), \(best) would do\n\(one.text)")
      seen += 1
    }
    #expect(seen > 150)
  }

  // MARK: maintenance

  @Test func maintenanceMovesNothingWhereAnotherNodeCanLead() {
    var (seen, chosen) = (0, 0)
    forAllSeeds(0..<250) { seed in
      guard var one = try OperationCase(seed) else { return }
      one.set(.maintenance)
      let (plan, report, cluster) = try one.plan(.maintenance)
      let rows = one.before.rows
      let leave = rows.count { cluster.status[$0[0][0]] == .maintenance }
      guard rows.allSatisfy({ $0.joined().contains { cluster.status[$0] == .active } }) else { return }
      seen += 1
      try holds(
        report.moves == 0 && report.unmet == 0, "\(report.moves) moves \(report.findings.prefix(2))\n\(one.text)")
      try holds(report.roleChanges == 2 * leave, "\(report.roleChanges) changes, \(leave) masters leave\n\(one.text)")
      try holds(plan.target.rows.allSatisfy { cluster.status[$0[0][0]] == .active }, "a master is left\n\(one.text)")
      let free = try one.plan(nil).plan
      if leave > 0, free.operation == .maintenance { chosen += 1 }
      try holds(free.operation == .maintenance ? mapsEqual(free.target, plan.target) : true, "another map\n\(one.text)")
    }
    #expect(seen > 40 && chosen > 20, "\(seen), \(chosen)")
  }

  @Test func afterMaintenanceTheMapBeforeComesBackWithoutAMove() {
    forAllSeeds(0..<100) { seed in
      guard var one = try OperationCase(seed) else { return }
      let active = one.named
      one.set(.maintenance)
      let away = try one.plan(.maintenance)
      one.named = active
      let back = try one.plan(.restoreBack, from: away.plan.target, to: one.before)
      try holds(mapsEqual(back.plan.target, one.before), "not the map before\n\(one.text)")
      try holds(back.report.moves == away.report.moves, "\(back.report.moves) moves\n\(one.text)")
    }
  }

  // MARK: swap

  @Test func swapMovesWhatTheLeavingNodeHeldAndNothingElse() {
    var (swapped, seen) = (0, 0)
    forAllSeeds(0..<250) { seed in
      guard var one = try OperationCase(seed), one.named.nodes.count > 3 else { return }
      let nodes = one.random.shuffled(Array(one.named.nodes.indices)).prefix(4)
      let (leaving, coming) = (Array(nodes.prefix(2)), Array(nodes.suffix(2)))
      for node in coming { one.named.nodes[node].status = .failed }
      let current = try one.plan(.rebalance).plan.target
      for node in coming { one.named.nodes[node].status = .active }
      for node in leaving { one.named.nodes[node].status = .leaving }
      let held = current.rows.reduce(0) { $0 + $1.joined().count(where: leaving.contains) }
      guard try Judge.judge(DenseCluster(one.named), map: current, from: nil).unmet == 0, held > 0 else { return }
      seen += 1
      for operation in [Operation.swap, nil] {
        let (plan, report, _) = try one.plan(operation, from: current)
        guard plan.operation == .swap else { continue }
        swapped += 1
        try holds(report.moves == held && report.roleChanges == 0, "\(report.moves) of \(held)\n\(one.text)")
        try holds(report.unmet == 0 && plan.movesLowerBound <= held, "\(report.findings.prefix(2))\n\(one.text)")
        for (row, was) in zip(plan.target.rows, current.rows) {
          for (now, then) in zip(row, was) {
            try holds(
              zip(now, then).allSatisfy { $0 == $1 || leaving.contains($1) && coming.contains($0) },
              "\(row)\n\(one.text)")
          }
        }
        if operation == nil { try holds(plan.movesLowerBound == held && report.isBalanced, "not as good\n\(one.text)") }
      }
    }
    #expect(swapped * 3 > seen && seen > 30, "\(swapped) of \(seen)")
  }

  // MARK: restore-back

  @Test func restoreBackGoesToTheMapWhereItIsLegal() {
    forAllSeeds(0..<120) { seed in
      guard var one = try OperationCase(seed) else { return }
      let active = one.named
      one.set(.failed)
      let away = try one.plan(.rebalance).plan.target
      one.named = active
      let (plan, report, _) = try one.plan(.restoreBack, from: away, to: one.before)
      let differing = zip(one.before.rows, away.rows).reduce(0) {
        $0 + Set($1.0.joined()).subtracting($1.1.joined()).count
      }
      try holds(
        mapsEqual(plan.target, one.before) && report.moves == differing, "\(report.moves), \(differing)\n\(one.text)")
    }
  }

  /// No legal row shares more with the map given, on clusters small enough to try all.
  @Test func restoreBackIsAsNearAsAnyLegalMap() {
    var apart = 0
    forAllSeeds(0..<250) { seed in
      guard var one = try OperationCase(seed, .tiny) else { return }
      one.set(.failed)
      let away = try one.plan(.rebalance).plan.target
      for node in one.named.nodes.indices { one.named.nodes[node].status = .active }
      one.set(.leaving)
      let (plan, report, cluster) = try one.plan(.restoreBack, from: away, to: one.before)
      let mayHold = (0..<cluster.nodeCount).filter { cluster.status[$0] == .active }
      for (row, was) in zip(plan.target.rows, one.before.rows) {
        let goal = Set(was.joined())
        var best = 0
        for bits in 0..<(1 << mayHold.count) {
          let nodes = mayHold.indices.filter { bits >> $0 & 1 == 1 }.map { mayHold[$0] }
          let isLegal = nodes.count <= cluster.replicas && ExhaustiveSearch.meetsHardRules(cluster, [nodes, [], [], []])
          if isLegal { best = max(best, goal.intersection(nodes).count) }
        }
        let near = goal.intersection(row.joined()).count
        try holds(near == best, "\(row) beside \(was), \(best) could stay\n\(one.text)")
        apart += best < goal.count ? 1 : 0
      }
      try holds(plan.movesLowerBound <= report.moves, "bound \(plan.movesLowerBound)\n\(one.text)")
    }
    #expect(apart > 30)
  }

  // MARK: cancel, and planning from half-way

  @Test func cancelMovesNothingWhileEveryCopyIsThere() {
    forAllSeeds(0..<150) { seed in
      guard var one = try OperationCase(seed) else { return }
      one.set(one.random.chance(1, 2) ? .leaving : .maintenance)
      let first = try one.plan(.rebalance)
      guard first.report.unmet == 0 else { return }
      let target = first.plan.target
      for node in one.named.nodes.indices { one.named.nodes[node].status = .active }
      let half = HalfDone.map(from: one.before, to: target, &one.random)
      for to in [nil, target] {
        let (plan, report, _) = try one.plan(.cancel, from: half, to: to)
        try HalfDone.checkCancelled(plan, report, from: half, one.text)
      }
    }
  }

  @Test func fromHalfWayNoMoreMovesThanWereLeft() {
    var seen = 0
    forAllSeeds(0..<150) { seed in
      guard var one = try OperationCase(seed) else { return }
      one.set(one.random.chance(1, 2) ? .leaving : .failed)
      let first = try one.plan(.rebalance)
      guard first.report.unmet == 0 else { return }
      let half = HalfDone.map(from: one.before, to: first.plan.target, &one.random)
      let left = zip(first.plan.target.rows, half.rows).reduce(0) { sum, pair in
        let held = Set(pair.1.prefix(3).joined()).filter { first.cluster.status[$0] != .failed }
        return sum + Set(pair.0.joined()).subtracting(held).count
      }
      let (plan, report, _) = try one.plan(.rebalance, from: half)
      try holds(report.moves <= left && report.unmet == 0, "\(report.moves), \(left) were left\n\(one.text)")
      let again = try one.plan(.rebalance, from: plan.target)
      try holds(again.report.moves == 0 && again.report.roleChanges == 0, "not the end\n\(one.text)")
      seen += 1
    }
    #expect(seen > 30, "\(seen)")
  }
}
