import TestSupport
import Testing

@testable import PlatEngine

/// Tiny groups, against trying everything.
@Suite struct GroupExhaustive {
  /// The least moves of maps within their windows whose sums are within theirs; nil: there are none.
  private func leastMoves(_ group: DenseGroup, _ currents: [PlacementMap?]) -> Int? {
    var sums = [Rational](repeating: .zero, count: group.nodeCount)
    var ways: [[Int]: Int] = [[Int](repeating: 0, count: group.nodeCount): 0]
    for (cluster, current) in zip(group.clusters, currents) {
      let due = Judge.due(cluster, map: current)
      for node in sums.indices { sums[node] = sums[node] + due.total[node] }
      let windows = due.total.map { $0.floor!...($0.floor! + ($0.isInteger ? 0 : 1)) }
      var ofMap: [[Int]: Int] = [:]
      for loads in choices(windows, total: cluster.partitionCount * cluster.replicas) {
        ofMap[loads] = ExhaustiveSearch.leastMoves(
          cluster: cluster, current: current, windows: loads.map { $0...$0 },
          totalFlow: cluster.partitionCount * cluster.replicas, law: .boxCaps)
      }
      var next: [[Int]: Int] = [:]
      for (sum, cost) in ways {
        for (loads, moves) in ofMap {
          let after = zip(sum, loads).map(+)
          next[after] = min(next[after] ?? .max, cost + moves)
        }
      }
      ways = next
    }
    let settled = ways.filter { loads, _ in
      zip(loads, sums).allSatisfy { load, due in
        load >= due.floor! && load <= due.floor! + (due.isInteger ? 0 : 1)
      }
    }
    return settled.values.min()
  }

  private func choices(_ windows: [ClosedRange<Int>], total: Int) -> [[Int]] {
    var result: [[Int]] = [[]]
    for window in windows { result = result.flatMap { loads in window.map { loads + [$0] } } }
    return result.filter { $0.reduce(0, +) == total }
  }

  @Test func movesAreTheLeast() {
    var all = 0
    var exact = 0
    forAllSeeds(0..<150) { seed in
      let shape = RandomCluster.Shape {
        $0.allActive = true
        $0.noCapacities = true
        $0.noSoftRules = true
        $0.rulesOverAllStates = true
        $0.nodes = 2...4
        $0.partitions = 2...4
      }
      let (group, currents) = try RandomGroup.make(
        seed: seed, size: .tiny, maps: 2...3, shape: shape, isJoined: seed % 2 == 0)
      guard group.clusters.allSatisfy({ $0.partitionCount <= 5 }), let least = leastMoves(group, currents) else {
        return
      }
      let one = try PlannedGroup(group, currents)
      guard one.report.sum.unmet == 0, !one.isOut("balance.total") else { return }
      let sums = one.report.sum
      try holds(one.plan.movesLowerBound <= least, "bound \(one.plan.movesLowerBound) above the least, \(least)")
      try holds(sums.moves >= least, "\(sums.moves) moves, and the least are \(least)")
      all += 1
      if sums.moves == least { exact += 1 }
    }
    #expect(all >= 50 && exact * 100 >= all * 90, "\(exact) of \(all) groups move as little as can be")
  }

  /// `SumBalance` changes as little as can be: against every matrix.
  @Test func sumsAreMendedAtTheLeastCost() {
    forAllSeeds(0..<300) { seed in
      var random = SplitMix64(seed: seed)
      let (maps, nodes) = (random.among(1...3), random.among(2...4))
      let arena = try Arena()
      // Exact dues in 1/12, whole for each map.
      let dues: [[Int]] = (0..<maps).map { _ in
        var row = (0..<nodes).map { _ in random.among(0...30) }
        row[0] += (12 - row.reduce(0, +) % 12) % 12
        return row
      }
      let held: [[Int]] = dues.map { $0.map { max(0, $0 / 12 + random.among(-1...2)) } }
      func cost(_ values: [Int], _ map: Int) -> Int { zip(values, held[map]).reduce(0) { $0 + max(0, $1.0 - $1.1) } }
      let ways: [[[Int]]] = dues.map { row in
        choices(row.map { $0 / 12...($0 + 11) / 12 }, total: row.reduce(0, +) / 12)
      }
      let windows = (0..<nodes).map { node in
        let sum = dues.reduce(0) { $0 + $1[node] }
        return sum / 12...(sum + 11) / 12
      }
      var least = Int.max
      func search(_ map: Int, _ sums: [Int], _ spent: Int) {
        if map == maps {
          if zip(sums, windows).allSatisfy({ $1.contains($0) }) { least = min(least, spent) }
          return
        }
        for way in ways[map] { search(map + 1, zip(sums, way).map(+), spent + cost(way, map)) }
      }
      search(0, [Int](repeating: 0, count: nodes), 0)

      func table(_ values: [Int]) throws -> NodeTable<Int32> {
        let table: NodeTable<Int32> = try arena.table(nodes)
        for (node, value) in values.enumerated() { table.base[node] = Int32(value) }
        return table
      }
      // Each starts with the cheapest that it can have.
      let rows = try (0..<maps).map { map in
        SumBalance.Row(
          value: try table(ways[map].min { (cost($0, map), random.next()) < (cost($1, map), random.next()) }!),
          least: try table(dues[map].map { $0 / 12 }), most: try table(dues[map].map { ($0 + 11) / 12 }),
          held: try table(held[map]), boxes: SumBoxes(nodeCount: nodes))
      }
      let balance = try SumBalance(
        rows, least: windows.map(\.lowerBound), most: windows.map(\.upperBound), arena: arena)
      balance.settle()
      try holds(balance.isSettled, "sums out of their windows")
      var spent = 0
      for (map, row) in rows.enumerated() {
        let values = (0..<nodes).map { Int(row.value.base[$0]) }
        try holds(ways[map].contains(values), "map \(map): \(values)")
        spent += cost(values, map)
      }
      try holds(spent == least, "cost \(spent), and the least is \(least)")
    }
  }
}
