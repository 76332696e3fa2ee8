import PlatEngine
import TestSupport
import Testing

/// Hard limits on tiny clusters, beside trying everything.
@Suite struct FanOutExhaustive {
  private struct Tally: CustomStringConvertible {
    var seen = 0
    var full = 0, unplaced = 0
    var windowed = 0, outside = 0
    /// The same of clusters that ask for more replicas than a partition can have.
    var lessWindowed = 0, lessOutside = 0
    var least = 0, more = 0, moreMoves = 0, loose = 0
    var description: String {
      "\(seen) seen; \(full) can be placed, \(unplaced) were not; \(windowed) in their windows, \(outside) were not; of less \(lessWindowed) and \(lessOutside); "
        + "\(least) with moves to compare, \(more) took more: \(moreMoves); bounds \(loose) below"
    }
  }

  private static let shape = RandomCluster.Shape {
    $0.rulesOverAllStates = true
    $0.noMaintenance = true
    $0.nodes = 3...5
    $0.partitions = 2...5
  }

  @Test func besideTryingEverything() {
    var tally = Tally()
    forAllSeeds(0..<800) { seed in
      let (cluster, current) = try RandomCluster.limited(seed, .tiny, .hard, Self.shape)
      let limit = cluster.cluster.settings.fanOut
      guard cluster.replicas > 1, cluster.wanted[0] > 0,
        min(limit?.outbound ?? 9, limit?.inbound ?? 9) < cluster.nodeCount - 1
      else { return }
      tally.seen += 1
      let one = try PlannedCase(cluster, current)
      guard let any = FanOutSearch.leastMoves(cluster: cluster, current: current, windows: nil) else {
        try holds(one.report.unmet > 0, "all placed where that cannot be\n\(one.text)")
        return
      }
      tally.full += 1
      // What no partition can have is not missing.
      let forced = cluster.partitionCount * (cluster.wanted.reduce(0, +) - cluster.replicas)
      let isPlaced = one.report.unmet == forced
      if !isPlaced { tally.unplaced += 1 }
      try holds(!isPlaced || one.moves >= any, "\(one.moves) moves, fewer than \(any)\n\(one.text)")
      guard let least = FanOutSearch.leastMoves(cluster: cluster, current: current, windows: one.due.windows) else {
        return
      }
      if forced > 0 { tally.lessWindowed += 1 } else { tally.windowed += 1 }
      try holds(one.plan.movesLowerBound <= least, "bound \(one.plan.movesLowerBound), and \(least) do\n\(one.text)")
      guard isPlaced else { return }
      guard zip(one.loads, one.due.windows).allSatisfy({ $1.contains($0) }) else {
        if forced > 0 { tally.lessOutside += 1 } else { tally.outside += 1 }
        return
      }
      tally.least += 1
      try holds(one.moves >= least, "\(one.moves) moves, fewer than \(least)\n\(one.text)")
      if one.plan.movesLowerBound < least { tally.loose += least - one.plan.movesLowerBound }
      if one.moves > least {
        tally.more += 1
        tally.moreMoves += one.moves - least
      }
    }
    // Whether any map is within such limits is a hard question (it contains exact covers); and so is the way to it.
    #expect(tally.full > 100 && 50 * tally.unplaced <= tally.full, "\(tally)")
    #expect(8 * tally.lessOutside <= tally.lessWindowed, "\(tally)")
    #expect(15 * tally.outside <= tally.windowed && 50 * tally.more <= tally.least, "\(tally)")
  }
}
