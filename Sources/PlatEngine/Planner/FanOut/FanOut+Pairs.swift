/// Too many peers: which pairs go.
extension FanOut {
  /// Pairs stay, heaviest first, while both their nodes have room; what the others hold changes its master, where that
  /// needs no pair that has to go, or else goes. O(pairs · log + partitions of those that go · R²).
  mutating func dropPairs() throws(PlatError) {
    guard !book.isWithin else { return }
    var pairs: [(from: NodeIndex, to: NodeIndex, count: Int32)] = []
    for node in 0..<problem.nodeCount {
      let from = NodeIndex(node)
      book.forEachTarget(of: from) { pairs.append((from, $0, $1)) }
    }
    pairs.sort { ($1.count, $0.from, $0.to) < ($0.count, $1.from, $1.to) }
    var out = [Int32](repeating: 0, count: problem.nodeCount)
    var into = out
    var doomed: [(from: NodeIndex, to: NodeIndex)] = []
    for pair in pairs {
      if out[pair.from.int] < book.mostOut, into[pair.to.int] < book.mostIn {
        out[pair.from.int] += 1
        into[pair.to.int] += 1
      } else {
        doomed.append((pair.from, pair.to))
      }
    }
    let holdings = try Holdings(problem, placement)
    let mastered: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
    for partition in 0..<problem.partitionCount {
      let row = placement.row(partition)
      for slot in 0..<problem.wanted[0] where row[slot] != .none { mastered[row[slot]] += 1 }
    }
    doomed.sort { ($0.from, $0.to) < ($1.from, $1.to) }
    for (from, to) in doomed where book.count(from, to) > 0 && !problem.arena.isInterrupted {
      var place = holdings.begin(from)
      while let slot = holdings.next(&place, of: from) {
        let row = placement.row(slot / problem.replicas)
        guard slot % problem.replicas < problem.wanted[0], (0..<problem.replicas).contains(where: { row[$0] == to })
        else { continue }
        release(row, from, to, mastered)
      }
    }
    try problem.arena.throwIfInterrupted()
    // A pair that role changes brought about after its turn.
    if !book.isWithin { try dropPairs() }
    if book.isOutOfMemory { throw .outOfMemory }
  }

  /// Another holder that is not master of too many becomes master, over pairs that all may stay; or the replica at `to`
  /// goes.
  private mutating func release(
    _ row: UnsafeMutablePointer<NodeIndex>, _ from: NodeIndex, _ to: NodeIndex, _ mastered: NodeTable<Int32>
  ) {
    let masters = problem.wanted[0]
    guard let slot = (0..<problem.replicas).first(where: { row[$0] == to }),
      let master = (0..<masters).first(where: { row[$0] == from })
    else { return }
    if slot >= masters {
      for place in masters..<problem.replicas where row[place] != .none && problem.allows(row[place], inState: 0) {
        let successor = row[place]
        guard mastered[successor] <= mostMasters(successor) else { continue }
        let isFree = (0..<problem.replicas).allSatisfy {
          row[$0] == .none || $0 == place || (successor != from && book.count(successor, row[$0]) > 0)
        }
        guard isFree, book.trySwap(row, master, place) else { continue }
        if StateRules.breach(problem, row) == nil {
          mastered[from] -= 1
          mastered[successor] += 1
          return
        }
        book.swap(row, master, place)
      }
    }
    book.remove(row)
    placement.load[to] -= 1
    placement.placed -= 1
    placement.letGo += 1
    row[slot] = .none
    if slot < masters { _ = inherit(row, slot) }
    book.add(row)
  }

  /// Half above its window, which mastership on its way from node to node can make good.
  func mostMasters(_ node: NodeIndex) -> Int32 {
    guard let windows = due.roles.first, windows.state == 0 else { return .max }
    let most = windows.window(node, total: due.most[node]).most
    return most + most / 2
  }

  /// Some other holder that may be master comes to an empty slot of one.
  private func inherit(_ row: UnsafeMutablePointer<NodeIndex>, _ slot: Int) -> Bool {
    for place in problem.wanted[0]..<problem.replicas
    where row[place] != .none && problem.allows(row[place], inState: 0) {
      row.swap(slot, place)
      if StateRules.breach(problem, row) == nil { return true }
      row.swap(slot, place)
    }
    return false
  }
}
