/// Balance in weight under a hard limit on peers, step by step on rows whose states are assigned.
///
/// Each step keeps every hard rule and brings what lies outside the windows, in total, of the leading state and of the one other
/// that there may be, further down; of those that a node out of its window has, the one that moves least weight for what it brings in:
///
///     replace    a replica goes to another node: one that its master replicates to, or that both may add to their peers
///     roles      master and another holder change over
///     exchange   two partitions of different weight change rows: the same rows as before, so no rule can tell
///     follow     a partition takes the row of another: no pair that was not there
///
/// Where it has ended no step is left: planned again, the same map stays.
final class WeightedPeers {
  let weighing: Weighing
  let problem: Problem
  private(set) var book: PeerBook
  private(set) var total: WeightedDue
  private(set) var lead: WeightedDue
  /// What a node may hold in the other of two states.
  private let leastRest: NodeTable<Int>
  private let mostRest: NodeTable<Int>
  /// Weight of each node in the leading state.
  private let led: NodeTable<Int>
  /// Moves that may be made beside those that the rows have at first; nil: any.
  private var movesLeft: Int?
  private let masters: Int
  private let width: Int

  private let deltaTotal: NodeTable<Int>
  private let deltaLed: NodeTable<Int>
  private var touched: [NodeIndex] = []
  /// A row as it was.
  private let saved: NodeTable<NodeIndex>
  private var holdings: WeighedHoldings
  private var trials = 1 << 21

  private static let rounds = 64
  private static let itemsTried = 32
  private static let partnersTried = 6
  private static let rowsTried = 8
  private static let rowsFollowed = 512

  enum Step {
    case replace(partition: Int, slot: Int, by: NodeIndex)
    case roles(partition: Int, master: Int, heir: Int)
    case exchange(Int, Int)
    case follow(partition: Int, model: Int)
  }

  /// Rows with their masters in the first slots, within the limit. O(P · R + P log P).
  init(_ weighing: Weighing, moveBudget: Int?) throws(PlatError) {
    self.weighing = weighing
    problem = weighing.problem
    movesLeft = moveBudget
    (masters, width) = (problem.wanted[0], problem.replicas)
    led = try problem.arena.table(problem.nodeCount)
    deltaTotal = try problem.arena.table(problem.nodeCount)
    deltaLed = try problem.arena.table(problem.nodeCount)
    saved = try problem.arena.table(problem.replicas)
    leastRest = try problem.arena.table(problem.nodeCount)
    mostRest = try problem.arena.table(problem.nodeCount)
    book = try PeerBook(problem, rows: weighing.rows)
    (total, lead) = try WeightedPeers.dues(weighing)
    holdings = try WeighedHoldings(weighing, in: 0..<problem.replicas)
    setRest()
    countLed()
  }

  private static func dues(_ weighing: Weighing) throws(PlatError) -> (total: WeightedDue, lead: WeightedDue) {
    let problem = weighing.problem
    let heaviest = try weighing.heaviest(in: 0..<problem.replicas)
    let total = try WeightedDue.total(weighing, heaviest: heaviest)
    let lead = try WeightedDue.state(
      0, weighing, total: total, heaviest: weighing.heaviest(in: 0..<problem.wanted[0]), inAll: heaviest,
      left: (0..<problem.nodeCount).map { total.exact($0) })
    return (total, lead)
  }

  /// Windows move where the heaviest replica of a node does.
  private func findDues() throws(PlatError) {
    (total, lead) = try WeightedPeers.dues(weighing)
    setRest()
  }

  /// Within a replica that fits of what is left of the total, where that is one state.
  private func setRest() {
    let isTwo = problem.wanted.count { $0 > 0 } == 2 && masters > 0
    for node in 0..<problem.nodeCount {
      (leastRest.base[node], mostRest.base[node]) = (0, .max)
      guard isTwo, !total.isPinned.base[node], !lead.isPinned.base[node] else { continue }
      let (low, high) = (total.least.base[node] - lead.most.base[node], total.most.base[node] - lead.least.base[node])
      let share = total.exact(node) - lead.exact(node)
      guard low >= 0, let floor = share.floor else { continue }
      let grain = weighing.sizes.size(upTo: floor)?.size ?? 0
      leastRest.base[node] = max(0, min(floor, max(low, floor + (share.isInteger ? 0 : 1) - grain)))
      mostRest.base[node] = max(floor, min(high, floor + grain))
    }
  }

  private func countLed() {
    led.fill(with: 0)
    for partition in 0..<problem.partitionCount {
      for slot in 0..<masters where weighing.row(partition)[slot] != .none {
        led[weighing.row(partition)[slot]] += weighing.weight.base[partition]
      }
    }
  }

  /// What lies outside of the windows.
  var outside: Int { (0..<problem.nodeCount).reduce(0) { $0 + outside(NodeIndex($1), 0, 0) } }

  // MARK: What is missing

  /// Missing replicas, heaviest first, to the node that lacks most of those that may have them: first of those that the master
  /// replicates to already. What finds no place follows a row that lacks nothing. O(missing · (peers + N · R)).
  func fill() {
    var open: [Int] = []
    for place in 0..<weighing.order.count {
      let partition = weighing.order.base[place].int
      let row = weighing.row(partition)
      for slot in 0..<width where row[slot] == .none {
        if let node = taker(partition, slot) { make(.replace(partition: partition, slot: slot, by: node)) }
      }
      if !isFull(row) { open.append(partition) }
    }
    for partition in open where !problem.arena.isInterrupted { follow(partition) }
  }

  private func taker(_ partition: Int, _ slot: Int) -> NodeIndex? {
    let row = weighing.row(partition)
    var best: NodeIndex?
    func consider(_ node: NodeIndex) {
      guard best.map({ lack(node) > lack($0) || lack(node) == lack($0) && node < $0 }) ?? true, isOpen(partition, slot, node) else { return }
      best = node
    }
    if slot >= masters, row[0] != .none { for target in targets(row[0]) { consider(target) } }
    if best == nil { for node in 0..<problem.nodeCount { consider(NodeIndex(node)) } }
    return best
  }

  /// Whether every rule lets the node into a slot.
  private func isOpen(_ partition: Int, _ slot: Int, _ node: NodeIndex) -> Bool {
    let row = weighing.row(partition)
    guard weighing.hasRoom(node), slot >= masters || problem.allows(node, inState: 0),
      problem.allows(row, leaving: slot, to: node)
    else { return false }
    return isLegal(row) { $0[slot] = node }
  }

  private func follow(_ partition: Int) {
    var best: (gain: Int, cost: Int, model: Int)?
    for offset in 1..<max(2, min(problem.partitionCount, Self.rowsFollowed)) {
      let model = (partition + offset) % problem.partitionCount
      let step = Step.follow(partition: partition, model: model)
      guard isPossible(step), isLegal(step) else { continue }
      let (gain, cost, _) = measure(step)
      if best == nil || (gain, -cost, -model) > (best!.gain, -best!.cost, -best!.model) { best = (gain, cost, model) }
    }
    if let best { make(.follow(partition: partition, model: best.model)) }
  }

  private func isFull(_ row: UnsafeMutablePointer<NodeIndex>) -> Bool { (0..<width).allSatisfy { row[$0] != .none } }

  // MARK: Balance

  /// Steps until none is left. Dues change where the heaviest replica of a node does; so each round counts only if less is
  /// outside then.
  func settle() throws(PlatError) {
    var left = outside
    while left > 0 {
      let before = try weighing.snapshot()
      let budget = movesLeft
      for _ in 0..<Self.rounds where outside > 0 {
        try problem.arena.throwIfInterrupted()
        holdings = try WeighedHoldings(weighing, in: 0..<width)
        guard sweep() else { break }
      }
      try findDues()
      let after = outside
      guard after < left else {
        weighing.restore(before)
        movesLeft = budget
        book = try PeerBook(problem, rows: weighing.rows)
        countLed()
        try findDues()
        return
      }
      left = after
    }
  }

  private func sweep() -> Bool {
    var changed = false
    let lacking = byLack()
    for index in 0..<problem.nodeCount where !problem.arena.isInterrupted {
      while outside(NodeIndex(index), 0, 0) > 0, trials > 0, improve(NodeIndex(index), lacking) { changed = true }
    }
    return changed
  }

  /// Nodes that may receive, those that lack most first.
  private func byLack() -> [NodeIndex] {
    let nodes = (0..<problem.nodeCount).map { NodeIndex($0) }.filter { weighing.capacity[$0] > 0 }
    let key = (0..<problem.nodeCount).map { lack(NodeIndex($0)) }
    return nodes.sorted { key[$0.int] != key[$1.int] ? key[$0.int] > key[$1.int] : $0 < $1 }
  }

  private func lack(_ node: NodeIndex) -> Int { total.due[node] - weighing.load[node] }

  private func outside(_ node: NodeIndex, _ more: Int, _ moreLed: Int) -> Int {
    let (load, led) = (weighing.load[node] + more, led[node] + moreLed)
    return max(0, load - total.most[node], total.least[node] - load) + max(0, led - lead.most[node], lead.least[node] - led)
      + max(0, load - led - mostRest[node], leastRest[node] - (load - led))
  }

  /// The best step that the node has a part in. False where there is none.
  private func improve(_ node: NodeIndex, _ lacking: [NodeIndex]) -> Bool {
    var best: (gain: Int, cost: Int, step: Step)?
    func consider(_ step: Step) {
      trials -= 1
      let (gain, cost, moves) = measure(step)
      guard gain > 0, moves <= movesLeft ?? .max else { return }
      if let best, !isBetter((gain, cost), than: (best.gain, best.cost)) { return }
      guard isPossible(step), isLegal(step) else { return }
      best = (gain, cost, step)
    }
    let isMore =
      weighing.load[node] > total.most[node] || led[node] > lead.most[node] || weighing.load[node] - led[node] > mostRest[node]
    let others = (isMore ? lacking[...] : lacking[...].reversed()[...]).lazy.filter { $0 != node }.prefix(Self.partnersTried)
    for slot in nearest(holdings.of(node), to: amount(node), Self.itemsTried) where weighing.rows[Int(slot)] == node {
      let (partition, column) = (Int(slot) / width, Int(slot) % width)
      let row = weighing.row(partition)
      if column < masters {
        for heir in masters..<width where row[heir] != .none { consider(.roles(partition: partition, master: column, heir: heir)) }
      } else {
        for master in 0..<masters where row[master] != .none { consider(.roles(partition: partition, master: master, heir: column)) }
      }
      if isMore {
        if column >= masters, row[0] != .none {
          for target in targets(row[0]) { consider(.replace(partition: partition, slot: column, by: target)) }
        }
        for other in others { consider(.replace(partition: partition, slot: column, by: other)) }
      }
    }
    if !isMore {
      for other in others {
        for slot in nearest(holdings.of(other), to: amount(node), Self.itemsTried) where weighing.rows[Int(slot)] == other {
          consider(.replace(partition: Int(slot) / width, slot: Int(slot) % width, by: node))
        }
      }
      bringFromMasters(of: node, consider)
    }
    for other in others { considerRows(node, other, isMore: isMore, consider) }
    guard let best else { return false }
    if movesLeft != nil { movesLeft! -= measure(best.step).moves }
    make(best.step)
    return true
  }

  /// What those that replicate to the node already could give it.
  private func bringFromMasters(of node: NodeIndex, _ consider: (Step) -> Void) {
    var sources: [NodeIndex] = []
    book.forEachSource(of: node) { source, _ in sources.append(source) }
    for source in sources {
      for slot in nearest(holdings.of(source), to: amount(node), Self.rowsTried) where weighing.rows[Int(slot)] == source {
        let (partition, column) = (Int(slot) / width, Int(slot) % width)
        guard column < masters else { continue }
        for other in masters..<width where weighing.row(partition)[other] != .none {
          consider(.replace(partition: partition, slot: other, by: node))
        }
      }
    }
  }

  /// Whole rows: of what the node has for what the other has.
  private func considerRows(_ node: NodeIndex, _ other: NodeIndex, isMore: Bool, _ consider: (Step) -> Void) {
    let (mine, theirs) = (holdings.of(node), holdings.of(other))
    let wanted = amount(node)
    for slot in nearest(mine, to: wanted, Self.rowsTried) where weighing.rows[Int(slot)] == node {
      let weight = weighing.weight.base[Int(slot) / width]
      // What comes in return is lighter by what is too much, or heavier by what is too little.
      for back in nearest(theirs, to: isMore ? weight - wanted : weight + wanted, Self.partnersTried)
      where weighing.rows[Int(back)] == other && Int(back) / width != Int(slot) / width {
        consider(.exchange(Int(slot) / width, Int(back) / width))
      }
      for back in nearest(theirs, to: wanted, 1) where weighing.rows[Int(back)] == other && Int(back) / width != Int(slot) / width {
        let (p, q) = (Int(slot) / width, Int(back) / width)
        consider(isMore ? .follow(partition: p, model: q) : .follow(partition: q, model: p))
      }
    }
  }

  /// By how much a node is out of its windows, in the one where it is more.
  private func amount(_ node: NodeIndex) -> Int {
    max(
      weighing.load[node] - total.most[node], total.least[node] - weighing.load[node], led[node] - lead.most[node],
      lead.least[node] - led[node], weighing.load[node] - led[node] - mostRest[node], leastRest[node] - weighing.load[node] + led[node], 0)
  }

  /// Slots whose partitions weigh about so much: of a list, heaviest first.
  private func nearest(_ slots: UnsafeBufferPointer<UInt32>, to weight: Int, _ count: Int) -> UnsafeBufferPointer<UInt32>.SubSequence {
    var (low, high) = (0, slots.count)
    while low < high {
      let middle = (low + high) / 2
      if weighing.weight.base[Int(slots[middle]) / width] > weight { low = middle + 1 } else { high = middle }
    }
    let first = max(0, min(low - count / 2, slots.count - count))
    return slots[first..<min(slots.count, first + count)]
  }

  private func targets(_ master: NodeIndex) -> [NodeIndex] {
    var targets: [NodeIndex] = []
    book.forEachTarget(of: master) { target, _ in targets.append(target) }
    return targets
  }

  /// Less weight moved for what comes into the windows; of equals more of it.
  private func isBetter(_ a: (gain: Int, cost: Int), than b: (gain: Int, cost: Int)) -> Bool {
    let (x, y) = (Int128(a.cost) * Int128(b.gain), Int128(b.cost) * Int128(a.gain))
    return x != y ? x < y : a.gain > b.gain
  }
}

// MARK: One step

extension WeightedPeers {
  /// Whether nodes may have what the step gives them, but for limits on peers and rules about states.
  private func isPossible(_ step: Step) -> Bool {
    switch step {
    case .replace(let partition, let slot, let node):
      return weighing.hasRoom(node) && (slot >= masters || problem.allows(node, inState: 0))
        && problem.allows(weighing.row(partition), leaving: slot, to: node)
    case .roles(let partition, _, let heir):
      return problem.allows(weighing.row(partition)[heir], inState: 0)
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
  private func measure(_ step: Step) -> (gain: Int, cost: Int, moves: Int) {
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
    case .roles(let partition, let master, let heir):
      let (row, weight) = (weighing.row(partition), weighing.weight.base[partition])
      touched += [row[master], row[heir]]
      deltaLed[row[master]] -= weight
      deltaLed[row[heir]] += weight
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

  /// Whether the limit on peers and the rules about states let a possible step be made. An exchange is of rows that they let be.
  private func isLegal(_ step: Step) -> Bool {
    switch step {
    case .replace(let partition, let slot, let node): return isLegal(weighing.row(partition)) { $0[slot] = node }
    case .roles(let partition, let master, let heir): return isLegal(weighing.row(partition)) { $0.swap(master, heir) }
    case .exchange: return true
    case .follow(let partition, let model):
      let rows = weighing.row(model)
      return isLegal(weighing.row(partition)) { [width] in $0.update(from: rows, count: width) }
    }
  }

  private func isLegal(
    _ row: UnsafeMutablePointer<NodeIndex>, _ change: (UnsafeMutablePointer<NodeIndex>) -> Void
  ) -> Bool {
    let excess = book.excess
    saved.base.update(from: row, count: width)
    book.remove(row)
    change(row)
    book.add(row)
    let isLegal = book.excess <= excess && (!problem.hasStateRules || StateRules.breach(problem, row) == nil)
    book.remove(row)
    row.update(from: saved.base, count: width)
    book.add(row)
    return isLegal
  }

  private func make(_ step: Step) {
    switch step {
    case .replace(let partition, let slot, let node): rewrite(partition) { $0[slot] = node }
    case .roles(let partition, let master, let heir): rewrite(partition) { $0.swap(master, heir) }
    case .exchange(let p, let q): exchange(p, q)
    case .follow(let partition, let model):
      let rows = weighing.row(model)
      rewrite(partition) { [width] in $0.update(from: rows, count: width) }
    }
  }

  private func rewrite(_ partition: Int, _ change: (UnsafeMutablePointer<NodeIndex>) -> Void) {
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

// MARK: A fresh map

extension WeightedPeers {
  private static let templatesTried = 16

  /// Deals the rows of a map made by number to the partitions anew, heaviest first: each takes one of the rows that there are, the one
  /// whose nodes lack most. Any row may be taken any number of times; no pair is new. Where capacities then leave some
  /// partition none, everything stays as it was. O(P · (rows around a node + log)).
  func deal() throws(PlatError) {
    let count = problem.partitionCount
    guard (0..<count).allSatisfy({ isFull(weighing.row($0)) }) else { return }
    let templates: PartitionTable<NodeIndex> = try weighing.snapshot()
    func row(_ template: Int) -> UnsafeMutablePointer<NodeIndex> { templates.base + template * width }
    func precedes(_ a: Int, _ b: Int) -> Bool {
      for slot in 0..<width where row(a)[slot] != row(b)[slot] { return row(a)[slot] < row(b)[slot] }
      return a < b
    }
    func isSame(_ a: Int, _ b: Int) -> Bool { (0..<width).allSatisfy { row(a)[$0] == row(b)[$0] } }
    var distinct: [Int] = []
    for one in (0..<count).sorted(by: precedes) where distinct.isEmpty || !isSame(distinct.last!, one) { distinct.append(one) }
    var around = [[Int32]](repeating: [], count: problem.nodeCount)
    for (index, template) in distinct.enumerated() {
      for slot in 0..<width { around[row(template)[slot].int].append(Int32(index)) }
    }
    weighing.load.fill(with: 0)
    weighing.count.fill(with: 0)
    led.fill(with: 0)
    func lack(_ index: Int, least: Bool) -> Int {
      let template = row(distinct[index])
      var (sum, fewest) = (0, Int.max)
      for slot in 0..<width {
        let of = self.lack(template[slot]) + (slot < masters ? lead.due[template[slot]] - led[template[slot]] : 0)
        sum += of
        fewest = min(fewest, of)
      }
      return least ? fewest : sum
    }
    func hasRoom(_ index: Int) -> Bool { (0..<width).allSatisfy { weighing.hasRoom(row(distinct[index])[$0]) } }
    var heap = KeyHeap(capacity: distinct.count)
    for index in distinct.indices { heap.push(index, key: lack(index, least: false)) }
    var isDealt = true
    for place in 0..<count {
      try problem.arena.throwIfInterrupted()
      let partition = weighing.order.base[place].int
      var (best, tried): (Int?, [Int]) = (nil, [])
      while let index = heap.first, tried.count < Self.templatesTried {
        heap.pop()
        guard hasRoom(index) else { continue }  // for good
        tried.append(index)
        if best.map({ lack(index, least: true) > lack($0, least: true) }) ?? true { best = index }
      }
      for index in tried { heap.push(index, key: lack(index, least: false)) }
      guard let best else {
        isDealt = false
        break
      }
      let template = row(distinct[best])
      weighing.row(partition).update(from: template, count: width)
      for slot in 0..<width {
        weighing.load[template[slot]] += weighing.weight.base[partition]
        weighing.count[template[slot]] += 1
        if slot < masters { led[template[slot]] += weighing.weight.base[partition] }
      }
      for slot in 0..<width {
        for index in around[template[slot].int] where heap.contains(Int(index)) { heap.push(Int(index), key: lack(Int(index), least: false)) }
      }
    }
    if !isDealt { weighing.restore(templates) }
    book = try PeerBook(problem, rows: weighing.rows)
    countLed()
    try findDues()
  }
}
