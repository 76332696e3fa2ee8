/// Who comes into a state: the open places that those who are in it today leave.
extension Roles {
  /// What a node lacks of what it should have, doubled, and the open partitions where it could get it. One word, read
  /// and written as a whole: neighbouring partitions share nodes, and a read of two halves just written has to wait.
  private struct Want: BitwiseCopyable {
    private var word: Int64

    init(need: Int32, chances: Int32) { word = Int64(need) << 32 + Int64(chances) }

    var need: Int64 { word >> 32 }
    var chances: Int64 { word & 0xffff_ffff }
    mutating func addChance() { word += 1 }
    mutating func passChance() { word -= 1 }
    mutating func receive() { word -= 2 << 32 }
  }

  /// Open places go, partition by partition, to the holder that lacks most of what it should have, measured
  /// against the chances that it has left. Ties go to the earlier slot.
  func assign(_ open: PartitionTable<PartitionIndex>, _ openCount: Int) throws(PlatError) {
    guard openCount > 0 else { return }
    let table: NodeTable<Want> = try problem.arena.table(problem.nodeCount)
    let (rows, width, wants) = (rows, width, table.base)
    let firstSlot = slots.lowerBound
    let allAreOpen = openCount == problem.partitionCount
    let isPlain =
      slots.count == 1 && !problem.hasStateRules && problem.softNear.isEmpty && !(state == 0 && problem.hasSlaveOnly)
    for node in 0..<problem.nodeCount {
      let window = window.base[node]  // [0, Int32.max] where there is none
      let need = Int64(window.least) + Int64(window.most) - 2 * Int64(count.base[node])
      wants[node] = Want(need: Int32(clamping: need), chances: allAreOpen ? total.base[node] : 0)
    }
    for index in 0..<(allAreOpen ? 0 : openCount) {
      let row = rows + open.base[index].int * width
      for slot in firstSlot..<width where row[slot] != .none { wants[row[slot].int].addChance() }
    }
    var index = 0
    while index < openCount {
      if isPlain {
        index = assignPlain(open, index..<openCount, wants)
        guard index < openCount else { break }
      }
      let row = rows + open.base[index].int * width
      assign(open.base[index].int, row, wants)
      for slot in firstSlot..<width where row[slot] != .none { wants[row[slot].int].passChance() }
      index += 1
    }
    for node in 0..<problem.nodeCount {
      let window = window.base[node]
      count.base[node] = Int32((Int64(window.least) + Int64(window.most) - wants[node].need) / 2)
    }
  }

  /// The one open place of each row, where any holder may have it, up to the first row with an empty slot; returns
  /// where that is.
  private func assignPlain(
    _ open: PartitionTable<PartitionIndex>, _ indices: Range<Int>, _ wants: UnsafeMutablePointer<Want>
  ) -> Int {
    // The same loop for the usual lengths, which the compiler then unrolls.
    switch width - slots.lowerBound {
    case 2: assignPlain(open, indices, wants, pool: 2)
    case 3: assignPlain(open, indices, wants, pool: 3)
    default: assignPlain(open, indices, wants, pool: width - slots.lowerBound)
    }
  }

  @inline(__always) private func assignPlain(
    _ open: PartitionTable<PartitionIndex>, _ indices: Range<Int>, _ wants: UnsafeMutablePointer<Want>, pool: Int
  ) -> Int {
    let (first, width) = (rows + slots.lowerBound, width)
    for index in indices {
      let row = first + open.base[index].int * width
      for slot in 0..<pool where row[slot] == .none { return index }
      // Which of them it is cannot be foreseen, so nothing here depends on it by a branch.
      var best = 0
      var bestWant = wants[row[0].int]
      bestWant.passChance()
      wants[row[0].int] = bestWant
      for slot in 1..<pool {
        var want = wants[row[slot].int]
        want.passChance()
        wants[row[slot].int] = want
        let isBetter = isGreater(want, bestWant, passed: 1)
        best = isBetter ? slot : best
        bestWant = isBetter ? want : bestWant
      }
      bestWant.receive()
      wants[row[best].int] = bestWant
      row.swap(0, best)
    }
    return indices.upperBound
  }

  /// The open places of one row, whatever rules there are.
  private func assign(
    _ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>, _ wants: UnsafeMutablePointer<Want>
  ) {
    let firstOpen = firstOpen(row, partition)
    if problem.isWide, !problem.hasStateRules, problem.softNear.isEmpty {
      let chosen = assignWide(partition, row, from: firstOpen) { (wants[$0.int].need, wants[$0.int].chances) }
      for node in chosen { wants[node.int].receive() }
      return
    }
    for place in slots where place >= firstOpen {
      var best = -1
      var bestWant = Want(need: 0, chances: 1)
      var isBestNear = false
      for slot in place..<width {
        let node = row[slot]
        guard node != .none, problem.allows(node, inState: state) else { continue }
        let want = wants[node.int]
        let isNear = problem.softNear.isEmpty || keepsSoftNear(row, withSwapped: place, slot)
        guard best < 0 || (isNear && !isBestNear) || (isNear == isBestNear && isGreater(want, bestWant)),
          !problem.hasStateRules || isLegal(row, withSwapped: place, slot)
        else { continue }
        (best, bestWant, isBestNear) = (slot, want, isNear)
      }
      guard best >= 0 else {
        evict(row, place)
        continue
      }
      wants[row[best].int].receive()
      row.swap(place, best)
    }
  }

  /// `passed`: chances that both have let pass already and that still count.
  @inline(__always) private func isGreater(_ a: Want, _ b: Want, passed: Int64 = 0) -> Bool {
    a.need * max(1, b.chances + passed) > b.need * max(1, a.chances + passed)
  }

  func isLegal(_ row: UnsafeMutablePointer<NodeIndex>, withSwapped place: Int, _ slot: Int) -> Bool {
    row.swap(place, slot)
    defer { row.swap(place, slot) }
    return isLegal(row)
  }

  private func keepsSoftNear(
    _ row: UnsafeMutablePointer<NodeIndex>, withSwapped place: Int, _ slot: Int
  ) -> Bool {
    row.swap(place, slot)
    defer { row.swap(place, slot) }
    return problem.softNear.allSatisfy { StateRules.far(problem, $0, row) == nil }
  }

  /// No holder may be in the state: who stands in its slot goes to a free one of the pool, or else goes unplaced.
  func evict(_ row: UnsafeMutablePointer<NodeIndex>, _ place: Int) {
    guard row[place] != .none else { return }
    if let free = (slots.upperBound..<width).first(where: { row[$0] == .none }) {
      row.swap(place, free)
    } else {
      placement.load[row[place]] -= 1
      row[place] = .none
    }
  }

  /// The first slot of the state that `keep` left open: those before it hold who is in the state today.
  func firstOpen(_ row: UnsafeMutablePointer<NodeIndex>, _ partition: Int) -> Int {
    guard let current = problem.current, partition < current.partitionCount else { return slots.lowerBound }
    let held = current.row(partition)
    var slot = slots.lowerBound
    if problem.isWide {
      let inState = Set(current.slots(ofState: state).lazy.map { held[$0] })  // looked up only, never iterated
      while slot < slots.upperBound, row[slot] != .none, problem.allows(row[slot], inState: state),
        problem.isReadable[row[slot]], inState.contains(row[slot])
      {
        slot += 1
      }
      return slot
    }
    while slot < slots.upperBound, row[slot] != .none, problem.allows(row[slot], inState: state),
      problem.isReadable[row[slot]],
      current.slots(ofState: state).contains(where: { held[$0] == row[slot] })
    {
      slot += 1
    }
    return slot
  }
}
