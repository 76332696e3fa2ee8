extension Judge {
  /// The weight that must move at least, in the group's numbers, to any maps of which each has its loads in the plan's
  /// windows and whose sums are balanced, or no farther from it than those of `maps`. Nil where something is missing.
  ///
  /// Every map's rows at their cheapest, where a node costs (held ? 0 : 1), the map's own price less what that is worth
  /// in its windows, and 1 more where today's maps hold more than the sum's window, 1 less where they hold less; from
  /// which goes what sums within their windows are worth at that. All of it is adding up. O(Σ P · R² + N log N).
  public static func sumBound(
    _ group: DenseGroup, _ weights: GroupWeights, maps: [PlacementMap], from currents: [PlacementMap?],
    prices: [[Int32]],
    windows: [WeightWindows?], interrupt: Interrupt? = nil
  ) throws(PlatError) -> Int? {
    let ofSums = try GroupWeightBalance(group, weights, maps, []).total.map {
      min($0.window.lowerBound, $0.held)...max($0.window.upperBound, $0.held)
    }
    let nodes = 0..<group.nodeCount
    var rows: [(map: Int, context: CheckContext, counts: Windows)] = []
    var held = nodes.map { _ in 0 }
    for (map, cluster) in group.clusters.enumerated() where weights.scale[map] > 0 {
      let nothing = try PlacementMap(partitionCount: 0, slotCounts: cluster.wanted)
      let context = try CheckContext(cluster, map: currents[map] ?? nothing, before: nil, interrupt: interrupt)
      let counts = try Windows(context, due(cluster, map: maps[map]).total)
      guard !counts.isShort,
        try CheckContext(cluster, map: maps[map], before: nil).countLive() == cluster.partitionCount * cluster.replicas
      else { return nil }
      let slots = try context.dataSlots(in: context.map)
      for partition in 0..<context.rowCount {
        for index in 0..<slots.count {
          let node = context.map.row(partition)[slots.base[index]].int
          if node < group.nodeCount { held[node] += weights.of[map].of[partition] * weights.scale[map] }
        }
      }
      rows.append((map, context, counts))
    }
    let isActive = group.group.shared.nodes.map { $0.status.hasShare }
    func sign(_ node: Int) -> Int {
      !isActive[node] ? 0 : held[node] > ofSums[node].upperBound ? 1 : held[node] < ofSums[node].lowerBound ? -1 : 0
    }
    var best: Int?
    for signs in [[1, -1], [1], [-1]] {
      let onTop = nodes.map { signs.contains(sign($0)) ? sign($0) : 0 }
      guard onTop.contains(where: { $0 != 0 }) else { continue }
      var sum = Int128(0)
      for (map, context, counts) in rows {
        func cost(_ own: [Int32]) throws(PlatError) -> Int128 {
          let price: NodeTable<Int> = try context.arena.table(group.nodeCount)
          for node in nodes { price.base[node] = priceInWeight(own, node) }
          let worth = own.isEmpty ? 0 : windows[map]?.greatestWorth(price, total: nil) ?? 0
          for node in nodes { price.base[node] += onTop[node] }
          return try costOfRows(context, counts, weights.of[map], price) - worth
        }
        var ofMap = try cost([])
        if map < prices.count, map < windows.count, windows[map] != nil { ofMap = max(ofMap, try cost(prices[map])) }
        sum += ofMap * Int128(weights.scale[map])
      }
      for node in nodes where onTop[node] != 0 {
        sum -= onTop[node] > 0 ? Int128(ofSums[node].upperBound) : -Int128(ofSums[node].lowerBound)
      }
      best = max(best ?? 0, Int(clamping: sum))
    }
    return best
  }
}
