/// Who holds what: for each partition a row of slots, each of a fixed state, holding a node or none.
///
///     state     master  slave  slave          slotCounts [1, 2, 0, 0], width 3
///     row 0   [   n17     n4    n90  ]
///     row 1   [    n3   none    n12  ]        an empty slot may stand anywhere in its state's slots
///
/// 4 bytes a slot. A reference: whoever plans makes a new map and never changes its input.
public final class PlacementMap: @unchecked Sendable {
  public let partitionCount: Int
  /// Slots of each of the model's states, in the model's order.
  public let slotCounts: [Int]
  /// Slots in a row.
  public let width: Int
  /// Where each state's slots begin in a row, and the width.
  private let firstSlots: [Int]
  /// `partitionCount × width` nodes, row by row.
  public let slots: UnsafeMutablePointer<NodeIndex>
  /// Keeps the slots alive.
  private let owner: AnyObject

  /// An empty map: every slot `none`. Throws `outOfMemory`, also where it would take more than `limitBytes`; 0: no
  /// limit. O(P · width).
  public convenience init(partitionCount: Int, slotCounts: [Int], limitBytes: UInt64 = 0) throws(PlatError) {
    try self.init(unfilled: partitionCount, slotCounts: slotCounts, arena: Arena(limitBytes: limitBytes))
    clear()
  }

  /// A map whose slots the caller has yet to write, every one.
  init(unfilled partitionCount: Int, slotCounts: [Int], arena: Arena) throws(PlatError) {
    self.partitionCount = partitionCount
    self.slotCounts = slotCounts
    width = slotCounts.reduce(0, +)
    firstSlots = slotCounts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    owner = arena
    let table: NodeTable<NodeIndex> = try arena.unfilledTable(partitionCount * width)
    slots = table.base
  }

  /// A map over rows that lie somewhere already and that `owner` keeps alive: `partitionCount × width` slots, whose
  /// nodes were checked. Nobody writes to it.
  public init(
    unsafeSlots: UnsafeMutablePointer<NodeIndex>, partitionCount: Int, slotCounts: [Int], owner: AnyObject & Sendable
  ) {
    self.partitionCount = partitionCount
    self.slotCounts = slotCounts
    width = slotCounts.reduce(0, +)
    firstSlots = slotCounts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    slots = unsafeSlots
    self.owner = owner
  }

  /// Makes every slot `none`. O(P · width).
  func clear() { slots.update(repeating: .none, count: partitionCount * width) }

  /// The slots of one partition.
  @inline(__always) public func row(_ partition: Int) -> UnsafeMutablePointer<NodeIndex> { slots + partition * width }

  /// The slots that a state has in each row.
  @inline(__always) public func slots(ofState state: Int) -> Range<Int> {
    Range(uncheckedBounds: (firstSlots[state], firstSlots[state + 1]))
  }

  /// The state of each slot of a row.
  public var stateOfSlot: [Int] { slotCounts.enumerated().flatMap { Array(repeating: $0, count: $1) } }

  /// The nodes that hold a partition in a state, in slot order. For tests and small answers: it allocates.
  public func holders(of partition: Int, inState state: Int) -> [NodeIndex] {
    slots(ofState: state).map { row(partition)[$0] }.filter { $0 != .none }
  }

  /// Whether both maps have the same nodes in the same states, in the same order, whatever slots stand empty.
  /// O(P · width).
  public func holdsTheSame(as other: PlacementMap) -> Bool {
    guard partitionCount == other.partitionCount, slotCounts.count == other.slotCounts.count else { return false }
    return (0..<partitionCount).allSatisfy { partition in
      let (mine, its) = (row(partition), other.row(partition))
      return slotCounts.indices.allSatisfy { state in
        slots(ofState: state).lazy.map { mine[$0] }.filter { $0 != .none }
          .elementsEqual(other.slots(ofState: state).lazy.map { its[$0] }.filter { $0 != .none })
      }
    }
  }

  public var memoryBytes: Int { partitionCount * width * MemoryLayout<NodeIndex>.stride }
}

/// A map under construction, whose rows may turn out wider than was thought.
public struct PlacementMapBuilder {
  /// As far as it is built. Who writes into its rows tells `note`.
  public private(set) var map: PlacementMap
  /// The most slots of each state that a row has used.
  private var used: [Int]
  private let limitBytes: UInt64

  /// `expected`: slots of each state that most rows will need. `limitBytes`: of all maps that there are at once; 0: no
  /// limit.
  public init(partitionCount: Int, expected: [Int], limitBytes: UInt64 = 0) throws(PlatError) {
    self.limitBytes = limitBytes
    map = try PlacementMap(partitionCount: partitionCount, slotCounts: expected, limitBytes: limitBytes)
    used = expected.map { _ in 0 }
  }

  /// Puts `nodes` into the slots of `state` of one row, replacing what stood there. Amortised O(nodes).
  /// Throws `unsupported` where the map would pass `Limits.slots`.
  public mutating func set(partition: Int, state: Int, nodes: UnsafeBufferPointer<NodeIndex>) throws(PlatError) {
    if nodes.count > map.slotCounts[state] { try widen(state: state, to: nodes.count) }
    used[state] = max(used[state], nodes.count)
    let slots = map.slots(ofState: state)
    let row = map.row(partition) + slots.lowerBound
    for offset in 0..<slots.count { row[offset] = offset < nodes.count ? nodes[offset] : .none }
  }

  /// Some row has this many nodes of a state.
  public mutating func note(used count: Int, ofState state: Int) { used[state] = max(used[state], count) }

  public mutating func set(partition: Int, state: Int, nodes: [NodeIndex]) throws(PlatError) {
    try nodes.withUnsafeBufferPointer { buffer throws(PlatError) in
      try set(partition: partition, state: state, nodes: buffer)
    }
  }

  /// The map, with no more slots of any state than its fullest row uses, but at least those of `least`.
  public consuming func finish(least: [Int]) throws(PlatError) -> PlacementMap {
    let counts = zip(used, least).map { max($0, $1) }
    return counts == map.slotCounts ? map : try relaid(slotCounts: counts)
  }

  private mutating func widen(state: Int, to count: Int) throws(PlatError) {
    var counts = map.slotCounts
    counts[state] = count <= 8 ? count : max(count, 2 * counts[state])
    let total = counts.reduce(0, +)
    guard total <= Limits.slots / max(map.partitionCount, 1) else {
      throw .unsupported(
        InputError(
          path: "map.partitions", found: "\(total) slots for each of \(map.partitionCount) partitions",
          expected: "at most \(Limits.slots) slots in all"))
    }
    map = try relaid(slotCounts: counts)
  }

  private func relaid(slotCounts: [Int]) throws(PlatError) -> PlacementMap {
    let left = limitBytes == 0 ? 0 : max(1, limitBytes - min(limitBytes, UInt64(map.memoryBytes)))
    let result = try PlacementMap(partitionCount: map.partitionCount, slotCounts: slotCounts, limitBytes: left)
    for state in slotCounts.indices {
      let from = map.slots(ofState: state)
      let to = result.slots(ofState: state)
      for partition in 0..<map.partitionCount {
        for offset in 0..<min(from.count, to.count) {
          result.row(partition)[to.lowerBound + offset] = map.row(partition)[from.lowerBound + offset]
        }
      }
    }
    return result
  }
}

extension PlacementMap {
  /// What another map has in states that hold data.
  func copyData(from other: PlacementMap, _ cluster: DenseCluster) {
    for state in cluster.dataWanted.indices {
      for (to, from) in zip(slots(ofState: state), other.slots(ofState: state)) {
        for partition in 0..<partitionCount { row(partition)[to] = other.row(partition)[from] }
      }
    }
  }
}
