/// Who may give each copy of a row: nodes that have the data, in one known state, at any moment at which it may be
/// made.
enum RowSources {
  /// Fills in the sources of copies. Where nobody has the data throughout, whoever has it in the order of the moves
  /// does: what changes it before comes before the copy, what changes it after waits for it; those arcs are added.
  /// `moves` in a safe order, `arcs` from later to earlier ones. O(moves² + copies · places).
  static func choose(
    _ moves: inout [RowMove], _ arcs: inout [(move: Int, before: Int)], from start: [StateIndex], _ hops: Hops
  ) {
    var changes = [[(move: Int, to: StateIndex)]](repeating: [], count: start.count)
    for (index, move) in moves.enumerated() {
      for (place, change) in move.changes { changes[place].append((index, change.to)) }
    }
    for copy in moves.indices where moves[copy].kind == .copy && moves[copy].sources.isEmpty {
      let all = moves.count <= 64 ? closure(moves.count, arcs) : nil
      var found: [(place: Int, state: StateIndex)] = []
      for place in start.indices where place != moves[copy].place {
        let before = changes[place].prefix { $0.move < copy }
        let state = before.last?.to ?? start[place]
        guard hops.holdsData(state) else { continue }
        let next = changes[place].dropFirst(before.count).first?.move
        if let all {
          let isAfter = before.last.map { all[copy] >> UInt64($0.move) & 1 == 1 } ?? true
          let isBefore = next.map { all[$0] >> UInt64(copy) & 1 == 1 } ?? true
          if isAfter, isBefore { found.append((place, state)) }
        } else if before.isEmpty, next.map({ moves[$0].takesAway(hops) }) ?? true {
          found.append((place, state))  // what takes away waits for all copies
        }
      }
      if found.isEmpty { found = fix(copy, moves, changes, &arcs, start, hops) }
      moves[copy].sources = found
    }
  }

  /// Of those that have the data when the copy's turn comes: who leads, else who has it longest.
  private static func fix(
    _ copy: Int, _ moves: [RowMove], _ changes: [[(move: Int, to: StateIndex)]],
    _ arcs: inout [(move: Int, before: Int)],
    _ start: [StateIndex], _ hops: Hops
  ) -> [(place: Int, state: StateIndex)] {
    var best: (leads: Bool, until: Int, place: Int, state: StateIndex)?
    for place in start.indices where place != moves[copy].place {
      let state = changes[place].last { $0.move < copy }?.to ?? start[place]
      guard hops.holdsData(state) else { continue }
      let until = changes[place].first { $0.move > copy }?.move ?? .max
      let isBetter = best.map { ($0.until, $0.leads ? 1 : 0) < (until, state == hops.leading ? 1 : 0) } ?? true
      if isBetter { best = (state == hops.leading, until, place, state) }
    }
    guard let best else { return [] }
    if let before = changes[best.place].last(where: { $0.move < copy }) { arcs.append((copy, before.move)) }
    if best.until != .max { arcs.append((best.until, copy)) }
    return [(best.place, best.state)]
  }

  private static func closure(_ count: Int, _ arcs: [(move: Int, before: Int)]) -> [UInt64] {
    var direct = [UInt64](repeating: 0, count: count)
    for arc in arcs { direct[arc.move] |= 1 << UInt64(arc.before) }
    var all = direct
    for move in 0..<count {
      for other in 0..<move where direct[move] >> UInt64(other) & 1 == 1 { all[move] |= all[other] }
    }
    return all
  }
}
