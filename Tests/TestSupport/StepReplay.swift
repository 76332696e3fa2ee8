import PlatEngine

/// Does steps one by one and looks after each whether all is still safe. Knows nothing of how they were made.
public struct StepReplay {
  /// What was not safe, in words.
  public struct Fault: Error, CustomStringConvertible {
    public var description: String
  }

  /// What is counted of a partition, at both ends and at every instant between.
  private struct Count {
    var copies = 0
    /// Holders that serve, by kind of request.
    var serving: [Int] = []
    /// Containers with a copy, by level.
    var spread: [Int] = []
    /// Pairs of nodes in states that exclude one another.
    var crowd = 0
  }

  private let cluster: DenseCluster
  private let model: StateModel
  /// For each partition that steps touch, the state of each node; failed nodes have none.
  private var states: [Int: [Int: Int]] = [:]
  private var least: [Int: Count] = [:]
  /// Partitions that are empty as yet: new ones that nobody who had them has served.
  private var isEmpty: Set<Int> = []
  private var load: [Int]
  private var mostLoad: [Int]
  private let target: PlacementMap
  /// Partitions in which a replica may go before another comes.
  private let mayFall: Set<Int>
  /// Levels at which copies stay spread.
  private let levels: [Int]

  /// `everyLevel`: copies stay spread at all levels; else at those that rules name.
  public init(
    _ cluster: DenseCluster, from current: PlacementMap?, to target: PlacementMap, plan: StepPlan,
    everyLevel: Bool = false
  ) {
    self.cluster = cluster
    self.target = target
    let model = cluster.cluster.settings.model
    self.model = model
    mayFall = Set(plan.removedFirst.map(\.partition.int))
    let ruled = cluster.cluster.settings.placement.compactMap { rule -> Int? in
      if case .atMost = rule.demand { rule.level } else { nil }
    }
    levels = everyLevel ? Array(cluster.levels.indices) : Set(ruled).sorted()
    load = Array(repeating: 0, count: cluster.nodeCount)
    mostLoad = []
    var load = load
    for partition in 0..<cluster.partitionCount {
      let now = Self.holders(current, partition).filter { cluster.status[$0.key] != .failed }
      states[partition] = now
      let (before, after) = (count(now), count(Self.holders(target, partition)))
      var both = Count()
      both.copies = before.copies > 0 ? max(1, min(before.copies, after.copies)) : 0
      both.serving = zip(before.serving, after.serving).map { min($0, $1) }
      both.spread = zip(before.spread, after.spread).map { min($0, $1) }
      // Where the target leaves no copy the last one stays, wherever it is.
      if after.copies == 0 { both.serving = both.serving.map { _ in 0 } }
      least[partition] = both
      if before.copies == 0 { isEmpty.insert(partition) }
      for (node, state) in now where model.states[state].holdsData { load[node] += 1 }
    }
    self.load = load
    mostLoad = cluster.cluster.nodes.enumerated().map { max($1.capacity ?? .max, load[$0]) }
  }

  private func count(_ holders: [Int: Int]) -> Count {
    var result = Count()
    for state in holders.values {
      result.copies += model.states[state].holdsData ? 1 : 0
    }
    result.serving = model.requests.indices.map { kind in
      holders.values.count { model.states[$0].serves.rawValue & 1 << UInt8(kind) != 0 }
    }
    let data = holders.filter { model.states[$0.value].holdsData }.keys
    result.spread = levels.map { level in Set(data.map { cluster.levels[level].containerOfNode[$0] }).count }
    let states = Array(holders.values)
    for a in states.indices { for b in 0..<a where model.areExclusive(states[a], states[b]) { result.crowd += 1 } }
    return result
  }

  public static func holders(_ map: PlacementMap?, _ partition: Int) -> [Int: Int] {
    guard let map, partition < map.partitionCount else { return [:] }
    var result: [Int: Int] = [:]
    for state in map.slotCounts.indices {
      for node in map.holders(of: partition, inState: state) where result[node.int] == nil { result[node.int] = state }
    }
    return result
  }

  /// How an order is drawn among those that heed `after`.
  public enum Order: CaseIterable, Sendable {
    case any, newestFirst
    /// Whatever takes a copy or a service away, as soon as it may.
    case takingFirst
  }

  /// All of the list, in an order that heeds `after`.
  public mutating func runAll(_ list: StepList, _ random: inout SplitMix64, _ order: Order = .any) throws {
    var ready = (0..<list.count).filter { list.after($0).isEmpty }
    var followers = [[Int]](repeating: [], count: list.count)
    var pending = [Int](repeating: 0, count: list.count)
    for step in 0..<list.count {
      pending[step] = list.after(step).count
      for before in list.after(step) { followers[Int(before)].append(step) }
    }
    var count = 0
    while !ready.isEmpty {
      let step = ready.remove(at: choice(ready, list, &random, order))
      try perform(list.steps[step], "step \(step) of partition \(list.steps[step].partition.int)")
      count += 1
      for follower in followers[step] {
        pending[follower] -= 1
        if pending[follower] == 0 { ready.append(follower) }
      }
    }
    guard count == list.count else { throw Fault(description: "\(list.count - count) steps wait in a circle") }
  }

  private func choice(_ ready: [Int], _ list: StepList, _ random: inout SplitMix64, _ order: Order) -> Int {
    switch order {
    case .any: return random.below(ready.count)
    case .newestFirst: return ready.count - 1
    case .takingFirst:
      let taking = ready.indices.filter { place in
        list.steps[ready[place]].allChanges.contains { change in
          let (before, after) = (count(of: change.from), count(of: change.to))
          return before.copies > after.copies || zip(before.serving, after.serving).contains { $0 > $1 }
        }
      }
      return taking.isEmpty ? random.below(ready.count) : random.pick(taking)
    }
  }

  private func count(of state: StateIndex) -> Count { count(state == .null ? [:] : [0: state.int]) }

  /// One step, with all that must hold before and after it.
  public mutating func perform(_ step: Step, _ name: String) throws {
    func check(_ holds: Bool, _ what: @autoclosure () -> String) throws {
      guard holds else { throw Fault(description: "\(name): \(what())") }
    }
    let partition = step.partition.int
    var now = states[partition] ?? [:]
    func state(_ node: NodeIndex) -> StateIndex { now[node.int].map { StateIndex($0) } ?? .null }
    let before = count(now)
    try check(cluster.status[step.node.int] != .failed, "node \(step.node.int) failed")
    try check(
      state(step.node) == step.change.from,
      "node \(step.node.int) is in \(model.name(state(step.node))), not \(model.name(step.change.from))")
    let comes = model.holdsData(step.change.to) && !model.holdsData(step.change.from)
    try check(step.isFullScan == (comes && step.kind == .stream), "isFullScan is \(step.isFullScan)")
    switch step.kind {
    case .set:
      try check(isHop(step.change, [model.alone]), "no hop \(step.change)")
      try check(!comes || isEmpty.contains(partition), "data from nowhere")
    case .stream:
      try check(cluster.status[step.source.int] != .failed && step.source != step.node, "source \(step.source.int)")
      try check(
        state(step.source) == step.sourceChange.from,
        "source \(step.source.int) is in \(model.name(state(step.source)))")
      try check(!comes || model.holdsData(step.sourceChange.from), "the source has no data")
      try check(comes || step.isTakeover, "nothing is streamed")
      try check(isHop(step.change, [model.takeover, model.alone]), "no hop \(step.change)")
      try check(
        step.sourceChange.from == step.sourceChange.to
          || (step.isTakeover && isHop(step.sourceChange, [model.takeover, model.alone])),
        "no hop \(step.sourceChange)")
      try check(
        !(model.holdsData(step.sourceChange.to) && !model.holdsData(step.sourceChange.from)),
        "the source gets data from nowhere")
    }
    for (node, change) in step.kind == .set
      ? [(step.node, step.change)] : [(step.source, step.sourceChange), (step.node, step.change)]
    {
      now[node.int] = change.to == .null ? nil : change.to.int
      load[node.int] += (model.holdsData(change.to) ? 1 : 0) - (model.holdsData(change.from) ? 1 : 0)
      try check(
        load[node.int] <= mostLoad[node.int], "node \(node.int) holds \(load[node.int]) of \(mostLoad[node.int])")
    }
    try checkCounts(now, before, partition, name)
    if now.values.contains(where: { !model.states[$0].serves.isEmpty && model.states[$0].holdsData }) {
      isEmpty.remove(partition)
    }
    try check(isEmpty.contains(partition) || before.copies == 0 || count(now).copies > 0, "what was served is gone")
    states[partition] = now
  }

  private func isHop(_ change: StateChange, _ tables: [TransitionTable]) -> Bool {
    func number(_ state: StateIndex) -> Int? { state == .null ? nil : state.int }
    return change.from != change.to
      && tables.contains { table in
        table.all.contains { $0 != number(change.from) && table[number(change.from), $0] == number(change.to) }
      }
  }

  private func checkCounts(_ now: [Int: Int], _ before: Count, _ partition: Int, _ name: String) throws {
    func atLeast(_ found: Int, _ least: Int, _ what: String) throws {
      let fall = mayFall.contains(partition) ? min(least, max(1, least - 1)) : least
      guard found >= fall else {
        throw Fault(description: "\(name): \(what): \(found), at least \(fall) must be: \(now)")
      }
    }
    let (after, least) = (count(now), least[partition]!)
    try atLeast(after.copies, least.copies, "live copies")
    for kind in model.requests.indices {
      try atLeast(after.serving[kind], least.serving[kind], "nodes that serve \(model.requests[kind].name)")
    }
    for (place, level) in levels.enumerated() {
      try atLeast(after.spread[place], least.spread[place], "\(cluster.cluster.levels[level]) with copies")
    }
    guard after.crowd <= before.crowd else {
      throw Fault(description: "\(name): two in states that exclude one another: \(now)")
    }
  }

  /// Whether each partition is as its target says, but for those that the plan says do not get there.
  public func checkEnd(unmet: Set<Int>) throws {
    for partition in 0..<cluster.partitionCount where !unmet.contains(partition) {
      let then = Self.holders(target, partition)
      guard states[partition]! == then else {
        throw Fault(description: "partition \(partition) ends as \(states[partition]!), not \(then)")
      }
    }
  }
}

extension Step {
  fileprivate var allChanges: [StateChange] { (kind == .set ? [change] : [sourceChange, change]) }
}
