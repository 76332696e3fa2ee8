/// `settings.balance.moveBudget` of several maps: the document's own is for all of them together, a map's own for that
/// one.
///
/// The maps are planned without a thought of it. Each then has moves that could be put off (`MoveBudget`), and chains
/// of them that bring a replica to where the plan wants it (`MovesInBudget`). What all may make goes to the shortest
/// chains of any map first, of equal ones to each map's first before any map's second:
///
///     map 0   1 1 1 1 2 3        what its chains cost, one after the other
///     map 1   1 1 2              a budget of 8:  0 1 0 1 0 0 1, that is 5 chains of one move, and one of two
///
/// So nothing brings more replicas to where the plans want them for so many moves.
struct GroupBudget {
  private let group: DenseGroup
  private var members: [Member] = []

  /// A map that exists: what it was, what is planned, and what lies between.
  private struct Member {
    let map: Int
    let problem: Problem
    let windows: Due
    let kept: MoveBudget
    let arcs: [MoveBudget.Arc]
    let most: Int
    var placement: Placement
    /// The most that each node may hold of the map while the others are on their way, too.
    var capacities: [Int] = []
    /// Replicas of each node with all arcs put off.
    var before: [Int]

    func choose(atMost most: Int) throws(PlatError) -> MovesInBudget {
      var moves = try MovesInBudget(problem, windows, placement.load, arcs, capacities: capacities)
      moves.choose(atMost: most)
      return moves
    }
  }

  /// Puts moves of finished plans off. Returns the maps that it has changed. O(maps · P · R) for what was before, and
  /// see `MovesInBudget`.
  static func holdBack(
    _ group: DenseGroup, from currents: [PlacementMap?], _ due: GroupDue, _ plans: inout [Plan], options: PlanRequest
  ) throws(PlatError) -> [Int] {
    let shared = group.group.shared.settings.balance.moveBudget
    var budget = GroupBudget(group: group)
    for (map, cluster) in group.clusters.enumerated() {
      let most = min(shared ?? .max, cluster.cluster.settings.balance.moveBudget ?? .max)
      guard let current = currents[map], most < .max else { continue }
      try budget.add(map, current, plans[map], due.kinds[due.kindOfMap[map]].due, most: most, options)
    }
    let arcs = budget.members.reduce(0) { $0 + $1.arcs.count }
    guard arcs > shared ?? .max || budget.members.contains(where: { $0.arcs.count > $0.most }) else { return [] }
    budget.shareRoom(plans)
    return try budget.put(off: &plans, atMost: shared ?? .max, options)
  }

  private init(group: DenseGroup) { self.group = group }

  private mutating func add(
    _ map: Int, _ current: PlacementMap, _ plan: Plan, _ windows: Due, most: Int, _ options: PlanRequest
  ) throws(PlatError) {
    guard
      let (problem, placement, kept, arcs) = try MoveBudget.ofPlan(
        group.clusters[map], from: current, plan.target, most: most, options)
    else { return }
    var before = (0..<problem.nodeCount).map { Int(placement.load.base[$0]) }
    for arc in arcs {
      before[arc.to.int] -= 1
      before[arc.from.int] += 1
    }
    members.append(
      Member(
        map: map, problem: problem, windows: windows, kept: kept, arcs: arcs, most: most, placement: placement,
        before: before))
  }

  /// Capacities are for all maps: what the plans leave of one goes to the maps that come from more, the first maps
  /// first.
  private mutating func shareRoom(_ plans: [Plan]) {
    let nodes = group.group.shared.nodes
    for index in members.indices { members[index].capacities = Array(repeating: Int(Int32.max), count: nodes.count) }
    guard nodes.contains(where: { $0.capacity != nil }) else { return }
    let planned = plans.indices.map { map in
      let load = members.first { $0.map == map }?.placement.load
      return load.map { load in nodes.indices.map { Int(load.base[$0]) } }
        ?? group.clusters[map].loads(of: plans[map].target)
    }
    for node in nodes.indices {
      guard let capacity = nodes[node].capacity else { continue }
      var left = capacity - planned.reduce(0) { $0 + $1[node] }
      for index in members.indices {
        let goal = Int(members[index].placement.load.base[node])
        let more = min(max(0, left), max(0, members[index].before[node] - goal))
        members[index].capacities[node] = goal + more
        left -= more
      }
    }
  }

  private mutating func put(
    off plans: inout [Plan], atMost shared: Int, _ options: PlanRequest
  ) throws(PlatError) -> [Int] {
    var chosen: [MovesInBudget] = []
    for member in members { chosen.append(try member.choose(atMost: member.most)) }
    let shares = deal(chosen.map(\.pathMoves), atMost: shared)
    var changed: [Int] = []
    for index in members.indices {
      if members[index].problem.fanOut?.strength == .hard {
        let member = members[index]
        let putOff = try member.kept.holdBackWithinPeers(
          member.problem, member.windows, &members[index].placement, atMost: shares[index],
          capacities: member.capacities)
        if putOff > 0 { try take(index, putOff, &plans, &changed, options) }
        continue
      }
      if shares[index] < chosen[index].pathMoves.reduce(0, +) || chosen[index].pathMoves.isEmpty {
        chosen[index] = try members[index].choose(atMost: shares[index])
      }
      let member = members[index]
      let putOff = member.kept.undo(
        member.arcs, unless: chosen[index].isMade, member.problem, &members[index].placement)
      guard putOff > 0 else { continue }
      _ = try Roles.run(member.problem, member.windows, &members[index].placement)
      StateRules.enforce(member.problem, members[index].placement)
      try take(index, putOff, &plans, &changed, options)
    }
    return changed
  }

  private func take(
    _ index: Int, _ putOff: Int, _ plans: inout [Plan], _ changed: inout [Int], _ options: PlanRequest
  ) throws(PlatError) {
    let member = members[index]
    plans[member.map].target = try Witnesses.run(
      member.problem, member.placement, memoryLimitBytes: options.memoryLimitBytes)
    plans[member.map].movesHeldBack = putOff
    changed.append(member.map)
  }

  /// How many moves each map may make. `chains`: what its chains cost, one after the other, never less than the one
  /// before.
  private func deal(_ chains: [[Int]], atMost shared: Int) -> [Int] {
    let order = chains.indices.flatMap { member in chains[member].indices.map { (member, $0) } }.sorted { a, b in
      (chains[a.0][a.1], a.1, a.0) < (chains[b.0][b.1], b.1, b.0)
    }
    var shares = [Int](repeating: 0, count: chains.count)
    var left = shared
    for (member, place) in order {
      guard chains[member][place] <= left else { break }
      left -= chains[member][place]
      shares[member] += chains[member][place]
    }
    // Too few for any chain: one is begun.
    if left == shared, let first = members.indices.first(where: { !members[$0].arcs.isEmpty }) {
      shares[first] = min(shared, members[first].most)
    }
    return shares
  }
}
