/// The last stage: states that are asked for and hold no data, such as a witness that only votes.
///
/// Such a replica takes a node, which has no other of the partition, and counts under rules that name its state. It is
/// no load and costs no move; so it is placed after all that holds data, and balanced by itself: by weight, up to one
/// replica of each partition. Who is in the state today stays while that fits; open places go round the nodes that lack
/// one; where none of those may have it, two partitions exchange, and else the least loaded node that may gets it.
struct Witnesses {
  private let problem: Problem
  private let map: PlacementMap
  private let state: Int
  private let slots: Range<Int>
  /// The rules of at most so many that count the state.
  private let hard: [RowBound]
  private let soft: [RowBound]
  private let load: NodeTable<Int32>
  private let quota: NodeTable<Int32>
  /// Nodes that lack some, in the first `openCount` places, and whose turn it is.
  private let open: NodeTable<NodeIndex>
  private var openCount = 0
  private var cursor = 0

  /// The map with its places for states without data filled; the same map where there are none.
  /// O(P · R · rules + N) where the nodes that lack one may have it.
  static func run(_ problem: Problem, _ placement: Placement, memoryLimitBytes: UInt64) throws(PlatError)
    -> PlacementMap
  {
    try run(problem, data: placement.target, memoryLimitBytes: memoryLimitBytes)
  }

  /// The same for a map whose data lies elsewhere than a pipeline put it: data goes where it must, so witnesses make
  /// way. Those of `before` stay while that fits; `data`: without any.
  static func run(
    _ cluster: DenseCluster, data: PlacementMap, keeping before: PlacementMap, options: PlanRequest
  ) throws(PlatError) -> PlacementMap {
    let arena = try Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt)
    let problem = try Problem(cluster, current: before, arena: arena)
    return try run(problem, data: data, memoryLimitBytes: options.memoryLimitBytes)
  }

  private static func run(
    _ problem: Problem, data: PlacementMap, memoryLimitBytes: UInt64
  ) throws(PlatError) -> PlacementMap {
    let cluster = problem.cluster
    let counts = zip(cluster.cluster.rowSlots, data.slotCounts).map { max($0, $1) }
    guard counts != data.slotCounts || cluster.hasWitnesses else { return data }
    let map = try PlacementMap(
      unfilled: problem.partitionCount, slotCounts: counts, arena: Arena(limitBytes: memoryLimitBytes))
    map.clear()
    map.copyData(from: data, cluster)
    let states = cluster.cluster.settings.model.states
    for state in cluster.wanted.indices where cluster.wanted[state] > 0 && !states[state].holdsData {
      var stage = try Witnesses(problem, map, state: state)
      stage.keep()
      stage.fill()
    }
    return map
  }

  private init(_ problem: Problem, _ map: PlacementMap, state: Int) throws(PlatError) {
    self.problem = problem
    self.map = map
    self.state = state
    slots = map.slots(ofState: state)
    let stateOfSlot = map.stateOfSlot
    func bounds(_ strength: Strength) -> [RowBound] {
      problem.cluster.cluster.settings.containerRules.filter { $0.strength == strength && $0.states.contains(state) }
        .map { $0.bound(problem.cluster, stateOfSlot: stateOfSlot) }.filter { $0.anchors == nil }
    }
    (hard, soft) = (bounds(.hard), bounds(.soft))
    load = try problem.arena.table(problem.nodeCount)
    open = try problem.arena.table(problem.nodeCount)
    quota = try Witnesses.quota(problem, state: state, count: slots.count)
  }

  /// By weight, up to one of each partition, in containers up to what hard rules about this state alone allow.
  private static func quota(_ problem: Problem, state: Int, count: Int) throws(PlatError) -> NodeTable<Int32> {
    let boxes = DueBoxes(problem, caps: problem.cluster.hardCaps(ofStateAlone: state, count: count))
    var kinds: [Quantity: Int] = [:]  // looked up only, never iterated
    let nodes = problem.cluster.cluster.nodes
    let kindOfNode = nodes.indices.map { node in
      guard problem.receives.base[node] else { return 0 }
      let next = kinds.count + 1
      let kind = kinds[nodes[node].weight] ?? next
      kinds[nodes[node].weight] = kind
      return kind
    }
    let groups = NodeGroups(problem, boxes: boxes, kindOfNode: kindOfNode)
    let members = groups.firstNode.enumerated().map { group, node in
      WaterFill.Member(
        box: groups.box[group], weight: Rational(nodes[node].weight),
        cap: problem.receives.base[node] ? Rational(problem.partitionCount) : .zero, isPinned: false,
        count: groups.count[group])
    }
    let shares = WaterFill(boxes: boxes.boxes, members: members)
      .shares(demand: Rational(problem.partitionCount) * Rational(count))
    let quota: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
    ControlledRounding(shares.ofMember, regions: shares.regionOfMember).round(groups.groupOfNode, into: quota)
    return quota
  }

  // MARK: Who may be in the state

  /// Replicas beyond what the rules allow if `node` had a place of the row that no one has.
  private func excess(_ rules: [RowBound], _ row: UnsafeMutablePointer<NodeIndex>, _ node: NodeIndex) -> Int {
    rules.reduce(0) { $0 + $1.excess(row, width: map.width, around: node) }
  }

  private func mayHave(_ row: UnsafeMutablePointer<NodeIndex>, _ node: NodeIndex) -> Bool {
    for slot in 0..<map.width where row[slot] == node { return false }
    return excess(hard, row, node) == 0
  }

  // MARK: Filling

  private func keep() {
    guard let current = problem.current else { return }
    let before = current.slots(ofState: state)
    for partition in 0..<min(problem.partitionCount, current.partitionCount) {
      var slot = slots.lowerBound
      let row = map.row(partition)
      for place in before where slot < slots.upperBound {
        let node = current.row(partition)[place]
        guard node != .none, problem.receives[node] ? load[node] < quota[node] : problem.isSlaveOnly[node],
          mayHave(row, node)
        else { continue }
        row[slot] = node
        load[node] += 1
        slot += 1
      }
    }
  }

  private mutating func fill() {
    for node in 0..<problem.nodeCount where load.base[node] < quota.base[node] {
      open.base[openCount] = NodeIndex(node)
      openCount += 1
    }
    for partition in 0..<problem.partitionCount {
      let row = map.row(partition)
      for slot in slots where row[slot] == .none {
        if let place = pick(row) {
          put(row, slot, place)
        } else if !exchange(partition, slot), let node = anyone(row) {
          row[slot] = node
          load[node] += 1
        }
      }
    }
  }

  /// The place in `open` of the best of the next few nodes that may have it.
  private func pick(_ row: UnsafeMutablePointer<NodeIndex>) -> Int? {
    var best: Int?
    var bestExcess = Int.max
    for tried in 0..<openCount {
      if best != nil, tried >= TrialLimits.Witnesses.nodesTried { break }
      let place = (cursor + tried) % openCount
      guard mayHave(row, open.base[place]) else { continue }
      let excess = excess(soft, row, open.base[place])
      if excess < bestExcess { (best, bestExcess) = (place, excess) }
      if excess == 0 { break }
    }
    return best
  }

  private mutating func put(_ row: UnsafeMutablePointer<NodeIndex>, _ slot: Int, _ place: Int) {
    let node = open.base[place]
    row[slot] = node
    load[node] += 1
    cursor = place + 1
    if load[node] >= quota[node] {
      openCount -= 1
      open.base[place] = open.base[openCount]
      cursor = place
    }
    if cursor >= openCount { cursor = 0 }
  }

  /// An earlier partition gives up its node for one that lacks some.
  private mutating func exchange(_ partition: Int, _ slot: Int) -> Bool {
    guard openCount > 0 else { return false }
    let row = map.row(partition)
    for tried in 0..<min(TrialLimits.Witnesses.partnersTried, partition) {
      let other = map.row(partition - 1 - tried)
      for place in slots where other[place] != .none && problem.receives[other[place]] {
        let node = other[place]
        guard mayHave(row, node) else { continue }
        other[place] = .none
        if let receiver = pick(other) {
          put(other, place, receiver)
          row[slot] = node
          return true
        }
        other[place] = node
      }
    }
    return false
  }

  private func anyone(_ row: UnsafeMutablePointer<NodeIndex>) -> NodeIndex? {
    var best: NodeIndex?
    for index in 0..<problem.nodeCount {
      let node = NodeIndex(index)
      guard problem.receives[node], best.map({ load[node] < load[$0] }) ?? true,
        problem.cluster.cluster.nodes[index].weight != .zero, mayHave(row, node)
      else { continue }
      best = node
    }
    return best
  }
}

extension DenseCluster {
  /// States that hold no data are asked for.
  var hasWitnesses: Bool {
    wanted.indices.contains { wanted[$0] > 0 && !cluster.settings.model.states[$0].holdsData }
  }
}

extension PlacementMap {
  /// The same without witnesses, in slots of data alone. O(P · R).
  func data(of cluster: DenseCluster) throws(PlatError) -> PlacementMap {
    let map = try PlacementMap(partitionCount: partitionCount, slotCounts: cluster.dataWanted)
    map.copyData(from: self, cluster)
    return map
  }
}
