import PlatSearch

/// Which of the moves of plans to make when not all may be made, where partitions differ in weight: those that leave
/// least weight outside the windows of the maps, and of all together.
///
/// With weights that is a question of subset sums, so it is not searched to its end. From what nodes hold today, step
/// by step, while the budgets last:
///
///     a move       at the node that is farthest out, the one of any map that brings most into the windows
///     an exchange  of two moves there and back, where no move by itself does
///     a move       that brings nodes nearer to what the plan gives them, and none farther out
///
/// No step brings weight out of the windows; only where none can be made, moves are in the plan's order.
///
/// O(moves · log moves), and what a node has of them for each that is made.
struct WeightInBudget {
  /// A move that may be put off.
  private struct Move {
    let map: Int
    let arc: MoveBudget.Arc
    let weight: Int
  }

  private let nodeCount: Int
  private let capacity: [Int]
  /// Of each map, and of several of all together last.
  private let windows: [Windows]
  private let isSummed: Bool
  /// By windows and node, with the moves made so far, and in the plans.
  private var load: [Int]
  private var goal: [Int] = []
  /// Replicas of each node, of all maps.
  private var count: [Int]
  private var moves: [Move] = []
  private var isMade: [Bool] = []
  /// The moves at each node, heaviest first.
  private var movesFrom: [[Int]] = []
  private var movesTo: [[Int]] = []
  /// What is left of the budget of all, and of each map's.
  private var left = 0
  private var leftOfMap: [Int]

  init(nodeCount: Int, capacity: [Int], windows: [Windows], sums: Windows?) {
    (self.nodeCount, self.capacity, isSummed) = (nodeCount, capacity, sums != nil)
    leftOfMap = windows.map { _ in 0 }
    self.windows = windows + (sums.map { [$0] } ?? [])
    load = Array(repeating: 0, count: self.windows.count * nodeCount)
    count = Array(repeating: 0, count: nodeCount)
  }

  /// What nodes hold of a map as it is planned. O(P · R).
  mutating func hold(_ target: PlacementMap, _ slots: [Int], of map: Int, _ weights: [Int]) {
    for partition in 0..<target.partitionCount {
      let row = target.row(partition)
      for slot in slots where row[slot] != .none { hold(row[slot], map, weights[partition], 1) }
    }
  }

  /// Moves that a map's plan makes. Those that are not made yet are put off for now.
  mutating func add(_ arcs: [MoveBudget.Arc], isMade: [Bool], of map: Int, _ weights: [Int], atMost budget: Int) {
    leftOfMap[map] = budget
    moves += arcs.map { Move(map: map, arc: $0, weight: weights[$0.partition.int]) }
    self.isMade += isMade
  }

  /// Makes no more moves than the budget allows, beside those that have to be made. Returns of each map which of its
  /// moves are made, in their order.
  mutating func choose(atMost budget: Int) -> [[Bool]] {
    makeBest(atMost: budget)
    var result = [[Bool]](repeating: [], count: leftOfMap.count)
    for (move, isMade) in zip(moves, isMade) { result[move.map].append(isMade) }
    return result
  }

  private mutating func makeBest(atMost budget: Int) {
    (left, goal) = (budget, load)
    (movesFrom, movesTo) = (Array(repeating: [], count: nodeCount), Array(repeating: [], count: nodeCount))
    for index in moves.indices.sorted(by: { (moves[$1].weight, $0) < (moves[$0].weight, $1) }) {
      movesFrom[moves[index].arc.from.int].append(index)
      movesTo[moves[index].arc.to.int].append(index)
    }
    for index in moves.indices where !isMade[index] { shift(index, by: -1) }
    let before = isMade
    var isStuck = [Bool](repeating: false, count: nodeCount)
    while left > 0, let node = farthestOut(isStuck) {
      if let step = bestMove(at: node) ?? bestExchange(at: node) {
        for index in step {
          make(index)
          for node in [moves[index].arc.from, moves[index].arc.to] { isStuck[node.int] = false }
        }
      } else {
        isStuck[node] = true
      }
    }
    for index in moves.indices where mayMake(index) && gain(index) >= 0 && isNearer(index) { make(index) }
    guard before == isMade else { return }
    for index in moves.indices where mayMake(index) { make(index) }
  }

  // MARK: Loads

  private mutating func hold(_ node: NodeIndex, _ map: Int, _ weight: Int, _ sign: Int) {
    load[map * nodeCount + node.int] += sign * weight
    if isSummed { load[(windows.count - 1) * nodeCount + node.int] += sign * weight }
    count[node.int] += sign
  }

  private mutating func shift(_ index: Int, by sign: Int) {
    let move = moves[index]
    hold(move.arc.from, move.map, move.weight, -sign)
    hold(move.arc.to, move.map, move.weight, sign)
  }

  private mutating func make(_ index: Int) {
    shift(index, by: 1)
    isMade[index] = true
    left -= moves[index].arc.moves
    leftOfMap[moves[index].map] -= moves[index].arc.moves
  }

  private mutating func unmake(_ index: Int) {
    shift(index, by: -1)
    isMade[index] = false
    left += moves[index].arc.moves
    leftOfMap[moves[index].map] += moves[index].arc.moves
  }

  private func mayMake(_ index: Int) -> Bool {
    let move = moves[index]
    return !isMade[index] && move.arc.moves <= min(left, leftOfMap[move.map])
      && count[move.arc.to.int] < capacity[move.arc.to.int]
  }

  /// How far a node with `more` of a map is outside of that map's windows and those of all.
  private func outside(_ node: Int, _ map: Int, _ more: Int) -> Int {
    let own = windows[map].distance(node, load[map * nodeCount + node] + more)
    guard isSummed else { return own }
    let last = windows.count - 1
    return own + windows[last].distance(node, load[last * nodeCount + node] + more)
  }

  private func farthestOut(_ isStuck: [Bool]) -> Int? {
    var best: (node: Int, off: Int)?
    for node in 0..<nodeCount where !isStuck[node] {
      let off = windows.indices.reduce(0) { $0 + windows[$1].distance(node, load[$1 * nodeCount + node]) }
      if off > best?.off ?? 0 { best = (node, off) }
    }
    return best?.node
  }

  // MARK: Steps

  /// What a move brings into the windows.
  private func gain(_ index: Int) -> Int {
    let (move, weight) = (moves[index], moves[index].weight)
    let (from, to) = (move.arc.from.int, move.arc.to.int)
    return outside(from, move.map, 0) + outside(to, move.map, 0)
      - outside(from, move.map, -weight) - outside(to, move.map, weight)
  }

  private func bestMove(at node: Int) -> [Int]? {
    var best: (index: Int, gain: Int)?
    for index in movesFrom[node] + movesTo[node] where mayMake(index) {
      let gain = gain(index)
      if gain > best?.gain ?? 0 { best = (index, gain) }
    }
    return best.map { [$0.index] }
  }

  /// The best two moves that have a node in common.
  private mutating func bestExchange(at node: Int) -> [Int]? {
    guard left > 1 else { return nil }
    var best: (moves: [Int], gain: Int)?
    for first in candidates(at: [node]) {
      let alone = gain(first)
      let other = (moves[first].arc.from.int == node ? moves[first].arc.to : moves[first].arc.from).int
      make(first)
      for second in candidates(at: [node, other]) {
        let gain = alone + gain(second)
        if gain > best?.gain ?? 0 { best = ([first, second], gain) }
      }
      unmake(first)
    }
    return best?.moves
  }

  /// Moves at these nodes that may be made, the heaviest each way.
  private func candidates(at nodes: [Int]) -> [Int] {
    var result: [Int] = []
    for list in nodes.flatMap({ [movesFrom[$0], movesTo[$0]] }) {
      var left = TrialLimits.WeightInBudget.exchangesTried
      for index in list where mayMake(index) && left > 0 {
        result.append(index)
        left -= 1
      }
    }
    return result
  }

  /// Whether a move brings both nodes nearer to what the plan gives them of its map.
  private func isNearer(_ index: Int) -> Bool {
    let (move, weight) = (moves[index], moves[index].weight)
    let (from, to) = (move.map * nodeCount + move.arc.from.int, move.map * nodeCount + move.arc.to.int)
    return abs(load[from] - weight - goal[from]) + abs(load[to] + weight - goal[to])
      < abs(load[from] - goal[from]) + abs(load[to] - goal[to])
  }
}

extension Windows {
  fileprivate func distance(_ node: Int, _ value: Int) -> Int {
    max(0, least[node] - value, value - most[node])
  }
}
