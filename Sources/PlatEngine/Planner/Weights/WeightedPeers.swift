/// Balance in weight under a hard limit on peers, step by step on rows whose states are assigned.
///
/// Each step keeps every hard rule and brings what lies outside the windows, in total, of the leading state and of the
/// one other that there may be, further down; of those that a node out of its window has, the one that moves least
/// weight for what it brings in:
///
///     replace    a replica goes to another node: one that its master replicates to, or that both may add to their peers
///     roles      master and another holder change over
///     exchange   two partitions of different weight change rows: the same rows as before, so no rule can tell
///     follow     a partition takes the row of another: no pair that was not there
///
/// Where it has ended no step is left: planned again, the same map stays.
final class WeightedPeers {
  let weighing: Weighing
  let problem: Problem
  var book: PeerBook
  private(set) var total: WeightedDue
  private(set) var lead: WeightedDue
  /// What a node may hold in the other of two states.
  let leastRest: NodeTable<Int>
  let mostRest: NodeTable<Int>
  /// Weight of each node in the leading state.
  let led: NodeTable<Int>
  /// Moves that may be made beside those that the rows have at first; nil: any.
  var movesLeft: Int?
  let masters: Int
  let width: Int

  let deltaTotal: NodeTable<Int>
  let deltaLed: NodeTable<Int>
  var touched: [NodeIndex] = []
  /// A row as it was.
  let saved: NodeTable<NodeIndex>
  var holdings: WeighedHoldings
  private var trials = TrialLimits.WeightedPeers.trials

  enum Step {
    case replace(partition: Int, slot: Int, by: NodeIndex)
    case roles(partition: Int, master: Int, successor: Int)
    case exchange(Int, Int)
    case follow(partition: Int, model: Int)
  }

  /// Rows with their masters in the first slots, within the limit. O(P · R + P log P).
  init(_ weighing: Weighing, moveBudget: Int?) throws(PlatError) {
    self.weighing = weighing
    problem = weighing.problem
    movesLeft = moveBudget
    (masters, width) = (problem.wanted[0], problem.replicas)
    led = try problem.arena.table(problem.nodeCount)
    deltaTotal = try problem.arena.table(problem.nodeCount)
    deltaLed = try problem.arena.table(problem.nodeCount)
    saved = try problem.arena.table(problem.replicas)
    leastRest = try problem.arena.table(problem.nodeCount)
    mostRest = try problem.arena.table(problem.nodeCount)
    book = try PeerBook(problem, rows: weighing.rows)
    (total, lead) = try WeightedPeers.dues(weighing)
    holdings = try WeighedHoldings(weighing, in: 0..<problem.replicas)
    setRest()
    countLed()
  }

  private static func dues(_ weighing: Weighing) throws(PlatError) -> (total: WeightedDue, lead: WeightedDue) {
    let problem = weighing.problem
    let heaviest = try weighing.heaviest(in: 0..<problem.replicas)
    let total = try WeightedDue.total(weighing, heaviest: heaviest)
    let lead = try WeightedDue.state(
      0, weighing, total: total, heaviest: weighing.heaviest(in: 0..<problem.wanted[0]), inAll: heaviest,
      left: (0..<problem.nodeCount).map { total.exact($0) })
    return (total, lead)
  }

  /// Windows move where the heaviest replica of a node does.
  func findDues() throws(PlatError) {
    (total, lead) = try WeightedPeers.dues(weighing)
    setRest()
  }

  /// Within a replica that fits of what is left of the total, where that is one state.
  private func setRest() {
    let isTwo = problem.wanted.count { $0 > 0 } == 2 && masters > 0
    for node in 0..<problem.nodeCount {
      (leastRest.base[node], mostRest.base[node]) = (0, .max)
      guard isTwo, !total.isPinned.base[node], !lead.isPinned.base[node] else { continue }
      let (low, high) = (total.least.base[node] - lead.most.base[node], total.most.base[node] - lead.least.base[node])
      let share = total.exact(node) - lead.exact(node)
      guard low >= 0, let floor = share.floor else { continue }
      let resolution = weighing.sizes.size(upTo: floor)?.size ?? 0
      leastRest.base[node] = max(0, min(floor, max(low, floor + (share.isInteger ? 0 : 1) - resolution)))
      mostRest.base[node] = max(floor, min(high, floor + resolution))
    }
  }

  func countLed() {
    led.fill(with: 0)
    for partition in 0..<problem.partitionCount {
      for slot in 0..<masters where weighing.row(partition)[slot] != .none {
        led[weighing.row(partition)[slot]] += weighing.weight.base[partition]
      }
    }
  }

  /// What lies outside of the windows.
  var outside: Int { (0..<problem.nodeCount).reduce(0) { $0 + outside(NodeIndex($1), 0, 0) } }

  // MARK: Balance

  /// Steps until none is left. Dues change where the heaviest replica of a node does; so each round counts only if less
  /// is outside then.
  func settle() throws(PlatError) {
    var left = outside
    while left > 0 {
      let before = try weighing.snapshot()
      let budget = movesLeft
      for _ in 0..<TrialLimits.WeightedPeers.rounds where outside > 0 {
        try problem.arena.throwIfInterrupted()
        holdings = try WeighedHoldings(weighing, in: 0..<width)
        guard sweep() else { break }
      }
      try findDues()
      let after = outside
      guard after < left else {
        weighing.restore(before)
        movesLeft = budget
        book = try PeerBook(problem, rows: weighing.rows)
        countLed()
        try findDues()
        return
      }
      left = after
    }
  }

  private func sweep() -> Bool {
    var changed = false
    let lacking = byLack()
    for index in 0..<problem.nodeCount where !problem.arena.isInterrupted {
      while outside(NodeIndex(index), 0, 0) > 0, trials > 0, improve(NodeIndex(index), lacking) { changed = true }
    }
    return changed
  }

  /// Nodes that may receive, those that lack most first.
  private func byLack() -> [NodeIndex] {
    let nodes = (0..<problem.nodeCount).map { NodeIndex($0) }.filter { weighing.capacity[$0] > 0 }
    let key = (0..<problem.nodeCount).map { lack(NodeIndex($0)) }
    return nodes.sorted { key[$0.int] != key[$1.int] ? key[$0.int] > key[$1.int] : $0 < $1 }
  }

  func lack(_ node: NodeIndex) -> Int { total.due[node] - weighing.load[node] }

  func outside(_ node: NodeIndex, _ more: Int, _ moreLed: Int) -> Int {
    let (load, led) = (weighing.load[node] + more, led[node] + moreLed)
    return max(0, load - total.most[node], total.least[node] - load)
      + max(0, led - lead.most[node], lead.least[node] - led)
      + max(0, load - led - mostRest[node], leastRest[node] - (load - led))
  }

  /// The best step that the node has a part in. False where there is none.
  private func improve(_ node: NodeIndex, _ lacking: [NodeIndex]) -> Bool {
    var best: (gain: Int, cost: Int, step: Step)?
    func consider(_ step: Step) {
      trials -= 1
      let (gain, cost, moves) = measure(step)
      guard gain > 0, moves <= movesLeft ?? .max else { return }
      if let best, !isBetter((gain, cost), than: (best.gain, best.cost)) { return }
      guard isPossible(step), isLegal(step) else { return }
      best = (gain, cost, step)
    }
    let isMore =
      weighing.load[node] > total.most[node] || led[node] > lead.most[node]
      || weighing.load[node] - led[node] > mostRest[node]
    let others = (isMore ? lacking[...] : lacking[...].reversed()[...]).lazy.filter { $0 != node }.prefix(
      TrialLimits.WeightedPeers.partnersTried)
    for slot in nearest(holdings.of(node), to: amount(node), TrialLimits.WeightedPeers.itemsTried)
    where weighing.rows[Int(slot)] == node {
      let (partition, column) = (Int(slot) / width, Int(slot) % width)
      let row = weighing.row(partition)
      if column < masters {
        for successor in masters..<width where row[successor] != .none {
          consider(.roles(partition: partition, master: column, successor: successor))
        }
      } else {
        for master in 0..<masters where row[master] != .none {
          consider(.roles(partition: partition, master: master, successor: column))
        }
      }
      if isMore {
        if column >= masters, row[0] != .none {
          for target in targets(row[0]) { consider(.replace(partition: partition, slot: column, by: target)) }
        }
        for other in others { consider(.replace(partition: partition, slot: column, by: other)) }
      }
    }
    if !isMore {
      for other in others {
        for slot in nearest(holdings.of(other), to: amount(node), TrialLimits.WeightedPeers.itemsTried)
        where weighing.rows[Int(slot)] == other {
          consider(.replace(partition: Int(slot) / width, slot: Int(slot) % width, by: node))
        }
      }
      bringFromMasters(of: node, consider)
    }
    for other in others { considerRows(node, other, isMore: isMore, consider) }
    guard let best else { return false }
    if movesLeft != nil { movesLeft! -= measure(best.step).moves }
    make(best.step)
    return true
  }

  /// What those that replicate to the node already could give it.
  private func bringFromMasters(of node: NodeIndex, _ consider: (Step) -> Void) {
    var sources: [NodeIndex] = []
    book.forEachSource(of: node) { source, _ in sources.append(source) }
    for source in sources {
      for slot in nearest(holdings.of(source), to: amount(node), TrialLimits.WeightedPeers.rowsTried)
      where weighing.rows[Int(slot)] == source {
        let (partition, column) = (Int(slot) / width, Int(slot) % width)
        guard column < masters else { continue }
        for other in masters..<width where weighing.row(partition)[other] != .none {
          consider(.replace(partition: partition, slot: other, by: node))
        }
      }
    }
  }

  /// Whole rows: of what the node has for what the other has.
  private func considerRows(_ node: NodeIndex, _ other: NodeIndex, isMore: Bool, _ consider: (Step) -> Void) {
    let (mine, theirs) = (holdings.of(node), holdings.of(other))
    let wanted = amount(node)
    for slot in nearest(mine, to: wanted, TrialLimits.WeightedPeers.rowsTried) where weighing.rows[Int(slot)] == node {
      let weight = weighing.weight.base[Int(slot) / width]
      // What comes in return is lighter by what is too much, or heavier by what is too little.
      for back in nearest(
        theirs, to: isMore ? weight - wanted : weight + wanted, TrialLimits.WeightedPeers.partnersTried)
      where weighing.rows[Int(back)] == other && Int(back) / width != Int(slot) / width {
        consider(.exchange(Int(slot) / width, Int(back) / width))
      }
      for back in nearest(theirs, to: wanted, 1)
      where weighing.rows[Int(back)] == other && Int(back) / width != Int(slot) / width {
        let (p, q) = (Int(slot) / width, Int(back) / width)
        consider(isMore ? .follow(partition: p, model: q) : .follow(partition: q, model: p))
      }
    }
  }

  /// By how much a node is out of its windows, in the one where it is more.
  private func amount(_ node: NodeIndex) -> Int {
    max(
      weighing.load[node] - total.most[node], total.least[node] - weighing.load[node], led[node] - lead.most[node],
      lead.least[node] - led[node], weighing.load[node] - led[node] - mostRest[node],
      leastRest[node] - weighing.load[node] + led[node], 0)
  }

  /// Slots whose partitions weigh about so much: of a list, heaviest first.
  private func nearest(_ slots: UnsafeBufferPointer<UInt32>, to weight: Int, _ count: Int)
    -> UnsafeBufferPointer<UInt32>.SubSequence
  {
    var (low, high) = (0, slots.count)
    while low < high {
      let middle = (low + high) / 2
      if weighing.weight.base[Int(slots[middle]) / width] > weight { low = middle + 1 } else { high = middle }
    }
    let first = max(0, min(low - count / 2, slots.count - count))
    return slots[first..<min(slots.count, first + count)]
  }

  func targets(_ master: NodeIndex) -> [NodeIndex] {
    var targets: [NodeIndex] = []
    book.forEachTarget(of: master) { target, _ in targets.append(target) }
    return targets
  }

  /// Less weight moved for what comes into the windows; of equals more of it.
  private func isBetter(_ a: (gain: Int, cost: Int), than b: (gain: Int, cost: Int)) -> Bool {
    let (x, y) = (Int128(a.cost) * Int128(b.gain), Int128(b.cost) * Int128(a.gain))
    return x != y ? x < y : a.gain > b.gain
  }
}
