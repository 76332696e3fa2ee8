import TestSupport
import Testing

@testable import PlatEngine

/// Rows that are looked at through marks instead of slot by slot.
@Suite struct WideRowTests {
  private static let allWide = {
    var options = PlanRequest()
    options.wideRow = 0
    return options
  }()

  /// Every row taken for a wide one: the same promises on all kinds of clusters, and on those that the flow knows all
  /// about, the least moves.
  @Test func marksServeNarrowRowsToo() {
    forAllSeeds(0..<300) { seed in
      let shape = seed % 2 == 0 ? RandomCluster.Shape.laminar : RandomCluster.Shape()
      let made = RandomCluster.make(seed: seed, size: .small, shape: shape)
      let cluster = try DenseCluster(made.cluster)
      let plan = try Planner.plan(cluster, from: made.current, options: Self.allWide)
      let one = try PlannedCase(cluster, made.current, plan: plan)
      try one.checkConsistent()
      if seed % 2 == 0 { try one.checkMoves() }
    }
  }

  @Test func planningTwiceIsPlanningOnce() {
    forAllSeeds(0..<150) { seed in
      let made = RandomCluster.make(seed: seed, size: .small, shape: .laminar)
      let cluster = try DenseCluster(made.cluster)
      let plan = try Planner.plan(cluster, from: made.current, options: Self.allWide)
      let again = try Planner.plan(cluster, from: plan.target, options: Self.allWide)
      let report = try Judge.judge(cluster, map: again.target, from: plan.target)
      try holds(report.moves == 0 && report.roleChanges == 0, "\(report.moves) moves, \(report.roleChanges) changes")
    }
  }

  // MARK: routers that own everything

  /// `nodes` routers in zones of 50, of which each should own every partition, `masters` of them.
  private func routers(_ nodes: Int, _ masters: Int, partitions: Int, rules: [PlacementRule] = []) -> Cluster {
    let zones = stride(from: 0, to: nodes, by: 50).enumerated().map { index, first in
      Container(name: "z\(index)", level: 0, parent: nil, nodes: first..<min(first + 50, nodes))
    }
    return Cluster(
      settings: Settings(
        model: .multiMaster, partitionCount: partitions, constraints: [masters, 0, 0, 0], placement: rules),
      levels: ["zone"], containers: zones, nodes: (0..<nodes).map { Node(name: "r\($0)") })
  }

  private func plan(_ cluster: Cluster, _ current: PlacementMap?) throws -> PlannedCase {
    try PlannedCase(DenseCluster(cluster), current)
  }

  @Test func everyRouterOwnsEveryPartition() throws {
    let all = routers(210, 210, partitions: 16)
    let fresh = try plan(all, nil)
    try fresh.checkConsistent()
    #expect(fresh.report.unmet == 0 && fresh.report.isBalanced && fresh.plan.movesLowerBound == 210 * 16)
    #expect(fresh.report.fanOutOutbound == 209 && fresh.report.fanOutInbound == 209)
    let again = try plan(all, fresh.plan.target)
    #expect(again.moves == 0 && again.report.roleChanges == 0)

    // One joins, and is to own everything too.
    let joined = try plan(routers(211, 211, partitions: 16), fresh.plan.target)
    #expect(joined.report.unmet == 0 && joined.moves == 16 && joined.plan.movesLowerBound == 16)

    // Seven fail: nobody is left to take their places.
    var failing = all
    for node in 0..<7 { failing.nodes[node * 30].status = .failed }
    let failed = try plan(failing, fresh.plan.target)
    try failed.checkConsistent()
    #expect(failed.moves == 0 && failed.report.unmet == 7 * 16)
    #expect(failed.report.findings.count == 16)

    // Seven leave, and fewer are asked for.
    var leaving = failing
    leaving.settings.constraints[0] = 203
    for node in 0..<7 { leaving.nodes[node * 30].status = .leaving }
    let left = try plan(leaving, fresh.plan.target)
    #expect(left.report.unmet == 0 && left.moves == 0 && left.plan.movesLowerBound == 0)

    // Half as many are asked for: nothing moves, and every router keeps its share.
    var fewer = all
    fewer.settings.constraints[0] = 105
    let half = try plan(fewer, fresh.plan.target)
    #expect(half.report.unmet == 0 && half.report.isBalanced && half.moves == 0)

    // Twice as many partitions: the new ones have no holders yet.
    let more = try plan(routers(210, 210, partitions: 32), fresh.plan.target)
    #expect(more.report.unmet == 0 && more.moves == 210 * 16 && more.plan.movesLowerBound == more.moves)
  }

  /// Most routers, and at most 40 of each zone of 50.
  @Test func mostRoutersWithRules() throws {
    for strength in [Strength.hard, .soft] {
      let rule = PlacementRule(states: [0, 1], level: 0, demand: .atMost(40), strength: strength)
      let all = routers(200, 120, partitions: 16, rules: [rule])
      let fresh = try plan(all, nil)
      try fresh.checkConsistent()
      #expect(fresh.report.unmet == 0 && fresh.report.isBalanced && fresh.report.brokenSoft == 0)
      var failing = all
      for node in [3, 77, 110, 199] { failing.nodes[node].status = .failed }
      let failed = try plan(failing, fresh.plan.target)
      try failed.checkConsistent()
      try failed.checkMoves()
      #expect(failed.report.unmet == 0 && failed.report.brokenSoft == 0)
      let back = try plan(all, failed.plan.target)
      try back.checkConsistent()
      try back.checkMoves()
    }
  }

  /// Wide rows of two states.
  @Test func halfMastersHalfSlaves() throws {
    var cluster = routers(150, 60, partitions: 16)
    cluster.settings.constraints[1] = 40
    let fresh = try plan(cluster, nil)
    try fresh.checkConsistent()
    #expect(fresh.report.unmet == 0 && fresh.report.isBalanced)
    cluster.nodes[17].status = .failed
    let failed = try plan(cluster, fresh.plan.target)
    try failed.checkConsistent()
    try failed.checkMoves()
    #expect(failed.report.isBalanced)
  }

  /// Proxies: one master of many, and no slaves.
  @Test func oneMasterAndNoSlaves() throws {
    let nodes = (0..<300).map { Node(name: "p\($0)") }
    var cluster = Cluster(settings: Settings(partitionCount: 1024, constraints: [1, 0, 0, 0]), nodes: nodes)
    let fresh = try plan(cluster, nil)
    #expect(fresh.report.unmet == 0 && fresh.report.isBalanced)
    #expect(fresh.report.fanOutOutbound == 0 && fresh.report.fanOutInbound == 0 && fresh.report.health == .green)
    cluster.nodes[5].status = .failed
    cluster.nodes[6].status = .leaving
    cluster.nodes.append(Node(name: "new"))
    let next = try plan(cluster, fresh.plan.target)
    try next.checkConsistent()
    try next.checkMoves()
    #expect(next.report.unmet == 0 && next.report.isBalanced)
  }

  // MARK: the Judge's peers as sets

  /// Random maps of many masters: as sets, as lists, and as a plain recount they are the same.
  @Test func peersAsSetsAreThePeers() {
    forAllSeeds(0..<40) { seed in
      var random = SplitMix64(seed: seed)
      let nodes = random.among(1...100)
      let masters = random.among(0...min(nodes, 80))
      let partitions = random.among(1...6)
      var cluster = routers(nodes, masters, partitions: partitions)
      cluster.settings.constraints[1] = random.below(nodes - masters + 1)
      for node in 0..<nodes where random.chance(1, 10) { cluster.nodes[node].status = .failed }
      let dense = try DenseCluster(cluster)
      let order = (0..<partitions).map { _ in random.shuffled(Array(0..<nodes)) }
      let rows = order.map { order in
        [Array(order.prefix(masters)), Array(order.dropFirst(masters).prefix(dense.wanted[1])), [], []]
      }
      let map = PlacementMap.make(rows, least: dense.wanted)
      let context = try Judge.CheckContext(dense, map: map, before: nil)
      let slots = (try context.slots(ofStates: [0], in: map), try context.dataSlots(in: map))
      let outbound: NodeTable<UInt32> = try context.arena.table(nodes + 1)
      let inbound: NodeTable<UInt32> = try context.arena.table(nodes + 1)
      try Judge.Peers.countSets(context, slots.0, slots.1, outbound: outbound, inbound: inbound)
      var targets = [Set<Int>](repeating: [], count: nodes)
      var sources = targets
      for row in rows {
        for master in row[0] where cluster.nodes[master].status != .failed {
          for holder in row[0] + row[1] where holder != master && cluster.nodes[holder].status != .failed {
            targets[master].insert(holder)
            sources[holder].insert(master)
          }
        }
      }
      let peers = try Judge.Peers(context, Judge.Holders(context))
      for node in 0..<nodes {
        let expected = [targets[node].count, sources[node].count]
        try holds([Int(outbound.base[node]), Int(inbound.base[node])] == expected, "sets: node \(node), \(rows)")
        try holds(
          [Int(peers.outbound.base[node]), Int(peers.inbound.base[node])] == expected, "peers: node \(node), \(rows)")
        for other in 0..<nodes where node != other && seed % 20 == 0 {
          try holds(peers.replicates(node, to: other) == targets[node].contains(other), "\(node) to \(other), \(rows)")
        }
      }
    }
  }
}
