/// Rows counted from nothing, for checks of what stages keep up. It shares no code with them.
struct RowRecount {
  let rows: UnsafeMutablePointer<NodeIndex>
  let partitionCount: Int
  let replicas: Int
  let nodeCount: Int

  /// Whether every slot is empty or has a node that there is. The other counts rely on it. O(P · R).
  var nameNodes: Bool { slots.allSatisfy { rows[$0] == .none || rows[$0].int < nodeCount } }

  /// Whether no row has a node twice. O(P · R + N).
  var haveDistinctNodes: Bool {
    var lastRow = [Int](repeating: -1, count: nodeCount)
    for slot in slots where rows[slot] != .none {
      let node = rows[slot].int
      if lastRow[node] == slot / replicas { return false }
      lastRow[node] = slot / replicas
    }
    return true
  }

  /// Slots that are not empty. O(P · R).
  var placed: Int { slots.count { rows[$0] != .none } }

  /// What each node holds, where a partition counts for `weight`. O(P · R + N).
  func loads(_ weight: (Int) -> Int = { _ in 1 }) -> [Int] {
    var loads = [Int](repeating: 0, count: nodeCount)
    for slot in slots where rows[slot] != .none { loads[rows[slot].int] += weight(slot / replicas) }
    return loads
  }

  /// Distinct nodes that each node's masters replicate to, and that replicate to it. `masters`: the first slots of a
  /// row. O(P · masters · R + N).
  func peers(masters: Int) -> (out: [Int32], into: [Int32]) {
    var pairs: Set<UInt64> = []  // looked up only, never iterated
    var out = [Int32](repeating: 0, count: nodeCount)
    var into = out
    for partition in 0..<partitionCount {
      let row = rows + partition * replicas
      for master in 0..<masters where row[master] != .none {
        for slot in 0..<replicas where slot != master && row[slot] != .none {
          guard pairs.insert(UInt64(row[master].raw) << 32 | UInt64(row[slot].raw)).inserted else { continue }
          out[row[master].int] += 1
          into[row[slot].int] += 1
        }
      }
    }
    return (out, into)
  }

  private var slots: Range<Int> { 0..<partitionCount * replicas }
}
