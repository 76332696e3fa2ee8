extension Judge {
  /// Replicas and weight that must move at least, to any map that places as many replicas as `map` and whose loads lie
  /// in `windows`.
  ///
  /// In weight it is the bound of `movesBound`, every row counted with its partition's weight; or, where all that is
  /// held may stay, what has to make way for missing replicas that are heavier than the rooms there are. In number it
  /// is the greatest of three counts: what is held by nobody that may keep it; what nodes could keep within their
  /// windows, lightest first; what they must receive to come up to them, heaviest first. All of it is adding up.
  /// O(P · R² + P log P + N log N).
  public static func weightBound(
    _ cluster: DenseCluster, _ weights: PartitionWeights, map: PlacementMap, from current: PlacementMap?,
    prices: [Int32],
    windows: WeightWindows, interrupt: Interrupt? = nil
  ) throws(PlatError) -> (moves: Int, weight: Int) {
    guard cluster.replicas > 0, cluster.nodeCount > 0 else { return (0, 0) }
    let nothing = try PlacementMap(partitionCount: 0, slotCounts: cluster.wanted)
    let context = try CheckContext(cluster, map: current ?? nothing, before: nil, interrupt: interrupt)
    let target = try CheckContext(cluster, map: map, before: nil)
    let counts = try Windows(context, due(cluster, map: map).total)
    let placed = try target.countLive()
    let isShort = placed < cluster.partitionCount * cluster.replicas
    let kept = try mostKept(context, counts)
    let keepable = try Keepable(context, weights, windows)

    let price: NodeTable<Int> = try context.arena.table(cluster.nodeCount)
    for node in 0..<cluster.nodeCount { price.base[node] = priceInWeight(prices, node) }
    let cost = try costOfRows(context, counts, weights, price)
    let total = Int128(weights.total) * Int128(cluster.replicas)
    let worth = windows.greatestWorth(price, total: isShort || counts.isShort ? nil : total)
    let outOfTheWay = isShort || keepable.held != kept ? 0 : keepable.outOfTheWay(weights)
    // What each partition needs by itself, whatever the windows.
    let alone = isShort || counts.isShort ? [] : try rowsAlone(context, counts)
    let weightAlone = alone.enumerated().reduce(0) { $0 + $1.element * weights.of[$1.offset] }
    return (
      max(0, placed - kept, placed - keepable.count, keepable.lacking, alone.reduce(0, +)),
      max(0, outOfTheWay, weightAlone, Int(clamping: cost - worth))
    )
  }

  private static let mostPriceInWeight = 1 << 30

  /// Whatever a document says: none is 0, and no sum overflows.
  static func priceInWeight(_ prices: [Int32], _ node: Int) -> Int {
    node < prices.count ? max(-mostPriceInWeight, min(mostPriceInWeight, Int(prices[node]))) : 0
  }

  /// What the cheapest rows cost, each counted with its partition's weight. O(P · R).
  static func costOfRows(
    _ context: CheckContext, _ counts: Windows, _ weights: PartitionWeights, _ price: NodeTable<Int>
  ) throws(PlatError) -> Int128 {
    var rows = try CheapestRows(context, counts, price)
    var cost: Int128 = 0
    var fresh: Int?
    for partition in 0..<context.dense.partitionCount {
      try context.throwIfInterrupted(at: partition)
      let ofRow: Int
      if partition < context.rowCount {
        ofRow = rows.ofOne(partition)
      } else {
        ofRow = fresh ?? rows.ofOne(nil)
        fresh = ofRow
      }
      cost += Int128(ofRow) * Int128(weights.of[partition])
    }
    return cost
  }

  /// The most replicas that may stay where they are, by hard rules: each row the most that it can.
  private static func mostKept(_ context: CheckContext, _ windows: Windows) throws(PlatError) -> Int {
    // Who stays earns one, who comes nothing: the cheapest rows keep all that may be kept, and no more.
    let price: NodeTable<Int> = try context.arena.table(context.nodeCount)
    price.fill(with: -1)
    var rows = try CheapestRows(context, windows.short, price)
    return -(try rows.cost())
  }

  /// What nodes hold today and may keep.
  private struct Keepable {
    /// Replicas in all, and of those what fits into the nodes' windows, lightest first.
    private(set) var held = 0
    private(set) var count = 0
    /// Replicas that nodes must receive to come up to their windows, if each receives the heaviest that there are.
    private(set) var lacking = 0
    /// What nodes that may receive have room for, most first.
    private var rooms: [Int] = []
    /// Of each partition, how many replicas have to come.
    private var missing: [Int]

    init(_ context: CheckContext, _ weights: PartitionWeights, _ windows: WeightWindows) throws(PlatError) {
      let dense = context.dense
      let mastersOnly = dense.dataWanted.dropFirst().allSatisfy { $0 == 0 }
      func mayKeep(_ node: Int) -> Bool {
        dense.status[node].mayKeep && !(dense.status[node].isSlaveOnly && mastersOnly)
      }
      var load = [Int](repeating: 0, count: dense.nodeCount)
      var kept = load
      missing = [Int](repeating: dense.replicas, count: dense.partitionCount)
      let slots = try context.dataSlots(in: context.map)
      let lightest = (0..<dense.partitionCount).sorted { (weights.of[$0], $0) < (weights.of[$1], $1) }
      for partition in lightest where partition < context.rowCount {
        let row = context.map.row(partition)
        for index in 0..<slots.count {
          let node = row[slots.base[index]].int
          guard node < dense.nodeCount, mayKeep(node) else { continue }
          held += 1
          missing[partition] -= 1
          load[node] += weights.of[partition]
          guard kept[node] + weights.of[partition] <= windows.most[node] else { continue }
          kept[node] += weights.of[partition]
          count += 1
        }
      }
      var upTo = [0]
      for partition in lightest.reversed() { upTo.append(upTo[upTo.count - 1] + weights.of[partition]) }
      for node in 0..<dense.nodeCount {
        if dense.status[node].mayReceive { rooms.append(max(0, windows.most[node] - load[node])) }
        let lack = windows.least[node] - load[node]
        if lack > 0 { lacking += upTo.firstIndex { $0 >= lack } ?? upTo.count - 1 }
      }
      rooms.sort { $1 < $0 }
    }

    /// What is missing must come; and of its heaviest, wherever each of them goes, as much as the greatest rooms lack
    /// for them must go from there.
    func outOfTheWay(_ weights: PartitionWeights) -> Int {
      let coming = missing.indices.flatMap { Array(repeating: weights.of[$0], count: max(0, missing[$0])) }.sorted {
        $1 < $0
      }
      var (lacking, most) = (0, 0)
      for (place, weight) in coming.enumerated() {
        lacking += weight - (place < rooms.count ? rooms[place] : 0)
        most = max(most, lacking)
      }
      return coming.reduce(0, +) + most
    }
  }
}

extension Judge.CheckContext {
  /// Replicas of the map that can be read, in states that hold data.
  func countLive() throws(PlatError) -> Int {
    let slots = try dataSlots(in: map)
    var count = 0
    for partition in 0..<rowCount {
      let row = map.row(partition)
      for index in 0..<slots.count {
        let node = row[slots.base[index]].int
        if node < nodeCount, isLive.base[node] == 1 { count += 1 }
      }
    }
    return count
  }
}

extension WeightWindows {
  /// The most that loads within the windows are worth, adding up to `total` (nil: to anything).
  func greatestWorth(_ price: NodeTable<Int>, total: Int128?) -> Int128 {
    guard let total else {
      return least.indices.reduce(0) { worth, node in
        let (low, high) = (Int128(least[node]), Int128(most[node]))
        return worth + max(Int128(price.base[node]) * low, Int128(price.base[node]) * high)
      }
    }
    var worth: Int128 = 0
    var left = total
    for node in least.indices {
      worth += Int128(price.base[node]) * Int128(least[node])
      left -= Int128(least[node])
    }
    for node in least.indices.sorted(by: { (price.base[$1], $0) < (price.base[$0], $1) }) {
      let more = min(max(0, left), Int128(most[node] - least[node]))
      worth += Int128(price.base[node]) * more
      left -= more
    }
    return worth
  }
}

extension Judge {
  /// The first node whose windows leave out what it is due, or what it holds in `map`: bounds would then be about other
  /// maps. O(P · R), and exact arithmetic for each kind of node.
  public static func falseWindow(
    _ cluster: DenseCluster, _ weights: PartitionWeights, map: PlacementMap, _ windows: WeightWindows
  ) throws(PlatError) -> (node: Int, load: Int)? {
    let context = try CheckContext(cluster, map: map, before: nil)
    let held = Weighed(context, weights)
    let due = WeightDue(cluster, weights, held).total
    for node in 0..<cluster.nodeCount {
      let floor = due[node].floor ?? .max
      let ceiling = due[node].isInteger ? floor : floor + 1
      let (least, most) = (windows.least[node], windows.most[node])
      if !(least <= held.total[node] && held.total[node] <= most) || least > ceiling || most < floor {
        return (node, held.total[node])
      }
    }
    return nil
  }
}
