/// Placements beside each other.
extension FanOut {
  /// What a placement costs.
  struct Cost {
    var unplaced: Int
    /// Replicas, and masters, outside of windows.
    var outside: Int
    var moves: Int
    var broken = 0

    init(_ problem: Problem, _ due: Due, _ placement: Placement) throws(PlatError) {
      let balance = Balance(placement, due)
      unplaced = balance.unplaced
      outside = balance.above + balance.below
      moves = placement.moves(problem)
      if let windows = due.roles.first, windows.state == 0 {
        let masters: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
        for partition in 0..<problem.partitionCount {
          let row = placement.row(partition)
          for slot in 0..<problem.wanted[0] where row[slot] != .none { masters[row[slot]] += 1 }
        }
        for index in 0..<problem.nodeCount {
          let window = windows.window(NodeIndex(index), total: placement.load.base[index])
          outside += Int(max(0, masters.base[index] - window.most, window.least - masters.base[index]))
        }
      }
      for partition in 0..<(problem.soft.isEmpty ? 0 : problem.partitionCount) {
        let row = placement.row(partition)
        for slot in 0..<problem.replicas where row[slot] != .none {
          broken += problem.softBreaches(row, leaving: slot, at: row[slot])
        }
      }
    }

    /// Better balance is worth twice the moves, a replica any number; else fewer moves are better.
    func isWorth(insteadOf other: Cost) -> Bool {
      unplaced < other.unplaced
        || (unplaced == other.unplaced && outside < other.outside && moves <= 2 * other.moves)
        || (unplaced == other.unplaced && outside == other.outside && moves < other.moves)
    }

    func isNowhereAbove(_ other: Cost) -> Bool {
      unplaced <= other.unplaced && outside <= other.outside && moves <= other.moves && broken <= other.broken
    }
  }
}
