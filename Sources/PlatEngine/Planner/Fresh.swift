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
/// Where every node is due the same part of its replicas in each state, a block's shares are rounded to whole turns of
/// R points, and the point of column k goes to slot (k − p) mod R. With blocks of a multiple of R partitions a turn is R
/// partitions of one column, so that its node has each of the R slots once:
///
///     partition      0  1  2  3  4  5
///     column 0, a    0  2  1  0  2  1      two turns of a: twice slot 0, twice slot 1, twice slot 2
///
/// All states then come out even with no search; only the last block, which gets what is left of each node, is left to
/// the roles stage.
enum Fresh {
  /// Fills every row, and says in `placement.dealt` how many of them have their states. O(P · R + N · blocks).
  static func run(_ problem: Problem, _ due: Due, _ placement: inout Placement, seed: UInt64 = 0) throws(PlatError) {
    if due.isShort { placement.target.clear() }
    guard problem.replicas > 0, problem.nodeCount > 0 else { return }
    let isDealt = statesRotate(problem, due) ? try lay(problem, due, &placement, seed: seed, inTurns: true) : false
    if !isDealt { _ = try lay(problem, due, &placement, seed: seed, inTurns: false) }
    placement.placed = due.total
  }

  /// Lays block after block. False where whole turns leave more of a node or a container than fits, or less than none.
  private static func lay(
    _ problem: Problem, _ due: Due, _ placement: inout Placement, seed: UInt64, inTurns: Bool
  ) throws(PlatError) -> Bool {
    let rest: NodeTable<Int64> = try problem.arena.table(problem.nodeCount)
    for node in 0..<problem.nodeCount { rest.base[node] = Int64(due.quota.base[node]) }
    var order = try TreeOrder(problem, seed: seed)
    let blocks = blockCount(problem)
    var begin = 0
    for block in 0..<blocks {
      // The last block, which the roles stage has to look at, is half as long as the others.
      var end = block == blocks - 1 ? problem.partitionCount : problem.partitionCount * 2 * (block + 1) / (2 * blocks - 1)
      if block > 0 { order.shuffle() }
      if inTurns, block < blocks - 1 {
        end -= end % problem.replicas
        fill(problem, order.nodes, rest, block: begin..<end, TurningRows(problem, placement.rows, block: begin..<end))
        guard fits(problem, rest, left: problem.partitionCount - end) else { return false }
      } else {
        if inTurns { placement.book(turns: try turns(problem, due, rest), upTo: begin) }
        fill(problem, order.nodes, rest, block: begin..<end, PlainRows(problem, placement.rows, block: begin..<end))
      }
      begin = end
    }
    for node in 0..<problem.nodeCount { placement.load.base[node] = due.quota.base[node] - Int32(rest.base[node]) }
    return true
  }

  /// How often each node has been in each slot so far.
  private static func turns(_ problem: Problem, _ due: Due, _ rest: NodeTable<Int64>) throws(PlatError) -> NodeTable<Int32> {
    let turns: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
    for node in 0..<problem.nodeCount {
      turns.base[node] = (due.quota.base[node] - Int32(rest.base[node])) / Int32(problem.replicas)
    }
    return turns
  }

  /// Whether what is left of each node, and of each container that a hard rule caps, fits into so many partitions.
  private static func fits(_ problem: Problem, _ rest: NodeTable<Int64>, left: Int) -> Bool {
    for node in 0..<problem.nodeCount where rest.base[node] < 0 || rest.base[node] > left { return false }
    for cap in problem.hard {
      let level = problem.cluster.cluster.settings.placement[cap.rule].level
      for nodes in problem.cluster.levels[level].nodes {
        var inside: Int64 = 0
        for node in nodes { inside += rest.base[node] }
        if inside > cap.most * left { return false }
      }
    }
    return true
  }

  /// As many orders as give a node many peers, so that the load of a failed one spreads wide; each costs N.
  private static func blockCount(_ problem: Problem) -> Int {
    let replicas = problem.partitionCount * problem.replicas
    let pointsOfNode = max(4, problem.replicas)
    return max(
      1,
      min(
        replicas / (pointsOfNode * max(problem.nodeCount, 1)), problem.partitionCount / max(16, 2 * problem.replicas),
        mostBlocks))
  }

  private static let mostBlocks = 24

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
    let unit = rows.unit
    let parts = Divisor(left * unit, greatestDividend: left * problem.replicas * size)
    var rows = rows
    var partition = 0
    // What the nodes so far are due of the block, in 1/left of a point; and the whole units of that.
    var due: UInt64 = 0
    var whole: UInt64 = 0
    for place in 0..<order.count {
      let node = order.base[place]
      due &+= UInt64(rest[node]) &* UInt64(size)
      let next = parts.quotient(due)
      var points = Int(next &- whole) * unit
      whole = next
      rest[node] -= Int64(points)
      while points > 0 {
        let run = min(points, size - partition)
        rows.put(node, run)
        points -= run
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
  /// Points come in multiples of this.
  var unit: Int { get }
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

  var unit: Int { 1 }

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

/// Column k of partition p is slot (k − p) mod R. Blocks begin, and runs are, at multiples of R.
private struct TurningRows: LineRows {
  let unit: Int
  private let first: UnsafeMutablePointer<NodeIndex>
  /// Where the column's next turn begins, and where its last one ends.
  private var turn: UnsafeMutablePointer<NodeIndex>
  private let end: UnsafeMutablePointer<NodeIndex>
  private var column = 0

  init(_ problem: Problem, _ rows: UnsafeMutablePointer<NodeIndex>, block: Range<Int>) {
    unit = problem.replicas
    first = rows + block.lowerBound * unit
    turn = first
    end = first + block.count * unit
  }

  @inline(__always) mutating func put(_ node: NodeIndex, _ run: Int) {
    switch unit {
    case 2: put(node, run, replicas: 2)
    case 3: put(node, run, replicas: 3)
    default: put(node, run, replicas: unit)
    }
  }

  /// Turns are written by fives: what that is too much the next nodes write again. How many there are cannot be
  /// foreseen, so a branch for each would cost more.
  @inline(__always) private mutating func put(_ node: NodeIndex, _ run: Int, replicas: Int) {
    let size = replicas * replicas
    let column = column
    var turn = turn
    var left = run &* replicas
    while left > 0, turn + 5 * size <= end {
      for next in 0..<5 { TurningRows.write(turn + next * size, node, column, replicas) }
      turn += min(left, 5 * size)
      left -= 5 * size
    }
    while left > 0 {
      TurningRows.write(turn, node, column, replicas)
      turn += size
      left -= size
    }
    self.turn = turn
  }

  @inline(__always) private static func write(
    _ turn: UnsafeMutablePointer<NodeIndex>, _ node: NodeIndex, _ column: Int, _ replicas: Int
  ) {
    for partition in 0..<replicas {
      let slot = column - partition
      turn[partition * replicas + slot + (slot < 0 ? replicas : 0)] = node
    }
  }

  mutating func nextColumn() {
    column += 1
    turn = first
  }
}
