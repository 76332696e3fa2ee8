/// Hard rules about some of the wanted states only, such as "one slave in a zone". `Due` and the stages before the
/// roles see them as looser caps on all replicas; the roles are chosen so that they hold; what is left is
/// settled here.
enum StateRules {
  /// The first slot of a row whose replica is one too many under such a rule, with the states that the slots
  /// stand for; nil where there is none.
  static func breach(_ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>) -> Int? {
    for cap in problem.stateCaps {
      for slot in 0..<problem.replicas where row[slot] != .none && cap.countsSlot[slot] {
        let container = cap.containerOfNode[row[slot]]
        var before = 0
        for earlier in 0..<slot where row[earlier] != .none && cap.countsSlot[earlier] {
          if cap.containerOfNode[row[earlier]] == container { before += 1 }
        }
        if before >= cap.most { return slot }
      }
    }
    return nil
  }

  /// A replica that no choice of roles could make legal goes where it is, or else stays unplaced.
  /// O(P · R²), and O(N · R) for each such replica.
  static func enforce(_ problem: Problem, _ placement: Placement) {
    guard !problem.stateCaps.isEmpty else { return }
    for partition in 0..<problem.partitionCount {
      let row = placement.row(partition)
      while let slot = breach(problem, row) {
        placement.load[row[slot]] -= 1
        row[slot] = .none
        place(problem, placement, row, slot)
      }
      for slot in 0..<problem.replicas where row[slot] == .none { place(problem, placement, row, slot) }
    }
  }

  /// The least loaded node that every hard rule and its capacity let in.
  private static func place(
    _ problem: Problem, _ placement: Placement, _ row: UnsafeMutablePointer<NodeIndex>, _ slot: Int
  ) {
    var best: NodeIndex?
    for index in 0..<problem.nodeCount {
      let node = NodeIndex(index)
      guard problem.receives[node], Int(placement.load[node]) < problem.cluster.capacity[index],
        problem.cluster.cluster.nodes[index].weight != .zero, best.map({ placement.load[node] < placement.load[$0] }) ?? true,
        problem.allows(row, leaving: slot, to: node)
      else { continue }
      row[slot] = node
      if breach(problem, row) == nil { best = node }
      row[slot] = .none
    }
    guard let best else { return }
    row[slot] = best
    placement.load[best] += 1
  }
}
