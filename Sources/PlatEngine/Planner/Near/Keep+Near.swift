/// What of a row can stay under near rules.
extension Keep {
  /// Takes out what keeps a row from ever keeping its near rules: as little as may be, and what is farthest from the
  /// master that most can stay with; of equal ones the earlier slot, so the master of today. Returns how many went.
  static func dropFar(_ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>, placement: inout Placement) -> Int {
    var best: (stays: Int, slot: Int)?
    for slot in 0..<problem.replicas where row[slot] != .none {
      let stays = stays(problem, row, with: row[slot]) { _ in }
      if stays > best?.stays ?? 0 { best = (stays, slot) }
    }
    let most = problem.near.allSatisfy(\.hasAble) ? problem.near.reduce(Int.max) { min($0, $1.mostOutside) } : 0
    var dropped = 0
    if let best, best.stays >= min(most, problem.replicas - (0..<problem.replicas).count { row[$0] == .none }) {
      let master = row[best.slot]
      _ = stays(problem, row, with: master) { slot in
        row[slot] = .none
        dropped += 1
      }
    } else {
      // Nobody in the row can lead with a co-location group: what may be elsewhere stays.
      var seen = 0
      for slot in 0..<problem.replicas where row[slot] != .none {
        seen += 1
        if seen > most {
          row[slot] = .none
          dropped += 1
        }
      }
    }
    placement.letGo += dropped
    return dropped
  }

  /// How many replicas can stay when `master` is the one that others are near to; 0 where it cannot be. `goes`: the
  /// slots that cannot, the last first.
  private static func stays(
    _ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>, with master: NodeIndex, goes: (Int) -> Void
  ) -> Int {
    for rule in problem.near
    where !rule.isAble.base[rule.containerOfNode[master].int]
      && problem.members(rule, row, -1, besides: master) < rule.group { return 0 }
    var stays = 0
    for slot in 0..<problem.replicas where row[slot] != .none {
      // Outside of a container, so many earlier ones are too.
      let fits = problem.near.allSatisfy { rule in
        let container = rule.containerOfNode[master]
        guard rule.containerOfNode[row[slot]] != container else { return true }
        var before = 0
        for earlier in 0..<slot where row[earlier] != .none && rule.containerOfNode[row[earlier]] != container {
          before += 1
        }
        return before < rule.mostOutside
      }
      if fits { stays += 1 } else { goes(slot) }
    }
    return stays
  }
}
