import PlatEngine
import TestSupport
import Testing

/// Without a limit the load of a failed node spreads wide.
///
/// Two ways to take over: the *natural* one, where whoever stands first among a partition's slaves becomes its master;
/// and the *best* one, where of all its slaves the one with the fewest masters does, partition by partition.
@Suite struct SpreadTests {
  private static let zoned = QualityShape(
    racks: Array(repeating: [5, 5], count: 5), partitions: 1440, rules: [QualityShape.atMost(1, inLevel: 0)])
  private static let flat = QualityShape(racks: [[50]], partitions: 1440)

  static let cases: [QualityCase] = [("zones", zoned), ("flat", flat)].flatMap { name, shape in
    [
      QualityCase("\(name): fresh", .fresh, shape),
      QualityCase("\(name): a node joins", .planned, shape) { $0.racks[0][0] += 1 },
      QualityCase("\(name): a node leaves", .planned, shape, then: shape.with(1, .leaving)),
      QualityCase("\(name): a node fails", .planned, shape, then: shape.with(1, .failed)),
      QualityCase("\(name): three fail", .planned, shape, then: shape.with(3, .failed)),
      QualityCase("\(name): unchanged", .planned, shape, then: shape),
    ]
  }

  /// When any one node dies, no other's masters come to more than 20 % above the even share of those that are left.
  @Test(arguments: cases.indices) func noNodeTakesMuchOver(index: Int) throws {
    let quality = Self.cases[index]
    let (cluster, current) = try quality.make()
    let one = try PlannedCase(cluster, current)
    let rows = one.plan.target.rows
    let left = cluster.status.count { $0 == .active } - 1
    let most = cluster.partitionCount * 12 / (left * 10)
    for isBest in [false, true] {
      for failed in 0..<cluster.nodeCount where cluster.status[failed] == .active {
        let masters = takenOver(rows, from: failed, nodes: cluster.nodeCount, isBest: isBest)
        #expect(
          masters.max()! <= most, "\(quality.name), node \(failed), \(isBest ? "best" : "natural"): \(masters.max()!)")
      }
    }
  }

  private func takenOver(_ rows: Rows, from failed: Int, nodes: Int, isBest: Bool) -> [Int] {
    var masters = [Int](repeating: 0, count: nodes)
    for row in rows where row[0] != [failed] { masters[row[0][0]] += 1 }
    for row in rows where row[0] == [failed] {
      let successor = isBest ? row[1].min { (masters[$0], $0) < (masters[$1], $1) }! : row[1][0]
      masters[successor] += 1
    }
    return masters
  }

  /// The check itself: where two nodes share all their partitions, one's death doubles the other.
  @Test func pairsOfNodesAreNoticed() {
    let rows: Rows = (0..<1440).map { partition in
      let node = partition % 50
      return [[node], [node ^ 1, (node + 7) % 50], [], []]
    }
    #expect(takenOver(rows, from: 4, nodes: 50, isBest: false).max()! > 50)
  }
}
