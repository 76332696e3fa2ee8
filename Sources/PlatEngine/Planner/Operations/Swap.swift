/// `swap`: as many nodes come as leave. Exactly what a leaving node held moves, to its counterpart, replica for replica
/// and state for state; no other node changes anything. The bound is what the leaving nodes hold, and no plan can do
/// with less, since each of these replicas has to be received by somebody.
///
/// Nodes come when they are active and hold nothing. A counterpart weighs the same and may hold as much; it is in the
/// same innermost container that a hard rule caps, or else, as near in the tree as can be, where hard rules let in all
/// that it gets (a matching). Where there is no such pairing, or the map is not whole without it, nothing is swapped.
///
/// Who leaves and holds nothing needs no counterpart: then a node that comes may stay empty. Several maps on the same
/// nodes agree on counterparts where they can, so that each takes over all that its donor held of any map.
enum Swap {
  /// After `Keep`: fills what the leaving nodes held. `isChosenFreely`: nobody has asked for a swap, so it is made only
  /// if it leaves every node in its windows, where it is as good as any plan. Sets `operation` to what is done.
  /// O(N) where nobody leaves or not as many come; else O(P · R + leaving · coming · what a node holds).
  static func run(
    _ problem: Problem, _ due: Due, _ placement: inout Placement, isChosenFreely: Bool, counterparts: [NodeIndex]?,
    operation: inout Operation
  ) throws(PlatError) -> Bool {
    guard operation == .swap || (operation == .rebalance && isChosenFreely) else { return false }
    operation = .rebalance
    let cluster = problem.cluster
    let leaving = cluster.status.count(where: \.isDrained)
    guard leaving > 0, !problem.hasSlaveOnly, placement.letGo == 0, let current = problem.current,
      current.slotCounts == placement.target.slotCounts, current.partitionCount == problem.partitionCount
    else { return false }
    guard let left = Left(problem, placement, current), !left.nodes.isEmpty else { return false }
    var found = counterparts
    if found == nil {
      let coming = (0..<problem.nodeCount).map { NodeIndex($0) }.filter { mayCome(problem, placement, $0) }
      guard coming.count <= leaving else { return false }
      found = Pairing([Part(problem, placement, left)], coming) { cluster.capacity[$0.int] }.counterparts()
    }
    guard let counterpart = found else { return false }
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

  private static func mayCome(_ problem: Problem, _ placement: Placement, _ node: NodeIndex) -> Bool {
    problem.receives[node] && placement.load[node] == 0 && problem.cluster.capacity[node.int] > 0
      && problem.cluster.cluster.nodes[node.int].weight != .zero
  }

  /// The counterparts that several maps agree on; nil: there are none.
  /// O(maps · P · R + leaving · coming · what a node holds).
  static func counterparts(
    _ group: DenseGroup, from currents: [PlacementMap?], options: PlanRequest
  ) throws(PlatError) -> [NodeIndex]? {
    var parts: [Part] = []
    var coming = (0..<group.nodeCount).map { NodeIndex($0) }
    for (cluster, current) in zip(group.clusters, currents) {
      guard let current, current.slotCounts == cluster.dataWanted, current.partitionCount == cluster.partitionCount
      else {
        return nil
      }
      let arena = try Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt)
      let problem = try Problem(cluster, current: current, arena: arena)
      var placement = try Placement(
        problem, target: PlacementMap(unfilled: cluster.partitionCount, slotCounts: cluster.dataWanted, arena: arena))
      placement.changed.isTracked = true
      Keep.run(problem, &placement)
      guard placement.letGo == 0, let left = Left(problem, placement, current) else { return nil }
      coming = coming.filter { mayCome(problem, placement, $0) }
      parts.append(Part(problem, placement, left))
    }
    return Pairing(parts, coming) { group.group.shared.nodes[$0.int].room }.counterparts()
  }

  /// One of the maps that swap.
  fileprivate struct Part {
    let problem: Problem
    let placement: Placement
    let left: Left

    init(_ problem: Problem, _ placement: Placement, _ left: Left) {
      (self.problem, self.placement, self.left) = (problem, placement, left)
    }
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
          guard node != .none, problem.cluster.status[node.int].isDrained else { return nil }
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

/// Who takes over from whom, in all of some maps.
private struct Pairing {
  private let parts: [Swap.Part]
  private let coming: [NodeIndex]
  private let donors: [NodeIndex]
  /// What each node holds that must go.
  private let load: [Int]
  private let capacity: (NodeIndex) -> Int
  private let weight: [String]
  private var receiverOf: [NodeIndex: NodeIndex] = [:]  // looked up only
  private var donorTo: [NodeIndex: NodeIndex] = [:]

  init(_ parts: [Swap.Part], _ coming: [NodeIndex], capacity: @escaping (NodeIndex) -> Int) {
    (self.parts, self.coming, self.capacity) = (parts, coming, capacity)
    let nodes = parts.first?.problem.cluster.cluster.nodes ?? []
    var load = [Int](repeating: 0, count: nodes.count)
    for part in parts {
      for donor in part.left.nodes { load[donor.int] += part.left.partitionsOf[donor.int].count }
    }
    // Those who hold most choose first; within a box any pair is legal.
    donors = load.indices.filter { load[$0] > 0 }.sorted { (load[$1], $0) < (load[$0], $1) }.map { NodeIndex($0) }
    var weight = [String](repeating: "", count: nodes.count)
    for node in donors + coming { weight[node.int] = Rational(nodes[node.int].weight).description }
    self.load = load
    self.weight = weight
  }

  /// For each leaving node its counterpart; nil where not all have one.
  consuming func counterparts() -> [NodeIndex]? {
    var pairing = self
    return pairing.match()
  }

  private mutating func match() -> [NodeIndex]? {
    guard donors.count <= coming.count else { return nil }
    var counterpart = [NodeIndex](repeating: .none, count: load.count)
    for donor in donors {
      var tried: Set<NodeIndex> = []
      guard findReceiver(for: donor, &tried) else { return nil }
    }
    for donor in donors { counterpart[donor.int] = receiverOf[donor]! }
    return counterpart
  }

  /// An augmenting path (Kuhn): the nearest free counterpart, else one whose donor finds another.
  private mutating func findReceiver(for donor: NodeIndex, _ tried: inout Set<NodeIndex>) -> Bool {
    let choice = coming.filter { !tried.contains($0) && mayTake($0, from: donor) }
      .sorted { (depth($1, donor), $0) < (depth($0, donor), $1) }
    if let free = choice.first(where: { donorTo[$0] == nil }) {
      (receiverOf[donor], donorTo[free]) = (free, donor)
      return true
    }
    for receiver in choice where !tried.contains(receiver) {
      tried.insert(receiver)
      guard findReceiver(for: donorTo[receiver]!, &tried) else { continue }
      (receiverOf[donor], donorTo[receiver]) = (receiver, donor)
      return true
    }
    return false
  }

  private func mayTake(_ receiver: NodeIndex, from donor: NodeIndex) -> Bool {
    guard weight[receiver.int] == weight[donor.int], load[donor.int] <= capacity(receiver) else { return false }
    return parts.allSatisfy { part in
      let problem = part.problem
      if problem.leafBoxOfNode[receiver] == problem.leafBoxOfNode[donor] { return true }
      return part.left.partitionsOf[donor.int].allSatisfy {
        problem.allows(part.placement.row($0), leaving: -1, to: receiver)
      }
    }
  }

  /// How many levels of the tree two nodes share.
  private func depth(_ a: NodeIndex, _ b: NodeIndex) -> Int {
    parts[0].problem.cluster.levels.prefix { $0.containerOfNode[a.int] == $0.containerOfNode[b.int] }.count
  }
}
