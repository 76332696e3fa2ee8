/// Rows that stay as they are: every slot held by a node that keeps it, and no hard rule broken. Most are; they are told
/// from the others, copied and counted in one pass, by as few instructions as may be.
///
///     row   n3 n9 n4     box   2 7 5     all differ, none is `gone`: the row is whole
struct WholeRows {
  private let heldRows: UnsafeMutablePointer<NodeIndex>
  private let rows: UnsafeMutablePointer<NodeIndex>
  private let concerned: Concerned
  private let width: Int
  private let nodeCount: Int
  private let caps: UnsafeBufferPointer<LevelCap>
  /// For each node, and for nobody behind them: the container of the only hard rule, or else 0; `gone` where what the
  /// node holds does not stay.
  private let box: NodeTable<UInt32>
  /// For each slot, where its state's counts begin; and the same for two states by the slots of the first one.
  private let countOfSlot: NodeTable<Int32>
  private let slotsOfFirst: Int
  private let hasTwoStates: Bool
  /// For each worker, for each state, for each node.
  private let counts: UnsafeMutablePointer<Int32>
  private let countsOfWorker: Int
  private let workers: Int
  private let isOneEach: Bool

  private static let gone = UInt32.max

  init(_ problem: Problem, _ placement: Placement, workers: Int) throws(PlatError) {
    heldRows = problem.heldRows
    rows = placement.rows
    concerned = placement.concerned
    width = problem.replicas
    nodeCount = problem.nodeCount
    caps = problem.hard
    isOneEach = caps.count == 1 && caps[0].most == 1
    self.workers = workers
    box = try problem.arena.table(nodeCount + 1)
    for node in 0..<nodeCount {
      let ofNode = isOneEach ? caps[0].containerOfNode.base[node].raw : 0
      box.base[node] = problem.keeps.base[node] ? ofNode : WholeRows.gone
    }
    box.base[nodeCount] = WholeRows.gone
    countOfSlot = try problem.arena.table(width)
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
    // The first worker counts where the sums are to be.
    let table: NodeTable<Int32> = try problem.arena.table((workers - 1) * countsOfWorker)
    counts = table.base
  }

  private func counts(of worker: Int) -> UnsafeMutablePointer<Int32> {
    worker == 0 ? concerned.whole.base : counts + (worker - 1) * countsOfWorker
  }

  /// Adds up what the workers counted. Returns the replicas in whole rows.
  func join(into placement: Placement) -> Int {
    let sums = concerned.whole.base
    for worker in 1..<max(1, workers) {
      let counts = counts(of: worker)
      for index in 0..<countsOfWorker { sums[index] &+= counts[index] }
    }
    var placed = 0
    for index in 0..<countsOfWorker where sums[index] != 0 {
      placement.load.base[index % nodeCount] &+= sums[index]
      placed += Int(sums[index])
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
    let (box, nobody, second) = (box.base, UInt32(nodeCount), nodeCount)
    let (countOfSlot, slotsOfFirst) = (countOfSlot.base, slotsOfFirst)
    var held = heldRows + partitions.lowerBound * width
    var row = rows + partitions.lowerBound * width
    for partition in partitions {
      var isWhole = true
      for slot in 0..<width {
        let mine = box[Int(min(held[slot].raw, nobody))]
        isWhole = isWhole && mine != WholeRows.gone
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
        concerned.markNotWhole(partition)
      }
      held += width
      row += width
    }
  }
}
