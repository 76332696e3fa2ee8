/// Stage 2: which replicas stay.
///
/// Every replica stays that its node may keep, while hard rules allow it; nothing is taken off a node here for
/// balance, so that what moves can be chosen later among all that could. Where a row has too many, slaves go
/// before masters, and from the node that holds most so far.
///
///     current   master  slave  slave  slave        rows     slot0  slot1  slot2
///               n17     n4     n90    n2     →              n17    n4     n2      (n90 leaves)
///
/// One pass over the current map, which writes every row, O(P · R²) for rows of R. Without a map there is nothing
/// to do.
enum Keep {
  static func run(_ problem: Problem, _ placement: inout Placement) {
    guard let current = problem.current else { return }
    let target = placement.target
    let sameShape = current.slotCounts == target.slotCounts && current.width == problem.replicas
    let whole = WholeRows(problem)
    let comparable = sameShape && !problem.hasSlaveOnly ? min(problem.partitionCount, problem.heldPartitions) : 0
    var partition = 0
    while partition < problem.partitionCount {
      if partition < comparable {
        let end = whole.keep(partition..<comparable, into: placement.rows, load: placement.load)
        placement.placed += (end - partition) * problem.replicas
        partition = end
        if partition == problem.partitionCount { break }
      }
      let row = placement.row(partition)
      row.update(repeating: .none, count: problem.replicas)
      var kept = 0
      if partition < current.partitionCount {
        let held = current.row(partition)
        kept =
          sameShape
          ? keepInPlace(problem, held, row)
          : problem.isWide
            ? keepWideRelaid(problem, held, row, placement: &placement)
            : keepRelaid(problem, held, row, placement: &placement)
        kept -= dropIllegal(problem, row, placement: &placement)
      }
      for slot in 0..<problem.replicas where row[slot] != .none { placement.load[row[slot]] += 1 }
      placement.placed += kept
      if kept < problem.replicas {
        placement.missing.base[placement.missingCount] = PartitionIndex(partition)
        placement.missingCount += 1
      }
      partition += 1
    }
  }

  /// Most rows stay as they are: every slot held by a node that keeps it, and no hard rule broken. Those are told
  /// from the others by as few reads as may be.
  private struct WholeRows {
    let heldRows: UnsafeMutablePointer<NodeIndex>
    let replicas: Int
    let keeps: UnsafeMutablePointer<Bool>
    let caps: UnsafeBufferPointer<LevelCap>

    init(_ problem: Problem) {
      heldRows = problem.heldRows
      replicas = problem.replicas
      keeps = problem.keeps.base
      caps = problem.hard
    }

    /// Copies and books rows up to the first that is not such a one; returns where that is. O(R²) a row.
    @inline(never) func keep(
      _ partitions: Range<Int>, into rows: UnsafeMutablePointer<NodeIndex>, load: NodeTable<Int32>
    ) -> Int {
      // The same loop for the usual lengths, which the compiler then unrolls.
      switch replicas {
      case 2: keep(partitions, width: 2, into: rows, load: load.base)
      case 3: keep(partitions, width: 3, into: rows, load: load.base)
      default: keep(partitions, width: replicas, into: rows, load: load.base)
      }
    }

    @inline(__always) private func keep(
      _ partitions: Range<Int>, width: Int, into rows: UnsafeMutablePointer<NodeIndex>,
      load: UnsafeMutablePointer<Int32>
    ) -> Int {
      for partition in partitions {
        let held = heldRows + partition * width
        for slot in 0..<width {
          guard held[slot] != .none, keeps[held[slot].int] else { return partition }
        }
        guard caps.allow(held, width: width) else { return partition }
        let row = rows + partition * width
        for slot in 0..<width {
          row[slot] = held[slot]
          load[held[slot].int] += 1
        }
      }
      return partitions.upperBound
    }
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

  /// The row is full: of its slaves and `node`, the one whose node holds most goes.
  private static func replaceFullest(
    _ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>, with node: NodeIndex, placement: Placement
  ) {
    var fullest = -1
    var greatest = placement.load[node]
    for slot in problem.wanted[0]..<max(problem.wanted[0], problem.replicas) {
      if placement.load[row[slot]] > greatest {
        greatest = placement.load[row[slot]]
        fullest = slot
      }
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
      // Of nodes in maintenance, no more than there are places for replicas other than masters.
      var slaves = 0
      for slot in 0..<problem.replicas where row[slot] != .none && problem.isSlaveOnly[row[slot]] {
        slaves += 1
        if slaves > problem.replicas - problem.wanted[0] {
          row[slot] = .none
          dropped += 1
        }
      }
    }
    placement.letGo += dropped
    return dropped
  }
}
