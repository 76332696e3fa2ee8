/// Partitions of different sizes under a hard limit on peers.
///
///     today's map → what may stay, masters, pairs too many → what is missing → steps (`WeightedPeers`)
///     a fresh one, and where that leaves much outside the windows: the map planned by number → steps
///
/// The second is taken where it places more, or at least halves what lies outside; and again from there, until it is
/// not.
extension Planner {
  /// O(P · R · log P), a plan by number where one is made, and a bounded number of steps tried.
  static func rebalanceWithinPeers(
    _ cluster: DenseCluster, _ weights: PartitionWeights, from current: PlacementMap?, options: PlanRequest
  ) throws(PlatError) -> Plan {
    var clock = StageClock(options.interrupt)
    let budget = cluster.cluster.settings.balance.moveBudget
    func arrange(_ home: PlacementMap?, byNumber: Bool, budget: Int? = nil) throws(PlatError) -> PeerArrangement {
      try PeerArrangement(cluster, weights, home: home, byNumber: byNumber, budget: budget, options: options)
    }
    var best = try arrange(current, byNumber: current == nil)
    try clock.mark("peers")
    if current != nil {
      for _ in 0..<TrialLimits.WeightedPeers.numberRounds where best.isPoor(weights, cluster) {
        let other = try arrange(best.map, byNumber: true)
        guard other.isBetter(than: best) else { break }
        best = other
      }
    }
    for _ in 0..<TrialLimits.WeightedPeers.numberRounds where best.outside > 0 {
      // Planned again nothing is nearer to its windows.
      let other = try arrange(best.map, byNumber: false)
      guard other.unplaced <= best.unplaced, other.outside < best.outside else { break }
      best = other
    }
    var heldBack = 0
    if let budget, let current {
      let limited = try arrange(current, byNumber: false, budget: budget)
      heldBack = max(0, try best.moves(cluster, from: current) - limited.moves(cluster, from: current))
      if heldBack > 0 { best = limited }
    }
    try clock.mark("fill")

    let arena = try Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt)
    let problem = try Problem(cluster, current: current, arena: arena)
    var placement = try Placement(problem, target: best.map)
    placement.changed.isAll = true
    let weighing = try Weighing(problem, weights, placement)
    weighing.recount()
    let total = try WeightedDue.total(weighing, heaviest: weighing.heaviest(in: 0..<problem.replicas))
    try WeightedRoles.run(weighing, placement, total, isLeadSettled: true)
    weighing.recount()
    let map = try Witnesses.run(problem, placement, memoryLimitBytes: options.memoryLimitBytes)
    try clock.mark("roles")
    let due = try Due(problem, held: placement.load)
    let bound = try WeightedBound(weighing, due, total)
    try clock.mark("certify")
    return Plan(
      operation: .rebalance, target: map, movesLowerBound: bound.moves,
      movesWeightLowerBound: weights.exact(bound.weight),
      movesHeldBack: heldBack, certificate: bound.prices, weightWindows: bound.windows, stageNanoseconds: clock.stages,
      peakBytes: arena.peakBytes + UInt64(best.map.memoryBytes) + UInt64(current?.memoryBytes ?? 0))
  }

}

/// A map within the limit, and how well it is balanced.
private struct PeerArrangement {
  /// Rows for states that hold data, with masters in the first slots.
  let map: PlacementMap
  let unplaced: Int
  /// Weight outside of the windows.
  let outside: Int

  init(
    _ cluster: DenseCluster, _ weights: PartitionWeights, home: PlacementMap?, byNumber: Bool, budget: Int?,
    options: PlanRequest
  ) throws(PlatError) {
    let arena = try Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt)
    map = try PlacementMap(partitionCount: cluster.partitionCount, slotCounts: cluster.dataWanted)
    let problem = try Problem(cluster, current: home, arena: arena)
    var placement = try Placement(problem, target: map)
    let weighing = try Weighing(problem, weights, placement)
    if byNumber {
      var own = options
      own.interrupt = options.interrupt?.quiet
      let plan = try Planner.rebalance(cluster.withoutLimitsOnMoves, from: home, options: own)
      map.copyData(from: plan.target, cluster)
      weighing.recount()
    } else {
      Keep.run(problem, &placement)
      placement.changed.isAll = true
      weighing.recount()
      weighing.letGoBeyondCapacity()
      var fanOut = FanOut(
        problem: problem, due: try Due(problem, held: placement.load), placement: placement, book: try PeerBook(problem)
      )
      try fanOut.settleMasters()
      try fanOut.dropPairs()
      weighing.recount()
    }
    let peers = try WeightedPeers(weighing, moveBudget: budget)
    if byNumber, home == nil { try peers.deal() }
    try peers.fill()
    try peers.settle()
    (unplaced, outside) = (weighing.unplaced, peers.outside)
  }

  /// A fiftieth of all lies outside the windows, or something is missing.
  func isPoor(_ weights: PartitionWeights, _ cluster: DenseCluster) -> Bool {
    unplaced > 0 || Int128(outside) * 50 > Int128(weights.total) * Int128(cluster.replicas)
  }

  func isBetter(than other: PeerArrangement) -> Bool {
    unplaced != other.unplaced
      ? unplaced < other.unplaced : Int128(outside) * 2 <= Int128(other.outside) && outside < other.outside
  }

  func moves(_ cluster: DenseCluster, from current: PlacementMap) throws(PlatError) -> Int {
    let problem = try Problem(cluster, current: current, arena: Arena())
    return try Placement(problem, target: map).moves(problem)
  }
}

extension DenseCluster {
  fileprivate var withoutLimitsOnMoves: DenseCluster {
    var cluster = cluster
    cluster.settings.balance.moveBudget = nil
    return DenseCluster(self, cluster: cluster, partitionCount: partitionCount, capacity: capacity)
  }
}

extension PlacementMap {
  /// What another map has in states that hold data.
  func copyData(from other: PlacementMap, _ cluster: DenseCluster) {
    for state in cluster.dataWanted.indices {
      for (to, from) in zip(slots(ofState: state), other.slots(ofState: state)) {
        for partition in 0..<partitionCount { row(partition)[to] = other.row(partition)[from] }
      }
    }
  }
}
