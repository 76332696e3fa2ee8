extension Judge {
  /// Moves that any maps of a group need which meet the same hard rules and are balanced, each and in sum.
  ///
  /// `each`: of every map alone, proved by its prices (`movesBound`). `together`: the sum of these, or what the sums
  /// ask for, whichever is more: every node must receive what it lacks of the least that it is due of all maps, and
  /// somebody whatever cannot stay within these windows. That holds for sums in their windows only; so where some
  /// node's sum in `maps` is not, it counts for nothing. O(maps · proving one).
  public static func movesBound(
    _ group: DenseGroup, maps: [PlacementMap], from currents: [PlacementMap?], prices: [[Int32]],
    interrupt: Interrupt? = nil
  ) throws(PlatError) -> (each: [Int], together: Int) {
    let each = try group.clusters.enumerated().map { index, cluster throws(PlatError) in
      try movesBound(
        cluster, map: maps[index], from: currents[index], prices: index < prices.count ? prices[index] : [],
        interrupt: interrupt)
    }
    return (each, try movesTogether(group, each: each, maps: maps, from: currents))
  }

  /// `together` of the same, where what each map needs is known. O(Σ P · R + N).
  static func movesTogether(
    _ group: DenseGroup, each: [Int], maps: [PlacementMap], from currents: [PlacementMap?]
  ) throws(PlatError) -> Int {
    var held = [Int](repeating: 0, count: group.nodeCount)
    var load = held
    var due = [Rational](repeating: .zero, count: group.nodeCount)
    var total = 0
    for (index, cluster) in group.clusters.enumerated() {
      let shares = Judge.due(cluster, map: maps[index]).total
      var sum = Rational.zero
      var latest: (share: Rational, before: Rational, after: Rational)?
      for node in due.indices {
        // Equal nodes share one rational, and mostly one sum so far.
        if latest?.share !== shares[node] || latest?.before !== due[node] {
          latest = (shares[node], due[node], due[node] + shares[node])
        }
        due[node] = latest!.after
        sum = sum + shares[node]
      }
      let demand = cluster.partitionCount * cluster.replicas
      total += min(demand, sum.floor ?? demand)
      for (node, count) in try live(cluster, maps[index]).enumerated() { load[node] += count }
      guard let current = currents[index] else { continue }
      for (node, count) in try live(cluster, current).enumerated() where !cluster.status[node].isDrained {
        held[node] += count
      }
    }
    let alone = each.reduce(0, +)
    let tolerance = group.group.shared.settings.exactTolerance
    var (lacking, clamped) = (0, 0)
    for node in due.indices {
      let tolerated = Tolerated(due[node], tolerance: tolerance)
      let isOpen = group.clusters.first?.status[node].isPinned ?? false
      let (least, most) = isOpen ? (0, Int.max) : (tolerated.belowLeast, tolerated.aboveMost)
      guard least <= load[node], load[node] <= most else { return alone }
      lacking += max(0, least - held[node])
      clamped += max(least, min(most, held[node]))
    }
    return max(alone, lacking + max(0, total - clamped))
  }

  /// What each node holds of a map, as far as it can be read.
  private static func live(_ cluster: DenseCluster, _ map: PlacementMap) throws(PlatError) -> [Int] {
    let context = try CheckContext(cluster, map: map, before: nil)
    let slots = try context.dataSlots(in: map)
    var count = [Int](repeating: 0, count: cluster.nodeCount)
    for partition in 0..<context.rowCount {
      let row = map.row(partition)
      for index in 0..<slots.count {
        let node = row[slots.base[index]].int
        if node < cluster.nodeCount, context.isLive.base[node] == 1 { count[node] += 1 }
      }
    }
    return count
  }
}
