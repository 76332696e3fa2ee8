import PlatEngine
import TestSupport
import Testing

/// Hard limits on peers and near rules together.
@Suite struct FanOutNear {
  private static let shape = RandomCluster.Shape {
    $0.rulesOverAllStates = true
    $0.noMaintenance = true
    $0.noCapacities = true
    $0.near = .hard
    $0.nodes = 3...5
    $0.partitions = 2...5
  }

  /// Neither is broken, whatever the cluster.
  @Test(arguments: [Strength.hard, .soft], [RandomCluster.Size.tiny, .small])
  func neitherIsBroken(near: Strength, size: RandomCluster.Size) {
    forAllSeeds(0..<(size == .tiny ? 600 : 150)) { seed in
      let (cluster, current) = try RandomCluster.limited(seed, size, .hard, RandomCluster.Shape { $0.near = near })
      try PlannedCase(cluster, current).checkConsistent()
    }
  }

  @Test func besideTryingEverything() {
    var (full, unplaced, seen) = (0, 0, 0)
    forAllSeeds(0..<600) { seed in
      let (cluster, current) = try RandomCluster.limited(seed, .tiny, .hard, Self.shape)
      // A node without weight is due nothing.
      guard cluster.replicas > 1, cluster.wanted[0] > 0, cluster.cluster.nodes.allSatisfy({ $0.weight != .zero }) else { return }
      seen += 1
      let one = try PlannedCase(cluster, current)
      guard let least = FanOutSearch.leastMoves(cluster: cluster, current: current, windows: nil) else {
        try holds(one.report.unmet > 0, "all placed where that cannot be\n\(one.text)")
        return
      }
      full += 1
      // What no partition can have is not missing.
      guard one.report.unmet == cluster.partitionCount * (cluster.wanted.reduce(0, +) - cluster.replicas) else {
        unplaced += 1
        return
      }
      try holds(one.moves >= least, "\(one.moves) moves, fewer than \(least)\n\(one.text)")
    }
    #expect(full > 100 && 50 * unplaced <= full, "\(seen) seen, \(full) can be placed, \(unplaced) were not")
  }
}
