/// What a failure does to several maps on the same nodes.
public struct GroupFailureOutcome: Equatable, Sendable {
  /// Over all: figures add up, `mostLed` and `mostHeld` are what one node has of all maps, and health is the worst.
  public var sum = FailureOutcome()
  public var maps: [FailureOutcome] = []
}

extension WhatIf {
  /// As for one map: each fails over by itself, on the rows that were touched, and all are repaired together, since
  /// their sums are to be balanced too. `currents`: map for map. O(Σ P · R) once; for each case a plan of the whole
  /// group.
  public static func run(
    _ group: DenseGroup, currents: [PlacementMap], cases: [FailureCase], threads: Int = 1, interrupt: Interrupt? = nil
  ) throws(PlatError) -> [GroupFailureOutcome] {
    let baseline = try GroupBaseline(group, currents, interrupt: interrupt?.quiet)
    return try runEach(cases, threads: threads, interrupt) { failure throws(PlatError) in try baseline.fail(failure) }
  }

  /// The group before any failure.
  private struct GroupBaseline: Sendable {
    let group: DenseGroup
    let currents: [PlacementMap]
    let maps: [Baseline]
    let interrupt: Interrupt?

    init(_ group: DenseGroup, _ currents: [PlacementMap], interrupt: Interrupt?) throws(PlatError) {
      (self.group, self.currents, self.interrupt) = (group, currents, interrupt)
      let report = try Judge.judge(group, maps: currents, from: nil, interrupt: interrupt)
      var maps: [Baseline] = []
      for (map, cluster) in group.clusters.enumerated() {
        maps.append(try Baseline(cluster, currents[map], health: report.maps[map].health, interrupt: interrupt))
      }
      self.maps = maps
    }

    func fail(_ failure: FailureCase) throws(PlatError) -> GroupFailureOutcome {
      var result = GroupFailureOutcome()
      let isFailed = failure.isFailed(of: group.nodeCount)
      let before = maps.map { $0.leads(isFailed) }
      var led = [Int](repeating: 0, count: group.nodeCount)
      for node in led.indices { led[node] = before.reduce(0) { $0 + $1[node] } }
      for (index, map) in maps.enumerated() {
        let beside = maps.count > 1 ? led.indices.map { Int32(led[$0] - before[index][$0]) } : []
        let (outcome, ledBy) = try map.failOver(map.touched(by: isFailed), isFailed, beside: beside)
        result.maps.append(outcome)
        for node in led.indices { led[node] += ledBy[node] - before[index][node] }
      }
      let after = try group.failing(isFailed)
      var options = PlanOptions()
      options.interrupt = interrupt
      let plan = try Planner.plan(after, from: currents, options: options)
      let report = try Judge.judge(after, maps: plan.plans.map(\.target), from: currents, interrupt: interrupt)
      for (map, judged) in report.maps.enumerated() {
        result.maps[map].moves = judged.moves
        result.maps[map].unmet = judged.unmet
        result.maps[map].mostHeld = judged.total?.greatest ?? 0
      }
      result.sum = sum(result.maps)
      (result.sum.mostLed, result.sum.mostHeld) = (led.max() ?? 0, report.sum.total?.greatest ?? 0)
      result.sum.unmet = report.sum.unmet
      return result
    }

    private func sum(_ maps: [FailureOutcome]) -> FailureOutcome {
      var sum = FailureOutcome()
      for map in maps {
        sum.lost += map.lost
        sum.readable += map.readable
        sum.unreadable += map.unreadable
        sum.takeovers += map.takeovers
        sum.leaderless += map.leaderless
        sum.moves += map.moves
        if sum.health == .green || map.health == .red { sum.health = map.health }
      }
      return sum
    }
  }
}

extension DenseGroup {
  /// The same maps after some of their nodes have failed. O(maps · N).
  func failing(_ isFailed: [Bool]) throws(PlatError) -> DenseGroup {
    var group = group
    for node in group.shared.nodes.indices where isFailed[node] { group.shared.nodes[node].fail() }
    do throws(InputError) { return try DenseGroup(group) } catch { throw .unsupported(error) }
  }
}
