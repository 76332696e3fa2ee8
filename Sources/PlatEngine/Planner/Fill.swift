/// Stage 3 for an existing map: what is missing, and what a node holds too much of, goes straight to nodes that
/// lack something.
///
/// Every such move costs one and none could cost less while nothing was let go by `Keep`, so this is a part of
/// a shortest-path phase of the minimum-cost flow: the potentials are 0 where a path begins and 1 everywhere
/// else. What it cannot place directly is left to `Exchange`.
enum Fill {
  static func run(_ problem: Problem, _ due: Due, _ placement: inout Placement) throws(PlatError) {
    let balance = Balance(placement, due)
    guard !balance.isSettled else { return }
    var room = try Room(problem, due, placement, spare: max(0, -balance.surplus))
    fillMissing(problem, due, &placement, &room)
    shed(problem, due, &placement, &room)
  }

  /// Gives each missing replica a node. Where not all can be had, rows with the fewest go first.
  private static func fillMissing(
    _ problem: Problem, _ due: Due, _ placement: inout Placement, _ room: inout Room
  ) {
    for fewest in (due.isShort ? 0 : problem.replicas - 1)..<problem.replicas {
      for index in 0..<placement.missingCount {
        if room.isEmpty { return }
        let row = placement.row(placement.missing.base[index].int)
        var held = 0
        for slot in 0..<problem.replicas where row[slot] != .none { held += 1 }
        guard held <= fewest else { continue }
        for slot in 0..<problem.replicas where row[slot] == .none {
          guard placement.placed < due.total, let node = room.take(row, leaving: slot) else { break }
          row[slot] = node
          placement.placed += 1
          if due.isShort { break }
        }
      }
    }
  }

  /// Takes replicas off nodes above their windows, and off as many at the top of theirs as must come down by
  /// one. First those that break a soft rule where they are, then slaves, then any; of one partition one replica a
  /// pass, for the sake of the data and so that those who shared partitions share fewer. A pass each over the
  /// rows, ended as soon as there is no more to shed.
  private static func shed(_ problem: Problem, _ due: Due, _ placement: inout Placement, _ room: inout Room) {
    var balance = Balance(placement, due)
    var left = balance.above + max(0, balance.surplus)
    guard left > 0, !room.isEmpty else { return }
    var optional = max(0, balance.surplus)
    let load = placement.load
    let firstSlave = problem.wanted[0]
    let passes: [(slots: Range<Int>, onlySoft: Bool, isLast: Bool)] = [
      (0..<problem.replicas, true, false), (firstSlave..<problem.replicas, false, false),
      (0..<problem.replicas, false, false), (0..<problem.replicas, false, true),
    ]
    func firstBreaking(_ partitions: Range<Int>) -> Int {
      problem.soft.firstNotAllowed(partitions, rows: placement.rows, width: problem.replicas)
    }
    for (slots, onlySoft, isLast) in passes where !(onlySoft && problem.soft.isEmpty) {
      var next = 0
      while next < problem.partitionCount {
        let partition = onlySoft ? firstBreaking(next..<problem.partitionCount) : next
        next = partition + 1
        guard partition < problem.partitionCount else { break }
        let row = placement.row(partition)
        for slot in slots.reversed() {
          let node = row[slot]
          guard node != .none else { continue }
          let isAbove = load[node] > due.most[node]
          guard isAbove || (optional > 0 && load[node] > due.least[node] && load[node] == due.most[node]),
            !onlySoft || problem.softBreaches(row, leaving: slot, at: node) > 0,
            problem.isHeld(partition, by: node), let taker = room.take(row, leaving: slot)
          else { continue }
          row[slot] = taker
          load[node] -= 1
          if !isAbove { optional -= 1 }
          left -= 1
          if left == 0 || room.isEmpty { return }
          if !isLast { break }
        }
      }
      balance = Balance(placement, due)
      left = balance.above + max(0, balance.surplus)
      optional = max(0, balance.surplus)
    }
  }
}
