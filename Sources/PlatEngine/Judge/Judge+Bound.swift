extension Judge {
  /// A whole number for each node that proves how few moves any map needs: what a plan's certificate holds.
  ///
  /// Let every node charge a price for each replica that it has. Whatever the prices, no map within the windows needs
  /// fewer moves than
  ///
  ///     what all partitions pay, if each chooses its cheapest legal row, where a node that holds the partition
  ///       costs its price and any other one more
  ///     − the most that loads within the windows can earn
  ///
  /// since in that map each partition pays for the row that it has, and the nodes earn what is paid but for the moves.
  /// (Lagrange's bound; the prices are the dual of a minimum-cost flow.) So prices that are wrong prove less, never too
  /// much, and checking them solves nothing.
  ///
  /// What a hard limit on peers forces (`movesForPeers`) needs no prices; the greater of the two counts.
  ///
  /// The windows are recounted here: floor and ceiling of each node's due beside `map`, or of what is tolerated; for a
  /// node in maintenance, at most what it holds in `map`. Legal is what hard `atMost` rules allow of one partition in a
  /// container. `prices` beyond ± 2^30 count as that, nodes beyond the array as 0. O(P · R² + N log N), more for rows
  /// that do not stay.
  public static func movesBound(
    _ cluster: DenseCluster, map: PlacementMap, from current: PlacementMap?, prices: [Int32],
    interrupt: Interrupt? = nil
  ) throws(PlatError) -> Int {
    guard cluster.replicas > 0 else { return 0 }
    let nothing = try PlacementMap(partitionCount: 0, slotCounts: cluster.wanted)
    let context = try CheckContext(cluster, map: current ?? nothing, before: nil, interrupt: interrupt)
    let windows = try Windows(context, due(cluster, map: map).total)
    let price: NodeTable<Int> = try context.arena.table(cluster.nodeCount)
    for node in 0..<cluster.nodeCount {
      price.base[node] = node < prices.count ? max(-mostPrice, min(mostPrice, Int(prices[node]))) : 0
    }
    var rows = try CheapestRows(context, windows, price)
    // No more than 2^31 slots at 2^30 each on either side: the difference fits.
    let priced = max(0, try rows.cost() - windows.greatestWorth(price))
    if windows.isShort { return priced }
    return max(priced, try movesForPeers(context), try rowsWithMasters(context, windows).reduce(0, +))
  }

  /// Of each partition the moves that it needs by itself: what its cheapest row costs, or what it lacks of nodes that
  /// may be master, whichever is more. Nodes in maintenance may not. Empty where no node is in maintenance.
  static func rowsWithMasters(_ context: CheckContext, _ windows: Windows) throws(PlatError) -> [Int] {
    let dense = context.dense
    guard dense.status.contains(where: \.isPinned) else { return [] }
    return try rowsAlone(context, windows)
  }

  /// The same, whoever is in maintenance.
  static func rowsAlone(_ context: CheckContext, _ windows: Windows) throws(PlatError) -> [Int] {
    let dense = context.dense
    let free: NodeTable<Int> = try context.arena.table(dense.nodeCount)
    var rows = try CheapestRows(context, windows, free)
    let slots = try context.dataSlots(in: context.map)
    var ofNew: Int?
    return try (0..<dense.partitionCount).map { partition throws(PlatError) in
      try context.throwIfInterrupted(at: partition)
      guard partition < context.rowCount else {
        let cost = ofNew ?? max(rows.ofOne(nil), dense.dataWanted[0])
        ofNew = cost
        return cost
      }
      var leaders = 0
      for index in 0..<slots.count {
        let node = context.map.row(partition)[slots.base[index]].int
        if node < dense.nodeCount, dense.status[node].mayReceive { leaders += 1 }
      }
      return max(rows.ofOne(partition), dense.dataWanted[0] - leaders)
    }
  }

  private static let mostPrice = 1 << 30

  /// Between which whole numbers each node's load lies in a balanced map.
  struct Windows {
    let least: NodeTable<Int>
    let most: NodeTable<Int>
    /// Replicas of all nodes together.
    let total: Int
    /// Fewer than are asked for.
    private(set) var isShort: Bool

    /// The same where rows may be shorter.
    var short: Windows {
      var windows = self
      windows.isShort = true
      return windows
    }

    init(_ context: CheckContext, _ due: [Rational]) throws(PlatError) {
      let dense = context.dense
      least = try context.arena.table(dense.nodeCount)
      most = try context.arena.table(dense.nodeCount)
      var sum = Rational.zero
      var first = 0
      while first < dense.nodeCount {
        // Equal nodes share one rational, and follow one another more often than not.
        var end = first + 1
        while end < dense.nodeCount, due[end] === due[first] { end += 1 }
        let due = due[first]
        let ceiling = (due.floor ?? dense.partitionCount) + (due.isInteger ? 0 : 1)
        let tolerated = Tolerated(due, tolerance: context.settings.exactTolerance)
        for node in first..<end {
          let isKept = dense.status[node].isPinned
          least.base[node] = isKept ? 0 : tolerated.belowLeast
          most.base[node] = isKept ? ceiling : min(tolerated.aboveMost, max(ceiling, dense.capacity[node]))
        }
        sum = sum + due * Rational(end - first)
        first = end
      }
      let demand = dense.partitionCount * dense.replicas
      total = min(demand, sum.floor ?? demand)
      isShort = total < demand
    }

    /// The most that loads within the windows, adding up to the total, earn: all at their least, the rest where it
    /// earns most. O(N log N).
    func greatestWorth(_ price: NodeTable<Int>) -> Int {
      var worth = 0
      var left = total
      for node in 0..<price.count {
        worth += price.base[node] * least.base[node]
        left -= least.base[node]
      }
      let dearest = (0..<price.count).filter { most.base[$0] > least.base[$0] }
        .sorted { (price.base[$1], $0) < (price.base[$0], $1) }
      for node in dearest {
        guard left > 0 else { break }
        let more = min(left, most.base[node] - least.base[node])
        worth += price.base[node] * more
        left -= more
      }
      return worth
    }
  }
}
