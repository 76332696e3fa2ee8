import PlatEngine

/// Does steps one by one and looks after each whether all is still safe. Knows nothing of how they were made.
public struct StepReplay {
  /// What was not safe, in words.
  public struct Fault: Error, CustomStringConvertible {
    public var description: String
  }

  private let cluster: DenseCluster
  private let model: StateModel
  /// For each partition that steps touch, the state of each node; failed nodes have none.
  private var states: [Int: [Int: Int]] = [:]
  private var fewest: [Int: Int] = [:]
  private var isNew: Set<Int> = []
  private var load: [Int]
  private let mostLoad: [Int]
  private let target: PlacementMap
  /// Partitions in which a replica may go before another comes.
  private let mayFall: Set<Int>

  public init(_ cluster: DenseCluster, from current: PlacementMap?, to target: PlacementMap, plan: StepPlan) {
    self.cluster = cluster
    self.target = target
    let model = cluster.cluster.settings.model
    self.model = model
    mayFall = Set(plan.removedFirst.map(\.partition.int))
    var load = [Int](repeating: 0, count: cluster.nodeCount)
    for partition in 0..<cluster.partitionCount {
      let now = Self.holders(current, partition).filter { cluster.status[$0.key] != .failed }
      let then = Self.holders(target, partition)
      states[partition] = now
      let (before, after) = (now.values.count { model.states[$0].holdsData }, then.values.count { model.states[$0].holdsData })
      fewest[partition] = min(before, after)
      if before == 0 { isNew.insert(partition) }
      for (node, state) in now where model.states[state].holdsData { load[node] += 1 }
    }
    self.load = load
    mostLoad = cluster.cluster.nodes.enumerated().map { max($1.capacity ?? .max, load[$0]) }
  }

  public static func holders(_ map: PlacementMap?, _ partition: Int) -> [Int: Int] {
    guard let map, partition < map.partitionCount else { return [:] }
    var result: [Int: Int] = [:]
    for state in map.slotCounts.indices {
      for node in map.holders(of: partition, inState: state) where result[node.int] == nil { result[node.int] = state }
    }
    return result
  }

  /// All of the list, in an order drawn at random among those that heed `after`.
  public mutating func runAll(_ list: StepList, _ random: inout SplitMix64) throws {
    var done = [Bool](repeating: false, count: list.count)
    var ready = (0..<list.count).filter { list.after($0).isEmpty }
    var followers = [[Int]](repeating: [], count: list.count)
    var pending = [Int](repeating: 0, count: list.count)
    for step in 0..<list.count {
      pending[step] = list.after(step).count
      for before in list.after(step) { followers[Int(before)].append(step) }
    }
    var count = 0
    while !ready.isEmpty {
      let step = ready.remove(at: random.below(ready.count))
      try perform(list.steps[step], "step \(step) of partition \(list.steps[step].partition.int)")
      done[step] = true
      count += 1
      for follower in followers[step] {
        pending[follower] -= 1
        if pending[follower] == 0 { ready.append(follower) }
      }
    }
    guard count == list.count else { throw Fault(description: "\(list.count - count) steps wait in a circle") }
  }

  /// One step, with all that must hold before and after it.
  public mutating func perform(_ step: Step, _ name: String) throws {
    func check(_ holds: Bool, _ what: @autoclosure () -> String) throws {
      guard holds else { throw Fault(description: "\(name): \(what())") }
    }
    let partition = step.partition.int
    var now = states[partition] ?? [:]
    func isHop(_ change: StateChange, _ table: TransitionTable) -> Bool {
      table[change.from == .null ? nil : change.from.int, change.to == .null ? nil : change.to.int]
        == (change.to == .null ? nil : change.to.int)
    }
    func state(_ node: NodeIndex) -> StateIndex { now[node.int].map { StateIndex($0) } ?? .null }
    let exclusiveBefore = crowd(now)
    try check(cluster.status[step.node.int] != .failed, "node \(step.node.int) failed")
    try check(state(step.node) == step.change.from, "node \(step.node.int) is in \(model.name(state(step.node))), not \(model.name(step.change.from))")
    switch step.kind {
    case .set:
      try check(isHop(step.change, model.alone) && step.change.from != step.change.to, "no hop \(step.change)")
      let comes = model.holdsData(step.change.to) && !model.holdsData(step.change.from)
      // A new partition is empty as long as nobody serves it.
      try check(!comes || (isNew.contains(partition) && !now.values.contains { !model.states[$0].serves.isEmpty }), "data from nowhere")
    case .stream:
      try check(cluster.status[step.source.int] != .failed && step.source != step.node, "source \(step.source.int)")
      try check(state(step.source) == step.sourceChange.from, "source \(step.source.int) is in \(model.name(state(step.source)))")
      try check(model.holdsData(step.sourceChange.from), "the source has no data")
      try check(isHop(step.change, model.takeover) || isHop(step.change, model.alone), "no hop \(step.change)")
      let isSourceHop = isHop(step.sourceChange, model.takeover) || isHop(step.sourceChange, model.alone)
      try check(step.sourceChange.from == step.sourceChange.to || isSourceHop, "no hop \(step.sourceChange)")
    }
    for (node, change) in step.kind == .set ? [(step.node, step.change)] : [(step.source, step.sourceChange), (step.node, step.change)] {
      now[node.int] = change.to == .null ? nil : change.to.int
      load[node.int] += (model.holdsData(change.to) ? 1 : 0) - (model.holdsData(change.from) ? 1 : 0)
      try check(load[node.int] <= mostLoad[node.int], "node \(node.int) holds \(load[node.int]) of \(mostLoad[node.int])")
    }
    let live = now.values.count { model.states[$0].holdsData }
    let least = mayFall.contains(partition) ? max(1, fewest[partition]! - 1) : fewest[partition]!
    try check(live >= least, "\(live) live copies, at least \(least) must be")
    try check(crowd(now) <= exclusiveBefore, "two in states that exclude one another")
    states[partition] = now
  }

  /// Pairs of nodes in states that exclude one another.
  private func crowd(_ now: [Int: Int]) -> Int {
    let states = Array(now.values)
    var count = 0
    for a in states.indices { for b in 0..<a where model.areExclusive(states[a], states[b]) { count += 1 } }
    return count
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
