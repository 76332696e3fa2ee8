/// `settings.balance.moveBudget` of several maps whose partitions differ in weight: the document's own is for all of
/// them together, a map's own for that one.
///
/// The maps are planned without a thought of it. From what nodes hold with all moves for balance put off, step by step,
/// while budgets last: the move of any map that brings most into the windows of its map and of the sums, or two where
/// no one does; then those that bring nothing out of them; and where none did, as many as may be made in the plan's
/// order, so that planning on goes on.
///
/// O(moves) for each that is made, and as much for each pair that is tried.
struct WeightedGroupBudget {
  private let sums: WeightSums
  private let weights: GroupWeights
  private var scores: [WeightSums.BalanceScore]
  private var windows: WeightSums.Windows
  private var members: [Member] = []
  private var left: Int

  private struct Member {
    let map: Int
    let problem: Problem
    let due: Due
    let kept: MoveBudget
    let arcs: [MoveBudget.Arc]
    var placement: Placement
    /// What is left of the map's own budget.
    var left: Int
    var isMade: [Bool]
    /// Replicas of each node with the moves made so far.
    var count: [Int]
  }

  /// Puts moves of finished plans off. Returns the maps that it has changed.
  static func holdBack(
    _ group: DenseGroup, _ clusters: [DenseCluster], _ weights: GroupWeights, _ sums: WeightSums,
    _ scores: [WeightSums.BalanceScore],
    from currents: [PlacementMap?], _ plans: inout [Plan?], options: PlanRequest
  ) throws(PlatError) -> [Int] {
    let shared = group.group.shared.settings.balance.moveBudget ?? .max
    var budget = WeightedGroupBudget(
      sums: sums, weights: weights, scores: scores, windows: sums.windows(scores), left: shared)
    for (map, cluster) in clusters.enumerated() {
      let most = min(shared, group.clusters[map].cluster.settings.balance.moveBudget ?? .max)
      guard let current = currents[map], let plan = plans[map], most < .max else { continue }
      try budget.add(map, cluster, current, plan.target, most: most, options)
    }
    let arcs = budget.members.reduce(0) { $0 + $1.arcs.count }
    guard arcs > shared || budget.members.contains(where: { $0.arcs.count > $0.left }) else { return [] }
    budget.choose()
    var changed: [Int] = []
    for index in budget.members.indices {
      guard let (target, putOff) = try budget.undo(index, options) else { continue }
      let map = budget.members[index].map
      plans[map]?.target = target
      plans[map]?.movesHeldBack = putOff
      changed.append(map)
    }
    return changed
  }

  private init(
    sums: WeightSums, weights: GroupWeights, scores: [WeightSums.BalanceScore], windows: WeightSums.Windows, left: Int
  ) {
    (self.sums, self.weights, self.scores, self.windows, self.left) = (sums, weights, scores, windows, left)
  }

  private mutating func add(
    _ map: Int, _ cluster: DenseCluster, _ current: PlacementMap, _ planned: PlacementMap, most: Int,
    _ options: PlanRequest
  ) throws(PlatError) {
    guard
      let (problem, placement, kept, arcs) = try MoveBudget.ofPlan(cluster, from: current, planned, most: most, options)
    else { return }
    let due = try Due(problem, held: placement.load)
    var isMade = arcs.map { $0.moves == 0 }
    if problem.fanOut?.strength != .hard {
      // What capacities ask for is made whatever the budget.
      var needed = try MovesInBudget(problem, due, placement.load, arcs)
      needed.choose(atMost: 0)
      for arc in arcs.indices where needed.isMade[arc] { isMade[arc] = true }
    }
    var member = Member(
      map: map, problem: problem, due: due, kept: kept, arcs: arcs, placement: placement, left: most, isMade: isMade,
      count: (0..<cluster.nodeCount).map { Int(placement.load.base[$0]) })
    for (index, arc) in arcs.enumerated() where !isMade[index] {
      member.count[arc.to.int] -= 1
      member.count[arc.from.int] += 1
      let changes = changes(arc, map, by: -1)
      scores[map].add(changes)
      windows.add(changes)
    }
    members.append(member)
  }

  private func changes(_ arc: MoveBudget.Arc, _ map: Int, by sign: Int = 1) -> [WeightSums.Change] {
    let weight = sign * weights.of[map].of[arc.partition.int] * weights.scale[map]
    return [
      .init(place: sums.total, node: arc.from.int, by: -weight), .init(place: sums.total, node: arc.to.int, by: weight),
    ]
  }

  // MARK: what is made

  private typealias Choice = (member: Int, arc: Int)

  private mutating func choose() {
    var hasMade = false
    for index in members.indices where members[index].problem.fanOut?.strength == .hard {
      // Moves within a hard limit on peers are chosen by themselves (`undo`).
      members[index].left = min(members[index].left, left)
      left -= min(members[index].left, members[index].arcs.count)
    }
    while let arcs = best(above: 0) ?? bestPair() {
      arcs.forEach { make($0) }
      hasMade = true
    }
    while let arcs = best(above: -1) {
      arcs.forEach { make($0) }
      hasMade = true
    }
    guard !hasMade else { return }
    for index in members.indices {
      for arc in members[index].arcs.indices where mayMake((index, arc)) { make((index, arc)) }
    }
  }

  private func mayMake(_ choice: Choice) -> Bool {
    let member = members[choice.member]
    let arc = member.arcs[choice.arc]
    return !member.isMade[choice.arc] && member.problem.fanOut?.strength != .hard && arc.moves <= min(left, member.left)
      && member.count[arc.to.int] < member.problem.cluster.capacity[arc.to.int]
  }

  /// What it brings into the windows of its map and of the sums.
  private func gain(_ choice: Choice) -> Int {
    let changes = changes(members[choice.member].arcs[choice.arc], members[choice.member].map)
    return scores[members[choice.member].map].spares(changes) + windows.spares(changes)
  }

  private func best(above least: Int) -> [Choice]? {
    var best: (choice: Choice, gain: Int)?
    for index in members.indices {
      for arc in members[index].arcs.indices where mayMake((index, arc)) {
        let gain = gain((index, arc))
        if gain > best?.gain ?? least { best = ((index, arc), gain) }
      }
    }
    return best.map { [$0.choice] }
  }

  /// Two that have a node in common.
  private mutating func bestPair() -> [Choice]? {
    guard left > 1 else { return nil }
    var best: (arcs: [Choice], gain: Int)?
    var tried = 0
    let all = members.indices.flatMap { index in
      members[index].arcs.indices.filter { mayMake((index, $0)) }.map { (index, $0) }
    }
    for first in all where tried < TrialLimits.WeightedGroupBudget.pairsTried {
      let one = members[first.0].arcs[first.1]
      let alone = gain(first)
      let before = (members, scores, windows, left)
      make(first)
      for second in all where mayMake(second) {
        let two = members[second.0].arcs[second.1]
        guard two.from == one.to || two.to == one.from || two.from == one.from || two.to == one.to else { continue }
        tried += 1
        let gain = alone + gain(second)
        if gain > best?.gain ?? 0 { best = ([first, second], gain) }
      }
      (members, scores, windows, left) = before
    }
    return best?.arcs
  }

  private mutating func make(_ choice: Choice) {
    let arc = members[choice.member].arcs[choice.arc]
    let changes = changes(arc, members[choice.member].map)
    scores[members[choice.member].map].add(changes)
    windows.add(changes)
    members[choice.member].isMade[choice.arc] = true
    members[choice.member].count[arc.from.int] -= 1
    members[choice.member].count[arc.to.int] += 1
    members[choice.member].left -= arc.moves
    left -= arc.moves
  }

  // MARK: what is put off

  /// A map's target without what is put off, and how many moves that are; nil: none.
  private mutating func undo(
    _ index: Int, _ options: PlanRequest
  ) throws(PlatError) -> (target: PlacementMap, putOff: Int)? {
    let member = members[index]
    let (problem, isWithinPeers) = (member.problem, member.problem.fanOut?.strength == .hard)
    let putOff =
      isWithinPeers
      ? try member.kept.holdBackWithinPeers(problem, member.due, &members[index].placement, atMost: member.left)
      : member.kept.undo(member.arcs, unless: member.isMade, problem, &members[index].placement)
    guard putOff > 0 else { return nil }
    if !isWithinPeers {
      members[index].placement.peers = nil  // a soft limit is nothing to put moves off for
      if let weights = problem.cluster.partitionWeights {
        let weighing = try Weighing(problem, weights, members[index].placement)
        weighing.recount()
        let due = try WeightedDue.total(weighing, heaviest: weighing.heaviest(in: 0..<problem.replicas))
        try WeightedRoles.run(weighing, members[index].placement, due)
      } else {
        _ = try Roles.run(problem, member.due, &members[index].placement)
      }
      StateRules.enforce(problem, members[index].placement)
    }
    let target = try Witnesses.run(problem, members[index].placement, memoryLimitBytes: options.memoryLimitBytes)
    return (target, putOff)
  }
}
