extension Judge {
  /// What must change to come from the map before to this one.
  struct Movement {
    /// Replicas on nodes that did not hold the partition in a state with data, or have failed.
    private(set) var moves = 0
    /// The weight of these, where partitions differ in weight.
    private(set) var movesWeight = 0
    /// Replicas in another state than before, on nodes that held the partition.
    private(set) var roleChanges = 0
    /// What each node must receive.
    let received: NodeTable<UInt32>

    /// O(P · R²); O(P · R) where the maps agree. On several threads.
    init(_ context: CheckContext) throws(PlatError) {
      guard let before = context.before else {
        received = try context.arena.table(context.nodeCount + 1)
        return
      }
      let rows = try ComparedRows(context, before)
      let tools = try context.forEachWorker { (_) throws(PlatError) in
        try ComparedRows.Tools(context, isWide: rows.isWide)
      }
      var all = Count()
      for found in context.findings(tools: tools, empty: all, rows.count) { all.add(found) }
      (moves, movesWeight, roleChanges) = (all.moves, all.movesWeight, all.roleChanges)
      received = tools[0].received
      for worker in tools.dropFirst() {
        for node in 0..<context.nodeCount { received.base[node] &+= worker.received.base[node] }
      }
    }

    /// What some rows add to it.
    struct Count {
      var moves = 0
      var movesWeight = 0
      var roleChanges = 0

      mutating func add(_ other: Count) {
        moves += other.moves
        movesWeight += other.movesWeight
        roleChanges += other.roleChanges
      }
    }
  }
}

/// The rows of two maps, side by side.
private struct ComparedRows {
  /// What a worker writes.
  struct Tools {
    let received: NodeTable<UInt32>
    /// Where rows are wide, each node's slot in the row before is looked up: the partition that it was last met in,
    /// plus 1, and the slot there.
    let slotOf: NodeTable<Int>

    init(_ context: Judge.CheckContext, isWide: Bool) throws(PlatError) {
      received = try context.arena.table(context.nodeCount + 1)
      slotOf = try context.arena.table(isWide ? context.nodeCount : 0)
    }
  }

  private let map: PlacementMap
  private let before: PlacementMap
  private let equal: EqualRows
  private let isLive: NodeTable<UInt8>
  private let nodeCount: UInt32
  private let weights: [Int]?
  private let slots: Judge.CheckContext.SlotList
  private let slotsBefore: Judge.CheckContext.SlotList
  private let state: [Int]
  private let stateBefore: [Int]
  private let holdsData: [Bool]
  private let isSameShape: Bool
  private let nobody: UnsafeMutablePointer<NodeIndex>
  let isWide: Bool

  init(_ context: Judge.CheckContext, _ before: PlacementMap) throws(PlatError) {
    map = context.map
    self.before = before
    isLive = context.isLive
    nodeCount = UInt32(context.nodeCount)
    weights = context.dense.partitionWeights?.of
    slots = try context.slots(ofStates: context.occupying(context.model.states.indices), in: map)
    slotsBefore = try context.dataSlots(in: before)
    state = map.stateOfSlot
    stateBefore = before.stateOfSlot
    holdsData = context.model.states.map(\.holdsData)
    isSameShape = map.slotCounts == before.slotCounts
    nobody = try context.nobodyRow(before.width)
    isWide = slotsBefore.count > 16
    let mayBeEqual = isSameShape && context.allCanBeRead
    equal = EqualRows(map: map, before: before, count: mayBeEqual ? min(context.rowCount, before.partitionCount) : 0)
  }

  /// Counts what changes in some rows.
  func count(_ tools: Tools, _ rows: Range<Int>, _ found: inout Judge.Movement.Count) {
    var partition = equal.firstDifferent(in: rows)
    while partition < rows.upperBound {
      compare(partition, tools, &found)
      partition = equal.firstDifferent(in: partition + 1..<rows.upperBound)
    }
  }

  @inline(__always) private func compare(_ partition: Int, _ tools: Tools, _ found: inout Judge.Movement.Count) {
    let row = map.slots + partition * map.width
    let old = partition < before.partitionCount ? before.slots + partition * before.width : nobody
    if isWide {
      for index in 0..<slotsBefore.count {
        let slot = slotsBefore.base[index]
        if old[slot].raw < nodeCount { tools.slotOf[old[slot]] = (partition + 1) << 32 + slot }
      }
    }
    for index in 0..<slots.count {
      let slot = slots.base[index]
      let node = row[slot]
      guard node.raw < nodeCount else { continue }
      if isSameShape, old[slot] == node, isLive[node] == 1 { continue }
      var held = -1
      if isWide {
        let entry = tools.slotOf[node]
        held = entry >> 32 == partition + 1 ? entry & 0xffff_ffff : -1
      } else {
        for index in 0..<slotsBefore.count where old[slotsBefore.base[index]] == node { held = slotsBefore.base[index] }
      }
      if held < 0 || isLive[node] == 0 {
        guard holdsData[state[slot]] else { continue }  // there is nothing to receive
        found.moves += 1
        if let weights { found.movesWeight += weights[partition] }
        tools.received[node] &+= 1
      } else if stateBefore[held] != state[slot] {
        found.roleChanges += 1
      }
    }
  }
}

/// Rows that are the same in both maps, slot by slot: most.
private struct EqualRows {
  let map: PlacementMap
  let before: PlacementMap
  /// Rows from here on are not compared.
  let count: Int

  /// The first of these rows that is not the same; their end where all are.
  @inline(__always) func firstDifferent(in rows: Range<Int>) -> Int {
    guard rows.lowerBound < count else { return rows.lowerBound }
    let end = min(rows.upperBound, count)
    switch map.width {
    case 2: return firstDifferent(from: rows.lowerBound, to: end, width: 2)
    case 3: return firstDifferent(from: rows.lowerBound, to: end, width: 3)
    default: return firstDifferent(from: rows.lowerBound, to: end, width: map.width)
    }
  }

  private static let rowsAtOnce = 8

  @inline(__always) private func firstDifferent(from first: Int, to count: Int, width: Int) -> Int {
    var (row, old) = (map.slots + first * width, before.slots + first * width)
    var first = first
    // Most rows are equal: two slots at a time, and rows by the eight.
    while first + EqualRows.rowsAtOnce <= count {
      var difference: UInt64 = 0
      for word in 0..<EqualRows.rowsAtOnce / 2 * width {
        let offset = 8 * word
        difference |=
          UnsafeRawPointer(row).loadUnaligned(fromByteOffset: offset, as: UInt64.self)
          ^ UnsafeRawPointer(old).loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      }
      if difference != 0 { break }
      first += EqualRows.rowsAtOnce
      row += EqualRows.rowsAtOnce * width
      old += EqualRows.rowsAtOnce * width
    }
    for partition in first..<count {
      var difference: UInt32 = 0
      for slot in 0..<width { difference |= row[slot].raw ^ old[slot].raw }
      if difference != 0 { return partition }
      row += width
      old += width
    }
    return count
  }
}

extension Judge.CheckContext {
  /// A row that nobody holds.
  func nobodyRow(_ width: Int) throws(PlatError) -> UnsafeMutablePointer<NodeIndex> {
    let row: NodeTable<NodeIndex> = try arena.table(width)
    row.fill(with: .none)
    return row.base
  }
}
