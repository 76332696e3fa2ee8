/// What must move at least, in weight and in number, to any map whose loads lie in the same windows.
///
/// In weight it is the bound of `Certify`, every partition's row counted with its weight:
///
///     Σ over partitions of weight · (the cheapest legal row, where a node costs (held ? 0 : 1) + π(node))
///       − the most that loads within the windows, adding up to the total, are worth
///
/// which holds for any prices. It is the least for partitions that could be cut; what it lacks to the plan's own moves
/// is what they cannot.
///
/// In number it is the greatest of three counts: what is not held today wherever it is put; what nodes can keep at most
/// within their windows, lightest first; what nodes must receive at least to come up to theirs, heaviest first.
struct WeightedBound {
  private(set) var weight = 0
  private(set) var moves = 0
  /// What proves the weight: one a node.
  private(set) var prices: [Int32] = []
  let windows: WeightWindows

  /// A plan that leaves a window is in the windows widened up to it, and so are the maps that the bound is about.
  /// O(P · R) for each of a few choices of prices.
  init(_ weighing: Weighing, _ due: Due, _ weighed: WeightedDue) throws(PlatError) {
    let problem = weighing.problem
    let kept = try WeightedBound.mostKept(problem, due)
    let least: NodeTable<Int> = try problem.arena.table(problem.nodeCount)
    let most: NodeTable<Int> = try problem.arena.table(problem.nodeCount)
    var placed = 0
    for node in 0..<problem.nodeCount {
      least.base[node] = min(weighed.least.base[node], weighing.load.base[node])
      most.base[node] = max(weighed.most.base[node], weighing.load.base[node])
      placed += Int(weighing.count.base[node])
    }
    let isShort = placed < problem.partitionCount * problem.replicas
    windows = WeightWindows(
      least: (0..<problem.nodeCount).map { least.base[$0] }, most: (0..<problem.nodeCount).map { most.base[$0] },
      unit: weighing.unit)
    let held: NodeTable<Int> = try problem.arena.table(problem.nodeCount)
    let keepable: NodeTable<Int> = try problem.arena.table(problem.nodeCount)
    var keepableCount = 0
    for place in (0..<weighing.order.count).reversed() {
      let partition = weighing.order.base[place].int
      guard partition < problem.heldPartitions else { continue }
      let row = problem.heldRows + partition * problem.heldWidth
      for slot in problem.heldSlots where row[slot] != .none && problem.keeps[row[slot]] {
        held[row[slot]] += weighing.weight.base[partition]
        guard keepable[row[slot]] + weighing.weight.base[partition] <= most[row[slot]] else { continue }
        keepable[row[slot]] += weighing.weight.base[partition]
        keepableCount += 1
      }
    }
    let moved = weighing.moved
    moves = max(placed - kept, placed - keepableCount, WeightedBound.received(weighing, held, least), 0)
    moves = min(moves, moved.count)

    let search = WeightedPrices(weighing, due, least: least, most: most, isShort: isShort, enough: moved.weight)
    let best = try search.best(held: held)
    weight = max(0, min(max(best.bound, isShort ? 0 : outOfTheWay(weighing, most, kept: kept)), moved.weight))
    prices = (0..<problem.nodeCount).map { best.prices.base[$0] }
  }

  /// The most replicas that may stay where they are, by hard rules: of each row the most that can. O(P · R).
  private static func mostKept(_ problem: Problem, _ due: Due) throws(PlatError) -> Int {
    guard problem.replicas > 0, problem.nodeCount > 0 else { return 0 }
    // Who stays earns one, who comes nothing: the cheapest rows keep all that may be kept.
    let prices: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
    prices.fill(with: -1)
    let pricing = try RowPricing(problem, due, prices)
    return (0..<min(problem.partitionCount, problem.heldPartitions)).reduce(0) { $0 - pricing.costOfCheapest($1) }
  }

  /// What is missing must come, and what it does not find room for must go from there: the k heaviest come to k nodes
  /// at most, so as much goes as they weigh beyond the k greatest rooms, whatever k is. Only where all that is held may
  /// stay, so that what goes from one node is what another receives. O(P · R + N log N).
  private func outOfTheWay(_ weighing: Weighing, _ most: NodeTable<Int>, kept: Int) -> Int {
    let problem = weighing.problem
    var missing = [Int](repeating: problem.replicas, count: problem.partitionCount)
    var heldCount = 0
    var held = [Int](repeating: 0, count: problem.nodeCount)
    for partition in 0..<min(problem.partitionCount, problem.heldPartitions) {
      let row = problem.heldRows + partition * problem.heldWidth
      for slot in problem.heldSlots where row[slot] != .none && problem.keeps[row[slot]] {
        held[row[slot].int] += weighing.weight.base[partition]
        missing[partition] -= 1
        heldCount += 1
      }
    }
    guard heldCount == kept else { return 0 }
    var rooms = (0..<problem.nodeCount).filter { problem.receives.base[$0] }.map { max(0, most.base[$0] - held[$0]) }
    rooms.sort(by: >)
    var (coming, beyond, goes, next) = (0, 0, 0, 0)
    for place in 0..<weighing.order.count {
      let partition = weighing.order.base[place].int
      for _ in 0..<max(0, missing[partition]) {
        coming += weighing.weight.base[partition]
        beyond += weighing.weight.base[partition] - (next < rooms.count ? rooms[next] : 0)
        goes = max(goes, beyond)
        next += 1
      }
    }
    return coming + goes
  }

  /// Replicas that nodes must receive to come up to their windows, if each receives the heaviest that there are.
  private static func received(_ weighing: Weighing, _ held: NodeTable<Int>, _ least: NodeTable<Int>) -> Int {
    var upTo = [0]
    upTo.reserveCapacity(weighing.order.count + 1)
    for place in 0..<weighing.order.count { upTo.append(upTo[place] + weighing.weight[weighing.order.base[place]]) }
    var received = 0
    for node in 0..<held.count where held.base[node] < least.base[node] {
      var (low, high) = (0, upTo.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if upTo[middle] < least.base[node] - held.base[node] { low = middle + 1 } else { high = middle }
      }
      received += low
    }
    return received
  }
}
