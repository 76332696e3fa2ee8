import PlatEngine
import TestSupport
import Testing

/// Limits on peers, by example.
@Suite struct FanOutExamples {
  private func shape(_ racks: [[Int]], _ partitions: Int, slaves: Int = 2, peers: Int, _ strength: Strength = .hard)
    -> QualityShape
  {
    var shape = QualityShape(racks: racks, partitions: partitions)
    shape.constraints[1] = slaves
    if racks.count > slaves { shape.rules = [QualityShape.atMost(1, inLevel: 0)] }
    shape.fanOut = FanOutLimit(outbound: peers, inbound: peers, strength: strength)
    return shape
  }

  /// R − 1 peers are the fewest that there can be, and they do: whatever the remainders of P · R / N and N / R.
  @Test func fewestPeersForFreshMaps() throws {
    for (racks, partitions, slaves) in [
      ([[51]], 1440, 2), ([[51]], 1441, 1), ([[52]], 1440, 1), ([[3]], 7, 1), ([[7]], 100, 3), ([[12]], 100, 3),
      (Array(repeating: [5, 5], count: 5), 1440, 2), (Array(repeating: [5, 5], count: 5), 1447, 2),
      (Array(repeating: [50], count: 4), 1000, 2),
    ] {
      let one = try PlannedCase(DenseCluster(shape(racks, partitions, slaves: slaves, peers: slaves).cluster()), nil)
      #expect(one.report.fanOutOutbound == slaves && one.report.fanOutInbound == slaves)
      #expect(one.report.unmet == 0 && one.report.isBalanced, "\(racks) × \(partitions) × \(slaves + 1)")
    }
  }

  /// Peers come as orders do: a limit twice as wide is used twice as far, and a fifth of it is left to changes.
  @Test func moreOrdersMorePeers() throws {
    for (peers, used) in [(2, 2), (3, 2), (4, 4), (5, 4), (10, 8), (20, 16)] {
      let one = try PlannedCase(
        DenseCluster(shape(Array(repeating: [5], count: 20), 10_000, peers: peers).cluster()), nil)
      #expect(one.report.fanOutOutbound == used && one.report.fanOutInbound == used, "\(peers)")
      #expect(one.report.total?.least == 300 && one.report.total?.greatest == 300 && one.report.isBalanced)
    }
  }

  /// The case of a published generator: 1,000 nodes in 20 racks, 100,000 partitions, 3 replicas, 10 peers; exact
  /// counts.
  @Test func aThousandNodes() throws {
    let one = try PlannedCase(DenseCluster(shape(Array(repeating: [50], count: 20), 100_000, peers: 10).cluster()), nil)
    #expect(one.report.unmet == 0 && one.report.health == .green && one.report.isBalanced)
    #expect(max(one.report.fanOutOutbound, one.report.fanOutInbound) <= 10)
    #expect(one.report.total?.least == 300 && one.report.total?.greatest == 300)
    #expect(one.report.load[0].spread.least == 100 && one.report.load[0].spread.greatest == 100)
  }

  /// 1 of 100 nodes goes, with 300 of 30,000 replicas and 10 peers: a published greedy form rebuilds 2,819 where 301
  /// were lost. All stays in balance, and no more than a third more moves than without a limit.
  @Test func oneOfAHundredLeaves() throws {
    let before = shape(Array(repeating: [5], count: 20), 10_000, peers: 10)
    for (status, node) in [(Node.Status.leaving, 3), (.failed, 47)] {
      let quality = QualityCase("", .planned, before) { $0.statuses[node] = status }
      let (cluster, current) = try quality.make()
      let one = try PlannedCase(cluster, current)
      try one.checkConsistent()
      #expect(one.report.unmet == 0 && one.report.isBalanced && one.plan.movesLowerBound == 300)
      #expect(one.moves <= 400, "\(one.moves)")
    }
  }

  /// Every peer that nodes may have is in use: masters, slaves and totals come into balance all the same.
  @Test func allPeersInUse() throws {
    let before = shape(Array(repeating: [5, 5], count: 5), 1_440, peers: 4)
    for quality in [
      QualityCase("", .planned, before) { $0.statuses[7] = .leaving },
      QualityCase("", .planned, before) { $0.racks[3][1] += 1 },
    ] {
      let (cluster, current) = try quality.make()
      let one = try PlannedCase(cluster, current)
      try one.checkConsistent()
      #expect(one.report.unmet == 0 && one.report.isBalanced)
    }
  }

  /// 60 nodes of 399 are to get one replica each, and the 16 neighbours of the one that leaves have 8 or 9 peers each.
  @Test func moreNodesThanMoves() throws {
    let before = shape(Array(repeating: [20], count: 20), 8_000, peers: 10)
    let (cluster, current) = try QualityCase("", .planned, before) { $0.statuses[33] = .leaving }.make()
    let one = try PlannedCase(cluster, current)
    try one.checkConsistent()
    #expect(one.report.unmet == 0 && one.report.isBalanced && one.plan.movesLowerBound == 60)
    #expect(one.moves <= 66, "\(one.moves)")
  }

  /// A limit below R − 1 leaves unplaced what it must, and nothing else; every partition keeps its master, and what can
  /// be placed is balanced.
  @Test func fewerPeersThanReplicas() throws {
    let one = try PlannedCase(DenseCluster(shape([[10]], 100, peers: 1).cluster()), nil)
    try one.checkConsistent()
    #expect(one.report.unmet == 100 && one.report.health == .yellow && one.report.isBalanced, "\(one.report.unmet)")
    #expect(one.report.fanOutOutbound == 1 && one.report.fanOutInbound == 1)
    #expect(
      one.report.findings.contains {
        $0.rule == "constraints.slave"
          && $0.because == "fanOut.outbound allows 1, so that a partition has at most 2 replicas"
      })
    let none = try PlannedCase(DenseCluster(shape([[10]], 100, peers: 0).cluster()), nil)
    #expect(none.report.unmet == 200 && none.report.fanOutOutbound == 0)
  }

  /// A limit that no map can break changes nothing, not even the bytes.
  @Test func aLimitOfAllNodesIsNone() throws {
    let limited = shape([[20]], 500, peers: 19)
    var plain = limited
    plain.fanOut = nil
    let with = try Planner.plan(DenseCluster(limited.cluster()), from: nil)
    let without = try Planner.plan(DenseCluster(plain.cluster()), from: nil)
    #expect(mapsEqual(with.target, without.target))
  }

  /// Only one of the two may be limited.
  @Test func oneSideOnly() throws {
    for limit in [
      FanOutLimit(outbound: 4, inbound: nil, strength: .hard), FanOutLimit(outbound: nil, inbound: 4, strength: .hard),
    ] {
      var shape = shape([[5], [5], [5], [5]], 400, peers: 4)
      shape.fanOut = limit
      let before = try Planner.plan(DenseCluster(shape.cluster()), from: nil)
      shape.statuses[2] = .failed
      let one = try PlannedCase(DenseCluster(shape.cluster()), before.target)
      try one.checkConsistent()
      #expect(one.report.unmet == 0)
    }
  }

  /// What has been planned within a limit is not planned otherwise a second time.
  @Test func planningTwiceIsPlanningOnce() throws {
    for quality in QualityCase.limited where !quality.name.hasPrefix("1 peer") {
      let (cluster, current) = try quality.make()
      let one = try PlannedCase(cluster, current)
      let again = try PlannedCase(cluster, one.plan.target)
      guard one.report.isBalanced else { continue }
      #expect(again.moves == 0 && again.report.roleChanges == 0, "\(quality.name)")
    }
  }

  /// What a limit forces is part of the bound, and the Judge comes to the same by itself.
  @Test func theJudgeProvesTheBound() throws {
    var seen = 0
    for (partitions, peers) in [(1024, 4), (2000, 6), (2000, 10)] {
      var before = shape([[60]], partitions, peers: peers)
      before.fanOut = nil
      var after = before
      after.fanOut = FanOutLimit(outbound: peers, inbound: peers / 2, strength: .hard)
      let (cluster, current) = try QualityCase("", .planned, before, then: after).make()
      let plan = try Planner.plan(cluster, from: current)
      let proved = try Judge.movesBound(cluster, map: plan.target, from: current, prices: plan.certificate)
      #expect(plan.movesLowerBound <= proved)
      if plan.movesLowerBound > 0 { seen += 1 }
    }
    #expect(seen > 0)
  }
}
