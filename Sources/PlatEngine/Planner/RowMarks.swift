/// A set of nodes that is emptied in no time: for rows too wide to be compared slot by slot.
struct NodeMarks {
  private let stamp: NodeTable<UInt32>
  private var mark: UInt32 = 1

  /// O(N).
  init(_ problem: Problem) throws(PlatError) { stamp = try problem.arena.table(problem.nodeCount) }

  mutating func removeAll() {
    if mark == .max {
      stamp.fill(with: 0)
      mark = 0
    }
    mark += 1
  }

  func insert(_ node: NodeIndex) { stamp[node] = mark }
  func remove(_ node: NodeIndex) { stamp[node] = 0 }
  @inline(__always) func contains(_ node: NodeIndex) -> Bool { stamp[node] == mark }
}

/// A wide row at hand: who is in it, and how many each container has that a hard rule caps.
///
/// Nothing where rows are narrow: `isWide` is false then, and the row itself is read.
struct RowMarks {
  let isWide: Bool
  private let hard: UnsafeBufferPointer<LevelCap>
  private let soft: UnsafeBufferPointer<LevelCap>
  private let replicas: Int
  private var members: NodeMarks?
  /// Of each hard rule and then each soft one, by container.
  private var counts: [NodeTable<Int32>] = []
  private var row: UnsafeMutablePointer<NodeIndex>?
  /// The change that a caller may have made since: this slot, from one node to another.
  private var announced: (slot: Int, from: NodeIndex, to: NodeIndex)?

  init(_ problem: Problem) throws(PlatError) {
    isWide = problem.isWide
    hard = problem.hard
    soft = problem.soft
    replicas = problem.replicas
    guard isWide else { return }
    members = try NodeMarks(problem)
    for cap in problem.hard { counts.append(try problem.arena.table(cap.containerCount)) }
    for cap in problem.soft { counts.append(try problem.arena.table(cap.containerCount)) }
  }

  /// The row has changed, or might have.
  mutating func forget() {
    row = nil
    announced = nil
  }

  /// The caller may put `node` where `before` stands in a slot of the row at hand, and changes nothing else.
  mutating func announce(_ slot: Int, from before: NodeIndex, to node: NodeIndex) { announced = (slot, before, node) }

  /// O(R · hard rules) where another row was at hand; else O(hard rules).
  @inline(never) mutating func enter(_ next: UnsafeMutablePointer<NodeIndex>) {
    if row == next {
      if let (slot, from, to) = announced, next[slot] == to {
        count(from, by: -1)
        count(to, by: 1)
      }
      announced = nil
      return
    }
    row = next
    announced = nil
    members?.removeAll()
    for table in counts { table.fill(with: 0) }
    for slot in 0..<replicas { count(next[slot], by: 1) }
  }

  private func count(_ node: NodeIndex, by change: Int32) {
    guard node != .none else { return }
    if change > 0 { members?.insert(node) } else { members?.remove(node) }
    for (cap, table) in zip(hard, counts) { table.base[cap.containerOfNode[node].int] += change }
    for (cap, table) in zip(soft, counts.dropFirst(hard.count)) {
      table.base[cap.containerOfNode[node].int] += change
    }
  }

  @inline(__always) func contains(_ node: NodeIndex) -> Bool { members?.contains(node) ?? false }

  /// Whether hard rules let one more into the leaf box of `node` when `leaving` (or none) goes.
  func allows(intoBoxOf node: NodeIndex, leaving: NodeIndex) -> Bool {
    for (cap, table) in zip(hard, counts) {
      if isFull(cap, table, node, leaving) { return false }
    }
    return true
  }

  /// How many soft rules `node` would break when `leaving` (or none) goes.
  func softBreaches(at node: NodeIndex, leaving: NodeIndex) -> Int {
    zip(soft, counts.dropFirst(hard.count)).reduce(0) { $0 + (isFull($1.0, $1.1, node, leaving) ? 1 : 0) }
  }

  private func isFull(_ cap: LevelCap, _ count: NodeTable<Int32>, _ node: NodeIndex, _ leaving: NodeIndex) -> Bool {
    let container = cap.containerOfNode[node]
    let goes: Int32 = leaving != .none && cap.containerOfNode[leaving] == container ? 1 : 0
    return Int(count.base[container.int] - goes) >= cap.most
  }
}
