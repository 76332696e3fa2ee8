/// Of one map: the moves of a plan that could be put off, and the way back from them.
///
/// What is left to do afterwards is part of the same plan. Each row lies between the row before and the planned one, so
/// both ways together are as long as the way at once; and since that had the fewest moves, planning on from here needs
/// just those that were put off, whichever they were.
///
///     before  n3 n9 n4 n7        n9 ⇢ n8 ─ put off, one by one, in any number
///     planned n3 n8 n4 n6        n7 ⇢ n6 ─
///
/// What comes and what goes is paired in the innermost container that has both. What is left over in a container then
/// is all coming or all going: so with any part of the pairs done its count lies between the one before and the planned
/// one, and no rule about so many in a container breaks on the way.
///
/// For balance alone is a move whose partition could have stayed where it was: `Keep` kept it. What replaces a replica
/// that is lost is never put off, nor what makes room for it under a capacity.
struct MoveBudget {
  /// The rows as `Keep` left them, with what else of today's may stay in them.
  private let before: PartitionTable<NodeIndex>
  /// Hard rules that name places.
  private let places: [NodeSetBound]

  /// After `Keep`. Nil where there is nothing that could stay. O(P · R).
  init?(_ problem: Problem, _ placement: Placement) throws(PlatError) {
    guard placement.placed > 0 else { return nil }
    places = problem.cluster.hardPlaces
    before = try problem.arena.table(problem.partitionCount * problem.replicas)
    before.base.update(from: placement.rows, count: before.count)
    placement.changed.forEachNotWhole { complete(problem, $0) }
  }

  /// `Keep` leaves out what did not fit beside others that it then took out, too: any of them that fits now could stay.
  private func complete(_ problem: Problem, _ partition: Int) {
    let row = before.base + partition * problem.replicas
    guard partition < problem.heldPartitions, !problem.isWide,
      let empty = (0..<problem.replicas).first(where: { row[$0] == .none })
    else { return }
    var slot = empty
    for heldSlot in problem.heldSlots {
      let node = problem.heldRows[partition * problem.heldWidth + heldSlot]
      guard node != .none, problem.receives[node], problem.allows(row, leaving: -1, to: node) else { continue }
      row[slot] = node
      while slot < problem.replicas, row[slot] != .none { slot += 1 }
      if slot == problem.replicas { return }
    }
  }

  /// Puts back what is not made; returns how many moves that are.
  func undo(
    _ arcs: [Arc], unless isMade: [Bool], _ problem: Problem, _ placement: inout Placement
  ) -> Int {
    var putOff = 0
    for (index, arc) in arcs.enumerated() where !isMade[index] {
      let row = placement.row(arc.partition.int)
      guard let slot = (0..<problem.replicas).first(where: { row[$0] == arc.to }) else { continue }
      row[slot] = arc.from
      placement.load[arc.to] -= 1
      placement.load[arc.from] += 1
      placement.changed.change(arc.partition.int)
      putOff += arc.moves
    }
    return putOff
  }

  /// A replica that could have stayed and goes somewhere else.
  struct Arc {
    let partition: PartitionIndex
    let from: NodeIndex
    let to: NodeIndex
    /// 0 where `to` holds the partition today.
    let moves: Int
  }

  /// Of a finished plan. O(concerned · R log R · levels).
  func forBalance(_ problem: Problem, _ placement: Placement) -> [Arc] {
    var arcs: [Arc] = []
    var (goes, comes): ([NodeIndex], [NodeIndex]) = ([], [])
    placement.changed.forEach { partition in
      let (old, new) = (before.base + partition * problem.replicas, placement.row(partition))
      goes.removeAll(keepingCapacity: true)
      comes.removeAll(keepingCapacity: true)
      RowDifference.find(old, new, width: problem.replicas, &goes, &comes)
      guard !goes.isEmpty, !comes.isEmpty else { return }
      let pairs = pair(problem, goes, comes)
      if problem.hasStateRules || !places.isEmpty, !areFree(problem, new, pairs) { return }
      if problem.hasSlaveOnly, !staysLed(problem, new, pairs) { return }
      for (from, to) in pairs {
        arcs.append(
          Arc(
            partition: PartitionIndex(partition), from: from, to: to, moves: problem.isHeld(partition, by: to) ? 0 : 1))
      }
    }
    return arcs
  }

  /// Both ascending, so that each container's nodes follow one another.
  private func pair(
    _ problem: Problem, _ goes: [NodeIndex], _ comes: [NodeIndex]
  ) -> [(from: NodeIndex, to: NodeIndex)] {
    if goes.count == 1, comes.count == 1 { return [(goes[0], comes[0])] }
    var pairs: [(from: NodeIndex, to: NodeIndex)] = []
    var (goes, comes) = (goes, comes)
    for level in problem.cluster.levels.reversed() {
      var (goesOn, comesOn): ([NodeIndex], [NodeIndex]) = ([], [])
      var (from, to) = (0, 0)
      while from < goes.count, to < comes.count {
        let (old, new) = (level.containerOfNode[goes[from].int].raw, level.containerOfNode[comes[to].int].raw)
        if old == new { pairs.append((goes[from], comes[to])) }
        if old < new { goesOn.append(goes[from]) }
        if new < old { comesOn.append(comes[to]) }
        if old <= new { from += 1 }
        if new <= old { to += 1 }
      }
      goes = goesOn + goes[from...]
      comes = comesOn + comes[to...]
    }
    return pairs + zip(goes, comes).map { ($0, $1) }
  }

  /// Under rules about single states or places, whether they can be kept with any part of the pairs undone. Where not,
  /// or where that is too much to look at, the row is what it must be.
  private func areFree(
    _ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>, _ pairs: [(from: NodeIndex, to: NodeIndex)]
  ) -> Bool {
    guard problem.replicas <= 5, pairs.count <= 3 else { return false }
    return withUnsafeTemporaryAllocation(of: NodeIndex.self, capacity: problem.replicas) { trial in
      let trial = trial.baseAddress!
      return (0..<(1 << pairs.count)).allSatisfy { undone in
        trial.update(from: row, count: problem.replicas)
        for (index, pair) in pairs.enumerated() where undone >> index & 1 == 1 {
          for slot in 0..<problem.replicas where trial[slot] == pair.to { trial[slot] = pair.from }
        }
        return keepsPlaces(problem, trial) && (!problem.hasStateRules || StateRules.canBeKept(problem, trial))
      }
    }
  }
}

extension MoveBudget {
  /// Whether statuses and hard rules that name places are kept, in the states as they are planned. O(rules · R).
  private func keepsPlaces(_ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>) -> Bool {
    guard !places.isEmpty else { return true }
    let slots = (0..<problem.replicas).filter { row[$0] != .none }
    return slots.allSatisfy { problem.allows(row[$0], inState: problem.stateOfSlot[$0]) }
      && places.allSatisfy { bound in
        slots.count { bound.counts(problem.stateOfSlot[$0]) && bound.isIn[row[$0].int] } <= bound.most
      }
  }

  /// Whether there is nobody less to lead the row with any part of the pairs undone.
  private func staysLed(
    _ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>, _ pairs: [(from: NodeIndex, to: NodeIndex)]
  ) -> Bool {
    func mayLead(_ node: NodeIndex) -> Bool { problem.allows(node, inState: 0) }
    let able = (0..<problem.replicas).count { row[$0] != .none && mayLead(row[$0]) }
    let fewer = pairs.count { mayLead($0.to) && !mayLead($0.from) }
    return able - fewer >= min(able, problem.wanted[0])
  }
}

/// Who is in one row and not in another of the same width.
private enum RowDifference {
  static func find(
    _ old: UnsafeMutablePointer<NodeIndex>, _ new: UnsafeMutablePointer<NodeIndex>, width: Int,
    _ goes: inout [NodeIndex], _ comes: inout [NodeIndex]
  ) {
    if (0..<width).allSatisfy({ old[$0] == new[$0] }) { return }
    let (before, after) = (sorted(old, width), sorted(new, width))
    var (left, right) = (0, 0)
    while left < before.count || right < after.count {
      if right == after.count || left < before.count && before[left] < after[right] {
        goes.append(before[left])
        left += 1
      } else if left == before.count || after[right] < before[left] {
        comes.append(after[right])
        right += 1
      } else {
        (left, right) = (left + 1, right + 1)
      }
    }
  }

  private static func sorted(_ row: UnsafeMutablePointer<NodeIndex>, _ width: Int) -> [NodeIndex] {
    (0..<width).lazy.map { row[$0] }.filter { $0 != .none }.sorted()
  }
}
