/// A rule as a question about one row: of the replicas in the slots that it counts, at most so many in one container;
/// with anchors, at least so many, or all that are placed, in a container of an anchor.
struct RowBound {
  let containerOfNode: [ContainerIndex]
  let countsSlot: [Bool]
  /// The container that is none: any number may be there.
  var free: ContainerIndex?
  let limit: Int
  /// Slots.
  let anchors: [Int]?

  /// Whether `node` may come to `slot`, where what slot `without` holds goes. O(R).
  func admits(
    _ row: UnsafeMutablePointer<NodeIndex>, width: Int, _ slot: Int, _ node: NodeIndex, without: Int = -1
  ) -> Bool {
    guard anchors == nil, countsSlot[slot] else { return true }
    let container = containerOfNode[node.int]
    if container == free { return true }
    var count = 0
    for other in 0..<width where other != slot && other != without && row[other] != .none && countsSlot[other] {
      if containerOfNode[row[other].int] == container { count += 1 }
    }
    return count < limit
  }

  /// Whether those that are to be near to an anchor are; without an anchor there is nothing to be near to. O(R²).
  func isNear(_ row: UnsafeMutablePointer<NodeIndex>, width: Int) -> Bool {
    guard let anchors else { return true }
    let boxes = anchors.filter { row[$0] != .none }.map { containerOfNode[row[$0].int] }
    guard !boxes.isEmpty else { return true }
    let placed = (0..<width).filter { countsSlot[$0] && row[$0] != .none }
    return placed.count { boxes.contains(containerOfNode[row[$0].int]) } >= min(limit, placed.count)
  }

  /// By how many replicas too many the container of `node` would have with it in the row. O(R).
  func excess(_ row: UnsafeMutablePointer<NodeIndex>, width: Int, around node: NodeIndex) -> Int {
    let container = containerOfNode[node.int]
    var there = 1
    for slot in 0..<width where countsSlot[slot] && row[slot] != .none {
      if containerOfNode[row[slot].int] == container { there += 1 }
    }
    return max(0, there - limit)
  }

  /// By how many replicas the row breaks it. O(R²).
  func excess(_ row: UnsafeMutablePointer<NodeIndex>, width: Int) -> Int {
    let counted = (0..<width).filter { countsSlot[$0] && row[$0] != .none }.map { containerOfNode[row[$0].int] }
    guard let anchors else {
      let crowds = Dictionary(grouping: counted.filter { $0 != free }) { $0 }.values
      return crowds.reduce(0) { $0 + max(0, $1.count - limit) }
    }
    let boxes = anchors.filter { row[$0] != .none }.map { containerOfNode[row[$0].int] }
    guard !boxes.isEmpty else { return 0 }
    return max(0, min(limit, counted.count) - counted.count(where: boxes.contains))
  }
}

extension ContainerRule {
  /// The rule as a question about one row.
  func bound(_ cluster: DenseCluster, stateOfSlot: [Int]) -> RowBound {
    RowBound(
      containerOfNode: cluster.levels[level].containerOfNode, countsSlot: stateOfSlot.map(states.contains),
      limit: count, anchors: anchor.map { anchor in stateOfSlot.indices.filter { stateOfSlot[$0] == anchor } })
  }
}

extension Sequence<Int> {
  /// States as the bits of a mask.
  var asMask: UInt32 { reduce(0) { $0 | 1 << UInt32($1) } }
}
