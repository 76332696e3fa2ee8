/// Whole rows: what lies in one container of a row goes to another, and the other way round; or a row is placed anew.
extension LocalSearch {
  /// Of one row, all replicas in one container change places with those in another (which may be none).
  mutating func moveBetweenBoxes() -> Bool {
    guard !levels.isEmpty else { return false }
    let level = levels[random.below(levels.count)]
    let slot = pickSlot()
    guard slot >= 0, state.rows[slot] >= 0, !state.isFixed[slot / state.width] else { return false }
    let row = slot / state.width
    let from = level.container(Int(state.rows[slot]))
    let to = level.container(pickReceiver())
    guard from != to else { return false }
    let first = row * state.width
    let nodes = (0..<state.width).map { Int(state.rows[first + $0]) }
    state.open(row)
    for place in 0..<state.width where nodes[place] >= 0 {
      let box = level.container(nodes[place])
      if box == from || box == to { state.place(first + place, -1) }
    }
    for place in 0..<state.width where nodes[place] >= 0 {
      let box = level.container(nodes[place])
      guard box == from || box == to else { continue }
      guard let node = pick(in: level, box == from ? to : from, for: first + place) else { return false }
      state.place(first + place, node)
    }
    return true
  }

  /// A node of a container that may take the slot: of a few, the one that lacks most.
  private mutating func pick(in level: Level, _ container: Int, for slot: Int) -> Int? {
    var best: (node: Int, excess: Int)?
    let nodes = level.nodes(of: container)
    guard !nodes.isEmpty else { return nil }
    let row = slot / state.width
    for home in state.homes(row) where random.happens(8) {
      let node = Int(state.homeNode[home])
      if level.container(node) == container, state.slot(row, of: node) < 0, state.admits(slot, node) { return node }
    }
    for _ in 0..<SearchLimits.nodesTried {
      let node = Int(nodes[nodes.startIndex + random.below(nodes.count)])
      guard state.slot(row, of: node) < 0, state.admits(slot, node) else { continue }
      let excess = state.excess(node) * 2 + state.excess(node, inState: Int(state.stateOfSlot[slot]))
      if best == nil || excess < best!.excess { best = (node, excess) }
    }
    return best?.node
  }

  /// A row, or a part of a wide one, is emptied and filled again, slot by slot, each by whoever of a few costs least.
  mutating func rebuild() -> Bool {
    let picked = pickSlot()
    guard picked >= 0 else { return false }
    let row = picked / state.width
    guard !state.isFixed[row] else { return false }
    let first = row * state.width
    let places = rebuiltPlaces(picked % state.width)
    state.open(row)
    for place in places { state.place(first + place, -1) }
    let homes = state.homes(row)
    // Where sets of nodes are bounded a slot stays open rather than be filled by whoever breaks more than that is
    // worth.
    var empty = Int.max
    if hasSets {
      state.close()
      empty = prices.energy(state.score)
      state.open(row)
    }
    for place in places {
      var best: (node: Int, energy: Int)?
      for index in 0..<(SearchLimits.nodesTried + homes.count) {
        var node = index < homes.count ? Int(state.homeNode[homes.lowerBound + index]) : pickReceiver()
        if index >= homes.count, state.hasPeers, random.happens(8) { node = pickPeer(for: first + place) }
        guard node >= 0, state.slot(row, of: node) < 0, state.admits(first + place, node) else { continue }
        state.place(first + place, node)
        state.close()
        let energy = prices.energy(state.score)
        if best == nil || energy < best!.energy { best = (node, energy) }
        state.open(row)
        state.place(first + place, -1)
      }
      guard let best, best.energy < empty else { continue }
      state.place(first + place, best.node)
      if hasSets { empty = best.energy }
    }
    return true
  }

  /// All places of a row; of a wide one a few, from `first` on.
  private func rebuiltPlaces(_ first: Int) -> [Int] {
    guard state.width > SearchLimits.placesRebuilt else { return Array(0..<state.width) }
    return (0..<SearchLimits.placesRebuilt).map { (first + $0) % state.width }
  }
}
