import CPlatCore

extension PlacementMap {
  /// A CRC-32 of who holds what, in words that no numbering of nodes changes: it goes on from `crc` with, for each
  /// state its slots in a row, and then for each partition, state by state, the CRC-32 of each holder's name in their
  /// order and 0 for each slot that is empty; 4 bytes each, least first. O(P · width).
  ///
  /// `least`: the slots that rows have for each state at least (`Cluster.rowSlots`). Slots beyond them count as far as
  /// the fullest row uses them, as in a map that is read from a document: so it is the same map whoever has made room
  /// for what.
  public func digest(of nodeNames: [String], least: [Int], from crc: UInt32) -> UInt32 {
    var crc = crc
    func add(_ numbers: UnsafeBufferPointer<UInt32>) {
      let bytes = UnsafeRawBufferPointer(numbers).bindMemory(to: UInt8.self)
      crc = plat_crc32_continue(crc, bytes.baseAddress, bytes.count)
    }
    let ofNode: [UInt32] = nodeNames.map { name in
      var name = name
      return name.withUTF8 { plat_crc32($0.baseAddress, $0.count).littleEndian }
    } + [0]
    let nobody = nodeNames.count
    let columns = slotCounts.indices.map { slots(ofState: $0) }
    let counts = slotsUsed(least, nodes: nobody)
    let isCut = counts != slotCounts
    counts.map { UInt32(truncatingIfNeeded: $0).littleEndian }.withUnsafeBufferPointer(add)

    let rowsAtOnce = 4096
    var buffer = [UInt32](repeating: 0, count: rowsAtOnce * max(width, 1))
    buffer.withUnsafeMutableBufferPointer { buffer in
      ofNode.withUnsafeBufferPointer { ofNode in
        var first = 0
        while first < partitionCount {
          let rows = first..<min(first + rowsAtOnce, partitionCount)
          var place = 0
          var holes = 0
          for slot in rows.lowerBound * width..<rows.upperBound * width {
            let node = min(slots[slot].int, nobody)
            holes += node == nobody ? 1 : 0
            buffer[place] = ofNode[node]
            place += 1
          }
          if holes > 0 {
            for row in 0..<rows.count { for slots in columns { Self.moveUp(&buffer, row * width, slots) } }
          }
          if isCut { place = Self.cut(&buffer, rows: rows.count, width, columns, counts) }
          add(UnsafeBufferPointer(rebasing: buffer[..<place]))
          first = rows.upperBound
        }
      }
    }
    return crc
  }

  /// Of each state its slots, less those beyond `least` that no row needs. O(1) where there are none beyond, else
  /// O(P · width).
  private func slotsUsed(_ least: [Int], nodes: Int) -> [Int] {
    slotCounts.indices.map { state in
      let least = state < least.count ? least[state] : 0
      guard slotCounts[state] > least else { return slotCounts[state] }
      let slots = slots(ofState: state)
      return (0..<partitionCount).reduce(least) { most, partition in
        let row = row(partition)
        return max(most, slots.count { row[$0].int < nodes })
      }
    }
  }

  /// Leaves the first slots of each state, as many as counted; the words that are left. O(rows · width).
  private static func cut(
    _ buffer: inout UnsafeMutableBufferPointer<UInt32>, rows: Int, _ width: Int, _ columns: [Range<Int>],
    _ counts: [Int]
  ) -> Int {
    var next = 0
    for row in 0..<rows {
      for (slots, count) in zip(columns, counts) {
        for slot in slots.prefix(count) {
          buffer[next] = buffer[row * width + slot]
          next += 1
        }
      }
    }
    return next
  }

  /// Holders before empty slots.
  private static func moveUp(_ buffer: inout UnsafeMutableBufferPointer<UInt32>, _ row: Int, _ slots: Range<Int>) {
    var free = row + slots.lowerBound
    for slot in row + slots.lowerBound..<row + slots.upperBound where buffer[slot] != 0 {
      let value = buffer[slot]
      buffer[slot] = 0
      buffer[free] = value
      free += 1
    }
  }
}

extension PlacementMap {
  /// By which a map is told from others of its revision.
  public func digest(of cluster: Cluster) -> UInt32 {
    digest(of: cluster.nodes.map(\.name), least: cluster.rowSlots, from: 0)
  }
}

/// CRC-32 of other bytes that a digest begins with.
public enum Digest {
  public static func crc32(_ bytes: some Sequence<UInt8>, from crc: UInt32 = 0) -> UInt32 {
    Array(bytes).withUnsafeBufferPointer { plat_crc32_continue(crc, $0.baseAddress, $0.count) }
  }
}
