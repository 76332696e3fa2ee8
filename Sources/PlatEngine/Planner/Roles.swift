/// Stage 4: who of a partition's holders is what.
///
/// State by state, most important first: who is in the state today stays; open places go to the holder that
/// needs one most; and where a node then has more or fewer than its window, the state flows from node to node
/// along partitions that they share, on shortest chains. No data moves.
///
///     row   [ n17* | n4  n2 ]      slots of the state, then the pool that later states share
///
/// O(P · R), and as much for each length of a shortest chain (`RoleChains`).
struct Roles {
  let problem: Problem
  let rows: UnsafeMutablePointer<NodeIndex>
  let width: Int
  let state: Int
  /// The state's slots in every row; the pool is all from their begin to the row's end.
  let slots: Range<Int>
  let windows: RoleWindows?
  let seeksBalance: Bool
  let placement: Placement
  /// Replicas of each node in the pool, and in the state.
  let total: NodeTable<Int32>
  let count: NodeTable<Int32>
  /// Fewest and most of each node in the state, given its total.
  let window: NodeTable<RoleWindows.Window>

  /// How many of one state each node got, and how many it should have.
  struct Parts {
    let state: Int
    /// The state's slots in every row.
    let slots: Range<Int>
    let count: NodeTable<Int32>
    let window: NodeTable<RoleWindows.Window>

    func excess(_ node: NodeIndex) -> Int { Int(count[node]) - Int(window[node].most) }
    func lack(_ node: NodeIndex) -> Int { Int(window[node].least) - Int(count[node]) }

    /// The nodes out of their windows, in order.
    func unsettled() -> (tooFew: [NodeIndex], tooMany: [NodeIndex]) {
      let nodes = (0..<count.count).map { NodeIndex($0) }
      return (nodes.filter { lack($0) > 0 }, nodes.filter { excess($0) > 0 })
    }
  }

  /// Assigns every state; returns the parts in the first (nil where there is only one state, and all have that).
  static func run(_ problem: Problem, _ due: Due, _ placement: inout Placement) throws(PlatError) -> Parts? {
    defer { placement.forgetLed() }
    var first = 0
    var parts: Parts?
    let wantedStates = problem.wanted.indices.filter { problem.wanted[$0] > 0 }
    for state in wantedStates.dropLast() {
      let slots = first..<(first + problem.wanted[state])
      first = slots.upperBound
      let roles = try Roles(problem, due, placement, state: state, slots: slots)
      try roles.run()
      parts = parts ?? Parts(state: state, slots: slots, count: roles.count, window: roles.window)
    }
    if let last = wantedStates.last {
      Roles.settle(problem, placement, state: last, slots: first..<problem.replicas)
    }
    return parts
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
    seeksBalance = due.seeksBalance
    total = try problem.arena.table(problem.nodeCount)
    count = try problem.arena.table(problem.nodeCount)
    window = try problem.arena.table(problem.nodeCount)
    if slots.lowerBound == 0 {
      total.copy(from: placement.load)
    } else {
      var first = 0
      for later in problem.wanted.indices {
        let slots = first..<(first + problem.wanted[later])
        first = slots.upperBound
        if later >= state { placement.addHolders(problem, state: later, slots: slots, to: total) }
      }
    }
    for node in 0..<problem.nodeCount {
      window.base[node] =
        windows?.window(NodeIndex(node), total: total.base[node]) ?? RoleWindows.Window(least: 0, most: .max)
    }
  }

  private func run() throws(PlatError) {
    let open: PartitionTable<PartitionIndex> = try problem.arena.unfilledTable(
      placement.changed.isAll ? problem.partitionCount - placement.dealt : placement.changed.count)
    let openCount = keep(open)
    guard seeksBalance else { return try succeed(open, openCount) }
    try assign(open, openCount)
    try flow()
    let cycles = RoleCycles(problem, placement, slots: slots, state: state, count: count, window: window)
    if cycles.mayHelp { cycles.run() }
  }

  // MARK: Who stays

  /// Holders that are in the state today, or were dealt it, have its slots. Returns how many partitions have places
  /// left. O(N + concerned · R).
  private func keep(_ open: PartitionTable<PartitionIndex>) -> Int {
    var openCount = 0
    let current = problem.current
    let heldSlots = current?.slots(ofState: state) ?? 0..<0
    let comparable = heldSlots == slots && !problem.hasStateRules ? problem.heldPartitions : 0
    let unchanged = UnchangedRows(problem, rows: rows, slots: slots, state: state, count: count)
    let led = slots.lowerBound == 0 ? placement.led : nil
    if let led {
      for node in 0..<problem.nodeCount { count.base[node] += led.base[node] }
    }
    for slot in slots where led == nil {
      var place = rows + slot
      for _ in 0..<placement.dealt {
        if place.pointee != .none { count.base[place.pointee.int] &+= 1 }
        place += width
      }
    }
    let changed = placement.changed
    if !changed.isAll {
      for node in 0..<problem.nodeCount { count.base[node] += changed.whole(state, node) }
    }
    changed.forEach(from: placement.dealt) { partition in
      if changed.wasWhole(partition) {
        for slot in slots { count[problem.heldRows[partition * problem.heldWidth + slot]] -= 1 }
      }
      if partition < comparable, unchanged.keep(partition) { return }
      let row = rows + partition * width
      var next = slots.lowerBound
      if let current, partition < current.partitionCount {
        let held = current.row(partition)
        for heldSlot in heldSlots where next < slots.upperBound && held[heldSlot] != .none {
          let node = held[heldSlot]
          guard problem.allows(node, inState: state), problem.isReadable[node] else { continue }
          for slot in next..<width where row[slot] == node {
            (row[slot], row[next]) = (row[next], node)
            if !problem.hasStateRules || isLegal(row) {
              next += 1
              count[node] += 1
            } else {
              row.swap(slot, next)
            }
            break
          }
        }
        if problem.hasStateRules, next < slots.upperBound { stepBack(row, from: next) { node in
          heldSlots.contains { held[$0] == node }
        } }
      }
      if next < slots.upperBound {
        open.base[openCount] = PartitionIndex(partition)
        openCount += 1
      }
    }
    return openCount
  }

  /// Who is in the state today and may not stay leaves its first open slot: that is how `assign` knows it for open.
  private func stepBack(
    _ row: UnsafeMutablePointer<NodeIndex>, from slot: Int, isInState: (NodeIndex) -> Bool
  ) {
    guard row[slot] != .none, isInState(row[slot]) else { return }
    for other in ((slot + 1)..<max(slot + 1, width)).reversed() where row[other] == .none || !isInState(row[other]) {
      row.swap(slot, other)
      return
    }
  }

  /// Rows in which the state's slots hold whom they hold today: most, and told by few reads.
  private struct UnchangedRows {
    let rows: UnsafeMutablePointer<NodeIndex>
    let heldRows: UnsafeMutablePointer<NodeIndex>
    let width: Int
    let heldWidth: Int
    let slots: Range<Int>
    let isReadable: UnsafeMutablePointer<Bool>
    /// Nodes that may not be in the state; nil where all may.
    let isBarred: UnsafeMutablePointer<Bool>?
    let count: UnsafeMutablePointer<Int32>

    init(
      _ problem: Problem, rows: UnsafeMutablePointer<NodeIndex>, slots: Range<Int>, state: Int, count: NodeTable<Int32>
    ) {
      self.rows = rows
      self.slots = slots
      self.count = count.base
      heldRows = problem.heldRows
      width = problem.replicas
      heldWidth = problem.heldWidth
      isReadable = problem.isReadable.base
      isBarred = state == 0 && problem.hasSlaveOnly ? problem.isSlaveOnly.base : nil
    }

    /// Books the partition's row, if it is such a one; else does nothing.
    @inline(__always) func keep(_ partition: Int) -> Bool {
      let row = rows + partition * width
      let held = heldRows + partition * heldWidth
      for slot in slots {
        let node = row[slot]
        guard node == held[slot], node != .none, isReadable[node.int] else { return false }
        if let isBarred, isBarred[node.int] { return false }
      }
      for slot in slots { count[row[slot].int] += 1 }
      return true
    }
  }

  /// Whether the row as it stands keeps hard rules about some of the states.
  func isLegal(_ row: UnsafeMutablePointer<NodeIndex>) -> Bool { StateRules.breach(problem, row) == nil }

  // MARK: The flow

  private func flow() throws(PlatError) {
    var isOut = false
    for node in 0..<problem.nodeCount
    where count.base[node] > window.base[node].most || count.base[node] < window.base[node].least { isOut = true }
    guard isOut else { return }
    let chains = RoleChains(problem, placement, slots: slots, state: state, count: count, window: window)
    try chains.run(placement)
    if problem.near.isEmpty, problem.levelsStates { try chains.level(placement) }
    if !problem.near.isEmpty, let windows {
      try RoleChains(problem, placement, slots: slots, state: state, count: count, window: windows.own).level(placement)
    }
  }

  // MARK: The last state

  /// The last state gets what is left; who is in it today keeps its slot, where the row has the current shape.
  static func settle(_ problem: Problem, _ placement: Placement, state: Int, slots: Range<Int>) {
    guard let current = problem.current, !slots.isEmpty else { return }
    let held = current.slots(ofState: state)
    let both = min(held.count, slots.count)
    let (rows, width, heldRows, heldWidth) = (placement.rows, placement.replicas, problem.heldRows, problem.heldWidth)
    let (firstHeld, first) = (held.lowerBound, slots.lowerBound)
    if problem.isWide {
      settleWide(problem, placement, slots: slots, held: firstHeld..<(firstHeld + both))
      return
    }
    placement.changed.forEach { partition in
      guard partition < problem.heldPartitions else { return }
      let row = rows + partition * width
      let before = heldRows + partition * heldWidth
      for offset in 0..<both {
        let node = before[firstHeld + offset]
        let home = first + offset
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
