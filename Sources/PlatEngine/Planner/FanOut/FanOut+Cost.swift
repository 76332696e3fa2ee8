/// Placements beside each other.
extension FanOut {
  /// What a placement costs.
  struct Cost {
    var unplaced: Int
    /// Replicas outside of windows, and masters.
    var replicasOutside: Int
    var mastersOutside = 0
    var outside: Int { replicasOutside + mastersOutside }
    var moves: Int
    var broken = 0

    init(_ problem: Problem, _ due: Due, _ placement: Placement) throws(PlatError) {
      let balance = Balance(placement, due)
      unplaced = balance.unplaced
      replicasOutside = balance.above + balance.below
      moves = placement.moves(problem)
      if let windows = due.roles.first, windows.state == 0 {
        let masters = try FanOut.masters(problem, placement)
        for index in 0..<problem.nodeCount {
          let window = windows.window(NodeIndex(index), total: placement.load.base[index])
          mastersOutside += Int(max(0, masters.base[index] - window.most, window.least - masters.base[index]))
        }
      }
      for partition in 0..<(problem.soft.isEmpty ? 0 : problem.partitionCount) {
        let row = placement.row(partition)
        for slot in 0..<problem.replicas where row[slot] != .none {
          broken += problem.softBreaches(row, leaving: slot, at: row[slot])
        }
      }
    }

    /// A replica is worth any number of moves, better balance twice the moves; else fewer are better. Masters are not
    /// balanced at the price of totals.
    func isBetter(than other: Cost) -> Bool {
      if unplaced != other.unplaced { return unplaced < other.unplaced }
      let (mine, its) = ((replicasOutside, mastersOutside), (other.replicasOutside, other.mastersOutside))
      return mine == its ? moves < other.moves : mine < its && moves <= 2 * other.moves
    }

    func isNowhereAbove(_ other: Cost) -> Bool {
      unplaced <= other.unplaced && outside <= other.outside && moves <= other.moves && broken <= other.broken
    }
  }
}
