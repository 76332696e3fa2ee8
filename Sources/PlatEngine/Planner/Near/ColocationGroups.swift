/// How many more partitions should have their co-location group, and so their master, in each container: those that
/// complete a co-location group choose by it. Of the first near rule.
final class ColocationGroups {
  private let problem: Problem
  private let rule: NearRule
  /// Twice as many as are left, and as there were at first.
  private let left: NodeTable<Int64>
  private let due: NodeTable<Int64>

  /// Nil where nothing is to be chosen. O(P · R² + N).
  init?(_ problem: Problem, _ due: Due, _ placement: Placement) throws(PlatError) {
    guard let rule = problem.near.first, let masters = due.roles.first else { return nil }
    self.problem = problem
    self.rule = rule
    left = try problem.arena.table(rule.containerCount)
    self.due = try problem.arena.table(rule.containerCount)
    for (container, twice) in rule.twiceMastersDue(problem, due, masters).enumerated() {
      left.base[container] = Int64(twice)
    }
    self.due.copy(from: left)
    for partition in 0..<problem.partitionCount {
      if let container = problem.groupOf(rule, placement.row(partition)) { left.base[container.int] -= 2 }
    }
  }

  /// Whether `node` would complete the row's co-location group.
  private func completes(_ row: UnsafeMutablePointer<NodeIndex>, _ leaving: Int, _ node: NodeIndex) -> Bool {
    problem.members(rule, row, leaving, besides: node) == rule.group - 1
  }

  /// How welcome a row is in the container of `node`: where its co-location group is still to be chosen, as the part of
  /// the container's due that is left.
  func rank(_ row: UnsafeMutablePointer<NodeIndex>, leaving: Int, at node: NodeIndex) -> Int {
    for slot in 0..<problem.replicas where slot != leaving && row[slot] != .none {
      if problem.members(rule, row, leaving, besides: row[slot]) >= rule.group { return 0 }
    }
    let container = rule.containerOfNode[node].int
    return rule.isAble.base[container] ? Int(max(0, left.base[container]) * 1024 / max(1, due.base[container])) : 0
  }

  func give(_ row: UnsafeMutablePointer<NodeIndex>, leaving: Int, to node: NodeIndex) {
    if completes(row, leaving, node) { left.base[rule.containerOfNode[node].int] -= 2 }
  }
}

extension ColocationGroups {
  /// The nodes out of their windows, without those that no choice of roles and no exchange of as many moves brings
  /// nearer. For placements that keep all that may stay. A container leads no more than the co-location groups that it
  /// has left and one for each replica that it receives: where all that is lacking is due to that, no one lacks
  /// anything; and where all that is too much is what the others cannot lead, no one has too many. O(P · R² + N).
  static func unsettled(
    _ problem: Problem, _ placement: Placement, _ parts: Roles.Parts
  ) -> (tooFew: [NodeIndex], tooMany: [NodeIndex]) {
    let (tooFew, tooMany) = parts.unsettled()
    guard let rule = problem.near.first, problem.wanted[0] == 1, !tooFew.isEmpty || !tooMany.isEmpty else {
      return (tooFew, tooMany)
    }
    let greatest = greatest(problem, rule, placement)
    var (least, most) = (greatest.map { _ in 0 }, greatest.map { _ in 0 })
    for index in 0..<problem.nodeCount {
      let container = rule.containerOfNode.base[index].int
      least[container] += Int(parts.window.base[index].least)
      most[container] += Int(parts.window.base[index].most)
    }
    let lacking = greatest.indices.reduce(0) { $0 + max(0, least[$1] - greatest[$1]) }
    let tooMuch = problem.partitionCount - greatest.indices.reduce(0) { $0 + min(most[$1], greatest[$1]) }
    return (
      tooFew.reduce(0) { $0 + parts.lack($1) } <= lacking ? [] : tooFew,
      tooMany.reduce(0) { $0 + parts.excess($1) } <= tooMuch ? [] : tooMany
    )
  }

  /// Of each container, the most partitions that can have their co-location group there: those that have it there
  /// today, on nodes that keep what they hold, and one for each replica newly placed there.
  private static func greatest(_ problem: Problem, _ rule: NearRule, _ placement: Placement) -> [Int] {
    var greatest = [Int](repeating: 0, count: rule.containerCount)
    for partition in 0..<problem.heldPartitions {
      let held = problem.heldRows + partition * problem.heldWidth
      for (place, slot) in problem.heldSlots.enumerated() where isKept(problem, held[slot]) {
        let container = rule.containerOfNode[held[slot]]
        // Counted at the one that completes it.
        let before = problem.heldSlots[..<place].count {
          isKept(problem, held[$0]) && rule.containerOfNode[held[$0]] == container
        }
        if before == rule.group - 1 { greatest[container.int] += 1 }
      }
    }
    placement.forEachNewReplica(problem) { partition, slot in
      greatest[rule.containerOfNode[placement.row(partition)[slot]].int] += 1
    }
    return greatest
  }

  private static func isKept(_ problem: Problem, _ node: NodeIndex) -> Bool { node != .none && problem.keeps[node] }
}
