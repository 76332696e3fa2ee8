/// Nodes that can take more, by leaf box, to be asked for one at a time.
///
/// First those below their windows; while `spare` lasts, those within them. In each box the open nodes stand in
/// a row that a cursor goes around, so that receivers alternate and peers spread; a full node is taken out by
/// swapping the last one in. Among the next few, those come first whose part of the first state then fits.
struct ReceiverPool {
  private let problem: Problem
  private let least: NodeTable<Int32>
  private let most: NodeTable<Int32>
  private let load: NodeTable<Int32>
  private let open: NodeTable<NodeIndex>
  private let first: [Int]
  private var count: [Int]
  private var cursor: [Int]
  /// Replicas that a box's nodes still lack below their windows, and up to their tops.
  private var lacking: [Int]
  private var upToTop: [Int]
  /// Replicas that may still go to nodes within their windows.
  private(set) var spare: Int
  private(set) var lackingInAll: Int
  private var rotation = 0
  private var marks: RowMarks
  private let groups: ColocationGroups?
  private let leading: Leading?

  /// `leading`: who holds how much of the first state, kept up by whoever takes; nil where that does not matter.
  init(
    _ problem: Problem, _ due: Due, _ placement: Placement, spare: Int, leading: Leading? = nil
  ) throws(PlatError) {
    self.leading = leading
    self.problem = problem
    (least, most) = (due.least, due.most)
    self.spare = spare
    marks = try RowMarks(problem)
    groups = try ColocationGroups(problem, due, placement)
    load = placement.load
    open = try problem.arena.table(problem.nodeCount)
    let boxes = problem.leafBoxes
    first = boxes.map(\.lowerBound)
    count = boxes.map { _ in 0 }
    cursor = boxes.map { _ in 0 }
    lacking = boxes.map { _ in 0 }
    upToTop = boxes.map { _ in 0 }
    lackingInAll = 0
    for (box, nodes) in boxes.enumerated() {
      for node in nodes where problem.receives.base[node] && load.base[node] < due.most.base[node] {
        open.base[first[box] + count[box]] = NodeIndex(node)
        count[box] += 1
        upToTop[box] += Int(due.most.base[node] - load.base[node])
        lacking[box] += max(0, Int(due.least.base[node] - load.base[node]))
      }
      lackingInAll += lacking[box]
    }
  }

  var isEmpty: Bool { lackingInAll == 0 && spare <= 0 }

  /// A node for a partition whose row is `row`, where slot `leaving` goes (-1: none does). The box with the most
  /// room that hard rules allow; in it the next node that breaks the fewest soft rules, and no more than
  /// `mostBreaches`. Nil where there is none.
  mutating func take(
    _ row: UnsafeMutablePointer<NodeIndex>, leaving: Int, mostBreaches: Int = .max
  ) -> NodeIndex? {
    if marks.isWide { marks.enter(row) }
    let node =
      (lackingInAll > 0 ? take(row, leaving, mostBreaches, onlyLacking: true) : nil)
      ?? (spare > 0 ? take(row, leaving, mostBreaches, onlyLacking: false) : nil)
    if marks.isWide, let node {
      if leaving >= 0 { marks.announce(leaving, from: row[leaving], to: node) } else { marks.forget() }
    }
    return node
  }

  /// Whether hard rules let the row have one more in the leaf box of `node`.
  @inline(__always) private func fits(
    _ row: UnsafeMutablePointer<NodeIndex>, _ leaving: Int, intoBoxOf node: NodeIndex
  ) -> Bool {
    marks.isWide
      ? marks.allows(intoBoxOf: node, leaving: leaving < 0 ? .none : row[leaving])
        && (problem.near.isEmpty || problem.keepsNear(problem.near, row, leaving: leaving, adding: node))
      : problem.allows(row, leaving: leaving, intoBoxOf: node)
  }

  @inline(__always) private func isThere(_ row: UnsafeMutablePointer<NodeIndex>, _ node: NodeIndex) -> Bool {
    if marks.isWide { return marks.contains(node) }
    for slot in 0..<problem.replicas where row[slot] == node { return true }
    return false
  }

  private mutating func take(
    _ row: UnsafeMutablePointer<NodeIndex>, _ leaving: Int, _ mostBreaches: Int, onlyLacking: Bool
  ) -> NodeIndex? {
    if groups == nil, count.count <= TrialLimits.ReceiverPool.boxesTried {
      return takeFromRoomiest(row, leaving, mostBreaches, onlyLacking: onlyLacking)
    }
    var best = -1
    var bestRoom = 0
    var bestRank = -1
    var place = -1
    let boxes = count.count
    var allowedSeen = 0
    for offset in 0..<boxes {
      var box = offset + rotation
      if box >= boxes { box -= boxes }
      let room = onlyLacking ? lacking[box] : upToTop[box]
      guard room > 0 else { continue }
      let rank = groups?.rank(row, leaving: leaving, at: NodeIndex(first[box])) ?? 0
      guard (rank, room) > (bestRank, bestRoom) else { continue }
      guard fits(row, leaving, intoBoxOf: NodeIndex(first[box])),
        let found = pick(row, leaving, mostBreaches, box: box, onlyLacking: onlyLacking)
      else { continue }
      (best, bestRank, bestRoom, place) = (box, rank, room, found)
      allowedSeen += 1
      if boxes > TrialLimits.ReceiverPool.boxesTried, allowedSeen >= 2 { break }
    }
    guard best >= 0 else { return nil }
    if boxes > TrialLimits.ReceiverPool.boxesTried { rotation = best + 1 == boxes ? 0 : best + 1 }
    groups?.give(row, leaving: leaving, to: open.base[first[best] + place])
    return give(box: best, place: place)
  }

  /// The same where boxes are few and differ in their room only: the roomiest is asked first, so that most are not
  /// asked.
  private mutating func takeFromRoomiest(
    _ row: UnsafeMutablePointer<NodeIndex>, _ leaving: Int, _ mostBreaches: Int, onlyLacking: Bool
  ) -> NodeIndex? {
    var asked: UInt32 = 0
    while true {
      var best = -1
      var bestRoom = 0
      for box in 0..<count.count {
        let room = onlyLacking ? lacking[box] : upToTop[box]
        let isBetter = room > bestRoom && asked & 1 << UInt32(box) == 0
        (best, bestRoom) = isBetter ? (box, room) : (best, bestRoom)
      }
      guard best >= 0 else { return nil }
      if fits(row, leaving, intoBoxOf: NodeIndex(first[best])),
        let place = pick(row, leaving, mostBreaches, box: best, onlyLacking: onlyLacking)
      {
        return give(box: best, place: place)
      }
      asked |= 1 << UInt32(best)
    }
  }

  /// The place among the box's open nodes of the best of the next few; of all where those do not serve.
  private mutating func pick(
    _ row: UnsafeMutablePointer<NodeIndex>, _ leaving: Int, _ mostBreaches: Int, box: Int, onlyLacking: Bool
  ) -> Int? {
    var best: Int?
    var bestBreaches = Int.max
    var bestMisfit = Int32.max
    for tried in 0..<count[box] {
      if tried >= TrialLimits.ReceiverPool.nodesTried, best != nil { break }
      var place = cursor[box] + tried
      if place >= count[box] { place -= count[box] }
      let node = open.base[first[box] + place]
      if onlyLacking, load[node] >= least[node] { continue }
      if isThere(row, node) { continue }
      let breaches =
        marks.isWide
        ? marks.softBreaches(at: node, leaving: leaving < 0 ? .none : row[leaving])
        : problem.softBreaches(row, leaving: leaving, at: node)
      guard breaches <= bestBreaches, breaches <= mostBreaches else { continue }
      let misfit = leading?.misfit(node, receiving: leaving) ?? 0
      if (breaches, misfit) < (bestBreaches, bestMisfit) {
        (best, bestBreaches, bestMisfit) = (place, breaches, misfit)
      }
      if breaches == 0, misfit == 0 { break }
    }
    return best
  }

  /// Books one replica onto the node at a place of a box's row.
  private mutating func give(box: Int, place: Int) -> NodeIndex {
    let node = open.base[first[box] + place]
    if load[node] < least[node] {
      lacking[box] -= 1
      lackingInAll -= 1
    } else {
      spare -= 1
    }
    upToTop[box] -= 1
    load[node] += 1
    cursor[box] = place + 1
    if load[node] >= most[node] {
      count[box] -= 1
      open.base[first[box] + place] = open.base[first[box] + count[box]]
      cursor[box] = place
    }
    if cursor[box] >= count[box] { cursor[box] = 0 }
    return node
  }
}
