/// A soft limit that costs more than it may to keep: what can be had for nothing.
extension FanOut {
  /// Where fewer peers are beyond the limit when another holder is master, it becomes master, if both then have as many
  /// as they should. No data moves. O(P · masters · R²).
  static func mend(_ problem: Problem, _ due: Due, _ placement: Placement) throws(PlatError) {
    guard let windows = due.roles.first, windows.state == 0 else { return }
    let book = try PeerBook(problem, placement)
    let masters = try FanOut.masters(problem, placement)
    for _ in 0..<TrialLimits.FanOut.passes where !book.isWithin {
      for partition in 0..<problem.partitionCount where !problem.arena.isInterrupted {
        let row = placement.row(partition)
        for slot in 0..<book.masters where row[slot] != .none {
          for place in book.masters..<problem.replicas
          where row[place] != .none && problem.allows(row[place], inState: 0) {
            let (before, after) = (row[slot], row[place])
            guard masters[before] > windows.window(before, total: placement.load[before]).least,
              masters[after] < windows.window(after, total: placement.load[after]).most,
              book.tryChange(row, most: book.excess - 1, { $0.swap(slot, place) }, undo: { $0.swap(slot, place) })
            else { continue }
            if StateRules.breach(problem, row) != nil {
              book.swap(row, slot, place)
              continue
            }
            masters[before] -= 1
            masters[after] += 1
          }
        }
      }
    }
    if book.isOutOfMemory { throw .outOfMemory }
  }
}
