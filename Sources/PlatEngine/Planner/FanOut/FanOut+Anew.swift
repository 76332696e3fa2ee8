/// A limit that the current map is far from: a map made anew, dealt to the partitions so that most stays.
///
/// Which partition has which row of a fresh map is open. Rows with the same holders and the same master follow one
/// another, in runs; each partition takes a row of the run with which it has most holders in common:
///
///     fresh   | 4·7·9 ×25 | 7·9·2 ×25 | …        p: 9·31·4 → a row of the first run, one move
extension FanOut {
  private struct Run {
    var first: Int
    var left: Int
  }

  /// nil where nodes keep what they are not due, so that a fresh map does not say what they have.
  /// O(P · R³ · runs of a node).
  static func anew(_ problem: Problem, _ memoryLimitBytes: UInt64) throws(PlatError) -> Placement? {
    guard !problem.hasSlaveOnly, problem.near.isEmpty, problem.partitionCount > 0 else { return nil }
    let empty: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
    let due = try Due(problem, held: empty)
    guard !due.isShort else { return nil }
    var fresh = try emptyPlacement(problem, memoryLimitBytes)
    try Fresh.runWithFewPeers(problem, due, &fresh)
    guard fresh.peers?.isWithin ?? false else { return nil }
    _ = try Roles.run(problem, due, &fresh)

    var dealer = Dealer(problem, fresh)
    var result = try emptyPlacement(problem, memoryLimitBytes)
    let newRow = dealer.deal()
    for partition in 0..<problem.partitionCount {
      result.row(partition).update(from: fresh.row(newRow[partition]), count: problem.replicas)
    }
    result.load.copy(from: fresh.load)
    result.placed = fresh.placed
    result.book(upTo: problem.partitionCount)
    result.peers = fresh.peers
    return result
  }

  private struct Dealer {
    let problem: Problem
    let fresh: Placement
    var runs: [Run] = []
    var runsOfNode: [[Int]]

    init(_ problem: Problem, _ fresh: Placement) {
      self.problem = problem
      self.fresh = fresh
      runsOfNode = Array(repeating: [], count: problem.nodeCount)
      for row in 0..<problem.partitionCount {
        if let last = runs.last, isAlike(row, last.first) {
          runs[runs.count - 1].left += 1
        } else {
          for slot in 0..<problem.replicas where fresh.row(row)[slot] != .none {
            runsOfNode[fresh.row(row)[slot].int].append(runs.count)
          }
          runs.append(Run(first: row, left: 1))
        }
      }
    }

    private func isAlike(_ a: Int, _ b: Int) -> Bool {
      let (a, b) = (fresh.row(a), fresh.row(b))
      for slot in 0..<problem.replicas
      where slot < problem.wanted[0] || !(0..<problem.replicas).contains(where: { a[slot] == b[$0] }) {
        if a[slot] != b[slot] { return false }
      }
      return true
    }

    /// For each partition, the row that it gets: those that have most in common with one choose first.
    mutating func deal() -> [Int] {
      var newRow = [Int](repeating: -1, count: problem.partitionCount)
      for common in (1...max(1, problem.replicas)).reversed() {
        for partition in 0..<min(problem.partitionCount, problem.heldPartitions) where newRow[partition] < 0 {
          if let run = best(partition, atLeast: common) { newRow[partition] = take(run) }
        }
      }
      var next = 0
      for partition in 0..<problem.partitionCount where newRow[partition] < 0 {
        while runs[next].left == 0 { next += 1 }
        newRow[partition] = take(next)
      }
      return newRow
    }

    /// A run's last row that is left.
    private mutating func take(_ run: Int) -> Int {
      runs[run].left -= 1
      return runs[run].first + runs[run].left
    }

    private func best(_ partition: Int, atLeast common: Int) -> Int? {
      let held = problem.heldRows + partition * problem.heldWidth
      var best: (worth: Int, run: Int)?
      for slot in problem.heldSlots where held[slot] != .none && problem.isReadable[held[slot]] {
        for run in runsOfNode[held[slot].int] where runs[run].left > 0 {
          let row = fresh.row(runs[run].first)
          let shared = (0..<problem.replicas).count { row[$0] != .none && problem.isHeld(partition, by: row[$0]) }
          guard shared >= common else { continue }
          let worth = 2 * shared + (row[0] == held[0] ? 1 : 0)
          if worth > best?.worth ?? 0 || worth == best?.worth && run < best!.run { best = (worth, run) }
        }
      }
      return best?.run
    }
  }
}
