/// What comes behind every pipeline, and the only way out of the planner:
///
///     pipeline → Completion (what is still missing) → Improve (local search) → Settling (nothing changes for nothing)
///              → Budget (some moves are put off) → Gate → plan
extension Planner {
  /// The next map for `cluster` from `current` (nil: a fresh cluster), with the fewest moves and the proof.
  ///
  /// The same input gives the same map on every machine. Throws `outOfMemory`, `unsupported` for rules that this
  /// version does not plan, or `faultyPlan` where the planner has made one that must not get out. O(P · R + N) where
  /// direct moves do; see `Exchange` for the rest.
  public static func plan(
    _ cluster: DenseCluster, from current: PlacementMap?, options: PlanOptions = PlanOptions()
  ) throws(PlatError) -> Plan {
    try plan(cluster, from: current, options: PlanRequest(options))
  }

  static func plan(
    _ cluster: DenseCluster, from current: PlacementMap?, options: PlanRequest
  ) throws(PlatError) -> Plan {
    // A fresh map knows of no tolerance.
    let cluster = current == nil ? cluster.withoutTolerance : cluster
    var plan = try completed(cluster, from: current, options: options)
    try Settling.settle(&plan, cluster, from: current, options: options) { map, options throws(PlatError) in
      try completed(cluster, from: map, options: options)
    }
    try Budget.run(cluster, &plan, from: current, options: options)
    try claimWhatIsProved(&plan, cluster, from: current, options: options)
    options.damage?(plan.target)
    try Gate.pass(
      [planned(plan, cluster, from: current)], threads: options.threads, interrupt: options.interrupt)
    return plan
  }

  /// The next maps for `group`. `currents`: the map of each; nil: it is fresh.
  ///
  /// Each map has the fewest moves that its own windows need, and as few more as the sums ask for.
  /// O(maps · (P · R + N)), and O(maps · N) for each length of a path by which the sums are mended. Throws as for one
  /// map.
  public static func plan(
    _ group: DenseGroup, from currents: [PlacementMap?], options: PlanOptions = PlanOptions()
  ) throws(PlatError) -> GroupPlan {
    try plan(group, from: currents, options: PlanRequest(options))
  }

  static func plan(
    _ group: DenseGroup, from currents: [PlacementMap?], options: PlanRequest
  ) throws(PlatError) -> GroupPlan {
    precondition(currents.count == group.clusters.count)
    if group.clusters.count == 1 { return try planOnly(group.clusters[0], from: currents[0], options: options) }
    var plan: GroupPlan
    var changed: Bool
    (plan, changed) = try completed(group, from: currents, options: options)
    if changed {
      try Settling.settle(&plan, group, from: currents, options: options) { maps, options throws(PlatError) in
        try completed(group, from: maps, options: options).plan
      }
    }
    if try Budget.run(group, &plan, from: currents, options: options) { changed = true }
    if plan.operation != .failover {
      // By weight a map is planned for other capacities and dues than those that its bound is about.
      if changed || group.weights != nil {
        try claimWhatIsProved(&plan, group, isChanged: changed, from: currents, options: options)
      }
    }
    if let damage = options.damage, let first = plan.plans.first { damage(first.target) }
    var maps: [Gate.Planned] = []
    for (map, cluster) in group.clusters.enumerated() {
      maps.append(planned(plan.plans[map], cluster, from: currents[map]))
      maps[map].name = group.group.members[map].name
    }
    try Gate.pass(maps, threads: options.threads, interrupt: options.interrupt)
    return plan
  }

  /// `isChanged`: some of its maps are others than their pipeline made.
  private static func completed(
    _ group: DenseGroup, from currents: [PlacementMap?], options: PlanRequest
  ) throws(PlatError) -> (plan: GroupPlan, isChanged: Bool) {
    // As for one map: rules that name places are kept behind the pipelines.
    var plan = try unfinished(group.hasPlaces ? group.withoutPlaces : group, from: currents, options: options)
    guard plan.operation != .failover else { return (plan, false) }
    var isChanged = false
    for (map, cluster) in group.clusters.enumerated() where cluster.hasHardPlaces {
      plan.plans[map].keepPlaces(cluster, from: currents[map])
      isChanged = true
    }
    if isChanged { _ = try Improve.run(group, &plan, from: currents, options: options) }
    let isWhole = group.clusters.indices.allSatisfy { plan.plans[$0].isWhole(group.clusters[$0], from: currents[$0]) }
    let isCompleted = isWhole ? false : try complete(&plan.plans, group.clusters, from: currents, options: options)
    let isImproved =
      isChanged && !isCompleted ? false : try Improve.run(group, &plan, from: currents, options: options)
    return (plan, isChanged || isCompleted || isImproved)
  }

  /// A group of one map is that map.
  private static func planOnly(
    _ cluster: DenseCluster, from current: PlacementMap?, options: PlanRequest
  ) throws(PlatError) -> GroupPlan {
    var options = options
    options.to = options.toMaps.first ?? nil
    let cluster = cluster.with(room: cluster.cluster.nodes.map(\.room))
    let plan = try plan(cluster, from: current, options: options)
    return GroupPlan(
      operation: plan.operation, plans: [plan], movesLowerBound: plan.movesLowerBound,
      movesWeightLowerBound: plan.movesWeightLowerBound)
  }

  /// The bounds of a group: what the Judge finds proved, and no more than the plan moves. `isChanged`: some of its maps
  /// are others than their pipeline made; else what the pipelines claim is a limit, too. O(Σ P · R²).
  private static func claimWhatIsProved(
    _ plan: inout GroupPlan, _ group: DenseGroup, isChanged: Bool, from currents: [PlacementMap?], options: PlanRequest
  ) throws(PlatError) {
    for (map, cluster) in group.clusters.enumerated() {
      try claimWhatIsProved(&plan.plans[map], cluster, from: currents[map], options: options)
    }
    let maps = plan.plans.map(\.target)
    let each = try plan.plans.enumerated().map { map, one throws(PlatError) in
      try Judge.proved(
        group.clusters[map], map: maps[map], from: currents[map], prices: one.certificate, windows: one.weightWindows,
        interrupt: options.interrupt?.quiet)
    }
    for (map, one) in each.enumerated() { plan.plans[map].claimAtMost(one) }
    let proved = try Judge.provedTogether(
      group, maps: maps, from: currents, prices: plan.plans.map(\.certificate),
      windows: plan.plans.map(\.weightWindows),
      each: each, interrupt: options.interrupt?.quiet)
    var moved = ProvedBound(weight: .zero)
    for (map, cluster) in group.clusters.enumerated() {
      let received = maps[map].received(cluster, from: currents[map])
      moved.moves += received
      guard let weights = group.weights else { continue }
      let weight = cluster.partitionWeights.map { own in
        own.exact(maps[map].received(cluster, from: currents[map], weights: own.of))
      }
      moved.weight = moved.weight.map { $0 + (weight ?? Rational(received) * weights.of[map].unit) }
    }
    let claimed = (isChanged ? nil : plan.movesLowerBound, isChanged ? nil : plan.movesWeightLowerBound)
    plan.movesLowerBound = min(proved.moves, moved.moves, claimed.0 ?? .max)
    if let weight = proved.weight {
      plan.movesWeightLowerBound = min(weight, moved.weight ?? weight, claimed.1 ?? weight)
    }
  }

  /// The bounds of a plan whose map is another than its pipeline made, or that has nodes in maintenance, whose part is
  /// what they hold in the map: what the Judge finds proved, and no more than the plan moves. O(P · R²) there.
  private static func claimWhatIsProved(
    _ plan: inout Plan, _ cluster: DenseCluster, from current: PlacementMap?, options: PlanRequest
  ) throws(PlatError) {
    guard plan.isFinished || cluster.status.contains(where: \.isPinned), plan.operation != .failover,
      plan.operation != .swap
    else { return }
    let weights = cluster.partitionWeights
    if let weights {
      guard plan.isFinished, plan.weightWindows != nil else { return }
      plan = try plan.bounded(cluster, weights, from: current)
    }
    let proved = try Judge.proved(
      cluster, map: plan.target, from: current, prices: plan.certificate, windows: plan.weightWindows,
      interrupt: options.interrupt?.quiet)
    plan.movesLowerBound = min(proved.moves, plan.target.received(cluster, from: current))
    guard let weights, let weight = proved.weight else { return }
    plan.movesWeightLowerBound = min(
      weight, weights.exact(plan.target.received(cluster, from: current, weights: weights.of)))
  }

  /// What the gate is told of a plan. Of several maps each is planned by the operation of all.
  private static func planned(_ plan: Plan, _ cluster: DenseCluster, from current: PlacementMap?) -> Gate.Planned {
    var planned = Gate.Planned(cluster: cluster, map: plan.target, before: current)
    planned.leavingStay = plan.operation == .cancel
    planned.changesStatesOnly = plan.operation == .failover
    return planned
  }

  private static func completed(
    _ cluster: DenseCluster, from current: PlacementMap?, options: PlanRequest
  ) throws(PlatError) -> Plan {
    // Rules that name places are kept behind the pipelines, which know only nodes that are to be emptied.
    let known = cluster.places.bounds.isEmpty ? cluster : cluster.withoutPlaces
    var plans = [try unfinished(known, from: current, options: options)]
    if cluster.hasHardPlaces, plans[0].operation != .failover { plans[0].keepPlaces(cluster, from: current) }
    func improve(_ plan: Plan) throws(PlatError) -> Plan {
      try Improve.run(cluster, plan, from: current, options: options) { cluster, current, options throws(PlatError) in
        try completed(cluster, from: current, options: options)
      }
    }
    // The search fills what it has room to look at, in balance; what is then still missing goes anywhere.
    if cluster.hasHardPlaces { plans[0] = try improve(plans[0]) }
    if plans[0].operation != .failover, !plans[0].isWhole(cluster, from: current) {
      let changed = try complete(&plans, [cluster], from: [current], options: options)
      if cluster.hasHardPlaces, !changed { return plans[0] }
    }
    return try improve(plans[0])
  }

  /// Fills what is still missing; the bounds of a plan that this changes are those of what it moves, if these are less.
  private static func complete(
    _ plans: inout [Plan], _ clusters: [DenseCluster], from currents: [PlacementMap?], options: PlanRequest
  ) throws(PlatError) -> Bool {
    let planned = plans.map(\.target)
    var capacity = clusters.first?.cluster.nodes.map(\.room) ?? []
    var unasked: [LastCopiesUnasked?] = []
    var maps: [CompletedMap] = []
    var firstSlot = 0
    for (map, cluster) in clusters.enumerated() {
      // Witnesses come behind all that holds data.
      let target = cluster.hasWitnesses ? try planned[map].data(of: cluster) : planned[map]
      plans[map].target = target
      unasked.append(try LastCopiesUnasked(cluster, target: target, before: currents[map]))
      for (node, load) in (unasked[map]?.load ?? []).enumerated() where capacity[node] != .max {
        capacity[node] = max(0, capacity[node] - load)
      }
      maps.append(
        CompletedMap(
          cluster, target: target, before: currents[map], leavingStay: plans[map].operation == .cancel,
          firstSlot: firstSlot))
      firstSlot += target.partitionCount * target.width
    }
    let changed = try Completion.run(maps, capacity: capacity, interrupt: options.interrupt)
    for (map, cluster) in clusters.enumerated() {
      if let unasked = unasked[map] { plans[map].stay(unasked) }
      guard cluster.hasWitnesses else { continue }
      plans[map].target =
        changed[map] || unasked[map] != nil
        ? try Witnesses.run(
          cluster, data: plans[map].target, keeping: plans[map].witnesses(planned[map], from: currents[map]),
          options: options)
        : planned[map]
    }
    for map in clusters.indices where changed[map] {
      plans[map].isFinished = true
      plans[map].claimNoMore(than: plans[map].target, clusters[map], from: currents[map])
    }
    try options.interrupt?.finished("completion")
    return changed.contains(true) || unasked.contains { $0 != nil }
  }
}

extension Plan {
  /// Nothing is missing, and there is no copy that nobody asks for and that has to stay.
  fileprivate func isWhole(_ cluster: DenseCluster, from current: PlacementMap?) -> Bool {
    isComplete && (cluster.replicas > 0 || current == nil)
  }

  /// Takes out of its map what hard rules that name places do not let in: what is then open is still to be filled.
  fileprivate mutating func keepPlaces(_ cluster: DenseCluster, from current: PlacementMap?) {
    CompletedMap(cluster, target: target, before: current, leavingStay: operation == .cancel, firstSlot: 0).keepRules()
    (isFinished, isComplete) = (true, false)
  }

  /// Whose witnesses stay while they fit: today's, where no operation asks for others.
  fileprivate func witnesses(_ planned: PlacementMap, from current: PlacementMap?) -> PlacementMap {
    operation == .restoreBack || operation == .cancel ? planned : current ?? planned
  }

  /// Copies stay that nobody asks for: they are in no window, and move nothing.
  fileprivate mutating func stay(_ copies: LastCopiesUnasked) {
    target = copies.map
    movesLowerBound = 0
    weightWindows = nil
    if movesWeightLowerBound != nil { movesWeightLowerBound = .zero }
  }

  /// Bounds no greater than what a map receives. O(P · R²).
  mutating func claimNoMore(than map: PlacementMap, _ cluster: DenseCluster, from current: PlacementMap?) {
    claimAtMost(
      ProvedBound(
        moves: map.received(cluster, from: current),
        weight: cluster.partitionWeights.map { $0.exact(map.received(cluster, from: current, weights: $0.of)) }))
  }

  /// Bounds no greater than what is proved.
  fileprivate mutating func claimAtMost(_ proved: ProvedBound) {
    movesLowerBound = min(movesLowerBound, proved.moves)
    if let bound = movesWeightLowerBound, let weight = proved.weight { movesWeightLowerBound = min(bound, weight) }
  }
}
