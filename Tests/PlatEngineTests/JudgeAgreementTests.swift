import PlatEngine
import TestSupport
import Testing

/// The Judge beside what others worked out on their own.
@Suite struct JudgeAgreement {
  /// The same shares as the naive due, which knows no groups and no rounds.
  @Test func dueAgreesWithTheNaiveDue() {
    forAllSeeds(0..<600) { seed in
      let (named, current) = RandomCluster.make(seed: seed)
      let cluster = try DenseCluster(named)
      let due = Judge.due(cluster, map: current)
      let naive = NaiveDue(cluster, map: current)
      let text = RandomCluster.describe(named, current)
      try holds(due.total == naive.total, "\(due.total) in total, naively \(naive.total)\n\(text)")
      for (state, wanted) in cluster.wanted.enumerated() {
        let expected = wanted > 0 ? naive.states[state] : []
        try holds(due.ofState[state] == expected, "\(due.ofState[state]) of \(state), naively \(expected)\n\(text)")
      }
    }
  }

  /// A plan breaks no hard rule that it can keep by placing less, and moves no less than it proves. Masters may
  /// stay on nodes in maintenance where nobody else can take over.
  @Test func plansKeepTheirPromises() {
    forAllSeeds(0..<200) { seed in
      let (named, current) = RandomCluster.make(seed: seed)
      guard let current else { return }
      let cluster = try DenseCluster(named)
      let plan: Plan
      do { plan = try Planner.plan(cluster, from: current) } catch PlatError.unsupported { return }
      let report = try Judge.judge(cluster, map: plan.target, from: current)
      let text = RandomCluster.describe(named, current)
      let faults = PlannedCase.faults(report, cluster, current, plan.target).filter { finding in
        let node = named.nodes.first { $0.name == finding.node }
        return !finding.rule.hasPrefix("fanOut") && node?.status != .maintenance
      }
      try holds(faults.isEmpty, "a plan breaks hard rules: \(faults)\n\(text)")
      // A replica that found no place is a move not made.
      try holds(
        report.moves + report.unmet >= plan.movesLowerBound,
        "\(report.moves) < \(plan.movesLowerBound), \(report.unmet) unmet\n\(text)")
    }
  }
}
