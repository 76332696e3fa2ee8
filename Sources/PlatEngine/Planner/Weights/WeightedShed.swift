/// From nodes above their windows to those that lack something, and to nodes below their windows from those that can
/// spare it, with as little weight as may be. What no move brings into its window, an exchange of two replicas does.
///
/// Each step brings what lies outside the windows, taken together, further down. So it ends, and where it has ended no
/// step is left, whatever the way there was: planned again, the same map stays.
struct WeightedShed {
  let weighing: Weighing
  let due: WeightedDue
  var holdings: WeighedHoldings

  /// O(P · R) for each round; a few rounds.
  static func run(_ weighing: Weighing, _ due: WeightedDue) throws(PlatError) {
    for _ in 0..<TrialLimits.WeightedShed.rounds {
      try weighing.problem.arena.throwIfInterrupted()
      let shed = WeightedShed(
        weighing: weighing, due: due, holdings: try WeighedHoldings(weighing, in: 0..<weighing.replicas))
      var changed = shed.empty(heedsSoftRules: true)
      changed = shed.empty(heedsSoftRules: false) || changed
      changed = shed.top(mayPass: false) || changed
      changed = shed.top(mayPass: true) || changed
      guard due.outside(weighing.load) > 0 else { return }
      if !changed { changed = shed.exchange() }
      guard changed else { return }
    }
  }

  @inline(__always) private func weight(_ slot: UInt32) -> Int { weighing.weight.base[Int(slot) / weighing.replicas] }
  @inline(__always) private func isStill(_ slot: UInt32, on node: NodeIndex) -> Bool {
    weighing.rows[Int(slot)] == node
  }

  // MARK: What is too much

  /// Gives away what nodes hold above their windows: the heaviest that are not more than that, and at last the lightest
  /// that is.
  private func empty(heedsSoftRules: Bool) -> Bool {
    if !heedsSoftRules, weighing.problem.soft.isEmpty { return false }
    var room = WeightedReceiverPool(weighing, due)
    var changed = false
    for index in 0..<weighing.problem.nodeCount where !weighing.problem.arena.isInterrupted {
      let node = NodeIndex(index)
      guard weighing.load[node] > due.most[node] else { continue }
      let slots = holdings.of(node)
      for slot in slots where isStill(slot, on: node) {
        guard weighing.load[node] > due.most[node] else { break }
        guard weight(slot) <= weighing.load[node] - due.most[node], weight(slot) > 0 else { continue }
        changed = give(slot, of: node, &room, heedsSoftRules) || changed
      }
      for slot in slots.reversed() where isStill(slot, on: node) {
        guard weighing.load[node] > due.most[node] else { break }
        let weight = weight(slot)
        guard weight > weighing.load[node] - due.most[node] else { continue }
        guard weighing.load[node] - weight >= due.least[node] else { break }
        changed = give(slot, of: node, &room, heedsSoftRules) || changed
      }
    }
    return changed
  }

  private func give(_ slot: UInt32, of node: NodeIndex, _ room: inout WeightedReceiverPool, _ heedsSoftRules: Bool)
    -> Bool
  {
    let (partition, column) = (Int(slot) / weighing.replicas, Int(slot) % weighing.replicas)
    let breaches =
      heedsSoftRules ? weighing.problem.softBreaches(weighing.row(partition), leaving: column, at: node) : .max
    guard let receiver = room.take(partition, leaving: column, withinWindow: true, mostBreaches: breaches) else {
      return false
    }
    weighing.set(partition, column, to: receiver)
    room.update(receiver)
    room.update(node)
    return true
  }

  // MARK: What is too little

  /// Fills nodes below their windows from those that can spare most. `mayPass`: with more than they lack.
  private func top(mayPass: Bool) -> Bool {
    let nodes = (0..<weighing.problem.nodeCount).map { NodeIndex($0) }
    var donors = nodes.filter { weighing.load[$0] > due.least[$0] }
    func spare(_ node: NodeIndex) -> Int { weighing.load[node] - due.due[node] }
    let key = nodes.map(spare)
    donors.sort { (key[$1.int], $0) < (key[$0.int], $1) }
    var changed = false
    for node in nodes where weighing.load[node] < due.least[node] {
      for donor in donors where donor != node && weighing.load[donor] > due.least[donor] {
        while weighing.load[node] < due.least[node], weighing.hasRoom(node) {
          let lack = due.least[node] - weighing.load[node]
          let most = mayPass ? due.most[node] - weighing.load[node] : lack
          guard take(from: donor, to: node, mayPass ? lack : 1, min(most, weighing.load[donor] - due.least[donor]))
          else { break }
          changed = true
        }
        if weighing.load[node] >= due.least[node] { break }
      }
    }
    return changed
  }

  /// Moves one replica that weighs at least `least` and at most `most`: of those, near the heaviest.
  private func take(from donor: NodeIndex, to node: NodeIndex, _ least: Int, _ most: Int) -> Bool {
    guard least <= most else { return false }
    let slots = holdings.of(donor)
    var place = firstNotAbove(most, slots)
    var tried = 0
    while place < slots.count, tried < TrialLimits.WeightedShed.scanned, weight(slots[place]) >= least {
      let slot = slots[place]
      place += 1
      tried += 1
      guard isStill(slot, on: donor) else { continue }
      let (partition, column) = (Int(slot) / weighing.replicas, Int(slot) % weighing.replicas)
      guard weighing.problem.allows(weighing.row(partition), leaving: column, to: node) else { continue }
      weighing.set(partition, column, to: node)
      return true
    }
    return false
  }

  /// The place of the first slot that weighs no more than `most`.
  private func firstNotAbove(_ most: Int, _ slots: UnsafeBufferPointer<UInt32>) -> Int {
    var (low, high) = (0, slots.count)
    while low < high {
      let middle = (low + high) / 2
      if weight(slots[middle]) > most { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// Exchanges: a heavier replica for a lighter one.
extension WeightedShed {
  /// One exchange for each node out of its window, as far as there are any.
  fileprivate func exchange() -> Bool {
    let nodes = (0..<weighing.problem.nodeCount).map { NodeIndex($0) }.filter { weighing.problem.receives[$0] }
    let room = nodes.sorted { a, b in
      let (x, y) = (due.most[a] - weighing.load[a], due.most[b] - weighing.load[b])
      return x != y ? x > y : a < b
    }
    let spare = nodes.sorted { a, b in
      let (x, y) = (weighing.load[a] - due.least[a], weighing.load[b] - due.least[b])
      return x != y ? x > y : a < b
    }
    var trials = TrialLimits.WeightedShed.trialsInAll
    var changed = false
    for node in nodes {
      if weighing.load[node] > due.most[node] {
        changed = exchange(node, with: room, gives: true, &trials) || changed
      } else if weighing.load[node] < due.least[node] {
        changed = exchange(node, with: spare, gives: false, &trials) || changed
      }
    }
    return changed
  }

  private func exchange(_ node: NodeIndex, with partners: [NodeIndex], gives: Bool, _ trials: inout Int) -> Bool {
    let mine = holdings.of(node)
    let wanted = gives ? weighing.load[node] - due.most[node] : due.least[node] - weighing.load[node]
    let most = gives ? weighing.load[node] - due.least[node] : due.most[node] - weighing.load[node]
    var items = 0
    for slot in mine.reversed() where isStill(slot, on: node) {
      items += 1
      guard items <= TrialLimits.WeightedShed.itemsTried, trials > 0 else { return false }
      for partner in partners.prefix(TrialLimits.WeightedShed.partnersTried) where partner != node {
        let room = gives ? due.most[partner] - weighing.load[partner] : weighing.load[partner] - due.least[partner]
        let limit = min(most, room)
        guard limit > 0 else { break }
        let sign = gives ? -1 : 1
        // What comes in return weighs `x` less, or more, for 1 ≤ x ≤ limit; best as much as is wanted.
        let theirs = holdings.of(partner)
        let ideal = weight(slot) + sign * min(wanted, limit)
        let place = firstNotAbove(ideal, theirs)
        for step in 0..<(2 * TrialLimits.WeightedShed.matchesTried) {
          let at = step % 2 == 0 ? place + step / 2 : place - 1 - step / 2
          trials -= 1
          guard at >= 0, at < theirs.count else { continue }
          let other = theirs[at]
          let difference = sign * (weight(other) - weight(slot))
          guard difference > 0, difference <= limit, isStill(other, on: partner) else { continue }
          if swap(slot, other) { return true }
        }
      }
    }
    return false
  }

  private func swap(_ a: UInt32, _ b: UInt32) -> Bool {
    let (p, x) = (Int(a) / weighing.replicas, Int(a) % weighing.replicas)
    let (q, y) = (Int(b) / weighing.replicas, Int(b) % weighing.replicas)
    let (rowP, rowQ) = (weighing.row(p), weighing.row(q))
    let (m, n) = (rowP[x], rowQ[y])
    guard p != q, weighing.problem.allows(rowP, leaving: x, to: n), weighing.problem.allows(rowQ, leaving: y, to: m)
    else { return false }
    weighing.set(p, x, to: n)
    weighing.set(q, y, to: m)
    return true
  }
}
