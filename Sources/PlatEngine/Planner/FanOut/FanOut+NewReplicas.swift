/// A node that comes has no peers, and a limit lets it have few: its masters must lie among few others.
extension FanOut {
  /// Gives masters to nodes that have hardly any: partitions whose other holders are all among the peers that it is
  /// to have. For each new replica O(peers · partitions of its peers · R²).
  mutating func giveToNewReplicas() throws(PlatError) {
    guard let windows = due.roles.first, windows.state == 0, problem.wanted[0] == 1 else { return }
    let count = try FanOut.masters(problem, placement)
    var newReplicas: [(node: NodeIndex, lacks: Int32)] = []
    for index in 0..<problem.nodeCount where problem.receives.base[index] {
      let node = NodeIndex(index)
      let least = windows.window(node, total: due.least[node]).least
      if least >= 2, count[node] <= least / 2, placement.load[node] <= due.least[node] / 2 {
        newReplicas.append((node, least - count[node]))
      }
    }
    guard !newReplicas.isEmpty else { return }
    let holdings = try Holdings(problem, placement)
    let isPeer: NodeTable<Bool> = try problem.arena.table(problem.nodeCount)
    let worth: NodeTable<Int64> = try problem.arena.table(problem.nodeCount)
    for (node, lacks) in newReplicas where !problem.arena.isInterrupted {
      choosePeers(of: node, holdings, isPeer, worth)
      var left = lacks
      settle(node, &left, among: isPeer, holdings, count, patience: false)
      settleByDoubles(node, &left, among: isPeer, holdings, count)
      settle(node, &left, among: isPeer, holdings, count, patience: true)
      try giveSlaves(to: node, holdings, count)
    }
    if book.isOutOfMemory { throw .outOfMemory }
  }

  /// The nodes that the new replica may replicate to: they share as many partitions among themselves as possible.
  private func choosePeers(
    of node: NodeIndex, _ holdings: Holdings, _ isPeer: NodeTable<Bool>, _ worth: NodeTable<Int64>
  ) {
    isPeer.fill(with: false)
    worth.fill(with: 0)
    var left = Int(min(book.mostOut, Int32(problem.nodeCount)))
    book.forEachTarget(of: node) { target, _ in
      isPeer[target] = true
      left -= 1
    }
    func mayBePeer(_ peer: NodeIndex) -> Bool { peer != node && !isPeer[peer] && book.into[peer] < book.mostIn }
    var last: NodeIndex?
    while left > 0 {
      if let last {
        var place = holdings.begin(last)
        while let slot = holdings.next(&place, of: last) {
          let row = placement.row(slot / problem.replicas)
          let among = (0..<problem.replicas).count { row[$0] != .none && isPeer[row[$0]] }
          for slot in 0..<problem.replicas where row[slot] != .none {
            worth[row[slot]] += 1 << Int64(min(40, 5 * among))
          }
        }
      }
      var best: NodeIndex?
      for index in 0..<problem.nodeCount where mayBePeer(NodeIndex(index)) && placement.load.base[index] > 0 {
        let peer = NodeIndex(index)
        if best.map({ (worth[peer], placement.load[peer]) > (worth[$0], placement.load[$0]) }) ?? true { best = peer }
      }
      guard let best else { break }
      isPeer[best] = true
      last = best
      left -= 1
    }
  }

  /// Puts the new replica in place of one holder where all the others are its peers, and makes it master. `patience`:
  /// even where that takes from nodes that cannot spare it.
  private mutating func settle(
    _ node: NodeIndex, _ left: inout Int32, among isPeer: NodeTable<Bool>, _ holdings: Holdings,
    _ count: NodeTable<Int32>,
    patience: Bool
  ) {
    for index in 0..<problem.nodeCount where isPeer.base[index] {
      var place = holdings.begin(NodeIndex(index))
      while left > 0, let slot = holdings.next(&place, of: NodeIndex(index)) {
        let row = placement.row(slot / problem.replicas)
        guard let leaving = leavingSlot(row, node, isPeer, count, patience: patience) else { continue }
        if hand(row, leaving, to: node, ledFrom: leaving, count) { left -= 1 }
      }
    }
  }

  /// A holder's place goes to another node, and whoever then is in the slot `ledFrom` leads. False, and nothing is
  /// changed, where rules or limits forbid that.
  private func hand(
    _ row: UnsafeMutablePointer<NodeIndex>, _ leaving: Int, to node: NodeIndex, ledFrom slot: Int,
    _ count: NodeTable<Int32>
  ) -> Bool {
    let (donor, master) = (row[leaving], row[0])
    var new = contents(row)
    new[leaving] = node
    new.swapAt(0, slot)
    guard replace(row, with: new) else { return false }
    placement.load[donor] -= 1
    placement.load[node] += 1
    count[master] -= 1
    count[row[0]] += 1
    return true
  }

  private func contents(_ row: UnsafeMutablePointer<NodeIndex>) -> [NodeIndex] {
    (0..<problem.replicas).map { row[$0] }
  }

  private func replace(_ row: UnsafeMutablePointer<NodeIndex>, with new: [NodeIndex]) -> Bool {
    book.tryReplace(row, with: new) { StateRules.breach(problem, $0) == nil }
  }

  // MARK: Two for one

  /// Where two holders can each spare one, the new replica and one of its peers come instead of both; and the peer
  /// gives the new replica another replica, as a slave, so that it holds as many as before. Three moves for what two
  /// nodes give, where chains of moves take four:
  ///
  ///     p: 4·7·9 becomes N·9·2      q: 5·2·6 becomes 5·N·6          4 and 7 give one each, 9 and 2 are N's peers
  private mutating func settleByDoubles(
    _ node: NodeIndex, _ left: inout Int32, among isPeer: NodeTable<Bool>, _ holdings: Holdings,
    _ count: NodeTable<Int32>
  ) {
    guard problem.replicas >= 3 else { return }
    let peers = (0..<problem.nodeCount).map { NodeIndex($0) }.filter { isPeer[$0] }
    for peer in peers {
      var place = holdings.begin(peer)
      while left > 0, placement.load[node] + 2 <= due.least[node], let slot = holdings.next(&place, of: peer) {
        let row = placement.row(slot / problem.replicas)
        let now = contents(row)
        guard now.allSatisfy({ $0 != .none && $0 != node }), mayLose(now[0], count) else { continue }
        let outsiders = now.indices.filter { !isPeer[now[$0]] }
        guard outsiders.count == 2, outsiders.allSatisfy({ problem.receives[now[$0]] && spare(now[$0]) > 0 }) else {
          continue
        }
        if double(node, row, now, outsiders, peers, holdings) {
          count[now[0]] -= 1
          count[node] += 1
          left -= 1
        }
      }
    }
  }

  private func mayLose(_ master: NodeIndex, _ count: NodeTable<Int32>) -> Bool {
    count[master] > due.roles[0].window(master, total: due.least[master]).least
  }

  private mutating func double(
    _ node: NodeIndex, _ row: UnsafeMutablePointer<NodeIndex>, _ now: [NodeIndex], _ outsiders: [Int],
    _ peers: [NodeIndex],
    _ holdings: Holdings
  ) -> Bool {
    for second in peers where !now.contains(second) && problem.receives[second] {
      var new = now
      new[outsiders[1]] = second
      row.update(from: new, count: new.count)
      let isAllowed = problem.allows(row, leaving: outsiders[0], to: node)
      row.update(from: now, count: now.count)
      guard isAllowed, problem.allows(row, leaving: outsiders[1], to: second) else { continue }
      new[outsiders[0]] = node
      new.swapAt(0, outsiders[0])
      guard replace(row, with: new) else { continue }
      if takeOver(from: second, by: node, holdings) {
        for slot in outsiders { placement.load[now[slot]] -= 1 }
        placement.load[node] += 2
        return true
      }
      _ = book.tryReplace(row, with: now, most: .max)
    }
    return false
  }

  /// The new replica takes a slave's place of the node's: from a master that replicates to it already, or else from a
  /// new one.
  private func takeOver(from donor: NodeIndex, by node: NodeIndex, _ holdings: Holdings) -> Bool {
    for isNew in [false, true] {
      var place = holdings.begin(donor)
      while let slot = holdings.next(&place, of: donor) {
        let (row, column) = (placement.row(slot / problem.replicas), slot % problem.replicas)
        guard column >= problem.wanted[0], row[0] != .none, row[0] != node, book.allows(row[0], node),
          (book.count(row[0], node) == 0) == isNew, problem.isHeld(slot / problem.replicas, by: donor),
          problem.allows(row, leaving: column, to: node)
        else { continue }
        var new = contents(row)
        new[column] = node
        if replace(row, with: new) { return true }
      }
    }
    return false
  }

  /// The holder of a full row that the new replica may replace: none but it is no peer. `patience`: even where the
  /// donor, or the master, then has less than its window.
  private func leavingSlot(
    _ row: UnsafeMutablePointer<NodeIndex>, _ node: NodeIndex, _ isPeer: NodeTable<Bool>, _ count: NodeTable<Int32>,
    patience: Bool
  ) -> Int? {
    var outsider: Int?
    for slot in 0..<problem.replicas {
      guard row[slot] != .none, row[slot] != node else { return nil }
      if !isPeer[row[slot]] {
        if outsider != nil { return nil }
        outsider = slot
      }
    }
    guard patience || mayLose(row[0], count) else { return nil }
    var best: Int?
    for slot in 0..<problem.replicas where outsider == nil || outsider == slot {
      guard problem.receives[row[slot]], patience || placement.load[row[slot]] > due.least[row[slot]],
        problem.allows(row, leaving: slot, to: node)
      else { continue }
      if best.map({ spare(row[slot]) > spare(row[$0]) }) ?? true { best = slot }
    }
    return best
  }

  private func spare(_ node: NodeIndex) -> Int32 { placement.load[node] - due.least[node] }

  // MARK: Slaves

  /// A new replica's other replicas come from as few masters as it may have, so these are the ones whose partitions lie
  /// on most nodes that can spare one. Each spares one at a time, also where another holder led the partition until
  /// now:
  ///
  ///     pairs   9 → 4,  9 → N               p: 7·4·9 becomes 9·4·N, and 7 gives one
  ///
  /// O(P · R²) for each of those masters.
  private mutating func giveSlaves(
    to node: NodeIndex, _ holdings: Holdings, _ count: NodeTable<Int32>
  ) throws(PlatError) {
    let isDonor: NodeTable<Bool> = try problem.arena.table(problem.nodeCount)
    defer { problem.arena.free(isDonor) }
    var sources: [NodeIndex] = []
    book.forEachSource(of: node) { source, _ in sources.append(source) }
    for source in sources { takeFrom(source, node, holdings, count) }
    while placement.load[node] < due.least[node], book.into[node] < book.mostIn, !problem.arena.isInterrupted {
      var best: (donors: Int, source: NodeIndex)?
      for index in 0..<problem.nodeCount where book.out.base[index] < book.mostOut && !problem.arena.isInterrupted {
        let source = NodeIndex(index)
        guard source != node, book.count(source, node) == 0 else { continue }
        let donors = donors(of: source, node, holdings, count, isDonor)
        if donors > best?.donors ?? 0 { best = (donors, source) }
      }
      guard let best else { return }
      let before = placement.load[node]
      takeFrom(best.source, node, holdings, count)
      if placement.load[node] == before { return }
    }
  }

  /// How many nodes could spare one for the new replica if this one led the partition. O(partitions of the node · R²).
  private func donors(
    of source: NodeIndex, _ node: NodeIndex, _ holdings: Holdings, _ count: NodeTable<Int32>, _ isDonor: NodeTable<Bool>
  ) -> Int {
    var found: [NodeIndex] = []
    var place = holdings.begin(source)
    while let slot = holdings.next(&place, of: source) {
      guard let leaving = donor(slot, source, node, count, { isDonor[$0] }) else { continue }
      let donor = placement.row(slot / problem.replicas)[leaving]
      isDonor[donor] = true
      found.append(donor)
    }
    for donor in found { isDonor[donor] = false }
    return found.count
  }

  /// The slot of a holder that can spare one to the new replica where `source`, in its slot, leads; nil where there is
  /// none.
  private func donor(
    _ slot: Int, _ source: NodeIndex, _ node: NodeIndex, _ count: NodeTable<Int32>, _ isDone: (NodeIndex) -> Bool
  ) -> Int? {
    let (row, column) = (placement.row(slot / problem.replicas), slot % problem.replicas)
    if column > 0, !problem.allows(source, inState: 0) || count[source] >= mostMasters(source) { return nil }
    for leaving in 0..<problem.replicas where leaving != column && (column == 0 || leaving == 0) {
      let donor = row[leaving]
      guard donor != .none, problem.receives[donor], spare(donor) > 0, !isDone(donor),
        column == 0 || mayLose(donor, count),
        problem.allows(row, leaving: leaving, to: node),
        (0..<problem.replicas).allSatisfy({
          row[$0] != .none && ($0 == leaving || $0 == column || book.count(source, row[$0]) > 0)
        })
      else { continue }
      return leaving
    }
    return nil
  }

  /// Takes what the partitions that a node leads, or could lead, can spare: first those that it leads.
  private mutating func takeFrom(
    _ source: NodeIndex, _ node: NodeIndex, _ holdings: Holdings, _ count: NodeTable<Int32>
  ) {
    for isLed in [true, false] {
      var place = holdings.begin(source)
      while placement.load[node] < due.least[node], let slot = holdings.next(&place, of: source) {
        guard (slot % problem.replicas == 0) == isLed, let leaving = donor(slot, source, node, count, { _ in false })
        else { continue }
        _ = hand(placement.row(slot / problem.replicas), leaving, to: node, ledFrom: slot % problem.replicas, count)
      }
    }
  }
}
