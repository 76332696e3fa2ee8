/// Moves that a limit on peers forces, whatever else is planned.
///
/// A partition is *whole* in the next map if the very nodes that hold it today hold it then. Then each of its holders
/// is master, or has its data from the master: it has one of the others as a peer. A node with at most `out + in` peers
/// therefore has no more whole partitions than it shares with so many others, those with which it shares most:
///
///     whole(n) ≤ Σ of the (out + in) greatest numbers of partitions that n shares with one node
///
/// What is not whole needs a move at least, and counts for each of its holders, R in all.
enum PeerBound {
  /// The bound. Only partitions with exactly the replicas that are wanted are looked at; roles are free. O(P · R² + N · peers · log).
  static func moves(_ problem: Problem) throws(PlatError) -> Int {
    guard let limit = problem.fanOut, problem.replicas > 1, problem.current != nil else { return 0 }
    let most = (limit.outbound ?? problem.nodeCount) + (limit.inbound ?? problem.nodeCount)
    guard most < problem.nodeCount - 1 else { return 0 }
    let first: NodeTable<Int> = try problem.arena.table(problem.nodeCount + 1)
    let shares = problem.replicas - 1
    let row: NodeTable<NodeIndex> = try problem.arena.table(problem.replicas)
    let held = min(problem.partitionCount, problem.heldPartitions)
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
    return (lost + problem.replicas - 1) / problem.replicas
  }

  /// Whether today's row holds what is wanted, no more and no less; its holders then are in `row`.
  private static func isComplete(_ problem: Problem, _ partition: Int, _ row: NodeTable<NodeIndex>) -> Bool {
    let held = problem.heldRows + partition * problem.heldWidth
    var count = 0
    for slot in problem.heldSlots where held[slot] != .none && problem.isReadable[held[slot]] {
      guard count < problem.replicas else { return false }
      row.base[count] = held[slot]
      count += 1
    }
    return count == problem.replicas
  }
}
