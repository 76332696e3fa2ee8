/// The pipeline for partitions of different sizes: balance in weight, and the least weight moved.
///
///     Dense → Keep → oversized partitions → due → fill → shed and exchange → mend → roles → bound → target map
///
/// What a node is due depends on who holds the heaviest partitions; so these come first, and the due is taken again
/// where they have changed hands.
///
/// What is no matter of balance (`restore-back`, `cancel`, `maintenance`) does with fewer: see `operateWeighted`.
extension Planner {
  /// `home`: the map that is kept as far as may be; `movedFrom`: the one that moves are counted from. `judged`: the
  /// cluster that the bound of an operation is about, where `cluster` has other capacities.
  static func planWeighted(
    _ cluster: DenseCluster, _ weights: PartitionWeights, from home: PlacementMap?, movedFrom: PlacementMap?,
    options: PlanRequest, as operation: Operation, judged: DenseCluster? = nil
  ) throws(PlatError) -> Plan {
    switch operation {
    case .restoreBack, .cancel, .maintenance:
      guard let home else { break }
      if cluster.cluster.settings.hasHardPeerLimit || cluster.hasHardNearRule {
        // Planned by number: nothing moves for balance, and who keeps the rules is known there.
        return try rebalance(cluster, from: home, movedFrom: movedFrom, options: options, as: operation, judged: judged)
          .weighed(weights, judged ?? cluster, from: movedFrom)
      }
      return try operateWeighted(cluster, weights, from: home, options: options, as: operation)
        .weighed(weights, judged ?? cluster, from: movedFrom)
    case .swap:
      let plan = try rebalance(cluster, from: home, options: options, as: .swap)
      if plan.operation == .swap { return try plan.weighed(weights, cluster, from: home) }
    case .rebalance, .failover: break
    }
    var plan = try WeightedStanding.best(cluster, from: movedFrom) { cluster, current throws(PlatError) in
      if cluster.limitOnPeers?.strength == .hard {
        return try rebalanceWithinPeers(cluster, weights, from: current, options: options)
      }
      func plan(_ current: PlacementMap?) throws(PlatError) -> Plan {
        try rebalanceWeighted(cluster, weights, from: current, options: options)
      }
      guard cluster.hasHardNearRule, cluster.cluster.settings.balance.moveBudget == nil else {
        return try plan(current)
      }
      return try WeightedStanding.placingMost(cluster, from: current, byNumber: { () throws(PlatError) in
        try rebalance(cluster, from: current, options: options)
      }, plan)
    }
    if home == nil, operation == .cancel { plan.operation = .cancel }
    // What a node is due is told by its part of capacities, not by the room that other maps happen to leave.
    if let judged { plan = try plan.bounded(judged, weights, from: movedFrom) }
    return plan
  }

  /// Operations that move nothing for balance: what may stay on its node stays, the lightest beyond a capacity go, and
  /// what is missing goes, heaviest first, to whoever lacks most. O(P · R · log N + P log P) where direct moves do.
  private static func operateWeighted(
    _ cluster: DenseCluster, _ weights: PartitionWeights, from home: PlacementMap, options: PlanRequest,
    as operation: Operation
  ) throws(PlatError) -> Plan {
    let arena = try Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt)
    var clock = StageClock(options.interrupt)
    let target = try PlacementMap(
      unfilled: cluster.partitionCount, slotCounts: cluster.dataWanted,
      arena: Arena(limitBytes: options.memoryLimitBytes))
    var problem = try Problem(cluster, current: home, arena: arena, leavingStay: operation == .cancel)
    problem.leadBeside = options.leadBeside
    var placement = try Placement(problem, target: target)
    let weighing = try Weighing(problem, weights, placement)
    try clock.mark("prepare")

    Keep.run(problem, &placement)
    placement.changed.isAll = true  // rows change without a word from here on
    let due = try Due(problem, held: placement.load)
    weighing.recount()
    weighing.letGoBeyondCapacity()
    try clock.mark("keep")
    weighing.assertInvariants(after: "keep")

    try WeightedFill.run(weighing, try currentDue(weighing))
    try placeTheRest(weighing, due, &placement)
    try clock.mark("fill")
    weighing.assertInvariants(after: "fill")
    WeightedMend.run(weighing, try currentDue(weighing).open(arena))
    try clock.mark("mend")
    weighing.assertInvariants(after: "mend")

    _ = try Roles.run(problem, due.safetyOnly(problem, placement), &placement)
    StateRules.enforce(problem, placement)
    let map = try Witnesses.run(problem, placement, memoryLimitBytes: options.memoryLimitBytes)
    try clock.mark("roles")
    return Plan(
      operation: operation, target: map, movesLowerBound: 0, certificate: [], stageNanoseconds: clock.stages,
      peakBytes: arena.peakBytes + UInt64(target.memoryBytes) + UInt64(home.memoryBytes))
  }

  /// `goal`: of one of several maps. O(P · R · log N + P log P) where direct moves do.
  static func rebalanceWeighted(
    _ cluster: DenseCluster, _ weights: PartitionWeights, from current: PlacementMap?, options: PlanRequest,
    goal: WeightGoal? = nil
  ) throws(PlatError) -> Plan {
    let arena = try Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt)
    var clock = StageClock(options.interrupt)
    let target = try PlacementMap(
      unfilled: cluster.partitionCount, slotCounts: cluster.dataWanted,
      arena: Arena(limitBytes: options.memoryLimitBytes))
    let problem = try Problem(cluster, current: current, arena: arena)
    var placement = try Placement(problem, target: target)
    if current == nil { target.clear() }
    let weighing = try Weighing(problem, weights, placement, goal: goal)
    try clock.mark("prepare")

    Keep.run(problem, &placement)
    placement.changed.isAll = true  // rows change without a word from here on
    let due = try Due(problem, held: placement.load)
    let kept = try MoveBudget(problem, placement)
    weighing.recount()
    weighing.letGoBeyondCapacity()
    try WeightedFill.shareOversized(weighing)
    try clock.mark("keep")
    weighing.assertInvariants(after: "keep")

    if let above = try WeightedFill.separateOversized(weighing, currentDue(weighing)) {
      try WeightedFill.run(weighing, try currentDue(weighing), above: above)
    }
    try WeightedFresh.run(weighing, try currentDue(weighing))
    try WeightedFill.run(weighing, try currentDue(weighing))
    _ = try WeightedFill.separateOversized(weighing, currentDue(weighing))
    try placeTheRest(weighing, due, &placement)
    try clock.mark("fill")
    weighing.assertInvariants(after: "fill")

    var weighed = try settle(weighing)
    try clock.mark("shed")
    weighing.assertInvariants(after: "shed")
    WeightedHome.run(weighing, try weighed.reaching(weighing.load, arena))
    if weighed.outside(weighing.load) > 0 {
      weighed = try settle(weighing)
    } else {
      try WeightedCycles.run(weighing, weighed) { () throws(PlatError) in try settle(weighing) }
      weighed = try settle(weighing)
      WeightedMend.run(weighing, weighed)
      weighed = try settle(weighing)
    }
    // What the sums of several maps ask for comes after what this one does.
    if goal != nil { weighed = try settle(weighing, aimed: false) }
    try clock.mark("mend")
    weighing.assertInvariants(after: "mend")

    let heldBack = try kept?.holdBack(weighing, due, weighed, &placement) ?? 0
    if heldBack > 0 { weighed = try currentDue(weighing) }
    try WeightedRoles.run(weighing, placement, weighed)
    StateRules.enforce(problem, placement)
    weighing.recount()
    let map = try Witnesses.run(problem, placement, memoryLimitBytes: options.memoryLimitBytes)
    try clock.mark("roles")
    weighing.assertInvariants(after: "roles")

    let bound = try WeightedBound(weighing, due, try currentDue(weighing, aimed: false))
    try clock.mark("certify")
    return Plan(
      operation: .rebalance, target: map, movesLowerBound: bound.moves,
      movesWeightLowerBound: weights.exact(bound.weight), movesHeldBack: heldBack, certificate: bound.prices,
      weightWindows: bound.windows,
      stageNanoseconds: clock.stages,
      peakBytes: arena.peakBytes + UInt64(target.memoryBytes) + UInt64(current?.memoryBytes ?? 0))
  }

  /// Into the windows, as far as can be. Dues change where the heaviest replica of a node does; so each round counts
  /// only if less is outside then, and a map where none does stays as it is.
  private static func settle(_ weighing: Weighing, aimed: Bool = true) throws(PlatError) -> WeightedDue {
    var due = try currentDue(weighing, aimed: aimed)
    var outside = due.outside(weighing.load)
    while outside > 0 {
      let before = try weighing.snapshot()
      try WeightedShed.run(weighing, due)
      let after = try currentDue(weighing, aimed: aimed)
      let left = after.outside(weighing.load)
      guard left < outside else {
        weighing.restore(before)
        break
      }
      (due, outside) = (after, left)
    }
    return due
  }

  /// `aimed`: with windows as several maps ask for.
  private static func currentDue(_ weighing: Weighing, aimed: Bool = true) throws(PlatError) -> WeightedDue {
    let due = try WeightedDue.total(weighing, heaviest: weighing.heaviest(in: 0..<weighing.replicas))
    guard aimed, let goal = weighing.goal, let total = goal.total else { return due }
    return try due.aimed(at: total, of: goal, weighing.problem)
  }

  /// Where capacities and hard rules leave no direct way, chains of replicas, each counted as one, make room.
  ///
  /// What was filled by weight is not where it costs least, and chains whose links cost less than nothing may not be
  /// seen; so where something still is missing once more as if nobody held anything, when all links cost the same. What
  /// went needlessly goes home later (`WeightedHome`).
  private static func placeTheRest(
    _ weighing: Weighing, _ due: Due, _ placement: inout Placement
  ) throws(PlatError) {
    let problem = weighing.problem
    placement.countPlaced()
    guard placement.placed < problem.partitionCount * weighing.replicas else { return }
    try placeTheRest(problem, due, &placement)
    if placement.placed < due.total {
      let plain = try Problem(problem.cluster, current: nil, arena: problem.arena, promotesNear: false)
      try placeTheRest(plain, due, &placement)
    }
    weighing.recount()
    try RowSearch.complete(weighing, currentDue(weighing, aimed: false))
  }
}

extension Plan {
  /// A plan of an operation that is no matter of balance, with the bounds of what it moves, in number and in weight:
  /// those of its rows. O(P · R).
  func weighed(
    _ weights: PartitionWeights, _ cluster: DenseCluster, from current: PlacementMap?
  ) throws(PlatError) -> Plan {
    let problem = try Problem(cluster, current: current, arena: Arena())
    let held: NodeTable<Int32> = try problem.arena.table(cluster.nodeCount)
    target.countData(cluster, into: held)
    let due = try Due(problem, held: held)
    var plan = self
    plan.movesWeightLowerBound = .zero
    plan.certificate = Array(repeating: 0, count: cluster.nodeCount)
    let placed = (0..<cluster.nodeCount).reduce(0) { $0 + Int(held.base[$1]) }
    // Where something is missing, rows differ in length, and what each needs is no bound of all.
    guard !due.isShort, placed >= problem.partitionCount * problem.replicas else { return plan }
    let rows = try MaintenanceBound.ofRows(problem, due)
    var bound = (moves: 0, weight: 0)
    for (partition, moves) in rows.enumerated() {
      bound.moves += moves
      bound.weight += moves * weights.of[partition]
    }
    plan.movesLowerBound = min(bound.moves, target.received(cluster, from: current))
    plan.movesWeightLowerBound = weights.exact(
      min(bound.weight, target.received(cluster, from: current, weights: weights.of)))
    return plan
  }
}
