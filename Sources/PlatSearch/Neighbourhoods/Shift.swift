/// One replica goes to another node; where that node stands in the row already, the two change places.
extension LocalSearch {
  mutating func shift() -> Bool {
    let slot = pickSlot()
    guard slot >= 0 else { return false }
    return move(slot, to: pickReceiver())
  }

  /// Opens the row and makes the change; false: it may not be made, and nothing has changed.
  mutating func move(_ slot: Int, to node: Int) -> Bool {
    let row = slot / state.width
    let before = Int(state.rows[slot])
    guard node != before, !state.isFixed[row] else { return false }
    let other = state.slot(row, of: node)
    if other >= 0 { return exchangeStates(row, slot, other) }
    guard state.admits(slot, node) else { return false }
    state.open(row)
    state.place(slot, node)
    return true
  }

  /// An unfilled slot is filled, or, where the node is full, takes over the place of another row's replica.
  mutating func fill() -> Bool {
    guard !holes.isEmpty else { return false }
    let slot = Int(holes[random.below(holes.count)])
    guard state.rows[slot] < 0 else { return false }
    let row = slot / state.width
    var node = pickReceiver()
    if !state.homes(row).isEmpty, random.happens(8) { node = pickHome(row) }
    let other = state.slot(row, of: node)
    if other >= 0 { return exchangeStates(row, slot, other) }
    if state.admits(slot, node) { return move(slot, to: node) }
    guard state.mayBe(slot, node), state.replicas.count(node) > 0, !state.isFixed[row] else { return false }
    let given = state.replicas.slot(node, random.below(state.replicas.count(node)))
    guard !state.isFixed[given / state.width] else { return false }
    state.open(given / state.width)
    // What makes way goes elsewhere, or stays away.
    let receiver = random.happens(12) ? pickReceiver() : -1
    let goes =
      receiver >= 0 && receiver != node && state.slot(given / state.width, of: receiver) < 0
      && state.admits(given, receiver)
    state.place(given, goes ? receiver : -1)
    state.open(row)
    state.place(slot, node)
    return true
  }
}
