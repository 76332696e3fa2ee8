/// Where no chain of role changes helps: two nodes change a replica with each other, so that a chain comes about. That
/// costs no move, breaks no rule, and leaves what each holds in all:
///
///     slot of p: x → i       slot of q: i → x       cost(p: x → i) + cost(q: i → x) = 0
///
/// A state goes from node m to node h where m has it in a partition that h holds and may have it in. *Donors* are those
/// that can get one more of it from where there is one to spare, in any number of such steps; *receivers* those from
/// which one more gets to where it is lacking. While none is both, all that a step can do is done; and a partition
/// whose state a donor has and that a receiver comes into is a new step from the ones to the others.
///
/// Needed on small or clustered maps, where nodes share partitions with few others, and under near rules, where not all
/// who hold a partition can be master.
struct RoleSwaps {
  private let problem: Problem
  private let rows: UnsafeMutablePointer<NodeIndex>
  private let width: Int
  private let parts: Roles.Parts
  private let changed: ChangedRows
  private var holdings: Holdings
  private var trialsLeft = TrialLimits.RoleSwaps.trials
  /// Nodes that hold a partition today which the receiver looked at holds in the next map.
  private let isOrigin: NodeTable<Bool>

  /// Returns whether anything changed. O(P · R) for each unit that a node is out of its window by; a bounded number of
  /// trials in all.
  static func run(_ problem: Problem, _ placement: Placement, _ parts: Roles.Parts) throws(PlatError) -> Bool {
    var swaps = try RoleSwaps(problem, placement, parts)
    var changed = false
    for isLack in [true, false] {
      try problem.arena.throwIfInterrupted()
      var left = swaps.outside(isLack)
      while left > 0, swaps.trialsLeft > 0, try swaps.settleOne(isLack) {
        changed = true
        let now = swaps.outside(isLack)
        guard now < left else { break }
        left = now
      }
    }
    return changed
  }

  private init(_ problem: Problem, _ placement: Placement, _ parts: Roles.Parts) throws(PlatError) {
    self.problem = problem
    self.parts = parts
    rows = placement.rows
    width = problem.replicas
    changed = placement.changed
    holdings = try Holdings(problem, placement)
    isOrigin = try problem.arena.table(problem.nodeCount)
  }

  /// By how much nodes have too few, or too many.
  private func outside(_ isLack: Bool) -> Int {
    (0..<problem.nodeCount).reduce(0) { $0 + max(0, isLack ? parts.lack(NodeIndex($1)) : parts.excess(NodeIndex($1))) }
  }

  private mutating func settleOne(_ isLack: Bool) throws(PlatError) -> Bool {
    try problem.arena.throwIfInterrupted()
    let parts = parts
    let donors = try reached(.onward) { isLack ? parts.lack($0) < 0 : parts.excess($0) > 0 }
    let receivers = try reached(.backward) { isLack ? parts.lack($0) > 0 : parts.excess($0) < 0 }
    defer {
      problem.arena.free(donors.hop)
      problem.arena.free(receivers.hop)
    }
    if let both = receivers.order.first(where: { donors.has($0) }) {
      handOn(from: both, receivers)
      handBack(to: both, donors)
      return true
    }
    for receiver in receivers.order where problem.receives[receiver] && problem.allows(receiver, inState: parts.state) {
      try problem.arena.throwIfInterrupted()
      if swap(receiver, donors, receivers) { return true }
    }
    return false
  }

  // MARK: Who can give, who can take

  private enum Direction { case onward, backward }

  /// A step by which a node was reached: the slot whose node has the state, and the one whose node gets it. -1: none.
  private struct Hop: BitwiseCopyable {
    var slot = -1
    var place = -1
  }

  private struct Reached {
    let hop: NodeTable<Hop>
    /// Nearest first.
    var order: [NodeIndex] = []
    static let notYet = Hop(slot: -2)

    func has(_ node: NodeIndex) -> Bool { hop[node].slot != -2 }
  }

  /// Breadth first. O(P · R).
  private mutating func reached(_ direction: Direction, _ isStart: (NodeIndex) -> Bool) throws(PlatError) -> Reached {
    var reached = Reached(hop: try problem.arena.table(problem.nodeCount))
    reached.hop.fill(with: Reached.notYet)
    for index in 0..<problem.nodeCount where isStart(NodeIndex(index)) {
      reached.hop.base[index] = Hop()
      reached.order.append(NodeIndex(index))
    }
    var read = 0
    while read < reached.order.count {
      try problem.arena.throwIfInterrupted()
      let node = reached.order[read]
      read += 1
      var place = holdings.begin(node)
      while let held = holdings.next(&place, of: node) {
        let (row, column) = (held / width * width, held % width)
        guard column >= parts.slots.lowerBound, (direction == .onward) == parts.slots.contains(column) else { continue }
        trialsLeft -= 1
        for other in direction == .onward ? parts.slots.upperBound..<width : parts.slots
        where rows[row + other] != .none {
          let next = rows[row + other]
          let hop = direction == .onward ? Hop(slot: held, place: row + other) : Hop(slot: row + other, place: held)
          guard !reached.has(next), mayChange(hop) else { continue }
          reached.hop[next] = hop
          reached.order.append(next)
        }
      }
    }
    return reached
  }

  /// The state goes on from a receiver to where it is lacking.
  private mutating func handOn(from node: NodeIndex, _ receivers: Reached) {
    var node = node
    while receivers.hop[node].slot >= 0, rows[receivers.hop[node].slot] == node, mayChange(receivers.hop[node]) {
      let hop = receivers.hop[node]
      node = rows[hop.place]
      exchange(hop)
    }
  }

  /// A donor gets the state back from where there is one to spare.
  private mutating func handBack(to node: NodeIndex, _ donors: Reached) {
    var node = node
    while donors.hop[node].slot >= 0, rows[donors.hop[node].place] == node, mayChange(donors.hop[node]) {
      let hop = donors.hop[node]
      node = rows[hop.slot]
      exchange(hop)
    }
  }

  private func mayChange(_ hop: Hop) -> Bool {
    guard problem.allows(rows[hop.place], inState: parts.state) else { return false }
    guard problem.hasStateRules else { return true }
    rows.swap(hop.slot, hop.place)
    defer { rows.swap(hop.slot, hop.place) }
    return isLegal(hop.slot)
  }

  private mutating func exchange(_ hop: Hop) {
    parts.count[rows[hop.slot]] -= 1
    parts.count[rows[hop.place]] += 1
    swapSlots(hop.slot, hop.place)
  }

  private mutating func swapSlots(_ a: Int, _ b: Int) {
    rows.swap(a, b)
    changed.change(a / width)
    holdings.add(a, to: rows[a])
    holdings.add(b, to: rows[b])
  }

  // MARK: Two replicas

  /// The receiver comes into a partition of a donor's state, in place of another node, which gets one of the receiver's
  /// other replicas; then the state goes its way.
  private mutating func swap(_ receiver: NodeIndex, _ donors: Reached, _ receivers: Reached) -> Bool {
    markOrigins(of: receiver)
    for incoming in 0..<(problem.partitionCount * width) where trialsLeft > 0 && !problem.arena.isInterrupted {
      trialsLeft -= 1
      let other = rows[incoming]
      guard other != .none, other != receiver, problem.receives[other], let slot = donorSlot(incoming, donors),
        let cost = cost(incoming, to: receiver), cost <= 0 || isOrigin[other], canHaveState(receiver, incoming, slot)
      else { continue }
      var place = holdings.begin(receiver)
      while let outgoing = holdings.next(&place, of: receiver) {
        trialsLeft -= 1
        guard !isInState(outgoing), outgoing / width != incoming / width, self.cost(outgoing, to: other) == -cost
        else { continue }
        rows[outgoing] = other
        guard isLegal(outgoing) else {
          rows[outgoing] = receiver
          continue
        }
        let donor = rows[slot]
        rows[incoming] = receiver
        holdings.add(incoming, to: receiver)
        holdings.add(outgoing, to: other)
        changed.change(outgoing / width)
        swapSlots(incoming, slot)
        parts.count[donor] -= 1
        parts.count[receiver] += 1
        handOn(from: receiver, receivers)
        handBack(to: donor, donors)
        return true
      }
    }
    return false
  }

  /// The slot of the partition whose node has the state and can give it: the slot looked at itself, if it is one of the
  /// state's.
  private func donorSlot(_ slot: Int, _ donors: Reached) -> Int? {
    if isInState(slot) { return donors.has(rows[slot]) ? slot : nil }
    let row = slot / width * width
    return parts.slots.lazy.map { row + $0 }.first { rows[$0] != .none && donors.has(rows[$0]) }
  }

  /// Whether the receiver, in place of whoever is at `incoming`, can have the state that `slot` stands for.
  private func canHaveState(_ receiver: NodeIndex, _ incoming: Int, _ slot: Int) -> Bool {
    guard incoming % width >= parts.slots.lowerBound else { return false }
    guard problem.hasStateRules else { return true }
    let other = rows[incoming]
    rows[incoming] = receiver
    rows.swap(incoming, slot)
    defer {
      rows.swap(incoming, slot)
      rows[incoming] = other
    }
    return isLegal(incoming)
  }

  private func markOrigins(of receiver: NodeIndex) {
    isOrigin.fill(with: false)
    var place = holdings.begin(receiver)
    while let slot = holdings.next(&place, of: receiver) {
      let partition = slot / width
      guard partition < problem.heldPartitions else { continue }
      for held in problem.heldSlots {
        let node = problem.heldRows[partition * problem.heldWidth + held]
        if node != .none { isOrigin[node] = true }
      }
    }
  }

  @inline(__always) private func isInState(_ slot: Int) -> Bool { parts.slots.contains(slot % width) }

  /// What it costs in moves to put `node` into a slot; nil where a hard rule forbids it or a soft one would break.
  private func cost(_ slot: Int, to node: NodeIndex) -> Int? {
    let (partition, column) = (slot / width, slot % width)
    let row = rows + partition * width
    guard problem.allows(row, leaving: column, to: node),
      problem.softBreaches(row, leaving: column, at: node)
        <= problem.softBreaches(row, leaving: column, at: row[column])
    else { return nil }
    return (problem.isHeld(partition, by: node) ? 0 : 1) - (problem.isHeld(partition, by: row[column]) ? 0 : 1)
  }

  private func isLegal(_ slot: Int) -> Bool {
    !problem.hasStateRules || StateRules.breach(problem, rows + slot / width * width) == nil
  }
}
