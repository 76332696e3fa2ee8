import TestSupport
import Testing

@testable import PlatEngine

/// Small clusters whose right answer is plain.
@Suite struct WeightedExamples {
  private func cluster(_ weights: [String], nodes: Int, slaves: Int = 0, change: (inout Cluster) -> Void = { _ in })
    throws -> DenseCluster
  {
    var cluster = Cluster(
      settings: Settings(partitionCount: weights.count, constraints: [1, slaves, 0, 0]),
      nodes: (0..<nodes).map { Node(name: "n\($0)") }, partitionWeights: weights.map { Quantity($0)! })
    change(&cluster)
    return try DenseCluster(cluster)
  }

  /// 1 + 1 + 1 and 3.
  @Test func heaviestFirst() throws {
    let one = try WeightedCase(cluster(["1", "3", "1", "1"], nodes: 2), nil)
    #expect(one.loads == [3, 3] && one.report.isBalanced && one.plan.movesWeightLowerBound == Rational(6))
  }

  /// Whoever has the oversized partition has nothing else; the others share the rest.
  @Test func anOversizedPartitionIsItsNodesWholeDue() throws {
    let one = try WeightedCase(cluster(["100"] + Array(repeating: "1", count: 12), nodes: 4), nil)
    #expect(one.loads.sorted() == [4, 4, 4, 100] && one.report.isBalanced)
    #expect(
      one.report.inWeight?.total?.leastDue == Rational(4) && one.report.inWeight?.total?.greatestDue == Rational(100))
  }

  /// Two oversized partitions on one node: one of them goes to the node with the least.
  @Test func oversizedPartitionsComeApart() throws {
    let dense = try cluster(["50", "50"] + Array(repeating: "1", count: 6), nodes: 4)
    let current = PlacementMap.make(
      [[[0]], [[0]], [[1]], [[1]], [[2]], [[2]], [[3]], [[3]]].map { $0 + [[], [], []] }, least: [1, 0, 0, 0])
    let one = try WeightedCase(dense, current)
    #expect(
      one.moved >= Rational(51) && one.moved <= Rational(52) && one.report.isBalanced, "\(one.loads) \(one.moved)")
  }

  /// Node weights and partition weights go together.
  @Test func nodesOfDifferentWeight() throws {
    let one = try WeightedCase(
      cluster(["2", "2", "2", "1", "1", "1"], nodes: 2) { $0.nodes[1].weight = Quantity("2")! }, nil)
    #expect(one.loads == [3, 6])
  }

  /// Of two moves that would do, the lighter.
  @Test func aNodeLeaves() throws {
    let dense = try cluster(["5", "4", "3", "3"], nodes: 3) { $0.nodes[2].status = .leaving }
    let current = PlacementMap.make([[[0]], [[2]], [[1]], [[2]]].map { $0 + [[], [], []] }, least: [1, 0, 0, 0])
    let one = try WeightedCase(dense, current)
    #expect(one.moved == Rational(7) && one.plan.movesWeightLowerBound == Rational(7) && one.plan.movesLowerBound == 2)
  }

  /// Weights are compared exactly, and what all have in common is gone.
  @Test func weightsAreWholeNumbersWithoutACommonFactor() throws {
    let weights = try #require(cluster(["1/3", "0.5", "2e-1", "1e0"], nodes: 2).partitionWeights)
    #expect(weights.of == [10, 15, 6, 30] && weights.unit == Rational(1, 30) && weights.total == 61)
    let huge = try #require(cluster(["1e150", "3e150", "2e150"], nodes: 2).partitionWeights)
    #expect(huge.of == [1, 3, 2])
    #expect(try cluster(["0", "0"], nodes: 2).partitionWeights == nil)
  }

  @Test func sizesTooFarApartAreRefused() {
    for weights in [["1e-30", "1"], ["1/1000000007", "1/1000000009", "1/998244353"], ["1", "1e18", "1e18"]] {
      #expect(throws: InputError.self) { try cluster(weights, nodes: 2, slaves: 1) }
    }
  }

  /// What weighs nothing is spread by number.
  @Test func weightlessPartitions() throws {
    let one = try WeightedCase(cluster(["4", "4"] + Array(repeating: "0", count: 8), nodes: 2), nil)
    #expect(one.loads == [1, 1] && NaiveDue.heldCounts(one.cluster, one.plan.target) == [5, 5])
  }

  @Test func capacitiesCountReplicas() throws {
    let one = try WeightedCase(
      cluster(["8", "1", "1", "1", "1", "1", "1", "1", "1"], nodes: 2) { $0.nodes[1].capacity = 3 }, nil)
    #expect(NaiveDue.heldCounts(one.cluster, one.plan.target)[1] <= 3 && one.report.unmet == 0)
  }

  /// What fails is heavier than any room that is left: it goes where what must make way is light, and the bound knows
  /// that two nodes have to.
  @Test func whatIsHeavyFindsAWay() throws {
    let weights = ["100", "100"] + ["80", "80"] + Array(repeating: "20", count: 8)
    let dense = try cluster(weights, nodes: 6) { cluster in for node in [0, 1] { cluster.nodes[node].status = .failed }
    }
    // The two of 80 are on nodes 2 and 3, eight of 20 on 4 and 5.
    let rows = [[0], [1], [2], [3], [4], [4], [4], [4], [5], [5], [5], [5]].map { [$0, [], [], []] }
    let one = try WeightedCase(dense, PlacementMap.make(rows, least: [1, 0, 0, 0]))
    let heavy = (0..<2).map { one.plan.target.row($0)[0].int }
    #expect(heavy[0] != heavy[1] && heavy.allSatisfy { $0 >= 4 }, "\(heavy)")
    #expect(
      one.plan.movesWeightLowerBound! > Rational(200) && one.plan.movesWeightLowerBound! <= one.moved, "\(one.moved)")
  }
}
