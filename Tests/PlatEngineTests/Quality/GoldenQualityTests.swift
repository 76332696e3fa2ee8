@testable import PlatEngine
import TestSupport
import Testing

/// How good plans are, in `Tests/Golden/quality.tsv`: a change that worsens a row says why in its commit.
///
/// The hashes of the maps show too that debug and release builds plan the same.
/// `PLAT_UPDATE_GOLDEN=1 swift test --filter GoldenQuality` writes the table anew.
@Suite struct GoldenQuality {
  private static let table = GoldenTable("quality", columns: [
    "case", "nodes", "partitions", "replicas", "moves", "bound", "roleChanges", "master", "slave", "total",
    "failure", "brokenSoft", "unmet", "balanced", "fanOut", "map", "naiveMoves", "naiveMap",
  ])

  @Test func theTableIsAsItWas() throws {
    try Self.table.check(QualityCase.corpus.map { try Self.row($0) })
  }

  private static func row(_ quality: QualityCase) throws -> String {
    let (cluster, current) = try quality.make()
    let one = try PlannedCase(cluster, current)
    #expect(
      quality.gap == nil ? one.plan.movesLowerBound == one.moves : one.plan.movesLowerBound < one.moves,
      "\(quality.name): either at its bound, or with the reason why not")
    let naive = try naive(one)
    let spreads = Dictionary(uniqueKeysWithValues: one.report.load.map { ($0.state, $0.spread) })
    let columns: [String] = [
      quality.name, "\(cluster.nodeCount)", "\(cluster.partitionCount)",
      "\(DenseCluster.holdingData(cluster.cluster.settings).reduce(0, +))", "\(one.moves)",
      "\(one.plan.movesLowerBound)", "\(one.report.roleChanges)", GoldenTable.spread(spreads["master"]),
      GoldenTable.spread(spreads["slave"]),
      GoldenTable.spread(one.report.total), WorstFailure(one.plan.target, of: cluster).text,
      "\(one.report.brokenSoft)", "\(one.report.unmet)", "\(one.report.isBalanced)",
      "\(one.report.fanOutOutbound)/\(one.report.fanOutInbound)", String(mapHash(one.plan.target), radix: 16),
      naive.moves,
      naive.state,
    ]
    return columns.joined(separator: "\t")
  }

  /// The moves of the greedy planner, and whether its map is one that a plan might be: with fewer replicas, or with
  /// some nodes too full, fewer moves do.
  private static func naive(_ one: PlannedCase) throws -> (moves: String, state: String) {
    let (cluster, current) = (one.cluster, one.current)
    guard let current, current.partitionCount == cluster.partitionCount,
      cluster.nodeCount * cluster.partitionCount <= 200_000
    else { return ("-", "-") }
    let map = NaivePlanner.plan(cluster: cluster, current: current)
    let report = try Judge.judge(cluster, map: map, from: current)
    let loads = NaiveDue.heldCounts(cluster, map)
    let isInWindows = zip(loads, NaiveDue(cluster, map: map).windows).allSatisfy { $1.contains($0) }
    let isWhole = report.unmet <= one.report.unmet
    #expect(!isInWindows || !isWhole || report.moves >= one.plan.movesLowerBound)
    return ("\(report.moves)", isWhole ? isInWindows ? "balanced" : "out of balance" : "replicas missing")
  }

  /// What the table says about bounds is what an exact flow finds.
  @Test func boundsAreTheFlows() throws {
    for quality in QualityCase.corpus {
      let (cluster, current) = try quality.make()
      guard cluster.nodeCount * cluster.partitionCount <= 20_000 else { continue }
      let one = try PlannedCase(cluster, current)
      let oracle = try #require(one.oracle, "\(quality.name)")
      #expect(one.plan.movesLowerBound == oracle || one.isShort && one.plan.movesLowerBound < oracle, "\(quality.name)")
      #expect(one.moves >= oracle, "\(quality.name)")
    }
  }
}
