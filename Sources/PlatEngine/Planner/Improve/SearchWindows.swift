import PlatSearch

/// What nodes should carry, for the search: of one map, or of several together.
struct SearchWindows {
  private(set) var total: Windows
  /// Of several maps by weight: narrower ones, for sums as even as one map would be.
  private(set) var tightTotal: Windows?
  private(set) var ofState: [Windows]
  /// Of each state, narrower: for what costs no move. Empty: none.
  private(set) var even: [Windows] = []
  /// What each node is due in all, where partitions differ in weight; and what it should carry in replicas then.
  private(set) var due: [Int] = []
  private(set) var counts: Windows?
  /// Partitions that stay where they are, heavier than what others are due. Empty: none.
  private(set) var isFixed: [Bool] = []

  /// Of one map, in view of what nodes hold in `target`. O(P · R), and exact arithmetic for each kind of node.
  init(
    _ cluster: DenseCluster, from current: PlacementMap?, _ target: PlacementMap, _ options: PlanRequest
  ) throws(PlatError) {
    let arena = try Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt)
    let problem = try Problem(cluster, current: current, arena: arena)
    let map = try PlacementMap(partitionCount: cluster.partitionCount, slotCounts: cluster.dataWanted)
    map.copyData(from: target, cluster)
    let placement = try Placement(problem, target: map)
    map.countData(cluster, into: placement.load)
    let due = try Due(problem, held: placement.load)
    let counted = current == nil ? due.strict : due
    total = Windows(
      least: (0..<cluster.nodeCount).map { Int(counted.least.base[$0]) },
      most: (0..<cluster.nodeCount).map { Int(counted.most.base[$0]) })
    ofState = Array(repeating: Windows(open: cluster.nodeCount), count: cluster.wanted.count)
    guard let weights = cluster.partitionWeights else {
      setStates(due, cluster, isFresh: current == nil)
      return
    }
    counts = total
    let weighing = try Weighing(problem, weights, placement)
    weighing.recount()
    try setWeights(weighing, cluster)
  }

  /// Of one of several maps, in the numbers of all.
  init(
    _ group: DenseGroup, map: Int, from current: PlacementMap?, _ target: PlacementMap, _ options: PlanRequest
  ) throws(PlatError) {
    let own = try SearchWindows(group.clusters[map], from: current, target, options)
    self = group.weights.map { own.times($0.scale[map]) } ?? own
  }

  /// Of several maps together. `states`: of all of them, by name. O(Σ P · R + maps · N).
  init(
    _ group: DenseGroup, from currents: [PlacementMap?], targets: [PlacementMap], states: [String],
    _ options: PlanRequest
  ) throws(PlatError) {
    let cluster = group.clusters[0]
    total = Windows(open: group.nodeCount)
    ofState = Array(repeating: total, count: states.count)
    if let weights = group.weights {
      try setSums(WeightSums(group, weights), from: currents, targets: targets, states: states, cluster)
    } else {
      setSums(try GroupDue(group, currents: currents, options: options), states: states, group)
    }
  }

  private mutating func setSums(
    _ sums: WeightSums, from currents: [PlacementMap?], targets: [PlacementMap], states: [String],
    _ cluster: DenseCluster
  ) throws(PlatError) {
    let scores = try targets.enumerated().map { map, target throws(PlatError) in
      try sums.score(map, target, from: currents[map])
    }
    let windows = sums.windows(scores)
    let (inAll, tight) = (windows.well(sums.total), windows.tight)
    total = Self.windows(cluster) { inAll[$0] }
    tightTotal = Self.windows(cluster) { tight[$0] }
    even = ofState
    for (state, name) in states.enumerated() {
      guard let place = sums.names.firstIndex(of: name).map({ $0 + 1 }) else { continue }
      let (well, narrow) = (windows.well(place), windows.even(place))
      ofState[state] = Self.windows(cluster) { well[$0] }
      even[state] = Self.windows(cluster) { narrow[$0] }
    }
    due = (0..<cluster.nodeCount).map { windows.due[sums.total][$0] }
  }

  private mutating func setSums(_ due: GroupDue, states: [String], _ group: DenseGroup) {
    let (cluster, nodes) = (group.clusters[0], 0..<group.nodeCount)
    let all = due.windows()
    total = Self.windows(cluster) { all.least[$0]...max(all.least[$0], all.most[$0]) }
    let tolerance = group.group.shared.settings.tolerance
    let wanted = states.indices.filter { group.wants(states[$0]) }
    guard wanted.count > 1 else { return }
    // The last state of a map is what its others leave: of one state that is told where those of all others are.
    var (left, isLeft) = (nodes.map { all.due($0) }, [Int]())
    for state in wanted {
      guard let ofState = due.places(of: states[state]).map({ due.windows($0) }) else {
        isLeft.append(state)
        continue
      }
      self.ofState[state] = Self.windows(cluster) { tolerance.withinOne(ofState.due($0)).range }
      for node in nodes { left[node] = left[node] - ofState.due(node) }
    }
    if isLeft.count == 1 { ofState[isLeft[0]] = Self.windows(cluster) { tolerance.withinOne(left[$0]).range } }
  }

  /// In numbers so many times as great.
  private func times(_ scale: Int) -> SearchWindows {
    func scaled(_ windows: Windows) -> Windows {
      func times(_ value: Int) -> Int { value > Limits.weight / max(1, scale) ? 1 << 60 : value * scale }
      return Windows(least: windows.least.map(times), most: windows.most.map(times))
    }
    var result = self
    (result.total, result.ofState, result.even) = (scaled(total), ofState.map(scaled), even.map(scaled))
    result.due = due.map { $0 * scale }
    return result
  }

  // MARK: By number

  /// Within one of what is due, or of what is tolerated; where no move depends on it, the whole numbers around it.
  private mutating func setStates(_ due: Due, _ cluster: DenseCluster, isFresh: Bool) {
    let tolerance = isFresh ? .zero : cluster.cluster.settings.tolerance
    func windows(_ window: (Rational) -> RoleWindows.Window, _ share: (Int) -> Rational) -> Windows {
      var last: (share: Rational, range: ClosedRange<Int>)?
      return Self.windows(cluster) { node in
        let share = share(node)
        // Whoever is due nothing has nothing.
        if last?.share != share { last = (share, share > .zero ? window(share).range : 0...0) }
        return last!.range
      }
    }
    let wanted = cluster.dataWanted.indices.filter { cluster.dataWanted[$0] > 0 }
    guard wanted.count > 1, due.roles.count == wanted.count - 1 else { return }
    var left = (0..<cluster.nodeCount).map { due.shares.ofGroup[due.shares.groupOfNode[$0]] }
    even = Array(repeating: Windows(open: cluster.nodeCount), count: ofState.count)
    for (state, role) in zip(wanted, due.roles) {
      func share(_ node: Int) -> Rational { role.shares.ofGroup[role.shares.groupOfNode[node]] }
      ofState[state] = windows({ tolerance.withinOne($0) }, share)
      even[state] = windows({ tolerance.window($0) }, share)
      for node in left.indices { left[node] = left[node] - share(node) }
    }
    ofState[wanted.last!] = windows({ tolerance.withinOne($0) }) { left[$0] }
  }

  // MARK: By weight

  /// As far as the sizes level out; in a state within one replica that fits. Who holds a partition heavier than its
  /// share keeps it.
  private mutating func setWeights(_ weighing: Weighing, _ cluster: DenseCluster) throws(PlatError) {
    let heaviest = try weighing.heaviest(in: 0..<weighing.replicas)
    let total = try WeightedDue.total(weighing, heaviest: heaviest)
    let nodes = 0..<cluster.nodeCount
    self.total = Windows(
      least: nodes.map { total.window($0).lowerBound }, most: nodes.map { total.window($0).upperBound })
    due = nodes.map { total.exact($0).floor ?? 0 }
    if nodes.contains(where: { total.isPinned.base[$0] }) {
      let fits =
        nodes.filter { cluster.status[$0].hasShare && !total.isPinned.base[$0] }.map { total.most.base[$0] }.min() ?? 0
      isFixed = (0..<cluster.partitionCount).map { weighing.weight.base[$0] > fits }
    }
    let wanted = cluster.dataWanted.indices.filter { cluster.dataWanted[$0] > 0 }
    guard wanted.count > 1 else { return }
    even = Array(repeating: Windows(open: cluster.nodeCount), count: ofState.count)
    var left = nodes.map { total.exact($0) }
    var first = 0
    for state in wanted {
      let slots = first..<(first + cluster.dataWanted[state])
      first = slots.upperBound
      if state == wanted.last {
        ofState[state] = Self.windows(cluster) { total.window($0, off: left[$0], by: total.tolerance.base[$0]) }
      } else {
        let due = try WeightedDue.state(
          state, weighing, total: total, heaviest: weighing.heaviest(in: slots), inAll: heaviest, left: left)
        ofState[state] = Self.windows(cluster) { due.window($0, off: due.exact($0), by: total.tolerance.base[$0]) }
        even[state] = Self.windows(cluster) { due.window($0) }
        for node in left.indices { left[node] = left[node] - due.exact(node) }
      }
    }
  }

  private static func windows(_ cluster: DenseCluster, _ of: (Int) -> ClosedRange<Int>) -> Windows {
    var windows = Windows(open: cluster.nodeCount)
    for node in 0..<cluster.nodeCount where cluster.status[node].hasShare {
      let range = of(node)
      (windows.least[node], windows.most[node]) = (range.lowerBound, min(range.upperBound, 1 << 60))
    }
    return windows
  }
}

extension RoleWindows.Window {
  fileprivate var range: ClosedRange<Int> { max(0, Int(least))...max(0, Int(least), Int(most)) }
}

extension DenseGroup {
  /// Whether some map has replicas of data in the state.
  fileprivate func wants(_ name: String) -> Bool {
    clusters.contains { cluster in
      cluster.cluster.settings.model.states.enumerated().contains {
        $1.name == name && cluster.dataWanted[$0] > 0
      }
    }
  }
}
