/// A partition that still lacks replicas, when no other could be followed: a row made for it alone.
extension FanOut {
  /// Every node in turn as the first master, and for each other slot the node that costs least: no pair beyond the
  /// limit, what near rules ask for first, then windows, then moves. Taken where the row is whole. O(N² · R³) for each
  /// partition that lacks, and so many nodes tried in all.
  static func compose(_ problem: Problem, _ due: Due, _ placement: inout Placement) throws(PlatError) {
    guard problem.nodeCount <= TrialLimits.FanOut.mostNodesComposed,
      problem.replicas <= TrialLimits.FanOut.mostReplicasComposed,
      placement.placed < problem.partitionCount * problem.replicas
    else { return }
    let composer = try Composer(problem, due, placement, PeerBook(problem, placement))
    var left = TrialLimits.FanOut.mostNodesTried / (problem.nodeCount * problem.nodeCount * problem.replicas)
    for partition in placement.missing where left > 0 && !problem.arena.isInterrupted {
      placement.placed += composer.complete(partition.int)
      left -= 1
    }
    if composer.book.isOutOfMemory { throw .outOfMemory }
  }
}

private struct Composer {
  private let problem: Problem
  private let due: Due
  private let placement: Placement
  let book: PeerBook
  private let row: NodeTable<NodeIndex>
  private let best: NodeTable<NodeIndex>

  private typealias Cost = (far: Int, over: Int, moves: Int)

  init(_ problem: Problem, _ due: Due, _ placement: Placement, _ book: PeerBook) throws(PlatError) {
    (self.problem, self.due, self.placement, self.book) = (problem, due, placement, book)
    row = try problem.arena.table(problem.replicas)
    best = try problem.arena.table(problem.replicas)
  }

  /// Returns how many more replicas the partition has then.
  func complete(_ partition: Int) -> Int {
    let now = placement.row(partition)
    let missing = (0..<problem.replicas).count { now[$0] == .none }
    book.remove(now)
    for slot in 0..<problem.replicas where now[slot] != .none { placement.load[now[slot]] -= 1 }
    var bestCost: Cost?
    for master in 0..<problem.nodeCount {
      guard let cost = compose(partition, NodeIndex(master)), bestCost.map({ cost < $0 }) ?? true else { continue }
      bestCost = cost
      best.copy(from: row)
    }
    if bestCost != nil { now.update(from: best.base, count: problem.replicas) }
    book.add(now)
    for slot in 0..<problem.replicas where now[slot] != .none { placement.load[now[slot]] += 1 }
    return bestCost == nil ? 0 : missing
  }

  /// Puts a whole row with `first` in front into `row`; nil where there is none.
  private func compose(_ partition: Int, _ first: NodeIndex) -> Cost? {
    for slot in 0..<problem.replicas { row.base[slot] = .none }
    guard var sum = cost(partition, 0, first) else { return nil }
    row.base[0] = first
    for slot in 1..<problem.replicas {
      var choice: (cost: (far: Int, newPairs: Int, over: Int, moves: Int), node: NodeIndex)?
      for index in 0..<problem.nodeCount {
        let node = NodeIndex(index)
        guard let cost = cost(partition, slot, node), let newPairs = newPairs(slot, node) else { continue }
        let key = (cost.far, newPairs, cost.over, cost.moves)
        if choice.map({ key < $0.cost }) ?? true { choice = (key, node) }
      }
      guard let choice else { return nil }
      row.base[slot] = choice.node
      sum = (sum.far, sum.over + choice.cost.over, sum.moves + choice.cost.moves)
    }
    return StateRules.isKept(problem, row.base) ? sum : nil
  }

  /// How many pairs of the row would be new with a node in a slot; nil where that is more than a limit allows. O(R²).
  private func newPairs(_ slot: Int, _ node: NodeIndex) -> Int? {
    row.base[slot] = node
    defer { row.base[slot] = .none }
    var sum = 0
    for from in 0..<book.masters where row.base[from] != .none {
      let new = (0...slot).count { $0 != from && isNew(row.base[from], row.base[$0]) }
      guard Int(book.out[row.base[from]]) + new <= Int(book.mostOut) else { return nil }
      sum += new
    }
    for to in 0...slot where row.base[to] != .none {
      let new = (0..<book.masters).count { $0 != to && isNew(row.base[$0], row.base[to]) }
      guard Int(book.into[row.base[to]]) + new <= Int(book.mostIn) else { return nil }
    }
    return sum
  }

  private func isNew(_ from: NodeIndex, _ to: NodeIndex) -> Bool {
    from != .none && to != .none && book.count(from, to) == 0
  }

  /// Of a node in a slot, beside those that are in the row already; nil where it may not be.
  private func cost(_ partition: Int, _ slot: Int, _ node: NodeIndex) -> Cost? {
    guard FanOut.mayTake(problem, placement.load, partition, node), due.most[node] > 0,
      problem.allows(node, inState: problem.stateOfSlot[slot]), problem.allows(row.base, leaving: -1, to: node)
    else { return nil }
    row.base[slot] = node
    defer { row.base[slot] = .none }
    guard StateRules.breach(problem, row.base) == nil else { return nil }
    let isFar = slot > 0 && problem.near.contains { $0.containerOfNode[node] != $0.containerOfNode[row.base[0]] }
    let over = Int(max(0, placement.load[node] + 1 - due.most[node]))
    return (isFar ? 1 : 0, over, problem.isHeld(partition, by: node) ? 0 : 1)
  }
}
