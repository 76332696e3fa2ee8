/// The way of a row through safe states only, found by search: A* over the states of all its places.
///
/// For rows that are not plain: several exclusive states, ways that drop the data, an order of comings and goings that
/// room on other nodes asks for. A hop costs 8, an exchange of two 14, a copy 64 more; 7 for each hop that is left is a
/// lower bound, so that a way with the least cost comes first.
struct StepSearch {
  /// Places and events fit in one number; rows with more are searched part by part.
  static let mostPlaces = 11
  /// States looked at, before it is given up.
  static let mostStates = 6_000

  /// Whether a search ended since it had looked at all there is, or at as much as it may.
  enum Outcome {
    case found([RowMove])
    case none
    case tooMany
  }

  private let hops: Hops
  private let safety: RowSafety
  private let start: [StateIndex]
  private let end: [StateIndex]
  private let shape: RowShape
  /// It had served data before the search began.
  private let hasServed: Bool
  /// Gains and losses of the data in the order in which they must be; nil: in any.
  private let events: [(place: Int, gains: Bool)]?
  /// Places that may change.
  private let moving: [Int]

  private struct Node {
    var row: [StateIndex]
    var done: Int
    /// Somebody has served data: a new partition is not empty any more, whoever serves it now.
    var hasServed: Bool
    var cost: Int
    var parent: Int
    var move: RowMove?
  }
  private var nodes: [Node] = []
  private var best: [UInt64: Int] = [:]  // looked up only
  /// Nodes by cost and bound; the last of the least is next.
  private var open: [[Int]] = []

  init(
    _ shape: RowShape, _ safety: RowSafety, to end: [StateIndex], events: [(place: Int, gains: Bool)]? = nil,
    from start: [StateIndex]? = nil, moving: [Int]? = nil, hasServed: Bool = false
  ) {
    self.shape = shape
    self.safety = safety
    self.start = start ?? shape.from
    self.end = end
    self.events = events
    self.moving = moving ?? Array(end.indices)
    hops = safety.hops
    self.hasServed = hasServed || shape.from.contains { [hops] in hops.holdsData($0) }
  }

  mutating func run(_ purposes: RowPurposes) -> Outcome {
    guard moving.count <= StepSearch.mostPlaces, events?.count ?? 0 < 16 else { return .tooMany }
    push(Node(row: start, done: 0, hasServed: hasServed, cost: 0, parent: -1))
    var level = 0
    while level < open.count {
      guard let index = open[level].popLast() else {
        level += 1
        continue
      }
      let node = nodes[index]
      guard best[key(node)] == index else { continue }
      if node.row == end, node.done == events?.count ?? 0 { return .found(way(to: index, purposes)) }
      guard nodes.count < StepSearch.mostStates else { return .tooMany }
      expand(index)
    }
    return .none
  }

  private func key(_ node: Node) -> UInt64 {
    var key = UInt64(node.done) << 1 | (node.hasServed ? 1 : 0)
    for place in moving { key = key << 5 | UInt64(hops.number(node.row[place])) }
    return key
  }

  private mutating func push(_ node: Node) {
    let key = key(node)
    if let known = best[key], nodes[known].cost <= node.cost { return }
    var left = 0
    for place in end.indices { left += hops.distance(node.row[place], end[place]) }
    best[key] = nodes.count
    let level = node.cost + 7 * left
    while open.count <= level { open.append([]) }
    open[level].append(nodes.count)
    nodes.append(node)
  }

  // MARK: Moves

  private mutating func expand(_ index: Int) {
    let row = nodes[index].row
    let before = safety.measure(row)
    for place in moving {
      for number in 0...hops.count {
        let state = hops.state(number)
        if hops.isLegal(row[place], state), mayBe(place, state) { step(index, before, place, state) }
        guard state != .null, hops.isLegal(row[place], state, inExchange: true), mayBe(place, state) else { continue }
        for source in moving where source != place && hops.areExclusive(row[source], state) {
          for given in 0...hops.count where hops.isLegal(row[source], hops.state(given), inExchange: true) {
            exchange(index, before, source, hops.state(given), place, state)
          }
        }
      }
    }
  }

  private func mayBe(_ place: Int, _ state: StateIndex) -> Bool {
    state != hops.leading || end[place] == state || !shape.mayNotLead(place)
  }

  /// One node changes its state on its own, or gets a copy.
  private mutating func step(_ index: Int, _ before: RowSafety.Measure, _ place: Int, _ state: StateIndex) {
    let node = nodes[index]
    var move = RowMove(kind: .set, place: place, change: StateChange(node.row[place], state), purpose: .balance)
    var cost = 8
    if hops.gainsData(move.change), node.hasServed {
      guard before.copies > 0 else { return }
      (move.kind, move.isFullScan) = (.copy, true)
      cost += 64
    }
    add(move, cost, to: index, before)
  }

  private mutating func exchange(
    _ index: Int, _ before: RowSafety.Measure, _ source: Int, _ given: StateIndex, _ place: Int, _ state: StateIndex
  ) {
    let row = nodes[index].row
    // Who is to lead takes over from who leads.
    if state == hops.leading, hops.areExclusive(state, state), row[source] != hops.leading { return }
    var move = RowMove(kind: .exchange, place: place, change: StateChange(row[place], state), purpose: .balance)
    (move.source, move.sourceChange) = (source, StateChange(row[source], given))
    // Data comes from who has it; a source that would get some would need another. Who is to lead takes over.
    if hops.gainsData(move.sourceChange) || given == hops.leading { return }
    if hops.gainsData(move.change) {
      guard hops.holdsData(row[source]) else { return }
      move.isFullScan = true
    }
    // Better a copy first, if the model has a state for that: until the exchange is done nobody has the copy but who
    // gives it.
    add(move, move.isFullScan ? 200 : 14, to: index, before)
  }

  private mutating func add(_ move: RowMove, _ cost: Int, to index: Int, _ before: RowSafety.Measure) {
    var row = nodes[index].row
    guard move.apply(to: &row), let done = progress(of: move, from: nodes[index].done) else { return }
    let hasServed = nodes[index].hasServed
    guard safety.allows(before, safety.measure(row), hasServed: hasServed) else { return }
    push(
      Node(
        row: row, done: done, hasServed: hasServed || move.servesData(hops), cost: nodes[index].cost + cost,
        parent: index,
        move: move))
  }

  /// How many events are done after it; nil: it is not its turn. The gain of an exchange comes before the loss.
  private func progress(of move: RowMove, from done: Int) -> Int? {
    guard let events else { return done }
    var result = done
    for (place, change) in move.changes.reversed() where hops.holdsData(change.from) != hops.holdsData(change.to) {
      guard result < events.count, events[result] == (place, hops.holdsData(change.to)) else { return nil }
      result += 1
    }
    return result
  }

  private func way(to index: Int, _ purposes: RowPurposes) -> [RowMove] {
    var moves: [RowMove] = []
    var here = index
    while let move = nodes[here].move {
      moves.append(move)
      here = nodes[here].parent
    }
    moves.reverse()
    for index in moves.indices {
      let move = moves[index]
      let isRole = move.changes.allSatisfy { hops.holdsData($0.change.from) && hops.holdsData($0.change.to) }
      if move.kind == .exchange || isRole {
        moves[index].purpose = purposes.deciding
      } else if !move.takesAway(hops), hops.holdsData(end[move.place]) {
        moves[index].purpose = purposes.copying
      }
    }
    return moves
  }
}
