import PlatEngine
import TestSupport
import Testing

@Suite struct ScratchFanOut {
  @Test func fresh() throws {
    for (racks, partitions, slaves, limit) in [
      ([[50], [50], [50], [50]], 1000, 2, 10), ([[5, 5], [5, 5], [5, 5], [5, 5], [5, 5]], 1440, 2, 10),
      ([[5, 5], [5, 5], [5, 5], [5, 5], [5, 5]], 1440, 2, 2), ([[5, 5], [5, 5], [5, 5], [5, 5], [5, 5]], 1447, 2, 2), ([[5, 5], [5, 5], [5, 5], [5, 5], [5, 5]], 1447, 2, 3),
      ([[51]], 1440, 2, 2), ([[51]], 1440, 1, 1), ([[52]], 1440, 1, 1), ([[52]], 1441, 3, 3), ([[52]], 1441, 3, 10),
      (Array(repeating: [5], count: 20), 10000, 2, 10), (Array(repeating: [50], count: 20), 100000, 2, 10),
      ([[1, 3, 5, 7]], 512, 2, 10), ([[1, 3, 5, 7]], 512, 2, 4), ([[4], [4], [4]], 512, 2, 4), ([[2], [3], [3]], 512, 2, 4),
    ] {
      for weights in [[:], Dictionary(uniqueKeysWithValues: (0..<60).map { ($0, "\($0 % 3 + 1)") })] {
        var shape = QualityShape(racks: racks, partitions: partitions, rules: racks.count > 2 ? [QualityShape.atMost(1, inLevel: 0)] : racks[0].count > 3 ? [QualityShape.atMost(1, inLevel: 1)] : [])
        shape.constraints[1] = slaves
        shape.weights = weights
        var c = shape.cluster()
        c.settings.fanOut = FanOutLimit(outbound: limit, inbound: limit, strength: .hard)
        let one = try PlannedCase(DenseCluster(c), nil)
        print(c.nodes.count, partitions, slaves, "limit", limit, weights.isEmpty ? "" : "weighted", "got", one.report.fanOutOutbound, one.report.fanOutInbound, "unmet", one.report.unmet, one.report.isBalanced, one.report.load.map { "\($0.spread.least)…\($0.spread.greatest)" }, one.report.roleChanges)
      }
    }
  }
}
