/// Which of a plan's moves to make when not all may be made, where partitions differ in weight: those that leave least
/// weight outside the windows.
///
/// With weights that is a question of subset sums, so it is not searched to its end. From what nodes hold today, step
/// by step, while the budget lasts:
///
///     a move       of the node that is farthest out, the one that brings most into the windows
///     an exchange  of two moves there and back, where no move by itself does
///     a move       that brings nodes nearer to what the plan gives them, and none farther out
///
/// No step brings weight out of the windows; only where the budget is too small for any of them, one is begun.
///
/// O(arcs · log arcs), and what a node has of them for each move.
struct WeightInBudget {
  private let weighing: Weighing
  private let due: WeightedDue
  private let arcs: [MoveBudget.Arc]
  private(set) var isMade: [Bool]
  /// Weight and replicas of each node with the moves made so far, and in the plan.
  private let load: NodeTable<Int>
  private let count: NodeTable<Int32>
  private let goal: NodeTable<Int>
  /// The arcs at each node, heaviest first.
  private let arcsFrom: [[Int]]
  private let arcsTo: [[Int]]

  /// `due`: whose windows count. `weighing`: with all moves made. `isMade`: those that have to be made whatever the
  /// budget.
  init(_ weighing: Weighing, _ due: WeightedDue, _ arcs: [MoveBudget.Arc], isMade: [Bool]) throws(PlatError) {
    (self.weighing, self.due, self.arcs, self.isMade) = (weighing, due, arcs, isMade)
    let problem = weighing.problem
    load = try problem.arena.table(problem.nodeCount)
    goal = try problem.arena.table(problem.nodeCount)
    count = try problem.arena.table(problem.nodeCount)
    load.copy(from: weighing.load)
    goal.copy(from: weighing.load)
    count.copy(from: weighing.count)
    var (from, to) = (
      [[Int]](repeating: [], count: problem.nodeCount), [[Int]](repeating: [], count: problem.nodeCount)
    )
    for index in arcs.indices.sorted(by: {
      let (a, b) = (weighing.weight[arcs[$0].partition], weighing.weight[arcs[$1].partition])
      return a != b ? a > b : $0 < $1
    }) {
      from[arcs[index].from.int].append(index)
      to[arcs[index].to.int].append(index)
    }
    (arcsFrom, arcsTo) = (from, to)
    for (index, arc) in arcs.enumerated() where !isMade[index] { shift(arc, by: -1) }
  }

  /// Makes no more moves than the budget allows, beside those that have to be made.
  mutating func choose(atMost budget: Int) {
    var left = budget
    var isStuck = [Bool](repeating: false, count: load.count)
    while left > 0, let node = farthestOut(isStuck) {
      if let step = move(at: node) ?? (left > 1 ? exchange(at: node) : nil) {
        for arc in step { make(arc, &left, &isStuck) }
      } else {
        isStuck[node.int] = true
      }
    }
    if left == budget, budget > 0, due.outside(load) > 0 { begin(&left) }
    bringNearer(&left)
  }

  private func weight(_ arc: Int) -> Int { weighing.weight[arcs[arc].partition] }

  private func shift(_ arc: MoveBudget.Arc, by sign: Int) {
    let weight = sign * weighing.weight[arc.partition]
    load[arc.from] -= weight
    load[arc.to] += weight
    count[arc.from] -= Int32(sign)
    count[arc.to] += Int32(sign)
  }

  private mutating func make(_ arc: Int, _ left: inout Int, _ isStuck: inout [Bool]) {
    shift(arcs[arc], by: 1)
    isMade[arc] = true
    left -= arcs[arc].moves
    for node in [arcs[arc].from, arcs[arc].to] { isStuck[node.int] = false }
  }

  private func outside(_ node: NodeIndex, _ load: Int) -> Int {
    max(0, load - due.most[node], due.least[node] - load)
  }

  private func hasRoom(_ node: NodeIndex) -> Bool {
    count[node] < Int32(clamping: weighing.problem.cluster.capacity[node.int])
  }

  private func farthestOut(_ isStuck: [Bool]) -> NodeIndex? {
    var best: (node: NodeIndex, off: Int)?
    for index in 0..<load.count where !isStuck[index] {
      let off = outside(NodeIndex(index), load.base[index])
      if off > best?.off ?? 0 { best = (NodeIndex(index), off) }
    }
    return best?.node
  }

  /// What an arc, made now, brings into the windows.
  private func gain(_ arc: Int) -> Int {
    let (from, to, weight) = (arcs[arc].from, arcs[arc].to, weight(arc))
    return outside(from, load[from]) + outside(to, load[to])
      - outside(from, load[from] - weight) - outside(to, load[to] + weight)
  }

  /// The best move of a node that is out of its window.
  private func move(at node: NodeIndex) -> [Int]? {
    var best: (arc: Int, gain: Int)?
    for arc in load[node] > due.most[node] ? arcsFrom[node.int] : arcsTo[node.int] {
      guard !isMade[arc], hasRoom(arcs[arc].to) else { continue }
      let gain = gain(arc)
      if gain > best?.gain ?? 0 { best = (arc, gain) }
    }
    return best.map { [$0.arc] }
  }

  /// The best two moves between a node and another, there and back.
  private func exchange(at node: NodeIndex) -> [Int]? {
    var best: (arcs: [Int], gain: Int)?
    for there in arcsFrom[node.int].lazy.filter({ !isMade[$0] }).prefix(TrialLimits.WeightInBudget.exchangesTried) {
      let other = arcs[there].to
      let before = outside(node, load[node]) + outside(other, load[other])
      for back in arcsTo[node.int].lazy.filter({ !isMade[$0] && arcs[$0].from == other }).prefix(
        TrialLimits.WeightInBudget.exchangesTried)
      {
        let more = weight(back) - weight(there)
        let gain = before - outside(node, load[node] + more) - outside(other, load[other] - more)
        if gain > best?.gain ?? 0 { best = ([there, back], gain) }
      }
    }
    return best?.arcs
  }

  /// The budget is too small for any step: the move that leaves least outside.
  private mutating func begin(_ left: inout Int) {
    var best: (arc: Int, gain: Int)?
    for arc in arcs.indices where !isMade[arc] && arcs[arc].moves <= left && hasRoom(arcs[arc].to) {
      let gain = gain(arc)
      if best.map({ gain > $0.gain }) ?? true { best = (arc, gain) }
    }
    guard let best else { return }
    shift(arcs[best.arc], by: 1)
    isMade[best.arc] = true
    left -= arcs[best.arc].moves
  }

  /// What is left of the budget: moves that bring no node farther out, and both nearer to what the plan gives them.
  private mutating func bringNearer(_ left: inout Int) {
    for (arc, about) in arcs.enumerated() where !isMade[arc] && about.moves <= left && hasRoom(about.to) {
      let weight = weight(arc)
      let off = abs(load[about.from] - goal[about.from]) + abs(load[about.to] - goal[about.to])
      let then = abs(load[about.from] - weight - goal[about.from]) + abs(load[about.to] + weight - goal[about.to])
      guard then < off, gain(arc) >= 0 else { continue }
      shift(about, by: 1)
      isMade[arc] = true
      left -= about.moves
    }
  }
}
