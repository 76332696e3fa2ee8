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
  /// The bound. `prices`: N, any integers; they come back as those that prove it. O(P · R + N log N), more for rows that prices make worth changing.
  static func movesLowerBound(
    _ problem: Problem, _ due: Due, prices: NodeTable<Int32>
  ) throws(PlatError) -> Int {
    guard problem.replicas > 0 else { return 0 }
    var best = try bound(problem, due, prices)
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

  private static func bound(_ problem: Problem, _ due: Due, _ prices: NodeTable<Int32>) throws(PlatError) -> Int {
    let market = try Market(problem, due, prices)
    var cost = 0
    for partition in 0..<problem.partitionCount {
      cost += market.costOfUnchanged(partition) ?? market.costOfCheapest(partition)
    }
    return cost - greatestWorth(problem, due, prices)
  }

  /// The most that loads within the windows are worth: all at their least, and the rest to the dearest.
  private static func greatestWorth(_ problem: Problem, _ due: Due, _ prices: NodeTable<Int32>) -> Int {
    var worth = 0
    var left = due.total
    var roomAtPrice: [(price: Int, room: Int)] = []
    for node in 0..<problem.nodeCount {
      worth += Int(prices.base[node]) * Int(due.least.base[node])
      left -= Int(due.least.base[node])
      let room = Int(due.most.base[node] - due.least.base[node])
      if room > 0 { roomAtPrice.append((Int(prices.base[node]), room)) }
    }
    roomAtPrice.sort { $0 > $1 }
    for (price, room) in roomAtPrice {
      let taken = min(room, max(0, left))
      worth += price * taken
      left -= taken
    }
    return worth
  }
}

/// Nodes by price, for choosing the cheapest row of a partition.
private struct Market {
  private let problem: Problem
  private let due: Due
  private let prices: NodeTable<Int32>
  /// Nodes that may receive, cheapest first, and of each leaf box no more than a row could ever need.
  private let cheapest: [NodeIndex]
  private let leastPrice: Int

  init(_ problem: Problem, _ due: Due, _ prices: NodeTable<Int32>) throws(PlatError) {
    self.problem = problem
    self.due = due
    self.prices = prices
    let needed = problem.replicas + problem.heldSlots.count
    var ranked: [(price: Int32, rank: Int, node: NodeIndex)] = []
    for nodes in problem.leafBoxes {
      let open = nodes.filter { problem.receives.base[$0] && due.most.base[$0] > 0 }
        .sorted { (prices.base[$0], $0) < (prices.base[$1], $1) }
      for (rank, node) in open.prefix(needed).enumerated() {
        ranked.append((prices.base[node], rank, NodeIndex(node)))
      }
    }
    ranked.sort { ($0.price, $0.rank, $0.node) < ($1.price, $1.rank, $1.node) }
    cheapest = ranked.map(\.node)
    leastPrice = Int(ranked.first?.price ?? 0)
  }

  /// The cost of keeping the row as it is, where that is plainly the cheapest: it is whole, legal, and no node of
  /// it costs more than the cheapest newcomer. Nil otherwise.
  @inline(__always) func costOfUnchanged(_ partition: Int) -> Int? {
    guard let current = problem.current, partition < current.partitionCount,
      problem.heldSlots.count == problem.replicas, !due.isShort
    else { return nil }
    let row = current.row(partition)
    var cost = 0
    for slot in problem.heldSlots {
      let node = row[slot]
      guard node != .none, problem.keeps[node], due.most[node] > 0 else { return nil }
      let price = Int(prices[node])
      guard price <= leastPrice + 1 else { return nil }
      cost += price
      for cap in problem.hard {
        let container = cap.containerOfNode[node]
        var count = 0
        for other in problem.heldSlots where row[other] != .none {
          if cap.containerOfNode[row[other]] == container { count += 1 }
        }
        if count > cap.most { return nil }
      }
    }
    return cost
  }

  /// The cheapest legal row: held nodes and newcomers merged by price, each taken where the caps still allow.
  func costOfCheapest(_ partition: Int) -> Int {
    var held: [NodeIndex] = []
    if let current = problem.current, partition < current.partitionCount {
      let row = current.row(partition)
      for slot in problem.heldSlots where row[slot] != .none {
        if problem.keeps[row[slot]], due.most[row[slot]] > 0 { held.append(row[slot]) }
      }
      held.sort { (prices[$0], $0) < (prices[$1], $1) }
    }
    var chosen: [NodeIndex] = []
    var cost = 0
    var nextHeld = 0
    var nextNew = 0
    while chosen.count < problem.replicas {
      while nextNew < cheapest.count, held.contains(cheapest[nextNew]) { nextNew += 1 }
      let heldPrice = nextHeld < held.count ? Int(prices[held[nextHeld]]) : Int.max
      let newPrice = nextNew < cheapest.count ? Int(prices[cheapest[nextNew]]) + 1 : Int.max
      let price = min(heldPrice, newPrice)
      // In a shortage a row may stay short, and does where one more costs something.
      guard price != Int.max, !due.isShort || price < 0 else { break }
      let node = heldPrice <= newPrice ? held[nextHeld] : cheapest[nextNew]
      if heldPrice <= newPrice { nextHeld += 1 } else { nextNew += 1 }
      guard fits(node, with: chosen) else { continue }
      chosen.append(node)
      cost += price
    }
    return cost
  }

  private func fits(_ node: NodeIndex, with chosen: [NodeIndex]) -> Bool {
    problem.hard.allSatisfy { cap in
      let container = cap.containerOfNode[node]
      return chosen.reduce(0) { $0 + (cap.containerOfNode[$1] == container ? 1 : 0) } < cap.most
    }
  }
}
