import CPlatCore

/// The changed rows of one map at the gate, in blocks on several threads.
///
/// Nodes are read through `min(number, N)`: node N stands for nobody.
struct GateRows {
  private let planned: Gate.Planned
  private let arena: Arena
  private let blocks: Blocks
  private let nodeCount: UInt32
  private let width: Int
  /// Of each node, and of nobody: whether it is active, and so may hold and receive anything.
  private let isActive: NodeTable<Bool>
  private let allAreActive: Bool
  /// Rows have the slots that are asked for and no others: a full row has everything.
  private let fullIsComplete: Bool
  private let isSameShape: Bool
  private let crowds: UnsafeBufferPointer<AtMost.Crowd>
  /// There are hard rules that only a closer look at a row tells about.
  private let needsCare: Bool

  init(_ planned: Gate.Planned, threads: Int, interrupt: Interrupt?) throws(PlatError) {
    self.planned = planned
    arena = try Arena(interrupt: interrupt?.quiet)
    let (cluster, map) = (planned.cluster, planned.map)
    nodeCount = UInt32(cluster.nodeCount)
    width = map.width
    isActive = try arena.table(cluster.nodeCount + 1)
    for node in 0..<cluster.nodeCount { isActive.base[node] = cluster.status[node].mayReceive }
    allAreActive = cluster.status.allSatisfy(\.mayReceive)
    fullIsComplete = map.slotCounts == cluster.wanted
    isSameShape = planned.before?.slotCounts == map.slotCounts
    blocks = Blocks(map.partitionCount, replicas: map.width, threads: threads)
    let crowds = try AtMost.crowds(cluster, map, arena)
    let table: NodeTable<AtMost.Crowd> = try arena.table(crowds.count)
    for (index, crowd) in crowds.enumerated() { table.base[index] = crowd }
    self.crowds = UnsafeBufferPointer(start: table.base, count: crowds.count)
    needsCare = cluster.cluster.settings.hasHardPlaces || cluster.hasHardNearRule
  }

  /// What is wrong with the first partition that no plan may have so; nil: nothing is.
  func firstFault() throws(PlatError) -> PlanFault? {
    let (cluster, map) = (planned.cluster, planned.map)
    guard map.partitionCount == cluster.partitionCount, map.slotCounts.count == cluster.wanted.count else {
      return planned.fault(
        "map", nil, "it has \(map.partitionCount) partitions, and \(cluster.partitionCount) are asked for")
    }
    let tools = try blocks.forEachWorker { (_) throws(PlatError) in (try GateRow(planned, arena), try boxColumns()) }
    let found: NodeTable<Int> = try arena.table(blocks.count)
    found.fill(with: .max)
    let size = blocks.workers > 1 ? blocks.size : max(map.partitionCount, 1)
    blocks.run { worker, block in
      guard !block.isEmpty else { return }
      found.base[block.lowerBound / size] = firstFaulty(block, tools[worker].0, tools[worker].1)
    }
    guard let partition = (0..<blocks.count).map({ found.base[$0] }).min(), partition != .max else { return nil }
    return tools[0].0.fault(partition)
  }

  private static let piece = 512

  private func boxColumns() throws(PlatError) -> NodeTable<UInt32> {
    try arena.table(width <= 8 ? Self.piece * width : 0)
  }

  /// The first of some partitions that has a fault; `.max`: none.
  private func firstFaulty(_ partitions: Range<Int>, _ careful: GateRow, _ columns: NodeTable<UInt32>) -> Int {
    var first = partitions.lowerBound
    while first < partitions.upperBound {
      if arena.isInterrupted { return .max }  // who asked for it throws
      if let before = planned.before, isSameShape, first < before.partitionCount {
        let end = min(partitions.upperBound, before.partitionCount)
        first = firstDifferent(first..<end, before)
        guard first < end else { continue }
        if !isPlain(planned.map.row(first)), careful.hasFault(first) { return first }
        first += 1
      } else {
        let end = min(partitions.upperBound, first + Self.piece)
        if !arePlain(first..<end, columns) {
          for partition in first..<end where !isPlain(planned.map.row(partition)) && careful.hasFault(partition) {
            return partition
          }
        }
        first = end
      }
    }
    return .max
  }

  /// The first of these rows that is another than before; their end where none is.
  private func firstDifferent(_ rows: Range<Int>, _ before: PlacementMap) -> Int {
    guard width > 0 else { return rows.upperBound }
    let slots = rows.count * width
    func raw(_ map: PlacementMap) -> UnsafePointer<UInt32> {
      UnsafeRawPointer(map.row(rows.lowerBound)).assumingMemoryBound(to: UInt32.self)
    }
    return rows.lowerBound + plat_rows_first_difference(raw(planned.map), raw(before), slots) / width
  }

  /// Whether a row is one of the many that need no closer look: full, all on active nodes, all different, and within
  /// the rules about containers. O(R²).
  @inline(__always) private func isPlain(_ row: UnsafeMutablePointer<NodeIndex>) -> Bool {
    guard fullIsComplete, !needsCare, width <= 16 else { return false }
    for slot in 0..<width {
      guard isActive.base[Int(min(row[slot].raw, nodeCount))] else { return false }
      for earlier in 0..<slot where row[earlier] == row[slot] { return false }
    }
    for crowd in crowds {
      for index in 0..<crowd.slotCount {
        let box = crowd.boxOfNode[row[crowd.slots[index]].int]
        var others = 0
        for earlier in 0..<index where crowd.boxOfNode[row[crowd.slots[earlier]].int] == box { others += 1 }
        if others >= crowd.most { return false }
      }
    }
    return true
  }

  /// The same of many rows at once, where that can be told by what they are all about. O(R), eight slots in a few
  /// instructions.
  private func arePlain(_ rows: Range<Int>, _ columns: NodeTable<UInt32>) -> Bool {
    guard fullIsComplete, allAreActive, !needsCare, width <= 8 else { return false }
    let slots = planned.map.row(rows.lowerBound)
    let raw = UnsafeRawPointer(slots).assumingMemoryBound(to: UInt32.self)
    guard plat_rows_are_different(raw, rows.count, width, nodeCount) == 1 else { return false }
    return crowds.allSatisfy { crowd in
      guard crowd.isOneEach else { return false }
      for slot in 0..<rows.count * width { columns.base[slot] = crowd.boxOfNode[slots[slot].int] }
      return plat_rows_are_different(columns.base, rows.count, width, crowd.boxes) == 1
    }
  }
}
