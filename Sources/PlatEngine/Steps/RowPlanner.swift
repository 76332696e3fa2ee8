/// The steps of one partition from what its nodes are to what they should be, and the arcs that make any order of them
/// safe. Rows of the same shape have the same plan, which is made once.
struct RowPlanner {
  let hops: Hops
  private let wanted: Int
  private let wantsLeader: Bool
  private var plans: [RowShape: RowPlan] = [:]  // looked up only

  /// More shapes are not kept, nor those of rows with more places.
  private static let mostPlans = 50_000
  private static let mostPlacesKept = 16

  init(_ cluster: DenseCluster) {
    let model = cluster.cluster.settings.model
    hops = Hops(model)
    wanted = cluster.wanted.indices.reduce(0) { $0 + (model.states[$1].holdsData ? cluster.wanted[$1] : 0) }
    wantsLeader = cluster.wanted.first ?? 0 > 0
  }

  func purposes(_ shape: RowShape) -> RowPurposes {
    RowPurposes(hops, shape.from, wanted: wanted, wantsLeader: wantsLeader)
  }

  mutating func plan(_ shape: RowShape) -> RowPlan {
    guard shape.count <= RowPlanner.mostPlacesKept else { return make(shape) }
    if let known = plans[shape] { return known }
    let plan = make(shape)
    if plans.count < RowPlanner.mostPlans { plans[shape] = plan }
    return plan
  }

  private func make(_ shape: RowShape) -> RowPlan {
    let live = shape.from.count { hops.holdsData($0) }
    guard live > 0 || !shape.hasLost else { return RowPlan(reason: .noLiveCopy) }
    let to = end(shape)
    let safety = RowSafety(hops, shape.labels, from: shape.from, to: to)
    guard var plan = plain(shape, to, safety) ?? searched(shape, to, safety) else {
      return RowPlan(reason: .noSafeOrder)
    }
    if to != shape.to { plan.reason = .lastCopy }
    return plan
  }

  /// What the row is to be. Where its target gives the last copy up, the most important one stays as it is.
  func end(_ shape: RowShape) -> [StateIndex] {
    let from = shape.from
    var to = shape.to
    if !to.contains(where: { hops.holdsData($0) }), let place = from.firstIndex(where: { hops.holdsData($0) }) {
      to[place] = from[place]
    }
    return to
  }

  /// Rows on the way to `end` when only the places `done` of those `changed` have got or given up their copy, best
  /// first.
  func partialEnds(_ shape: RowShape, _ end: [StateIndex], done: UInt64, changed: UInt64) -> [[StateIndex]] {
    let from = shape.from
    func isLeft(_ place: Int) -> Bool { (changed & ~done) >> UInt64(place) & 1 == 1 }
    /// What was changed but did not leave its leading state keeps others from it.
    var first = end
    for place in end.indices where isLeft(place) { first[place] = from[place] }
    var second = first
    if !hops.isFree {
      let stays = first.indices.filter { isLeft($0) && from[$0] == hops.leading }
      for place in second.indices where second[place] == hops.leading && !stays.isEmpty && !isLeft(place) {
        second[place] =
          hops.holdsData(from[place]) ? from[place] : hops.waiting(for: hops.leading, from: from[place]) ?? from[place]
      }
    }
    var third = first
    let successor = third.indices.first { hops.holdsData(third[$0]) && !shape.mayNotLead($0) }
    if let successor, end.contains(hops.leading), !third.contains(hops.leading) { third[successor] = hops.leading }
    return [third, second, first, from].filter { row in
      row.indices.allSatisfy { hops.holdsData(row[$0]) == hops.holdsData(first[$0]) }
    }
  }

  /// By construction; nil where that is not safe.
  private func plain(_ shape: RowShape, _ to: [StateIndex], _ safety: RowSafety) -> RowPlan? {
    let row = PlainRow(shape, hops, to: to, purposes(shape))
    guard !row.isOdd else { return nil }
    let isWide = row.moves.count > 24
    var arcs = row.arcs
    if !isWide {
      let pairs = RowPairs(row, shape.labels, hops).pairs
      arcs += pairs.map { ($0.going, $0.coming) }
      pairServing(row, pairs, &arcs)
    }
    guard let order = sorted(row.moves.count, arcs, row.phase) else { return nil }
    var place = [Int](repeating: 0, count: order.count)
    for (index, move) in order.enumerated() { place[move] = index }
    return finish(
      shape, order.map { row.moves[$0] }, arcs.map { (place[$0.move], place[$0.before]) }, safety, to, isPlain: true)
  }

  /// Who ends to serve waits for another who begins, each for its own where there are enough: of a node that goes, the
  /// one whose copy it waits for, if that one will serve.
  private func pairServing(
    _ row: PlainRow, _ pairs: [(going: Int, coming: Int)], _ arcs: inout [(move: Int, before: Int)]
  ) {
    func leaver(_ move: Int) -> Int {
      row.moves[move].kind == .exchange ? row.moves[move].source : row.moves[move].place
    }
    for kind in hops.model.requests.indices {
      func gain(_ move: Int) -> Int32 { row.moves[move].gain(hops).serving[kind] }
      let losing = row.moves.indices.filter { gain($0) < 0 }
      var gaining = row.moves.indices.filter { gain($0) > 0 }
      let free = max(0, losing.count - gaining.count)
      for move in losing.dropFirst(free) where !gaining.isEmpty {
        let partner = pairs.first { leaver($0.going) == leaver(move) }.map { row.moves[$0.coming].place }
        let own = gaining.firstIndex { row.moves[$0].place == partner }
        arcs.append((move, gaining.remove(at: own ?? 0)))
      }
    }
  }

  /// By phase, then by number, as the arcs allow; nil: they lead in a circle. O(moves² + arcs).
  private func sorted(_ count: Int, _ arcs: [(move: Int, before: Int)], _ phase: [Int]) -> [Int]? {
    var pending = [Int](repeating: 0, count: count)
    var followers = [[Int]](repeating: [], count: count)
    for arc in arcs {
      pending[arc.move] += 1
      followers[arc.before].append(arc.move)
    }
    var ready = (0..<count).filter { pending[$0] == 0 }
    var order: [Int] = []
    while let next = ready.min(by: { (phase[$0], $0) < (phase[$1], $1) }) {
      ready.removeAll { $0 == next }
      order.append(next)
      for follower in followers[next] {
        pending[follower] -= 1
        if pending[follower] == 0 { ready.append(follower) }
      }
    }
    return order.count == count ? order : nil
  }

  /// Chooses sources and the order; nil where the moves in their order are not safe.
  private func finish(
    _ shape: RowShape, _ moves: [RowMove], _ arcs: [(move: Int, before: Int)], _ safety: RowSafety, _ to: [StateIndex],
    isPlain: Bool
  ) -> RowPlan? {
    guard isPlain && moves.count > 48 || safety.allows(moves, from: shape.from, to: to) else { return nil }
    var (moves, arcs) = (moves, arcs)
    RowSources.choose(&moves, &arcs, from: shape.from, hops)
    guard moves.allSatisfy({ $0.kind != .copy || !$0.sources.isEmpty }) else { return nil }
    return RowPlan(moves: moves, after: RowOrder.after(moves, arcs, safety, from: shape.from, isPlain: isPlain))
  }

  // MARK: Search

  private func searched(_ shape: RowShape, _ to: [StateIndex], _ safety: RowSafety) -> RowPlan? {
    guard
      let moves = shape.count <= StepSearch.mostPlaces
        ? search(shape, to, safety) : searchByParts(shape, to, safety)
    else { return nil }
    return ordered(shape, moves, safety, to)
  }

  private func search(
    _ shape: RowShape, _ to: [StateIndex], _ safety: RowSafety, events: [(place: Int, gains: Bool)]? = nil
  ) -> [RowMove]? {
    var search = StepSearch(shape, safety, to: to, events: events)
    if case .found(let moves) = search.run(purposes(shape)) { return moves }
    return nil
  }

  /// Moves in a safe order, with the arcs that they need.
  private func ordered(_ shape: RowShape, _ moves: [RowMove], _ safety: RowSafety, _ to: [StateIndex]) -> RowPlan? {
    var last = [Int?](repeating: nil, count: shape.count)
    var arcs: [(move: Int, before: Int)] = []
    for (index, move) in moves.enumerated() {
      for (place, _) in move.changes {
        if let before = last[place] { arcs.append((index, before)) }
        last[place] = index
      }
    }
    return finish(shape, moves, arcs, safety, to, isPlain: false)
  }

  /// Some places after the other, in pairs of one that comes and one that goes, every end between being safe, too.
  private func searchByParts(_ shape: RowShape, _ to: [StateIndex], _ safety: RowSafety) -> [RowMove]? {
    let from = shape.from
    let changed = from.indices.filter { from[$0] != to[$0] }
    // Exclusive states first, then who comes beside who goes.
    let exclusive = changed.filter { place in
      [from[place], to[place]].contains { state in
        (0..<hops.count).contains { hops.areExclusive(state, StateIndex($0)) }
      }
    }
    let others = changed.filter { !exclusive.contains($0) }
    let coming = others.filter { hops.gainsData(StateChange(from[$0], to[$0])) }
    let going = others.filter { !coming.contains($0) }
    var queue = exclusive
    for index in 0..<max(coming.count, going.count) {
      if index < coming.count { queue.append(coming[index]) }
      if index < going.count { queue.append(going[index]) }
    }
    var row = from
    var moves: [RowMove] = []
    while !queue.isEmpty {
      let part = Array(queue.prefix(6))
      queue.removeFirst(part.count)
      var end = row
      for place in part { end[place] = to[place] }
      let hasServed = moves.contains { $0.servesData(hops) }
      guard let some = searchPart(shape, safety, part, from: row, to: end, hasServed) else { return nil }
      moves += some
      row = end
    }
    return moves
  }

  /// `part` and some that stay as they are, with all others out of the search's sight but not out of its counts.
  private func searchPart(
    _ shape: RowShape, _ safety: RowSafety, _ part: [Int], from row: [StateIndex], to end: [StateIndex],
    _ hasServed: Bool
  ) -> [RowMove]? {
    var search = StepSearch(shape, safety, to: end, from: row, moving: part, hasServed: hasServed)
    if case .found(let moves) = search.run(purposes(shape)) { return moves }
    return nil
  }

  // MARK: In a given order

  /// The way of a row whose copies come and go in the order of `events`, to `to`; nil: there is none, or it was not
  /// found. One replica may be missing for a while where `lacksOne`. Only levels with a rule count.
  func plan(
    _ shape: RowShape, to: [StateIndex], events: [(place: Int, gains: Bool)], lacksOne: Bool
  ) -> RowPlan? {
    var safety = RowSafety(hops, shape.labels, from: shape.from, to: end(shape)).atLevels(shape.ruledLevels)
    if lacksOne { safety = safety.lackingOne() }
    guard let moves = search(shape, to, safety, events: events) else { return nil }
    return ordered(shape, moves, safety, to)
  }
}
