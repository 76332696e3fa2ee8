import PlatEngine
import TestSupport
import Testing

extension RandomCluster {
  /// A random cluster with a limit on peers, and its map.
  static func limited(
    _ seed: UInt64, _ size: Size = .small, _ strength: Strength, _ shape: Shape = .init()
  ) throws -> (cluster: DenseCluster, current: PlacementMap?) {
    var made = RandomCluster.make(seed: seed, size: size, shape: shape)
    var random = SplitMix64(seed: seed ^ 0xfa0)
    let replicas = made.cluster.settings.constraints.reduce(0, +)
    func limit() -> Int? {
      random.chance(1, 5) ? nil : random.among(random.chance(1, 8) ? 0...2 : max(0, replicas - 1)...(3 * replicas))
    }
    made.cluster.settings.fanOut = FanOutLimit(outbound: limit(), inbound: limit(), strength: strength)
    return (try DenseCluster(made.cluster), made.current)
  }
}

@Suite struct FanOutProperties {
  /// Whatever the cluster: no node is beyond a hard limit, and all else is as it must be.
  @Test(arguments: [RandomCluster.Size.tiny, .small])
  func aHardLimitIsNeverBroken(size: RandomCluster.Size) {
    forAllSeeds(0..<(size == .tiny ? 300 : 80)) { seed in
      let (cluster, current) = try RandomCluster.limited(seed, size, .hard)
      try PlannedCase(cluster, current).checkConsistent()
    }
  }

  /// A soft limit costs no move, no replica and no balance.
  @Test func aSoftLimitCostsNothing() {
    func beyond(_ report: Report) -> Int {
      report.findings.reduce(0) { $0 + ($1.rule.hasPrefix("fanOut") ? $1.have - $1.want : 0) }
    }
    var (beyondWith, beyondWithout) = (0, 0)
    forAllSeeds(0..<60) { seed in
      let (cluster, current) = try RandomCluster.limited(seed, .small, .soft)
      var plain = cluster.cluster
      plain.settings.fanOut = nil
      let one = try PlannedCase(cluster, current)
      let other = try PlannedCase(DenseCluster(plain), current)
      try holds(!other.report.isBalanced || one.report.isBalanced, "out of balance for a soft limit\n\(one.text)")
      let over = beyond(one.report)
      beyondWith += over
      beyondWithout += beyond(try Judge.judge(cluster, map: other.plan.target, from: current))
      try holds(
        one.moves <= other.moves && one.placed >= other.placed
          && one.plan.movesLowerBound == other.plan.movesLowerBound,
        "\(one.moves) moves, \(other.moves) without; \(one.placed) and \(other.placed) placed\n\(one.text)")
    }
    #expect(
      100 * beyondWith < 95 * beyondWithout,
      "\(beyondWith) peers beyond limits, \(beyondWithout) without looking at them")
  }
}
