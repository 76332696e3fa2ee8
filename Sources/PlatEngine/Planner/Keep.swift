/// Stage 2: which replicas stay.
///
/// Every replica stays that its node may keep, while hard rules allow it; nothing is taken off a node here for
/// balance, so that what moves can be chosen later among all that could. Where a row has too many, slaves go
/// before masters, and from the node that holds most so far.
///
///     current   master  slave  slave  slave        rows     slot0  slot1  slot2
///               n17     n4     n90    n2     →              n17    n4     n2      (n90 leaves)
///
/// One pass over the current map, which writes every row, O(P · R²) for rows of R, on several threads. Without a map
/// there is nothing to do.
enum Keep {
  static func run(_ problem: Problem, _ placement: inout Placement) {
    guard let current = problem.current else {
      // A fresh map is made in closed form; one with near rules is filled.
      if !problem.near.isEmpty { placement.target.clear() }
      return
    }
    let isSameShape = current.slotCounts == placement.target.slotCounts && current.width == problem.replicas
    if placement.changed.canTell {
      placement.changed.isAll = false
      keepWhole(problem, &placement)
    }
    let changed = placement.changed
    changed.forEachNotWhole { partition in
      let row = placement.row(partition)
      row.update(repeating: .none, count: problem.replicas)
      var kept = 0
      if partition < current.partitionCount {
        let held = current.row(partition)
        kept =
          isSameShape
          ? keepInPlace(problem, held, row)
          : problem.isWide
            ? keepWideRelaid(problem, held, row, placement: &placement)
            : keepRelaid(problem, held, row, placement: &placement)
        kept -= dropIllegal(problem, row, placement: &placement)
        if !problem.near.isEmpty { kept -= dropFar(problem, row, placement: &placement) }
      }
      for slot in 0..<problem.replicas where row[slot] != .none { placement.load[row[slot]] += 1 }
      placement.placed += kept
    }
    // Under some rules whether a row may stay is more than who is in it.
    let isPlain = problem.stateCaps.isEmpty && problem.fanOut == nil
    if !isPlain || !placement.changed.isTracked { placement.changed.isAll = true }
  }

  /// The first count: copies and books every row that stays as it is, and marks all others.
  private static func keepWhole(_ problem: Problem, _ placement: inout Placement) {
    let whole = UnchangedRows(problem, placement)
    let held = whole.blocks.partitions
    whole.blocks.run { worker, block in whole.keep(block, worker) }
    for partition in held..<max(held, problem.partitionCount) { placement.changed.markNotWhole(partition) }
    placement.placed += whole.join(into: placement)
  }

  /// The current row has the target's slots: each replica stays in its slot.
  @inline(__always) private static func keepInPlace(
    _ problem: Problem, _ held: UnsafeMutablePointer<NodeIndex>, _ row: UnsafeMutablePointer<NodeIndex>
  ) -> Int {
    var kept = 0
    for slot in 0..<problem.replicas {
      let node = held[slot]
      guard node != .none, problem.keeps[node] else { continue }
      row[slot] = node
      kept += 1
    }
    return kept
  }

  /// Any other shape: each replica goes to a free slot of its state, or else to any free slot.
  private static func keepRelaid(
    _ problem: Problem, _ held: UnsafeMutablePointer<NodeIndex>, _ row: UnsafeMutablePointer<NodeIndex>,
    placement: inout Placement
  ) -> Int {
    let current = problem.current!
    var kept = 0
    var first = 0  // of the state's slots in `row`
    var column = 0
    for state in current.slotCounts.indices {
      let slots = first..<(first + problem.wanted[state])
      first += problem.wanted[state]
      for _ in 0..<current.slotCounts[state] {
        let node = held[column]
        column += 1
        guard node != .none, problem.cluster.cluster.settings.model.states[state].holdsData, problem.keeps[node]
        else { continue }
        if let free = slots.first(where: { row[$0] == .none }) {
          row[free] = node
          kept += 1
        } else if let free = (0..<problem.replicas).last(where: { row[$0] == .none }) {
          row[free] = node
          kept += 1
        } else if problem.replicas > 0 {
          replaceFullest(problem, row, with: node, placement: placement)
          placement.letGo += 1
        }
      }
    }
    return kept
  }

  /// The row is full: of its slaves and `node`, the one goes without which the others break the fewest rules, and of
  /// such the one whose node holds most. O(R³ · rules).
  private static func replaceFullest(
    _ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>, with node: NodeIndex, placement: Placement
  ) {
    func excess(_ caps: UnsafeBufferPointer<LevelCap>) -> Int {
      var excess = 0
      for cap in caps {
        for slot in 0..<problem.replicas {
          let container = cap.containerOfNode[row[slot]]
          let before = (0..<slot).count { cap.containerOfNode[row[$0]] == container }
          if before >= cap.most { excess += 1 }
        }
      }
      return excess
    }
    /// Of the row without what goes.
    func rank(load: Int32) -> (Int, Int, Int32) { (excess(problem.hard), excess(problem.soft), -load) }
    var fullest = -1
    var best = rank(load: placement.load[node])
    for slot in problem.wanted[0]..<max(problem.wanted[0], problem.replicas) {
      let before = row[slot]
      row[slot] = node
      let without = rank(load: placement.load[before])
      row[slot] = before
      if without < best { (best, fullest) = (without, slot) }
    }
    if fullest >= 0 { row[fullest] = node }
  }

  /// Takes out what breaks a hard rule, later slots first to go. Returns how many went.
  @inline(__always) private static func dropIllegal(
    _ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>, placement: inout Placement
  ) -> Int {
    let isWide = problem.isWide
    var dropped = isWide ? dropIllegalWide(problem, row) : 0
    for cap in problem.hard where !isWide {
      for slot in 0..<problem.replicas where row[slot] != .none {
        let container = cap.containerOfNode[row[slot]]
        var before = 0
        for earlier in 0..<slot where row[earlier] != .none {
          if cap.containerOfNode[row[earlier]] == container { before += 1 }
        }
        if before >= cap.most {
          row[slot] = .none
          dropped += 1
        }
      }
    }
    if problem.hasSlaveOnly {
      // Of nodes in maintenance, no more than there are places for replicas other than masters. Masters go first: they
      // would have to change their state, and then somebody has to come for them all the same.
      var tooMany = problem.wanted[0] - problem.replicas
      for slot in 0..<problem.replicas where row[slot] != .none && problem.isSlaveOnly[row[slot]] { tooMany += 1 }
      while tooMany > 0, let slot = makesWay(problem, row) {
        row[slot] = .none
        dropped += 1
        tooMany -= 1
      }
    }
    placement.letGo += dropped
    return dropped
  }

  /// Of the slots on nodes in maintenance the first after which hard rules let a node in that may be master; or else
  /// the first. O(N · R), and mostly the first node does.
  private static func makesWay(_ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>) -> Int? {
    let slots = (0..<problem.replicas).filter { row[$0] != .none && problem.isSlaveOnly[row[$0]] }
    return slots.first { slot in
      let node = row[slot]
      row[slot] = .none
      defer { row[slot] = node }
      return (0..<problem.nodeCount).contains {
        problem.receives.base[$0] && problem.allows(row, leaving: -1, to: NodeIndex($0))
      }
    } ?? slots.first
  }
}
