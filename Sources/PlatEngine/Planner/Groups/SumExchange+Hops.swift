/// The hops that there are, and what each changes.
extension SumExchange {
  // MARK: what changes

  func changes(_ hop: SumHop) -> [WeightSums.Change] {
    var changes: [WeightSums.Change] = []
    forEachChange(hop) { changes.append($0) }
    return changes
  }

  /// What leaves one node and comes to the other, place by place: each node and place once.
  @inline(__always) private func forEachChange(_ hop: SumHop, _ body: (WeightSums.Change) -> Void) {
    func both(_ place: Int, _ weight: Int) {
      body(WeightSums.Change(place: place, node: hop.from.int, by: -weight))
      body(WeightSums.Change(place: place, node: hop.to.int, by: weight))
    }
    let member = members[hop.member]
    switch hop.kind {
    case .move:
      let place = member.placeOfColumn[hop.column]
      both(sums.total, hop.weight)
      if place != sums.total { both(place, hop.weight) }
    case .roles(let other):
      both(member.placeOfColumn[hop.column], hop.weight)
      both(member.placeOfColumn[other], -hop.weight)
    case .contents:
      for place in sums.places {
        guard let held = scores[member.map].held[place], held[hop.from.int] != held[hop.to.int] else { continue }
        both(place, held[hop.from.int] - held[hop.to.int])
      }
    }
  }

  /// How much less lies outside of the windows of sums after a hop.
  func gain(of hop: SumHop) -> Int {
    var gain = 0
    forEachChange(hop) { gain += windows.spares($0) }
    return gain
  }

  /// Whether the map comes no farther from its own windows.
  func isWithin(_ hop: SumHop) -> Bool {
    if hop.kind == .contents { return true }
    let map = members[hop.member].map
    var isWithin = true
    forEachChange(hop) { if isWithin { isWithin = scores[map].allows($0) } }
    return isWithin
  }

  /// Of each node and place once.
  func changes(_ step: SumStep) -> [WeightSums.Change] {
    var changes = changes(step.first)
    guard let second = step.second else { return changes }
    for change in self.changes(second) {
      if let same = changes.firstIndex(where: { $0.place == change.place && $0.node == change.node }) {
        changes[same].by += change.by
      } else {
        changes.append(change)
      }
    }
    return changes
  }

  // MARK: hops

  /// Of replicas that leave a node, or come to it, and of changes of states with other holders.
  func hops(of node: NodeIndex, gives: Bool) -> [SumHop] {
    var hops: [SumHop] = []
    let others = partners(of: node, gives: gives)
    for item in items[node.int] {
      let (member, row, column) = place(of: item)
      for other in 0..<member.problem.replicas
      where row[other] != .none && isActive[row[other].int]
        && member.placeOfColumn[other] != member.placeOfColumn[column]
      {
        hops.append(
          SumHop(
            kind: .roles(other: other), member: Int(item.member), partition: Int(item.slot) / member.problem.replicas,
            column: column,
            from: node, to: row[other], weight: item.weight, cost: 0))
      }
      guard gives else { continue }
      for other in others { if let hop = move(item, from: node, to: other) { hops.append(hop) } }
    }
    if !gives {
      for other in others {
        for item in items[other.int] { if let hop = move(item, from: other, to: node) { hops.append(hop) } }
      }
    }
    return hops
  }

  /// Nil where rules or capacities forbid it, or a soft rule would be broken.
  func move(_ item: Item, from node: NodeIndex, to other: NodeIndex) -> SumHop? {
    let (member, row, column) = place(of: item)
    guard isActive[node.int], isActive[other.int], member.weighing.hasRoom(other), member.allows(row, column, to: other)
    else { return nil }
    let partition = Int(item.slot) / member.problem.replicas
    return SumHop(
      kind: .move, member: Int(item.member), partition: partition, column: column, from: node, to: other,
      weight: item.weight,
      cost: item.weight * member.cost(partition, from: node, to: other))
  }

  /// Whether a hop that there was is still there.
  func isPossible(_ hop: SumHop) -> Bool {
    let weighing = members[hop.member].weighing
    let row = weighing.row(hop.partition)
    switch hop.kind {
    case .move:
      return row[hop.column] == hop.from && weighing.hasRoom(hop.to)
        && members[hop.member].allows(row, hop.column, to: hop.to)
    case .roles(let other): return row[hop.column] == hop.from && row[other] == hop.to
    case .contents: return true
    }
  }

  /// Of two nodes that are alike to the map. Nil where rules or capacities forbid it, or a soft rule would be broken.
  func contents(_ index: Int, _ node: NodeIndex, with other: NodeIndex) -> SumHop? {
    let member = members[index]
    guard member.isAlike(node, other) else { return nil }
    var (cost, weight) = (0, 0)
    for (from, to, sign) in [(node, other, 1), (other, node, -1)] {
      for item in items[from.int] where Int(item.member) == index {
        weight += sign * item.weight
        let (_, row, column) = place(of: item)
        guard !(0..<member.problem.replicas).contains(where: { row[$0] == to }) else { continue }
        guard member.allows(row, column, to: to) else { return nil }
        cost += item.weight * member.cost(Int(item.slot) / member.problem.replicas, from: from, to: to)
      }
    }
    return SumHop(kind: .contents, member: index, from: node, to: other, weight: weight, cost: cost)
  }

  private func place(of item: Item) -> (member: Member, row: UnsafeMutablePointer<NodeIndex>, column: Int) {
    let member = members[Int(item.member)]
    let (partition, column) = (Int(item.slot) / member.problem.replicas, Int(item.slot) % member.problem.replicas)
    return (member, member.weighing.row(partition), column)
  }

  /// Those that lack most of the sum in all first, or those that have most above it.
  func partners(of node: NodeIndex, gives: Bool) -> [NodeIndex] {
    let others = isActive.indices.filter { isActive[$0] && $0 != node.int }
    let off = isActive.indices.map { windows.held[sums.total][$0] - windows.due[sums.total][$0] }
    return others.sorted { gives ? (off[$0], $0) < (off[$1], $1) : (off[$1], $0) < (off[$0], $1) }.prefix(
      TrialLimits.SumExchange.partners
    )
    .map { NodeIndex($0) }
  }

  /// A hop of the node, and another that makes up for it where it went, or came from: there and back, or on.
  mutating func considerPairs(of node: NodeIndex, gives: Bool, _ best: inout SumChoice) {
    let own = hops(of: node, gives: gives).filter { windows.spares(changes($0).filter { $0.node == node.int }) > 0 }
      .sorted { $0.cost < $1.cost }.prefix(TrialLimits.SumExchange.firstHops)
    var ofOther: [[SumHop]?] = isActive.map { _ in nil }
    let least = max(0, trials - TrialLimits.SumExchange.trialsForPairs)
    for first in own {
      let other = first.from == node ? first.to : first.from
      let next = ofOther[other.int] ?? hops(of: other, gives: gives)
      ofOther[other.int] = next
      let isWithin = isWithin(first)
      for second in next where second.partition != first.partition || second.member != first.member {
        guard trials > least else { return }
        guard isWithin || second.member == first.member else { continue }
        consider(SumStep(first: first, second: second), &best)
      }
    }
  }
}

extension SumExchange.Member {
  /// Moves that it costs.
  fileprivate func cost(_ partition: Int, from node: NodeIndex, to other: NodeIndex) -> Int {
    (problem.isHeld(partition, by: other) ? 0 : 1) - (problem.isHeld(partition, by: node) ? 0 : 1)
  }

  fileprivate func allows(_ row: UnsafeMutablePointer<NodeIndex>, _ column: Int, to node: NodeIndex) -> Bool {
    problem.allows(row, leaving: column, to: node)
      && (problem.soft.isEmpty
        || problem.softBreaches(row, leaving: column, at: node)
          <= problem.softBreaches(row, leaving: column, at: row[column]))
  }

  /// Nodes that are due the same where they hold the same.
  fileprivate func isAlike(_ a: NodeIndex, _ b: NodeIndex) -> Bool {
    let nodes = problem.cluster.cluster.nodes
    return nodes[a.int].weight == nodes[b.int].weight && weighing.capacity[a] == weighing.capacity[b]
  }
}
