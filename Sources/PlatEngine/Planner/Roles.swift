/// Stage 4: who of a partition's holders is what.
///
/// State by state, most important first: who is in the state today stays; open places go to the holder that
/// needs one most; and where a node then has more or fewer than its window, the state flows from node to node
/// along partitions that they share, on shortest chains. No data moves.
///
///     row   [ n17* | n4  n2 ]      slots of the state, then the pool that later states share
///
/// O(P · R), and a breadth-first search for each node out of its window.
struct Roles {
  private let problem: Problem
  private let rows: UnsafeMutablePointer<NodeIndex>
  private let width: Int
  private let state: Int
  /// The state's slots in every row; the pool is all from their begin to the row's end.
  private let slots: Range<Int>
  private let windows: RoleWindows?
  private let placement: Placement
  /// Replicas of each node in the pool, and in the state.
  private let total: NodeTable<Int32>
  private let count: NodeTable<Int32>
  /// Fewest and most of each node in the state, given its total.
  private let window: NodeTable<RoleWindows.Window>

  /// Nodes whose part in a state stays out of its window: they have too few of it for all that they hold, or too many.
  struct Unsettled {
    var tooFew: [NodeIndex] = []
    var tooMany: [NodeIndex] = []
    var isEmpty: Bool { tooFew.isEmpty && tooMany.isEmpty }
  }

  static func run(_ problem: Problem, _ due: Due, _ placement: Placement) throws(PlatError) -> Unsettled {
    var first = 0
    var unsettled = Unsettled()
    let wantedStates = problem.wanted.indices.filter { problem.wanted[$0] > 0 }
    for state in wantedStates.dropLast() {
      let slots = first..<(first + problem.wanted[state])
      first = slots.upperBound
      let roles = try Roles(problem, due, placement, state: state, slots: slots)
      try roles.run()
      for node in 0..<problem.nodeCount {
        if roles.count.base[node] < roles.window.base[node].least { unsettled.tooFew.append(NodeIndex(node)) }
        if roles.count.base[node] > roles.window.base[node].most { unsettled.tooMany.append(NodeIndex(node)) }
      }
    }
    if let last = wantedStates.last {
      Roles.settle(problem, placement, state: last, slots: first..<problem.replicas)
    }
    return unsettled
  }

  private init(
    _ problem: Problem, _ due: Due, _ placement: Placement, state: Int, slots: Range<Int>
  ) throws(PlatError) {
    self.problem = problem
    self.state = state
    self.slots = slots
    rows = placement.rows
    self.placement = placement
    width = problem.replicas
    windows = due.roles.first { $0.state == state }
    total = try problem.arena.table(problem.nodeCount)
    count = try problem.arena.table(problem.nodeCount)
    window = try problem.arena.table(problem.nodeCount)
    if slots.lowerBound == 0 {
      total.copy(from: placement.load)
    } else {
      for partition in 0..<problem.partitionCount {
        for slot in slots.lowerBound..<width where rows[partition * width + slot] != .none {
          total[rows[partition * width + slot]] += 1
        }
      }
    }
    for node in 0..<problem.nodeCount {
      window.base[node] =
        windows?.window(NodeIndex(node), total: placement.load.base[node]) ?? RoleWindows.Window(least: 0, most: .max)
    }
  }

  private func run() throws(PlatError) {
    let open: PartitionTable<PartitionIndex> = try problem.arena.table(problem.partitionCount)
    let openCount = keep(open)
    try assign(open, openCount)
    try flow()
  }

  // MARK: Who stays

  /// Holders that are in the state today take its slots. Returns how many partitions have places left.
  private func keep(_ open: PartitionTable<PartitionIndex>) -> Int {
    var openCount = 0
    let current = problem.current
    let heldSlots = current?.slots(ofState: state) ?? 0..<0
    for partition in 0..<problem.partitionCount {
      let row = rows + partition * width
      var next = slots.lowerBound
      if let current, partition < current.partitionCount {
        let held = current.row(partition)
        for heldSlot in heldSlots where next < slots.upperBound && held[heldSlot] != .none {
          let node = held[heldSlot]
          guard isEligible(node), problem.isReadable[node] else { continue }
          for slot in next..<width where row[slot] == node {
            (row[slot], row[next]) = (row[next], node)
            if problem.stateCaps.isEmpty || isLegal(row) {
              next += 1
              count[node] += 1
            }
            break
          }
        }
      }
      if next < slots.upperBound {
        open.base[openCount] = PartitionIndex(partition)
        openCount += 1
      }
    }
    return openCount
  }

  @inline(__always) private func isEligible(_ node: NodeIndex) -> Bool { state > 0 || !problem.isSlaveOnly[node] }

  /// Whether the row as it stands keeps hard rules about some of the states.
  private func isLegal(_ row: UnsafeMutablePointer<NodeIndex>) -> Bool { StateRules.breach(problem, row) == nil }

  // MARK: Who comes

  /// Open places go, partition by partition, to the holder that lacks most of what it should have, measured
  /// against the chances that it has left. Ties go to the earlier slot.
  private func assign(_ open: PartitionTable<PartitionIndex>, _ openCount: Int) throws(PlatError) {
    guard openCount > 0 else { return }
    let chances: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
    for index in 0..<openCount {
      let row = rows + open.base[index].int * width
      for slot in slots.lowerBound..<width where row[slot] != .none { chances[row[slot]] += 1 }
    }
    for index in 0..<openCount {
      let row = rows + open.base[index].int * width
      for place in slots where place >= firstOpen(row, open.base[index].int) {
        var best = -1
        var bestNeed: Int64 = 0
        var bestChances: Int64 = 1
        for slot in place..<width {
          let node = row[slot]
          guard node != .none, isEligible(node) else { continue }
          let need = Int64(window[node].least) + Int64(window[node].most) - 2 * Int64(count[node])
          let left = Int64(max(1, chances[node]))
          guard best < 0 || need * bestChances > bestNeed * left else { continue }
          if !problem.stateCaps.isEmpty {
            row.swap(place, slot)
            let isLegal = isLegal(row)
            row.swap(place, slot)
            if !isLegal { continue }
          }
          (best, bestNeed, bestChances) = (slot, need, left)
        }
        guard best >= 0 else {
          makeWay(row, place)
          continue
        }
        count[row[best]] += 1
        row.swap(place, best)
      }
      for slot in slots.lowerBound..<width where row[slot] != .none { chances[row[slot]] -= 1 }
    }
  }

  /// No holder may be in the state: who stands in its slot goes to a free one of the pool, or else goes unplaced.
  private func makeWay(_ row: UnsafeMutablePointer<NodeIndex>, _ place: Int) {
    guard row[place] != .none else { return }
    if let free = (slots.upperBound..<width).first(where: { row[$0] == .none }) {
      row.swap(place, free)
    } else {
      placement.load[row[place]] -= 1
      row[place] = .none
    }
  }

  /// The first slot of the state that `keep` left open: those before it hold who is in the state today.
  private func firstOpen(_ row: UnsafeMutablePointer<NodeIndex>, _ partition: Int) -> Int {
    guard let current = problem.current, partition < current.partitionCount else { return slots.lowerBound }
    let held = current.row(partition)
    var slot = slots.lowerBound
    while slot < slots.upperBound, row[slot] != .none, isEligible(row[slot]), problem.isReadable[row[slot]],
      current.slots(ofState: state).contains(where: { held[$0] == row[slot] })
    {
      slot += 1
    }
    return slot
  }

  // MARK: The flow

  private func flow() throws(PlatError) {
    var isOut = false
    for node in 0..<problem.nodeCount
    where count.base[node] > window.base[node].most || count.base[node] < window.base[node].least { isOut = true }
    guard isOut else { return }
    let chains = RoleChains(problem, rows: rows, slots: slots, state: state, count: count, window: window)
    try chains.run(placement)
  }

  // MARK: The last state

  /// The last state gets what is left; who is in it today keeps its slot, where the row has the current shape.
  private static func settle(_ problem: Problem, _ placement: Placement, state: Int, slots: Range<Int>) {
    guard let current = problem.current, !slots.isEmpty else { return }
    let held = current.slots(ofState: state)
    let both = min(held.count, slots.count)
    for partition in 0..<min(problem.partitionCount, current.partitionCount) {
      let row = placement.row(partition)
      let before = current.row(partition)
      for offset in 0..<both {
        let node = before[held.lowerBound + offset]
        let home = slots.lowerBound + offset
        guard node != .none, row[home] != node else { continue }
        for slot in slots where row[slot] == node {
          row.swap(slot, home)
          break
        }
      }
    }
  }
}

extension UnsafeMutablePointer where Pointee == NodeIndex {
  @inline(__always) func swap(_ a: Int, _ b: Int) { (self[a], self[b]) = (self[b], self[a]) }
}
