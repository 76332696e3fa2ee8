import TestSupport
import Testing

@testable import PlatEngine

/// States of several maps together: `SumChains` against trying every choice of masters.
@Suite struct SumChainsTests {
  /// Two or three tiny maps of random rows, one master each.
  private struct Case {
    let targets: [PlacementMap]
    let problems: [Problem]
    let least: [[Int32]]
    let most: [[Int32]]
    let nodes: Int
    var sumLeast: [Int]
    var sumMost: [Int]

    init(_ random: inout SplitMix64, arena: Arena) throws {
      nodes = random.among(2...4)
      let nodes = nodes
      var (targets, problems, least, most): ([PlacementMap], [Problem], [[Int32]], [[Int32]]) = ([], [], [], [])
      for _ in 0..<random.among(1...3) {
        let replicas = random.among(1...min(3, nodes))
        let settings = Settings(partitionCount: random.among(1...4), constraints: [1, replicas - 1, 0, 0])
        let cluster = try DenseCluster(Cluster(settings: settings, nodes: (0..<nodes).map { Node(name: "n\($0)") }))
        let target = try PlacementMap(partitionCount: settings.partitionCount, slotCounts: cluster.wanted)
        var count = [Int32](repeating: 0, count: nodes)
        for partition in 0..<target.partitionCount {
          var others = Array(0..<nodes)
          for slot in 0..<replicas {
            target.row(partition)[slot] = NodeIndex(others.remove(at: random.below(others.count)))
          }
          count[target.row(partition)[0].int] += 1
        }
        targets.append(target)
        problems.append(try Problem(cluster, current: nil, arena: arena))
        least.append(count.map { max(0, $0 - Int32(random.below(2))) })
        most.append(count.map { $0 + Int32(random.below(2)) })
      }
      (self.targets, self.problems, self.least, self.most) = (targets, problems, least, most)
      let inAll = targets.reduce(0) { $0 + $1.partitionCount }
      sumLeast = (0..<nodes).map { _ in random.below(inAll / nodes + 1) }
      sumMost = sumLeast.map { $0 + random.below(3) }
    }

    func masters(_ map: Int) -> [Int32] {
      var count = [Int32](repeating: 0, count: nodes)
      for partition in 0..<targets[map].partitionCount { count[targets[map].row(partition)[0].int] += 1 }
      return count
    }

    func fits(_ map: Int, _ count: [Int32]) -> Bool {
      (0..<nodes).allSatisfy { least[map][$0] <= count[$0] && count[$0] <= most[map][$0] }
    }

    /// By how much sums are outside.
    func outside(_ sums: [Int]) -> Int {
      max(
        (0..<nodes).reduce(0) { $0 + max(0, sums[$1] - sumMost[$1]) },
        (0..<nodes).reduce(0) { $0 + max(0, sumLeast[$1] - sums[$1]) })
    }

    /// Whether some choice of masters within each map's windows brings all sums into theirs.
    func canBeSettled(_ map: Int = 0, _ sums: [Int]? = nil) -> Bool {
      let sums = sums ?? [Int](repeating: 0, count: nodes)
      guard map < targets.count else { return outside(sums) == 0 }
      var choices: Set<[Int32]> = [[Int32](repeating: 0, count: nodes)]
      for partition in 0..<targets[map].partitionCount {
        var next: Set<[Int32]> = []
        for choice in choices {
          for slot in 0..<targets[map].width {
            var after = choice
            after[targets[map].row(partition)[slot].int] += 1
            next.insert(after)
          }
        }
        choices = next
      }
      return choices.contains { fits(map, $0) && canBeSettled(map + 1, zip(sums, $0).map { $0 + Int($1) }) }
    }

    /// Returns the sums after it.
    func run(_ arena: Arena) throws -> [Int] {
      let sum: NodeTable<Int> = try arena.table(nodes)
      func table(_ values: [Int32]) throws -> NodeTable<Int32> {
        let table: NodeTable<Int32> = try arena.table(nodes)
        for (node, value) in values.enumerated() { table.base[node] = value }
        return table
      }
      let members = try targets.indices.map { map in
        for (node, count) in masters(map).enumerated() { sum.base[node] += Int(count) }
        return SumChains.Member(
          problem: problems[map], target: targets[map], slots: 0..<1, state: 0,
          count: try table(masters(map)), least: try table(least[map]), most: try table(most[map]), isOpen: true)
      }
      try SumChains(members[...], sum: sum, least: sumLeast, most: sumMost, arena: arena).run()
      return (0..<nodes).map { sum.base[$0] }
    }
  }

  @Test func sumsAreSettledWhereAnyChoiceOfMastersSettlesThem() {
    var (settled, open) = (0, 0)
    forAllSeeds(0..<400) { seed in
      var random = SplitMix64(seed: seed)
      let arena = try Arena()
      let one = try Case(&random, arena: arena)
      let holders = one.targets.map { target in
        (0..<target.partitionCount).map { p in Set((0..<target.width).map { target.row(p)[$0] }) }
      }
      let can = one.canBeSettled()
      let sums = try one.run(arena)
      var recounted = [Int](repeating: 0, count: one.nodes)
      for (map, target) in one.targets.enumerated() {
        try holds(one.fits(map, one.masters(map)), "map \(map) leaves its windows: \(one.masters(map))")
        for (node, count) in one.masters(map).enumerated() { recounted[node] += Int(count) }
        for partition in 0..<target.partitionCount {
          try holds(
            Set((0..<target.width).map { target.row(partition)[$0] }) == holders[map][partition], "data has moved")
        }
      }
      try holds(sums == recounted, "sums \(sums), recounted \(recounted)")
      try holds((one.outside(sums) == 0) == can, "\(sums) of \(one.sumLeast)…\(one.sumMost), and it can be: \(can)")
      if can { settled += 1 } else { open += 1 }
    }
    #expect(settled >= 50 && open >= 50, "\(settled) can be settled, \(open) cannot")
  }
}
