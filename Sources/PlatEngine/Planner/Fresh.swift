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
