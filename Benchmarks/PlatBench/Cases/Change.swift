/// What becomes of a cluster between the map that it has and the one that is planned.
enum Change: Hashable {
  /// There is no map yet.
  case fresh
  case unchanged
  /// So many nodes leave, scattered over the tree.
  case leave(Int)
  /// So many nodes come that hold nothing yet.
  case join(Int)
  /// One leaves, and one joins in its rack.
  case swap
  /// The map is as hashing made it, and is to be balanced.
  case balance

  /// The part of the nodes that this is, in whole percent where it is 1 % or more.
  func name(_ shape: Shape) -> String {
    func many(_ count: Int, _ one: String, _ more: String) -> String {
      let isPercent = count > 1 && count * 100 % shape.nodeCount == 0
      return count == 1 ? "one \(one)" : isPercent ? "\(count * 100 / shape.nodeCount) % \(more)" : "\(count) \(more)"
    }
    switch self {
    case .fresh: return "fresh"
    case .unchanged: return "unchanged"
    case .leave(let count): return many(count, "leaves", "leave")
    case .join(let count): return many(count, "joins", "join")
    case .swap: return "one swapped"
    case .balance: return "hashed, to be balanced"
    }
  }

  /// Nodes that leave or join.
  var changedNodes: Int {
    switch self {
    case .leave(let count), .join(let count): count
    case .swap: 1
    case .fresh, .unchanged, .balance: 0
    }
  }

  /// The nodes that are not part of the cluster before and after. A node that is told to leave is due nothing, so
  /// on a map made from nothing it is as if it were not there; thus a node joins without a change of numbers.
  func absent(_ shape: Shape) -> (before: Set<Int>, after: Set<Int>) {
    let middle = shape.nodeCount / 2
    switch self {
    case .fresh, .unchanged, .balance: return ([], [])
    case .leave(let count): return ([], scattered(count, of: shape.nodeCount))
    case .join(let count): return (count == 1 ? [middle] : scattered(count, of: shape.nodeCount), [])
    case .swap: return ([middle + 1], [middle])
    }
  }

  /// The same nodes on every machine; multiples of a prime fall all over the tree.
  private func scattered(_ count: Int, of nodes: Int) -> Set<Int> {
    Set((1...count).map { $0 * 7919 % nodes })
  }
}
