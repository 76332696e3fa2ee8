/// What breaks a rule, and what is missing: before balance is looked at.
extension WeightedPeers {
  /// Missing replicas, heaviest first, to the node that lacks most of those that may have them: first of those that the
  /// master replicates to already. What finds no place follows a row that lacks nothing, or gets one of its own; and of
  /// a row that still is not whole goes what is far from its master for want of those who should be near.
  /// O(missing · (peers + N · R)).
  func fill() throws(PlatError) {
    settleMasters()
    var open: [Int] = []
    for place in 0..<weighing.order.count {
      let partition = weighing.order.base[place].int
      let row = weighing.row(partition)
      for slot in 0..<width where row[slot] == .none {
        if let node = receiver(partition, slot) { make(.replace(partition: partition, slot: slot, by: node)) }
      }
      if !isFull(row) { open.append(partition) }
    }
    guard !open.isEmpty else { return }
    var search = try RowSearch(problem)
    for partition in open where !problem.arena.isInterrupted {
      follow(partition)
      if !isFull(weighing.row(partition)) { search = lay(partition, search) }
      tidy(partition)
    }
  }

  /// Who is near to whom is said by masters: where those of today have nobody near, another holder is master, or else
  /// what is too far goes.
  private func settleMasters() {
    guard problem.hasStateRules else { return }
    for partition in 0..<problem.partitionCount {
      let row = weighing.row(partition)
      guard StateRules.breach(problem, row) != nil, !changeMaster(partition) else { continue }
      while let slot = StateRules.breach(problem, row) { rewrite(partition) { $0[slot] = .none } }
    }
  }

  private func changeMaster(_ partition: Int) -> Bool {
    let row = weighing.row(partition)
    for master in 0..<masters where row[master] != .none {
      for successor in masters..<width where row[successor] != .none && problem.allows(row[successor], inState: 0) {
        guard isLegal(row, asItStands: false, { $0.swap(master, successor) }) else { continue }
        make(.roles(partition: partition, master: master, successor: successor))
        return true
      }
    }
    return false
  }

  /// A row for one partition alone.
  private func lay(_ partition: Int, _ search: RowSearch?) -> RowSearch? {
    guard var search else { return nil }
    let (row, width, excess) = (weighing.row(partition), width, book.excess)
    let before = (0..<width).map { row[$0] }
    rewrite(partition) { $0.update(repeating: .none, count: width) }
    let nodes = search.nodes(for: partition, mayTake: { weighing.mayTake(partition, $0) }, rank: { -lack($0) })
    let whole = search.find(nodes) { row in
      book.add(row)
      defer { book.remove(row) }
      return book.excess <= excess
    }
    rewrite(partition) { row in for slot in before.indices { row[slot] = whole?[slot] ?? before[slot] } }
    return search
  }

  private func tidy(_ partition: Int) {
    guard problem.hasStateRules else { return }
    let row = weighing.row(partition)
    while let slot = StateRules.fault(problem, row) { rewrite(partition) { $0[slot] = .none } }
    for slot in 0..<width where row[slot] == .none {
      if let node = receiver(partition, slot, asItStands: true) {
        make(.replace(partition: partition, slot: slot, by: node))
      }
    }
  }

  /// `asItStands`: nothing else comes to the row.
  private func receiver(_ partition: Int, _ slot: Int, asItStands: Bool = false) -> NodeIndex? {
    let row = weighing.row(partition)
    var best: NodeIndex?
    func consider(_ node: NodeIndex) {
      guard best.map({ lack(node) > lack($0) || lack(node) == lack($0) && node < $0 }) ?? true,
        isOpen(partition, slot, node, asItStands)
      else { return }
      best = node
    }
    if slot >= masters, row[0] != .none { for target in targets(row[0]) { consider(target) } }
    if best == nil { for node in 0..<problem.nodeCount { consider(NodeIndex(node)) } }
    return best
  }

  /// Whether every rule lets the node into a slot.
  private func isOpen(_ partition: Int, _ slot: Int, _ node: NodeIndex, _ asItStands: Bool) -> Bool {
    let row = weighing.row(partition)
    guard weighing.hasRoom(node), slot >= masters || problem.allows(node, inState: 0),
      problem.allows(row, leaving: slot, to: node)
    else { return false }
    return isLegal(row, asItStands: asItStands) { $0[slot] = node }
  }

  private func follow(_ partition: Int) {
    var best: (gain: Int, cost: Int, model: Int)?
    for offset in 1..<max(2, min(problem.partitionCount, TrialLimits.WeightedPeers.rowsFollowed)) {
      let model = (partition + offset) % problem.partitionCount
      let step = Step.follow(partition: partition, model: model)
      guard isPossible(step), isLegal(step) else { continue }
      let (gain, cost, _) = measure(step)
      if best == nil || (gain, -cost, -model) > (best!.gain, -best!.cost, -best!.model) { best = (gain, cost, model) }
    }
    if let best { make(.follow(partition: partition, model: best.model)) }
  }

  func isFull(_ row: UnsafeMutablePointer<NodeIndex>) -> Bool { (0..<width).allSatisfy { row[$0] != .none } }
}
