/// A node that comes has no peers, and a limit lets it have few: its masters must lie among few others.
extension FanOut {
  /// Gives masters to nodes that have hardly any: partitions whose other holders are all among the peers that it is
  /// to have. For each newcomer O(peers · partitions of its peers · R²).
  mutating func giveMastersToNewcomers() throws(PlatError) {
    guard let windows = due.roles.first, windows.state == 0, problem.wanted[0] == 1 else { return }
    let count = try FanOut.masters(problem, placement)
    var newcomers: [(node: NodeIndex, lacks: Int32)] = []
    for index in 0..<problem.nodeCount where problem.receives.base[index] {
      let node = NodeIndex(index)
      let least = windows.window(node, total: due.least[node]).least
      if least >= 2, count[node] <= least / 2, placement.load[node] <= due.least[node] / 2 {
        newcomers.append((node, least - count[node]))
      }
    }
    guard !newcomers.isEmpty else { return }
    let holdings = try Holdings(problem, placement)
    let isPeer: NodeTable<Bool> = try problem.arena.table(problem.nodeCount)
    let worth: NodeTable<Int64> = try problem.arena.table(problem.nodeCount)
    for (node, lacks) in newcomers where !problem.arena.isInterrupted {
      choosePeers(of: node, holdings, isPeer, worth)
      settle(node, lacks: lacks, among: isPeer, holdings, count)
    }
    if book.isOutOfMemory { throw .outOfMemory }
  }

  /// The nodes that the newcomer may replicate to: they share as many partitions among themselves as possible.
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
          for slot in 0..<problem.replicas where row[slot] != .none { worth[row[slot]] += 1 << Int64(min(40, 5 * among)) }
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

  /// Puts the newcomer in place of one holder where all the others are its peers, and makes it master: first where that
  /// takes from nodes that can spare it.
  private mutating func settle(
    _ node: NodeIndex, lacks: Int32, among isPeer: NodeTable<Bool>, _ holdings: Holdings, _ count: NodeTable<Int32>
  ) {
    var left = lacks
    for patience in [false, true] {
      for index in 0..<problem.nodeCount where isPeer.base[index] {
        var place = holdings.begin(NodeIndex(index))
        while left > 0, let slot = holdings.next(&place, of: NodeIndex(index)) {
          let row = placement.row(slot / problem.replicas)
          guard let leaving = leavingSlot(row, node, isPeer, count, patience: patience) else { continue }
          let donor = row[leaving]
          let master = row[0]
          func change(_ row: UnsafeMutablePointer<NodeIndex>) {
            row[leaving] = node
            row.swap(0, leaving)
          }
          func undo(_ row: UnsafeMutablePointer<NodeIndex>) {
            row.swap(0, leaving)
            row[leaving] = donor
          }
          guard book.tryChange(row, change, undo: undo) else { continue }
          guard StateRules.breach(problem, row) == nil else {
            _ = book.tryChange(row, most: .max, undo, undo: { _ in })
            continue
          }
          placement.load[donor] -= 1
          placement.load[node] += 1
          count[master] -= 1
          count[node] += 1
          left -= 1
        }
      }
    }
  }

  /// The holder of a full row that the newcomer may replace: none but it is no peer. `patience`: even where the donor, or
  /// the master, then has less than its window.
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
    if !patience {
      let window = due.roles[0].window(row[0], total: due.least[row[0]])
      guard count[row[0]] > window.least else { return nil }
    }
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
}
