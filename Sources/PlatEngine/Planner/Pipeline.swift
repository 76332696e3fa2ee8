/// One map on its way to the next, by number: partitions are all of one size.
///
///     prepare → keep → due ─▶ swap → fill → exchange → mend → roles → fanOut ─▶ certify
///
/// The first three come before everything else, in `init`; `keep` before `due`, since what nodes in maintenance keep is
/// part of what the others are due. `plan` comes last, and proves. Stages know nothing of each other.
struct Pipeline {
  /// In this order, each where it applies; the clock has them by these names.
  enum Stage: String, CaseIterable { case swap, fill, exchange, mend, roles, fanOut }

  private func applies(_ stage: Stage) -> Bool {
    switch stage {
    case .swap, .roles: true
    case .fill: !isSwapped
    case .exchange, .mend: !isSwapped && !isFilledAtOnce
    case .fanOut: problem.fanOut.map { seeksBalance && !isSwapped || $0.strength == .hard } ?? false
    }
  }

  private mutating func run(_ stage: Stage) throws(PlatError) {
    switch stage {
    case .swap: try swap()
    case .fill: try fill()
    case .exchange: try exchange()
    case .mend: mend()
    case .roles: try assignRoles()
    case .fanOut: try limitFanOut()
    }
  }

  mutating func run() throws(PlatError) {
    for stage in Stage.allCases where applies(stage) {
      try run(stage)
      try clock.mark(stage.rawValue)
      assert(
        firstBroken(after: stage) == nil,
        "\(firstBroken(after: stage)!.rawValue) does not hold after \(stage.rawValue)")
    }
  }

  /// The first invariant of the placement that does not hold after a stage, but for what that stage leaves to others: a
  /// fresh map has no rows before they are filled; roles and limits may leave replicas unplaced without counting them;
  /// and rules about states change rows behind the book of peers.
  private func firstBroken(after stage: Stage) -> Placement.Invariant? {
    switch stage {
    case .swap where problem.current == nil && problem.near.isEmpty: nil
    case .swap, .fill, .exchange, .mend: placement.firstBroken(problem)
    case .roles:
      placement.firstBroken(
        problem, besides: problem.hasStateRules ? [.placedIsTheSum, .peersAreThePairs] : [.placedIsTheSum])
    case .fanOut: placement.firstBroken(problem, besides: [.placedIsTheSum, .peersAreThePairs])
    }
  }

  private let cluster: DenseCluster
  private let current: PlacementMap?
  private let options: PlanRequest
  private let goal: MapGoal?
  /// As asked, or as `swap` has made it.
  private var operation: Operation
  private let seeksBalance: Bool

  private let arena: Arena
  private let target: PlacementMap
  private let problem: Problem
  private var placement: Placement
  private var clock: StageClock
  /// What nodes are due; and what they may hold: the same, or anything in operations that are no matter of balance.
  private let due: Due
  private let wide: Due?
  private let aimed: Due
  /// Without a tolerance: where nothing is held yet, and of what is missing, being nearer costs nothing.
  private let strict: Due
  private var windows: Due
  /// Of the nodes, the slack and the pool: prices by which moves are proved the fewest.
  private let potential: NodeTable<Int32>
  private var isSwapped = false
  /// Nothing is held that counts, and no near rule asks for more than a closed form gives.
  private let isFresh: Bool
  private var isFilledAtOnce = false

  init(
    _ cluster: DenseCluster, from current: PlacementMap?, options: PlanRequest, as operation: Operation,
    goal: MapGoal?
  ) throws(PlatError) {
    (self.cluster, self.current, self.options, self.goal) = (cluster, current, options, goal)
    self.operation = operation
    seeksBalance = operation == .rebalance || operation == .swap
    arena = try Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt)
    clock = StageClock(options.interrupt)
    target = try PlacementMap(
      unfilled: cluster.partitionCount, slotCounts: cluster.dataWanted,
      arena: Arena(limitBytes: options.memoryLimitBytes))
    var problem = try Problem(
      cluster, current: current, arena: arena, threads: options.threads, wideRow: options.wideRow,
      promotesNear: options.promotesNear, leavingStay: operation == .cancel)
    problem.leadBeside = options.leadBeside
    self.problem = problem
    placement = try Placement(problem, target: target)
    try clock.mark("prepare")

    placement.changed.isTracked = true
    Keep.run(problem, &placement)
    try clock.mark("keep")

    if let ofKind = goal?.due { due = ofKind } else { due = try Due(problem, held: placement.load) }
    aimed = goal?.aim(due) ?? due
    wide = seeksBalance ? nil : try due.safetyOnly(problem, placement)
    windows = wide ?? aimed
    strict = due.isTolerant ? goal?.aim(due.strict) ?? due.strict : aimed
    potential = try Pipeline.startingPotentials(problem, windows, placement)
    isFresh = placement.placed == 0 && placement.letGo == 0 && problem.near.isEmpty
    try clock.mark("due")
  }

  /// Soft near rules were kept as if they were hard, and that does not come out even.
  var isOutOfBalanceByPromotion: Bool { problem.isNearPromoted && !Balance(placement, windows).isSettled }

  // MARK: Stages

  private mutating func swap() throws(PlatError) {
    guard goal == nil else { return }
    isSwapped = try Swap.run(
      problem, due, &placement, isChosenFreely: options.operation == nil, counterparts: options.counterparts,
      operation: &operation)
  }

  private mutating func fill() throws(PlatError) {
    if isFresh {
      (windows, isFilledAtOnce) = (wide ?? strict, true)
      if problem.fanOut == nil {
        try Fresh.run(problem, strict, &placement, seed: goal?.seed ?? 0)
      } else {
        try Fresh.runWithFewPeers(problem, strict, &placement)
      }
    } else if try FreshNear.run(problem, strict, &placement) {
      (windows, isFilledAtOnce) = (wide ?? strict, true)
    } else {
      if placement.letGo > 0 { try Exchange.run(problem, windows, &placement, potential: potential, reach: .free) }
      try Fill.run(problem, windows, &placement, towards: wide == nil ? nil : strict)
    }
  }

  private mutating func exchange() throws(PlatError) {
    try Exchange.run(problem, windows, &placement, potential: potential)
    try Planner.placeTheRest(problem, windows, &placement)
    try RowSearch.complete(problem, &placement)
  }

  private func mend() { Mend.run(problem, windows, placement) }

  private mutating func assignRoles() throws(PlatError) {
    let roles = isFresh ? due.strict : due
    if !isSwapped, try goal?.assignRoles(problem, isFresh ? strict : aimed, roles, &placement) != true {
      try RoleRounds.run(problem, windows.withRoles(of: roles), &placement, potential)
    }
    StateRules.enforce(problem, placement)
  }

  private mutating func limitFanOut() throws(PlatError) {
    placement = try FanOut.keep(
      problem, windows, placement, isFresh: isFresh || problem.current == nil,
      memoryLimitBytes: options.memoryLimitBytes)
  }

  // MARK: The plan

  /// The placement as a map, with its proof. `movedFrom`, `judged`: see `Planner.rebalance`.
  consuming func plan(movedFrom: PlacementMap?, judged: DenseCluster?) throws(PlatError) -> Plan {
    let map = try Witnesses.run(problem, placement, memoryLimitBytes: options.memoryLimitBytes)
    let prices: NodeTable<Int32> = try arena.table(cluster.nodeCount)
    for node in 0..<cluster.nodeCount where wide == nil && !isSwapped {
      prices.base[node] = potential.base[cluster.nodeCount + 1] - potential.base[node]
    }
    let bound = try bound(prices, movedFrom: movedFrom, judged: judged)
    try clock.mark("certify")
    let loads = (0..<cluster.nodeCount).reduce(0) { $0 + Int(placement.load.base[$1]) }
    return Plan(
      operation: operation, target: map, movesLowerBound: bound,
      certificate: (0..<cluster.nodeCount).map { prices.base[$0] },
      isComplete: loads == problem.partitionCount * problem.replicas && placement.fits(cluster.capacity),
      stageNanoseconds: clock.stages,
      peakBytes: arena.peakBytes + UInt64(target.memoryBytes) + UInt64(current?.memoryBytes ?? 0))
  }

  private mutating func bound(
    _ prices: NodeTable<Int32>, movedFrom: PlacementMap?, judged: DenseCluster?
  ) throws(PlatError) -> Int {
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
    return bound
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
}
