/// Stage 3 for an existing map: what is missing, and what a node holds too much of, goes straight to nodes that
/// lack something.
///
/// Every such move costs one and none could cost less while nothing was let go by `Keep`, so this is a part of
/// a shortest-path phase of the minimum-cost flow: the potentials are 0 where a path begins and 1 everywhere
/// else. What it cannot place directly is left to `Exchange`.
enum Fill {
  /// `due`: what nodes are due, where the windows are wider than that. Then what is missing goes to nodes below the
  /// windows, next to nodes below what they are due, and only then wherever the windows allow.
  static func run(
    _ problem: Problem, _ windows: Due, _ placement: inout Placement, towards due: Due? = nil
  ) throws(PlatError) {
    if let due = due ?? (windows.isTolerant ? windows.strict : nil) {
      for (aim, spare) in [(windows, 0), (due, windows.total - placement.placed)] where placement.placed < windows.total
      {
        var room = try ReceiverPool(problem, aim, placement, spare: spare)
        fillMissing(problem, aim, &placement, &room)
      }
    }
    try settle(problem, windows, &placement)
  }

  private static func settle(_ problem: Problem, _ due: Due, _ placement: inout Placement) throws(PlatError) {
    let balance = Balance(placement, due)
    guard !balance.isSettled else { return }
    let leading = try Leading(problem, due, placement)
    if placement.placed < due.total {
      var room = try ReceiverPool(problem, due, placement, spare: max(0, -balance.surplus), leading: leading)
      fillMissing(problem, due, &placement, &room, leading)
    }
    var room = try ReceiverPool(problem, due, placement, spare: max(0, -Balance(placement, due).surplus))
    try shed(problem, due, &placement, &room, leading)
  }

  /// Gives each missing replica a node. Where not all can be had, rows with the fewest go first.
  private static func fillMissing(
    _ problem: Problem, _ due: Due, _ placement: inout Placement, _ room: inout ReceiverPool, _ leading: Leading? = nil
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
          leading?.receive(node, slot: slot)
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
  private static func shed(
    _ problem: Problem, _ due: Due, _ placement: inout Placement, _ room: inout ReceiverPool, _ leading: Leading
  ) throws(PlatError) {
    var balance = Balance(placement, due)
    guard balance.above + max(0, balance.surplus) > 0, !room.isEmpty else { return }
    let load = placement.load
    // What nodes may give up, as bits: most give nothing, or nothing any more, and one byte tells. Who takes may give
    // later.
    let gives: NodeTable<UInt8> = try problem.arena.table(problem.nodeCount)
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
      /// What a node gives up now: replicas in the first state, in others.
      func giving(_ node: NodeIndex) -> UInt8 {
        let isAbove = load[node] > due.most[node]
        guard isAbove || (optional > 0 && load[node] > due.least[node] && load[node] == due.most[node]) else {
          return 0
        }
        return onlyFitting ? leading.fitting(node, left: load[node] - 1) : Leading.first | Leading.other
      }
      for node in 0..<problem.nodeCount { gives.base[node] = giving(NodeIndex(node)) }
      while next < problem.partitionCount {
        let partition = soft == .mended ? firstBreaking(next..<problem.partitionCount) : next
        next = partition + 1
        guard partition < problem.partitionCount else { break }
        let row = placement.row(partition)
        for slot in slots.reversed() {
          let node = row[slot]
          guard node != .none, gives.base[node.int] & leading.bit(ofSlot: slot) != 0 else { continue }
          let isAbove = load[node] > due.most[node]
          guard isAbove || optional > 0, problem.isHeld(partition, by: node) else { continue }
          let breaches = problem.softBreaches(row, leaving: slot, at: node)
          let mostBreaches = soft == .left ? Int.max : soft == .kept ? breaches : breaches - 1
          guard mostBreaches >= 0, let receiver = room.take(row, leaving: slot, mostBreaches: mostBreaches) else {
            continue
          }
          row[slot] = receiver
          placement.changed.change(partition)
          load[node] -= 1
          leading.move(from: node, to: receiver, slot: slot)
          if !isAbove { optional -= 1 }
          gives[node] = giving(node)
          gives[receiver] = giving(receiver)
          left -= 1
          if left == 0 || room.isEmpty { return }
          if pass < passes.count - 1 { break }
        }
      }
      balance = Balance(placement, due)
    }
  }
}

/// How many replicas of the first state each node has, and whether that will fit when it gives something up or takes
/// it. A class, so that whoever has it in a struct copies one reference.
final class Leading {
  private let slots: Range<Int>
  private let windows: RoleWindows?
  private let count: NodeTable<Int32>
  private let load: NodeTable<Int32>
  /// Below this a node will take more, and nothing can be said yet.
  private let least: NodeTable<Int32>

  /// O(N + concerned).
  init(_ problem: Problem, _ due: Due, _ placement: Placement) throws(PlatError) {
    windows = due.roles.first
    least = due.least
    load = placement.load
    slots = 0..<(windows.map { problem.wanted[$0.state] } ?? 0)
    count = try problem.arena.table(problem.nodeCount)
    if let windows { placement.addHolders(problem, state: windows.state, slots: slots, to: count) }
  }

  /// How far a node's part of the first state would be from what fits if it took one more replica, into `slot`.
  @inline(__always) func misfit(_ node: NodeIndex, receiving slot: Int) -> Int32 {
    let total = load[node] + 1
    guard let windows, total >= least[node] else { return 0 }
    let window = windows.window(node, total: total)
    let count = count[node] + (slot < slots.upperBound ? 1 : 0)
    return max(window.least - count, count - window.most, 0)
  }

  /// The node has got a replica.
  @inline(__always) func receive(_ node: NodeIndex, slot: Int) {
    if slot < slots.upperBound { count[node] += 1 }
  }

  static let first: UInt8 = 1
  static let other: UInt8 = 2

  @inline(__always) func bit(ofSlot slot: Int) -> UInt8 { slot < slots.upperBound ? Leading.first : Leading.other }

  /// Which replicas a node may give up so that it has a fitting part of the first state in the `left` that then remain.
  @inline(__always) func fitting(_ node: NodeIndex, left: Int32) -> UInt8 {
    guard let windows else { return Leading.first | Leading.other }
    let window = windows.window(node, total: left)
    return (count[node] > window.least ? Leading.first : 0) | (count[node] <= window.most ? Leading.other : 0)
  }

  func move(from node: NodeIndex, to receiver: NodeIndex, slot: Int) {
    guard slot < slots.upperBound else { return }
    count[node] -= 1
    count[receiver] += 1
  }
}
