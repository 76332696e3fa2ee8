/// What finds no place within the limit: it gets the nodes of another partition, or nodes of its own choice.
extension FanOut {
  /// A partition that lacks replicas follows another that lacks none: the same nodes in the same states, so that no
  /// pair is new. Before replicas go unplaced balance does; of the rows that may be followed the one that takes nodes
  /// the least beyond their windows, and then the one with the fewest moves. A bounded number of trials for each.
  static func follow(_ problem: Problem, _ due: Due, _ placement: inout Placement) throws(PlatError) {
    guard placement.placed < problem.partitionCount * problem.replicas else { return }
    let load = placement.load
    for partition in 0..<problem.partitionCount where !problem.arena.isInterrupted {
      let row = placement.row(partition)
      guard !isFull(problem, row) else { continue }
      for slot in 0..<problem.replicas where row[slot] != .none { load[row[slot]] -= 1 }
      var best: (over: Int, moves: Int, other: Int)?
      var tried = 0
      for offset in 1..<max(2, problem.partitionCount) where tried < TrialLimits.FanOut.rowsTried {
        let other = (partition + offset) % problem.partitionCount
        let model = placement.row(other)
        guard isFull(problem, model) else { continue }
        tried += 1
        guard let cost = cost(problem, due, load, partition, model) else { continue }
        if best == nil || (cost.over, cost.moves, other) < best! { best = (cost.over, cost.moves, other) }
      }
      if let best {
        for slot in 0..<problem.replicas where row[slot] != .none { placement.placed -= 1 }
        row.update(from: placement.row(best.other), count: problem.replicas)
        placement.placed += problem.replicas
      }
      for slot in 0..<problem.replicas where row[slot] != .none { load[row[slot]] += 1 }
    }
  }

  /// Whether a node has room for the partition, and may receive it or has it to keep.
  static func mayTake(_ problem: Problem, _ load: NodeTable<Int32>, _ partition: Int, _ node: NodeIndex) -> Bool {
    (problem.receives[node] || (problem.keeps[node] && problem.isHeld(partition, by: node)))
      && Int(load[node]) < problem.cluster.capacity[node.int]
  }

  private static func isFull(_ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>) -> Bool {
    for slot in 0..<problem.replicas where row[slot] == .none { return false }
    return true
  }

  /// Nil where a node could not take the partition.
  private static func cost(
    _ problem: Problem, _ due: Due, _ load: NodeTable<Int32>, _ partition: Int, _ model: UnsafeMutablePointer<NodeIndex>
  ) -> (over: Int, moves: Int)? {
    var over = 0
    var moves = 0
    for slot in 0..<problem.replicas {
      let node = model[slot]
      guard mayTake(problem, load, partition, node) else { return nil }
      over += max(0, Int(load[node] + 1 - due.most[node]))
      moves += problem.isHeld(partition, by: node) ? 0 : 1
    }
    return (over, moves)
  }
}
