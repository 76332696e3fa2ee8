import PlatReference
import TestSupport
import Testing

@testable import PlatEngine

/// Any number of threads gives the same bytes.
@Suite struct Threads {
  private static let counts = [2, 3, 8]

  private func check(_ cluster: DenseCluster, _ current: PlacementMap?, _ text: String) throws {
    let plan = try Planner.plan(cluster, from: current)
    let report = try Judge.judge(cluster, map: plan.target, from: current)
    for threads in Threads.counts {
      var options = PlanOptions()
      options.threads = threads
      let other = try Planner.plan(cluster, from: current, options: options)
      try holds(mapsEqual(plan.target, other.target), "another map with \(threads) threads\n\(text)")
      try holds(
        plan.movesLowerBound == other.movesLowerBound && plan.certificate == other.certificate,
        "another proof with \(threads) threads\n\(text)")
      try holds(
        try Judge.judge(cluster, map: plan.target, from: current, threads: threads) == report,
        "another judgement with \(threads) threads\n\(text)")
    }
  }

  @Test func randomClusters() {
    forAllSeeds(0..<150) { seed in
      let one = try PlannedCase(seed, .small, .laminar)
      try check(one.cluster, one.current, one.text)
    }
  }

  /// Large enough for several blocks, with all kinds of rows: such that stay, that break rules, that have gaps. 0, 3
  /// and 4 are fresh, 3 and 4 with few peers.
  @Test(arguments: [0, 1, 2, 3, 4])
  func severalBlocks(_ kind: Int) throws {
    let (zones, perZone, partitions) = (7, 9, kind >= 3 ? 180_000 : 300_000)
    let containers = (0..<zones).map {
      Container(name: "z\($0)", level: 0, parent: nil, nodes: ($0 * perZone)..<(($0 + 1) * perZone))
    }
    let nodes = (0..<(zones * perZone)).map {
      Node(name: "n\($0)", status: kind > 0 && $0 % 31 == 5 ? .leaving : .active)
    }
    var settings = Settings(
      partitionCount: partitions, constraints: [1, 2, 0, 0],
      placement: [PlacementRule(states: [0, 1], level: 0, demand: .atMost(1), strength: .hard)])
    if kind >= 3 { settings.fanOut = FanOutLimit(outbound: 12, inbound: 20, strength: .hard) }
    var weighted = nodes
    if kind == 4 { for node in weighted.indices { weighted[node].weight = Quantity(UInt64(node % 5 + 1)) } }
    let cluster = try DenseCluster(
      Cluster(settings: settings, levels: ["zone"], containers: containers, nodes: weighted))
    if kind >= 3 {
      var fresh = cluster.cluster
      for node in fresh.nodes.indices { fresh.nodes[node].status = .active }
      return try check(DenseCluster(fresh), nil, "few peers, kind \(kind)")
    }
    guard kind > 0 else { return try check(cluster, nil, "fresh") }
    var healthy = cluster.cluster
    for node in healthy.nodes.indices { healthy.nodes[node].status = node == 17 ? .leaving : .active }
    let current = try Planner.plan(DenseCluster(healthy), from: nil).target
    if kind == 2 {
      var random = SplitMix64(seed: 7)
      for _ in 0..<2_000 {
        let slot = Int(random.next() % UInt64(partitions * 3))
        current.slots[slot] = random.next() % 3 == 0 ? .none : NodeIndex(Int(random.next() % UInt64(nodes.count)))
      }
    }
    try check(cluster, current, "kind \(kind)")
  }

  @Test func blocksCoverAllOnce() {
    for (partitions, replicas, threads) in [(0, 3, 4), (1, 3, 4), (300_000, 3, 2), (1_000_000, 1, 3), (10, 1 << 18, 8)]
    {
      let blocks = Blocks(partitions, replicas: replicas, threads: threads)
      var seen = [UInt8](repeating: 0, count: partitions)
      seen.withUnsafeMutableBufferPointer { seen in
        let base = seen.baseAddress
        blocks.run { worker, block in
          precondition(worker < blocks.workers)
          for partition in block { base![partition] += 1 }
        }
      }
      #expect(seen.allSatisfy { $0 == 1 })
    }
  }
}
