@testable import PlatEngine
import Testing
import TestSupport

/// A plan made from a plan's own map, with nothing new, changes nothing.
@Suite struct SettlingTests {
  private func check(_ seeds: Range<UInt64>, _ shape: RandomCluster.Shape, weights: Bool) {
    forAllSeeds(seeds) { seed in
      var made = RandomCluster.make(seed: seed, size: .tiny, shape: shape)
      if weights {
        var random = SplitMix64(seed: seed)
        made.cluster.partitionWeights = (0..<made.cluster.settings.partitionCount).map { _ in Quantity(random.pick([UInt64(1), 1, 4, 9])) }
      }
      let cluster = try DenseCluster(made.cluster)
      let first = try Planner.plan(cluster, from: made.current)
      let again = try Planner.plan(cluster, from: first.target)
      let report = try Judge.judge(cluster, map: again.target, from: first.target)
      let text = RandomCluster.describe(made.cluster, made.current)
      try holds(
        report.moves == 0 && report.roleChanges == 0,
        "\(report.moves) moves and \(report.roleChanges) role changes\n\(first.target.rows)\n\(again.target.rows)\n\(text)")
    }
  }

  @Test func anyCluster() { check(0..<150, RandomCluster.Shape(), weights: false) }
  @Test func weighted() { check(0..<100, RandomCluster.Shape(), weights: true) }
  @Test func softNearRules() { check(0..<60, RandomCluster.Shape { $0.near = .soft }, weights: false) }
  @Test func hardNearRules() { check(0..<60, RandomCluster.Shape { $0.near = .hard }, weights: true) }
}
