import CPlatCore

extension Judge {
  /// Rows of the map, a block at a time, turned into columns: so that comparing slots is a straight loop over
  /// rows, several at once, however wide the rows are.
  ///
  ///     rows   n3 n9 n4 | n7 n1 n2 | …      columns   n3 n7 … | n9 n1 … | n4 n2 …
  struct Columns {
    /// A block of three columns and their marks stays in the first-level cache.
    static let blockRows = 512

    let count: Int
    private let slots: UnsafeMutablePointer<Int>
    private let nobody: UInt32
    private let base: UnsafeMutablePointer<UInt32>
    private let earlier: UnsafeMutablePointer<UInt32>
    /// For each row of the block: not 0 where something was found.
    let marks: UnsafeMutablePointer<UInt32>

    init(_ context: CheckContext, _ slots: CheckContext.SlotList) throws(PlatError) {
      count = slots.count
      self.slots = slots.base
      nobody = UInt32(context.nodeCount)
      let table: NodeTable<UInt32> = try context.arena.table((slots.count + 2) * Columns.blockRows)
      base = table.base
      earlier = base + slots.count * Columns.blockRows
      marks = earlier + Columns.blockRows
    }

    @inline(__always) func column(_ index: Int) -> UnsafeMutablePointer<UInt32> { base + index * Columns.blockRows }

    /// Fills the columns with what `table` says of each node, and clears the marks. `.max` in the table means
    /// that there is none; it becomes another number in each column, all of them at least `.max - count`.
    func read(_ map: PlacementMap, _ rows: Range<Int>, through table: UnsafeMutablePointer<UInt32>) {
      let width = map.width
      for index in 0..<count {
        var slot = map.slots + (rows.lowerBound * width + slots[index])
        let column = column(index)
        let none = UInt32.max &- UInt32(truncatingIfNeeded: index)
        for row in 0..<rows.count {
          column[row] = min(table[Int(min(slot.pointee.raw, nobody))], none)
          slot += width
        }
      }
      marks.update(repeating: 0, count: rows.count)
    }

    /// Fills the columns with the nodes themselves, and clears the marks: where every node can be read.
    func readNodes(_ map: PlacementMap, _ rows: Range<Int>) {
      let width = map.width
      for index in 0..<count {
        var slot = map.slots + (rows.lowerBound * width + slots[index])
        let column = column(index)
        let none = UInt32.max &- UInt32(truncatingIfNeeded: index)
        for row in 0..<rows.count {
          column[row] = slot.pointee.raw < nobody ? slot.pointee.raw : none
          slot += width
        }
      }
      marks.update(repeating: 0, count: rows.count)
    }

    /// Whether the table says something else of each node of a row, in all of these rows, and something below `limit`.
    /// Where it does not, or rows are too wide to tell at once, the columns tell more. The slots are all that a row
    /// has.
    func areDifferent(
      _ map: PlacementMap, _ rows: Range<Int>, through table: UnsafeMutablePointer<UInt32>, below limit: UInt32
    ) -> Bool {
      guard count == map.width, count <= 8 else { return false }
      let slots = map.slots + rows.lowerBound * count
      for slot in 0..<rows.count * count { base[slot] = table[Int(min(slots[slot].raw, nobody))] }
      return plat_rows_are_different(base, rows.count, count, limit) == 1
    }

    /// Marks the rows in which one value stands more than `most` times. O(rows · count²).
    func markCrowded(_ most: Int, _ rows: Int) {
      let most = UInt32(truncatingIfNeeded: most)
      for index in 0..<count {
        let mine = column(index)
        earlier.update(repeating: 0, count: rows)
        for other in 0..<index {
          let theirs = column(other)
          for row in 0..<rows { earlier[row] &+= mine[row] == theirs[row] ? 1 : 0 }
        }
        for row in 0..<rows { marks[row] |= earlier[row] >= most ? 1 : 0 }
      }
    }

    /// Marks the rows in which a slot has none.
    func markEmpty(_ rows: Int) {
      let least = UInt32.max &- UInt32(truncatingIfNeeded: count)
      for index in 0..<count {
        let mine = column(index)
        for row in 0..<rows { marks[row] |= mine[row] > least ? 1 : 0 }
      }
    }
  }
}

extension PlacementMap {
  /// Whether each of these rows has another node below `limit` in every slot. False, too, where rows are too wide to
  /// tell.
  @inline(__always) func areDifferent(_ rows: Range<Int>, below limit: UInt32) -> Bool {
    let first = UnsafeRawPointer(slots + rows.lowerBound * width).assumingMemoryBound(to: UInt32.self)
    return plat_rows_are_different(first, rows.count, width, limit) == 1
  }
}

extension Judge.CheckContext {
  /// Rows in as many pieces as columns can be made of.
  @inline(__always) func forEachPiece(_ rows: Range<Int>, _ body: (Range<Int>) -> Void) {
    var first = rows.lowerBound
    while first < rows.upperBound {
      let end = min(first + Judge.Columns.blockRows, rows.upperBound)
      body(first..<end)
      first = end
    }
  }

  /// A pass over all rows, block by block, on several threads. Each worker has tools of its own, each block a finding
  /// of its own, which begins as `empty`; they come back in the order of the blocks. `beside`: as in `Blocks.run`.
  @inline(__always) func findings<Tools, Found>(
    tools: [Tools], empty: Found, beside: () -> Void = {}, _ body: (Tools, Range<Int>, inout Found) -> Void
  ) -> [Found] {
    let size = blocks.workers > 1 ? blocks.size : max(rowCount, 1)
    var found = [Found](repeating: empty, count: blocks.count)
    found.withUnsafeMutableBufferPointer { found in
      let found = found.baseAddress
      blocks.run(beside: beside) { worker, block in
        if let found, !block.isEmpty { body(tools[worker], block, &found[block.lowerBound / size]) }
      }
    }
    return found
  }

  /// One of something for each worker.
  func forEachWorker<Tools>(_ make: (_ worker: Int) throws(PlatError) -> Tools) throws(PlatError) -> [Tools] {
    try blocks.forEachWorker(make)
  }
}
