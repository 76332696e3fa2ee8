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
    forAllSeeds(0..<(size == .tiny ? 200 : 50)) { seed in
      let (cluster, current) = try RandomCluster.limited(seed, size, .hard, RandomCluster.Shape { $0.near = near })
      try PlannedCase(cluster, current).checkConsistent()
    }
  }

  @Test func besideTryingEverything() {
    var (full, unplaced, seen) = (0, 0, 0)
    forAllSeeds(0..<250) { seed in
      let (cluster, current) = try RandomCluster.limited(seed, .tiny, .hard, Self.shape)
      // A node without weight is due nothing.
      guard cluster.replicas > 1, cluster.wanted[0] > 0, cluster.cluster.nodes.allSatisfy({ $0.weight != .zero }) else {
        return
      }
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
    #expect(full > 40 && 50 * unplaced <= full, "\(seen) seen, \(full) can be placed, \(unplaced) were not")
  }

  private static let near = PlacementRule(states: [1], level: 0, demand: .near(of: 0, atLeast: 1), strength: .hard)

  /// 50 nodes in five zones, 1,440 partitions, at most 12 peers.
  private func fifty(_ statuses: [Int: Node.Status] = [:]) throws -> DenseCluster {
    var shape = QualityShape(racks: Array(repeating: [5, 5], count: 5), partitions: 1440, rules: [Self.near])
    shape.fanOut = FanOutLimit(outbound: 12, inbound: 12, strength: .hard)
    shape.statuses = statuses
    return try DenseCluster(shape.cluster())
  }

  /// A fresh map leaves a fifth of the limit free, and each zone's partitions have their other replica in two others.
  @Test func aFreshMapMeetsMoreZones() throws {
    let one = try PlannedCase(fifty(), nil)
    try one.checkConsistent()
    #expect(one.report.isBalanced && one.report.fanOutOutbound <= 10 && one.report.fanOutInbound <= 10)
    for zone in 0..<5 {
      let others = one.plan.target.rows.filter { $0[0][0] / 10 == zone }.map { row in
        row[1].map { $0 / 10 }.filter { $0 != zone }
      }
      #expect(others.allSatisfy { $0.count == 1 } && Set(others.joined()).count == 2)
    }
  }

  /// Totals come to 88 and 89, and masters to 29 and 30, of one node to 31, for fewer than twice the moves that are
  /// proved.
  @Test(arguments: [7, 13, 22, 30])
  func aNodeLeaves(node: Int) throws {
    let first = try PlannedCase(fifty(), nil).plan.target
    let one = try PlannedCase(fifty([node: .leaving]), first)
    try one.checkConsistent()
    #expect(one.report.unmet == 0 && one.report.fanOutOutbound <= 12 && one.report.fanOutInbound <= 12)
    let masters = (0..<50).filter { $0 != node }.map(one.masters)
    #expect(one.moves < 2 * one.plan.movesLowerBound, "\(one.moves) moves, \(one.plan.movesLowerBound) proved")
    #expect(
      masters.allSatisfy { (29...31).contains($0) } && masters.count { $0 > 30 } <= (node == 13 ? 1 : 0), "\(masters)")
    #expect(one.loads.indices.allSatisfy { $0 == node || (88...89).contains(one.loads[$0]) }, "\(one.loads)")
  }

  /// The partitions that a node of one zone gives to one that joins are those of few masters.
  @Test func aNodeJoins() throws {
    let first = try PlannedCase(fifty([25: .leaving]), nil).plan.target
    let one = try PlannedCase(fifty(), first)
    try one.checkConsistent()
    #expect(one.report.unmet == 0 && one.report.fanOutOutbound <= 12 && one.report.fanOutInbound <= 12)
    let masters = (0..<50).map(one.masters)
    #expect(2 * one.moves <= 3 * one.plan.movesLowerBound, "\(one.moves) moves, \(one.plan.movesLowerBound) proved")
    #expect(masters.allSatisfy { (28...29).contains($0) }, "\(masters)")
    #expect(one.loads.allSatisfy { (86...87).contains($0) }, "\(one.loads)")
  }
}
