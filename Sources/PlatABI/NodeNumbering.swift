import PlatEngine

/// The host's numbers of nodes beside the engine's, which follow the tree. Only where they differ.
struct NodeNumbering: Sendable {
  /// For each number of the host, the engine's; and the other way round.
  let inTree: [UInt32]
  let ofHost: [UInt32]

  /// `order`: the host's numbers in tree order.
  init(order: [UInt32]) {
    ofHost = order
    var inTree = [UInt32](repeating: 0, count: order.count)
    for (place, node) in order.enumerated() { inTree[Int(node)] = UInt32(place) }
    self.inTree = inTree
  }

  /// `count` slots with other numbers. O(count).
  static func translate(
    _ slots: UnsafePointer<UInt32>, count: Int, by table: [UInt32], into result: UnsafeMutablePointer<UInt32>
  ) {
    table.withUnsafeBufferPointer { table in
      guard let table = table.baseAddress else { return result.update(from: slots, count: count) }
      for slot in 0..<count { result[slot] = slots[slot] == .max ? .max : table[Int(slots[slot])] }
    }
  }
}
