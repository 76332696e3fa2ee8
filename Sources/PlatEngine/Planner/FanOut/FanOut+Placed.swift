/// The holders that a plan without a limit on peers has, kept as they are: masters stay, or are those who need the fewest
/// new pairs, and newly placed replicas change places until every node is within its limit.
///
///     pairs beyond the limit   4 → 7      p: 4·9·7, q: 5·2·6, both last ones new      p: 4·9·6, q: 5·2·7, over pairs that there are
///
/// Neither moves nor loads change. Where near rules bind, which zone has a partition's company is then chosen for all
/// partitions together, and pairs for what has been chosen.
extension FanOut {
  private static let partnersTried = 512
  private static let mostTrials = 1 << 20

  /// Nil where that does not bring all nodes within their limits. O(P · R²), and a bounded number of trials for each new
  /// pair beyond the limit.
  static func asPlaced(
    _ problem: Problem, _ due: Due, _ placed: Placement, _ memoryLimitBytes: UInt64
  ) throws(PlatError) -> Placement? {
    guard !problem.near.isEmpty, problem.wanted[0] == 1, problem.fanOut?.strength == .hard, Balance(placed, due).isSettled else { return nil }
    var placement = try emptyPlacement(problem, memoryLimitBytes)
    placement.rows.update(from: placed.rows, count: problem.partitionCount * problem.replicas)
    placement.load.copy(from: placed.load)
    placement.placed = placed.placed
    var fanOut = FanOut(problem: problem, due: due, placement: placement, book: try PeerBook(problem))
    guard fanOut.chooseMasters() else { return nil }
    try fanOut.exchangeNewcomers()
    if fanOut.book.isOutOfMemory { throw .outOfMemory }
    guard fanOut.book.isWithin else { return nil }
    fanOut.placement.book(upTo: problem.partitionCount)
    try fanOut.handOn()
    return fanOut.placement
  }

  /// Puts a master into every row. False where some row has nobody who may be.
  private mutating func chooseMasters() -> Bool {
    var open: [Int] = []
    for partition in 0..<problem.partitionCount {
      let row = placement.row(partition)
      if let slot = masterToday(partition, row), isLegal(row, with: slot) {
        row.swap(0, slot)
        book.add(row)
      } else {
        open.append(partition)
      }
    }
    for partition in open {
      let row = placement.row(partition)
      var best: (excess: Int, pairs: Int, slot: Int)?
      for slot in 0..<problem.replicas where isLegal(row, with: slot) {
        row.swap(0, slot)
        book.add(row)
        let key = (book.excess, book.pairCount, slot)
        if best == nil || key < best! { best = key }
        book.remove(row)
        row.swap(0, slot)
      }
      guard let best else { return false }
      row.swap(0, best.slot)
      book.add(row)
    }
    return true
  }

  private func masterToday(_ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>) -> Int? {
    guard let current = problem.current, partition < current.partitionCount else { return nil }
    let held = current.row(partition)
    for slot in current.slots(ofState: 0) where held[slot] != .none && problem.isReadable[held[slot]] {
      return (0..<problem.replicas).first { row[$0] == held[slot] }
    }
    return nil
  }

  private func isLegal(_ row: UnsafeMutablePointer<NodeIndex>, with slot: Int) -> Bool {
    guard row[slot] != .none, problem.allows(row[slot], inState: 0) else { return false }
    row.swap(0, slot)
    defer { row.swap(0, slot) }
    return StateRules.breach(problem, row) == nil
  }

  /// Newly placed replicas change places with others, and their partitions masters, as long as that brings nodes nearer to
  /// their limits, or leaves fewer pairs.
  private mutating func exchangeNewcomers() throws(PlatError) {
    guard !book.isWithin else { return }
    var newcomers: [Int] = []
    placement.forEachNewcomer(problem) { newcomers.append($0 * problem.replicas + $1) }
    var trialsLeft = FanOut.mostTrials
    var isChanged = true
    while isChanged, !book.isWithin, trialsLeft > 0 {
      try problem.arena.throwIfInterrupted()
      isChanged = false
      for (index, slot) in newcomers.enumerated() where !book.isWithin && trialsLeft > 0 {
        if changeMaster(slot / problem.replicas) { isChanged = true }
        guard let now = newcomer(of: slot) else { continue }
        for offset in 1..<max(2, min(newcomers.count, FanOut.partnersTried)) {
          guard let partner = newcomer(of: newcomers[(index + offset) % newcomers.count]) else { continue }
          trialsLeft -= 1
          if exchange(now, partner) {
            isChanged = true
            break
          }
        }
      }
    }
  }

  private var measure: (excess: Int, pairs: Int) { (book.excess, book.pairCount) }

  private mutating func changeMaster(_ partition: Int) -> Bool {
    let row = placement.row(partition)
    for slot in 1..<problem.replicas where isLegal(row, with: slot) {
      let before = measure
      book.swap(row, 0, slot)
      if measure < before { return true }
      book.swap(row, 0, slot)
    }
    return false
  }

  /// The slot of the partition that holds a newcomer now: masters that changed have changed slots. Nil where there is none.
  private func newcomer(of slot: Int) -> Int? {
    let partition = slot / problem.replicas
    let row = placement.row(partition)
    return (0..<problem.replicas).first { !problem.isHeld(partition, by: row[$0]) }.map { partition * problem.replicas + $0 }
  }

  private mutating func exchange(_ slot: Int, _ partner: Int) -> Bool {
    let (row, other) = (placement.row(slot / problem.replicas), placement.row(partner / problem.replicas))
    let (place, otherPlace) = (slot % problem.replicas, partner % problem.replicas)
    let (node, taker) = (row[place], other[otherPlace])
    guard row != other, problem.allowsUnderMaster(row, leaving: place, to: taker),
      problem.allowsUnderMaster(other, leaving: otherPlace, to: node)
    else { return false }
    let before = measure
    func change(_ a: NodeIndex, _ b: NodeIndex) {
      book.remove(row)
      book.remove(other)
      row[place] = a
      other[otherPlace] = b
      book.add(row)
      book.add(other)
    }
    change(taker, node)
    if measure < before { return true }
    change(node, taker)
    return false
  }
}
