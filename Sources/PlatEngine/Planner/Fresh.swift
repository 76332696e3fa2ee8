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
enum Fresh {
  /// Fills every row. O(P · R + N · blocks).
  static func run(_ problem: Problem, _ due: Due, _ placement: inout Placement) throws(PlatError) {
    guard problem.replicas > 0, problem.nodeCount > 0 else { return }
    let rest: NodeTable<Int64> = try problem.arena.table(problem.nodeCount)
    for node in 0..<problem.nodeCount { rest.base[node] = Int64(due.quota.base[node]) }
    var order = try TreeOrder(problem)
    let blocks = blockCount(problem)
    var begin = 0
    for block in 0..<blocks {
      let end = problem.partitionCount * (block + 1) / blocks
      if block > 0 { order.shuffle() }
      fill(problem, order.nodes, rest, block: begin..<end, rows: placement.rows)
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

  private static func fill(
    _ problem: Problem, _ order: NodeTable<NodeIndex>, _ rest: NodeTable<Int64>, block: Range<Int>,
    rows: UnsafeMutablePointer<NodeIndex>
  ) {
    let replicas = problem.replicas
    let size = block.count
    let left = Int64(problem.partitionCount - block.lowerBound)
    var slot = rows + block.lowerBound * replicas  // where the next point of the line falls
    var column = 0
    var partition = 0
    var carried: Int64 = 0
    for place in 0..<order.count {
      let node = order.base[place]
      carried += rest[node] * Int64(size)
      var points = carried / left
      carried -= points * left
      rest[node] -= points
      while points > 0 {
        let run = min(Int(points), size - partition)
        for _ in 0..<run {
          slot.pointee = node
          slot += replicas
        }
        points -= Int64(run)
        partition += run
        if partition == size {
          partition = 0
          column += 1
          slot = rows + block.lowerBound * replicas + column
        }
      }
    }
  }
}

/// The tree's nodes in an order that keeps every container together.
struct TreeOrder {
  /// The boxes of one level, or the nodes within the innermost ones.
  private struct Level {
    /// For each box of the level before, the range of its members.
    let first: NodeTable<Int32>
    let end: NodeTable<Int32>
    /// An arrangement of all members that never leaves the box around them.
    let arranged: UnsafeMutablePointer<UInt32>
  }

  private(set) var nodes: NodeTable<NodeIndex>
  /// Outermost first, the nodes last.
  private let levels: [Level]
  private var random = SplitMix(seed: 0x706c_6174)

  init(_ problem: Problem) throws(PlatError) {
    nodes = try problem.arena.table(problem.nodeCount)
    for node in 0..<problem.nodeCount { nodes.base[node] = NodeIndex(node) }
    var levels: [Level] = []
    var boxes: [Range<Int>] = [0..<problem.nodeCount]
    for level in problem.cluster.levels {
      var next = 0
      let members = boxes.map { box in
        let first = next
        while next < level.count, level.nodes[next].upperBound <= box.upperBound { next += 1 }
        return first..<next
      }
      levels.append(try TreeOrder.level(problem, members: members, count: level.count))
      boxes = level.nodes
    }
    levels.append(try TreeOrder.level(problem, members: boxes, count: problem.nodeCount))
    self.levels = levels
  }

  private static func level(_ problem: Problem, members: [Range<Int>], count: Int) throws(PlatError) -> Level {
    let arranged: NodeTable<UInt32> = try problem.arena.table(count)
    for member in 0..<count { arranged.base[member] = UInt32(member) }
    let level = Level(
      first: try problem.arena.table(members.count), end: try problem.arena.table(members.count),
      arranged: arranged.base)
    for (box, range) in members.enumerated() {
      level.first.base[box] = Int32(range.lowerBound)
      level.end.base[box] = Int32(range.upperBound)
    }
    return level
  }

  /// Another order: the members of each box, at each level, shuffled. O(N + containers).
  mutating func shuffle() {
    var random = random
    for level in levels {
      let arranged = level.arranged
      for box in 0..<level.first.count {
        let first = Int(level.first.base[box])
        var last = Int(level.end.base[box]) - 1
        while last > first {
          let other = first + random.below(last - first + 1)
          (arranged[last], arranged[other]) = (arranged[other], arranged[last])
          last -= 1
        }
      }
    }
    self.random = random
    var next = nodes.base
    emit(level: 0, box: 0, next: &next)
  }

  private func emit(level: Int, box: Int, next: inout UnsafeMutablePointer<NodeIndex>) {
    let members = levels[level]
    let (first, end) = (Int(members.first.base[box]), Int(members.end.base[box]))
    if level == levels.count - 1 {
      for place in first..<end { next[place - first] = NodeIndex(raw: members.arranged[place]) }
      next += end - first
    } else {
      for place in first..<end { emit(level: level + 1, box: Int(members.arranged[place]), next: &next) }
    }
  }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine.
struct SplitMix {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// 0 ..< bound.
  mutating func below(_ bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }
}
