import PlatSearch

/// `settings.balance.moveBudget`, behind everything that plans: of the moves that a plan makes for balance alone, the
/// best so many. One map is a list of one; of several the document's own budget is for all of them together, a map's
/// own for that one.
///
/// The maps are planned without a thought of it. Each then has moves that could be put off (`MoveBudget`). By number
/// they are chains that bring a replica to where the plan wants it (`MovesInBudget`); what all may make goes to the
/// shortest chains of any map first, of equal ones to each map's first before any map's second:
///
///     map 0   1 1 1 1 2 3        what its chains cost, one after the other
///     map 1   1 1 2              a budget of 8:  0 1 0 1 0 0 1, that is 5 chains of one move, and one of two
///
/// So nothing brings more replicas to where the plans want them for so many moves. By weight: `WeightInBudget`.
struct Budget {
  private let clusters: [DenseCluster]
  private let capacity: [Int]
  private let options: PlanRequest
  private var members: [Member] = []
  /// What nodes hold of each map as it is planned, of members and others.
  private let planned: [[Int]]

  /// A map that exists: what it was, what is planned, and what lies between.
  private struct Member {
    let map: Int
    let problem: Problem
    let due: Due
    let moves: MoveBudget
    let arcs: [MoveBudget.Arc]
    let most: Int
    var placement: Placement
    /// The most that each node may hold of the map while the others are on their way, too.
    var capacities: [Int] = []

    var isPeerLimited: Bool { problem.fanOut?.strength == .hard }

    func choose(atMost most: Int) throws(PlatError) -> MovesInBudget {
      var moves = try MovesInBudget(problem, due, placement.load, arcs, capacities: capacities)
      moves.choose(atMost: most)
      return moves
    }
  }

  /// Partitions of different sizes: what each weighs, and what nodes should carry of each map, and of all together.
  private struct Weights {
    var ofMap: [[Int]]
    var windows: [Windows]
    var sums: Windows?
  }

  /// O(P · R) for what was before, and see `MovesInBudget` and `WeightInBudget`.
  static func run(
    _ cluster: DenseCluster, _ plan: inout Plan, from current: PlacementMap?, options: PlanRequest
  ) throws(PlatError) {
    guard plan.operation == .rebalance, let current, cluster.cluster.settings.balance.moveBudget != nil else { return }
    var plans = [plan]
    var budget = try Budget([cluster], plans, from: [current], capacity: cluster.capacity, atMost: .max, options)
    _ = try budget.put(off: &plans, atMost: .max) { plans throws(PlatError) in
      guard let own = cluster.partitionWeights else { return nil }
      let windows = try SearchWindows(cluster, from: current, plans[0].target, options)
      return Weights(ofMap: [own.of], windows: [windows.total])
    }
    plan = plans[0]
  }

  /// The same for several maps. Returns whether some move of theirs is put off.
  static func run(
    _ group: DenseGroup, _ plan: inout GroupPlan, from currents: [PlacementMap?], options: PlanRequest
  ) throws(PlatError) -> Bool {
    let shared = group.group.shared.settings.balance.moveBudget
    guard plan.operation == .rebalance,
      shared != nil || group.clusters.contains(where: { $0.cluster.settings.balance.moveBudget != nil })
    else { return false }
    var budget = try Budget(
      group.clusters, plan.plans, from: currents, capacity: group.group.shared.nodes.map(\.room),
      atMost: shared ?? .max, options)
    return try budget.put(off: &plan.plans, atMost: shared ?? .max) { plans throws(PlatError) in
      guard let weights = group.weights else { return nil }
      let (maps, targets) = (group.clusters.indices, plans.map(\.target))
      return Weights(
        ofMap: maps.map { weights.amounts(of: $0) },
        windows: try maps.map { map throws(PlatError) in
          try SearchWindows(group, map: map, from: currents[map], targets[map], options).total
        },
        sums: try SearchWindows(group, from: currents, targets: targets, states: [], options).total)
    }
  }

  private init(
    _ clusters: [DenseCluster], _ plans: [Plan], from currents: [PlacementMap?], capacity: [Int],
    atMost shared: Int, _ options: PlanRequest
  ) throws(PlatError) {
    (self.clusters, self.capacity, self.options) = (clusters, capacity, options)
    planned = clusters.indices.map { clusters[$0].loads(of: plans[$0].target) }
    for (map, cluster) in clusters.enumerated() {
      let most = min(shared, cluster.cluster.settings.balance.moveBudget ?? .max)
      guard let current = currents[map], most < .max else { continue }
      try add(map, cluster, current, plans[map], most: most)
    }
    shareRoom()
  }

  private mutating func add(
    _ map: Int, _ cluster: DenseCluster, _ current: PlacementMap, _ plan: Plan, most: Int
  ) throws(PlatError) {
    let arena = try Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt)
    var problem = try Problem(
      cluster, current: current, arena: arena, threads: options.threads, wideRow: options.wideRow)
    problem.levelsStates = true
    let target = try PlacementMap(
      unfilled: cluster.partitionCount, slotCounts: cluster.dataWanted,
      arena: Arena(limitBytes: options.memoryLimitBytes))
    var placement = try Placement(problem, target: target)
    Keep.run(problem, &placement)
    guard let moves = try MoveBudget(problem, placement) else { return }
    let due = try Due(problem, held: placement.load)
    placement.changed.isAll = true
    target.copyData(from: plan.target, cluster)
    placement.load.fill(with: 0)
    plan.target.countData(cluster, into: placement.load)
    placement.countPlaced()
    members.append(
      Member(
        map: map, problem: problem, due: due, moves: moves, arcs: moves.forBalance(problem, placement), most: most,
        placement: placement))
  }

  /// Capacities are for all maps: what the plans leave of one goes to the maps that come from more, the first maps
  /// first.
  private mutating func shareRoom() {
    guard clusters.count > 1 else {
      for index in members.indices { members[index].capacities = capacity }
      return
    }
    var left = capacity.indices.map { node in
      capacity[node] == .max ? 0 : capacity[node] - planned.reduce(0) { $0 + $1[node] }
    }
    for index in members.indices {
      let goal = planned[members[index].map]
      var before = goal
      for arc in members[index].arcs {
        before[arc.from.int] += 1
        before[arc.to.int] -= 1
      }
      for node in left.indices {
        let more = capacity[node] == .max ? Int(Int32.max) : min(max(0, left[node]), max(0, before[node] - goal[node]))
        members[index].capacities.append(goal[node] + more)
        if capacity[node] < .max { left[node] -= more }
      }
    }
  }

  /// Of a member's moves these are made, or so many in any order that a limit on peers allows.
  private enum Choice { case these([Bool]), upTo(Int) }

  /// `weights`: nil: partitions are all of one size; asked only where something is put off.
  private mutating func put(
    off plans: inout [Plan], atMost shared: Int, weights: ([Plan]) throws(PlatError) -> Weights?
  ) throws(PlatError) -> Bool {
    let arcs = members.reduce(0) { $0 + $1.arcs.count }
    guard arcs > shared || members.contains(where: { $0.arcs.count > $0.most }) else { return false }
    let weights = try weights(plans)
    let choices =
      if let weights { try choose(weights, plans.map(\.target), atMost: shared) } else { try choose(atMost: shared) }
    var hasPutOff = false
    for (index, choice) in choices.enumerated() {
      let member = members[index]
      let putOff: Int
      switch choice {
      case .upTo(let most):
        putOff = try member.moves.holdBackWithinPeers(
          member.problem, member.due, &members[index].placement, atMost: most, capacities: member.capacities)
      case .these(let isMade):
        putOff = member.moves.undo(member.arcs, unless: isMade, member.problem, &members[index].placement)
        if putOff > 0 { try assignStates(index) }
      }
      guard putOff > 0 else { continue }
      hasPutOff = true
      let map = try Witnesses.run(
        member.problem, members[index].placement, memoryLimitBytes: options.memoryLimitBytes)
      (plans[member.map].target, plans[member.map].movesHeldBack) = (map, putOff)
      // A map outside its windows may need fewer moves than any inside; by weight they depend on who holds what.
      plans[member.map].claimNoMore(than: map, clusters[member.map], from: member.problem.current)
      if weights != nil { plans[member.map].isFinished = true }
    }
    return hasPutOff
  }

  /// Who holds a partition anew may be in another state than who was to hold it.
  private mutating func assignStates(_ index: Int) throws(PlatError) {
    let problem = members[index].problem
    // Rules that name places are kept in the states as they are planned.
    guard problem.cluster.places.bounds.isEmpty else { return }
    members[index].placement.peers = nil  // a soft limit is nothing to put moves off for
    if let weights = problem.cluster.partitionWeights {
      let weighing = try Weighing(problem, weights, members[index].placement)
      weighing.recount()
      let due = try WeightedDue.total(weighing, heaviest: weighing.heaviest(in: 0..<problem.replicas))
      try WeightedRoles.run(weighing, members[index].placement, due)
    } else {
      _ = try Roles.run(problem, members[index].due, &members[index].placement)
    }
    StateRules.enforce(problem, members[index].placement)
  }

  // MARK: By number

  private func choose(atMost shared: Int) throws(PlatError) -> [Choice] {
    var chosen: [MovesInBudget] = []
    for member in members { chosen.append(try member.choose(atMost: member.most)) }
    let shares = deal(chosen.map(\.pathMoves), atMost: shared)
    var choices: [Choice] = []
    for (index, member) in members.enumerated() {
      if member.isPeerLimited {
        choices.append(.upTo(shares[index]))
        continue
      }
      let isWhole = !chosen[index].pathMoves.isEmpty && shares[index] >= chosen[index].pathMoves.reduce(0, +)
      choices.append(.these(isWhole ? chosen[index].isMade : try member.choose(atMost: shares[index]).isMade))
    }
    return choices
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

  // MARK: By weight

  /// What capacities ask for is counted in replicas, and made whatever the budget.
  private func choose(_ weights: Weights, _ targets: [PlacementMap], atMost shared: Int) throws(PlatError) -> [Choice] {
    var left = shared
    var choices: [Choice] = []
    var moves = WeightInBudget(
      nodeCount: capacity.count, capacity: capacity, windows: weights.windows, sums: weights.sums)
    for (map, target) in targets.enumerated() {
      moves.hold(target, target.dataSlots(clusters[map].cluster.settings.model), of: map, weights.ofMap[map])
    }
    for member in members {
      if member.isPeerLimited {
        let share = min(member.most, left, member.arcs.count)
        left -= share
        choices.append(.upTo(share))
      } else {
        let isMade = try member.choose(atMost: 0).isMade
        moves.add(member.arcs, isMade: isMade, of: member.map, weights.ofMap[member.map], atMost: member.most)
        choices.append(.these(isMade))
      }
    }
    let isMade = moves.choose(atMost: left)
    for (index, member) in members.enumerated() where !member.isPeerLimited {
      choices[index] = .these(isMade[member.map])
    }
    return choices
  }
}
