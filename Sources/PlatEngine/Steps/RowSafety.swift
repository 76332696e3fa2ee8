/// What must hold of one partition at every instant between two rows, and what a row of states comes to.
///
/// Counted of live nodes: copies, holders that serve each kind of request, and the containers of each level with a copy
/// in them. None may fall below the lower of both ends; the last copy is never given up; no two nodes meet in states
/// that exclude one another, unless they did so before.
struct RowSafety {
  struct Measure: Equatable {
    var copies = 0
    /// Holders that serve, by kind of request.
    var serving = Hops.Service.zero
    /// Containers with a copy, by level.
    var spread: [Int] = []
    /// Pairs of nodes in states that exclude one another.
    var crowd = 0
  }

  let hops: Hops
  /// For each level that tells places apart, the container of each place, numbered from 0.
  let labels: [[UInt8]]
  private(set) var least: Measure

  init(_ hops: Hops, _ labels: [[UInt8]], from: [StateIndex], to: [StateIndex]) {
    self.hops = hops
    self.labels = labels
    least = Measure()
    let (before, after) = (measure(from), measure(to))
    least.copies = before.copies == 0 ? 0 : max(1, min(before.copies, after.copies))
    least.serving = pointwiseMin(before.serving, after.serving)
    least.spread = zip(before.spread, after.spread).map { min($0, $1) }
  }

  /// The same where one replica may be missing for a while, never the last.
  func lackingOne() -> RowSafety {
    var result = self
    result.least.copies = min(least.copies, max(1, least.copies - 1))
    result.least.serving = pointwiseMin(least.serving, pointwiseMax(.one, least.serving &- 1))
    result.least.spread = least.spread.map { min($0, max(1, $0 - 1)) }
    return result
  }

  /// The same at the first `count` levels only.
  func atLevels(_ count: Int) -> RowSafety {
    RowSafety(self, levels: min(count, labels.count))
  }

  private init(_ other: RowSafety, levels: Int) {
    hops = other.hops
    labels = Array(other.labels.prefix(levels))
    least = other.least
    least.spread = Array(other.least.spread.prefix(levels))
  }

  /// O(places · levels + states²).
  func measure(_ row: [StateIndex]) -> Measure {
    var result = Measure()
    var holders = [Int](repeating: 0, count: hops.count)
    for state in row where state != .null {
      holders[state.int] += 1
      if hops.holdsData(state) { result.copies += 1 }
      result.serving &+= hops.service(state)
    }
    result.spread = labels.map { label in spread(label) { hops.holdsData(row[$0]) } }
    guard !hops.isFree else { return result }
    for a in holders.indices where holders[a] > 0 {
      for b in 0...a where holders[b] > 0 && hops.areExclusive(StateIndex(a), StateIndex(b)) {
        result.crowd += a == b ? holders[a] * (holders[a] - 1) / 2 : holders[a] * holders[b]
      }
    }
    return result
  }

  private func spread(_ label: [UInt8], _ isCopy: (Int) -> Bool) -> Int {
    var seen = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
    for place in label.indices where isCopy(place) {
      let bit: UInt64 = 1 << UInt64(label[place] & 63)
      switch label[place] >> 6 {
      case 0: seen.0 |= bit
      case 1: seen.1 |= bit
      case 2: seen.2 |= bit
      default: seen.3 |= bit
      }
    }
    return seen.0.nonzeroBitCount + seen.1.nonzeroBitCount + seen.2.nonzeroBitCount + seen.3.nonzeroBitCount
  }

  /// Whether a row that comes to `after` may follow one that comes to `before`. `hasServed`: who was there has served,
  /// so that a new partition has something to lose.
  func allows(_ before: Measure, _ after: Measure, hasServed: Bool) -> Bool {
    guard after.copies >= (hasServed ? max(least.copies, min(before.copies, 1)) : least.copies),
      pointwiseMin(after.serving, least.serving) == least.serving
    else { return false }
    return after.crowd <= before.crowd && zip(after.spread, least.spread).allSatisfy { $0 >= $1 }
  }

  /// Whether these places may be all that hold a copy.
  func allows(copiesAt isCopy: [Bool]) -> Bool {
    guard isCopy.count(where: { $0 }) >= least.copies else { return false }
    return labels.indices.allSatisfy { level in spread(labels[level]) { isCopy[$0] } >= least.spread[level] }
  }

  /// Whether each of the moves, one after the other, is allowed.
  func allows(_ moves: [RowMove], from start: [StateIndex], to end: [StateIndex]) -> Bool {
    var row = start
    var before = measure(row)
    var hasServed = false
    for move in moves {
      guard move.apply(to: &row) else { return false }
      let after = measure(row)
      guard allows(before, after, hasServed: hasServed) else { return false }
      hasServed = hasServed || move.servesData(hops)
      before = after
    }
    return row == end
  }
}
