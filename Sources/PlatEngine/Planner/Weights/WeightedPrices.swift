/// Looks for the prices that prove most.
///
/// First the few that prove what must leave nodes above their windows, or come to those below. Then up and down by one,
/// where what the cheapest rows bring a node, or a box of nodes, does not fit its window: the bound is concave in the
/// prices, and whole numbers reach its top.
struct WeightedPrices {
  private let weighing: Weighing
  private let due: Due
  private let least: NodeTable<Int>
  private let most: NodeTable<Int>
  private let isShort: Bool
  private let enough: Int

  private static let steepest: Int32 = 8

  init(_ weighing: Weighing, _ due: Due, least: NodeTable<Int>, most: NodeTable<Int>, isShort: Bool, enough: Int) {
    self.weighing = weighing
    self.due = due
    self.least = least
    self.most = most
    self.isShort = isShort || due.isShort
    self.enough = enough
  }

  /// `held`: what each node could keep. O(P · R) for each choice of prices: at most 6 of them for large maps.
  func best(held: NodeTable<Int>) throws(PlatError) -> (bound: Int, prices: NodeTable<Int32>) {
    let problem = weighing.problem
    let demand: NodeTable<Int> = try problem.arena.table(problem.nodeCount)
    var left = max(6, TrialLimits.WeightedPrices.effort / max(problem.partitionCount, 1))
    func trial(_ price: (NodeIndex) -> Int32) throws(PlatError) -> (bound: Int, prices: NodeTable<Int32>) {
      let prices: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
      for node in 0..<problem.nodeCount { prices.base[node] = price(NodeIndex(node)) }
      left -= 1
      return (try bound(prices, demand), prices)
    }
    var best = try trial { held[$0] > most[$0] ? 1 : 0 }
    let others: [(NodeIndex) -> Bool] = [{ held[$0] >= least[$0] }, { held[$0] > least[$0] }, { _ in false }]
    for isDear in others where best.bound < enough && problem.heldPartitions > 0 {
      let next = try trial { isDear($0) ? 1 : 0 }
      if next.bound > best.bound { best = next }
    }
    guard problem.heldPartitions > 0 else { return best }
    var improved = true
    while improved, best.bound < enough, left > 0 {
      improved = false
      let prices = best.prices
      _ = try bound(prices, demand)
      for (set, step) in directions(demand) where left > 0 && best.bound < enough {
        let next = try trial { set[$0.int] ? max(-Self.steepest, min(Self.steepest, prices[$0] + step)) : prices[$0] }
        guard next.bound > best.bound else { continue }
        best = next
        improved = true
        break
      }
    }
    return best
  }

  /// Sets of nodes whose price should go up or down, the most promising first.
  private func directions(_ demand: NodeTable<Int>) -> [(set: [Bool], step: Int32)] {
    let problem = weighing.problem
    let nodes = 0..<problem.nodeCount
    var directions: [(set: [Bool], step: Int32)] = []
    func add(_ step: Int32, _ isIn: (Int) -> Bool) {
      let set = nodes.map(isIn)
      if set.contains(true), set.contains(false) { directions.append((set, step)) }
    }
    add(1) { demand.base[$0] > most.base[$0] }
    add(-1) { demand.base[$0] < least.base[$0] }
    add(1) { demand.base[$0] >= most.base[$0] }
    add(-1) { demand.base[$0] <= least.base[$0] }
    let boxes = problem.leafBoxes.indices.map { box -> (box: Int, off: Int, step: Int32) in
      var (sum, low, high) = (0, 0, 0)
      for node in problem.leafBoxes[box] {
        sum += demand.base[node]
        low += least.base[node]
        high += most.base[node]
      }
      return sum > high ? (box, sum - high, 1) : (box, max(0, low - sum), -1)
    }
    for (box, off, step) in boxes.sorted(by: { ($1.off, $0.box) < ($0.off, $1.box) }).prefix(
      TrialLimits.WeightedPrices.boxesTried)
    where off > 0 {
      add(step) { problem.leafBoxOfNode.base[$0].int == box }
    }
    let apart = nodes.map { max(0, demand.base[$0] - most.base[$0], least.base[$0] - demand.base[$0]) }
    for node in nodes.sorted(by: { (apart[$1], $0) < (apart[$0], $1) }).prefix(TrialLimits.WeightedPrices.boxesTried)
    where apart[node] > 0 {
      add(demand.base[node] > most.base[node] ? 1 : -1) { $0 == node }
    }
    return directions
  }

  /// For any prices. `demand`: the weight that the cheapest rows bring each node.
  func bound(_ prices: NodeTable<Int32>, _ demand: NodeTable<Int>) throws(PlatError) -> Int {
    let problem = weighing.problem
    guard problem.replicas > 0 else { return 0 }
    let pricing = try RowPricing(problem, due, prices)
    demand.fill(with: 0)
    var cost: Int128 = 0
    for partition in 0..<problem.partitionCount {
      let weight = weighing.weight.base[partition]
      var ofRow = 0
      if partition < problem.heldPartitions, pricing.addUnchanged(partition..<(partition + 1), to: &ofRow) > partition {
        let row = problem.heldRows + partition * problem.heldWidth
        for slot in 0..<problem.replicas { demand[row[slot]] += weight }
      } else {
        ofRow = pricing.costOfCheapest(partition) { demand[$0] += weight }
      }
      cost += Int128(ofRow) * Int128(weight)
    }
    let total = Int128(weighing.total) * Int128(problem.replicas)
    return Int(clamping: cost - Self.greatestWorth(prices, least, most, total: isShort ? nil : total))
  }

  /// The most that loads within the windows are worth, adding up to `total` (nil: to anything).
  private static func greatestWorth(
    _ prices: NodeTable<Int32>, _ least: NodeTable<Int>, _ most: NodeTable<Int>, total: Int128?
  ) -> Int128 {
    var worth: Int128 = 0
    guard let total else {
      for node in 0..<prices.count {
        let price = Int128(prices.base[node])
        worth += max(price * Int128(least.base[node]), price * Int128(most.base[node]))
      }
      return worth
    }
    var left = total
    for node in 0..<prices.count {
      worth += Int128(prices.base[node]) * Int128(least.base[node])
      left -= Int128(least.base[node])
    }
    for node in (0..<prices.count).sorted(by: { (prices.base[$1], $0) < (prices.base[$0], $1) }) {
      let taken = min(max(0, left), Int128(most.base[node] - least.base[node]))
      worth += Int128(prices.base[node]) * taken
      left -= taken
    }
    return worth
  }
}
