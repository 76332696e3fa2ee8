/// Stage 3 for a fresh map, in closed form.
///
/// Lay the nodes on a line in tree order, each as long as its quota. The replicas of partition p are the points
/// p, p + P, p + 2P, …:
///
///     |--- a ---|--- b ---|-- c --|---- d ----|---- e ----|--- f ---|
///        ^ p              ^ p + P               ^ p + 2P
///
/// A container whose quota is at most k · P is hit at most k times by points P apart, so every level of the
/// tree is spread as well as arithmetic allows, with no search. One order of the line would give each node
/// few peers; so the partitions are cut into blocks, and each block uses another order of the tree (children
/// shuffled within each container). A block's quotas are what is left, shared out in proportion and rounded
/// along its line, so the totals come out exact and no container ever has more left than fits:
/// rest ≤ k · (partitions left) holds after a block when it held before.
///
/// Where every node is due the same part of its replicas in each state, whose turn it is rotates with p: the point
/// of column k goes to slot (k − p) mod R, so that along a node's run of partitions every R-th is its first slot.
/// Runs are not multiples of R, so the last fifth of the blocks is left to the roles stage, which knows by then who
/// is short.
enum Fresh {
  /// Fills every row, and says in `placement.dealt` how many of them have their states. O(P · R + N · blocks).
  static func run(_ problem: Problem, _ due: Due, _ placement: inout Placement, seed: UInt64 = 0) throws(PlatError) {
    if due.isShort { placement.target.clear() }
    guard problem.replicas > 0, problem.nodeCount > 0 else { return }
    let rest: NodeTable<Int64> = try problem.arena.table(problem.nodeCount)
    for node in 0..<problem.nodeCount { rest.base[node] = Int64(due.quota.base[node]) }
    var order = try TreeOrder(problem, seed: seed)
    let blocks = blockCount(problem)
    let dealtBlocks = statesRotate(problem, due) ? blocks - (blocks + 4) / 5 : 0
    var begin = 0
    for block in 0..<blocks {
      let end = problem.partitionCount * (block + 1) / blocks
      if block > 0 { order.shuffle() }
      if block < dealtBlocks {
        fill(problem, order.nodes, rest, block: begin..<end, RotatedRows(problem, placement.rows, block: begin..<end))
        placement.dealt = end
      } else {
        fill(problem, order.nodes, rest, block: begin..<end, PlainRows(problem, placement.rows, block: begin..<end))
      }
      begin = end
    }
    for node in 0..<problem.nodeCount { placement.load.base[node] = due.quota.base[node] - Int32(rest.base[node]) }
    placement.placed = due.total
  }

  /// As many orders as cost about as much as writing the map: many peers a node, so that the load of a failed
  /// one spreads wide.
  private static func blockCount(_ problem: Problem) -> Int {
    let replicas = problem.partitionCount * problem.replicas
    return max(1, min(replicas / (4 * max(problem.nodeCount, 1)), problem.partitionCount / 16, 1 << 16))
  }

  /// Whether each node's part in the first state is that of all nodes: the state's share of all replicas.
  private static func statesRotate(_ problem: Problem, _ due: Due) -> Bool {
    guard due.roles.count == 1, problem.current == nil, !problem.hasStateRules, !due.isShort else { return false }
    let inState = Int64(problem.wanted[due.roles[0].state])
    let all = Int64(problem.replicas)
    return (0..<problem.nodeCount).allSatisfy { node in
      let total = due.quota.base[node]
      let window = due.roles[0].window(NodeIndex(node), total: total)
      return Int64(window.least) * all <= Int64(total) * inState && Int64(total) * inState <= Int64(window.most) * all
    }
  }

  @inline(__always) private static func fill(
    _ problem: Problem, _ order: NodeTable<NodeIndex>, _ rest: NodeTable<Int64>, block: Range<Int>,
    _ rows: consuming some LineRows
  ) {
    let size = block.count
    let left = problem.partitionCount - block.lowerBound
    let parts = Divisor(left, greatestDividend: left * problem.replicas * size)
    var rows = rows
    var partition = 0
    // What the nodes so far are due of the block, in 1/left of a point; and the whole points of that.
    var due: UInt64 = 0
    var whole: UInt64 = 0
    for place in 0..<order.count {
      let node = order.base[place]
      due &+= UInt64(rest[node]) &* UInt64(size)
      let next = parts.quotient(due)
      var points = Int64(next &- whole)
      whole = next
      rest[node] -= points
      while points > 0 {
        let run = min(Int(points), size - partition)
        rows.put(node, run)
        points -= Int64(run)
        partition += run
        if partition == size {
          partition = 0
          rows.nextColumn()
        }
      }
    }
  }
}

/// Where the points of the line fall.
private protocol LineRows {
  /// The next `run` partitions of the column get `node`.
  mutating func put(_ node: NodeIndex, _ run: Int)
  mutating func nextColumn()
}

/// Column k is slot k.
private struct PlainRows: LineRows {
  private let first: UnsafeMutablePointer<NodeIndex>
  private let replicas: Int
  private var slot: UnsafeMutablePointer<NodeIndex>
  private var column = 0

  init(_ problem: Problem, _ rows: UnsafeMutablePointer<NodeIndex>, block: Range<Int>) {
    replicas = problem.replicas
    first = rows + block.lowerBound * replicas
    slot = first
  }

  @inline(__always) mutating func put(_ node: NodeIndex, _ run: Int) {
    for _ in 0..<run {
      slot.pointee = node
      slot += replicas
    }
  }

  mutating func nextColumn() {
    column += 1
    slot = first + column
  }
}

/// Column k of partition p is slot (k − p) mod R.
private struct RotatedRows: LineRows {
  private let first: UnsafeMutablePointer<NodeIndex>
  private let replicas: Int
  private let firstPartition: Int
  private var row: UnsafeMutablePointer<NodeIndex>
  private var slot: Int
  private var column = 0

  init(_ problem: Problem, _ rows: UnsafeMutablePointer<NodeIndex>, block: Range<Int>) {
    replicas = problem.replicas
    first = rows + block.lowerBound * replicas
    firstPartition = block.lowerBound
    row = first
    slot = (replicas - block.lowerBound % replicas) % replicas
  }

  @inline(__always) mutating func put(_ node: NodeIndex, _ run: Int) {
    var (row, slot) = (row, slot)
    let last = replicas - 1
    for _ in 0..<run {
      row[slot] = node
      row += replicas
      slot = slot == 0 ? last : slot - 1
    }
    (self.row, self.slot) = (row, slot)
  }

  mutating func nextColumn() {
    column += 1
    row = first
    slot = (column + replicas - firstPartition % replicas) % replicas
  }
}
