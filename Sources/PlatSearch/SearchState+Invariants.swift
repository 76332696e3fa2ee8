/// What holds of a search between changes, counted from nothing. `docs/INVARIANTS.md` has the same names.
extension SearchState {
  enum Invariant: String, CaseIterable {
    case loadsAreCounts
    case peersAreThePairs
    case scoreIsTheRecount
    case marksAreThoseOfTheRows
  }

  /// The first that does not hold of the rows as they are, all closed; nil: all hold. O(rows · width² + N · states).
  func firstBroken() -> Invariant? {
    let recount = SearchState(problem, start: current)
    for index in 0..<((mapCount + 1) * (problem.stateCount + 1) * nodeCount) where load[index] != recount.load[index] {
      return .loadsAreCounts
    }
    for node in 0..<nodeCount {
      if replicas.count(node) != recount.replicas.count(node) { return .loadsAreCounts }
    }
    for node in 0..<(hasPeers ? max(1, mapCount) * nodeCount : 0)
    where outbound[node] != recount.outbound[node] || inbound[node] != recount.inbound[node] {
      return .peersAreThePairs
    }
    if score != recount.score { return .scoreIsTheRecount }
    let isMarkedAlike =
      (0..<(rowCount * width)).allSatisfy {
        away.contains($0) == recount.away.contains($0) && inOtherState.contains($0) == recount.inOtherState.contains($0)
      } && (0..<rowCount).allSatisfy { breaching.contains($0) == recount.breaching.contains($0) }
    return isMarkedAlike ? nil : .marksAreThoseOfTheRows
  }

  /// Stops a build with assertions where one does not hold.
  func assertInvariants() {
    assert(firstBroken() == nil, "\(firstBroken()!.rawValue) does not hold after a round")
  }
}
