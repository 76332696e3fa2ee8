import CPlatCore

extension PlacementMap {
  /// A CRC-32 of who holds what, in words that no numbering of nodes changes: it goes on from `crc` with, for each state
  /// its slots in a row, and then for each partition, state by state, the CRC-32 of each holder's name in their order
  /// and 0 for each slot that is empty; 4 bytes each, least first. O(P · width).
  public func digest(of nodeNames: [String], from crc: UInt32) -> UInt32 {
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
    slotCounts.map { UInt32(truncatingIfNeeded: $0).littleEndian }.withUnsafeBufferPointer(add)

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
          add(UnsafeBufferPointer(rebasing: buffer[..<place]))
          first = rows.upperBound
        }
      }
    }
    return crc
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

/// CRC-32 of other bytes that a digest begins with.
public enum Digest {
  public static func crc32(_ bytes: some Sequence<UInt8>, from crc: UInt32 = 0) -> UInt32 {
    Array(bytes).withUnsafeBufferPointer { plat_crc32_continue(crc, $0.baseAddress, $0.count) }
  }
}
