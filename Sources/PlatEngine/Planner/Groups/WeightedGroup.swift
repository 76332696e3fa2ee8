/// Several maps of which some have partitions of different weight: each balanced by itself, and their sum in weight.
///
///     existing maps   each by itself, as if it were alone
///     fresh maps      the coarsest first, each where those before leave the sums below their dues
///     sums            replicas of any maps change nodes and states until sums are in their windows (SumExchange); maps
///                     that this is not made in are planned once more towards what the others leave (WeightGoal), the
///                     finest first
///
/// Partitions of one size are planned by number where they can be; planned again for the sums each weighs 1.
extension Planner {
  /// O(maps · planning one), as much again for maps that change for the sums, and see `SumExchange`.
  static func planWeighted(
    _ group: DenseGroup, _ weights: GroupWeights, from currents: [PlacementMap?], options: PlanRequest
  ) throws(PlatError) -> GroupPlan {
    var planning = WeightedGroup(group, weights, currents, options)
    try planning.run()
    return try planning.plan()
  }
}

private struct WeightedGroup {
  /// In this order.
  private enum Stage: CaseIterable { case maps, sums }

  mutating func run() throws(PlatError) {
    for stage in Stage.allCases {
      switch stage {
      case .maps: try planEach()
      case .sums: try mendSums()
      }
    }
  }

  private let group: DenseGroup
  private let weights: GroupWeights
  private let currents: [PlacementMap?]
  private let options: PlanRequest
  private let sums: WeightSums
  private var plans: [Plan?]
  private var scores: [WeightSums.BalanceScore] = []
  private var isChanged: [Bool] = []

  /// The clusters that are planned: where several maps share a node's capacity, each with whole places of its own.
  private let clusters: [DenseCluster]

  init(_ group: DenseGroup, _ weights: GroupWeights, _ currents: [PlacementMap?], _ options: PlanRequest) {
    (self.group, self.weights, self.currents) = (group, weights, currents)
    sums = WeightSums(group, weights)
    clusters = group.withWholePlaces
    var options = options
    options.operation = .rebalance  // what one map looks like by itself does not say what has happened
    self.options = options
    plans = currents.map { _ in nil }
    isChanged = currents.map { _ in false }
  }

  /// Maps by their heaviest partitions, the lightest of these first.
  private var finestFirst: [Int] {
    let heaviest = group.clusters.indices.map { (weights.of[$0].of.max() ?? 0) * weights.scale[$0] }
    return group.clusters.indices.sorted { (heaviest[$0], $0) < (heaviest[$1], $1) }
  }

  // MARK: each map

  private mutating func planEach() throws(PlatError) {
    for map in group.clusters.indices {
      try throwIfInterrupted()
      if currents[map] == nil {
        scores.append(try sums.score(map, nil, from: nil).expected)
      } else {
        var plan = try alone(map)
        let score = try sums.score(map, plan.target, from: currents[map])
        // Who finds no whole place need not move.
        plan.movesLowerBound = min(plan.movesLowerBound, score.moves)
        plans[map] = plan
        scores.append(score)
      }
    }
    let fresh = finestFirst.reversed().filter { currents[$0] == nil }
    try planByNumber(fresh.filter { group.clusters[$0].isPlannedByNumber }.sorted())
    for map in fresh where !group.clusters[map].isPlannedByNumber {
      try throwIfInterrupted()
      if let aimed = try aimed(map) { try takeFresh(aimed, for: map) } else { try takeFresh(alone(map), for: map) }
    }
    try options.interrupt?.finished("maps")
  }

  /// Fresh maps of one size each: their numbers are dealt so that those of a kind add up (`ControlledRounding`).
  private mutating func planByNumber(_ maps: [Int]) throws(PlatError) {
    guard !maps.isEmpty else { return }
    let due = try GroupDue(group, currents: currents, options: options)
    var seen = [Int](repeating: 0, count: due.kinds.count)
    for map in maps {
      try throwIfInterrupted()
      let kind = due.kindOfMap[map]
      let quota: NodeTable<Int32> = try due.arena.table(group.nodeCount)
      due.kinds[kind].due.round(
        seen[kind] << 10 + (kind &* 633) & 1023, of: due.mapsOfKind[kind].count << 10, into: quota)
      seen[kind] += 1
      var goal = MapGoal(due: due.kinds[kind].due, totals: quota)
      goal.seed = UInt64(map)
      let plan = try Planner.plan(group.clusters[map], from: nil, options: options, goal: goal)
      try takeFresh(plan, for: map)
    }
  }

  /// Or the plan of the map alone, where that is more balanced.
  private mutating func takeFresh(_ plan: Plan, for map: Int) throws(PlatError) {
    (plans[map], scores[map]) = (plan, try sums.score(map, plan.target, from: nil))
    guard scores[map].outside > 0 || scores[map].unplaced > 0 else { return }
    let alone = try alone(map)
    let score = try sums.score(map, alone.target, from: nil)
    if (score.unplaced, score.outside) < (scores[map].unplaced, scores[map].outside) {
      (plans[map], scores[map]) = (alone, score)
    }
  }

  private func alone(_ map: Int) throws(PlatError) -> Plan {
    let cluster = clusters[map]
    guard cluster.partitionWeights == nil, group.clusters[map].capacityPart != nil else {
      return try judged(Planner.unfinished(cluster, from: currents[map], options: options), map)
    }
    try Planner.refuseUnsupported(cluster)
    return try Planner.rebalance(cluster, from: currents[map], options: options, judged: group.clusters[map])
  }

  /// The same plan with bounds about the map's part of capacities, be it a fraction.
  private func judged(_ plan: Plan, _ map: Int) throws(PlatError) -> Plan {
    guard group.clusters[map].capacityPart != nil, plan.weightWindows != nil else { return plan }
    return try plan.bounded(group.clusters[map], weights.of[map], from: currents[map])
  }

  /// A plan towards what the others leave of the sums. Nil where a map is planned in steps that keep a limit on peers,
  /// which know of no goal.
  private func aimed(_ map: Int, _ asked: Asked = .all) throws(PlatError) -> Plan? {
    let cluster = clusters[map]
    let limit = cluster.limitOnPeers
    guard limit == nil || limit?.strength == .soft && cluster.partitionWeights != nil,
      cluster.partitionWeights != nil || plans[map] != nil,
      var goal = sums.goal(map, scores, sums.windows(scores))
    else { return nil }
    if asked == .states { goal.total = nil }
    if asked == .total { goal.states = goal.states.map { _ in nil } }
    try Planner.refuseUnsupported(cluster)
    let plan = try Planner.rebalanceWeighted(
      cluster, weights.of[map], from: currents[map], options: options, goal: goal)
    return try judged(plan, map)
  }

  // MARK: sums

  private mutating func mendSums() throws(PlatError) {
    guard group.clusters.count > 1 else { return }
    try aimAgain(mayMoveMore: false)
    for _ in 0..<TrialLimits.WeightedGroup.rounds {
      try exchange()
      guard try aimAgain(mayMoveMore: true) else { break }
    }
    try options.interrupt?.finished("sums")
  }

  /// A map that would not stay as it is goes on from there as it does alone, and then is left to itself.
  private mutating func exchange() throws(PlatError) {
    let targets = plans.compactMap { $0?.target }
    var isFrozen = plans.map { _ in false }
    var isSettled = false
    while !isSettled {
      try throwIfInterrupted()
      let changed = try SumExchange.run(
        sums, group, weights, clusters, targets, from: currents, isFrozen: isFrozen, &scores, options.interrupt)
      isSettled = true
      for map in changed {
        isChanged[map] = true
        let again = try Planner.unfinished(clusters[map], from: targets[map], options: options).target
        guard (0..<again.partitionCount * again.width).contains(where: { again.slots[$0] != targets[map].slots[$0] })
        else { continue }
        (isFrozen[map], isSettled) = (true, false)
        targets[map].copyData(from: again, clusters[map])
        scores[map] = try sums.score(map, targets[map], from: currents[map])
      }
    }
  }

  /// Plans maps once more towards what the others leave of the sums: those of which something has to move anyway, if no
  /// more weight moves for it than it brings into the windows. `mayMoveMore`: those that no exchange is made in, if
  /// less is outside then. True where any map has another plan.
  @discardableResult
  private mutating func aimAgain(mayMoveMore: Bool) throws(PlatError) -> Bool {
    var (outside, isBetter) = (sums.windows(scores).outside, false)
    for map in finestFirst where outside.of > 0 && currents[map] != nil {
      guard mayMoveMore ? !clusters[map].mayExchange : scores[map].moves > 0 else { continue }
      for asked in Asked.allCases {
        try throwIfInterrupted()
        guard let plan = try aimed(map, asked) else { break }
        let before = scores[map]
        scores[map] = try sums.score(map, plan.target, from: currents[map])
        let after = sums.windows(scores).outside
        let more = (scores[map].moved - before.moved) * weights.scale[map]
        if after < outside, mayMoveMore || more <= outside.of - after.of, scores[map].unplaced <= before.unplaced,
          scores[map].outside <= before.outside
        {
          (outside, isChanged[map], isBetter) = (after, true, true)
          take(plan, for: map)
          break
        }
        scores[map] = before
        guard mayMoveMore else { break }
      }
    }
    return isBetter
  }

  private enum Asked: CaseIterable { case all, states, total }

  /// What is proved of a map that has changed.
  private mutating func bound(_ map: Int) throws(PlatError) {
    guard var plan = plans[map] else { return }
    if group.clusters[map].partitionWeights == nil {
      plan.movesLowerBound = min(plan.movesLowerBound, scores[map].moves)
    } else {
      plan = try plan.bounded(group.clusters[map], weights.of[map], from: currents[map])
    }
    plans[map] = plan
  }

  /// A map of one size keeps the proof that it has by number.
  private mutating func take(_ plan: Plan, for map: Int) {
    var plan = plan
    if group.clusters[map].partitionWeights == nil, let own = plans[map] {
      (plan.movesLowerBound, plan.certificate) = (min(own.movesLowerBound, scores[map].moves), own.certificate)
      (plan.movesWeightLowerBound, plan.weightWindows) = (nil, nil)
    }
    plans[map] = plan
  }

  private func throwIfInterrupted() throws(PlatError) {
    if options.interrupt?.isRequested == true { throw .cancelled }
  }

  mutating func plan() throws(PlatError) -> GroupPlan {
    for map in plans.indices where isChanged[map] { try bound(map) }
    var plan = GroupPlan(group, plans.compactMap { $0 }, .rebalance)
    let bound = try SumBound.bound(group, weights, sums.windows(scores), plan.plans, from: currents)
    if let bound, let alone = plan.movesWeightLowerBound {
      plan.movesWeightLowerBound = max(alone, weights.exact(bound))
    }
    return plan
  }
}

extension DenseGroup {
  /// Each map with whole places of the nodes whose capacities are for all: parts are rounded such that they add up,
  /// those of the next map first on the next node.
  fileprivate var withWholePlaces: [DenseCluster] {
    guard group.shared.nodes.contains(where: { $0.capacity != nil }) else { return clusters }
    var rooms = clusters.map(\.capacity)
    for (node, about) in group.shared.nodes.enumerated() where about.capacity != nil {
      var (sum, whole) = (Rational.zero, 0)
      for place in clusters.indices {
        let map = (place + node) % clusters.count
        guard let key = clusters[map].sharedCapacity(of: node), let part = clusters[map].capacityPart?.exact(key) else {
          continue
        }
        sum = sum + part
        let upTo = sum.floor ?? whole
        rooms[map][node] = min(upTo - whole, clusters[map].partitionCount)
        whole = upTo
      }
    }
    return clusters.indices.map { clusters[$0].with(room: rooms[$0]) }
  }
}

extension DenseCluster {
  /// Its numbers are dealt out beside those of other maps.
  fileprivate var isPlannedByNumber: Bool { partitionWeights == nil && capacityPart == nil }
}

extension GroupPlan {
  /// What each map needs by itself is what all need at least.
  init(_ group: DenseGroup, _ plans: [Plan], _ operation: Operation) {
    self.init(operation: operation, plans: plans, movesLowerBound: plans.reduce(0) { $0 + $1.movesLowerBound })
    guard let weights = group.weights else { return }
    movesWeightLowerBound = plans.enumerated().reduce(Rational.zero) { sum, plan in
      sum
        + (plan.element.movesWeightLowerBound ?? Rational(plan.element.movesLowerBound) * weights.of[plan.offset].unit)
    }
  }
}
