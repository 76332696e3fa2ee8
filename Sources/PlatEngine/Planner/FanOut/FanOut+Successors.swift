/// Another holder as master opens its peers to a partition: one new pair, where each of its peers would be one.
///
///     pairs   4 → 7 9,  7 → 2 5       p: 4·7·_ becomes 7·4·2, one move; the pair 7 → 4 is new
extension FanOut {
  /// So many masters above its window a node may be for a while: mastership goes on from node to node afterwards.
  private static let mostAbove: Int32 = 2
  private static let partAbove: Int32 = 8

  /// Places what is missing on nodes that lack something, one move each, where another holder becomes master for it.
  /// Returns whether anything was placed. O(P · R + missing · R · peers · R²).
  mutating func placeUnderSuccessors() throws(PlatError) -> Bool {
    let (problem, due) = (problem, due)
    guard problem.wanted[0] == 1, let windows = due.roles.first, windows.state == 0 else { return false }
    let book = try PeerBook(problem, placement)
    let masters = try FanOut.masters(problem, placement)
    func mayLead(_ node: NodeIndex) -> Bool {
      let most = windows.window(node, total: due.most[node]).most
      return masters[node] < most + max(FanOut.mostAbove, most / FanOut.partAbove) && problem.allows(node, inState: 0)
    }
    let before = placement.placed
    for partition in 0..<problem.partitionCount where !problem.arena.isInterrupted {
      let row = placement.row(partition)
      guard row[0] != .none else { continue }
      for free in 1..<problem.replicas where row[free] == .none {
        if let place = place(row, free, book, mayLead) {
          masters[row[place]] -= 1
          masters[row[0]] += 1
        }
      }
    }
    if book.isOutOfMemory { throw .outOfMemory }
    return placement.placed > before
  }

  /// Fills a free slot under the first successor who can; returns where the master before then stands.
  private mutating func place(
    _ row: UnsafeMutablePointer<NodeIndex>, _ free: Int, _ book: PeerBook, _ mayLead: (NodeIndex) -> Bool
  ) -> Int? {
    for place in 1..<problem.replicas where row[place] != .none && mayLead(row[place]) {
      var receivers: [NodeIndex] = []
      book.forEachTarget(of: row[place]) { node, _ in
        if placement.load[node] < due.least[node], problem.receives[node] { receivers.append(node) }
      }
      for receiver in receivers where problem.allows(row, leaving: free, to: receiver) {
        var new = (0..<problem.replicas).map { row[$0] }
        new.swapAt(0, place)
        new[free] = receiver
        guard book.tryReplace(row, with: new, isLegal: { StateRules.breach(problem, $0) == nil }) else { continue }
        placement.load[receiver] += 1
        placement.placed += 1
        return place
      }
    }
    return nil
  }
}
