import CPlat
import CPlatCore
import PlatEngine

/// Rows of the host → a map.
enum MapRows {
  /// What documents can say, with room to count on.
  static let mostRevision = UInt64(1) << 53

  /// `slots`: for each state, or nil: as the cluster wants. The rows are looked at where they lie if they are borrowed
  /// and number the nodes as the tree does, else copied, and then checked: whatever the host does to its own meanwhile.
  /// O(P · R).
  static func placement(
    _ rows: UnsafePointer<UInt32>, slots: UnsafePointer<UInt32>?, of dense: DenseCluster, _ numbering: NodeNumbering?,
    isBorrowed: Bool, _ work: Work
  ) throws -> PlacementMap {
    let states = dense.cluster.settings.model.states.count
    let slotCounts = slots.map { slots in (0..<states).map { Int(slots[$0]) } } ?? dense.wanted
    guard slots != nil || slotCounts == dense.cluster.rowSlots else {
      throw Refusal.argument(
        "map_slots", found: "NULL",
        expected: "the slots of each state in a row: \(dense.wanted) are wanted of \(dense.nodeCount) nodes")
    }
    let width = slotCounts.reduce(0, +)
    guard width <= Limits.slots / max(dense.partitionCount, 1) else {
      throw Refusal.argument(
        "map_slots", found: "\(width) slots in a row", expected: "at most \(Limits.slots) slots in all")
    }
    if isBorrowed && numbering == nil {
      try check(rows, 0..<dense.partitionCount, width, dense)
      let borrowed = UnsafeMutableRawPointer(mutating: rows).assumingMemoryBound(to: NodeIndex.self)
      return PlacementMap(
        unsafeSlots: borrowed, partitionCount: dense.partitionCount, slotCounts: slotCounts, owner: Host())
    }
    let count = dense.partitionCount * width
    let arena = try Arena(limitBytes: work.values.memoryLimitBytes, interrupt: work.interrupt)
    let table: NodeTable<UInt32> = try arena.unfilledTable(count)
    // Each block is taken while it is in the cache. The check of wide rows has more to do in the beginning.
    let block = width > 8 ? max(dense.partitionCount, 1) : max(blockSlots / max(width, 1), 1)
    for first in stride(from: 0, to: dense.partitionCount, by: block) {
      let partitions = first..<min(first + block, dense.partitionCount)
      let (from, count) = (first * width, partitions.count * width)
      (table.base + from).update(from: rows + from, count: count)
      try check(table.base, partitions, width, dense)
      try work.interrupt?.throwIfRequested()
      if let numbering {
        NodeNumbering.translate(table.base + from, count: count, by: numbering.inTree, into: table.base + from)
      }
    }
    return PlacementMap(
      unsafeSlots: UnsafeMutableRawPointer(table.base).assumingMemoryBound(to: NodeIndex.self),
      partitionCount: dense.partitionCount, slotCounts: slotCounts, owner: arena)
  }

  private static let blockSlots = 1 << 15

  private static func check(
    _ rows: UnsafePointer<UInt32>, _ partitions: Range<Int>, _ width: Int, _ dense: DenseCluster
  ) throws {
    let first = rows + partitions.lowerBound * width
    let bad = plat_rows_first_bad(first, partitions.count, width, UInt32(dense.nodeCount))
    if bad == partitions.count { return }
    guard bad < partitions.count else { throw PlatError.outOfMemory }
    throw describe(first + bad * width, partitions.lowerBound + bad, width, dense)
  }

  /// Who keeps borrowed rows alive is not known here.
  private final class Host: Sendable {}

  private static func describe(
    _ row: UnsafePointer<UInt32>, _ partition: Int, _ width: Int, _ dense: DenseCluster
  ) -> InputError {
    for slot in 0..<width where row[slot] != .max {
      let path = "map[\(partition)][\(slot)]"
      if row[slot] >= UInt32(dense.nodeCount) {
        return InputError(
          path: path, found: "node \(row[slot])", expected: "PLAT_NONE or a node, one of \(dense.nodeCount) from 0")
      }
      if (0..<slot).contains(where: { row[$0] == row[slot] }) {
        return InputError(path: path, found: "node \(row[slot]) a second time", expected: "each node once in a row")
      }
    }
    return InputError(path: "map[\(partition)]", found: "rows that change", expected: "rows that stay as they are")
  }
}
