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
  /// alone it makes, and how many more are needed at least. Nil where nothing is held back, or the budget has room for it.
  ///
  /// For balance alone are those beyond what rows must receive whatever the loads: each as many as its best legal part of
  /// today's holders falls short. O(P · R²) where something is out of balance.
  static func moveBudgetDocket(
    _ matter: Matter, _ holders: Holders, _ due: JudgedDue, moves: Int
  ) throws(PlatError) -> Docket? {
    guard let budget = matter.settings.balance.moveBudget, let before = matter.before,
      matter.dense.partitionWeights == nil
    else { return nil }
    let tolerance = matter.settings.exactTolerance
    var (above, below) = (0, 0)
    for node in 0..<matter.nodeCount where matter.dense.status[node] == .active {
      let (have, tolerated) = (Int(holders.totals.base[node]), Tolerated(due.total[node], tolerance: tolerance))
      above += max(0, have - tolerated.aboveMost)
      below += max(0, tolerated.belowLeast - have)
    }
    guard max(above, below) > 0 else { return nil }
    let windows = try Windows(matter, due.total)
    guard !windows.isShort else { return nil }  // rows may stay short then, and what they lack is no measure
    let matter = try Matter(matter.dense, map: before, before: nil)
    let free: NodeTable<Int> = try matter.arena.table(matter.nodeCount)
    var rows = try CheapestRows(matter, windows, free)
    let made = max(0, try moves - rows.cost())
    guard made + max(above, below) > budget else { return nil }
    var docket = Docket(.moveBudget, .soft)
    docket.isCounted = false
    docket.add(Breach(want: made + max(above, below), have: made))
    return docket
  }
}
