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
/// R points, and the point of column k goes to slot (k − p) mod R. With blocks of a multiple of R partitions a turn is
/// R partitions of one column, so that its node has each of the R slots once:
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
    placement.countPlaced()
  }

  /// Lays block after block, on several threads: each goes through all of them, as what one leaves of a node is known
  /// only then, and writes those that are its own. False where whole turns leave more of a node or a container than
  /// fits, or less than none.
  private static func lay(
    _ problem: Problem, _ due: Due, _ placement: inout Placement, seed: UInt64, inTurns: Bool
  ) throws(PlatError) -> Bool {
    let rows = placement.rows
    let lines = try Blocks(problem.partitionCount, replicas: problem.replicas, threads: problem.threads)
      .forEachWorker { (_) throws(PlatError) in try Line(problem, due, rows: rows, seed: seed, inTurns: inTurns) }
    var isLaid = [Bool](repeating: false, count: lines.count)
    isLaid.withUnsafeMutableBufferPointer { isLaid in
      let isLaid = isLaid.baseAddress!
      Threads.perform(lines.count) { worker in
        var line = lines[worker]
        isLaid[worker] = line.lay(worker, of: lines.count)
      }
    }
    guard isLaid[0] else { return false }
    if inTurns { placement.book(led: lines[0].led, upTo: lines[0].blockBegin(lines[0].blocks - 1)) }
    for node in 0..<problem.nodeCount {
      placement.load.base[node] = due.quota.base[node] - Int32(lines[0].rest.base[node])
    }
    return true
  }

  /// All blocks, one after the other, as one worker goes through them.
  private struct Line {
    private let problem: Problem
    private let rows: UnsafeMutablePointer<NodeIndex>
    private let inTurns: Bool
    private var order: TreeOrder
    private let quota: NodeTable<Int32>
    /// What is left of each node's quota.
    let rest: NodeTable<Int64>
    /// How often each node has been in the first state before the last block.
    let led: NodeTable<Int32>
    private let inFirst: Int32
    let blocks: Int

    init(
      _ problem: Problem, _ due: Due, rows: UnsafeMutablePointer<NodeIndex>, seed: UInt64, inTurns: Bool
    ) throws(PlatError) {
      self.problem = problem
      self.rows = rows
      self.inTurns = inTurns
      quota = due.quota
      order = try TreeOrder(problem, seed: seed)
      rest = try problem.arena.table(problem.nodeCount)
      led = try problem.arena.table(inTurns ? problem.nodeCount : 0)
      inFirst = Int32(due.roles.first.map { problem.wanted[$0.state] } ?? 0)
      for node in 0..<problem.nodeCount { rest.base[node] = Int64(quota.base[node]) }
      blocks = blockCount(problem)
    }

    /// Where a block begins; of the one behind the last: where that ends. The last block, which the roles stage has to
    /// look at, is half as long as the others.
    func blockBegin(_ block: Int) -> Int {
      let begin = block == blocks ? problem.partitionCount : problem.partitionCount * 2 * block / (2 * blocks - 1)
      return inTurns && block < blocks ? begin - begin % problem.replicas : begin
    }

    /// Whether all blocks can be laid so.
    mutating func lay(_ worker: Int, of workers: Int) -> Bool {
      for block in 0..<blocks {
        let partitions = blockBegin(block)..<blockBegin(block + 1)
        let isOwn = block % workers == worker
        let isLast = block == blocks - 1
        if block > 0 { order.shuffle() }
        if inTurns, isLast { countLed() }
        switch (inTurns && !isLast, isOwn) {
        case (true, true): fill(partitions, TurningRows(problem, rows, block: partitions))
        case (false, true): fill(partitions, PlainRows(problem, rows, block: partitions))
        case (true, false): fill(partitions, RowsOfOthers(unit: problem.replicas))
        case (false, false): fill(partitions, RowsOfOthers(unit: 1))
        }
        if inTurns, !isLast, !fits(problem, rest, left: problem.partitionCount - partitions.upperBound) { return false }
      }
      return true
    }

    /// Each node has been in every slot equally often.
    private func countLed() {
      for node in 0..<problem.nodeCount {
        led.base[node] = (quota.base[node] - Int32(rest.base[node])) / Int32(problem.replicas) * inFirst
      }
    }

    @inline(__always) private func fill<Rows: LineRows>(_ block: Range<Int>, _ rows: consuming Rows) {
      let size = block.count
      let left = problem.partitionCount - block.lowerBound
      let unit = rows.unit
      let parts = Divisor(left * unit, greatestDividend: left * problem.replicas * size)
      var rows = rows
      var partition = 0
      // What the nodes so far are due of the block, in 1/left of a point; and the whole units of that.
      var due: UInt64 = 0
      var whole: UInt64 = 0
      for place in 0..<order.nodes.count {
        let node = order.nodes.base[place]
        due &+= UInt64(rest[node]) &* UInt64(size)
        let next = parts.quotient(due)
        var points = Int(next &- whole) * unit
        whole = next
        rest[node] -= Int64(points)
        while Rows.areWritten, points > 0 {
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

  /// Whether what is left of each node, and of each container that a hard rule caps, fits into so many partitions.
  private static func fits(_ problem: Problem, _ rest: NodeTable<Int64>, left: Int) -> Bool {
    for node in 0..<problem.nodeCount where rest.base[node] < 0 || rest.base[node] > left { return false }
    for cap in problem.hard {
      for nodes in problem.cluster.levels[cap.level].nodes {
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
        TrialLimits.Fresh.mostBlocks))
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
}

/// Where the points of the line fall.
private protocol LineRows {
  static var areWritten: Bool { get }
  /// Points come in multiples of this.
  var unit: Int { get }
  /// The next `run` partitions of the column get `node`.
  mutating func put(_ node: NodeIndex, _ run: Int)
  mutating func nextColumn()
}

/// Another worker writes them.
private struct RowsOfOthers: LineRows {
  static var areWritten: Bool { false }
  let unit: Int

  func put(_ node: NodeIndex, _ run: Int) {}
  func nextColumn() {}
}

/// Column k is slot k.
private struct PlainRows: LineRows {
  static var areWritten: Bool { true }
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
  static var areWritten: Bool { true }
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
