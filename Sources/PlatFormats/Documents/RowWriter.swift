import PlatEngine

/// Writes the rows of a map whose partitions are numbers, as fast as memory takes them:
///
///     ,\n      "17": {"master":["n4"],"slave":["n90","n3"]}
///
/// Every piece of a row (the line break, a state's name, a node's) is rendered once into a cell of 16 or 32 bytes and
/// copied whole, whatever its length; the next piece is written over what was too much. Each element is written with
/// its comma, and a bracket that closes takes the place of the last one. The number is counted up as text.
struct RowWriter: ~Copyable {
  /// Of one or two words of 16 bytes: as few as the longest piece asks for.
  private let cellBytes: Int
  /// A cell each: nodes, then states, then what is before and behind the number of the row. The last byte of a cell is
  /// the length of what is in it.
  private let cells: UnsafeMutableRawPointer
  private let nodeCount: Int
  private let stateCount: Int
  private let isWanted: [Bool]

  /// Nil where a name does not fit into a cell. `indent`: spaces before a row.
  init?(nodes: borrowing QuotedNames, states: borrowing QuotedNames, isWanted: [Bool], indent: Int) {
    nodeCount = nodes.count
    stateCount = states.count
    self.isWanted = isWanted
    let count = nodes.count + states.count + 2
    var texts: [[UInt8]] = []
    texts.reserveCapacity(count)
    for node in 0..<nodes.count { texts.append(Array(nodes[node]) + [0x2c]) }
    for state in 0..<states.count { texts.append(Array(states[state]) + [0x3a, 0x5b]) }
    texts.append([0x2c, 0x0a] + Array(repeating: 0x20, count: indent) + [0x22])
    texts.append(Array("\": {".utf8))
    let longest = texts.reduce(0) { max($0, $1.count) }
    guard longest < 32 else { return nil }
    cellBytes = longest < 16 ? 16 : 32
    cells = .allocate(byteCount: count * cellBytes, alignment: 64)
    cells.initializeMemory(as: UInt8.self, repeating: 0, count: count * cellBytes)
    for (index, text) in texts.enumerated() {
      let cell = UnsafeMutableRawBufferPointer(start: cells + index * cellBytes, count: cellBytes)
      cell.copyBytes(from: text)
      cell[cellBytes - 1] = UInt8(text.count)
    }
  }

  deinit { cells.deallocate() }

  /// Rows that are written between two looks at how much room there is.
  private static let block = 1024

  /// O(P · R).
  func write(_ map: PlacementMap, to writer: inout JSONWriter) {
    // The same loops for either size.
    if cellBytes == 16 { write(map, to: &writer, cellBytes: 16) } else { write(map, to: &writer, cellBytes: 32) }
  }

  @inline(__always) private func write(_ map: PlacementMap, to writer: inout JSONWriter, cellBytes: Int) {
    // A cell for each node and each state, two around the number, and what is copied beyond the last.
    let rowBytes = (map.width + stateCount + 4) * cellBytes
    let slotCounts = map.slotCounts
    slotCounts.withUnsafeBufferPointer { slotCounts in
      isWanted.withUnsafeBufferPointer { isWanted in
        var number = DecimalCounter()
        for first in stride(from: 0, to: map.partitionCount, by: Self.block) {
          if writer.isStopped() { return }
          let rows = first..<min(first + Self.block, map.partitionCount)
          writer.elements(mostBytes: rowBytes * rows.count) { begin in
            var end = UnsafeMutableRawPointer(begin)
            for partition in rows {
              // The first row has no comma before it.
              copy(nodeCount + stateCount, to: &end, cellBytes)
              number.write(to: &end)
              copy(nodeCount + stateCount + 1, to: &end, cellBytes)
              writeStates(slotCounts, isWanted, map.row(partition), &end, cellBytes)
            }
            return end - UnsafeMutableRawPointer(begin)
          }
        }
      }
    }
  }

  @inline(__always) private func writeStates(
    _ slotCounts: UnsafeBufferPointer<Int>, _ isWanted: UnsafeBufferPointer<Bool>,
    _ row: UnsafeMutablePointer<NodeIndex>,
    _ end: inout UnsafeMutableRawPointer, _ cellBytes: Int
  ) {
    var slot = 0
    var isEmpty = true
    for state in 0..<stateCount {
      let slots = slotCounts[state]
      if slots == 0, !isWanted[state] { continue }
      let mark = end
      copy(nodeCount + state, to: &end, cellBytes)
      let names = end
      for _ in 0..<slots {
        if row[slot] != .none { copy(row[slot].int, to: &end, cellBytes) }
        slot += 1
      }
      if end == names {
        // Nobody: told only where somebody is wanted.
        guard isWanted[state] else {
          end = mark
          continue
        }
      } else {
        end -= 1
      }
      end.storeBytes(of: UInt16(littleEndian: 0x2c5d), as: UInt16.self)
      end += 2
      isEmpty = false
    }
    if !isEmpty { end -= 1 }
    end.storeBytes(of: 0x7d, as: UInt8.self)
    end += 1
  }

  @inline(__always) private func copy(_ cell: Int, to end: inout UnsafeMutableRawPointer, _ cellBytes: Int) {
    let source = UnsafeRawPointer(cells + cell * cellBytes)
    for word in 0..<cellBytes / 16 {
      (end + 16 * word).storeBytes(
        of: source.load(fromByteOffset: 16 * word, as: SIMD16<UInt8>.self), as: SIMD16<UInt8>.self)
    }
    end += Int(source.load(fromByteOffset: cellBytes - 1, as: UInt8.self))
  }
}

/// 0, 1, 2 … as text.
struct DecimalCounter {
  /// Digits, the last in the highest byte that is used: `count` of them.
  private var digits: UInt64 = 0x30
  private var count = 1
  /// The ninth digit from the end, or 0: `Limits.partitions` is below 10⁹.
  private var high: UInt8 = 0

  /// `count` nines, or 0: for tests.
  init(nines count: Int = 0) {
    guard count > 0 else { return }
    self.count = count
    digits = (0..<count).reduce(0) { $0 | 0x39 << UInt64(8 * $1) }
  }

  /// Writes the number, with up to eight bytes behind it that do not count, and counts up.
  @inline(__always) mutating func write(to end: inout UnsafeMutableRawPointer) {
    if high != 0 {
      end.storeBytes(of: high, as: UInt8.self)
      end += 1
    }
    end.storeBytes(of: digits.littleEndian, as: UInt64.self)
    end += count
    // The last digit is the highest byte in use.
    let shift = UInt64(8 * (count - 1))
    digits &+= 1 << shift
    if digits >> shift & 0xff > 0x39 { carry() }
  }

  private mutating func carry() {
    for place in stride(from: count - 1, through: 0, by: -1) {
      let shift = UInt64(8 * place)
      guard digits >> shift & 0xff > 0x39 else { return }
      digits = digits & ~(0xff << shift) | 0x30 << shift
      if place > 0 { digits &+= 1 << UInt64(8 * (place - 1)) }
    }
    // All were nines.
    if count < 8 {
      digits = digits << 8 | 0x31
      count += 1
    } else {
      high = high == 0 ? 0x31 : high + 1
    }
  }
}
