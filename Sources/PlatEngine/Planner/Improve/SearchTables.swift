import PlatSearch

/// A cluster and its current map as the local search reads them, and maps as it searches over them.
///
/// The leading state keeps its number, 0; slots are those of states that hold data.
struct SearchTables {
  private(set) var problem: SearchProblem
  private let cluster: DenseCluster
  private let current: PlacementMap?

  /// For a better plan than `plan`: a rebalance has windows, in other operations every node may hold anything. Nil
  /// where there are no tables for what the cluster asks. O(P · R + N · rules).
  init?(_ cluster: DenseCluster, from current: PlacementMap?, _ plan: Plan, _ options: PlanRequest) throws(PlatError) {
    let target = plan.target
    self.cluster = cluster
    self.current = current
    guard !cluster.hasWitnesses, cluster.replicas > 0, cluster.nodeCount > 1 else { return nil }
    problem = SearchProblem(
      nodeCount: cluster.nodeCount, rowCount: cluster.partitionCount,
      stateOfSlot: cluster.dataWanted.indices.flatMap { Array(repeating: UInt8($0), count: cluster.dataWanted[$0]) },
      stateCount: cluster.wanted.count)
    problem.amounts = cluster.partitionWeights?.of ?? []
    problem.countsMoves = current != nil
    setNodes()
    setHomes()
    setRules()
    setPlaces()
    guard cluster.compilePeerLimit(into: &problem) else { return nil }
    keepLastCopies(target)
    guard plan.operation == .rebalance else { return }
    try setWindows(target, options)
    if cluster.cluster.settings.balance.moveBudget != nil { keepBalance(of: target) }
  }

  // MARK: What the cluster says

  private mutating func setNodes() {
    for node in 0..<cluster.nodeCount {
      switch cluster.status[node].entitlement {
      case .share: (problem.mayKeep[node], problem.mayReceive[node]) = (.max, .max)
      case .holdings: (problem.mayKeep[node], problem.mayReceive[node]) = (~1, 0)
      case .nothing: (problem.mayKeep[node], problem.mayReceive[node]) = (0, 0)
      }
      if !cluster.places.barred.isEmpty {
        problem.mayKeep[node] &= ~cluster.places.barred[node]
        problem.mayReceive[node] &= ~cluster.places.barred[node]
      }
      problem.capacity[node] = Int32(clamping: cluster.capacity[node])
    }
  }

  private mutating func setHomes() {
    guard let current else { return }
    let stateOfSlot = current.stateOfSlot
    let held = current.dataSlots(cluster.cluster.settings.model)
    for partition in 0..<cluster.partitionCount {
      if partition < current.partitionCount {
        let row = current.row(partition)
        for slot in held
        where row[slot] != .none && row[slot].int < cluster.nodeCount && cluster.status[row[slot].int].isReadable {
          problem.homeNode.append(Int32(row[slot].int))
          problem.homeState.append(UInt8(stateOfSlot[slot]))
        }
      }
      problem.homeStart[partition + 1] = Int32(problem.homeNode.count)
    }
  }

  private mutating func setRules() {
    for rule in cluster.cluster.settings.containerRules { rule.compile(cluster, into: &problem) }
  }

  private mutating func setPlaces() {
    for bound in cluster.places.bounds {
      problem.bounds.append(
        BoxBound(
          containerOfNode: bound.isIn.map { $0 ? 0 : -1 }, containerCount: 1, states: bound.states, most: bound.most,
          isHard: bound.strength == .hard))
    }
  }

  /// A last copy that stays where nobody should be, or where hard rules or a capacity allow no replica, is left alone.
  private mutating func keepLastCopies(_ target: PlacementMap) {
    problem.isFixed = (0..<cluster.partitionCount).map { isBeyondMasks(target, $0) }
    guard LocalSearch.score(problem, rows(target)).broken > 0 else { return }
    for partition in 0..<cluster.partitionCount {
      let homes = Int(problem.homeStart[partition])..<Int(problem.homeStart[partition + 1])
      let placed = row(target, partition).filter { $0 >= 0 }
      if placed.count == 1, homes.contains(where: { problem.homeNode[$0] == placed[0] }) {
        problem.isFixed[partition] = true
      }
    }
  }

  private func isBeyondMasks(_ map: PlacementMap, _ partition: Int) -> Bool {
    for (place, node) in row(map, partition).enumerated() where node >= 0 {
      let homes = Int(problem.homeStart[partition])..<Int(problem.homeStart[partition + 1])
      let masks = homes.contains { problem.homeNode[$0] == node } ? problem.mayKeep : problem.mayReceive
      if masks[Int(node)] & (1 << UInt32(problem.stateOfSlot[place])) == 0 { return true }
    }
    return false
  }

  // MARK: Windows

  private mutating func setWindows(_ target: PlacementMap, _ options: PlanRequest) throws(PlatError) {
    let arena = try Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt)
    let planned = try Problem(cluster, current: current, arena: arena)
    let map = try PlacementMap(partitionCount: cluster.partitionCount, slotCounts: cluster.dataWanted)
    map.copyData(from: target, cluster)
    let placement = try Placement(planned, target: map)
    map.countData(cluster, into: placement.load)
    let due = try Due(planned, held: placement.load)
    let counted = current == nil ? due.strict : due
    let byNumber = Windows(
      least: (0..<cluster.nodeCount).map { Int(counted.least.base[$0]) },
      most: (0..<cluster.nodeCount).map { Int(counted.most.base[$0]) })
    guard let weights = cluster.partitionWeights else {
      problem.total = byNumber
      setStates(due)
      return
    }
    problem.counts = byNumber
    let weighing = try Weighing(planned, weights, placement)
    weighing.recount()
    try setWeights(weighing)
  }

  /// By number: within one of what is due, or of what is tolerated; where no move depends on it, the whole numbers
  /// around it.
  private mutating func setStates(_ due: Due) {
    let tolerance = current == nil ? .zero : cluster.cluster.settings.tolerance
    func windows(_ window: (Rational) -> RoleWindows.Window, _ share: (Int) -> Rational) -> Windows {
      var windows = Windows(open: cluster.nodeCount)
      var last: (share: Rational, window: RoleWindows.Window)?
      for node in 0..<cluster.nodeCount where cluster.status[node].hasShare {
        let share = share(node)
        if last?.share != share { last = (share, window(share)) }
        // Whoever is due nothing has nothing.
        let most = share > .zero ? Int(last!.window.most) : 0
        (windows.least[node], windows.most[node]) = (max(0, Int(last!.window.least)), most)
      }
      return windows
    }
    let wanted = cluster.dataWanted.indices.filter { cluster.dataWanted[$0] > 0 }
    guard wanted.count > 1, due.roles.count == wanted.count - 1 else { return }
    var left = (0..<cluster.nodeCount).map { due.shares.ofGroup[due.shares.groupOfNode[$0]] }
    problem.even = Array(repeating: Windows(open: cluster.nodeCount), count: problem.stateCount)
    for (state, role) in zip(wanted, due.roles) {
      problem.ofState[state] = windows(tolerance.withinOne) { role.shares.ofGroup[role.shares.groupOfNode[$0]] }
      problem.even[state] = windows({ tolerance.window($0) }) { role.shares.ofGroup[role.shares.groupOfNode[$0]] }
      for node in left.indices { left[node] = left[node] - role.shares.ofGroup[role.shares.groupOfNode[node]] }
    }
    problem.ofState[wanted.last!] = windows(tolerance.withinOne) { left[$0] }
  }

  /// By weight, as far as the sizes level out; in a state within one replica that fits. Who holds a partition heavier
  /// than its share keeps it.
  private mutating func setWeights(_ weighing: Weighing) throws(PlatError) {
    let heaviest = try weighing.heaviest(in: 0..<weighing.replicas)
    let total = try WeightedDue.total(weighing, heaviest: heaviest)
    let nodes = 0..<cluster.nodeCount
    problem.total = Windows(
      least: nodes.map { total.window($0).lowerBound }, most: nodes.map { total.window($0).upperBound })
    problem.due = nodes.map { total.exact($0).floor ?? 0 }
    if nodes.contains(where: { total.isPinned.base[$0] }) {
      let fits =
        nodes.filter { cluster.status[$0].hasShare && !total.isPinned.base[$0] }.map { total.most.base[$0] }.min() ?? 0
      for partition in 0..<cluster.partitionCount where problem.amounts[partition] > fits {
        problem.isFixed[partition] = true
      }
    }
    let wanted = cluster.dataWanted.indices.filter { cluster.dataWanted[$0] > 0 }
    guard wanted.count > 1 else { return }
    problem.even = Array(repeating: Windows(open: cluster.nodeCount), count: problem.stateCount)
    var left = nodes.map { total.exact($0) }
    var first = 0
    for state in wanted {
      let slots = first..<(first + cluster.dataWanted[state])
      first = slots.upperBound
      if state == wanted.last {
        problem.ofState[state] = windows { total.window($0, off: left[$0], by: total.tolerance.base[$0]) }
      } else {
        let due = try WeightedDue.state(
          state, weighing, total: total, heaviest: weighing.heaviest(in: slots), inAll: heaviest, left: left)
        problem.ofState[state] = windows { due.window($0, off: due.exact($0), by: total.tolerance.base[$0]) }
        problem.even[state] = windows { due.window($0) }
        for node in left.indices { left[node] = left[node] - due.exact(node) }
      }
    }
  }

  /// A budget of moves leaves nodes outside their windows: what is missing makes none of it worse.
  private mutating func keepBalance(of target: PlacementMap) {
    var loads = [Int](repeating: 0, count: cluster.nodeCount)
    for (slot, node) in rows(target).enumerated() where node >= 0 {
      loads[Int(node)] += problem.amounts.isEmpty ? 1 : problem.amounts[slot / problem.width]
    }
    for (node, load) in loads.enumerated() {
      problem.total.least[node] = min(problem.total.least[node], load)
      problem.total.most[node] = max(problem.total.most[node], load)
    }
    problem.ofState = Array(repeating: Windows(open: cluster.nodeCount), count: problem.stateCount)
    (problem.even, problem.due, problem.counts) = ([], [], nil)
  }

  private func windows(_ of: (Int) -> ClosedRange<Int>) -> Windows {
    var windows = Windows(open: cluster.nodeCount)
    for node in 0..<cluster.nodeCount where cluster.status[node].hasShare {
      (windows.least[node], windows.most[node]) = (of(node).lowerBound, of(node).upperBound)
    }
    return windows
  }

  // MARK: Maps

  /// The slots of one partition that hold data; −1: unfilled.
  private func row(_ map: PlacementMap, _ partition: Int) -> [Int32] {
    cluster.dataWanted.indices.flatMap { state in
      map.slots(ofState: state).prefix(cluster.dataWanted[state]).map { slot in
        let node = map.row(partition)[slot]
        return node == .none ? Int32(-1) : Int32(node.int)
      }
    }
  }

  /// A node that stands in a row a second time is left out.
  func rows(_ map: PlacementMap) -> [Int32] {
    (0..<cluster.partitionCount).flatMap { partition in
      var row = row(map, partition)
      for place in row.indices where row[..<place].contains(row[place]) { row[place] = -1 }
      return row
    }
  }

  /// What of today's map may stay, each in its state where that has a slot, else in another.
  func standing() -> [Int32] {
    let width = problem.width
    var rows = [Int32](repeating: -1, count: problem.rowCount * width)
    for row in 0..<problem.rowCount {
      let homes = Int(problem.homeStart[row])..<Int(problem.homeStart[row + 1])
      for isOwnState in [true, false] {
        for home in homes {
          let node = problem.homeNode[home]
          guard !rows[(row * width)..<(row * width + width)].contains(node) else { continue }
          let place = (0..<width).first { place in
            rows[row * width + place] < 0 && (problem.stateOfSlot[place] == problem.homeState[home]) == isOwnState
              && problem.mayKeep[Int(node)] & (1 << UInt32(problem.stateOfSlot[place])) != 0
          }
          if let place { rows[row * width + place] = node }
        }
      }
    }
    return rows
  }

  /// The same map with other rows.
  func map(_ rows: [Int32], like target: PlacementMap) throws(PlatError) -> PlacementMap {
    let map = try PlacementMap(partitionCount: target.partitionCount, slotCounts: target.slotCounts)
    for partition in 0..<cluster.partitionCount {
      var index = partition * problem.width
      for state in cluster.dataWanted.indices {
        for slot in map.slots(ofState: state).prefix(cluster.dataWanted[state]) {
          if rows[index] >= 0 { map.row(partition)[slot] = NodeIndex(Int(rows[index])) }
          index += 1
        }
      }
    }
    return map
  }
}
