/// Where no chain of role changes helps: a node out of its window changes a replica with another node, for one
/// whose partition lets it have, or be rid of, the state. That costs no move, breaks no rule, and leaves what each
/// holds in all:
///
///     slot of p: x → i       slot of q: i → x       cost(p: x → i) + cost(q: i → x) = 0
///
/// Needed on small or clustered maps, where nodes share partitions with few others. What becomes of the roles is
/// for `Roles` to say again afterwards.
struct RoleSwaps {
  private let problem: Problem
  private let rows: UnsafeMutablePointer<NodeIndex>
  private let width: Int
  private let parts: Roles.Parts
  private let concerned: Concerned
  private var holdings: Holdings
  private var trialsLeft = 1 << 22

  /// Returns whether anything changed. O(P · R) for each node out of its window; a bounded number of trials in all.
  static func run(_ problem: Problem, _ placement: Placement, _ parts: Roles.Parts) throws(PlatError) -> Bool {
    var swaps = try RoleSwaps(problem, placement, parts)
    let (tooFew, tooMany) = parts.unsettled()
    var changed = false
    for node in tooFew + tooMany where problem.receives[node] && swaps.trialsLeft > 0 {
      try problem.arena.throwIfInterrupted()
      while parts.lack(node) > 0 || parts.excess(node) > 0 {
        guard swaps.swap(node) else { break }
        changed = true
      }
    }
    return changed
  }

  private init(_ problem: Problem, _ placement: Placement, _ parts: Roles.Parts) throws(PlatError) {
    self.problem = problem
    self.parts = parts
    rows = placement.rows
    width = problem.replicas
    concerned = placement.concerned
    holdings = try Holdings(problem, placement)
  }

  private mutating func swap(_ node: NodeIndex) -> Bool {
    let lacks = parts.lack(node) > 0
    for incoming in 0..<(problem.partitionCount * width) where trialsLeft > 0 {
      if problem.arena.isInterrupted { return false }
      let other = rows[incoming]
      guard other != .none, other != node, problem.receives[other] else { continue }
      if lacks ? giver(incoming) == nil : isInState(incoming) { continue }
      guard let cost = cost(incoming, to: node) else { continue }
      var place = holdings.begin(node)
      while let outgoing = holdings.next(&place, of: node) {
        trialsLeft -= 1
        guard isInState(outgoing) != lacks, outgoing / width != incoming / width,
          lacks || taker(outgoing, other) != nil, self.cost(outgoing, to: other) == -cost
        else { continue }
        (rows[incoming], rows[outgoing]) = (node, other)
        guard isLegal(incoming), isLegal(outgoing) else {
          (rows[incoming], rows[outgoing]) = (other, node)
          continue
        }
        concerned.change(incoming / width)
        concerned.change(outgoing / width)
        holdings.add(incoming, to: node)
        holdings.add(outgoing, to: other)
        if lacks { give(incoming, from: other) } else { take(outgoing, from: node) }
        return true
      }
    }
    return false
  }

  @inline(__always) private func isInState(_ slot: Int) -> Bool { parts.slots.contains(slot % width) }

  /// A slot of the partition whose node has the state and can spare it.
  private func giver(_ slot: Int) -> Int? {
    let row = slot / width * width
    return parts.slots.map { row + $0 }.first { rows[$0] != .none && parts.lack(rows[$0]) < 0 }
  }

  /// A slot of the partition whose node could use the state, when `newcomer` stands in `slot`.
  private func taker(_ slot: Int, _ newcomer: NodeIndex) -> Int? {
    if canTake(newcomer) { return slot }
    let row = slot / width * width
    return (parts.slots.upperBound..<width).map { row + $0 }.first { rows[$0] != .none && canTake(rows[$0]) }
  }

  private func canTake(_ node: NodeIndex) -> Bool { parts.excess(node) < 0 && problem.allows(node, inState: parts.state) }

  /// The node in `slot`, where `before` stood, gets the state from whoever can spare it.
  private mutating func give(_ slot: Int, from before: NodeIndex) {
    parts.count[rows[slot]] += 1
    if isInState(slot) {
      parts.count[before] -= 1
    } else if let giver = giver(slot) {
      parts.count[rows[giver]] -= 1
      exchange(slot, giver)
    }
  }

  /// Whoever could use the state gets it from the node that stood in `slot`.
  private mutating func take(_ slot: Int, from before: NodeIndex) {
    parts.count[before] -= 1
    guard let taker = taker(slot, rows[slot]) else { return }
    parts.count[rows[taker]] += 1
    if taker != slot { exchange(slot, taker) }
  }

  private mutating func exchange(_ a: Int, _ b: Int) {
    rows.swap(a, b)
    concerned.change(a / width)
    holdings.add(a, to: rows[a])
    holdings.add(b, to: rows[b])
  }

  /// What it costs in moves to put `node` into a slot; nil where a hard rule forbids it or a soft one would break.
  private func cost(_ slot: Int, to node: NodeIndex) -> Int? {
    let (partition, column) = (slot / width, slot % width)
    let row = rows + partition * width
    guard problem.allows(row, leaving: column, to: node),
      problem.softBreaches(row, leaving: column, at: node) <= problem.softBreaches(row, leaving: column, at: row[column])
    else { return nil }
    return (problem.isHeld(partition, by: node) ? 0 : 1) - (problem.isHeld(partition, by: row[column]) ? 0 : 1)
  }

  private func isLegal(_ slot: Int) -> Bool {
    !problem.hasStateRules || StateRules.breach(problem, rows + slot / width * width) == nil
  }
}
