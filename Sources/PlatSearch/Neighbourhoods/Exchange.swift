/// Changes that leave loads as they are, or nearly so: nodes change places within a row, or between two rows.
extension LocalSearch {
  /// Two slots of a row change nodes (one may be unfilled).
  mutating func exchangeStates(_ row: Int, _ a: Int, _ b: Int) -> Bool {
    let (x, y) = (Int(state.rows[a]), Int(state.rows[b]))
    guard x != y, !state.isFixed[row], x < 0 || state.mayBe(b, x), y < 0 || state.mayBe(a, y) else { return false }
    state.open(row)
    state.place(a, -1)
    state.place(b, x)
    state.place(a, y)
    return true
  }

  /// Two replicas of a row change states, if need be with the same the other way round in another row of these two
  /// nodes.
  mutating func swapStates() -> Bool {
    let a = random.happens(6) ? state.inOtherState.any(&random) : pickSlot()
    guard a >= 0 else { return false }
    let row = a / state.width
    let b = row * state.width + random.below(state.width)
    guard a != b, state.stateOfSlot[a] != state.stateOfSlot[b] else { return false }
    let (x, y) = (Int(state.rows[a]), Int(state.rows[b]))
    guard x >= 0 || y >= 0, exchangeStates(row, a, b) else { return false }
    guard x >= 0, y >= 0, random.happens(8) else { return true }
    // The node that took the state of `a` gives it back elsewhere.
    for _ in 0..<SearchLimits.tries {
      let c = state.replicas.slot(y, random.below(state.replicas.count(y)))
      let other = c / state.width
      guard other != row, state.stateOfSlot[c] == state.stateOfSlot[a] else { continue }
      let d = state.slot(other, of: x)
      guard d >= 0, state.stateOfSlot[d] == state.stateOfSlot[b] else { continue }
      return exchangeStates(other, c, d)
    }
    return true
  }

  /// Two replicas of two rows change nodes.
  mutating func exchangeRows() -> Bool {
    let a = pickSlot()
    guard a >= 0, state.rows[a] >= 0 else { return false }
    let receiver = pickReceiver()
    guard state.replicas.count(receiver) > 0 else { return false }
    return exchange(a, state.replicas.slot(receiver, random.below(state.replicas.count(receiver))))
  }

  mutating func exchange(_ a: Int, _ b: Int) -> Bool {
    let (p, q) = (a / state.width, b / state.width)
    let (x, y) = (Int(state.rows[a]), Int(state.rows[b]))
    guard p != q, x >= 0, y >= 0, x != y, !state.isFixed[p], !state.isFixed[q], state.slot(p, of: y) < 0,
      state.slot(q, of: x) < 0, state.mayBe(a, y), state.mayBe(b, x)
    else { return false }
    state.open(p)
    state.open(q)
    state.place(a, -1)
    state.place(b, x)
    state.place(a, y)
    return true
  }
}
