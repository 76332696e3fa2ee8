/// Moves that a limit on peers forces, whatever else is planned.
///
/// A partition is *whole* in the next map if the very nodes that hold it today hold it then. Then each of its holders
/// is master, or has its data from the master: it has one of the others as a peer. A node with at most `out + in` peers
/// therefore has no more whole partitions than it shares with so many others, those with which it shares most:
///
///     whole(n) ≤ Σ of the (out + in) greatest numbers of partitions that n shares with one node
///
/// What is not whole needs a move at least, and counts for each of its holders, R in all. What could not stay whole
/// under any limit, for there are too few holders that may stay, counts by itself: each replica that has to be
/// received.
enum PeerBound {
  /// The bound. Partitions with more holders than are wanted are not looked at; roles are free.
  /// O(P · R² + N · peers · log).
  static func moves(_ problem: Problem) throws(PlatError) -> Int {
    guard let limit = problem.fanOut, problem.replicas > 1, problem.current != nil else { return 0 }
    let most = (limit.outbound ?? problem.nodeCount) + (limit.inbound ?? problem.nodeCount)
    guard most < problem.nodeCount - 1 else { return 0 }
    let first: NodeTable<Int> = try problem.arena.table(problem.nodeCount + 1)
    let shares = problem.replicas - 1
    let row: NodeTable<NodeIndex> = try problem.arena.table(problem.replicas)
    let held = min(problem.partitionCount, problem.heldPartitions)
    var missing = (problem.partitionCount - held) * problem.replicas
    for partition in 0..<held { missing += max(0, problem.replicas - staying(problem, partition, row)) }
    for partition in 0..<held where isComplete(problem, partition, row) {
      for slot in 0...shares { first.base[row.base[slot].int + 1] += shares }
    }
    for node in 0..<problem.nodeCount { first.base[node + 1] += first.base[node] }
    // For each node, the others that its partitions are on, again and again.
    let others: NodeTable<NodeIndex> = try problem.arena.table(first.base[problem.nodeCount])
    let next: NodeTable<Int> = try problem.arena.table(problem.nodeCount)
    for partition in 0..<held where isComplete(problem, partition, row) {
      for slot in 0...shares {
        let node = row.base[slot]
        for other in 0...shares where other != slot {
          others.base[first.base[node.int] + next[node]] = row.base[other]
          next[node] += 1
        }
      }
    }
    let count: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
    var lost = 0
    for node in 0..<problem.nodeCount {
      let range = first.base[node]..<first.base[node + 1]
      var shared: [Int32] = []
      for index in range { count[others.base[index]] += 1 }
      for index in range where count[others.base[index]] > 0 {
        shared.append(count[others.base[index]])
        count[others.base[index]] = 0
      }
      guard shared.count > most else { continue }
      shared.sort(by: >)
      lost += max(0, range.count / shares - shared.prefix(most).reduce(0) { $0 + Int($1) })
    }
    return missing + (lost + problem.replicas - 1) / problem.replicas
  }

  /// Whether what is wanted of today's row may stay, no more and no less; its holders then are in `row`.
  private static func isComplete(_ problem: Problem, _ partition: Int, _ row: NodeTable<NodeIndex>) -> Bool {
    staying(problem, partition, row) == problem.replicas
  }

  /// Today's holders that are not to go; the first of them, as many as are wanted, are in `row`.
  private static func staying(_ problem: Problem, _ partition: Int, _ row: NodeTable<NodeIndex>) -> Int {
    let held = problem.heldRows + partition * problem.heldWidth
    var count = 0
    for slot in problem.heldSlots where held[slot] != .none && mayStay(problem, held[slot]) {
      if count < problem.replicas { row.base[count] = held[slot] }
      count += 1
    }
    return count
  }

  private static func mayStay(_ problem: Problem, _ node: NodeIndex) -> Bool {
    problem.cluster.status[node.int].mayKeep
  }
}
