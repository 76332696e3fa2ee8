/// Whose log goes farthest, where nobody leads: who leads next must be that one, since what is acknowledged is on all copies, but a
/// copy may also have been set back, or may have heard less of what was not acknowledged.
extension Survey {
  /// A partition and a node.
  static func name(_ partition: PartitionIndex, _ node: NodeIndex) -> UInt64 { UInt64(partition.raw) << 32 | UInt64(node.raw) }

  typealias Found = (node: NodeIndex, holding: Holding)

  /// A leader of whose own term another copy has more was set back: it leads no more.
  static func isBehind(_ leader: Found, _ copies: [Found]) -> Bool {
    guard let log = leader.holding.log else { return false }
    return copies.contains { copy in
      copy.holding.log.map { $0.lastTerm == leader.holding.term && copy.holding.term == leader.holding.term && $0 > log } ?? false
    }
  }

  /// A leader that has started again and does not know a copy that was made under it was set back.
  static func lacksFollower(_ leader: Found, _ copies: [Found]) -> Bool {
    copies.contains { copy in
      copy.node != leader.node && !copy.holding.isLeading && copy.holding.term == leader.holding.term
        && !leader.holding.followers.contains(copy.node)
    }
  }

  /// The copy with the longest log, if there is one that is shorter; nil: all are the same, or not all of them say.
  static func longest(_ copies: [Found]) -> Found? {
    guard copies.allSatisfy({ $0.holding.log != nil }) else { return nil }
    let longest = copies.max { ($0.holding.log!, $1.node) < ($1.holding.log!, $0.node) }
    guard let longest, copies.contains(where: { $0.holding.log! < longest.holding.log! }) else { return nil }
    return longest
  }
}
