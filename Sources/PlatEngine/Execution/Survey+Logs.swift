/// Whose log goes farthest, where nobody leads: who leads next must be that one, since what is acknowledged is on all
/// copies, but a copy may also have been set back, or may have heard less of what was not acknowledged.
extension Survey {
  /// A partition and a node.
  static func name(_ partition: PartitionIndex, _ node: NodeIndex) -> UInt64 {
    UInt64(partition.raw) << 32 | UInt64(node.raw)
  }

  typealias Found = (node: NodeIndex, holding: Holding)

  /// Whether a leader that has started again was set back: a follower has more than it, or it does not know a copy that
  /// was made under it. Such a copy has all that the leader had then; one that has less was a copy before, and has been
  /// set back itself.
  static func isBehind(_ leader: Found, _ copies: [Found]) -> Bool {
    copies.contains { copy in
      if leader.holding.followers.contains(copy.node) { return isLonger(copy, leader) }
      return copy.holding.term == leader.holding.term && !copy.holding.isLeading && !isLonger(leader, copy)
    }
  }

  /// Of two that lead the later one. One revision may have had both: then one is on a disk that was set back, and has
  /// started again.
  static func isEarlier(_ leader: Found, _ other: Found) -> Bool {
    let (a, b) = (leader.holding, other.holding)
    if a.term != b.term { return a.term < b.term }
    if a.isUnproven != b.isUnproven { return a.isUnproven }
    return isLonger(other, leader) || !isLonger(leader, other) && leader.node > other.node
  }

  /// Where both say how far their logs go.
  static func isLonger(_ copy: Found, _ other: Found) -> Bool {
    guard let log = copy.holding.log, let otherLog = other.holding.log else { return false }
    return log > otherLog
  }

  /// Whether a follower that has started again may have forgotten who leads: it follows an older one, which it would
  /// obey.
  static func mayHaveForgotten(_ leader: Found, _ follower: Found) -> Bool {
    follower.holding.isUnproven && follower.holding.term < leader.holding.term
  }

  /// The copy with the longest log, if there is one that is shorter; nil: all are the same, or not all of them say.
  static func longest(_ copies: [Found]) -> Found? {
    guard copies.allSatisfy({ $0.holding.log != nil }) else { return nil }
    let longest = copies.max { ($0.holding.log!, $1.node) < ($1.holding.log!, $0.node) }
    guard let longest, copies.contains(where: { $0.holding.log! < longest.holding.log! }) else { return nil }
    return longest
  }
}
