/// The order of a row's moves: arcs such that every order that heeds them is safe.
///
/// The moves stand in an order that is safe itself. Few moves: all sets of moves that may be done at some moment
/// (ideals of the partial order) are looked at, and where one more move would be unsafe an arc is added, always from a
/// later move to an earlier one; in the end nothing unsafe is left, at worst since the order is total. Many moves: all
/// that takes away waits for all that brings.
struct RowOrder {
  let moves: [RowMove]
  /// By move: those before it, as bits; by `after` where there are many.
  private var before: [UInt64]
  private let hops: Hops
  private let safety: RowSafety
  private let start: [StateIndex]
  /// Moves that begin to serve data, as bits.
  private let serving: UInt64

  /// More are not looked at one by one.
  private static let mostMoves = 20
  private static let mostIdeals = 3000

  /// `moves` in a safe order; `arcs` lead from later to earlier ones. Returns, by move, those before it.
  static func after(
    _ moves: [RowMove], _ arcs: [(move: Int, before: Int)], _ safety: RowSafety, from start: [StateIndex], isPlain: Bool
  ) -> [[Int]] {
    guard moves.count > mostMoves else {
      var order = RowOrder(moves, arcs, safety, start)
      if order.refine() { return order.lists }
      return isPlain ? barrier(moves, arcs, safety.hops) : chain(moves.count)
    }
    return isPlain ? barrier(moves, arcs, safety.hops) : chain(moves.count)
  }

  private init(_ moves: [RowMove], _ arcs: [(move: Int, before: Int)], _ safety: RowSafety, _ start: [StateIndex]) {
    self.moves = moves
    self.safety = safety
    self.start = start
    let hops = safety.hops
    self.hops = hops
    serving = moves.indices.reduce(0) { moves[$1].servesData(hops) ? $0 | 1 << UInt64($1) : $0 }
    before = Array(repeating: 0, count: moves.count)
    for arc in arcs { before[arc.move] |= 1 << UInt64(arc.before) }
  }

  private static func chain(_ count: Int) -> [[Int]] { (0..<count).map { $0 == 0 ? [] : [$0 - 1] } }

  /// What takes away waits for what brings: the first for all, the others for the first.
  private static func barrier(_ moves: [RowMove], _ arcs: [(move: Int, before: Int)], _ hops: Hops) -> [[Int]] {
    let takes = moves.indices.filter { moves[$0].takesAway(hops) }
    var lists = [[Int]](repeating: [], count: moves.count)
    for arc in arcs { lists[arc.move].append(arc.before) }
    if let first = takes.first {
      let brings = moves.indices.filter { moves[$0].brings(hops) && !takes.contains($0) }
      if brings.last ?? -1 > first { return chain(moves.count) }
      lists[first] += brings
      for take in takes.dropFirst() { lists[take].append(first) }
    }
    return lists.map { Array(Set($0)).sorted() }
  }

  /// Without those that another implies.
  private var lists: [[Int]] {
    let all = closure
    return moves.indices.map { move in
      let direct = moves.indices.filter { before[move] >> UInt64($0) & 1 == 1 }
      return direct.filter { one in !direct.contains { $0 != one && all[$0] >> UInt64(one) & 1 == 1 } }
    }
  }

  /// By move: all that must be done before it.
  private var closure: [UInt64] {
    var all = before
    for move in moves.indices {
      for other in 0..<move where before[move] >> UInt64(other) & 1 == 1 { all[move] |= all[other] }
    }
    return all
  }

  // MARK: Ideals

  /// False: too many to look at.
  private mutating func refine() -> Bool {
    while true {
      switch firstFault() {
      case .none: return true
      case .tooMany: return false
      case .unsafe(let done, let move): if !forbid(move, after: done) { return false }
      }
    }
  }

  private enum Look { case none, tooMany, unsafe(done: UInt64, move: Int) }

  private func firstFault() -> Look {
    var seen: Set<UInt64> = [0]  // looked up only
    var stack: [(done: UInt64, row: [StateIndex], measure: RowSafety.Measure)] = [(0, start, safety.measure(start))]
    while let (done, row, measure) = stack.popLast() {
      for move in moves.indices where done >> UInt64(move) & 1 == 0 && before[move] & ~done == 0 {
        var next = row
        let hasServed = done & serving != 0
        guard moves[move].apply(to: &next), !hasServed || !isMadeEmpty(move) else {
          return .unsafe(done: done, move: move)
        }
        let after = safety.measure(next)
        guard safety.allows(measure, after, hasServed: hasServed) else { return .unsafe(done: done, move: move) }
        let all = done | 1 << UInt64(move)
        guard seen.insert(all).inserted else { continue }
        if seen.count > RowOrder.mostIdeals { return .tooMany }
        stack.append((all, next, after))
      }
    }
    return .none
  }

  /// Copies are made empty until somebody has served the partition, and no later.
  private func isMadeEmpty(_ move: Int) -> Bool { moves[move].kind == .set && hops.gainsData(moves[move].change) }

  /// An arc by which `move` no longer comes right after `done`: it waits for one that stands before it and helps; or
  /// one that stands behind it and was too early waits for it. False: the order of the moves is not safe itself.
  private mutating func forbid(_ move: Int, after done: UInt64) -> Bool {
    let missing = (0..<move).filter { done >> UInt64($0) & 1 == 0 }
    let all = closure
    var best: (moves: Int, index: Int)?
    for one in missing {
      let needed = (all[one] | 1 << UInt64(one)) & ~done
      guard helps(needed, done, move) else { continue }
      let count = needed.nonzeroBitCount
      if best.map({ count < $0.moves }) ?? true { best = (count, one) }
    }
    if let one = best?.index ?? missing.last {
      before[move] |= 1 << UInt64(one)
      return true
    }
    let early = (move + 1..<moves.count).filter { done >> UInt64($0) & 1 == 1 }
    guard let one = early.last(where: { moves[$0].takesAway(hops) }) ?? early.last else { return false }
    before[one] |= 1 << UInt64(move)
    return true
  }

  /// Whether `move` is safe after `done` and `needed`.
  private func helps(_ needed: UInt64, _ done: UInt64, _ move: Int) -> Bool {
    var row = start
    let all = done | needed
    for one in moves.indices where all >> UInt64(one) & 1 == 1 { if !moves[one].apply(to: &row) { return false } }
    let before = safety.measure(row)
    guard moves[move].apply(to: &row) else { return false }
    return safety.allows(before, safety.measure(row), hasServed: all & serving != 0)
  }
}
