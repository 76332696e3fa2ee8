/// A whole row for a partition that stages which place replica by replica leave without one: depth first over the nodes
/// that may have it, best first, under all hard rules as they stand in the end, so also where several masters share
/// those who are near to them.
///
///     slot 0 (m)  n4   n4   n4        of slots in one state each order is tried once
///     slot 1 (s)  n1   n1   n7
///     slot 2 (s)  n2 ✗ n3 ✗ n9 ✓
///
/// Bounded: 4,096 nodes tried for a row, 2¹⁸ in all.
struct RowSearch {
  private let problem: Problem
  private let row: NodeTable<NodeIndex>
  private var left = 0
  private var leftInAll = 1 << 18

  /// Nil where rows are too long to be looked at so.
  init?(_ problem: Problem) throws(PlatError) {
    guard problem.replicas > 0, problem.replicas <= FanOut.mostReplicas else { return nil }
    self.problem = problem
    row = try problem.arena.table(problem.replicas)
  }

  /// The first whole row that is accepted. It lives until the next search. `accepts`: asked of whole rows that keep all
  /// rules about containers.
  mutating func find(
    _ nodes: [NodeIndex], accepts: (UnsafeMutablePointer<NodeIndex>) -> Bool = { _ in true }
  ) -> UnsafeMutablePointer<NodeIndex>? {
    for slot in 0..<problem.replicas { row.base[slot] = .none }
    left = min(TrialLimits.RowSearch.mostTried, leftInAll)
    leftInAll -= left
    defer { leftInAll += left }
    return fill(0, nodes, from: 0, accepts) ? row.base : nil
  }

  private mutating func fill(
    _ slot: Int, _ nodes: [NodeIndex], from first: Int, _ accepts: (UnsafeMutablePointer<NodeIndex>) -> Bool
  ) -> Bool {
    guard slot < problem.replicas else { return StateRules.isKept(problem, row.base) && accepts(row.base) }
    let state = problem.stateOfSlot[slot]
    for index in first..<max(first, nodes.count) {
      guard left > 0 else { return false }
      left -= 1
      guard problem.allows(nodes[index], inState: state), fits(slot, nodes[index]) else { continue }
      row.base[slot] = nodes[index]
      let isSame = slot + 1 < problem.replicas && problem.stateOfSlot[slot + 1] == state
      if StateRules.breach(problem, row.base) == nil, fill(slot + 1, nodes, from: isSame ? index + 1 : 0, accepts) {
        return true
      }
      row.base[slot] = .none
    }
    return false
  }

  private func fits(_ slot: Int, _ node: NodeIndex) -> Bool {
    for earlier in 0..<slot where row.base[earlier] == node { return false }
    return problem.hard.allSatisfy { cap in
      (0..<slot).count { cap.containerOfNode[row.base[$0]] == cap.containerOfNode[node] } < cap.most
    }
  }
}

extension RowSearch {
  /// Rows made anew for what misses replicas under near rules, on nodes that hold it today, and then on those with the
  /// least. O(missing · N log N), and a bounded search for each.
  static func complete(_ problem: Problem, _ placement: inout Placement) throws(PlatError) {
    guard !problem.near.isEmpty, placement.placed < problem.partitionCount * problem.replicas,
      var search = try RowSearch(problem)
    else { return }
    for partition in placement.missing.map(\.int) where !problem.arena.isInterrupted {
      let row = placement.row(partition)
      for slot in 0..<problem.replicas where row[slot] != .none { placement.load[row[slot]] -= 1 }
      let load = placement.load
      func mayTake(_ node: NodeIndex) -> Bool {
        FanOut.mayTake(problem, load, partition, node)
          && (problem.cluster.cluster.nodes[node.int].weight.isPositive || problem.isHeld(partition, by: node))
      }
      let nodes = search.nodes(for: partition, mayTake: mayTake, rank: { Int(load[$0]) })
      if let whole = search.find(nodes) {
        placement.placed += (0..<problem.replicas).count { row[$0] == .none }
        row.update(from: whole, count: problem.replicas)
        placement.changed.isAll = true
      }
      for slot in 0..<problem.replicas where row[slot] != .none { placement.load[row[slot]] += 1 }
    }
  }

  /// The same where partitions differ in weight, on nodes that lack most of their due.
  static func complete(_ weighing: Weighing, _ due: WeightedDue) throws(PlatError) {
    let problem = weighing.problem
    guard !problem.near.isEmpty, weighing.unplaced > 0, var search = try RowSearch(problem) else { return }
    for place in 0..<weighing.order.count where !problem.arena.isInterrupted {
      let partition = weighing.order.base[place].int
      let row = weighing.row(partition)
      guard (0..<problem.replicas).contains(where: { row[$0] == .none }) else { continue }
      let before = (0..<problem.replicas).map { row[$0] }
      for slot in before.indices { weighing.set(partition, slot, to: .none) }
      let nodes = search.nodes(
        for: partition, mayTake: { weighing.mayTake(partition, $0) }, rank: { weighing.load[$0] - due.due[$0] })
      let whole = search.find(nodes)
      for slot in before.indices { weighing.set(partition, slot, to: whole?[slot] ?? before[slot]) }
    }
  }

  /// Those that may have a partition, its holders of today first, then by rank.
  func nodes(for partition: Int, mayTake: (NodeIndex) -> Bool, rank: (NodeIndex) -> Int) -> [NodeIndex] {
    let all = (0..<problem.nodeCount).map { NodeIndex($0) }.filter(mayTake)
    let keys = all.map { (problem.isHeld(partition, by: $0) ? 0 : 1, rank($0), $0) }
    return keys.sorted { $0 < $1 }.map(\.2)
  }
}

extension Weighing {
  /// Whether a node that a partition is not on has room for it, and may receive it or has it to keep.
  func mayTake(_ partition: Int, _ node: NodeIndex) -> Bool {
    hasRoom(node)
      || problem.keeps[node] && problem.isHeld(partition, by: node)
        && Int(count[node]) < problem.cluster.capacity[node.int]
  }
}
