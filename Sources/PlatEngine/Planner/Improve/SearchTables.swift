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
  /// The first of the maps: what it says of nodes and rules the others say, too.
  private var cluster: DenseCluster { maps[0].cluster }

  private struct Member {
    var cluster: DenseCluster
    var current: PlacementMap?
    /// Its rows.
    var rows: Range<Int>
  }

  /// For a better plan than `plan`: a rebalance has windows, in other operations every node may hold anything. Nil
  /// where there are no tables for what the cluster asks. O(P · R + N · rules).
  init?(_ cluster: DenseCluster, from current: PlacementMap?, _ plan: Plan, _ options: PlanRequest) throws(PlatError) {
    self.init([cluster], from: [current], targets: [plan.target], capacity: cluster.capacity)
    problem.amounts = cluster.partitionWeights?.of ?? []
    guard plan.operation == .rebalance else { return }
    setWindows(try SearchWindows(cluster, from: current, plan.target, options))
    if cluster.cluster.settings.balance.moveBudget != nil { keepBalance(of: plan.target) }
  }

  /// For better plans of several maps of one shape than those with `targets`. Nil where they are of different shapes,
  /// or where there are no tables for what they ask. O(Σ P · R + N · rules + maps · N).
  init?(
    _ group: DenseGroup, from currents: [PlacementMap?], targets: [PlacementMap], _ options: PlanRequest
  ) throws(PlatError) {
    guard group.areOfOneShape else { return nil }
    self.init(
      group.clusters, from: currents, targets: targets,
      capacity: group.group.shared.nodes.map { $0.capacity ?? .max })
    if let weights = group.weights {
      for map in maps.indices { problem.amounts += weights.of[map].of.map { $0 * weights.scale[map] } }
    }
    for (map, member) in maps.enumerated() {
      problem.mapOfRow += Array(repeating: Int32(map), count: member.rows.count)
      var windows = try SearchWindows(member.cluster, from: currents[map], targets[map], options)
      if let weights = group.weights { windows = windows.times(weights.scale[map]) }
      problem.ofMap.append(MapWindows(total: windows.total, ofState: windows.ofState))
      for partition in windows.isFixed.indices where windows.isFixed[partition] {
        problem.isFixed[member.rows.lowerBound + partition] = true
      }
    }
    setWindows(try SearchWindows(group, from: currents, targets: targets, options))
  }

  private init?(
    _ clusters: [DenseCluster], from currents: [PlacementMap?], targets: [PlacementMap], capacity: [Int]
  ) {
    var maps: [Member] = []
    for (cluster, current) in zip(clusters, currents) {
      let first = maps.last?.rows.upperBound ?? 0
      maps.append(Member(cluster: cluster, current: current, rows: first..<(first + cluster.partitionCount)))
    }
    self.maps = maps
    guard let cluster = clusters.first, !clusters.contains(where: \.hasWitnesses), cluster.replicas > 0,
      cluster.nodeCount > 1
    else { return nil }
    problem = SearchProblem(
      nodeCount: cluster.nodeCount, rowCount: maps.last?.rows.upperBound ?? 0,
      stateOfSlot: cluster.dataWanted.indices.flatMap { Array(repeating: UInt8($0), count: cluster.dataWanted[$0]) },
      stateCount: cluster.wanted.count)
    problem.countsMoves = currents.contains { $0 != nil }
    setNodes(capacity)
    for member in maps { setHomes(member) }
    setRules()
    setPlaces()
    guard cluster.compilePeerLimit(into: &problem), maps.count == 1 || problem.peers == nil else { return nil }
    keepLastCopies(targets)
  }

  // MARK: What the cluster says

  private mutating func setNodes(_ capacity: [Int]) {
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
      problem.capacity[node] = Int32(clamping: capacity[node])
    }
  }

  private mutating func setHomes(_ map: Member) {
    let stateOfSlot = map.current?.stateOfSlot ?? []
    let held = map.current?.dataSlots(cluster.cluster.settings.model) ?? []
    for partition in 0..<map.rows.count {
      if let current = map.current, partition < current.partitionCount {
        let row = current.row(partition)
        for slot in held
        where row[slot] != .none && row[slot].int < cluster.nodeCount && cluster.status[row[slot].int].isReadable {
          problem.homeNode.append(Int32(row[slot].int))
          problem.homeState.append(UInt8(stateOfSlot[slot]))
        }
      }
      problem.homeStart[map.rows.lowerBound + partition + 1] = Int32(problem.homeNode.count)
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
    return (0..<problem.width).contains { place in
      let node = rows[row * problem.width + place]
      guard node >= 0 else { return false }
      let masks = homes.contains { problem.homeNode[$0] == node } ? problem.mayKeep : problem.mayReceive
      return masks[Int(node)] & (1 << UInt32(problem.stateOfSlot[place])) == 0
    }
  }

  // MARK: Windows

  private mutating func setWindows(_ windows: SearchWindows) {
    (problem.total, problem.ofState, problem.even) = (windows.total, windows.ofState, windows.even)
    (problem.due, problem.counts, tightTotal) = (windows.due, windows.counts, windows.tightTotal)
    for partition in windows.isFixed.indices where windows.isFixed[partition] { problem.isFixed[partition] = true }
  }

  /// A budget of moves leaves nodes outside their windows: what is missing makes none of it worse.
  private mutating func keepBalance(of target: PlacementMap) {
    var loads = [Int](repeating: 0, count: cluster.nodeCount)
    for (slot, node) in rows([target]).enumerated() where node >= 0 {
      loads[Int(node)] += problem.amounts.isEmpty ? 1 : problem.amounts[slot / problem.width]
    }
    for (node, load) in loads.enumerated() {
      problem.total.least[node] = min(problem.total.least[node], load)
      problem.total.most[node] = max(problem.total.most[node], load)
    }
    problem.ofState = Array(repeating: Windows(open: cluster.nodeCount), count: problem.stateCount)
    (problem.even, problem.due, problem.counts) = ([], [], nil)
  }

  // MARK: Maps

  /// The slots that hold data, row after row; −1: unfilled. A node that stands in a row a second time is left out.
  func rows(_ targets: [PlacementMap]) -> [Int32] {
    var rows: [Int32] = []
    rows.reserveCapacity(problem.rowCount * problem.width)
    for (member, map) in zip(maps, targets) {
      let slots = cluster.dataWanted.indices.flatMap { map.slots(ofState: $0).prefix(cluster.dataWanted[$0]) }
      for partition in 0..<member.rows.count {
        let first = rows.count
        for slot in slots {
          let node = map.row(partition)[slot]
          let isThere = node != .none && rows[first...].contains(Int32(node.int))
          rows.append(node == .none || isThere ? -1 : Int32(node.int))
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

  /// The same maps with other rows.
  func maps(_ rows: [Int32], like targets: [PlacementMap]) throws(PlatError) -> [PlacementMap] {
    var result: [PlacementMap] = []
    var index = 0
    for (member, target) in zip(maps, targets) {
      let map = try PlacementMap(partitionCount: target.partitionCount, slotCounts: target.slotCounts)
      for partition in 0..<member.rows.count {
        for state in cluster.dataWanted.indices {
          for slot in map.slots(ofState: state).prefix(cluster.dataWanted[state]) {
            if rows[index] >= 0 { map.row(partition)[slot] = NodeIndex(Int(rows[index])) }
            index += 1
          }
        }
      }
      result.append(map)
    }
    return result
  }
}

extension DenseGroup {
  /// Slots and rules of all maps are the same: what the search asks of a row it asks of all.
  var areOfOneShape: Bool {
    guard let shape = clusters.first?.cluster.settings.shape else { return false }
    return clusters.allSatisfy { $0.cluster.settings.shape == shape }
  }
}

extension Settings {
  /// Without what differs between maps that are alike: how many partitions there are, and how they are found.
  fileprivate var shape: Settings {
    var shape = self
    (shape.partitionCount, shape.keyFunction) = (1, .crc32)
    return shape
  }
}
