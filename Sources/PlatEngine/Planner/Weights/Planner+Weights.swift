/// Partitions of different sizes: balance in weight, and the least weight moved. `WeightedPipeline` has the stages.
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
      return try rebalanceWeighted(cluster, weights, from: home, options: options, as: operation)
        .weighed(weights, judged ?? cluster, from: movedFrom)
    case .swap:
      let plan = try rebalance(cluster, from: home, options: options, as: .swap)
      if plan.operation == .swap { return try plan.weighed(weights, cluster, from: home) }
    case .rebalance, .failover: break
    }
    var plan = try WeightedStanding.best(cluster, from: movedFrom) { cluster, current throws(PlatError) in
      if cluster.limitOnPeers?.strength == .hard {
        // Who keeps the limit is known by number; the search then balances by weight.
        return try rebalance(cluster, from: current, options: options).bounded(cluster, weights, from: current)
      }
      return try rebalanceWeighted(cluster, weights, from: current, options: options)
    }
    if home == nil, operation == .cancel { plan.operation = .cancel }
    // What a node is due is told by its part of capacities, not by the room that other maps happen to leave.
    if let judged { plan = try plan.bounded(judged, weights, from: movedFrom) }
    return plan
  }

  /// `goal`: of one of several maps. O(P · R · log N + P log P) where direct moves do.
  static func rebalanceWeighted(
    _ cluster: DenseCluster, _ weights: PartitionWeights, from home: PlacementMap?, options: PlanRequest,
    as operation: Operation = .rebalance, goal: WeightGoal? = nil
  ) throws(PlatError) -> Plan {
    var pipeline = try WeightedPipeline(cluster, weights, from: home, options: options, as: operation, goal: goal)
    try pipeline.run()
    return try pipeline.plan()
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
