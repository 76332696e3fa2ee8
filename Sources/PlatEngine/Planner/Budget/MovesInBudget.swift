/// Which of a plan's moves to make when not all may be made: those that bring what nodes hold nearest to what they hold
/// in the plan.
///
/// The moves are arcs between nodes; each node is to come down, or up, to its load in the plan. A chain of moves from
/// one that holds more to one that holds less brings one replica there, at the price of its moves. So this is a
/// minimum-cost flow, by shortest paths in a graph of these arcs alone, where a move that was chosen may be given up
/// again:
///
///     a ──▶ b      not made: costs its move        b ──▶ a     made: gives it back
///
/// Shortest paths come first, so for any budget nothing brings more replicas to where the plan wants them (Busacker and
/// Gowen 1961); of paths that cost the same, those from the nodes farthest above their windows. Loads only ever go from
/// today's towards the plan's: no node is farther out of its window than it was.
///
/// O(arcs) for each length of a path, and for each path.
struct MovesInBudget {
  private let arcs: [MoveBudget.Arc]
  private(set) var isMade: [Bool]
  private let nodeCount: Int
  /// What each node holds with the moves made so far, in the plan, and at most.
  private let load: NodeTable<Int32>
  private let goal: NodeTable<Int32>
  private let most: NodeTable<Int32>
  private let capacity: NodeTable<Int32>
  /// The arcs at each node, those that leave it and those that come.
  private let first: NodeTable<Int>
  private let arcsAt: PartitionTable<UInt32>
  /// Distance from where paths begin, moves in the high half, hops in the low; where each node is in its list.
  private let key: NodeTable<Int64>
  private let place: NodeTable<Int>
  /// The moves of each path that was sent within the budget, in order.
  private(set) var pathMoves: [Int] = []
  /// The arcs of the path that was sent last, its end first.
  private var trail: [Int] = []

  private static let move: Int64 = 1 << 32
  private static let unreached = Int64.max / 4

  /// `goal`: what each node holds with all of them made. `capacities`: the most that each may hold; nil: the cluster's.
  init(
    _ problem: Problem, _ windows: Due, _ goal: NodeTable<Int32>, _ arcs: [MoveBudget.Arc], capacities: [Int]? = nil
  ) throws(PlatError) {
    let capacities = capacities ?? problem.cluster.capacity
    self.arcs = arcs
    self.goal = goal
    nodeCount = problem.nodeCount
    most = windows.most
    isMade = Array(repeating: false, count: arcs.count)
    load = try problem.arena.table(nodeCount)
    load.copy(from: goal)
    capacity = try problem.arena.table(nodeCount)
    key = try problem.arena.table(nodeCount)
    place = try problem.arena.table(nodeCount)
    first = try problem.arena.table(nodeCount + 1)
    arcsAt = try problem.arena.table(2 * arcs.count)
    for arc in arcs {
      load[arc.from] += 1
      load[arc.to] -= 1
      first[arc.from] += 1
      first[arc.to] += 1
    }
    for node in 0..<nodeCount {
      capacity.base[node] = Int32(clamping: capacities[node])
      if node > 0 { first.base[node] += first.base[node - 1] }
    }
    first.base[nodeCount] = 2 * arcs.count
    for (index, arc) in arcs.enumerated().reversed() {
      for node in [arc.from, arc.to] {
        first[node] -= 1
        arcsAt.base[first[node]] = UInt32(index)
      }
    }
  }

  /// Makes all that capacities ask for, and of the others no more than the budget.
  mutating func choose(atMost budget: Int) {
    _ = bring(.max) { capacity, goal in max(capacity, goal) }
    var left = budget
    pathMoves.removeAll()
    left -= bring(left) { _, goal in goal }
    if left == budget, budget > 0 { beginChain(budget) }
  }

  /// Brings replicas from nodes above `floor` to nodes below their goal for at most so many moves; returns how many it
  /// took.
  private mutating func bring(_ budget: Int, floor: (_ capacity: Int32, _ goal: Int32) -> Int32) -> Int {
    var left = budget
    let floor = (0..<nodeCount).map { floor(capacity.base[$0], goal.base[$0]) }
    while let nearest = findDistances(from: floor) {
      let moves = Int(nearest >> 32)
      guard moves <= left else { break }
      for node in 0..<nodeCount { place.base[node] = first.base[node] }
      // Worst first, one each: of those that are level, everyone comes down by one before anyone comes down by two.
      let sources = (0..<nodeCount).filter { load.base[$0] > floor[$0] }.sorted {
        (-excess($0), $0) < (-excess($1), $1)
      }
      var (level, next) = (Int32.max, 0)
      var open: [Int] = []
      while !open.isEmpty || next < sources.count {
        if open.isEmpty { level = excess(sources[next]) }
        while next < sources.count, excess(sources[next]) >= level {
          open.append(sources[next])
          next += 1
        }
        open = open.filter { node in
          guard moves <= left, send(NodeIndex(node), nearest) else { return false }
          load.base[node] -= 1
          left -= moves
          pathMoves.append(moves)
          return load.base[node] > floor[node]
        }
        level -= 1
      }
    }
    return budget - left
  }

  private func excess(_ node: Int) -> Int32 { load.base[node] - most.base[node] }

  /// The budget is too small for the shortest chain: as much of one as fits, so that the rest is shorter. From its
  /// beginning, if too much is there and who is next may hold one more; else up to its end.
  private mutating func beginChain(_ budget: Int) {
    guard let nearest = findDistances(from: (0..<nodeCount).map { goal.base[$0] }) else { return }
    for node in 0..<nodeCount { place.base[node] = first.base[node] }
    let sources = (0..<nodeCount).filter { load.base[$0] > goal.base[$0] }
    guard let source = sources.max(by: { (excess($0), -$0) < (excess($1), -$1) }) else { return }
    let isAbove = excess(source) > 0
    trail.removeAll()
    guard send(NodeIndex(source), nearest) else { return }
    let isWhole = trail.allSatisfy { isMade[$0] }  // else it gives up a move that must be made
    for arc in trail { isMade[arc].toggle() }
    guard isWhole else { return }
    let begin = within(budget, trail.reversed())
    let mayBegin = isAbove && begin.last.map { load[arcs[$0].to] < capacity[arcs[$0].to] } ?? false
    for arc in mayBegin ? begin : within(budget, trail) { isMade[arc] = true }
  }

  /// The first of some arcs that the budget allows.
  private func within(_ budget: Int, _ chain: some Sequence<Int>) -> [Int] {
    var spent = 0
    return Array(
      chain.prefix { arc in
        spent += arcs[arc].moves
        return spent <= budget
      })
  }

  // MARK: Paths

  @inline(__always) private func forEachArc(
    _ node: NodeIndex, from start: Int, _ body: (_ place: Int, _ arc: Int, _ next: NodeIndex, _ step: Int64) -> Bool
  ) {
    for place in start..<first.base[node.int + 1] {
      let index = Int(arcsAt.base[place])
      let arc = arcs[index]
      guard isMade[index] == (arc.to == node) else { continue }
      let cost = Int64(arc.moves) * MovesInBudget.move
      if body(place, index, isMade[index] ? arc.from : arc.to, 1 + (isMade[index] ? -cost : cost)) { return }
    }
  }

  /// How far every node is from those above `floor`, as far as any end; nil where none is reached.
  private mutating func findDistances(from floor: [Int32]) -> Int64? {
    key.fill(with: MovesInBudget.unreached)
    var queue: [NodeIndex] = []
    var isQueued = [Bool](repeating: false, count: nodeCount)
    for node in 0..<nodeCount where load.base[node] > floor[node] {
      key.base[node] = 0
      queue.append(NodeIndex(node))
      isQueued[node] = true
    }
    var read = 0
    while read < queue.count {  // no cycle costs less than nothing, and hops count: so it ends
      let node = queue[read]
      read += 1
      isQueued[node.int] = false
      forEachArc(node, from: first[node]) { _, _, next, step in
        guard key[node] + step < key[next] else { return false }
        key[next] = key[node] + step
        if !isQueued[next.int] {
          isQueued[next.int] = true
          queue.append(next)
        }
        return false
      }
    }
    var nearest = MovesInBudget.unreached
    for node in 0..<nodeCount where load.base[node] < goal.base[node] { nearest = min(nearest, key.base[node]) }
    return nearest < MovesInBudget.unreached ? nearest : nil
  }

  /// One replica leaves a node along a shortest path. The caller books the node's own load.
  private mutating func send(_ node: NodeIndex, _ nearest: Int64) -> Bool {
    while true {
      var found: (place: Int, arc: Int, next: NodeIndex)?
      forEachArc(node, from: place[node]) { place, arc, next, step in
        guard key[next] == key[node] + step else { return false }
        found = (place, arc, next)
        return true
      }
      guard let found else {
        place[node] = first.base[node.int + 1]
        return false
      }
      place[node] = found.place
      isMade[found.arc].toggle()  // before what follows, which may not use it again
      if load[found.next] < goal[found.next], key[found.next] == nearest {
        load[found.next] += 1
      } else if !send(found.next, nearest) {
        isMade[found.arc].toggle()
        place[node] = found.place + 1
        continue
      }
      trail.append(found.arc)
      return true
    }
  }
}
