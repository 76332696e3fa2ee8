/// The pipeline for partitions of different sizes: balance in weight, and the least weight moved.
///
///     Dense → Keep → giants → due → fill → shed and exchange → mend → roles → bound → target map
///
/// What a node is due depends on who holds the heaviest partitions; so these come first, and the due is taken again where
/// they have changed hands.
extension Planner {
  /// O(P · R · log N + P log P) where direct moves do.
  static func planWeighted(
    _ cluster: DenseCluster, _ weights: PartitionWeights, from current: PlacementMap?, options: PlanOptions
  ) throws(PlatError) -> Plan {
    try refuseWithWeights(cluster, options)
    let arena = try Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt)
    var clock = StageClock(options.interrupt)
    let target = try PlacementMap(
      unfilled: cluster.partitionCount, slotCounts: cluster.dataWanted, arena: Arena(limitBytes: options.memoryLimitBytes))
    let problem = try Problem(cluster, current: current, arena: arena)
    var placement = try Placement(problem, target: target)
    if current == nil { target.clear() }
    let weighing = try Weighing(problem, weights, placement)
    try clock.mark("prepare")

    Keep.run(problem, &placement)
    placement.concerned.isAll = true  // rows change without a word from here on
    let due = try Due(problem, held: placement.load)
    weighing.recount()
    letGoBeyondCapacity(weighing)
    try clock.mark("keep")

    if let above = try WeightedFill.separateGiants(weighing) {
      WeightedFill.run(weighing, try currentDue(weighing), above: above)
    }
    WeightedFill.run(weighing, try currentDue(weighing))
    _ = try WeightedFill.separateGiants(weighing)
    try placeTheRest(weighing, due, &placement)
    try clock.mark("fill")

    var weighed = try settle(weighing)
    try clock.mark("shed")
    if weighed.outside(weighing.load) == 0 {
      WeightedMend.run(weighing, weighed)
      weighed = try settle(weighing)
    }
    try clock.mark("mend")

    try WeightedRoles.run(weighing, placement, weighed)
    StateRules.enforce(problem, placement)
    weighing.recount()
    let map = try Witnesses.run(problem, placement, memoryLimitBytes: options.memoryLimitBytes)
    try clock.mark("roles")

    let bound = try WeightedBound(weighing, due, try currentDue(weighing))
    try clock.mark("certify")
    return Plan(
      operation: .rebalance, target: map, movesLowerBound: bound.moves,
      movesWeightLowerBound: weights.exact(bound.weight), certificate: bound.prices, weightWindows: bound.windows,
      stageNanoseconds: clock.stages,
      peakBytes: arena.peakBytes + UInt64(target.memoryBytes) + UInt64(current?.memoryBytes ?? 0))
  }

  /// Into the windows, as far as can be. Dues change where the heaviest replica of a node does; so each round counts only
  /// if less is outside then, and a map where none does stays as it is.
  private static func settle(_ weighing: Weighing) throws(PlatError) -> WeightedDue {
    var due = try currentDue(weighing)
    var outside = due.outside(weighing.load)
    while outside > 0 {
      let before = try weighing.snapshot()
      try WeightedShed.run(weighing, due)
      let after = try currentDue(weighing)
      let left = after.outside(weighing.load)
      guard left < outside else {
        weighing.restore(before)
        break
      }
      (due, outside) = (after, left)
    }
    return due
  }

  private static func currentDue(_ weighing: Weighing) throws(PlatError) -> WeightedDue {
    try WeightedDue.total(weighing, heaviest: weighing.heaviest(in: 0..<weighing.replicas))
  }

  /// Capacities count replicas: the lightest beyond them have to go.
  private static func letGoBeyondCapacity(_ weighing: Weighing) {
    let problem = weighing.problem
    guard (0..<problem.nodeCount).contains(where: { Int(weighing.count.base[$0]) > problem.cluster.capacity[$0] }) else { return }
    for place in (0..<weighing.order.count).reversed() {
      let partition = weighing.order.base[place].int
      let row = weighing.row(partition)
      for slot in 0..<weighing.replicas where row[slot] != .none {
        let node = row[slot]
        if Int(weighing.count[node]) > problem.cluster.capacity[node.int] { weighing.set(partition, slot, to: .none) }
      }
    }
  }

  /// Where capacities and hard rules leave no direct way, chains of replicas, each counted as one, make room.
  private static func placeTheRest(
    _ weighing: Weighing, _ due: Due, _ placement: inout Placement
  ) throws(PlatError) {
    let problem = weighing.problem
    placement.placed = 0
    for partition in 0..<problem.partitionCount {
      let row = weighing.row(partition)
      placement.placed += (0..<weighing.replicas).count { row[$0] != .none }
    }
    guard placement.placed < problem.partitionCount * weighing.replicas else { return }
    try placeTheRest(problem, due, &placement)
    weighing.recount()
  }

  private static func refuseWithWeights(_ cluster: DenseCluster, _ options: PlanOptions) throws(PlatError) {
    let settings = cluster.cluster.settings
    func refuse(_ path: String, _ found: String, _ expected: String) throws(PlatError) {
      throw .unsupported(InputError(path: path, found: "\(found), with partition weights that differ", expected: expected))
    }
    if let operation = options.operation, operation != .rebalance {
      try refuse("weights", operation.rawValue, "rebalance or failover: the others are not planned by weight")
    }
    if settings.fanOut?.strength == .hard {
      try refuse("settings.fanOut.strength", "hard", "soft: this version does not plan both together")
    }
    for (index, rule) in settings.placement.enumerated() where rule.strength == .hard {
      guard case .near = rule.demand else { continue }
      try refuse("settings.placement[\(index)].strength", "hard", "soft: this version does not plan both together")
    }
  }
}
