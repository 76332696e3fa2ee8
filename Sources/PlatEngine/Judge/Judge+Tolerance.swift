extension Judge {
  /// What a node may hold that is due so much: off it by a part on either side, as the settings tolerate.
  struct Tolerated {
    /// The whole numbers around both ends. Without a tolerance both are the due, and these its floor and ceiling.
    let belowLeast: Int
    let least: Int
    let most: Int
    let aboveMost: Int

    init(_ due: Rational, tolerance: Rational) {
      let (lowest, highest) = tolerance.sign == 0 ? (due, due) : (due - due * tolerance, due + due * tolerance)
      belowLeast = lowest.floor ?? 0
      least = lowest.isInteger ? belowLeast : belowLeast + 1
      most = highest.floor ?? 0
      aboveMost = highest.isInteger ? most : most + 1
    }

    /// How many replicas `have` is off what is tolerated, of which one is no fault.
    func distance(_ have: Int) -> Int { max(have - most, least - have) }
    /// What a node that holds `have` should hold.
    func nearest(to have: Int) -> Int { have > aboveMost ? aboveMost : belowLeast }
  }
}

extension Settings {
  /// For the Judge.
  var exactTolerance: Rational { Rational(balance.tolerance) }
}

extension Judge {
  /// Where the settings have a budget for moves and the plan's map is not balanced in total: how many moves for balance
  /// alone it makes, and how many more are needed at least. Nil where nothing is held back, or the budget has room for
  /// it.
  ///
  /// For balance alone are those beyond what rows must receive whatever the loads: each as many as its best legal part
  /// of today's holders falls short. Where partitions differ in weight, as many are needed at least as the heaviest
  /// that there are would be. O(P · R²) where something is out of balance.
  static func moveBudgetViolations(
    _ context: CheckContext, _ holders: Holders, _ due: JudgedDue, _ weight: WeightBalance?, moves: Int
  ) throws(PlatError) -> ViolationList? {
    guard let budget = context.settings.balance.moveBudget, context.before != nil,
      let (made, left) = try movesForBalance(context, holders, due, weight, moves: moves), left > 0,
      made + left > budget
    else { return nil }
    var violations = ViolationList(.moveBudget, .soft)
    violations.isCounted = false
    violations.add(Breach(want: made + left, have: made))
    return violations
  }

  /// The moves for balance alone that a plan makes, and how many more its map needs at least to be balanced. `isAsked`:
  /// also where it needs none. Nil where rows may stay short: what they lack is no measure then.
  static func movesForBalance(
    _ context: CheckContext, _ holders: Holders, _ due: JudgedDue, _ weight: WeightBalance?, moves: Int,
    isAsked: Bool = false
  ) throws(PlatError) -> (made: Int, left: Int)? {
    guard let before = context.before else { return nil }
    let tolerance = context.settings.exactTolerance
    var (above, below) = (0, 0)
    for node in 0..<context.nodeCount where context.dense.status[node].hasShare {
      if let weight {
        let (more, less) = weight.replicasOff(node)
        (above, below) = (above + more, below + less)
        continue
      }
      let (have, tolerated) = (Int(holders.totals.base[node]), Tolerated(due.total[node], tolerance: tolerance))
      above += max(0, have - tolerated.aboveMost)
      below += max(0, tolerated.belowLeast - have)
    }
    guard isAsked || max(above, below) > 0 else { return (0, 0) }
    let windows = try Windows(context, due.total)
    guard !windows.isShort else { return nil }  // rows may stay short then, and what they lack is no measure
    let context = try CheckContext(context.dense, map: before, before: nil)
    let free: NodeTable<Int> = try context.arena.table(context.nodeCount)
    var rows = try CheapestRows(context, windows, free)
    return (max(0, try moves - rows.cost()), max(above, below))
  }
}
