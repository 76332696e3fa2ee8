/// A row's own part of the score, counted from nothing. O(width² + width · rules).
extension SearchState {
  @inline(__always) mutating func addRow(_ row: Int) { count(row, 1) }
  @inline(__always) mutating func subtractRow(_ row: Int) { count(row, -1) }

  @inline(__always) mutating func markRow(_ row: Int) {
    let (first, shape) = (row * width, Int(shapeOfRow[row]))
    let isBreach =
      (firstBound[shape]..<firstBound[shape + 1]).contains { crowded(first, bounds[$0]) > 0 }
      || (firstColocation[shape]..<firstColocation[shape + 1]).contains { apart(first, colocations[$0]) > 0 }
    breaching.set(row, isBreach)
  }

  private mutating func count(_ row: Int, _ sign: Int) {
    let (first, shape) = (row * width, Int(shapeOfRow[row]))
    var filled = 0
    for place in 0..<width {
      let node = rows[first + place]
      if node < 0 {
        switch stateOfSlot[first + place] {
        case 0: score.leaderless += sign
        case SearchShape.noState: break
        default: score.unfilled += sign
        }
      } else {
        filled += 1
        countMove(row, first + place, node, sign)
      }
    }
    if filled == 0, !homes(row).isEmpty { score.emptied += sign }
    for index in firstBound[shape]..<firstBound[shape + 1] {
      let bound = bounds[index]
      let excess = crowded(first, bound)
      if bound.isHard { score.broken += sign * excess } else { score.softBroken += sign * excess }
    }
    for index in firstColocation[shape]..<firstColocation[shape + 1] {
      let rule = colocations[index]
      let missing = apart(first, rule)
      if rule.isHard { score.broken += sign * missing } else { score.softBroken += sign * missing }
    }
  }

  @inline(__always) private mutating func countMove(_ row: Int, _ slot: Int, _ node: Int32, _ sign: Int) {
    let home = home(row, of: Int(node))
    if home >= 0 {
      if homeState[home] != stateOfSlot[slot] { score.roleChanges += sign }
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
    for place in 0..<width
    where rows[first + place] >= 0 && bound.states & (1 << UInt32(stateOfSlot[first + place])) != 0 {
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
    for place in 0..<width where rows[first + place] >= 0 && stateOfSlot[first + place] == rule.anchor {
      inContainer[Int(containers[rule.first + Int(rows[first + place])])] = 1
      anchors += 1
    }
    guard anchors > 0 else { return 0 }
    var (placed, near) = (0, 0)
    for place in 0..<width
    where rows[first + place] >= 0 && rule.states & (1 << UInt32(stateOfSlot[first + place])) != 0 {
      placed += 1
      if inContainer[Int(containers[rule.first + Int(rows[first + place])])] == 1 { near += 1 }
    }
    for place in 0..<width where rows[first + place] >= 0 {
      inContainer[Int(containers[rule.first + Int(rows[first + place])])] = 0
    }
    return max(0, min(Int(rule.count), placed) - near)
  }
}
