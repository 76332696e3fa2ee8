/// Stage 3 for an existing map: what is missing, and what a node holds too much of, goes straight to nodes that
/// lack something.
///
/// Every such move costs one and none could cost less while nothing was let go by `Keep`, so this is a part of
/// a shortest-path phase of the minimum-cost flow: the potentials are 0 where a path begins and 1 everywhere
/// else. What it cannot place directly is left to `Exchange`.
enum Fill {
  ///
  /// `wide`: the windows are wider than the due that is given here. Then what is missing goes to nodes below those
  /// windows, next to nodes below what they are due, and only then wherever the windows allow.
  static func run(_ problem: Problem, _ due: Due, _ placement: inout Placement, wide: Due? = nil) throws(PlatError) {
    guard let wide else { return try run(problem, due, &placement) }
    for (windows, spare) in [(wide, 0), (due, wide.total - placement.placed)] where placement.placed < wide.total {
      var room = try Room(problem, windows, placement, spare: spare)
      fillMissing(problem, windows, &placement, &room)
    }
    try run(problem, wide, &placement)
  }

  private static func run(_ problem: Problem, _ due: Due, _ placement: inout Placement) throws(PlatError) {
    let balance = Balance(placement, due)
    guard !balance.isSettled else { return }
    var room = try Room(problem, due, placement, spare: max(0, -balance.surplus))
    fillMissing(problem, due, &placement, &room)
    try shed(problem, due, &placement, &room)
  }

  /// Gives each missing replica a node. Where not all can be had, rows with the fewest go first.
  private static func fillMissing(
    _ problem: Problem, _ due: Due, _ placement: inout Placement, _ room: inout Room
  ) {
    let missing = placement.missing
    for fewest in (due.isShort ? 0 : problem.replicas - 1)..<problem.replicas {
      for partition in missing {
        if room.isEmpty || problem.arena.isInterrupted { return }
        let row = placement.row(partition.int)
        var held = 0
        for slot in 0..<problem.replicas where row[slot] != .none { held += 1 }
        guard held <= fewest else { continue }
        for slot in 0..<problem.replicas where row[slot] == .none {
          guard placement.placed < due.total,
            let node = room.take(row, leaving: slot, mostBreaches: 0) ?? room.take(row, leaving: slot)
          else { break }
          row[slot] = node
          placement.placed += 1
          if due.isShort { break }
        }
      }
    }
  }

  /// What a pass of `shed` does to the soft rules that a replica breaks where it is.
  private enum SoftRules {
    /// It breaks fewer where it goes.
    case mended
    /// No more.
    case kept
    /// As it comes.
    case left
  }

  /// Takes replicas off nodes above their windows, and off as many at the top of theirs as must come down by
  /// one. A pass each over the rows, ended as soon as there is no more to shed: first what breaks a soft rule where
  /// it is and will not where it goes, then slaves, then masters, each while the node's part in the first state
  /// fits what it has left; then any; and only then what breaks more soft rules where it goes. Of one partition one
  /// replica a pass, for the sake of the data and so that those who shared partitions share fewer.
  private static func shed(_ problem: Problem, _ due: Due, _ placement: inout Placement, _ room: inout Room) throws(PlatError) {
    var balance = Balance(placement, due)
    guard balance.above + max(0, balance.surplus) > 0, !room.isEmpty else { return }
    let load = placement.load
    // Nodes that may give something up: most do not, or not any more, and this tells them by one byte. Who takes may
    // give later.
    let gives: NodeTable<Bool> = try problem.arena.table(problem.nodeCount)
    let leading = try Leading(problem, due, placement)
    let slaves = problem.wanted[0]..<problem.replicas
    let all = 0..<problem.replicas
    let passes: [(slots: Range<Int>, soft: SoftRules, onlyFitting: Bool)] = [
      (all, .mended, true), (slaves, .kept, true), (all, .kept, true), (all, .kept, false), (all, .left, true),
      (all, .left, false), (all, .left, false),
    ]
    func firstBreaking(_ partitions: Range<Int>) -> Int {
      problem.soft.firstNotAllowed(partitions, rows: placement.rows, width: problem.replicas)
    }
    for (pass, (slots, soft, onlyFitting)) in passes.enumerated() where soft != .mended || !problem.soft.isEmpty {
      try problem.arena.throwIfInterrupted()
      var left = balance.above + max(0, balance.surplus)
      var optional = max(0, balance.surplus)
      var next = 0
      for node in 0..<problem.nodeCount {
        gives.base[node] =
          load.base[node] > due.most.base[node]
          || (optional > 0 && load.base[node] > due.least.base[node] && load.base[node] == due.most.base[node])
      }
      while next < problem.partitionCount {
        let partition = soft == .mended ? firstBreaking(next..<problem.partitionCount) : next
        next = partition + 1
        guard partition < problem.partitionCount else { break }
        let row = placement.row(partition)
        for slot in slots.reversed() {
          let node = row[slot]
          guard node != .none, gives.base[node.int] else { continue }
          let isAbove = load[node] > due.most[node]
          guard isAbove || (optional > 0 && load[node] > due.least[node] && load[node] == due.most[node]),
            !onlyFitting || leading.fits(node, slot: slot, left: load[node] - 1), problem.isHeld(partition, by: node)
          else { continue }
          let breaches = problem.softBreaches(row, leaving: slot, at: node)
          let mostBreaches = soft == .left ? Int.max : soft == .kept ? breaches : breaches - 1
          guard mostBreaches >= 0, let taker = room.take(row, leaving: slot, mostBreaches: mostBreaches) else { continue }
          row[slot] = taker
          gives[taker] = true
          placement.concerned.change(partition)
          load[node] -= 1
          leading.leave(node, slot: slot)
          if !isAbove { optional -= 1 }
          gives[node] = load[node] > (optional > 0 ? due.least[node] : due.most[node])
          left -= 1
          if left == 0 || room.isEmpty { return }
          if pass < passes.count - 1 { break }
        }
      }
      balance = Balance(placement, due)
    }
  }
}

/// How many replicas of the first state each node has, and whether that will fit when it gives something up.
private struct Leading {
  private let slots: Range<Int>
  private let windows: RoleWindows?
  private let count: NodeTable<Int32>

  /// O(N + concerned).
  init(_ problem: Problem, _ due: Due, _ placement: Placement) throws(PlatError) {
    windows = due.roles.first
    slots = 0..<(windows.map { problem.wanted[$0.state] } ?? 0)
    count = try problem.arena.table(problem.nodeCount)
    if let windows { placement.addHolders(problem, state: windows.state, slots: slots, to: count) }
  }

  /// Whether a node that holds `left` in all has a fitting part of the first state when this slot is gone.
  @inline(__always) func fits(_ node: NodeIndex, slot: Int, left: Int32) -> Bool {
    guard let windows else { return true }
    let window = windows.window(node, total: left)
    return slots.contains(slot) ? count[node] > window.least : count[node] <= window.most
  }

  func leave(_ node: NodeIndex, slot: Int) {
    if slots.contains(slot) { count[node] -= 1 }
  }
}
