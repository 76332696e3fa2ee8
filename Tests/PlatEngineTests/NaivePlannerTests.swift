import PlatEngine
import TestSupport
import Testing

/// The greedy reference planner, and the published cases made by it.
@Suite struct NaivePlannerTests {
  @Test func mapsAreLegal() {
    forAllSeeds(0..<300) { seed in
      let (named, current) = RandomCluster.make(seed: seed)
      let cluster = try DenseCluster(named)
      let map = NaivePlanner.plan(cluster: cluster, current: current)
      let text = RandomCluster.describe(named, current)
      var load = [Int](repeating: 0, count: cluster.nodeCount)
      for (partition, row) in map.rows.enumerated() {
        let nodes = row.flatMap(\.self)
        try holds(Set(nodes).count == nodes.count, "partition \(partition) is twice on a node\n\(text)")
        try holds(ExhaustiveSearch.meetsHardRules(cluster, row), "partition \(partition) breaks a rule\n\(text)")
        try holds(zip(row, cluster.wanted).allSatisfy { $0.count <= $1 }, "partition \(partition): too many\n\(text)")
        for node in nodes {
          load[node] += 1
          let isOpen = cluster.status[node] == .active || cluster.status[node] == .maintenance && !row[0].contains(node)
          try holds(isOpen, "partition \(partition) lies on \(node)\n\(text)")
        }
      }
      try holds(zip(load, cluster.capacity).allSatisfy { $0 <= $1 }, "a capacity is exceeded\n\(text)")
    }
  }

  @Test func freshMapOfThePublishedCaseIsFull() {
    let (_, map) = PublishedCase.tenNodesFiveRacks(.none)
    #expect(map.rows.allSatisfy { $0.map(\.count) == [1, 2, 0, 0] })
    #expect(mapHash(map) == mapHash(PublishedCase.tenNodesFiveRacks(.none).current))
  }

  /// What each change costs, as an independent linear program found it too; and what it would cost if racks did
  /// not matter. Mostly that is what the new node must receive or the leaving node holds (307 or 308); but all of
  /// node 4's partitions lie on node 6 too, which can grow by 34 only by what others pass on.
  @Test(arguments: [
    (PublishedCase.Change.none, 0, 0), (.addNode(toRack: 0), 279, 279), (.addNode(toRack: 4), 279, 279),
    (.addNodeInNewRack, 279, 279), (.removeNode(0), 341, 308), (.removeNode(4), 375, 341), (.removeNode(9), 339, 307),
  ])
  func publishedCaseHasItsBound(change: PublishedCase.Change, moves: Int, withoutRacks: Int) throws {
    let (named, current) = PublishedCase.tenNodesFiveRacks(change)
    let cluster = try DenseCluster(named)
    let due = NaiveDue(cluster, map: current)
    func bound(_ fault: FlowOracle.Fault?) -> Int? {
      FlowOracle.movesLowerBound(
        cluster: cluster, current: current, windows: due.windows, totalFlow: due.totalFlow, fault: fault)
    }
    #expect(bound(nil) == moves)
    #expect(bound(.noContainerCaps) == withoutRacks)
  }
}
