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

    /// O(P · R²); O(P · R) where the maps agree.
    init(_ matter: Matter) throws(PlatError) {
      received = try matter.arena.table(matter.nodeCount + 1)
      guard let before = matter.before else { return }
      let map = matter.map
      let weights = matter.dense.partitionWeights?.of
      let slots = try matter.slots(ofStates: matter.occupying(matter.model.states.indices), in: map)
      let slotsBefore = try matter.dataSlots(in: before)
      let state = map.stateOfSlot
      let stateBefore = before.stateOfSlot
      let holdsData = matter.model.states.map(\.holdsData)
      let isSameShape = map.slotCounts == before.slotCounts
      let mayBeEqual = isSameShape && !matter.dense.status.contains(.failed)
      let nodeCount = UInt32(matter.nodeCount)
      let width = map.width
      let nobody = try matter.nobodyRow(before.width)
      // Where rows are wide, each node's slot in the row before is looked up: the partition that it was last met
      // in, plus 1, and the slot there.
      let isWide = slotsBefore.count > 16
      let slotOf: NodeTable<Int> = try matter.arena.table(isWide ? matter.nodeCount : 0)

      let equal = EqualRows(map: map, before: before, count: mayBeEqual ? min(matter.rowCount, before.partitionCount) : 0)
      var partition = equal.firstDifferent(from: 0)
      while partition < matter.rowCount {
        let row = map.slots + partition * width
        let old = partition < before.partitionCount ? before.slots + partition * before.width : nobody
        defer { partition = equal.firstDifferent(from: partition + 1) }
        if isWide {
          for index in 0..<slotsBefore.count {
            let slot = slotsBefore.base[index]
            if old[slot].raw < nodeCount { slotOf[old[slot]] = (partition + 1) << 32 + slot }
          }
        }
        for index in 0..<slots.count {
          let slot = slots.base[index]
          let node = row[slot]
          guard node.raw < nodeCount else { continue }
          if isSameShape, old[slot] == node, matter.isLive[node] == 1 { continue }
          var held = -1
          if isWide {
            let entry = slotOf[node]
            held = entry >> 32 == partition + 1 ? entry & 0xffff_ffff : -1
          } else {
            for index in 0..<slotsBefore.count where old[slotsBefore.base[index]] == node {
              held = slotsBefore.base[index]
            }
          }
          if held < 0 || matter.isLive[node] == 0 {
            guard holdsData[state[slot]] else { continue }  // there is nothing to receive
            moves += 1
            if let weights { movesWeight += weights[partition] }
            received[node] &+= 1
          } else if stateBefore[held] != state[slot] {
            roleChanges += 1
          }
        }
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

  /// The first row at or after `partition` that is not the same.
  @inline(__always) func firstDifferent(from partition: Int) -> Int {
    guard partition < count else { return partition }
    switch map.width {
    case 2: return firstDifferent(from: partition, width: 2)
    case 3: return firstDifferent(from: partition, width: 3)
    default: return firstDifferent(from: partition, width: map.width)
    }
  }

  private static let rowsAtOnce = 8

  @inline(__always) private func firstDifferent(from first: Int, width: Int) -> Int {
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

extension Judge.Matter {
  /// A row that nobody holds.
  func nobodyRow(_ width: Int) throws(PlatError) -> UnsafeMutablePointer<NodeIndex> {
    let row: NodeTable<NodeIndex> = try arena.table(width)
    row.fill(with: .none)
    return row.base
  }
}
