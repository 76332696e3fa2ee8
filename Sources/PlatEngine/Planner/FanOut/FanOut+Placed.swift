/// The holders that a plan without a limit on peers has, kept as they are: masters stay, or are those who need the
/// fewest new pairs, and newly placed replicas change places until every node is within its limit.
///
///     pairs beyond the limit   4 → 7      p: 4·9·7, q: 5·2·6, both last ones new      p: 4·9·6, q: 5·2·7, over pairs that there are
///
/// Neither moves nor loads change. Where near rules bind, which zone has a partition's co-location group is then chosen
/// for all partitions together, and pairs for what has been chosen.
extension FanOut {
  /// Nil where that does not bring all nodes within their limits. O(P · R²), and a bounded number of trials for each
  /// new pair beyond the limit.
  static func asPlaced(
    _ problem: Problem, _ due: Due, _ placed: Placement, _ memoryLimitBytes: UInt64
  ) throws(PlatError) -> Placement? {
    guard !problem.near.isEmpty, problem.wanted[0] == 1, problem.fanOut?.strength == .hard,
      Balance(placed, due).isSettled
    else { return nil }
    let placement = try copy(problem, placed, memoryLimitBytes)
    var fanOut = FanOut(problem: problem, due: due, placement: placement, book: try PeerBook(problem))
    guard fanOut.chooseMasters() else { return nil }
    try fanOut.exchangeNewReplicas()
    if fanOut.book.isOutOfMemory { throw .outOfMemory }
    // What is beyond the limit then goes, and finds a place within the pairs.
    let isWithin = fanOut.book.isWithin
    if !isWithin { try fanOut.dropPairs() }
    fanOut.placement.book(upTo: problem.partitionCount)
    if !isWithin { try fanOut.flow() }
    try fanOut.handOn()
    if !isWithin {
      fanOut.placement = try fanOut.settled()
      guard try Cost(problem, due, fanOut.placement).isPlaced else { return nil }
    }
    return try fanOut.evened(memoryLimitBytes)
  }

  /// With every rule kept again.
  private func settled() throws(PlatError) -> Placement {
    var result = placement
    StateRules.enforce(problem, result)
    try FanOut.enforce(problem, &result, due)
    result.countPlaced()
    try FanOut.follow(problem, due, &result)
    return result
  }

  /// The same with masters changed over to where they are lacking, if that is worth the moves.
  private func evened(_ memoryLimitBytes: UInt64) throws(PlatError) -> Placement {
    let cost = try Cost(problem, due, placement)
    guard due.seeksBalance, cost.mastersOutside > 0 else { return placement }
    let other = try FanOut.copy(problem, placement, memoryLimitBytes)
    var fanOut = FanOut(problem: problem, due: due, placement: other, book: try PeerBook(problem, other))
    for _ in 0..<TrialLimits.FanOut.evenings {
      if try Cost(problem, due, fanOut.placement).outside == 0 { break }
      try fanOut.balanceMasters()
      try fanOut.flow()
    }
    if problem.wanted.count(where: { $0 > 0 }) > 2 { try fanOut.handOn() }
    let even = try fanOut.settled()
    let itsCost = try Cost(problem, due, even)
    return itsCost.isBetter(than: cost) ? even : placement
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

  /// Newly placed replicas change places with others or go home while others of the same node move instead, and their
  /// partitions change masters, as long as that brings nodes nearer to their limits, or leaves fewer pairs, or more to
  /// those that others share.
  private mutating func exchangeNewReplicas() throws(PlatError) {
    guard !book.isWithin else { return }
    var newReplicas: [Int] = []
    placement.forEachNewReplica(problem) { newReplicas.append($0 * problem.replicas + $1) }
    var trialsLeft = TrialLimits.FanOut.mostTrials
    var holdings = try Holdings(problem, placement)
    var isChanged = true
    while isChanged, !book.isWithin, trialsLeft > 0 {
      try problem.arena.throwIfInterrupted()
      isChanged = false
      for (index, slot) in newReplicas.enumerated() where !book.isWithin && trialsLeft > 0 {
        if changeMaster(slot / problem.replicas, &holdings) { isChanged = true }
        guard let now = newReplica(of: slot) else { continue }
        if let moved = sendHome(now, &holdings, &trialsLeft) {
          newReplicas[index] = moved
          isChanged = true
          continue
        }
        for offset in 1..<max(2, min(newReplicas.count, TrialLimits.FanOut.partnersTried)) {
          guard let partner = newReplica(of: newReplicas[(index + offset) % newReplicas.count]) else { continue }
          trialsLeft -= 1
          if exchange(now, partner) {
            holdings.add(now, to: placement.rows[now])
            holdings.add(partner, to: placement.rows[partner])
            isChanged = true
            break
          }
        }
      }
    }
  }

  private var measure: (excess: Int, pairs: Int) { (book.excess, book.pairCount) }

  /// The replica goes back to a node that holds it today, and another of that node's moves in its stead. Returns the
  /// slot of that.
  private mutating func sendHome(_ slot: Int, _ holdings: inout Holdings, _ trialsLeft: inout Int) -> Int? {
    let (node, partition) = (placement.rows[slot], slot / problem.replicas)
    guard partition < problem.heldPartitions else { return nil }
    for held in problem.heldSlots {
      let home = problem.heldRows[partition * problem.heldWidth + held]
      guard home != .none, problem.receives[home], problem.isReadable[home],
        problem.allowsUnderMaster(placement.row(partition), leaving: slot % problem.replicas, to: home)
      else { continue }
      var place = holdings.begin(home)
      while trialsLeft > 0, let partner = holdings.next(&place, of: home) {
        trialsLeft -= 1
        guard exchange(slot, partner, sharing: true) else { continue }
        holdings.add(slot, to: home)
        holdings.add(partner, to: node)
        return partner
      }
    }
    return nil
  }

  private mutating func changeMaster(_ partition: Int, _ holdings: inout Holdings) -> Bool {
    let row = placement.row(partition)
    for slot in 1..<problem.replicas where isLegal(row, with: slot) {
      let before = measure
      book.swap(row, 0, slot)
      if measure < before {
        for changed in [0, slot] { holdings.add(partition * problem.replicas + changed, to: row[changed]) }
        return true
      }
      book.swap(row, 0, slot)
    }
    return false
  }

  /// The slot of the partition that holds a new replica now: masters that changed have changed slots. Nil where there
  /// is none.
  private func newReplica(of slot: Int) -> Int? {
    let partition = slot / problem.replicas
    let row = placement.row(partition)
    return (0..<problem.replicas).first { !problem.isHeld(partition, by: row[$0]) }.map {
      partition * problem.replicas + $0
    }
  }

  /// How many partitions go over the pair that a replica is for.
  private func shared(_ row: UnsafeMutablePointer<NodeIndex>, _ place: Int) -> Int {
    place == 0 ? 0 : Int(book.count(row[0], row[place]))
  }

  /// `sharing`: of as many pairs, more over those that many share are as good.
  private mutating func exchange(_ slot: Int, _ partner: Int, sharing: Bool = false) -> Bool {
    let (row, other) = (placement.row(slot / problem.replicas), placement.row(partner / problem.replicas))
    let (place, otherPlace) = (slot % problem.replicas, partner % problem.replicas)
    let (node, receiver) = (row[place], other[otherPlace])
    guard row != other, problem.allowsUnderMaster(row, leaving: place, to: receiver),
      problem.allowsUnderMaster(other, leaving: otherPlace, to: node)
    else { return false }
    let before = measure
    let sharedBefore = shared(row, place) + shared(other, otherPlace)
    func change(_ a: NodeIndex, _ b: NodeIndex) {
      book.remove(row)
      book.remove(other)
      row[place] = a
      other[otherPlace] = b
      book.add(row)
      book.add(other)
    }
    change(receiver, node)
    let after = measure
    if after < before || sharing && after == before && shared(row, place) + shared(other, otherPlace) > sharedBefore {
      return true
    }
    change(node, receiver)
    return false
  }
}
