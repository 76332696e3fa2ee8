/// `swap`: as many nodes come as leave. Exactly what a leaving node held moves, to its counterpart, replica for replica and
/// state for state; no other node changes anything. The bound is what the leaving nodes hold, and no plan can do with
/// less, since each of these replicas has to be received by somebody.
///
/// Nodes come when they are active and hold nothing. A counterpart weighs the same and may hold as much; it is in the same
/// innermost container that a hard rule caps, or else, as near in the tree as can be, where hard rules let in all that it
/// gets (a matching). Where there is no such pairing, or the map is not whole without it, nothing is swapped.
enum Swap {
  /// After `Keep`: fills what the leaving nodes held. `isChosenFreely`: nobody has asked for a swap, so it is made only
  /// if it leaves every node in its windows, where it is as good as any plan. Sets `operation` to what is done.
  /// O(N) where nobody leaves or not as many come; else O(P · R + leaving · coming · what a node holds).
  static func run(
    _ problem: Problem, _ due: Due, _ placement: inout Placement, isChosenFreely: Bool, operation: inout Operation
  ) throws(PlatError) -> Bool {
    guard operation == .swap || (operation == .rebalance && isChosenFreely) else { return false }
    operation = .rebalance
    let cluster = problem.cluster
    let leaving = cluster.status.count { $0 == .leaving }
    guard leaving > 0, !problem.hasSlaveOnly, placement.letGo == 0, let current = problem.current,
      current.slotCounts == placement.target.slotCounts, current.partitionCount == problem.partitionCount
    else { return false }
    let coming = (0..<problem.nodeCount).map { NodeIndex($0) }.filter {
      problem.receives[$0] && placement.load[$0] == 0 && cluster.capacity[$0.int] > 0
        && cluster.cluster.nodes[$0.int].weight != .zero
    }
    guard !coming.isEmpty, coming.count <= leaving else { return false }
    guard let left = Left(problem, placement, current), left.nodes.count == coming.count,
      let counterpart = Pairing(problem, placement, left, coming).counterparts()
    else { return false }
    var isGood = fill(problem, &placement, current, counterpart)
    if isGood, isChosenFreely {
      isGood = Balance(placement, due).isSettled ? try areRolesBalanced(problem, due, placement) : false
    }
    guard isGood else {
      empty(problem, &placement, left)
      return false
    }
    operation = .swap
    return true
  }

  /// The open slots of all rows: who held them, and which partitions each held.
  struct Left {
    var nodes: [NodeIndex] = []
    var partitionsOf: [[Int]]
    var slots: [Int] = []

    /// Nil where something is missing for another reason.
    init?(_ problem: Problem, _ placement: Placement, _ current: PlacementMap) {
      partitionsOf = Array(repeating: [], count: problem.nodeCount)
      for partition in placement.missing.lazy.map(\.int) {
        for slot in 0..<problem.replicas where placement.row(partition)[slot] == .none {
          let node = current.row(partition)[slot]
          guard node != .none, problem.cluster.status[node.int] == .leaving else { return nil }
          if partitionsOf[node.int].isEmpty { nodes.append(node) }
          partitionsOf[node.int].append(partition)
          slots.append(partition * problem.replicas + slot)
        }
      }
      nodes.sort()
    }
  }

  /// Puts counterparts where leaving nodes were; false where a row would break a hard rule.
  private static func fill(
    _ problem: Problem, _ placement: inout Placement, _ current: PlacementMap, _ counterpart: [NodeIndex]
  ) -> Bool {
    var isLegal = true
    for partition in placement.missing.lazy.map(\.int) {
      let row = placement.row(partition)
      for slot in 0..<problem.replicas where row[slot] == .none {
        let node = counterpart[current.row(partition)[slot].int]
        row[slot] = node
        placement.load[node] += 1
        placement.placed += 1
      }
      isLegal = isLegal && problem.hard.allow(row, width: problem.replicas) && StateRules.breach(problem, row) == nil
    }
    return isLegal
  }

  private static func empty(_ problem: Problem, _ placement: inout Placement, _ left: Left) {
    for slot in left.slots {
      placement.load[placement.rows[slot]] -= 1
      placement.rows[slot] = .none
      placement.placed -= 1
    }
  }

  /// O(states · N + concerned · R).
  private static func areRolesBalanced(
    _ problem: Problem, _ due: Due, _ placement: Placement
  ) throws(PlatError) -> Bool {
    let total: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
    total.copy(from: placement.load)
    var first = 0
    for windows in due.roles {
      let slots = first..<(first + problem.wanted[windows.state])
      let count: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
      placement.addHolders(problem, state: windows.state, slots: slots, to: count)
      for node in 0..<problem.nodeCount {
        let window = windows.window(NodeIndex(node), total: total.base[node])
        if count.base[node] < window.least || count.base[node] > window.most { return false }
        total.base[node] -= count.base[node]
      }
      first = slots.upperBound
    }
    return true
  }
}

/// Who takes over from whom.
private struct Pairing {
  let problem: Problem
  let placement: Placement
  let left: Swap.Left
  let coming: [NodeIndex]
  private let weight: [String]
  private var takerOf: [NodeIndex: NodeIndex] = [:]  // looked up only
  private var giverTo: [NodeIndex: NodeIndex] = [:]

  init(_ problem: Problem, _ placement: Placement, _ left: Swap.Left, _ coming: [NodeIndex]) {
    self.problem = problem
    self.placement = placement
    self.left = left
    self.coming = coming
    var weight = [String](repeating: "", count: problem.nodeCount)
    for node in left.nodes + coming { weight[node.int] = Rational(problem.cluster.cluster.nodes[node.int].weight).description }
    self.weight = weight
  }

  /// For each leaving node its counterpart; nil where not all have one.
  consuming func counterparts() -> [NodeIndex]? {
    var pairing = self
    return pairing.match()
  }

  private mutating func match() -> [NodeIndex]? {
    // Those who hold most choose first; within a box any pair is legal.
    let givers = left.nodes.sorted { (left.partitionsOf[$1.int].count, $0) < (left.partitionsOf[$0.int].count, $1) }
    var counterpart = [NodeIndex](repeating: .none, count: problem.nodeCount)
    for giver in givers {
      var tried: Set<NodeIndex> = []
      guard findTaker(for: giver, &tried) else { return nil }
    }
    for giver in givers { counterpart[giver.int] = takerOf[giver]! }
    return counterpart
  }

  /// An augmenting path (Kuhn): the nearest free counterpart, else one whose giver finds another.
  private mutating func findTaker(for giver: NodeIndex, _ tried: inout Set<NodeIndex>) -> Bool {
    let choice = coming.filter { !tried.contains($0) && mayTake($0, from: giver) }
      .sorted { (depth($1, giver), $0) < (depth($0, giver), $1) }
    if let free = choice.first(where: { giverTo[$0] == nil }) {
      (takerOf[giver], giverTo[free]) = (free, giver)
      return true
    }
    for taker in choice where !tried.contains(taker) {
      tried.insert(taker)
      guard findTaker(for: giverTo[taker]!, &tried) else { continue }
      (takerOf[giver], giverTo[taker]) = (taker, giver)
      return true
    }
    return false
  }

  private func mayTake(_ taker: NodeIndex, from giver: NodeIndex) -> Bool {
    let partitions = left.partitionsOf[giver.int]
    guard weight[taker.int] == weight[giver.int], partitions.count <= problem.cluster.capacity[taker.int] else { return false }
    if problem.leafBoxOfNode[taker] == problem.leafBoxOfNode[giver] { return true }
    return partitions.allSatisfy { problem.allows(placement.row($0), leaving: -1, to: taker) }
  }

  /// How many levels of the tree two nodes share.
  private func depth(_ a: NodeIndex, _ b: NodeIndex) -> Int {
    problem.cluster.levels.prefix { $0.containerOfNode[a.int] == $0.containerOfNode[b.int] }.count
  }
}
