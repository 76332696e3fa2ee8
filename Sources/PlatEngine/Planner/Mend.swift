/// Stage 5: soft rules, by exchanges that raise neither hard breaches nor moves.
///
/// A newly placed replica that breaks a soft rule changes places with another newly placed one, or goes to a
/// node with room in its window, where that breaks less. What is held already is not moved: a soft rule is no
/// reason to send data.
enum Mend {
  /// A newly placed replica: partition and slot.
  private struct NewReplica {
    var partition: Int
    var slot: Int
  }

  /// O(concerned · R) and a bounded number of trials for each breach.
  static func run(_ problem: Problem, _ due: Due, _ placement: Placement) {
    guard !problem.soft.isEmpty && problem.current != nil || !problem.near.isEmpty || !problem.softNear.isEmpty else {
      return
    }
    var newReplicas: [NewReplica] = []
    placement.forEachNewReplica(problem) { newReplicas.append(NewReplica(partition: $0, slot: $1)) }
    var random = SplitMix(seed: 0x6d65_6e64)
    // Looking at one place of a wide row takes R steps.
    var trialsLeft = problem.isWide ? (1 << 28) / problem.replicas : Int.max
    for newReplica in newReplicas
    where trialsLeft > 0 && !problem.arena.isInterrupted && breaches(problem, placement, newReplica) > 0 {
      trialsLeft -= TrialLimits.Mend.partnersTried
      _ = relocate(problem, due, placement, newReplica, &random)
        || exchange(problem, placement, newReplica, newReplicas, &random)
    }
  }

  private static func breaches(_ problem: Problem, _ placement: Placement, _ newReplica: NewReplica) -> Int {
    let row = placement.row(newReplica.partition)
    return problem.softBreaches(row, leaving: newReplica.slot, at: row[newReplica.slot])
  }

  private static func exchange(
    _ problem: Problem, _ placement: Placement, _ a: NewReplica, _ newReplicas: [NewReplica], _ random: inout SplitMix
  ) -> Bool {
    let rowA = placement.row(a.partition)
    let nodeA = rowA[a.slot]
    let start = random.below(newReplicas.count)
    for offset in 0..<min(TrialLimits.Mend.partnersTried, newReplicas.count) {
      let b = newReplicas[(start + offset) % newReplicas.count]
      let rowB = placement.row(b.partition)
      let nodeB = rowB[b.slot]
      guard a.partition != b.partition, nodeA != nodeB,
        problem.allows(rowA, leaving: a.slot, to: nodeB), problem.allows(rowB, leaving: b.slot, to: nodeA)
      else { continue }
      let before = breaches(problem, placement, a) + breaches(problem, placement, b)
      let after =
        problem.softBreaches(rowA, leaving: a.slot, at: nodeB) + problem.softBreaches(rowB, leaving: b.slot, at: nodeA)
      guard after < before else { continue }
      (rowA[a.slot], rowB[b.slot]) = (nodeB, nodeA)
      return true
    }
    return false
  }

  private static func relocate(
    _ problem: Problem, _ due: Due, _ placement: Placement, _ a: NewReplica, _ random: inout SplitMix
  ) -> Bool {
    let row = placement.row(a.partition)
    let node = row[a.slot]
    let load = placement.load
    guard load[node] > due.least[node] else { return false }
    let before = breaches(problem, placement, a)
    let start = random.below(problem.nodeCount)
    for offset in 0..<min(TrialLimits.Mend.partnersTried, problem.nodeCount) {
      let other = NodeIndex((start + offset) % problem.nodeCount)
      guard problem.receives[other], load[other] < due.most[other],
        problem.allows(row, leaving: a.slot, to: other),
        problem.softBreaches(row, leaving: a.slot, at: other) < before
      else { continue }
      row[a.slot] = other
      load[node] -= 1
      load[other] += 1
      return true
    }
    return false
  }
}
