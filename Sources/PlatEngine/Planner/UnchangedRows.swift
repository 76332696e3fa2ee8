/// Rows that stay as they are: every slot held by a node that keeps it, and no hard rule broken. Most are; they are
/// told from the others, copied and counted in one pass, by as few instructions as may be.
///
///     row   n3 n9 n4     box   2 7 5     all differ, none is `gone`: the row is whole
struct UnchangedRows {
  private let heldRows: UnsafeMutablePointer<NodeIndex>
  private let rows: UnsafeMutablePointer<NodeIndex>
  private let changed: ChangedRows
  private let width: Int
  private let nodeCount: Int
  private let caps: UnsafeBufferPointer<LevelCap>
  private let tools: Tools
  /// Where the slots of the first state end, for two states.
  private let slotsOfFirst: Int
  private let hasTwoStates: Bool
  private let countsOfWorker: Int
  private let isOneEach: Bool
  var blocks: Blocks { tools.blocks }

  private static let gone = UInt32.max

  /// What the pass works with.
  struct Tools {
    let blocks: Blocks
    /// For each node, and for nobody behind them: the container of the only hard rule, or else 0; `gone` where what the
    /// node holds does not stay.
    let box: NodeTable<UInt32>
    /// For each slot, where its state's counts begin.
    let countOfSlot: NodeTable<Int32>
    /// For each worker but the first, for each state, for each node.
    let counts: NodeTable<Int32>

    init(_ problem: Problem, isUsed: Bool) throws(PlatError) {
      let held = min(problem.partitionCount, problem.heldPartitions)
      blocks = Blocks(held, replicas: problem.replicas, threads: problem.threads)
      box = try problem.arena.table(isUsed ? problem.nodeCount + 1 : 0)
      countOfSlot = try problem.arena.table(isUsed ? problem.replicas : 0)
      counts = try problem.arena.table(isUsed ? (blocks.workers - 1) * problem.wanted.count * problem.nodeCount : 0)
    }
  }

  init(_ problem: Problem, _ placement: Placement) {
    heldRows = problem.heldRows
    rows = placement.rows
    changed = placement.changed
    width = problem.replicas
    nodeCount = problem.nodeCount
    caps = problem.hard
    isOneEach = caps.count == 1 && caps[0].most == 1
    tools = changed.tools
    let (box, countOfSlot) = (tools.box, tools.countOfSlot)
    for node in 0..<nodeCount {
      let ofNode = isOneEach ? caps[0].containerOfNode.base[node].raw : 0
      box.base[node] = problem.keeps.base[node] ? ofNode : UnchangedRows.gone
    }
    box.base[nodeCount] = UnchangedRows.gone
    var slot = 0
    for (state, count) in problem.wanted.enumerated() {
      for _ in 0..<count {
        countOfSlot.base[slot] = Int32(state * nodeCount)
        slot += 1
      }
    }
    slotsOfFirst = problem.wanted[0]
    hasTwoStates = problem.wanted.dropFirst(2).allSatisfy { $0 == 0 }
    countsOfWorker = problem.wanted.count * nodeCount
  }

  /// The first worker counts where the sums are to be.
  private func counts(of worker: Int) -> UnsafeMutablePointer<Int32> {
    worker == 0 ? changed.whole.base : tools.counts.base + (worker - 1) * countsOfWorker
  }

  /// Adds up what the workers counted. Returns the replicas in whole rows.
  func join(into placement: Placement) -> Int {
    let sums = changed.whole.base
    for worker in 1..<max(1, blocks.workers) {
      let counts = counts(of: worker)
      for index in 0..<countsOfWorker { sums[index] &+= counts[index] }
    }
    let load = placement.load.base
    var placed = 0
    for state in 0..<countsOfWorker / max(nodeCount, 1) {
      let ofState = sums + state * nodeCount
      for node in 0..<nodeCount {
        load[node] &+= ofState[node]
        placed &+= Int(ofState[node])
      }
    }
    return placed
  }

  /// Copies and books the whole rows of a block, and marks the others. O(R²) a row.
  @inline(never) func keep(_ partitions: Range<Int>, _ worker: Int) {
    // The same loop for the usual lengths, which the compiler then unrolls.
    switch (width, hasTwoStates, isOneEach) {
    case (3, true, true): keep(partitions, counts(of: worker), width: 3, hasTwoStates: true, isOneEach: true)
    case (2, true, true): keep(partitions, counts(of: worker), width: 2, hasTwoStates: true, isOneEach: true)
    case (3, true, false): keep(partitions, counts(of: worker), width: 3, hasTwoStates: true, isOneEach: false)
    default: keep(partitions, counts(of: worker), width: width, hasTwoStates: false, isOneEach: false)
    }
  }

  @inline(__always) private func keep(
    _ partitions: Range<Int>, _ counts: UnsafeMutablePointer<Int32>, width: Int, hasTwoStates: Bool, isOneEach: Bool
  ) {
    let (box, nobody, second) = (tools.box.base, UInt32(nodeCount), nodeCount)
    let (countOfSlot, slotsOfFirst) = (tools.countOfSlot.base, slotsOfFirst)
    var held = heldRows + partitions.lowerBound * width
    var row = rows + partitions.lowerBound * width
    for partition in partitions {
      var isWhole = true
      for slot in 0..<width {
        let mine = box[Int(min(held[slot].raw, nobody))]
        isWhole = isWhole && mine != UnchangedRows.gone
        if isOneEach {
          for earlier in 0..<slot { isWhole = isWhole && mine != box[Int(min(held[earlier].raw, nobody))] }
        }
      }
      if isWhole && (isOneEach || caps.allow(held, width: width)) {
        for slot in 0..<width {
          row[slot] = held[slot]
          let first = hasTwoStates ? (slot < slotsOfFirst ? 0 : second) : Int(countOfSlot[slot])
          counts[first &+ held[slot].int] &+= 1
        }
      } else {
        changed.markNotWhole(partition)
      }
      held += width
      row += width
    }
  }
}
