/// A row's own part of the score, counted from nothing. O(width² + width · rules).
extension SearchState {
  @inline(__always) mutating func addRow(_ row: Int) { count(row, 1) }
  @inline(__always) mutating func subtractRow(_ row: Int) { count(row, -1) }

  @inline(__always) mutating func markRow(_ row: Int) {
    guard boundCount + colocationCount > 0 else { return }
    let first = row * width
    let isBreach =
      (0..<boundCount).contains { crowded(first, bounds[$0]) > 0 }
      || (0..<colocationCount).contains { apart(first, colocations[$0]) > 0 }
    breaching.set(row, isBreach)
  }

  private mutating func count(_ row: Int, _ sign: Int) {
    let first = row * width
    var filled = 0
    for place in 0..<width {
      let node = rows[first + place]
      if node < 0 {
        if stateOfSlot[place] == 0 { score.leaderless += sign } else { score.unfilled += sign }
      } else {
        filled += 1
        countMove(row, place, node, sign)
      }
    }
    if filled == 0, homeStart[row + 1] > homeStart[row] { score.emptied += sign }
    for index in 0..<boundCount {
      let bound = bounds[index]
      let excess = crowded(first, bound)
      if bound.isHard { score.broken += sign * excess } else { score.softBroken += sign * excess }
    }
    for index in 0..<colocationCount {
      let rule = colocations[index]
      let missing = apart(first, rule)
      if rule.isHard { score.broken += sign * missing } else { score.softBroken += sign * missing }
    }
  }

  @inline(__always) private mutating func countMove(_ row: Int, _ place: Int, _ node: Int32, _ sign: Int) {
    for index in Int(homeStart[row])..<Int(homeStart[row + 1]) where homeNode[index] == node {
      if homeState[index] != stateOfSlot[place] { score.roleChanges += sign }
      return
    }
    // A map that nobody holds yet moves nothing.
    guard problem.countsMoves else { return }
    score.moves += sign
    score.moved += sign * (hasAmounts ? amount[row] : 1)
  }

  /// Replicas beyond the bound, over all containers.
  @inline(__always) private func crowded(_ first: Int, _ bound: FlatBound) -> Int {
    var excess = 0
    for place in 0..<width where rows[first + place] >= 0 && bound.states & (1 << UInt32(stateOfSlot[place])) != 0 {
      let container = Int(containers[bound.first + Int(rows[first + place])])
      guard container >= 0 else { continue }
      inContainer[container] += 1
      if inContainer[container] > bound.count { excess += 1 }
    }
    for place in 0..<width where rows[first + place] >= 0 {
      let container = Int(containers[bound.first + Int(rows[first + place])])
      if container >= 0 { inContainer[container] = 0 }
    }
    return excess
  }

  /// Replicas that lie in no container of an anchor and should; what is not placed is missing, not far.
  @inline(__always) private func apart(_ first: Int, _ rule: FlatBound) -> Int {
    var anchors = 0
    for place in 0..<width where rows[first + place] >= 0 && stateOfSlot[place] == rule.anchor {
      inContainer[Int(containers[rule.first + Int(rows[first + place])])] = 1
      anchors += 1
    }
    guard anchors > 0 else { return 0 }
    var (placed, near) = (0, 0)
    for place in 0..<width where rows[first + place] >= 0 && rule.states & (1 << UInt32(stateOfSlot[place])) != 0 {
      placed += 1
      if inContainer[Int(containers[rule.first + Int(rows[first + place])])] == 1 { near += 1 }
    }
    for place in 0..<width where rows[first + place] >= 0 {
      inContainer[Int(containers[rule.first + Int(rows[first + place])])] = 0
    }
    return max(0, min(Int(rule.count), placed) - near)
  }
}
