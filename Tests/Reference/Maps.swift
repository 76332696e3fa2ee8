import PlatEngine

/// A map as tests write it: for each partition, for each of the model's states, the nodes that hold it.
public typealias Rows = [[[Int]]]

extension PlacementMap {
  /// The map that `rows` say, with at least `least` slots of each state.
  public static func make(_ rows: Rows, least: [Int]) -> PlacementMap {
    let counts = least.indices.map { state in rows.reduce(least[state]) { max($0, $1[state].count) } }
    guard let map = try? PlacementMap(partitionCount: rows.count, slotCounts: counts) else {
      preconditionFailure("no memory for a test's map")
    }
    for (partition, row) in rows.enumerated() {
      for (state, nodes) in row.enumerated() {
        for (slot, node) in zip(map.slots(ofState: state), nodes) { map.row(partition)[slot] = NodeIndex(node) }
      }
    }
    return map
  }

  public var rows: Rows {
    (0..<partitionCount).map { partition in
      slotCounts.indices.map { state in holders(of: partition, inState: state).map(\.int) }
    }
  }

  /// For each partition, the nodes that hold it in a state that holds data.
  public func dataHolders(_ model: StateModel) -> [Set<Int>] {
    rows.map { row in
      Set(zip(row, model.states).filter(\.1.holdsData).flatMap(\.0))
    }
  }
}

/// The same slots, element for element.
public func mapsEqual(_ a: PlacementMap, _ b: PlacementMap) -> Bool {
  a.partitionCount == b.partitionCount && a.slotCounts == b.slotCounts
    && (0..<(a.partitionCount * a.width)).allSatisfy { a.slots[$0] == b.slots[$0] }
}

/// Of several maps: of one it is that one's.
public func mapHash(_ maps: [PlacementMap]) -> UInt64 { maps.reduce(0) { ($0 << 7 | $0 >> 57) ^ mapHash($1) } }

/// FNV-1a, 64 bits, over the slots as little-endian 32-bit numbers, row by row.
public func mapHash(_ map: PlacementMap) -> UInt64 {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  for slot in 0..<(map.partitionCount * map.width) {
    for shift in stride(from: 0, to: 32, by: 8) {
      hash ^= UInt64(UInt8(truncatingIfNeeded: map.slots[slot].raw >> UInt32(shift)))
      hash = hash &* 0x100_0000_01b3
    }
  }
  return hash
}
