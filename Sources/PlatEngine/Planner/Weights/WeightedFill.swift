/// Gives every missing replica a node, heaviest first to the node that lacks most: what is light levels out what is
/// heavy. On a fresh map that is all there is to do but for the last touch.
enum WeightedFill {
  /// Partitions that are missing replicas, and weigh more than `above`. O(P · R · log N).
  static func run(_ weighing: Weighing, _ due: WeightedDue, above: Int = -1) throws(PlatError) {
    var room = WeightedReceiverPool(weighing, due)
    var countsReplicas = false
    let way = try MakingWay(weighing, due)
    var left = missingWeight(weighing)
    var looked = Int.max
    for place in 0..<weighing.order.count {
      let partition = weighing.order.base[place].int
      let weight = weighing.weight.base[partition]
      guard weight > above else { break }
      if weight == 0 || weight <= looked / 2, !countsReplicas {
        looked = weight
        if weight == 0 || isNegligible(left, weighing, due) {
          // What weighs next to nothing is spread by number.
          room = WeightedReceiverPool(weighing, due, counts: true)
          countsReplicas = true
        }
      }
      let row = weighing.row(partition)
      for slot in 0..<weighing.replicas where row[slot] == .none {
        guard let first = room.take(partition, leaving: -1, withinWindow: false) else { break }
        let node = way.node(for: partition, insteadOf: first)
        weighing.set(partition, slot, to: node)
        room.update(node)
        left -= weight
      }
    }
  }

  /// What all missing replicas weigh. O(P · R).
  private static func missingWeight(_ weighing: Weighing) -> Int {
    (0..<weighing.order.count).reduce(0) { sum, partition in
      let row = weighing.row(partition)
      return sum + weighing.weight.base[partition] * (0..<weighing.replicas).count { row[$0] == .none }
    }
  }

  /// Whether so much weight, wherever it goes, leaves nodes that are all within their windows about as far from one
  /// another as they are. O(N).
  static func isNegligible(_ left: Int, _ weighing: Weighing, _ due: WeightedDue) -> Bool {
    var (least, most) = (Int.max, Int.min)
    for index in 0..<due.due.count where weighing.hasRoom(NodeIndex(index)) {
      let load = weighing.load.base[index]
      guard due.least.base[index] <= load, load + left <= due.most.base[index] else { return false }
      least = min(least, due.due.base[index] - load)
      most = max(most, due.due.base[index] - load)
    }
    return least <= most && (most - least) / 16 >= left
  }

  /// An *oversized partition* outweighs what any node without one is due. Nodes that hold two of them give the lighter
  /// away while some node without may have it, but for nodes in their window by a tolerance. Returns the weight of the
  /// lightest oversized partition, less one; nil: there are none.
  static func separateOversized(_ weighing: Weighing, _ due: WeightedDue) throws(PlatError) -> Int? {
    guard let above = oversizedAbove(weighing) else { return nil }
    let problem = weighing.problem
    let oversized: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
    let isKept: NodeTable<Bool> = try problem.arena.table(problem.nodeCount)
    let count = (0..<weighing.order.count).count { weighing.weight[weighing.order.base[$0]] > above }
    for place in 0..<count {
      let row = weighing.row(weighing.order.base[place].int)
      for slot in 0..<weighing.replicas where row[slot] != .none { oversized[row[slot]] += 1 }
    }
    for place in 0..<count {
      let partition = weighing.order.base[place].int
      let row = weighing.row(partition)
      for slot in 0..<weighing.replicas where row[slot] != .none {
        let node = row[slot]
        let isTolerated = due.isTolerant && weighing.load[node] <= due.most[node]
        if isKept[node], !isTolerated, let free = freeOfOversized(weighing, due, oversized, row, slot) {
          weighing.set(partition, slot, to: free)
          oversized[node] -= 1
          oversized[free] += 1
          isKept[free] = true
        }
        isKept[node] = true
      }
    }
    return above
  }

  /// Oversized partitions that one node has too many of in the sum of several maps go to nodes without, where that
  /// brings the sums nearer to their windows: what the other has comes back for it. O(oversized partitions · N).
  static func shareOversized(_ weighing: Weighing) throws(PlatError) {
    guard let goal = weighing.goal?.total, let above = oversizedAbove(weighing) else { return }
    let problem = weighing.problem
    let oversized: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
    let count = (0..<weighing.order.count).count { weighing.weight[weighing.order.base[$0]] > above }
    for place in 0..<count {
      let row = weighing.row(weighing.order.base[place].int)
      for slot in 0..<weighing.replicas where row[slot] != .none { oversized[row[slot]] += 1 }
    }
    func outside(_ node: NodeIndex, _ load: Int) -> Int {
      max(0, load - goal.most[node.int], goal.least[node.int] - load)
    }
    for place in 0..<count {
      let partition = weighing.order.base[place].int
      let row = weighing.row(partition)
      for slot in 0..<weighing.replicas where row[slot] != .none && weighing.load[row[slot]] > goal.most[row[slot].int]
      {
        let node = row[slot]
        var best: (node: NodeIndex, spares: Int)?
        for index in 0..<problem.nodeCount {
          let other = NodeIndex(index)
          guard oversized[other] == 0, weighing.hasRoom(other), problem.allows(row, leaving: slot, to: other) else {
            continue
          }
          let (mine, theirs) = (weighing.load[node], weighing.load[other])
          let change = max(0, weighing.weight.base[partition] - theirs)
          let spares =
            outside(node, mine) + outside(other, theirs) - outside(node, mine - change)
            - outside(other, theirs + change)
          if spares > best?.spares ?? 0 { best = (other, spares) }
        }
        guard let best else { continue }
        weighing.set(partition, slot, to: best.node)
        oversized[node] -= 1
        oversized[best.node] += 1
      }
    }
  }

  private static func freeOfOversized(
    _ weighing: Weighing, _ due: WeightedDue, _ oversized: NodeTable<Int32>, _ row: UnsafeMutablePointer<NodeIndex>,
    _ slot: Int
  ) -> NodeIndex? {
    var best: NodeIndex?
    /// Beside other maps, what is too much for what they leave.
    func key(_ node: NodeIndex) -> Int { weighing.load[node] - (weighing.goal == nil ? 0 : due.due[node]) }
    for index in 0..<weighing.problem.nodeCount {
      let node = NodeIndex(index)
      guard oversized[node] == 0, weighing.hasRoom(node), best.map({ key(node) < key($0) }) ?? true,
        weighing.problem.allows(row, leaving: slot, to: node)
      else { continue }
      best = node
    }
    return best
  }

  /// Raises the level that all share, node after node taken out for an oversized partition, the weightiest nodes first.
  private static func oversizedAbove(_ weighing: Weighing) -> Int? {
    let problem = weighing.problem
    let shares = (0..<problem.nodeCount).filter { weighing.capacity.base[$0] > 0 }
      .map { Rational(problem.cluster.cluster.nodes[$0].weight) }.sorted(by: >)
    var left = Rational(weighing.total) * Rational(problem.replicas)
    var sum = shares.reduce(Rational.zero, +)
    var (next, place) = (0, 0)
    while place < weighing.order.count, next + problem.replicas < shares.count, problem.replicas > 0 {
      let weight = weighing.weight[weighing.order.base[place]]
      guard Rational(weight) * sum > left * shares[next] else { break }
      left = left - Rational(weight) * Rational(problem.replicas)
      for share in shares[next..<(next + problem.replicas)] { sum = sum - share }
      next += problem.replicas
      place += 1
    }
    guard place > 0 else { return nil }
    return weighing.weight[weighing.order.base[place - 1]] - 1
  }
}

/// Where a replica goes that is heavier than any node has room for: something that is held must make way for it, and
/// that has to find a place as well.
///
///     most  ├────── what comes ──────┤├ stays ┤      whose heaviest neither may stay nor fits elsewhere is not asked to
///                                                    give it up where there are others: of these, who has to give up least
private struct MakingWay {
  private let weighing: Weighing
  private let due: WeightedDue
  /// The most that a node has room for.
  private let room: Int
  private let heaviest: NodeTable<Int>

  /// O(P · R).
  init(_ weighing: Weighing, _ due: WeightedDue) throws(PlatError) {
    (self.weighing, self.due) = (weighing, due)
    heaviest = try weighing.heaviest(in: 0..<weighing.replicas)
    let rooms = (0..<due.due.count).map {
      weighing.hasRoom(NodeIndex($0)) ? due.most.base[$0] - weighing.load.base[$0] : 0
    }
    room = weighing.problem.current == nil ? .max : rooms.max() ?? 0
  }

  /// `first`, where it has room or can make some. O(N · R) where it cannot.
  func node(for partition: Int, insteadOf first: NodeIndex) -> NodeIndex {
    let weight = weighing.weight.base[partition]
    guard weight > room else { return first }
    func isStuck(_ node: NodeIndex) -> Bool { heaviest[node] > max(room, due.most[node] - weight) }
    func goes(_ node: NodeIndex) -> Int { weighing.load[node] - due.most[node] }
    var best = first
    for index in 0..<due.due.count where isStuck(first) {
      let node = NodeIndex(index)
      guard !isStuck(node), isStuck(best) || goes(node) < goes(best), weighing.hasRoom(node),
        weighing.problem.allows(weighing.row(partition), leaving: -1, to: node)
      else { continue }
      best = node
    }
    heaviest[best] = max(heaviest[best], weight)
    return best
  }
}
