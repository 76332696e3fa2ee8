/// Who of a partition's holders is what, in weight.
///
/// State by state: who is in the state today stays; open places go, heaviest first, to the holder that lacks most; then
/// the state goes over from nodes above their windows to other holders. No data moves.
struct WeightedRoles {
  private let weighing: Weighing
  private let problem: Problem
  private let state: Int
  /// The state's slots in every row; the pool is all from their begin to the row's end.
  private let slots: Range<Int>
  /// Weight of each node in the state.
  private let load: NodeTable<Int>
  /// In this state and those after it.
  private let pool: NodeTable<Int>

  /// O(P · R²) for each state and sweep.
  static func run(_ weighing: Weighing, _ placement: Placement, _ total: WeightedDue) throws(PlatError) {
    let problem = weighing.problem
    var first = 0
    let wanted = problem.wanted.indices.filter { problem.wanted[$0] > 0 }
    let heaviest = try weighing.heaviest(in: 0..<problem.replicas)
    var left = (0..<problem.nodeCount).map { total.exact($0) }
    for state in wanted.dropLast() {
      let slots = first..<(first + problem.wanted[state])
      first = slots.upperBound
      let roles = WeightedRoles(
        weighing: weighing, problem: problem, state: state, slots: slots,
        load: try problem.arena.table(problem.nodeCount),
        pool: try problem.arena.table(problem.nodeCount))
      let due = try roles.run(total: total, heaviest: heaviest, left: left)
      for node in left.indices { left[node] = left[node] - due.exact(node) }
    }
    if let last = wanted.last { Roles.settle(problem, placement, state: last, slots: first..<problem.replicas) }
  }

  private func run(
    total: WeightedDue, heaviest: NodeTable<Int>, left: [Rational]
  ) throws(PlatError) -> WeightedDue {
    func due(aimed: Bool = false) throws(PlatError) -> WeightedDue {
      let due = try WeightedDue.state(
        state, weighing, total: total, heaviest: weighing.heaviest(in: slots), inAll: heaviest, left: left)
      due.leave(problem, pool: pool, due: left, tolerance: total.tolerance)
      guard aimed, let goal = weighing.goal, let share = goal.states[state] else { return due }
      return try due.aimed(at: share, of: goal, problem, pool: pool)
    }
    for partition in 0..<problem.partitionCount {
      let row = weighing.row(partition)
      for slot in slots.lowerBound..<problem.replicas where row[slot] != .none {
        pool[row[slot]] += weighing.weight.base[partition]
      }
    }
    let isAimed = weighing.goal?.states[state] != nil
    let open = keep()
    assign(open, try due(aimed: isAimed))
    if isAimed { _ = try settle { () throws(PlatError) in try due(aimed: true) } }
    let target = try settle { () throws(PlatError) in try due() }
    guard target.outside(load) == 0, problem.current != nil else { return target }
    let before = try weighing.snapshot()
    // What sums ask for is needed, too.
    goBack(isAimed ? try due(aimed: true).reaching(load, problem.arena) : target)
    let after = try due()
    if after.outside(load) == 0 { return after }
    restore(before)
    return target
  }

  /// Into the windows, as far as can be. A round counts only if less is outside by the dues that hold after it.
  private func settle(_ due: () throws(PlatError) -> WeightedDue) throws(PlatError) -> WeightedDue {
    let isOut: NodeTable<Bool> = try problem.arena.table(problem.nodeCount)
    var target = try due()
    var outside = target.outside(load)
    var sweepsLeft = max(2, TrialLimits.WeightedRoles.rowsSwept / max(1, problem.partitionCount))
    while outside > 0, sweepsLeft > 0 {
      try problem.arena.throwIfInterrupted()
      let before = try weighing.snapshot()
      for _ in 0..<min(sweepsLeft, TrialLimits.WeightedRoles.sweeps)
      where target.outside(load) > 0 && !problem.arena.isInterrupted {
        sweepsLeft -= 1
        let changed = sweep(target, spreads: false, isOut) || sweep(target, spreads: true, isOut)
        guard changed else { break }
      }
      let after = try due()
      guard after.outside(load) < outside else {
        restore(before)
        break
      }
      (target, outside) = (after, after.outside(load))
    }
    return target
  }

  private func restore(_ rows: PartitionTable<NodeIndex>) {
    weighing.restore(rows)
    load.fill(with: 0)
    for partition in 0..<problem.partitionCount {
      let row = weighing.row(partition)
      for slot in slots where row[slot] != .none { load[row[slot]] += weighing.weight.base[partition] }
    }
  }

  @inline(__always) private func isLegal(_ row: UnsafeMutablePointer<NodeIndex>) -> Bool {
    !problem.hasStateRules || StateRules.breach(problem, row) == nil
  }

  // MARK: Who stays, and who comes

  /// Holders that are in the state today have its slots. Returns the partitions with places left, heaviest first.
  private func keep() -> [(partition: Int, kept: Int)] {
    var open: [(partition: Int, kept: Int)] = []
    let heldSlots = problem.current?.slots(ofState: state) ?? 0..<0
    for place in 0..<weighing.order.count {
      let partition = weighing.order.base[place].int
      let row = weighing.row(partition)
      var next = slots.lowerBound
      if partition < problem.heldPartitions {
        let held = problem.heldRows + partition * problem.heldWidth
        for heldSlot in heldSlots where next < slots.upperBound && held[heldSlot] != .none {
          let node = held[heldSlot]
          guard problem.allows(node, inState: state), problem.isReadable[node] else { continue }
          for slot in next..<problem.replicas where row[slot] == node {
            row.swap(slot, next)
            if isLegal(row) {
              load[node] += weighing.weight.base[partition]
              next += 1
            } else {
              row.swap(slot, next)
            }
            break
          }
        }
      }
      if next < slots.upperBound { open.append((partition, next)) }
    }
    return open
  }

  private func assign(_ open: [(partition: Int, kept: Int)], _ due: WeightedDue) {
    for (partition, kept) in open {
      let row = weighing.row(partition)
      for place in kept..<slots.upperBound {
        var best = -1
        var bestLack = Int.min
        for slot in place..<problem.replicas where row[slot] != .none && problem.allows(row[slot], inState: state) {
          let lack = due.due[row[slot]] - load[row[slot]]
          guard best < 0 || lack > bestLack else { continue }
          row.swap(place, slot)
          if isLegal(row) { (best, bestLack) = (slot, lack) }
          row.swap(place, slot)
        }
        guard best >= 0 else {
          evict(partition, place)
          continue
        }
        row.swap(place, best)
        load[row[place]] += weighing.weight.base[partition]
      }
    }
  }

  /// No holder may be in the state: who stands in its slot goes to a free one of the pool, or else goes unplaced.
  private func evict(_ partition: Int, _ place: Int) {
    let row = weighing.row(partition)
    guard row[place] != .none else { return }
    if let free = (slots.upperBound..<problem.replicas).first(where: { row[$0] == .none }) {
      row.swap(place, free)
    } else {
      weighing.set(partition, place, to: .none)
    }
  }

  // MARK: Who gives it up

  /// Hands the state on where that brings what lies outside the windows down; with `spreads`, wherever the two come
  /// nearer to each other, so that it gets to where it is lacking by and by. Heaviest first. False where nothing
  /// changed.
  /// `isOut`: scratch; who is out of its window, without whom nothing can come down.
  private func sweep(_ due: WeightedDue, spreads: Bool, _ isOut: NodeTable<Bool>) -> Bool {
    for node in 0..<problem.nodeCount { isOut.base[node] = outside(NodeIndex(node), load.base[node], due) > 0 }
    var changed = false
    for place in 0..<weighing.order.count {
      let partition = weighing.order.base[place].int
      let weight = weighing.weight.base[partition]
      guard weight > 0 else { break }
      let row = weighing.row(partition)
      for slot in slots where row[slot] != .none {
        let node = row[slot]
        guard spreads || mayImprove(row, node, isOut) else { continue }
        guard spreads || load[node] > due.most[node] || weight <= load[node] - due.least[node] else { continue }
        var best = -1
        var bestLack = Int.min
        for other in slots.upperBound..<problem.replicas
        where row[other] != .none && problem.allows(row[other], inState: state) {
          let lack = due.due[row[other]] - load[row[other]]
          guard lack > bestLack, improves(due, from: node, to: row[other], weight, spreads: spreads) else { continue }
          row.swap(slot, other)
          if isLegal(row) { (best, bestLack) = (other, lack) }
          row.swap(slot, other)
        }
        guard best >= 0 else { continue }
        load[node] -= weight
        load[row[best]] += weight
        isOut[node] = outside(node, load[node], due) > 0
        isOut[row[best]] = outside(row[best], load[row[best]], due) > 0
        row.swap(slot, best)
        changed = true
      }
    }
    return changed
  }

  @inline(__always) private func mayImprove(
    _ row: UnsafeMutablePointer<NodeIndex>, _ node: NodeIndex, _ isOut: NodeTable<Bool>
  ) -> Bool {
    if isOut[node] { return true }
    for other in slots.upperBound..<problem.replicas where row[other] != .none && isOut[row[other]] { return true }
    return false
  }

  private func outside(_ node: NodeIndex, _ load: Int, _ due: WeightedDue) -> Int {
    max(0, load - due.most[node], due.least[node] - load)
  }

  private func improves(_ due: WeightedDue, from a: NodeIndex, to b: NodeIndex, _ weight: Int, spreads: Bool) -> Bool {
    let before = outside(a, load[a], due) + outside(b, load[b], due)
    let after = outside(a, load[a] - weight, due) + outside(b, load[b] + weight, due)
    guard spreads else { return after < before }
    return after <= before && weight < (load[a] - due.due[a]) - (load[b] - due.due[b])
  }

  /// Takes back what turned out not to be needed: who is in the state today is in it again, where the windows allow.
  private func goBack(_ due: WeightedDue) {
    guard let current = problem.current else { return }
    for place in 0..<weighing.order.count {
      let partition = weighing.order.base[place].int
      guard partition < problem.heldPartitions else { continue }
      let (row, weight) = (weighing.row(partition), weighing.weight.base[partition])
      let held = problem.heldRows + partition * problem.heldWidth
      for slot in slots where row[slot] != .none {
        let node = row[slot]
        guard !current.slots(ofState: state).contains(where: { held[$0] == node }) else { continue }
        for other in slots.upperBound..<problem.replicas where row[other] != .none {
          let before = row[other]
          guard current.slots(ofState: state).contains(where: { held[$0] == before }), problem.isReadable[before],
            problem.allows(before, inState: state),
            outside(node, load[node] - weight, due) <= outside(node, load[node], due),
            outside(before, load[before] + weight, due) <= outside(before, load[before], due)
          else { continue }
          row.swap(slot, other)
          guard isLegal(row) else {
            row.swap(slot, other)
            continue
          }
          load[node] -= weight
          load[before] += weight
          break
        }
      }
    }
  }
}
