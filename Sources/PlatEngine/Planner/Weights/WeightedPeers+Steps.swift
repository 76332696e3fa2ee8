/// One step: whether it may be made, what it is worth, and making it.
extension WeightedPeers {
  /// Whether nodes may have what the step gives them, but for limits on peers and rules about states.
  func isPossible(_ step: Step) -> Bool {
    switch step {
    case .replace(let partition, let slot, let node):
      return weighing.hasRoom(node) && (slot >= masters || problem.allows(node, inState: 0))
        && problem.allows(weighing.row(partition), leaving: slot, to: node)
    case .roles(let partition, _, let successor):
      return problem.allows(weighing.row(partition)[successor], inState: 0)
    case .exchange(let p, let q):
      return p != q && weighing.weight.base[p] != weighing.weight.base[q] && mayTake(p, weighing.row(q), counts: false)
        && mayTake(q, weighing.row(p), counts: false)
    case .follow(let partition, let model):
      return partition != model && mayTake(partition, weighing.row(model), counts: true)
    }
  }

  /// Whether a partition may lie as another does. `counts`: it comes in addition, and capacities are asked.
  private func mayTake(_ partition: Int, _ model: UnsafeMutablePointer<NodeIndex>, counts: Bool) -> Bool {
    let row = weighing.row(partition)
    var isOther = false
    for slot in 0..<width {
      let node = model[slot]
      guard node != .none else { return false }
      isOther = isOther || row[slot] != node
      if (0..<width).contains(where: { row[$0] == node }) { continue }
      guard weighing.capacity[node] > 0 || problem.isHeld(partition, by: node) && problem.keeps[node],
        !counts || Int(weighing.count[node]) < problem.cluster.capacity[node.int]
      else { return false }
    }
    return isOther
  }

  /// What the step brings into the windows; the weight and the number that it moves more than is moved already.
  func measure(_ step: Step) -> (gain: Int, cost: Int, moves: Int) {
    var (cost, moves) = (0, 0)
    func add(_ partition: Int, _ node: NodeIndex, _ sign: Int, isLed: Bool) {
      let weight = weighing.weight.base[partition]
      touched.append(node)
      deltaTotal[node] += sign * weight
      if isLed { deltaLed[node] += sign * weight }
      guard !problem.isHeld(partition, by: node) else { return }
      cost += sign * weight
      moves += sign
    }
    func addRow(_ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>, _ sign: Int) {
      for slot in 0..<width where row[slot] != .none { add(partition, row[slot], sign, isLed: slot < masters) }
    }
    switch step {
    case .replace(let partition, let slot, let node):
      let row = weighing.row(partition)
      if row[slot] != .none { add(partition, row[slot], -1, isLed: slot < masters) }
      add(partition, node, 1, isLed: slot < masters)
    case .roles(let partition, let master, let successor):
      let (row, weight) = (weighing.row(partition), weighing.weight.base[partition])
      touched += [row[master], row[successor]]
      deltaLed[row[master]] -= weight
      deltaLed[row[successor]] += weight
    case .exchange(let p, let q):
      addRow(p, weighing.row(p), -1)
      addRow(q, weighing.row(q), -1)
      addRow(p, weighing.row(q), 1)
      addRow(q, weighing.row(p), 1)
    case .follow(let partition, let model):
      addRow(partition, weighing.row(partition), -1)
      addRow(partition, weighing.row(model), 1)
    }
    var gain = 0
    for node in touched where deltaTotal[node] != 0 || deltaLed[node] != 0 {
      gain += outside(node, 0, 0) - outside(node, deltaTotal[node], deltaLed[node])
      (deltaTotal[node], deltaLed[node]) = (0, 0)
    }
    touched.removeAll(keepingCapacity: true)
    return (gain, cost, moves)
  }

  /// Whether the limit on peers and the rules about states let a possible step be made. An exchange is of rows that
  /// they let be.
  func isLegal(_ step: Step) -> Bool {
    switch step {
    case .replace(let partition, let slot, let node): return isLegal(weighing.row(partition)) { $0[slot] = node }
    case .roles(let partition, let master, let successor):
      return isLegal(weighing.row(partition)) { $0.swap(master, successor) }
    case .exchange: return true
    case .follow(let partition, let model):
      let rows = weighing.row(model)
      return isLegal(weighing.row(partition)) { [width] in $0.update(from: rows, count: width) }
    }
  }

  func isLegal(
    _ row: UnsafeMutablePointer<NodeIndex>, asItStands: Bool = true, _ change: (UnsafeMutablePointer<NodeIndex>) -> Void
  ) -> Bool {
    let excess = book.excess
    saved.base.update(from: row, count: width)
    book.remove(row)
    change(row)
    book.add(row)
    let isLegal =
      book.excess <= excess
      && (!problem.hasStateRules
        || (asItStands ? StateRules.fault(problem, row) : StateRules.breach(problem, row)) == nil)
    book.remove(row)
    row.update(from: saved.base, count: width)
    book.add(row)
    return isLegal
  }

  func make(_ step: Step) {
    switch step {
    case .replace(let partition, let slot, let node): rewrite(partition) { $0[slot] = node }
    case .roles(let partition, let master, let successor): rewrite(partition) { $0.swap(master, successor) }
    case .exchange(let p, let q): exchange(p, q)
    case .follow(let partition, let model):
      let rows = weighing.row(model)
      rewrite(partition) { [width] in $0.update(from: rows, count: width) }
    }
  }

  func rewrite(_ partition: Int, _ change: (UnsafeMutablePointer<NodeIndex>) -> Void) {
    let row = weighing.row(partition)
    func weigh(_ sign: Int) {
      for slot in 0..<width where row[slot] != .none {
        weighing.load[row[slot]] += sign * weighing.weight.base[partition]
        weighing.count[row[slot]] += Int32(sign)
        if slot < masters { led[row[slot]] += sign * weighing.weight.base[partition] }
      }
    }
    book.remove(row)
    weigh(-1)
    change(row)
    weigh(1)
    book.add(row)
  }

  private func exchange(_ p: Int, _ q: Int) {
    let (a, b) = (weighing.row(p), weighing.row(q))
    let more = weighing.weight.base[p] - weighing.weight.base[q]
    for slot in 0..<width {
      for (node, sign) in [(a[slot], -1), (b[slot], 1)] where node != .none {
        weighing.load[node] += sign * more
        if slot < masters { led[node] += sign * more }
      }
      swap(&a[slot], &b[slot])
    }
  }
}
