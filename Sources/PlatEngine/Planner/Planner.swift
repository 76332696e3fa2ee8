/// The pipeline, on one screen. Partitions of different sizes have their own: `Planner.planWeighted`.
///
///     Dense → Keep → Due → Fill (Fresh, or Fill and Exchange) → Mend → Roles → Certify → target map
///
/// `Keep` comes before `Due` because what nodes in maintenance keep is part of what the others are due.
public enum Planner {
  /// What a pipeline makes of it: `plan` without what comes behind all of them.
  static func unfinished(
    _ cluster: DenseCluster, from current: PlacementMap?, options: PlanRequest
  ) throws(PlatError) -> Plan {
    try refuseUnsupported(cluster)
    let operation = options.operation ?? Operation.chosen(for: cluster, from: current)
    guard operation != .failover else { return try Failover.plan(cluster, from: current, options: options) }
    let home = try home(cluster, from: current, options: options, as: operation)
    if let weights = cluster.partitionWeights {
      return try planWeighted(cluster, weights, from: home, movedFrom: current, options: options, as: operation)
    }
    return try rebalance(cluster, from: home, movedFrom: current, options: options, as: operation)
  }

  /// The map that an operation keeps as far as may be.
  static func home(
    _ cluster: DenseCluster, from current: PlacementMap?, options: PlanRequest, as operation: Operation
  ) throws(PlatError) -> PlacementMap? {
    switch operation {
    case .restoreBack: try NearestMap.make(cluster, from: current, backTo: options.to, options: options)
    case .cancel: try StandingMap.make(cluster, from: current, target: options.to, options: options)
    case .rebalance, .swap, .failover, .maintenance: current
    }
  }

  /// The next map of one of several on the same nodes. `goal`: what each node should have of it.
  static func plan(
    _ cluster: DenseCluster, from current: PlacementMap?, options: PlanRequest, goal: MapGoal
  ) throws(PlatError) -> Plan {
    try refuseUnsupported(cluster)
    return try rebalance(cluster, from: current, options: options, goal: goal)
  }

  /// The pipeline. `home`: the map that is kept as far as may be; `movedFrom`: the one that moves are counted from,
  /// where that is another. Operations other than rebalance and swap move nothing for balance alone. `judged`: the
  /// cluster that the bound is about, where `cluster` has other capacities.
  static func rebalance(
    _ cluster: DenseCluster, from home: PlacementMap?, movedFrom: PlacementMap? = nil, options: PlanRequest,
    as asked: Operation = .rebalance, goal: MapGoal? = nil, judged: DenseCluster? = nil
  ) throws(PlatError) -> Plan {
    let seeksBalance = asked == .rebalance || asked == .swap
    let current = home
    var operation = asked
    let arena = try Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt)
    var clock = StageClock(options.interrupt)
    let target = try PlacementMap(
      unfilled: cluster.partitionCount, slotCounts: cluster.dataWanted,
      arena: Arena(limitBytes: options.memoryLimitBytes))
    var problem = try Problem(
      cluster, current: current, arena: arena, threads: options.threads, wideRow: options.wideRow,
      promotesNear: options.promotesNear, leavingStay: operation == .cancel)
    problem.leadBeside = options.leadBeside
    var placement = try Placement(problem, target: target)
    try clock.mark("prepare")

    placement.changed.isTracked = true
    Keep.run(problem, &placement)
    try clock.mark("keep")
    let due: Due
    if let ofKind = goal?.due { due = ofKind } else { due = try Due(problem, held: placement.load) }
    let aimed = goal?.aim(due) ?? due
    let wide = seeksBalance ? nil : try due.safetyOnly(problem, placement)
    var windows = wide ?? aimed
    // Where nothing is held yet, and of what is missing, being nearer than is tolerated costs nothing.
    let strict = due.isTolerant ? goal?.aim(due.strict) ?? due.strict : aimed
    // Of several maps it is counted when all are planned.
    let kept = seeksBalance && goal == nil ? try MoveBudget(problem, placement) : nil
    try clock.mark("due")

    var isSwapped = false
    if goal == nil {
      isSwapped = try Swap.run(
        problem, due, &placement, isChosenFreely: options.operation == nil, counterparts: options.counterparts,
        operation: &operation)
    }
    try clock.mark("swap")

    let potential = try startingPotentials(problem, windows, placement)
    let isFresh = placement.placed == 0 && placement.letGo == 0 && problem.near.isEmpty
    if isFresh {
      windows = wide ?? strict
      if problem.fanOut == nil {
        try Fresh.run(problem, strict, &placement, seed: goal?.seed ?? 0)
      } else {
        try Fresh.runWithFewPeers(problem, strict, &placement)
      }
      try clock.mark("fill")
    } else if try FreshNear.run(problem, strict, &placement) {
      windows = wide ?? strict
      try clock.mark("fill")
    } else if !isSwapped {
      if placement.letGo > 0 { try Exchange.run(problem, windows, &placement, potential: potential, reach: .free) }
      try Fill.run(problem, windows, &placement, towards: wide == nil ? nil : strict)
      try clock.mark("fill")
      try Exchange.run(problem, windows, &placement, potential: potential)
      try placeTheRest(problem, windows, &placement)
      try RowSearch.complete(problem, &placement)
      try clock.mark("exchange")
      Mend.run(problem, windows, placement)
      try ColocationExchange.run(problem, windows, placement)
      try clock.mark("mend")
    }
    let roles = isFresh ? due.strict : due
    if !isSwapped, try goal?.assignRoles(problem, isFresh ? strict : aimed, roles, &placement) != true {
      try assignRoles(problem, windows.withRoles(of: roles), &placement, potential)
    }
    StateRules.enforce(problem, placement)
    try clock.mark("roles")
    assert(placement.staysAsItIs(problem), "a stage has changed a row and not said so")
    if let limit = problem.fanOut, seeksBalance && !isSwapped || limit.strength == .hard {
      placement = try FanOut.keep(
        problem, windows, placement, isFresh: isFresh || problem.current == nil,
        memoryLimitBytes: options.memoryLimitBytes)
      try clock.mark("fanOut")
    }
    if problem.isNearPromoted, !Balance(placement, windows).isSettled {
      var options = options
      options.promotesNear = false
      return try rebalance(
        cluster, from: home, movedFrom: movedFrom, options: options, as: asked, goal: goal, judged: judged)
    }
    let heldBack = isSwapped ? 0 : try kept?.holdBack(problem, windows, &placement) ?? 0
    let map = try Witnesses.run(problem, placement, memoryLimitBytes: options.memoryLimitBytes)

    let prices: NodeTable<Int32> = try arena.table(cluster.nodeCount)
    for node in 0..<cluster.nodeCount where wide == nil && !isSwapped {
      prices.base[node] = potential.base[cluster.nodeCount + 1] - potential.base[node]
    }
    let isOther = operation == .restoreBack || operation == .cancel || judged != nil
    let counted = isOther ? try Problem(judged ?? cluster, current: movedFrom, arena: arena) : problem
    if isOther { placement.changed.isAll = true }  // it is told by the home map, and moves are not
    // Near rules may have taken from nodes in maintenance what they kept at first: the others are due that, too.
    let isDueAsBefore = judged == nil && (problem.near.isEmpty || !problem.hasSlaveOnly)
    let proved = isDueAsBefore ? due : try Due(counted, held: placement.load)
    let allAreMoves = goal != nil && current == nil && !due.isShort
    var bound =
      allAreMoves
      ? due.total : try Certify.movesLowerBound(counted, proved, prices: prices, changed: placement.changed)
    if problem.fanOut?.strength == .hard, !due.isShort { bound = max(bound, try PeerBound.moves(counted)) }
    if problem.hasSlaveOnly {
      bound = min(max(bound, try MaintenanceBound.moves(counted, proved)), placement.moves(counted))
    }
    // A map outside the windows may need fewer moves than any inside; what it needs bounds both.
    if !Balance(placement, proved).isSettled { bound = min(bound, placement.moves(counted)) }
    try clock.mark("certify")
    let loads = (0..<cluster.nodeCount).reduce(0) { $0 + Int(placement.load.base[$1]) }
    return Plan(
      operation: operation, target: map, movesLowerBound: bound, movesHeldBack: heldBack,
      certificate: (0..<cluster.nodeCount).map { prices.base[$0] },
      isComplete: loads == problem.partitionCount * problem.replicas && placement.fits(cluster.capacity),
      stageNanoseconds: clock.stages,
      peakBytes: arena.peakBytes + UInt64(target.memoryBytes) + UInt64(current?.memoryBytes ?? 0))
  }

  /// What the shortest paths of direct moves start from: 0 where paths begin, 1 everywhere else. Where `Keep`
  /// let something go that could have stayed, free paths come first, and all are 0. N nodes, the slack, the pool.
  static func startingPotentials(
    _ problem: Problem, _ due: Due, _ placement: Placement
  ) throws(PlatError) -> NodeTable<Int32> {
    let potential: NodeTable<Int32> = try problem.arena.table(problem.nodeCount + 2)
    guard placement.letGo == 0 else { return potential }
    let surplus = Balance(placement, due).surplus
    for node in 0..<problem.nodeCount {
      let load = placement.load.base[node]
      let begins = load > due.most.base[node] || (surplus > 0 && load > due.least.base[node])
      potential.base[node] = begins ? 0 : 1
    }
    potential.base[problem.nodeCount] = surplus > 0 ? 0 : 1
    return potential
  }

  /// Windows may be out of reach (nodes in maintenance, rules about single states); what is still missing then
  /// goes wherever capacity and hard rules allow.
  static func placeTheRest(
    _ problem: Problem, _ due: Due, _ placement: inout Placement
  ) throws(PlatError) {
    guard placement.placed < due.total else { return }
    let relaxed = try due.relaxed(problem, placement)
    try Fill.run(problem, relaxed, &placement)
    let potential: NodeTable<Int32> = try problem.arena.table(problem.nodeCount + 2)
    try Exchange.run(problem, relaxed, &placement, potential: potential)
  }

  /// Who is what; where a node cannot have the part of a state that fits what it holds, it holds one more or one
  /// less within its window instead, if that costs no move.
  private static func assignRoles(
    _ problem: Problem, _ due: Due, _ placement: inout Placement, _ potential: NodeTable<Int32>
  ) throws(PlatError) {
    guard due.seeksBalance else {
      _ = try Roles.run(problem, due, &placement)
      return
    }
    if placement.peers != nil {
      let parts = try Roles.run(problem, due, &placement)
      let (tooFew, tooMany) = parts?.unsettled() ?? ([], [])
      if problem.fanOut?.strength == .hard || tooFew.isEmpty && tooMany.isEmpty { return }
      placement.peers = nil  // a soft limit costs no balance
    }
    let slack = potential.base[problem.nodeCount]
    // Under near rules what a node has in all was then chosen with a view to who has co-location group where.
    let allStay =
      !problem.near.isEmpty && !(0..<problem.partitionCount).contains { problem.isAway($0, from: placement.row($0)) }
    var due = due
    var before = Int.max
    for _ in 0..<roleRounds {
      guard let parts = try Roles.run(problem, due, &placement) else { return }
      let (tooFew, tooMany) = allStay ? ColocationGroups.unsettled(problem, placement, parts) : parts.unsettled()
      guard !tooFew.isEmpty || !tooMany.isEmpty else { return }
      func isWithin(_ node: NodeIndex) -> Bool {
        due.least[node] <= placement.load[node] && placement.load[node] <= due.most[node] && potential[node] == slack
      }
      let toLess = tooFew.filter { isWithin($0) && due.least[$0] < placement.load[$0] }
      let toMore = tooMany.filter { isWithin($0) && placement.load[$0] < due.most[$0] }
      let outside = tooFew.reduce(0) { $0 + parts.lack($1) } + tooMany.reduce(0) { $0 + parts.excess($1) }
      let isStuck = outside >= before
      before = outside
      if isStuck || allStay || (toLess.isEmpty && toMore.isEmpty) {
        guard try RoleSwaps.run(problem, placement, parts) else { return }
      } else {
        due = try due.narrowed(problem, placement.load, toLess: toLess, toMore: toMore)
        try Exchange.run(problem, due, &placement, potential: potential, reach: .tight)
      }
    }
    _ = try Roles.run(problem, due, &placement)
  }

  private static let roleRounds = 8

  static func refuseUnsupported(_ cluster: DenseCluster) throws(PlatError) {
    let settings = cluster.cluster.settings
    for rule in settings.containerRules { try rule.refuseUnsupported(cluster) }
    try settings.fanOut?.refuseUnsupported(cluster)
  }
}

/// How long each stage took. Reported, never decided on. A profiler finds the stages' borders by `mark`.
struct StageClock {
  private(set) var stages: [(stage: String, nanoseconds: UInt64)] = []
  private var last = ContinuousClock.now
  private let interrupt: Interrupt?

  init(_ interrupt: Interrupt? = nil) { self.interrupt = interrupt }

  /// Throws where the work is to stop.
  @inline(never) mutating func mark(_ stage: String) throws(PlatError) {
    let now = ContinuousClock.now
    let (seconds, attoseconds) = (now - last).components
    stages.append((stage, UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)))
    last = now
    try interrupt?.finished(stage)
  }
}
