/// One local search for all rules together: changes are proposed by neighbourhoods, and taken by what they come to in
/// the order of aims.
///
///     start ─► cool down, aims traded at prices ─► descend, aims strictly in order ─► the better of both ─► again
///
/// While it cools down a change that costs less than the present threshold is taken, so that what needs several changes
/// is found; windows and hard rules may be left on the way, at a price that grows from stage to stage. The descent then
/// takes only what is no worse by the order of aims. The answer is never worse than the start.
///
/// Deterministic: one seed, integers only, work counted in changes tried.
public struct LocalSearch: ~Copyable {
  var state: SearchState
  var random: SearchRandom
  var prices = SearchPrices()
  /// Unfilled slots; nodes above and below a window. As of the last refresh.
  var holes: [Int32] = []
  private var over: [Int32] = []
  private var under: [Int32] = []
  let levels: [Level]
  let hasSets: Bool
  private let neighbourhoods: [Neighbourhood]

  /// A kind of change, and how often of 64 it is tried.
  private enum Neighbourhood {
    case shift, fill, swapStates, exchangeRows, chain, comeHome, boxes, rebuild, pair, copyRow, peer
  }

  /// The containers of a level that some rule is about, by their nodes.
  struct Level: Sendable {
    let containerOfNode: [Int32]
    private let first: [Int32]
    private let nodes: [Int32]

    init(_ containerOfNode: [Int32], count: Int) {
      self.containerOfNode = containerOfNode
      var lists = [[Int32]](repeating: [], count: count)
      for (node, container) in containerOfNode.enumerated() { lists[Int(container)].append(Int32(node)) }
      nodes = lists.flatMap { $0 }
      first = lists.reduce(into: [0]) { $0.append($0[$0.count - 1] + Int32($1.count)) }
    }

    func container(_ node: Int) -> Int { Int(containerOfNode[node]) }
    func nodes(of container: Int) -> ArraySlice<Int32> { nodes[Int(first[container])..<Int(first[container + 1])] }
  }

  private init(_ problem: SearchProblem, start: [Int32], seed: UInt64) {
    state = SearchState(problem, start: start)
    random = SearchRandom(seed: seed)
    var tables: [[Int32]] = []
    var levels: [Level] = []
    let all = problem.colocations.map { ($0.containerOfNode, $0.containerCount) }
      + problem.bounds.map { ($0.containerOfNode, $0.containerCount) }
    for (table, count) in all where !table.contains(-1) && !tables.contains(table) {
      tables.append(table)
      levels.append(Level(table, count: count))
    }
    self.levels = levels
    hasSets = problem.hasSets
    let total = problem.amounts.reduce(0, +)
    prices.resolution = max(1, problem.amounts.isEmpty ? 1 : problem.amounts.sorted()[problem.rowCount / 2])
    while total >> prices.shift > 1 << 36 { prices.shift += 1 }
    prices.resolution = max(1, prices.resolution >> prices.shift)
    neighbourhoods = Self.table(problem)
  }

  private static func table(_ problem: SearchProblem) -> [Neighbourhood] {
    var parts: [(Neighbourhood, Int)] = [
      (.shift, 20), (.fill, 4), (.exchangeRows, 10), (.chain, 8), (.comeHome, 8), (.rebuild, 2),
    ]
    if problem.width > 1 { parts.append((.swapStates, 12)) }
    if !problem.colocations.isEmpty {
      parts.append((.boxes, 16))
    } else if !problem.bounds.isEmpty {
      parts.append((.boxes, 2))
    }
    if problem.hasPeers { parts += [(.pair, 16), (.copyRow, 6), (.peer, 20)] }
    return parts.flatMap { Array(repeating: $0.0, count: $0.1) }
  }

  // MARK: Running

  /// The best placement found from `starts` (each rows × width, −1: unfilled), and its score; no worse than any of
  /// them.
  /// `isEnough`: nothing better is to be had; `isNearly`: hardly anything. `isPolish`: placed and balanced already, so
  /// that less work will do. O(work of `SearchLimits`). `isCancelled` is asked now and then.
  public static func run(
    _ problem: SearchProblem, starts: [[Int32]], seed: UInt64 = 1, isPolish: Bool = false,
    isEnough: (SearchScore) -> Bool, isNearly: (SearchScore) -> Bool = { _ in false },
    isCancelled: () -> Bool = { false }
  ) -> (rows: [Int32], score: SearchScore) {
    precondition(!starts.isEmpty, "a search begins somewhere")
    var best = (rows: starts[0], score: score(problem, starts[0]))
    for start in starts.dropFirst() {
      let score = score(problem, start)
      if score < best.score { best = (start, score) }
    }
    guard !isEnough(best.score), problem.rowCount > 0, problem.width > 0, problem.nodeCount > 1 else { return best }
    let proposals = SearchLimits.proposals(problem, isPolish: isPolish)
    let rounds = SearchLimits.rounds(problem, isPolish: isPolish)
    var (round, idle) = (0, 0)
    func mayGoOn() -> Bool {
      let isNearby = best.score.isPlaced && isNearly(best.score)
      let most = isNearby ? SearchLimits.idleNearby : best.score.isPlaced ? rounds.idle : SearchLimits.idleInShortage
      return round < rounds.most && idle < most
    }
    while mayGoOn(), !isEnough(best.score), !isCancelled() {
      let (isAnew, skipping) = SearchLimits.round(round, slots: problem.rowCount * problem.width)
      let from = isAnew ? starts[round % starts.count] : best.rows
      var search = LocalSearch(problem, start: from, seed: seed &* 1000 &+ UInt64(round))
      // Now hard rules are left on the way, now hardly ever: which does depends on the problem.
      search.prices.broken = round % 2 == 0 ? 400 : 100
      search.cool(proposals, skipping: skipping, isCancelled)
      search.state.assertInvariants()
      idle += 1
      if search.state.score < best.score { (best, idle) = ((search.state.current, search.state.score), 0) }
      round += 1
    }
    return best
  }

  /// What lies outside the windows of each of several maps.
  public static func outsideOfMaps(_ problem: SearchProblem, _ rows: [Int32]) -> [Int] {
    let state = SearchState(problem, start: rows)
    return (0..<state.mapCount).map { map in
      (0..<state.nodeCount).reduce(0) { sum, node in
        (0...problem.stateCount).reduce(sum) { $0 + abs(state.excess(node, inState: $1, ofMap: map)) }
      }
    }
  }

  public static func score(_ problem: SearchProblem, _ rows: [Int32]) -> SearchScore {
    SearchState(problem, start: rows).score
  }

  /// Stages in which windows and hard rules cost more and more and the threshold falls; in the last one it is below a
  /// move, so that only soft rules and states still wander. Then the descent. `skipping`: so many of the first, hottest
  /// stages are left out.
  private mutating func cool(_ proposals: Int, skipping: Int, _ isCancelled: () -> Bool) {
    let base = prices
    for stage in Self.stages.dropFirst(skipping) {
      prices.broken = base.broken * stage.factor
      prices.outside = base.outside * stage.factor
      prices.outsideStates = base.outsideStates * stage.factor
      anneal(proposals * stage.part / 16, hottest: stage.hottest * prices.resolution, isCancelled)
    }
    prices = base
    descend(proposals * 3 / 16, isCancelled)
  }

  private static let stages: [(factor: Int, part: Int, hottest: Int)] = [(1, 5, 24), (4, 3, 14), (16, 2, 7), (64, 3, 3)]

  private mutating func anneal(_ count: Int, hottest: Int, _ isCancelled: () -> Bool) {
    var energy = prices.energy(state.score)
    for index in 0..<count {
      if index % SearchLimits.refresh == 0 {
        refresh()
        if isCancelled() { return }
      }
      let threshold = hottest * (count - index) / count
      state.begin()
      guard propose() else {
        state.undo()
        continue
      }
      state.close()
      let after = prices.energy(state.score)
      if after <= energy || after - energy <= (threshold * random.below(1024)) >> 10 {
        energy = after
        state.keep()
      } else {
        state.undo()
      }
    }
  }

  private mutating func descend(_ count: Int, _ isCancelled: () -> Bool) {
    for index in 0..<count {
      if index % SearchLimits.refresh == 0 {
        refresh()
        if isCancelled() { return }
      }
      state.begin()
      guard propose() else {
        state.undo()
        continue
      }
      state.close()
      if state.before < state.score { state.undo() } else { state.keep() }
    }
  }

  private mutating func propose() -> Bool {
    switch neighbourhoods[random.below(neighbourhoods.count)] {
    case .shift: shift()
    case .fill: fill()
    case .swapStates: swapStates()
    case .exchangeRows: exchangeRows()
    case .chain: chain()
    case .comeHome: comeHome()
    case .boxes: moveBetweenBoxes()
    case .rebuild: rebuild()
    case .pair: transferPair()
    case .copyRow: copyRow()
    case .peer: shiftToPeer()
    }
  }

  // MARK: Where to look

  private mutating func refresh() {
    holes.removeAll(keepingCapacity: true)
    over.removeAll(keepingCapacity: true)
    under.removeAll(keepingCapacity: true)
    if state.score.unfilled + state.score.leaderless > 0 {
      for slot in 0..<(state.rowCount * state.width)
      where state.rows[slot] < 0 && state.stateOfSlot[slot] != SearchShape.noState {
        holes.append(Int32(slot))
      }
    }
    for node in 0..<state.nodeCount { note(node) }
  }

  private mutating func note(_ node: Int) {
    var (isOver, isUnder) = (false, false)
    func look(_ excess: Int) {
      isOver = isOver || excess > 0
      isUnder = isUnder || excess < 0
    }
    let states = state.problem.stateCount
    look(state.excess(node))
    for map in 0..<state.mapCount { look(state.excess(node, inState: states, ofMap: map)) }
    if state.score.outside == 0 {
      for one in 0..<states {
        look(state.excess(node, inState: one))
        for map in 0..<state.mapCount { look(state.excess(node, inState: one, ofMap: map)) }
      }
      if state.score.outsideLeading + state.score.outsideStates == 0 {
        isOver = isOver || state.excessCount(node) > 0
        isUnder = isUnder || state.excessCount(node) < 0
      }
    }
    if isOver { over.append(Int32(node)) }
    if isUnder { under.append(Int32(node)) }
  }

  /// A slot, rather one that has moved, of a row that breaks a rule, or of a node that has too much; −1: the node
  /// picked has none.
  mutating func pickSlot() -> Int {
    let node: Int
    switch random.below(16) {
    case 0..<5 where !state.away.isEmpty: return state.away.any(&random)
    case 5 where !state.breaching.isEmpty:
      return state.breaching.any(&random) * state.width + random.below(state.width)
    case 0..<12 where !over.isEmpty: node = Int(over[random.below(over.count)])
    case 0..<14 where !state.away.isEmpty: node = pickConcerned()
    default: return random.below(state.rowCount * state.width)
    }
    let count = state.replicas.count(node)
    return count == 0 ? -1 : state.replicas.slot(node, random.below(count))
  }

  /// A node, rather one that has too little.
  mutating func pickReceiver() -> Int {
    if !under.isEmpty, random.happens(10) { return Int(under[random.below(under.count)]) }
    return !state.away.isEmpty && random.happens(8) ? pickConcerned() : random.below(state.nodeCount)
  }

  /// A node that holds the row today; −1: nobody does.
  mutating func pickHome(_ row: Int) -> Int {
    let homes = state.homes(row)
    return homes.isEmpty ? -1 : Int(state.homeNode[homes.lowerBound + random.below(homes.count)])
  }

  /// A node of a row of which something has moved, or that it has moved from.
  private mutating func pickConcerned() -> Int {
    let slot = state.away.any(&random)
    let row = slot / state.width
    if random.happens(6), !state.homes(row).isEmpty { return pickHome(row) }
    let node = Int(state.rows[random.happens(8) ? slot : row * state.width + random.below(state.width)])
    return node >= 0 ? node : random.below(state.nodeCount)
  }
}
