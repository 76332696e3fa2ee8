import PlatEngine
import TestSupport
import Testing

/// Failures one by one against counting with sets and planning the whole map.
@Suite struct WhatIfTests {
  private func cases(_ cluster: Cluster) -> [FailureCase] {
    cluster.containers.map { FailureCase(name: $0.name, level: cluster.levels[$0.level], nodes: Array($0.nodes)) }
      + cluster.nodes.indices.prefix(4).map { FailureCase(name: cluster.nodes[$0].name, level: "node", nodes: [$0]) }
  }

  @Test(arguments: [true, false])
  func outcomesAreThoseOfAWholePlan(onPlannedMaps: Bool) {
    var (partial, all) = (0, 0)
    forAllSeeds(0..<25) { seed in
      let shape = RandomCluster.Shape {
        $0.rulesOverAllStates = onPlannedMaps
        $0.noCapacities = onPlannedMaps
        $0.allActive = onPlannedMaps
        $0.nodes = 3...20
      }
      var (named, current) = RandomCluster.make(seed: seed, shape: shape)
      let dense = try DenseCluster(named)
      if onPlannedMaps { current = try Planner.plan(dense, from: nil).target }
      guard let current else { return }
      let cases = cases(named)
      let outcomes = try WhatIf.run(dense, current: current, cases: cases)
      try holds(
        try WhatIf.run(dense, current: current, cases: cases, threads: 3) == outcomes, "threads change something")
      let holders = current.dataHolders(named.settings.model)
      for (failure, outcome) in zip(cases, outcomes) {
        let text = "\(failure.name): \(outcome)\n\(RandomCluster.describe(named, current))"
        let gone = Set(failure.nodes + named.nodes.indices.filter { named.nodes[$0].status == .failed })
        let readable = holders.count { !$0.subtracting(gone).isEmpty }
        try holds(outcome.readable == readable && outcome.unreadable == named.settings.partitionCount - readable, text)
        let lost = failure.nodes.filter { named.nodes[$0].status != .failed }.reduce(0) { sum, node in
          sum + holders.count { $0.contains(node) }
        }
        try holds(outcome.lost == lost, text)
        var after = named
        for node in failure.nodes { after.nodes[node].status = .failed }
        let mended = try DenseCluster(after)
        let plan = try Planner.plan(mended, from: current)
        let report = try Judge.judge(mended, map: plan.target, from: current)
        try holds(
          outcome.moves == report.moves && outcome.unmet == report.unmet, "\(report.moves), \(report.unmet)\n\(text)")
        try holds(
          abs(outcome.mostHeld - (report.total?.greatest ?? 0)) <= 1, "\(String(describing: report.total))\n\(text)")
        partial += outcome.isPartial ? 1 : 0
        all += 1
      }
    }
    #expect(onPlannedMaps ? partial > all / 3 : partial < all, "\(partial) of \(all)")
  }

  /// Several maps: what is lost and read by counting with sets, the repair by planning the whole group, and each
  /// outcome beside that of the map alone where it can be.
  @Test func outcomesOfGroupsAreThoseOfAWholePlan() {
    var (several, unmet, overs) = (0, 0, 0)
    forAllSeeds(0..<60) { seed in
      let (group, made) = try RandomGroup.make(seed: seed, maps: 1...4, isJoined: seed % 2 == 0)
      let currents = try PlannedGroup.before(group, made)
      guard made.allSatisfy({ $0 != nil }) else { return }
      let shared = group.group.shared
      let cases = cases(shared) + [FailureCase(name: "all", level: nil, nodes: Array(shared.nodes.indices))]
      let outcomes = try WhatIf.run(group, currents: currents, cases: cases)
      try holds(
        try WhatIf.run(group, currents: currents, cases: cases, threads: 3) == outcomes, "threads change something")
      for (failure, outcome) in zip(cases, outcomes) {
        let text = "\(failure.name): \(outcome)"
        let isGone = Set(failure.nodes + shared.nodes.indices.filter { shared.nodes[$0].status == .failed })
        var (readable, lost) = (0, 0)
        for (map, current) in currents.enumerated() {
          let holders = current.dataHolders(group.group.members[map].settings.model)
          let ofMap = holders.count { !$0.subtracting(isGone).isEmpty }
          try holds(outcome.maps[map].readable == ofMap, "\(ofMap) of map \(map) can be read: \(text)")
          readable += ofMap
          lost += holders.reduce(0) { sum, held in
            sum + failure.nodes.count { shared.nodes[$0].status != .failed && held.contains($0) }
          }
        }
        try holds(outcome.sum.readable == readable && outcome.sum.lost == lost, "\(readable), \(lost): \(text)")
        let failed = Dictionary(uniqueKeysWithValues: failure.nodes.map { ($0, Node.Status.failed) })
        let after = try PlannedGroup(PlannedGroup.with(failed, group), currents)
        try holds(
          outcome.maps.map(\.moves) == after.report.maps.map(\.moves), "\(after.report.maps.map(\.moves)): \(text)")
        try holds(outcome.maps.map(\.unmet) == after.report.maps.map(\.unmet), text)
        try holds(outcome.sum.moves == after.moves && outcome.sum.unmet == after.report.sum.unmet, text)
        try holds(outcome.sum.mostHeld == after.report.sum.total?.greatest ?? 0, text)
        // Each fails over by itself, as `failover` does; what had no master before is left alone here.
        let hadLeads = currents.enumerated().allSatisfy { map, current in
          group.group.members[map].settings.constraints[0] > 0
            && current.rows.count == group.clusters[map].partitionCount
            && current.rows.allSatisfy { $0[0].contains { shared.nodes[$0].status != .failed } }
        }
        if hadLeads {
          overs += 1
          var options = PlanOptions()
          options.operation = .failover
          let over = try Planner.plan(after.group, from: currents, options: options)
          var led = [Int](repeating: 0, count: group.nodeCount)
          for (map, plan) in over.plans.enumerated() {
            let leads = plan.target.rows.map { $0[0].filter { !isGone.contains($0) } }
            for node in leads.joined() { led[node] += 1 }
            let without = leads.count { $0.isEmpty }
            try holds(outcome.maps[map].leaderless == without, "\(without) of map \(map) lack a master: \(text)")
          }
          try holds(outcome.sum.mostLed == led.max() ?? 0, "\(led): \(text)")
        }
        several += currents.count > 1 ? 1 : 0
        unmet += outcome.sum.unmet > 0 ? 1 : 0
      }
    }
    #expect(several > 60 && unmet > 20 && overs > 20, "\(several), \(unmet), \(overs)")
  }

  /// Three partitions on three nodes, a master and a slave each.
  @Test func whoTakesOver() throws {
    let cluster = try ZoneCluster(partitions: 3, slaves: 1, zones: [1, 1, 1]).dense()
    let map = try makeMap([[[0], [1]], [[0], [2]], [[1], [0]]])
    let outcomes = try WhatIf.run(
      cluster, current: map,
      cases: [[0], [1], [0, 1], [0, 1, 2], []].map { FailureCase(name: "\($0)", level: nil, nodes: $0) })
    #expect(outcomes.map(\.readable) == [3, 3, 1, 0, 3] && outcomes.map(\.lost) == [3, 2, 5, 6, 0])
    #expect(outcomes.map(\.takeovers) == [2, 1, 1, 0, 0] && outcomes.map(\.mostLed) == [2, 3, 1, 0, 2])
    #expect(outcomes.map(\.leaderless) == [0, 0, 2, 3, 0])
    #expect(outcomes.map(\.health) == [.yellow, .yellow, .red, .red, .green])
    #expect(outcomes.map(\.unmet) == [0, 0, 3, 6, 0])
  }
}
