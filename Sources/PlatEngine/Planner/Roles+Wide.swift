/// Open places of rows too wide to be compared slot by slot.
extension Roles {
  /// As `assign` for one row, by sorting the holders once: a node is in a row only once, so whoever gets a place takes
  /// nothing from the others. O(R log R), where no rule is about single states.
  func assignWide(
    _ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>, from firstOpen: Int,
    _ want: (NodeIndex) -> (need: Int64, chances: Int64)
  ) -> [NodeIndex] {
    var places: [(need: Int64, chances: Int64, slot: Int)] = []
    for slot in firstOpen..<width where row[slot] != .none && problem.allows(row[slot], inState: state) {
      let (need, chances) = want(row[slot])
      places.append((need, max(1, chances), slot))
    }
    places.sort { a, b in
      let (left, right) = (a.need * b.chances, b.need * a.chances)
      return left == right ? a.slot < b.slot : left > right
    }
    // Those who get a place, in its slots; the others behind, in their order.
    let open = firstOpen..<slots.upperBound
    let chosen = places.prefix(open.count).map(\.slot)
    let isChosen = Set(chosen)  // looked up only, never iterated
    let nodes = chosen.map { row[$0] }
    let others = (firstOpen..<width).filter { !isChosen.contains($0) && row[$0] != .none }.map { row[$0] }
    for slot in firstOpen..<width { row[slot] = .none }
    for (slot, node) in zip(open, nodes) { row[slot] = node }
    // Behind the state's slots there is room for all but those who may not be in it and find none.
    let room = slots.upperBound..<width
    for (slot, node) in zip(room, others) { row[slot] = node }
    for node in others.dropFirst(room.count) { placement.load[node] -= 1 }
    return nodes
  }

  /// As `settle`: who is in the last state today keeps its slot. O(P · R).
  static func settleWide(_ problem: Problem, _ placement: Placement, slots: Range<Int>, held: Range<Int>) {
    // For each node, the partition that it was last met in, plus 1, and its slot there.
    withUnsafeTemporaryAllocation(of: Int.self, capacity: problem.nodeCount) { place in
      place.initialize(repeating: 0)
      for partition in 0..<min(problem.partitionCount, problem.heldPartitions) {
        let row = placement.row(partition)
        let before = problem.heldRows + partition * problem.heldWidth
        let mark = (partition + 1) << 32
        for slot in slots where row[slot] != .none { place[row[slot].int] = mark + slot }
        for (offset, column) in held.enumerated() {
          let (node, home) = (before[column], slots.lowerBound + offset)
          guard node != .none, place[node.int] >= mark, row[home] != node else { continue }
          let slot = place[node.int] - mark
          row.swap(slot, home)
          if row[slot] != .none { place[row[slot].int] = mark + slot }
          place[node.int] = mark + home
        }
      }
    }
  }
}
