import CPlatCore
import Testing

/// Rows that come from outside, against looking at each slot.
@Suite struct RowsTests {
  private static func firstBad(_ rows: [UInt32], count: Int, width: Int, nodes: UInt32) -> Int {
    for row in 0..<count {
      for slot in 0..<width {
        let node = rows[row * width + slot]
        if node == .max { continue }
        if node >= nodes || rows[(row * width)..<(row * width + slot)].contains(node) { return row }
      }
    }
    return count
  }

  @Test func theFirstKeyThatEndsBeforeItBeginsIsFound() {
    for count in [0, 1, 7, 8, 9, 1023, 1024, 1025, 3000] {
      var offsets = (0...count).map { UInt32($0 / 2) }
      #expect(plat_offsets_first_bad(offsets, count) == count)
      for key in Set([0, count / 3, count / 2, count - 1]) where (0..<count).contains(key) {
        let good = offsets[key]
        offsets[key] = .max
        #expect(plat_offsets_first_bad(offsets, count) == key)
        offsets[key] = good
      }
    }
  }

  @Test func theFirstBadRowIsFound() {
    var generator = SystemRandomNumberGenerator()
    var bad = 0
    for turn in 0..<3000 {
      let width = Int.random(in: 1...10, using: &generator)
      let count = Int.random(in: 0...(turn % 10 == 0 ? 700 : 20), using: &generator)
      let nodes = UInt32.random(in: 12...40, using: &generator)
      var rows: [UInt32] = []
      for _ in 0..<count {
        let first = UInt32.random(in: 0..<nodes, using: &generator)
        rows += (0..<UInt32(width)).map { (first + $0) % nodes }
      }
      for planted: UInt32 in [UInt32.max, nodes, 0, UInt32.max - 1]
      where !rows.isEmpty && Int.random(in: 0..<6, using: &generator) == 0 {
        rows[Int.random(in: rows.indices, using: &generator)] = planted
      }
      let expected = Self.firstBad(rows, count: count, width: width, nodes: nodes)
      if expected < count { bad += 1 }
      #expect(plat_rows_first_bad(rows, count, width, nodes) == expected, "\(rows) of \(width), \(nodes) nodes")
      let areDifferent = count == 0 || (width <= 8 && expected == count && !rows.contains(.max))
      #expect(
        (plat_rows_are_different(rows, count, width, nodes) == 1) == areDifferent, "\(rows) of \(width), \(nodes) nodes"
      )
    }
    #expect(bad > 300)
  }
}
