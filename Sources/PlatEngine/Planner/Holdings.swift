/// Which slots each node holds: the rows turned around. Slot `s` is `partition · R + column`.
///
/// The lists are made once, by counting; a slot that changes hands later is added to its new node's chain and
/// stays behind in the old one's list, where a look at the row tells that it is gone.
struct Holdings {
  private let rows: UnsafeMutablePointer<NodeIndex>
  private let first: NodeTable<UInt32>
  private let slots: UnsafeMutablePointer<UInt32>
  private let chain: NodeTable<Int32>
  private var later: [(slot: UInt32, next: Int32)] = []

  /// Of all partitions, or of those in a range that `includes` says. O(P · R).
  init(
    _ problem: Problem, _ placement: Placement, in range: Range<Int>? = nil, includes: (Int) -> Bool = { _ in true }
  ) throws(PlatError) {
    let partitions = range ?? 0..<problem.partitionCount
    rows = placement.rows
    first = try problem.arena.table(problem.nodeCount + 1)
    chain = try problem.arena.table(problem.nodeCount)
    chain.fill(with: -1)
    var count = 0
    for partition in partitions where includes(partition) {
      for slot in (partition * problem.replicas)..<((partition + 1) * problem.replicas) where rows[slot] != .none {
        first.base[rows[slot].int] += 1
        count += 1
      }
    }
    let table: PartitionTable<UInt32> = try problem.arena.table(count)
    slots = table.base
    var sum: UInt32 = 0
    for node in 0...problem.nodeCount {
      sum += first.base[node]
      first.base[node] = sum
    }
    for partition in partitions.reversed() where includes(partition) {
      for slot in ((partition * problem.replicas)..<((partition + 1) * problem.replicas)).reversed()
      where rows[slot] != .none {
        first.base[rows[slot].int] -= 1
        slots[Int(first.base[rows[slot].int])] = UInt32(slot)
      }
    }
  }

  /// Where to be in a node's list.
  struct Place {
    fileprivate var index: UInt32
    fileprivate var link: Int32
  }

  func begin(_ node: NodeIndex) -> Place { Place(index: first[node], link: chain[node]) }

  /// The next slot that the node still holds; nil at the end.
  @inline(__always) func next(_ place: inout Place, of node: NodeIndex) -> Int? {
    while place.index < first.base[node.int + 1] {
      let slot = Int(slots[Int(place.index)])
      place.index += 1
      if rows[slot] == node { return slot }
    }
    while place.link >= 0 {
      let entry = later[Int(place.link)]
      place.link = entry.next
      if rows[Int(entry.slot)] == node { return Int(entry.slot) }
    }
    return nil
  }

  /// A slot now belongs to `node`. Amortised O(1).
  mutating func add(_ slot: Int, to node: NodeIndex) {
    later.append((UInt32(slot), chain[node]))
    chain[node] = Int32(later.count - 1)
  }
}
