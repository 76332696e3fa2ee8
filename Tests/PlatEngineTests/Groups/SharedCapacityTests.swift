import TestSupport
import Testing

@testable import PlatEngine

/// Capacities that several maps share: nothing is unplaced that all maps together have room for.
@Suite struct SharedCapacityTests {
  private func held(_ one: PlannedGroup) -> [Int] {
    (0..<one.group.nodeCount).map { node in
      one.targets.reduce(0) { sum, map in sum + map.rows.joined().joined().count { $0 == node } }
    }
  }

  /// The first map needs every node for all of its partitions; the other one can be anywhere. Of node 0 the first would
  /// have 3 by its part.
  @Test func whatOneMapNeedsTheOtherGivesUp() throws {
    let group = try PlannedGroup.plain(nodes: 3, maps: [(5, 3), (10, 1)]) { cluster in
      for (node, capacity) in [5, 10, 10].enumerated() { cluster.nodes[node].capacity = capacity }
    }
    #expect(group.clusters[0].capacity == [5, 5, 5] && group.clusters[1].capacity == [0, 5, 5])
    let one = try PlannedGroup(group, [nil, nil])
    #expect(one.report.sum.unmet == 0 && held(one) == [5, 10, 10], "\(one.report.sum.findings)")
    #expect(try PlannedGroup(group, one.targets).moves == 0)
  }

  /// Where portions do, they are left as they are.
  @Test func portionsThatDoStay() throws {
    let group = try PlannedGroup.plain(nodes: 4, maps: [(8, 2), (6, 2), (4, 1)]) { $0.nodes[0].capacity = 5 }
    #expect(
      group.clusters.map { $0.exactCapacity(shared: $0.sharedCapacity(of: 0)!) } == [
        Rational(5 * 16, 32), Rational(5 * 12, 32), Rational(5 * 4, 32),
      ])
    #expect(group.clusters[0].sharedCapacity(of: 1) == nil)
  }

  /// The most replicas that maps hold together: the greatest flow, built plainly.
  private func most(_ group: DenseGroup) -> Int {
    let (nodes, maps) = (group.nodeCount, group.clusters.count)
    let boxes = group.clusters.map { cluster in
      zip(cluster.levels, BoxCaps.replicasPerPartition(cluster)).filter { $1 != nil }
    }
    let source = nodes + maps
    let first = source + 2
    let count = boxes.reduce(0) { $0 + $1.reduce(0) { $0 + $1.0.count } }
    var flow = MinimumCostFlow(vertexCount: first + count)
    let sink = source + 1
    var next = first
    for (map, cluster) in group.clusters.enumerated() {
      let demand = cluster.partitionCount * cluster.replicas
      flow.addArc(from: source, to: nodes + map, bounds: 0...demand)
      var around = [Int](repeating: nodes + map, count: nodes)
      for (level, cap) in boxes[map] {
        for inside in level.nodes {
          if let any = inside.first {
            flow.addArc(from: around[any], to: next, bounds: 0...(cap! * cluster.partitionCount))
          }
          for node in inside { around[node] = next }
          next += 1
        }
      }
      for node in 0..<nodes { flow.addArc(from: around[node], to: node, bounds: 0...cluster.partitionCount) }
    }
    for (node, about) in group.group.shared.nodes.enumerated() {
      // Nodes of weight 0 take what nobody else can.
      flow.addArc(from: node, to: sink, bounds: 0...(about.status == .active ? about.capacity ?? 1 << 40 : 0))
    }
    let total = group.clusters.reduce(0) { $0 + $1.partitionCount * $1.replicas }
    var (low, high) = (0, total)
    while low < high {
      let middle = (low + high + 1) / 2
      var trial = flow
      if trial.solve(from: source, to: sink, amount: middle) != nil { low = middle } else { high = middle - 1 }
    }
    return low
  }

  @Test func nothingIsLostThatAllTogetherHaveRoomFor() {
    var (short, mended, lost) = (0, 0, 0)
    forAllSeeds(0..<500) { seed in
      let shape = RandomCluster.Shape {
        $0.rulesOverAllStates = true
        $0.noMaintenance = true
      }
      let (made, _) = try RandomGroup.make(seed: seed, size: .tiny, maps: 2...4, shape: shape, isFresh: true)
      var changed = made.group
      var random = SplitMix64(seed: seed ^ 0xcafe)
      let total = made.clusters.reduce(0) { $0 + $1.partitionCount * $1.replicas }
      for node in changed.shared.nodes.indices {
        changed.shared.nodes[node].capacity =
          random.chance(1, 6) ? nil : random.among(0...(3 * total / changed.shared.nodes.count + 1))
      }
      let group = try DenseGroup(changed)
      let most = most(group)
      let one = try PlannedGroup(group, group.clusters.map { _ in nil })
      let placed = held(one).reduce(0, +)
      try holds(placed <= most, "\(placed) placed, \(most) is the most")
      try holds(one.passedCapacities.isEmpty, "\(one.passedCapacities)")
      guard most == total else {
        // All are short: of fractions of a replica each map loses less than one.
        short += 1
        lost += most - placed
        try holds(most - placed <= group.clusters.count, "\(placed) placed of \(most)")
        return
      }
      try holds(placed == total, "\(placed) placed of \(total)")
      let portions = group.clusters.contains { cluster in
        guard case .each = cluster.capacityPart else { return false }
        return true
      }
      mended += portions ? 1 : 0
      let again = try PlannedGroup(group, one.targets)
      try holds(again.moves == 0, "\(again.moves) moves from a plan")
    }
    #expect(mended > 8 && short > 20, "\(mended) mended, \(short) short by \(lost) more than must")
  }
}
