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
  private var random: SplitMix

  /// `seed` 0: the first order is the tree's own.
  init(_ problem: Problem, seed: UInt64 = 0) throws(PlatError) {
    random = SplitMix(seed: 0x706c_6174 &+ seed << 32)
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
    if seed > 0 { shuffle() }
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
