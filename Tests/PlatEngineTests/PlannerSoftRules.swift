import PlatEngine
import TestSupport
import Testing

/// Soft rules are broken only where there is no other way.
@Suite struct PlannerSoftRules {
  /// Where a new replica could have taken other partitions from the same nodes, which its rack has not yet, it did:
  /// giving one back for another would cost no move, and change no node's load or masters.
  @Test func aNewReplicaTakesWhatBreaksNoSoftRule() throws {
    let quality = try #require(QualityCase.corpus.first { $0.name == "hard zones, soft racks: a node joins" })
    let (cluster, current) = try quality.make()
    let one = try PlannedCase(cluster, current)
    let newReplica = try #require(cluster.cluster.nodes.firstIndex { $0.name == "z1.r0.n5" })
    let rows = traded(one, newReplica: newReplica)
    let other = try PlannedCase(cluster, current, target: PlacementMap.make(rows, least: cluster.wanted))
    try other.checkConsistent()
    #expect(other.moves == one.moves && other.loads == one.loads && other.report.isBalanced)
    #expect(one.report.brokenSoft <= other.report.brokenSoft)
  }

  /// The plan's rows, where what the new replica got from a node is changed for what breaks no soft rule.
  private func traded(_ one: PlannedCase, newReplica: Int) -> Rows {
    let racks = one.cluster.levels[1].containerOfNode
    let before = one.holdersBefore
    var rows = one.plan.target.rows
    func isCrowded(_ row: [[Int]], _ node: Int) -> Bool {
      row.joined().count { racks[$0] == racks[newReplica] && $0 != node } > 0
    }
    func replacing(_ old: Int, by new: Int, in row: [[Int]]) -> [[Int]] { row.map { $0.map { $0 == old ? new : $0 } } }
    for given in rows.indices where rows[given].joined().contains(newReplica) && isCrowded(rows[given], newReplica) {
      let state = rows[given].firstIndex { $0.contains(newReplica) }!
      let trade = rows.indices.lazy.flatMap { taken in before[given].map { (taken: taken, node: $0) } }.first { trade in
        let row = rows[trade.taken]
        return !rows[given].joined().contains(trade.node) && row[state].contains(trade.node)
          && before[trade.taken].contains(trade.node) && !row.joined().contains(newReplica)
          && !isCrowded(row, trade.node)
          && ExhaustiveSearch.meetsHardRules(one.cluster, replacing(trade.node, by: newReplica, in: row))
      }
      guard let trade else { continue }
      rows[trade.taken] = replacing(trade.node, by: newReplica, in: rows[trade.taken])
      rows[given] = replacing(newReplica, by: trade.node, in: rows[given])
    }
    return rows
  }
}
