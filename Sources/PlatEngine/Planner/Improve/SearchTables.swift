import PlatSearch

/// A cluster and its current maps as the local search reads them, and maps as it searches over them.
///
/// The leading state keeps its number, 0; slots are those of states that hold data. Several maps are one problem, map
/// after map: their rows lie below one another.
struct SearchTables {
  private(set) var problem: SearchProblem
  private var tightTotal: Windows?
  /// The same with narrower windows in all, where there are some.
  var tightProblem: SearchProblem? {
    tightTotal.map { total in
      var tight = problem
      tight.total = total
      return tight
    }
  }
  private let maps: [Member]
  /// Of all maps, the leading one first.
  private let stateNames: [String]

  private struct Member {
    var cluster: DenseCluster
    var current: PlacementMap?
    /// Its rows.
    var rows: Range<Int>
    /// Of its shape: what its states are called in the search.
    var states: [Int]

    /// The slots of a map that the search sees: those of states that hold data.
    func slots(_ map: PlacementMap) -> [Int] {
      cluster.dataWanted.indices.flatMap { map.slots(ofState: $0).prefix(cluster.dataWanted[$0]) }
    }

    /// Its windows by the search's states, of which it may not have all.
    func ofSearch(_ windows: [Windows], stateCount: Int) -> [Windows] {
      var result = Array(repeating: Windows(open: cluster.nodeCount), count: stateCount)
      for (state, own) in windows.enumerated() { result[states[state]] = own }
      return result
    }
  }

  /// For a better plan than `plan`: a rebalance has windows, in other operations every node may hold anything. Nil
  /// where there are no tables for what the cluster asks. O(P · R + N · rules).
  init?(_ cluster: DenseCluster, from current: PlacementMap?, _ plan: Plan, _ options: PlanRequest) throws(PlatError) {
    self.init([cluster], from: [current], targets: [plan.target], capacity: cluster.capacity)
    problem.amounts = cluster.partitionWeights?.of ?? []
    guard plan.operation == .rebalance else { return }
    setWindows(try SearchWindows(cluster, from: current, plan.target, options))
  }

  /// For better plans of several maps than those with `targets`. Nil where there are no tables for what they ask.
  /// O(Σ P · R + N · rules + maps · N).
  init?(
    _ group: DenseGroup, from currents: [PlacementMap?], targets: [PlacementMap], _ options: PlanRequest
  ) throws(PlatError) {
    self.init(group.clusters, from: currents, targets: targets, capacity: group.group.shared.nodes.map(\.room))
    if let weights = group.weights { problem.amounts = maps.indices.flatMap { weights.amounts(of: $0) } }
    for (map, member) in maps.enumerated() {
      problem.mapOfRow += Array(repeating: Int32(map), count: member.rows.count)
      let windows = try SearchWindows(group, map: map, from: currents[map], targets[map], options)
      problem.ofMap.append(
        MapWindows(
          total: windows.total, ofState: member.ofSearch(windows.ofState, stateCount: problem.stateCount)))
      for partition in windows.isFixed.indices where windows.isFixed[partition] {
        problem.isFixed[member.rows.lowerBound + partition] = true
      }
    }
    setWindows(
      try SearchWindows(group, from: currents, targets: targets, states: stateNames, options))
  }

  private init?(
    _ clusters: [DenseCluster], from currents: [PlacementMap?], targets: [PlacementMap], capacity: [Int]
  ) {
    guard let cluster = clusters.first, !clusters.contains(where: \.hasWitnesses), cluster.nodeCount > 1,
      clusters.allSatisfy({ $0.replicas > 0 })
    else { return nil }
    let names: [String] = clusters.reduce(into: []) { names, cluster in
      for name in cluster.stateNames where !names.contains(name) { names.append(name) }
    }
    guard names.count <= Int(SearchShape.noState), clusters.allSatisfy({ $0.stateNames[0] == names[0] }) else {
      return nil
    }
    var shapes: [(settings: Settings, shape: SearchShape)] = []
    var shapeOfRow: [UInt8] = []
    var maps: [Member] = []
    for (cluster, current) in zip(clusters, currents) {
      let settings = cluster.cluster.settings.shape
      let states = cluster.stateNames.map { names.firstIndex(of: $0)! }
      var index = shapes.firstIndex { $0.settings == settings }
      if index == nil {
        guard let shape = SearchShape(cluster, states), shapes.count < 255 else { return nil }
        shapes.append((settings, shape))
        index = shapes.count - 1
      }
      let first = maps.last?.rows.upperBound ?? 0
      maps.append(
        Member(
          cluster: cluster, current: current, rows: first..<(first + cluster.partitionCount), states: states))
      shapeOfRow += Array(repeating: UInt8(index!), count: cluster.partitionCount)
    }
    (self.maps, stateNames) = (maps, names)
    problem = SearchProblem(
      nodeCount: cluster.nodeCount, rowCount: shapeOfRow.count, stateCount: names.count, shapes: shapes.map(\.shape))
    problem.shapeOfRow = shapeOfRow
    problem.capacity = capacity.map { Int32(clamping: $0) }
    problem.countsMoves = currents.contains { $0 != nil }
    for member in maps { setHomes(member) }
    keepLastCopies(targets)
  }

  // MARK: What the cluster says

  private mutating func setHomes(_ map: Member) {
    let stateOfSlot = map.current?.stateOfSlot ?? []
    let cluster = map.cluster
    let held = map.current?.dataSlots(cluster.cluster.settings.model) ?? []
    for partition in 0..<map.rows.count {
      if let current = map.current, partition < current.partitionCount {
        let row = current.row(partition)
        for slot in held
        where row[slot] != .none && row[slot].int < cluster.nodeCount && cluster.status[row[slot].int].isReadable {
          problem.homeNode.append(Int32(row[slot].int))
          problem.homeState.append(UInt8(map.states[stateOfSlot[slot]]))
        }
      }
      problem.homeStart[map.rows.lowerBound + partition + 1] = Int32(problem.homeNode.count)
    }
  }

  /// A last copy that stays where nobody should be, or where hard rules or a capacity allow no replica, is left alone.
  private mutating func keepLastCopies(_ targets: [PlacementMap]) {
    let rows = rows(targets)
    problem.isFixed = (0..<problem.rowCount).map { isBeyondMasks(rows, $0) }
    guard LocalSearch.score(problem, rows).broken > 0 else { return }
    for row in 0..<problem.rowCount {
      let homes = Int(problem.homeStart[row])..<Int(problem.homeStart[row + 1])
      let placed = rows[(row * problem.width)..<(row * problem.width + problem.width)].filter { $0 >= 0 }
      if placed.count == 1, homes.contains(where: { problem.homeNode[$0] == placed[0] }) { problem.isFixed[row] = true }
    }
  }

  private func isBeyondMasks(_ rows: [Int32], _ row: Int) -> Bool {
    let homes = Int(problem.homeStart[row])..<Int(problem.homeStart[row + 1])
    let shape = problem.shape(row)
    return shape.stateOfSlot.enumerated().contains { place, state in
      let node = rows[row * problem.width + place]
      guard node >= 0 else { return false }
      let masks = homes.contains { problem.homeNode[$0] == node } ? shape.mayKeep : shape.mayReceive
      return masks[Int(node)] & (1 << UInt32(state)) == 0
    }
  }

  // MARK: Windows

  private mutating func setWindows(_ windows: SearchWindows) {
    (problem.total, problem.ofState, problem.even) = (windows.total, windows.ofState, windows.even)
    (problem.due, problem.counts) = (windows.due, windows.counts)
    tightTotal = windows.tightTotal
    for partition in windows.isFixed.indices where windows.isFixed[partition] { problem.isFixed[partition] = true }
  }

  // MARK: Maps

  /// The slots that hold data, row after row; −1: unfilled. A node that stands in a row a second time is left out.
  func rows(_ targets: [PlacementMap]) -> [Int32] {
    let width = problem.width
    var rows = [Int32](repeating: -1, count: problem.rowCount * width)
    for (member, map) in zip(maps, targets) {
      let slots = member.slots(map)
      for partition in 0..<member.rows.count {
        let first = (member.rows.lowerBound + partition) * width
        for (place, slot) in slots.enumerated() {
          let node = map.row(partition)[slot]
          if node != .none, !rows[first..<(first + place)].contains(Int32(node.int)) {
            rows[first + place] = Int32(node.int)
          }
        }
      }
    }
    return rows
  }

  /// What of today's map may stay, each in its state where that has a slot, else in another.
  func standing() -> [Int32] {
    let width = problem.width
    var rows = [Int32](repeating: -1, count: problem.rowCount * width)
    for row in 0..<problem.rowCount {
      let homes = Int(problem.homeStart[row])..<Int(problem.homeStart[row + 1])
      let shape = problem.shape(row)
      for isOwnState in [true, false] {
        for home in homes {
          let node = problem.homeNode[home]
          guard !rows[(row * width)..<(row * width + width)].contains(node) else { continue }
          let place = shape.stateOfSlot.indices.first { place in
            rows[row * width + place] < 0 && (shape.stateOfSlot[place] == problem.homeState[home]) == isOwnState
              && shape.mayKeep[Int(node)] & (1 << UInt32(shape.stateOfSlot[place])) != 0
          }
          if let place { rows[row * width + place] = node }
        }
      }
    }
    return rows
  }

  /// The same maps with other rows.
  func maps(_ rows: [Int32], like targets: [PlacementMap]) throws(PlatError) -> [PlacementMap] {
    var result: [PlacementMap] = []
    for (member, target) in zip(maps, targets) {
      let map = try PlacementMap(partitionCount: target.partitionCount, slotCounts: target.slotCounts)
      let slots = member.slots(map)
      for partition in 0..<member.rows.count {
        let first = (member.rows.lowerBound + partition) * problem.width
        for (place, slot) in slots.enumerated() where rows[first + place] >= 0 {
          map.row(partition)[slot] = NodeIndex(Int(rows[first + place]))
        }
      }
      result.append(map)
    }
    return result
  }
}

extension SearchShape {
  /// Of a map whose states are called `states` in the search. Nil where there are no tables for what it asks.
  /// O(N · rules).
  fileprivate init?(_ cluster: DenseCluster, _ states: [Int]) {
    self.init(
      stateOfSlot: cluster.dataWanted.indices.flatMap { Array(repeating: UInt8($0), count: cluster.dataWanted[$0]) },
      nodeCount: cluster.nodeCount)
    for node in 0..<cluster.nodeCount {
      switch cluster.status[node].entitlement {
      case .share: (mayKeep[node], mayReceive[node]) = (.max, .max)
      case .holdings: (mayKeep[node], mayReceive[node]) = (~1, 0)
      case .nothing: (mayKeep[node], mayReceive[node]) = (0, 0)
      }
      if !cluster.places.barred.isEmpty {
        mayKeep[node] &= ~cluster.places.barred[node]
        mayReceive[node] &= ~cluster.places.barred[node]
      }
    }
    for rule in cluster.cluster.settings.containerRules { rule.compile(cluster, into: &self) }
    for bound in cluster.places.bounds {
      bounds.append(
        BoxBound(
          containerOfNode: bound.isIn.map { $0 ? 0 : -1 }, containerCount: 1, states: bound.states, most: bound.most,
          isHard: bound.strength == .hard))
    }
    guard cluster.compilePeerLimit(into: &self) else { return nil }
    if states != Array(states.indices) { rename(states) }
  }

  private mutating func rename(_ states: [Int]) {
    func renamed(_ mask: UInt32) -> UInt32 {
      states.enumerated().reduce(0) { mask >> UInt32($1.offset) & 1 == 1 ? $0 | 1 << UInt32($1.element) : $0 }
    }
    stateOfSlot = stateOfSlot.map { UInt8(states[Int($0)]) }
    mayKeep = mayKeep.map(renamed)
    mayReceive = mayReceive.map(renamed)
    for rule in bounds.indices { bounds[rule].states = renamed(bounds[rule].states) }
    for rule in colocations.indices {
      colocations[rule].states = renamed(colocations[rule].states)
      colocations[rule].anchor = UInt8(states[Int(colocations[rule].anchor)])
    }
  }
}

extension DenseCluster {
  fileprivate var stateNames: [String] { cluster.settings.model.states.map(\.name) }
}

extension DenseGroup {
  /// Slots and rules of all maps are the same.
  var areOfOneShape: Bool {
    guard let shape = clusters.first?.cluster.settings.shape else { return false }
    return clusters.allSatisfy { $0.cluster.settings.shape == shape }
  }
}

extension Settings {
  /// Without what differs between maps that are alike: how many partitions there are, how they are found, and how many
  /// may move.
  fileprivate var shape: Settings {
    var shape = self
    (shape.partitionCount, shape.keyFunction, shape.balance.moveBudget) = (1, .crc32, nil)
    return shape
  }
}
