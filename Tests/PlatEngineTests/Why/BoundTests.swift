import PlatEngine
import TestSupport
import Testing

/// The Judge's own check of the bound on moves.
@Suite struct JudgeBound {
  /// What the planner claims, its prices prove, whatever the cluster.
  @Test func thePlannersPricesProveItsBound() {
    var (seen, maintained) = (0, 0)
    forAllSeeds(0..<600) { seed in
      let one = try PlannedCase(seed)
      let proved = try Judge.movesBound(
        one.cluster, map: one.plan.target, from: one.current, prices: one.plan.certificate)
      seen += proved > 0 ? 1 : 0
      maintained += one.cluster.status.contains(.maintenance) ? 1 : 0
      try holds(proved >= one.plan.movesLowerBound, "proved \(proved) of \(one.plan.movesLowerBound)\n\(one.text)")
    }
    #expect(seen > 200 && maintained > 40, "\(seen), \(maintained)")
  }

  /// Whatever the prices, they never prove more than is so: the flow's value.
  @Test(arguments: [RandomCluster.Size.tiny, .small])
  func noPricesProveTooMuch(size: RandomCluster.Size) {
    var (tight, all) = (0, 0)
    forAllSeeds(0..<150) { seed in
      let one = try PlannedCase(seed, size, .laminar)
      guard let oracle = one.oracle else { return }
      var random = SplitMix64(seed: ~seed)
      for greatest in [0, 1, 2, 5, 1000, Int(Int32.max)] {
        let prices = one.plan.certificate.map { price in
          random.chance(1, 2) ? price : Int32(random.among(-greatest...greatest))
        }
        let bound = try Judge.movesBound(one.cluster, map: one.plan.target, from: one.current, prices: prices)
        try holds((0...oracle).contains(bound), "bound \(bound) above \(oracle), prices \(prices)\n\(one.text)")
        (tight, all) = (tight + (bound == oracle ? 1 : 0), all + 1)
      }
    }
    #expect(tight > all / 20 && tight < all, "\(tight) of \(all)")
  }

  /// A price more at a node that the bound rests on: it proves less, and the check says so.
  @Test func aWrongPriceProvesLess() {
    var (less, seen) = (0, 0)
    forAllSeeds(0..<150) { seed in
      var one = try PlannedCase(seed, .small, .laminar)
      guard one.plan.movesLowerBound > 0, one.current != nil, !one.isShort else { return }
      seen += 1
      let proved = try Judge.movesBound(
        one.cluster, map: one.plan.target, from: one.current, prices: one.plan.certificate)
      try holds(proved == one.plan.movesLowerBound, "proved \(proved) of \(one.plan.movesLowerBound)\n\(one.text)")
      for node in one.plan.certificate.indices { one.plan.certificate[node] += node % 2 == 0 ? 1000 : -1000 }
      let wrong = try Judge.movesBound(
        one.cluster, map: one.plan.target, from: one.current, prices: one.plan.certificate)
      less += wrong < proved ? 1 : 0
    }
    #expect(seen > 25 && less > seen / 2, "\(less) of \(seen)")
  }

  /// Rows of more than 16 and of more than 64 replicas take other ways through the check.
  @Test(arguments: [17, 70])
  func wideRows(replicas: Int) throws {
    for seed in 0..<UInt64(4) {
      var random = SplitMix64(seed: seed)
      let size = replicas / 2 + 4
      let rule = PlacementRule(states: [0, 1], level: 0, demand: .atMost(replicas / 2), strength: .hard)
      let dense = try ZoneCluster(
        partitions: 6, slaves: 0, zones: [size, size, 8], statuses: [1: .leaving, size + 2: .failed], rules: [rule],
        model: .multiMaster, masters: replicas).dense()
      let current = try makeMap((0..<6).map { _ in
        [Array(random.shuffled(Array(0..<dense.nodeCount)).prefix(replicas - random.below(2))), [], [], []]
      })
      let one = try PlannedCase(dense, current)
      let proved = try Judge.movesBound(dense, map: one.plan.target, from: current, prices: one.plan.certificate)
      #expect(proved == one.plan.movesLowerBound && proved == one.oracle && proved > 0, "seed \(seed): \(proved)")
    }
  }
}
