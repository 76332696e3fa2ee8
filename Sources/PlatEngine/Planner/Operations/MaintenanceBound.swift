/// Moves that nodes in maintenance force, which the flow does not know of since it knows no states: a partition of
/// which no other node may be master needs one that does not hold it.
enum MaintenanceBound {
  /// Of each partition what its cheapest row costs, or what it lacks of nodes that may be master, whichever is more.
  /// 0 where no node is in maintenance, or not all replicas can be placed. O(P · R).
  static func moves(_ problem: Problem, _ due: Due) throws(PlatError) -> Int {
    guard problem.hasSlaveOnly, !due.isShort, problem.replicas > 0 else { return 0 }
    return try ofRows(problem, due).reduce(0, +)
  }

  /// Of each partition.
  static func ofRows(_ problem: Problem, _ due: Due) throws(PlatError) -> [Int] {
    let free: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
    let pricing = try RowPricing(problem, due, free)
    return (0..<problem.partitionCount).map { partition in
      var leaders = 0
      if partition < problem.heldPartitions {
        let row = problem.heldRows + partition * problem.heldWidth
        for slot in problem.heldSlots where row[slot] != .none {
          if problem.keeps[row[slot]], problem.allows(row[slot], inState: 0) { leaders += 1 }
        }
      }
      return max(pricing.costOfCheapest(partition), problem.wanted[0] - leaders)
    }
  }
}
