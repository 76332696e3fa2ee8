/// The weight that has to move for sums to lie in their windows, beside what maps need for their own.
///
///     Σ over maps of  the cheapest rows, where a node costs (held ? 0 : 1) + π(node) + σ(node), less the worth of π in its windows
///       − Σ over nodes  of the most that a sum within its window is worth at σ
///
/// π: a map's own prices (`WeightedBound`), or none; σ: 1 where more is held today than the window of the sum has, −1
/// where less. It holds for any prices; of these, which follow from what is held, the Judge needs no word.
enum SumBound {
  /// In the group's numbers; nil where something is missing, so that rows have no length of their own. O(Σ P · R) for
  /// each choice.
  static func bound(
    _ group: DenseGroup, _ weights: GroupWeights, _ windows: WeightSums.Windows, _ plans: [Plan],
    from currents: [PlacementMap?]
  ) throws(PlatError) -> Int? {
    let nodes = 0..<group.nodeCount
    var held = nodes.map { _ in 0 }
    var rows: [Rows] = []
    for (map, cluster) in group.clusters.enumerated() where weights.scale[map] > 0 {
      guard let of = try Rows(cluster, weights.of[map], weights.scale[map], plans[map], currents[map]) else {
        return nil
      }
      of.addHeld(to: &held)
      rows.append(of)
    }
    let (above, below) = (
      nodes.map { windows.isActive[$0] && held[$0] > windows.bounds($0).upperBound },
      nodes.map { windows.isActive[$0] && held[$0] < windows.bounds($0).lowerBound }
    )
    var best: Int?
    for (dear, cheap) in [(true, true), (true, false), (false, true)] {
      let prices = nodes.map { node in (dear && above[node] ? 1 : 0) - (cheap && below[node] ? 1 : 0) }
      guard prices.contains(where: { $0 != 0 }) else { continue }
      var sum = Int128(0)
      for of in rows { sum += try of.cost(prices) }
      for node in nodes {
        sum -=
          prices[node] > 0
          ? Int128(windows.bounds(node).upperBound) : prices[node] < 0 ? -Int128(windows.bounds(node).lowerBound) : 0
      }
      best = max(best ?? 0, Int(clamping: sum))
    }
    return best
  }

  /// Of one map.
  private struct Rows {
    let problem: Problem
    let due: Due
    let weights: PartitionWeights
    let scale: Int
    /// Where the map has prices in weight.
    var own: (prices: [Int32], windows: WeightWindows)?

    init?(
      _ cluster: DenseCluster, _ weights: PartitionWeights, _ scale: Int, _ plan: Plan, _ current: PlacementMap?
    ) throws(PlatError) {
      (self.weights, self.scale) = (weights, scale)
      problem = try Problem(cluster, current: current, arena: Arena())
      let load: NodeTable<Int32> = try problem.arena.table(cluster.nodeCount)
      plan.target.countData(cluster, into: load)
      due = try Due(problem, held: load)
      let placed = (0..<cluster.nodeCount).reduce(0) { $0 + Int(load.base[$1]) }
      guard !due.isShort, placed == problem.partitionCount * problem.replicas else { return nil }
      if let windows = plan.weightWindows { own = (plan.certificate, windows) }
    }

    func addHeld(to held: inout [Int]) {
      for partition in 0..<min(problem.partitionCount, problem.heldPartitions) {
        let row = problem.heldRows + partition * problem.heldWidth
        for slot in problem.heldSlots where row[slot] != .none && problem.keeps[row[slot]] {
          held[row[slot].int] += weights.of[partition] * scale
        }
      }
    }

    /// What it costs at least with prices on top.
    func cost(_ prices: [Int]) throws(PlatError) -> Int128 {
      var best = try rows { Int32(prices[$0]) }
      if let own {
        var worth = Int128(0)
        for node in prices.indices {
          let price = Int128(own.prices[node])
          worth += max(price * Int128(own.windows.least[node]), price * Int128(own.windows.most[node]))
        }
        best = max(best, try rows { own.prices[$0] + Int32(prices[$0]) } - worth)
      }
      return best * Int128(scale)
    }

    private func rows(_ price: (Int) -> Int32) throws(PlatError) -> Int128 {
      let prices: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
      for node in 0..<problem.nodeCount { prices.base[node] = price(node) }
      let pricing = try RowPricing(problem, due, prices)
      var cost = Int128(0)
      for partition in 0..<problem.partitionCount {
        cost += Int128(pricing.costOfCheapest(partition)) * Int128(weights.of[partition])
      }
      return cost
    }
  }
}
