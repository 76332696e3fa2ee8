/// Ejection chains: who receives a replica passes another one on.
///
///     row p   17 → 4        row q   4 → 90        row r   90 → …
extension LocalSearch {
  mutating func chain() -> Bool {
    let slot = pickSlot()
    guard slot >= 0 else { return false }
    let donor = Int(state.rows[slot])
    var node = random.below(state.nodeCount)
    guard move(slot, to: node) else { return false }
    for length in 1...SearchLimits.chainLength {
      guard state.replicas.count(node) > 1 else { return true }
      let next = state.replicas.slot(node, random.below(state.replicas.count(node)))
      let receiver = length == 1 && donor >= 0 && random.happens(3) ? donor : pickReceiver()
      guard next / state.width != slot / state.width, state.slot(next / state.width, of: receiver) < 0,
        move(next, to: receiver)
      else { return true }
      if random.happens(10) { return true }
      node = receiver
    }
    return true
  }

  /// A replica that has moved goes back home; its old place goes to another one of that home, best of all one that does
  /// so without moving, or has moved already.
  mutating func comeHome() -> Bool {
    for _ in 0..<SearchLimits.tries where !state.away.isEmpty {
      let slot = state.away.any(&random)
      let (row, away) = (slot / state.width, Int(state.rows[slot]))
      guard !state.isFixed[row], !state.homes(row).isEmpty else { continue }
      let home = pickHome(row)
      guard state.slot(row, of: home) < 0, state.mayBe(slot, home) else { continue }
      return comeHome(slot, away, home)
    }
    return false
  }

  private mutating func comeHome(_ slot: Int, _ away: Int, _ home: Int) -> Bool {
    let row = slot / state.width
    let isFree = state.admits(slot, home)
    if isFree, random.happens(4) { return move(slot, to: home) }
    for _ in 0..<SearchLimits.tries where state.replicas.count(home) > 0 {
      let other = state.replicas.slot(home, random.below(state.replicas.count(home)))
      let otherRow = other / state.width
      guard otherRow != row, state.slot(otherRow, of: away) < 0,
        state.holds(otherRow, away) || !state.holds(otherRow, home) || random.happens(1)
      else { continue }
      return exchange(slot, other)
    }
    return isFree && move(slot, to: home)
  }
}
