/// Who is master, before anything is placed: that is what says who replicates to whom.
extension FanOut {
  /// How often each node is master. O(N + P · masters).
  static func masters(_ problem: Problem, _ placement: Placement) throws(PlatError) -> NodeTable<Int32> {
    let count: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
    placement.addHolders(problem, state: 0, slots: 0..<problem.wanted[0], to: count)
    return count
  }

  /// Masters stay; who has lost one gets another of the partition's holders, the one that needs the fewest new pairs;
  /// and where no holder may be master, a node that lacks most.
  mutating func settleMasters() throws(PlatError) {
    let slots = 0..<problem.wanted[0]
    var open: [Int] = []
    for partition in 0..<problem.partitionCount {
      let row = placement.row(partition)
      if keepMasters(partition, row, slots) { book.add(row) } else { open.append(partition) }
    }
    let count = try FanOut.masters(problem, placement)
    for partition in open { book.add(placement.row(partition)) }
    var cursor = 0
    for partition in open {
      let row = placement.row(partition)
      for slot in slots where row[slot] == .none {
        if !promote(row, slot, count) { bringIn(row, slot, count, &cursor) }
        if row[slot] != .none { count[row[slot]] += 1 }
      }
    }
    if book.isOutOfMemory { throw .outOfMemory }
  }

  /// Puts those who are master today into the first slots. False where there are too few.
  private func keepMasters(_ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>, _ slots: Range<Int>) -> Bool {
    var next = 0
    if let current = problem.current, partition < current.partitionCount {
      let held = current.row(partition)
      for slot in current.slots(ofState: 0) where held[slot] != .none && next < slots.count {
        guard problem.allows(held[slot], inState: 0), problem.isReadable[held[slot]],
          let place = (next..<problem.replicas).first(where: { row[$0] == held[slot] })
        else { continue }
        row.swap(place, next)
        next += 1
      }
    }
    if next == slots.count { return StateRules.far(problem, row) == nil }
    // Others step back from the masters' slots, while there is room behind them.
    for slot in next..<slots.count where row[slot] != .none {
      if let free = (slots.count..<problem.replicas).first(where: { row[$0] == .none }) {
        row.swap(slot, free)
      } else if !problem.allows(row[slot], inState: 0) {
        placement.load[row[slot]] -= 1
        row[slot] = .none
      }
    }
    return (0..<slots.count).allSatisfy { row[$0] != .none }
  }

  private func promote(_ row: UnsafeMutablePointer<NodeIndex>, _ slot: Int, _ count: NodeTable<Int32>) -> Bool {
    var best: (excess: Int, pairs: Int, count: Int32, place: Int)?
    let before = book.excess
    for place in problem.wanted[0]..<problem.replicas
    where row[place] != .none && problem.allows(row[place], inState: 0) {
      let pairs = book.pairCount
      book.swap(row, slot, place)
      let key = (
        book.excess, TrialLimits.FanOut.mastersForAPair * (book.pairCount - pairs) + tooMany(row[slot], count),
        count[row[slot]],
        place
      )
      if key.0 <= before, StateRules.breach(problem, row) == nil, best == nil || key < best! { best = key }
      book.swap(row, slot, place)
    }
    guard let best else { return false }
    book.swap(row, slot, best.place)
    return true
  }

  private func tooMany(_ node: NodeIndex, _ count: NodeTable<Int32>) -> Int {
    guard let windows = due.roles.first, windows.state == 0 else { return 0 }
    return Int(max(0, count[node] - windows.window(node, total: due.least[node]).least))
  }

  /// The next node, going around, that lacks replicas and masters and may have one of this partition.
  private mutating func bringIn(
    _ row: UnsafeMutablePointer<NodeIndex>, _ slot: Int, _ count: NodeTable<Int32>, _ cursor: inout Int
  ) {
    let nodes = problem.nodeCount
    for isUrgent in [true, false] {
      for offset in 0..<nodes {
        let node = NodeIndex((cursor + offset) % nodes)
        let load = placement.load[node]
        guard problem.receives[node], load < (isUrgent ? due.least[node] : due.most[node]),
          problem.allows(row, leaving: slot, to: node)
        else { continue }
        let window = due.roles.first?.window(node, total: due.most[node])
        if isUrgent, let window, count[node] >= window.least { continue }
        guard book.tryChange(row, { $0[slot] = node }, undo: { $0[slot] = .none }) else { continue }
        placement.load[node] += 1
        placement.placed += 1
        cursor = (cursor + offset + 1) % nodes
        return
      }
    }
  }
}
