/// What a limit on peers asks for: the rows of a pair change together, so that no node gets a peer more.
///
///     rows that 3 leads and 7 follows      3 | 7  3 | 7  3 | 7   →   3 | 9  3 | 9  3 | 9
extension LocalSearch {
  /// Rows of one pair of nodes go over, from one of the two, to a third node.
  mutating func transferPair() -> Bool {
    let picked = pickSlot()
    guard picked >= 0, state.rows[picked] >= 0, state.width > 1 else { return false }
    let row = picked / state.width
    let other = row * state.width + random.below(state.width)
    guard other != picked, state.rows[other] >= 0 else { return false }
    let (donor, partner) = (Int(state.rows[picked]), Int(state.rows[other]))
    let (givenState, keptState) = (state.stateOfSlot[picked], state.stateOfSlot[other])
    guard givenState == 0 || keptState == 0 else { return false }
    let receiver = pickReceiver()
    guard receiver != donor, receiver != partner else { return false }
    let (leader, peer) = givenState == 0 ? (donor, partner) : (partner, donor)
    let all = state.shared(leader, peer, as: row)
    let most = random.happens(8) ? all : 1 + random.below(max(1, all))
    let slots = slotsOf(donor, givenState, beside: partner, keptState, receiver, as: row, most: most)
    guard !slots.isEmpty else { return false }
    for slot in slots where state.admits(Int(slot), receiver) {
      state.open(Int(slot) / state.width)
      state.place(Int(slot), receiver)
    }
    return true
  }

  /// Slots in which `donor` stands in rows of a map in which `partner` stands in its state, and `receiver` does not.
  private mutating func slotsOf(
    _ donor: Int, _ givenState: UInt8, beside partner: Int, _ keptState: UInt8, _ receiver: Int, as other: Int,
    most: Int
  ) -> [Int32] {
    var slots: [Int32] = []
    let count = state.replicas.count(donor)
    let start = count > 0 ? random.below(count) : 0
    for index in 0..<count where slots.count < most {
      let slot = state.replicas.slot(donor, (start + index) % count)
      let row = slot / state.width
      guard state.stateOfSlot[slot] == givenState, state.areOfOneMap(row, other), !state.isFixed[row] else { continue }
      let kept = state.slot(row, of: partner)
      guard kept >= 0, state.stateOfSlot[kept] == keptState, state.slot(row, of: receiver) < 0 else { continue }
      slots.append(Int32(slot))
    }
    return slots
  }

  /// A replica goes to a node that shares rows so with the others already.
  mutating func shiftToPeer() -> Bool {
    let slot = pickSlot()
    guard slot >= 0 else { return false }
    let node = pickPeer(for: slot)
    return node >= 0 && move(slot, to: node)
  }

  /// For a follower a node that follows its leader elsewhere, for a leader one that leads another holder elsewhere;
  /// −1: none was found.
  mutating func pickPeer(for slot: Int) -> Int {
    let row = slot / state.width
    let (first, leads) = (row * state.width, state.stateOfSlot[slot] == 0)
    for _ in 0..<SearchLimits.tries {
      let place = random.below(state.width)
      let other = Int(state.rows[first + place])
      guard first + place != slot, other >= 0, (state.stateOfSlot[first + place] == 0) != leads else { continue }
      for _ in 0..<SearchLimits.tries {
        let held = state.replicas.slot(other, random.below(state.replicas.count(other)))
        guard held / state.width != row, state.areOfOneMap(held / state.width, row),
          (state.stateOfSlot[held] == 0) != leads
        else { continue }
        let found = held / state.width * state.width + random.below(state.width)
        guard (state.stateOfSlot[found] == 0) == leads, state.rows[found] >= 0 else { continue }
        return Int(state.rows[found])
      }
      return -1
    }
    return -1
  }

  /// A whole row takes over the nodes of another row: their pairs are there already.
  mutating func copyRow() -> Bool {
    let picked = pickSlot()
    guard picked >= 0 else { return false }
    let row = picked / state.width
    let node = pickReceiver()
    guard !state.isFixed[row], state.replicas.count(node) > 0 else { return false }
    let pattern = state.replicas.slot(node, random.below(state.replicas.count(node))) / state.width
    guard pattern != row, state.shapeOfRow[pattern] == state.shapeOfRow[row] else { return false }
    state.open(row)
    for place in 0..<state.width { state.place(row * state.width + place, -1) }
    for place in 0..<state.width {
      let (slot, node) = (row * state.width + place, Int(state.rows[pattern * state.width + place]))
      if state.stateOfSlot[slot] == SearchShape.noState { continue }
      guard node >= 0, state.admits(slot, node) else { return false }
      state.place(slot, node)
    }
    return true
  }
}
