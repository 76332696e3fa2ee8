/// Places what is missing by one move each, whoever then leads: a holder that did, another one, or the receiver itself.
///
///     pairs   4 → 7,  7 → 2,  9 → 4 7        p: 4·7·_ becomes 7·4·2 over the new pair 7 → 4, or 9·4·7 over none
///
/// Where all that can be reached so has what it is due, *two-for-one moves* go on: the partition gives up one holder more and
/// gets two receivers, one of which leads; and the holder that has gone gets a replica of another partition that is
/// open. That is one move more for two receivers that nothing else reaches, where a chain of moves costs one for each
/// of them.
///
///     pairs   9 → 4 2                         p: 4·7·_ becomes 9·4·2, and 7 gets what q misses
///
/// Of models with one master. The book knows of every change.
final class SingleMovePlacement {
  let problem: Problem
  let due: Due
  let placement: Placement
  let book: PeerBook
  /// How often each node is master, and what window it has for that.
  let masters: NodeTable<Int32>
  private let windows: RoleWindows?
  /// So many receivers may be given one more than the fewest that they are due.
  private(set) var spare: Int
  /// Rows that miss a replica.
  private(set) var open: [Int]
  /// The rows that each node has got one of here.
  private var given: [[Int]]
  private let isSeen: NodeTable<UInt32>
  private var round: UInt32 = 0
  private var trialsLeft = TrialLimits.SingleMovePlacement.trials

  /// Nil where there is nothing to do, or too much. O(P · R).
  init?(_ problem: Problem, _ due: Due, _ placement: Placement, _ book: PeerBook) throws(PlatError) {
    guard problem.wanted[0] == 1, placement.placed < due.total else { return nil }
    (self.problem, self.due, self.placement, self.book) = (problem, due, placement, book)
    open = placement.missing.map(\.int).filter { placement.row($0)[0] != .none }
    guard !open.isEmpty, open.count <= TrialLimits.SingleMovePlacement.mostOpen else { return nil }
    masters = try FanOut.masters(problem, placement)
    windows = due.roles.first.flatMap { $0.state == 0 ? $0 : nil }
    spare = max(0, -Balance(placement, due).surplus)
    given = Array(repeating: [], count: problem.nodeCount)
    isSeen = try problem.arena.table(problem.nodeCount)
  }

  // MARK: Who wants one

  private func isBelow(_ node: NodeIndex) -> Bool { placement.load[node] < due.least[node] }

  private func wants(_ node: NodeIndex) -> Bool {
    problem.receives[node] && (isBelow(node) || (spare > 0 && placement.load[node] < due.most[node]))
  }

  private func takes(_ node: NodeIndex) {
    if !isBelow(node) { spare -= 1 }
    placement.load[node] += 1
  }

  private func gives(_ node: NodeIndex) {
    placement.load[node] -= 1
    if !isBelow(node) { spare += 1 }
  }

  // MARK: One row

  /// Who leads a row that a receiver comes to, over how many new pairs, and how that suits everybody's masters.
  private struct Option {
    var leader: Int
    var cost: Int
  }

  private static let pairCost = 100

  private func mostMasters(_ node: NodeIndex) -> Int32 {
    windows?.window(node, total: due.least[node]).most ?? .max
  }

  /// Whether today's master still leads the row.
  private func isLed(_ partition: Int, _ row: UnsafeMutablePointer<NodeIndex>) -> Bool {
    guard let current = problem.current, partition < current.partitionCount else { return false }
    let held = current.row(partition)
    return current.slots(ofState: 0).contains { held[$0] == row[0] }
  }

  /// The best leader of a row with a receiver in its empty slot, over at most so many new pairs. O(R²).
  private func option(_ partition: Int, _ free: Int, _ receiver: NodeIndex, mostNew: Int) -> Option? {
    let row = placement.row(partition)
    trialsLeft -= 1
    guard problem.allows(row, leaving: free, to: receiver) else { return nil }
    let isOrphan = !isLed(partition, row)
    row[free] = receiver
    defer { row[free] = .none }
    var best: Option?
    for leader in 0..<problem.replicas where row[leader] != .none && problem.allows(row[leader], inState: 0) {
      guard let new = newPairs(row, leader), new <= mostNew else { continue }
      let isFull = masters[row[leader]] >= mostMasters(row[leader])
      let preference: Int
      if isOrphan {
        // Receivers had better lead what nobody leads.
        preference = leader == free ? (isFull ? 6 : 0) : (isFull ? 8 : 6)
      } else {
        preference = leader == 0 ? 1 : leader == free ? 4 : isFull ? 3 : 2
      }
      let cost = new * SingleMovePlacement.pairCost + preference
      guard best.map({ cost < $0.cost }) ?? true, keepsRules(row, leader) else { continue }
      best = Option(leader: leader, cost: cost)
    }
    return best
  }

  /// Pairs that a row needs beside those that there are if this slot's node leads it; nil where there is no room for
  /// them.
  private func newPairs(_ row: UnsafeMutablePointer<NodeIndex>, _ leader: Int) -> Int? {
    var new = 0
    for slot in 0..<problem.replicas
    where slot != leader && row[slot] != .none && book.count(row[leader], row[slot]) == 0 {
      guard book.into[row[slot]] < book.mostIn else { return nil }
      new += 1
    }
    return Int(book.out[row[leader]]) + new <= Int(book.mostOut) ? new : nil
  }

  private func keepsRules(_ row: UnsafeMutablePointer<NodeIndex>, _ leader: Int) -> Bool {
    guard problem.hasStateRules else { return true }
    row.swap(0, leader)
    defer { row.swap(0, leader) }
    return StateRules.breach(problem, row) == nil
  }

  private func freeSlot(_ partition: Int) -> Int? {
    let row = placement.row(partition)
    return (0..<problem.replicas).first { row[$0] == .none }
  }

  /// Everything that a change of a row concerns. False, and nothing is changed, where some node would have too many
  /// peers (`most`: where more than so many are beyond the limit).
  private func change(_ partition: Int, to new: [NodeIndex], most: Int? = nil) -> Bool {
    let row = placement.row(partition)
    let old = (0..<problem.replicas).map { row[$0] }
    guard book.tryReplace(row, with: new, most: most) else { return false }
    for node in old where node != .none && !new.contains(node) { gives(node) }
    for node in new where node != .none && !old.contains(node) { takes(node) }
    if old[0] != .none { masters[old[0]] -= 1 }
    if new[0] != .none { masters[new[0]] += 1 }
    return true
  }

  private func place(_ partition: Int, _ free: Int, _ receiver: NodeIndex, _ option: Option) -> Bool {
    let row = placement.row(partition)
    var new = (0..<problem.replicas).map { row[$0] }
    new[free] = receiver
    new.swapAt(0, option.leader)
    guard change(partition, to: new) else { return false }
    given[receiver.int].append(partition)
    return true
  }

  /// Rows with the same holders and the same master want the same.
  private func kind(_ partition: Int) -> [NodeIndex] {
    let row = contents(partition)
    return [row[0]] + row.dropFirst().sorted()
  }

  private func contents(_ partition: Int) -> [NodeIndex] {
    let row = placement.row(partition)
    return (0..<problem.replicas).map { row[$0] }
  }

  // MARK: Over the pairs that there are

  /// Nodes that could come to a row over pairs that there are: peers of a holder, and those that have all holders as
  /// theirs.
  private func forEachReceiver(_ row: UnsafeMutablePointer<NodeIndex>, _ body: (NodeIndex) -> Void) {
    var first: NodeIndex?
    for slot in 0..<problem.replicas where row[slot] != .none {
      if first == nil { first = row[slot] }
      book.forEachTarget(of: row[slot]) { node, _ in body(node) }
    }
    guard let first else { return }
    book.forEachSource(of: first) { node, _ in body(node) }
  }

  /// Places all that find a receiver, the ones behind them moving up where need be. O(kinds · open · peers · R²).
  func placeAll(over chain: Int = TrialLimits.SingleMovePlacement.longestChain) {
    var hasNone = Set<[NodeIndex]>()  // asked only, never iterated
    for partition in open where !problem.arena.isInterrupted && trialsLeft > 0 {
      while freeSlot(partition) != nil, !hasNone.contains(kind(partition)) {
        guard placeOne(partition, over: chain) else {
          hasNone.insert(kind(partition))
          break
        }
      }
    }
    open.removeAll { freeSlot($0) == nil }
  }

  private func placeOne(_ partition: Int, over longest: Int) -> Bool {
    guard let free = freeSlot(partition) else { return false }
    // Straight to somebody who wants one: the one that suits masters best.
    if placeBest(partition, free, mostNew: 0) { return true }
    guard longest > 0 else { return false }
    round += 1
    var queue: [(partition: Int, loses: NodeIndex, before: Int, depth: Int)] = [(partition, .none, -1, 0)]
    var next = 0
    while next < queue.count, trialsLeft > 0 {
      let (row, loses, _, depth) = queue[next]
      if depth > 0, let end = wantingReceiver(of: row, without: loses) {
        if apply(queue, next, end) { return true }
      } else if depth < longest {
        for receiver in receivers(of: row, without: loses) where isSeen[receiver] != round {
          isSeen[receiver] = round
          given[receiver.int].removeAll { !contents($0).contains(receiver) }
          for other in given[receiver.int] where other != row { queue.append((other, receiver, next, depth + 1)) }
        }
      }
      next += 1
    }
    return false
  }

  /// The row as it is when it has lost a node: with an empty last slot, and a leader that was there before it.
  private func contents(_ partition: Int, without node: NodeIndex) -> [NodeIndex] {
    var row = contents(partition)
    guard node != .none, let slot = row.firstIndex(of: node) else { return row }
    row[slot] = .none
    if slot == 0, let successor = row.firstIndex(where: { $0 != .none }) { row.swapAt(0, successor) }
    return row
  }

  /// Runs `body` while the row is without a node. The book does not know.
  private func with<Result>(
    _ partition: Int, without node: NodeIndex, _ body: (_ free: Int) -> Result?
  ) -> Result? {
    let row = placement.row(partition)
    let old = contents(partition)
    let now = contents(partition, without: node)
    for slot in now.indices { row[slot] = now[slot] }
    defer { for slot in old.indices { row[slot] = old[slot] } }
    guard let free = now.firstIndex(of: .none) else { return nil }
    return body(free)
  }

  private func receivers(of partition: Int, without node: NodeIndex) -> [NodeIndex] {
    with(partition, without: node) { free in
      var list: [NodeIndex] = []
      var tried: [NodeIndex] = []
      forEachReceiver(placement.row(partition)) { if $0 != node { tried.append($0) } }
      for receiver in tried where isSeen[receiver] != round && problem.receives[receiver] {
        if option(partition, free, receiver, mostNew: 0) != nil { list.append(receiver) }
      }
      return list
    } ?? []
  }

  private func wantingReceiver(of partition: Int, without node: NodeIndex) -> NodeIndex? {
    with(partition, without: node) { free in
      var tried: [NodeIndex] = []
      forEachReceiver(placement.row(partition)) { if $0 != node, wants($0) { tried.append($0) } }
      return tried.first { option(partition, free, $0, mostNew: 0) != nil }
    }
  }

  /// From the end of a chain to its begin: each row moves up to what the next one has left. All of it, or nothing.
  private func apply(
    _ queue: [(partition: Int, loses: NodeIndex, before: Int, depth: Int)], _ last: Int, _ end: NodeIndex
  ) -> Bool {
    var done: [(partition: Int, row: [NodeIndex])] = []
    var (link, receiver) = (last, end)
    while link >= 0 {
      let (partition, loses, before, _) = queue[link]
      let old = contents(partition)
      let bare = contents(partition, without: loses)
      guard change(partition, to: bare) else { break }
      done.append((partition, old))
      guard let free = freeSlot(partition), let option = option(partition, free, receiver, mostNew: 0),
        place(partition, free, receiver, option)
      else { break }
      (link, receiver) = (before, loses)
    }
    if link < 0 { return true }
    for (partition, row) in done.reversed() { _ = change(partition, to: row, most: .max) }
    return false
  }

  /// The receiver that wants one and suits masters best. False where there is none.
  private func placeBest(_ partition: Int, _ free: Int, mostNew: Int) -> Bool {
    var best: (cost: Int, isSpare: Bool, load: Int32, node: NodeIndex, option: Option)?
    var tried: [NodeIndex] = []
    forEachReceiver(placement.row(partition)) { if wants($0) { tried.append($0) } }
    for receiver in tried {
      guard let option = option(partition, free, receiver, mostNew: mostNew) else { continue }
      if let now = best,
        (now.isSpare ? 1 : 0, now.cost, now.load, now.node) <= (
          isBelow(receiver) ? 0 : 1, option.cost, placement.load[receiver], receiver
        )
      {
        continue
      }
      best = (option.cost, !isBelow(receiver), placement.load[receiver], receiver, option)
    }
    guard let best else { return false }
    return place(partition, free, best.node, best.option)
  }

  // MARK: Over new pairs

  /// The first row of each kind, and how many there are.
  private func kinds() -> [(partition: Int, count: Int)] {
    var kinds: [(partition: Int, count: Int)] = []
    var placeOf: [[NodeIndex]: Int] = [:]  // looked up only, never iterated
    for partition in open where freeSlot(partition) != nil {
      let key = kind(partition)
      if let place = placeOf[key] {
        kinds[place].count += 1
      } else {
        placeOf[key] = kinds.count
        kinds.append((partition, 1))
      }
    }
    return kinds
  }

  /// Opens pairs for what is still missing, one after the other, the one first that serves most and whose leader has
  /// most room for peers. For each O(kinds · R² · nodes tried).
  func placeOverNewPairs() {
    for mostNew in 1...2 {
      while !problem.arena.isInterrupted, trialsLeft > 0, openPair(mostNew: mostNew) { placeAll(over: 0) }
      placeAll()
    }
  }

  private func openPair(mostNew: Int) -> Bool {
    let wanting = (0..<problem.nodeCount).map { NodeIndex($0) }.filter { wants($0) }
      .sorted { (placement.load[$0] - due.least[$0], $0) < (placement.load[$1] - due.least[$1], $1) }
    var best: (score: Int, partition: Int, free: Int, receiver: NodeIndex, option: Option)?
    for (partition, count) in kinds() {
      guard let free = freeSlot(partition) else { continue }
      var found = 0
      let row = placement.row(partition)
      let isOrphan = !isLed(partition, row)
      for receiver in wanting where found < TrialLimits.SingleMovePlacement.receiversTried && trialsLeft > 0 {
        guard let option = option(partition, free, receiver, mostNew: mostNew) else { continue }
        found += 1
        let serves = min(count, max(1, Int(due.least[receiver] - placement.load[receiver])))
        let leads = option.leader == free
        let room =
          leads
          ? (0..<problem.replicas).reduce(Int.max) {
            row[$1] == .none ? $0 : min($0, Int(book.mostIn - book.into[row[$1]]))
          }
          : Int(book.mostOut - book.out[row[option.leader]])
        let score =
          100 * serves - 40 * (option.cost / SingleMovePlacement.pairCost) + 5 * min(room, 100)
          + (leads ? (isOrphan ? 20 : -30) : (isOrphan ? -20 : 0))
        if best.map({ score > $0.score }) ?? true { best = (score, partition, free, receiver, option) }
      }
    }
    guard let best else { return false }
    return place(best.partition, best.free, best.receiver, best.option)
  }

  /// About how many replicas the pairs that may still come can give: what their leaders have room for, times what each
  /// serves.
  var placesOverNewPairs: Int {
    var room = 0
    var isCounted = Set<NodeIndex>()  // asked only, never iterated
    for partition in open {
      for node in contents(partition) where node != .none && isCounted.insert(node).inserted {
        room += max(0, Int(book.mostOut - book.out[node]))
      }
    }
    let wanting = (0..<problem.nodeCount).count { wants(NodeIndex($0)) }
    return room * max(1, open.count / max(1, wanting))
  }

  // MARK: Doubles

  /// At most so many; over at most so many new pairs for the row itself, and for what the holder that has gone gets.
  /// O(kinds · R · peers²) for each.
  func twoForOne(most: Int = .max, mostNew: Int, mostNewBehind: Int) {
    var left = most
    while left > 0, !problem.arena.isInterrupted, trialsLeft > 0, twoForOneMove(mostNew, mostNewBehind) {
      left -= 1
      open.removeAll { freeSlot($0) == nil }
    }
  }

  private func twoForOneMove(_ mostNew: Int, _ mostNewBehind: Int) -> Bool {
    let kinds = kinds().map(\.partition)
    let orphans = kinds.filter { !isLed($0, placement.row($0)) }
    for partition in orphans + kinds.filter({ isLed($0, placement.row($0)) }) {
      let row = contents(partition)
      guard row.count(where: { $0 == .none }) == 1 else { continue }
      for slot in row.indices.reversed() where row[slot] != .none && problem.receives[row[slot]] {
        if twoForOne(partition, row, leaving: slot, mostNew, mostNewBehind) { return true }
      }
    }
    return false
  }

  private func twoForOne(
    _ partition: Int, _ row: [NodeIndex], leaving: Int, _ mostNew: Int, _ mostNewBehind: Int
  ) -> Bool {
    let leaver = row[leaving]
    let rest = row.enumerated().filter { $0.offset != leaving && $0.element != .none }.map(\.element)
    var tried = 0
    for first in leaders(of: rest, mostNew) where first != leaver {
      for second in targets(of: first, mostNew)
      where second != leaver && second != first && tried < TrialLimits.SingleMovePlacement.receiversTried {
        guard isBelow(first) || isBelow(second) || spare > 1 else { continue }
        trialsLeft -= 1
        let new = [first] + rest + [second]
        guard isLegal(new), let pairs = newPairs(new), pairs <= mostNew else { continue }
        tried += 1
        guard change(partition, to: new) else { continue }
        if placeBehind(leaver, mostNewBehind) { return true }
        _ = change(partition, to: row, most: .max)
      }
      if tried >= TrialLimits.SingleMovePlacement.receiversTried { return false }
    }
    return false
  }

  /// Nodes that want one and may lead those.
  private func leaders(of rest: [NodeIndex], _ mostNew: Int) -> [NodeIndex] {
    guard let last = rest.last, mostNew == 0 else {
      return (0..<problem.nodeCount).map { NodeIndex($0) }.filter { wants($0) && problem.allows($0, inState: 0) }
    }
    var list: [NodeIndex] = []
    book.forEachSource(of: last) { node, _ in if wants(node), problem.allows(node, inState: 0) { list.append(node) } }
    return list
  }

  private func targets(of leader: NodeIndex, _ mostNew: Int) -> [NodeIndex] {
    var list: [NodeIndex] = []
    book.forEachTarget(of: leader) { node, _ in if wants(node) { list.append(node) } }
    if mostNew > 0, list.isEmpty {
      list = (0..<problem.nodeCount).map { NodeIndex($0) }.filter { wants($0) && book.into[$0] < book.mostIn }
    }
    return list
  }

  private func newPairs(_ row: [NodeIndex]) -> Int? {
    var row = row
    return row.withUnsafeMutableBufferPointer { newPairs($0.baseAddress!, 0) }
  }

  private func isLegal(_ row: [NodeIndex]) -> Bool {
    var partial = [NodeIndex](repeating: .none, count: row.count)
    return partial.withUnsafeMutableBufferPointer { partial in
      for slot in row.indices {
        guard problem.allows(partial.baseAddress!, leaving: slot, to: row[slot]) else { return false }
        partial[slot] = row[slot]
      }
      return StateRules.breach(problem, partial.baseAddress!) == nil
    }
  }

  /// Gives a node that has just lost one a replica of what is open.
  private func placeBehind(_ node: NodeIndex, _ mostNew: Int) -> Bool {
    guard wants(node) else { return !isBelow(node) }
    var best: (partition: Int, free: Int, option: Option)?
    for (partition, _) in kinds() {
      guard let free = freeSlot(partition), let option = option(partition, free, node, mostNew: mostNew)
      else { continue }
      if best.map({ option.cost < $0.option.cost }) ?? true { best = (partition, free, option) }
    }
    guard let best else { return false }
    return place(best.partition, best.free, node, best.option)
  }

  // MARK: Chains

  /// What is still missing goes to a node that wants none, which gives another replica to one that does: one move more
  /// for each. O(open · peers · partitions of a node · peers · R²).
  func chain() throws(PlatError) {
    guard !open.isEmpty else { return }
    var holdings = try Holdings(problem, placement)
    var hasNone = Set<[NodeIndex]>()  // asked only, never iterated
    for partition in open where !problem.arena.isInterrupted && trialsLeft > 0 {
      guard let free = freeSlot(partition), !hasNone.contains(kind(partition)) else { continue }
      if !chain(partition, free, &holdings) { hasNone.insert(kind(partition)) }
    }
    open.removeAll { freeSlot($0) == nil }
  }

  private func chain(_ partition: Int, _ free: Int, _ holdings: inout Holdings) -> Bool {
    var between: [NodeIndex] = []
    forEachReceiver(placement.row(partition)) { if problem.receives[$0], due.most[$0] > 0 { between.append($0) } }
    for node in between {
      guard option(partition, free, node, mostNew: 0) != nil else { continue }
      var place = holdings.begin(node)
      while trialsLeft > 0, let slot = holdings.next(&place, of: node) {
        let other = slot / problem.replicas
        guard other != partition, let receiver = wantingReceiver(of: other, without: node) else { continue }
        guard apply([(partition, .none, -1, 0), (other, node, 0, 1)], 1, receiver) else { continue }
        for row in [partition, other] {
          for slot in 0..<problem.replicas where placement.row(row)[slot] != .none {
            holdings.add(row * problem.replicas + slot, to: placement.row(row)[slot])
          }
        }
        return true
      }
    }
    return false
  }
}
