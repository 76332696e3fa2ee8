/// One map on its way to the next, by weight: partitions are of different sizes.
///
///     prepare ─▶ keep → fill → shed → mend → roles ─▶ certify
///
/// What a node is due depends on who holds the heaviest partitions: so these come first, and the due is taken again
/// where they have changed hands. Operations that are no matter of balance move nothing for it: what may stay stays,
/// and what is missing goes, heaviest first, to whoever lacks most.
struct WeightedPipeline {
  /// In this order, each where it applies; the clock has them by these names.
  enum Stage: String, CaseIterable { case keep, fill, shed, mend, roles }

  private func applies(_ stage: Stage) -> Bool {
    switch stage {
    case .keep, .fill, .mend, .roles: true
    case .shed: seeksBalance
    }
  }

  private mutating func run(_ stage: Stage) throws(PlatError) {
    switch stage {
    case .keep: try keep()
    case .fill: try seeksBalance ? fill() : fillAnywhere()
    case .shed: weighed = try settle()
    case .mend: try seeksBalance ? mend() : WeightedMend.run(weighing, currentDue().open(arena))
    case .roles: try assignRoles()
    }
  }

  mutating func run() throws(PlatError) {
    for stage in Stage.allCases where applies(stage) {
      try run(stage)
      try clock.mark(stage.rawValue)
      // Roles that no weight has a say in leave it uncounted.
      if seeksBalance || stage != .roles { weighing.assertInvariants(after: stage.rawValue) }
    }
  }

  private let cluster: DenseCluster
  private let weights: PartitionWeights
  private let options: PlanRequest
  private let operation: Operation
  private var seeksBalance: Bool { operation == .rebalance }

  private let arena: Arena
  private let target: PlacementMap
  private let problem: Problem
  private var placement: Placement
  private let weighing: Weighing
  private var clock: StageClock
  /// By number: what can be placed in all.
  private var due: Due?
  /// What nodes are due by weight, as the last stage has left it.
  private var weighed: WeightedDue?

  /// `home`: the map that is kept as far as may be; nil: nothing is held. `goal`: of one of several maps.
  init(
    _ cluster: DenseCluster, _ weights: PartitionWeights, from home: PlacementMap?, options: PlanRequest,
    as operation: Operation = .rebalance, goal: WeightGoal? = nil
  ) throws(PlatError) {
    (self.cluster, self.weights, self.options, self.operation) = (cluster, weights, options, operation)
    arena = try Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt)
    clock = StageClock(options.interrupt)
    target = try PlacementMap(
      unfilled: cluster.partitionCount, slotCounts: cluster.dataWanted,
      arena: Arena(limitBytes: options.memoryLimitBytes))
    var problem = try Problem(cluster, current: home, arena: arena, leavingStay: operation == .cancel)
    if operation != .rebalance { problem.leadBeside = options.leadBeside }
    self.problem = problem
    placement = try Placement(problem, target: target)
    if home == nil { target.clear() }
    weighing = try Weighing(problem, weights, placement, goal: goal)
    try clock.mark("prepare")
  }

  // MARK: Stages

  private mutating func keep() throws(PlatError) {
    Keep.run(problem, &placement)
    placement.changed.isAll = true  // rows change without a word from here on
    due = try Due(problem, held: placement.load)
    weighing.recount()
    weighing.letGoBeyondCapacity()
    if seeksBalance { try WeightedFill.shareOversized(weighing) }
  }

  private mutating func fill() throws(PlatError) {
    if let above = try WeightedFill.separateOversized(weighing, currentDue()) {
      try WeightedFill.run(weighing, try currentDue(), above: above)
    }
    // Few partitions come out evener one by one.
    if problem.partitionCount * problem.replicas >= TrialLimits.WeightedFresh.leastReplicas {
      try WeightedFresh.run(weighing, try currentDue())
    }
    try WeightedFill.run(weighing, try currentDue())
    _ = try WeightedFill.separateOversized(weighing, currentDue())
    try placeTheRest()
  }

  private mutating func fillAnywhere() throws(PlatError) {
    try WeightedFill.run(weighing, try currentDue())
    try placeTheRest()
  }

  private mutating func mend() throws(PlatError) {
    guard let before = weighed else { return }
    if before.outside(weighing.load) == 0 { WeightedMend.run(weighing, before) }
    weighed = try settle()
    // What the sums of several maps ask for comes after what this one does.
    if weighing.goal != nil { weighed = try settle(aimed: false) }
  }

  private mutating func assignRoles() throws(PlatError) {
    if let weighed {
      try WeightedRoles.run(weighing, placement, weighed)
    } else if let due {
      _ = try Roles.run(problem, due.safetyOnly(problem, placement), &placement)
    }
    StateRules.enforce(problem, placement)
    if seeksBalance { weighing.recount() }
  }

  // MARK: The plan

  /// The placement as a map. Of a rebalance with its bound; that of other operations is what their rows need, and is
  /// added by `Plan.weighed`.
  consuming func plan() throws(PlatError) -> Plan {
    let map = try Witnesses.run(problem, placement, memoryLimitBytes: options.memoryLimitBytes)
    var plan = Plan(
      operation: operation, target: map, movesLowerBound: 0, certificate: [], stageNanoseconds: [], peakBytes: 0)
    if seeksBalance, let due {
      let bound = try WeightedBound(weighing, due, try currentDue(aimed: false))
      (plan.movesLowerBound, plan.movesWeightLowerBound) = (bound.moves, weights.exact(bound.weight))
      (plan.certificate, plan.weightWindows) = (bound.prices, bound.windows)
    }
    try clock.mark("certify")
    plan.stageNanoseconds = clock.stages
    plan.peakBytes =
      arena.peakBytes + UInt64(target.memoryBytes) + UInt64(problem.current?.memoryBytes ?? 0)
    return plan
  }

  // MARK: What stages share

  /// Into the windows, as far as can be. Dues change where the heaviest replica of a node does; so each round counts
  /// only if less is outside then, and a map where none does stays as it is.
  private func settle(aimed: Bool = true) throws(PlatError) -> WeightedDue {
    var due = try currentDue(aimed: aimed)
    var outside = due.outside(weighing.load)
    while outside > 0 {
      let before = try weighing.snapshot()
      try WeightedShed.run(weighing, due)
      let after = try currentDue(aimed: aimed)
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
  private func currentDue(aimed: Bool = true) throws(PlatError) -> WeightedDue {
    let due = try WeightedDue.total(weighing, heaviest: weighing.heaviest(in: 0..<weighing.replicas))
    guard aimed, let goal = weighing.goal, let total = goal.total else { return due }
    return try due.aimed(at: total, of: goal, weighing.problem)
  }

  /// Where capacities and hard rules leave no direct way, chains of replicas, each counted as one, make room.
  ///
  /// What was filled by weight is not where it costs least, and chains whose links cost less than nothing may not be
  /// seen; so where something still is missing once more as if nobody held anything, when all links cost the same. What
  /// went needlessly the search brings home.
  private mutating func placeTheRest() throws(PlatError) {
    placement.countPlaced()
    guard let due, placement.placed < problem.partitionCount * weighing.replicas else { return }
    try Planner.placeTheRest(problem, due, &placement)
    if placement.placed < due.total {
      let plain = try Problem(cluster, current: nil, arena: arena, promotesNear: false)
      try Planner.placeTheRest(plain, due, &placement)
    }
    weighing.recount()
    try RowSearch.complete(weighing, currentDue(aimed: false))
  }
}
