/// What holds of a placement between stages, counted from nothing. `docs/INVARIANTS.md` has the same names.
extension Placement {
  enum Invariant: String, CaseIterable {
    case rowsNameNodes
    case rowsHaveDistinctNodes
    case loadsAreCounts
    case placedIsTheSum
    case peersAreThePairs
    case keptRowsAreTodays
  }

  /// The first that does not hold, but for some; nil: all hold. Every slot has been written.
  /// O(P · R + N); O(P · masters · R) where there is a book of peers.
  func firstBroken(_ problem: Problem, besides unchecked: Set<Invariant> = []) -> Invariant? {
    let recount = RowRecount(
      rows: rows, partitionCount: problem.partitionCount, replicas: replicas, nodeCount: problem.nodeCount)
    return Invariant.allCases.first { invariant in
      guard !unchecked.contains(invariant) else { return false }
      return switch invariant {
      case .rowsNameNodes: !recount.nameNodes
      case .rowsHaveDistinctNodes: !recount.haveDistinctNodes
      case .loadsAreCounts: !recount.loads().enumerated().allSatisfy { Int(load.base[$0]) == $1 }
      case .placedIsTheSum: placed != recount.placed
      case .peersAreThePairs: !(peers?.isOf(recount) ?? true)
      case .keptRowsAreTodays: !staysAsItIs(problem)
      }
    }
  }

  /// Whether rows that nobody has said to be changed are today's. O(P · R).
  private func staysAsItIs(_ problem: Problem) -> Bool {
    var isChanged = [Bool](repeating: false, count: problem.partitionCount)
    changed.forEach { isChanged[$0] = true }
    return (0..<problem.partitionCount).allSatisfy { partition in
      let held = problem.heldRows + partition * problem.heldWidth
      return isChanged[partition] || (0..<replicas).allSatisfy { row(partition)[$0] == held[$0] }
    }
  }
}

extension PeerBook {
  /// Whether it has each node's peers as the rows have them, and their excess. It stays as it is: pairs that are
  /// pending stay so.
  fileprivate func isOf(_ recount: RowRecount) -> Bool {
    guard !isOutOfMemory else { return true }
    let (out, into) = recount.peers(masters: masters)
    func excess(_ peers: [Int32], _ most: Int32) -> Int { peers.reduce(0) { $0 + Int(max(0, $1 - most)) } }
    return out.indices.allSatisfy { self.out.base[$0] == out[$0] && self.into.base[$0] == into[$0] }
      && pairCount == out.reduce(0) { $0 + Int($1) }
      && self.excess == excess(out, mostOut) + excess(into, mostIn)
  }
}
