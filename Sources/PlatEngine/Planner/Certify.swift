/// Stage 6: the lower bound on moves, from the potentials and nothing else.
///
/// Put a price on every node's load. For any prices π, no placement within the windows can cost less than
///
///     Σ over partitions of the cheapest legal row, where a node costs (held ? 0 : 1) + π(node)
///       − the most that any loads within the windows, adding up to the total, are worth
///
/// (Lagrange's bound.) A legal row is a choice under nested caps, so taking the cheapest node that still fits is
/// exact. With the prices that shortest paths leave behind, the bound is the least number of moves itself.
enum Certify {
  /// The bound. `prices`: N, any integers; they come back as those that prove it. `changed`: what `Keep` counted of
  /// today's rows; without it all are looked at. O(rows that are not whole · R + N log N); O(P · R) and more where
  /// prices make whole rows worth changing.
  static func movesLowerBound(
    _ problem: Problem, _ due: Due, prices: NodeTable<Int32>, changed: ChangedRows? = nil
  ) throws(PlatError) -> Int {
    guard problem.replicas > 0 else { return 0 }
    var best = try bound(problem, due, prices, changed)
    if !problem.near.isEmpty, !due.isShort {
      // Near rules are nothing to the flow whose prices these are: what each row costs by itself may prove more.
      let free: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
      let alone = try bound(problem, due, free)
      if alone > best {
        best = alone
        prices.fill(with: 0)
      }
    }
    guard due.isShort else { return max(0, best) }
    // In a shortage rows differ in length, so what all prices have in common counts too. The bound is concave in it.
    for step: Int32 in [1, -1] {
      for _ in 0...problem.replicas + 2 {  // as far as a row's cost can change; windows out of reach know no end
        shift(prices, by: step)
        let shifted = try bound(problem, due, prices)
        guard shifted > best else {
          shift(prices, by: -step)
          break
        }
        best = shifted
      }
    }
    return max(0, best)
  }

  private static func shift(_ prices: NodeTable<Int32>, by step: Int32) {
    for node in 0..<prices.count { prices.base[node] += step }
  }

  private static func bound(
    _ problem: Problem, _ due: Due, _ prices: NodeTable<Int32>, _ changed: ChangedRows? = nil
  ) throws(PlatError) -> Int {
    let pricing = try RowPricing(problem, due, prices)
    if let changed, let cost = pricing.costOfWhole(changed) {
      let rest = try costOfRest(problem, changed, pricing)
      return cost + rest - greatestWorth(problem, due, prices)
    }
    let held = min(problem.partitionCount, problem.heldPartitions)
    var cost = 0
    // What nobody holds costs the same, whichever partition it is.
    let fresh = problem.heldPartitions < problem.partitionCount ? pricing.costOfCheapest(problem.partitionCount - 1) : 0
    var partition = 0
    while partition < held {
      partition = pricing.addUnchanged(partition..<held, to: &cost)
      guard partition < held else { break }
      try problem.arena.throwIfInterrupted()
      cost += pricing.costOfCheapest(partition)
      partition += 1
    }
    cost += fresh * max(0, problem.partitionCount - problem.heldPartitions)
    return cost - greatestWorth(problem, due, prices)
  }

  /// What the rows that are not whole cost if each is the cheapest, on several threads. O(rows · R²) where prices are
  /// plain.
  private static func costOfRest(
    _ problem: Problem, _ changed: ChangedRows, _ pricing: RowPricing
  ) throws(PlatError) -> Int {
    let blocks = Blocks(problem.partitionCount, replicas: problem.replicas, threads: problem.threads)
    let pricings = try blocks.forEachWorker { worker throws(PlatError) in
      worker == 0 ? pricing : try pricing.another(problem)
    }
    let costs: NodeTable<Int> = try problem.arena.table(blocks.workers)
    blocks.run { worker, block in
      let pricing = pricings[worker]
      var cost = 0
      changed.forEachNotWhole(in: block) { if !problem.arena.isInterrupted { cost += pricing.costOfCheapest($0) } }
      costs.base[worker] += cost
    }
    try problem.arena.throwIfInterrupted()
    return (0..<blocks.workers).reduce(0) { $0 + costs.base[$1] }
  }

  /// The most that loads within the windows are worth: all at their least, and the rest to the dearest.
  private static func greatestWorth(_ problem: Problem, _ due: Due, _ prices: NodeTable<Int32>) -> Int {
    var worth = 0
    var left = due.total
    var roomAtPrice: [Int32: Int] = [:]  // sorted before use
    for node in 0..<problem.nodeCount {
      worth += Int(prices.base[node]) * Int(due.least.base[node])
      left -= Int(due.least.base[node])
      let room = Int(due.most.base[node] - due.least.base[node])
      if room > 0 { roomAtPrice[prices.base[node], default: 0] += room }
    }
    for (price, room) in roomAtPrice.sorted(by: { $0.key > $1.key }) {
      let taken = min(room, max(0, left))
      worth += Int(price) * taken
      left -= taken
    }
    return worth
  }
}

