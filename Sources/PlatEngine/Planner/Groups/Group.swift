/// The next maps of a group, and the proof.
public struct GroupPlan: Sendable {
  public var operation = Operation.rebalance
  /// Map for map.
  public var plans: [Plan]
  /// No maps that meet the same hard rules and are balanced, each and in sum, are reached with fewer moves.
  public var movesLowerBound: Int
  /// The same of the weight that has to move, where partitions of some map differ in weight, in the document's own
  /// numbers.
  public var movesWeightLowerBound: Rational?

  /// Moves for balance alone that budgets put off, in all maps.
  public var movesHeldBack: Int { plans.reduce(0) { $0 + $1.movesHeldBack } }
}

/// Several maps on the same nodes: each balanced, and their sum.
///
///     fresh maps     quotas for all of them at once, whose sums over maps round as each map's own do → plan each
///     others         plan each for itself → sums → the fewest changes that bring the sums into their windows (SumBalance)
///                    → plan again those that change, towards those numbers
///     then           the same for each state, by role changes (SumRoles)
///
/// A map is planned without a look at the others, from numbers that were decided before.
extension Planner {
  /// What a pipeline makes of it: `plan` without what comes behind all of them.
  static func unfinished(
    _ group: DenseGroup, from currents: [PlacementMap?], options: PlanRequest
  ) throws(PlatError) -> GroupPlan {
    guard !group.clusters.isEmpty else { return GroupPlan(plans: [], movesLowerBound: 0) }
    if let plan = try operate(group, from: currents, options: options) { return plan }
    if let weights = group.weights { return try planWeighted(group, weights, from: currents, options: options) }
    let due = try GroupDue(group, currents: currents, options: options)
    var best: (planning: GroupPlanning, isSettled: Bool)?
    for attempt in 0..<(currents.contains { $0 == nil } ? TrialLimits.Group.attempts : 1) {
      var planning = try GroupPlanning(group, currents, due, options, attempt: attempt)
      try planning.run()
      let isSettled = try SumRoles.run(group, currents, due, planning.plans, options: options)
      if best == nil || isSettled { best = (planning, isSettled) }
      if isSettled { break }
    }
    return GroupPlan(plans: best!.planning.plans, movesLowerBound: best!.planning.movesLowerBound)
  }

}

/// Several maps on their way to the next, by number.
private struct GroupPlanning {
  /// In this order.
  private enum Stage: CaseIterable { case maps, sums, capacities, bounds }

  mutating func run() throws(PlatError) {
    for stage in Stage.allCases {
      switch stage {
      case .maps: try planEach()
      case .sums: try mendSums()
      case .capacities: letGoOfWhatDoesNotFit()
      case .bounds: boundByMoves()
      }
    }
  }

  private let group: DenseGroup
  private let currents: [PlacementMap?]
  private let due: GroupDue
  private let options: PlanRequest
  private let arena: Arena
  private(set) var plans: [Plan] = []
  /// What each node holds of each map: the numbers that are aimed at, and then those that came out.
  private var loads: [NodeTable<Int32>] = []
  private let windows: GroupDue.Window
  private let attempt: Int

  init(
    _ group: DenseGroup, _ currents: [PlacementMap?], _ due: GroupDue, _ options: PlanRequest, attempt: Int
  ) throws(PlatError) {
    self.attempt = attempt
    self.group = group
    self.currents = currents
    self.due = due
    self.options = options
    arena = due.arena
    windows = due.windows()
  }

  private func windows(of map: Int) -> Due { due.kinds[due.kindOfMap[map]].due }

  /// Plans every map that exists for itself, and decides what each fresh map should give each node.
  private mutating func planEach() throws(PlatError) {
    let existing = group.clusters.indices.filter { currents[$0] != nil }
    plans = Array(repeating: Plan.unmade, count: group.clusters.count)
    for (map, plan) in zip(existing, try plan(existing) { MapGoal(due: windows(of: $0)) }) { plans[map] = plan }
    loads.reserveCapacity(group.clusters.count)
    var seen = [Int](repeating: 0, count: due.kinds.count)
    for map in group.clusters.indices {
      try arena.throwIfInterrupted()
      let kind = due.kindOfMap[map]
      let row = seen[kind]
      seen[kind] += 1
      if currents[map] != nil {
        loads.append(try count(plans[map].target, group.clusters[map]))
      } else {
        let quota: NodeTable<Int32> = try arena.table(group.nodeCount)
        // The first of a kind begin at different points, so that kinds of one map do not all favour the same nodes.
        let turn = (kind &* 633 &+ attempt &* 379) & 1023
        windows(of: map).round(row << 10 + turn, of: due.mapsOfKind[kind].count << 10, into: quota)
        loads.append(quota)
      }
    }
  }

  /// Plans some of the maps, on several threads.
  private func plan(_ maps: [Int], _ goal: (Int) -> MapGoal) throws(PlatError) -> [Plan] {
    guard !maps.isEmpty else { return [] }
    let slots = maps.reduce(0) { $0 + group.clusters[$1].partitionCount * group.clusters[$1].replicas }
    let blocks = Blocks(maps.count, replicas: slots / maps.count, threads: options.threads)
    var own = options
    if blocks.workers > 1 {
      own.threads = 1
      own.interrupt = options.interrupt?.quiet  // nobody is told of stages from several threads
    }
    var made = [Result<Plan, PlatError>?](repeating: nil, count: maps.count)
    made.withUnsafeMutableBufferPointer { made in
      blocks.run { _, block in
        for index in block {
          let map = maps[index]
          do throws(PlatError) {
            if let interrupt = options.interrupt, interrupt.isRequested { throw .cancelled }
            made[index] = .success(
              try Planner.plan(group.clusters[map], from: currents[map], options: own, goal: goal(map)))
          } catch {
            made[index] = .failure(error)
          }
        }
      }
    }
    var plans: [Plan] = []
    for result in made { plans.append(try result!.get()) }
    try options.interrupt?.finished("maps")
    return plans
  }

  /// Brings the sums into their windows, and plans what is fresh and what changes.
  private mutating func mendSums() throws(PlatError) {
    var isDone = currents.map { $0 != nil }
    var isFrozen = currents.map { _ in false }
    let held = try group.clusters.indices.map { map throws(PlatError) in try heldToday(map) }
    let nodes = 0..<group.nodeCount
    for round in 0..<TrialLimits.Group.rounds {
      let before = try loads.map { load throws(PlatError) in try copy(load) }
      try settle(held: held, isFrozen: isFrozen)
      let changed = group.clusters.indices.filter { map in
        !isDone[map] || nodes.contains { loads[map].base[$0] != before[map].base[$0] }
      }
      func take(_ maps: [Int], _ states: [[NodeTable<Int32>]?]) throws(PlatError) {
        for (map, plan) in zip(maps, try self.plan(maps) { goal($0, states: states[$0]) }) {
          let load = try count(plan.target, group.clusters[map])
          let isReached = nodes.allSatisfy { load.base[$0] == loads[map].base[$0] }
          if !isReached { isFrozen[map] = true }
          if isReached || !isDone[map] || round == 0 && fits(load, map) {
            let own = isDone[map] ? plans[map] : plan
            plans[map] = plan
            (plans[map].movesLowerBound, plans[map].certificate) = (own.movesLowerBound, own.certificate)
            loads[map] = load
          } else {
            loads[map] = before[map]
          }
          isDone[map] = true
        }
      }
      // Fresh maps last: by then it is known what states they find.
      try take(changed.filter { currents[$0] != nil }, currents.map { _ in nil })
      var fresh = changed.filter { currents[$0] == nil }[...]
      while !fresh.isEmpty {
        // Half of them at a time: what does not come out as it was dealt is made up for by the others.
        let next = fresh.prefix((fresh.count + 1) / 2)
        try take(Array(next), deal(Array(fresh)))
        fresh = fresh.dropFirst(next.count)
      }
      if changed.isEmpty || nodes.allSatisfy({ windows.least[$0] <= sum($0) && sum($0) <= windows.most[$0] }) {
        break
      }
    }
  }

  /// Where a node still has more than its capacity there is nowhere to go: replicas go unplaced, of the last maps
  /// first, and of states that come last.
  private func letGoOfWhatDoesNotFit() {
    for (node, about) in group.group.shared.nodes.enumerated() {
      guard let capacity = about.capacity else { continue }
      var excess = sum(node) - capacity
      for map in plans.indices.reversed() where excess > 0 {
        let target = plans[map].target
        for partition in (0..<target.partitionCount).reversed() where excess > 0 {
          let row = target.row(partition)
          guard let slot = (0..<target.width).last(where: { row[$0].int == node }) else { continue }
          row[slot] = .none
          loads[map].base[node] -= 1
          excess -= 1
        }
      }
    }
  }

  /// A map outside its windows may need fewer moves than any inside: what it needs bounds both.
  private mutating func boundByMoves() {
    for map in plans.indices where !fits(loads[map], map) {
      plans[map].movesLowerBound = min(
        plans[map].movesLowerBound, plans[map].target.received(group.clusters[map], from: currents[map]))
    }
  }

  private func fits(_ load: NodeTable<Int32>, _ map: Int) -> Bool {
    let due = windows(of: map)
    return (0..<group.nodeCount).allSatisfy {
      due.least.base[$0] <= load.base[$0] && load.base[$0] <= due.most.base[$0]
    }
  }

  private func sum(_ node: Int) -> Int { loads.reduce(0) { $0 + Int($1.base[node]) } }

  /// Changes `loads` as little as the sums ask for.
  private func settle(held: [NodeTable<Int32>?], isFrozen: [Bool]) throws(PlatError) {
    var boxes: [[SumBoxes?]] = due.kinds.map { _ in [nil, nil] }
    var rows: [SumBalance.Row] = []
    rows.reserveCapacity(loads.count)
    for map in loads.indices {
      let kind = due.kindOfMap[map]
      let isFresh = currents[map] == nil
      let ofKind = boxes[kind][isFresh ? 1 : 0] ?? due.boxes(kind, isFresh: isFresh)
      boxes[kind][isFresh ? 1 : 0] = ofKind
      // A fresh map costs the same wherever it lies: it is for the others to be off their dues.
      let windows = isFresh ? windows(of: map).strict : windows(of: map)
      rows.append(
        SumBalance.Row(
          value: loads[map], least: isFrozen[map] ? loads[map] : windows.least,
          most: isFrozen[map] ? loads[map] : windows.most, held: held[map], boxes: ofKind))
    }
    try SumBalance(rows, least: windows.least, most: windows.most, arena: arena).settle()
  }

  /// What a map should give each node, and for a fresh one of each state.
  private func goal(_ map: Int, states: [NodeTable<Int32>]?) -> MapGoal {
    var goal = MapGoal(due: windows(of: map), totals: loads[map], states: states)
    if currents[map] == nil { goal.seed = UInt64(map + attempt * group.clusters.count) }
    return goal
  }

  /// What each of these maps should give each node of each state, beside those that are planned.
  private func deal(_ maps: [Int]) throws(PlatError) -> [[NodeTable<Int32>]?] {
    guard group.clusters.count > 1 else { return [nil] }  // planned as if it were alone
    var totals: [NodeTable<Int32>?] = currents.map { _ in nil }
    for map in maps { totals[map] = loads[map] }
    return try SumDeal(due, totals: totals, arena: arena) { map, place, sum in
      let roles = due.kinds[due.kindOfMap[map]].due.roles
      let state = place < roles.count ? roles[place].state : group.clusters[map].dataWanted.firstIndex { $0 > 0 } ?? 0
      let target = plans[map].target
      if target.partitionCount > 0 { target.count(target.slots(ofState: state), into: sum) }
    }.states
  }

  /// Replicas of each node in a map, of states that hold data.
  private func count(_ map: PlacementMap, _ cluster: DenseCluster) throws(PlatError) -> NodeTable<Int32> {
    let load: NodeTable<Int32> = try arena.table(group.nodeCount)
    map.countData(cluster, into: load)
    return load
  }

  /// What each node has of a map and may keep; nil: nothing.
  private func heldToday(_ map: Int) throws(PlatError) -> NodeTable<Int32>? {
    guard let current = currents[map] else { return nil }
    let held = try count(current, group.clusters[map])
    for node in 0..<group.nodeCount {
      if !group.clusters[map].status[node].mayKeep { held.base[node] = 0 }
    }
    return held
  }

  private func copy(_ load: NodeTable<Int32>) throws(PlatError) -> NodeTable<Int32> {
    let result: NodeTable<Int32> = try arena.table(load.count)
    result.copy(from: load)
    return result
  }

  // MARK: The bound

  /// What each map needs for itself, or what the sums of all need: every node must receive what it lacks of the least
  /// that it should hold, and beyond that somebody whatever cannot stay.
  var movesLowerBound: Int {
    var alone = 0
    for plan in plans { alone += plan.movesLowerBound }
    var held = [Int](repeating: 0, count: group.nodeCount)
    for map in currents.indices {
      guard let table = try? heldToday(map) else { continue }
      for node in held.indices { held[node] += Int(table.base[node]) }
    }
    var lacking = 0
    var clamped = 0
    var total = 0
    for node in held.indices {
      lacking += max(0, windows.least[node] - held[node])
      clamped += max(windows.least[node], min(windows.most[node], held[node]))
    }
    for map in currents.indices { total += windows(of: map).total }
    let together = lacking + max(0, total - clamped)
    let isSettled = held.indices.allSatisfy { windows.least[$0] <= sum($0) && sum($0) <= windows.most[$0] }
    return isSettled ? max(alone, together) : alone
  }
}

extension Plan {
  /// Stands where a plan is still to come.
  fileprivate static var unmade: Plan {
    Plan(
      operation: .rebalance, target: PlacementMap.empty, movesLowerBound: 0, certificate: [], stageNanoseconds: [],
      peakBytes: 0)
  }
}

extension PlacementMap {
  fileprivate static var empty: PlacementMap { try! PlacementMap(partitionCount: 0, slotCounts: []) }
}
