/// `failover`: a slave becomes master where no master lives. No data moves, no other replica changes; what was on failed
/// nodes is gone from the map.
///
/// Each partition that has lost its masters needs one change of state and gets just one. Of its live holders active ones
/// come first, then those that are leaving, then those in maintenance: a master somewhere is better than none. Among
/// those it goes so that the most masters of any node, for its weight, are as few as can be (`Succession`).
///
/// The map keeps the shape of the current one: more replicas than are wanted stay, fewer stay missing.
enum Failover {
  /// O(P · width).
  static func plan(
    _ cluster: DenseCluster, from current: PlacementMap?, options: PlanOptions
  ) throws(PlatError) -> Plan {
    let arena = try Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt)
    let counts = zip(current?.slotCounts ?? cluster.wanted, cluster.wanted).map { max($0, $1) }
    let target = try PlacementMap(
      unfilled: cluster.partitionCount, slotCounts: counts, arena: Arena(limitBytes: options.memoryLimitBytes))
    target.clear()
    let columns = target.slots(ofState: 0)
    let masters: NodeTable<Int32> = try arena.table(cluster.nodeCount)
    var places: [Int] = []
    for partition in 0..<cluster.partitionCount {
      let row = target.row(partition)
      copyLive(cluster, current, partition, to: target)
      var hasMaster = false
      for slot in columns where row[slot] != .none {
        hasMaster = true
        masters[row[slot]] += 1
      }
      if !hasMaster, cluster.wanted[0] > 0 { places.append(partition * target.width) }
    }
    let states = cluster.cluster.settings.model.states
    let stateOfSlot = target.stateOfSlot
    let pool = stateOfSlot.indices.filter { stateOfSlot[$0] > 0 && states[stateOfSlot[$0]].holdsData }
    let rank: NodeTable<UInt8> = try arena.table(cluster.nodeCount)
    for (node, status) in cluster.status.enumerated() {
      rank.base[node] = switch status {
      case .active: 0
      case .leaving: 1
      case .maintenance: 2
      case .failed: Succession.never
      }
    }
    let rules = MasterRules(cluster, target)
    let succession = Succession(
      rows: target.slots, width: target.width, columns: columns, pool: pool, count: masters, rank: rank,
      weight: places.isEmpty ? [] : cluster.wholeWeights(), mayChange: { rules.allow($0, $1) })
    _ = succession.fill(places)
    for place in places where target.slots[place] != .none {
      // Whoever had the place in between is back in its own slot.
      let (partition, master) = (place / target.width, target.slots[place])
      copyLive(cluster, current, partition, to: target)
      let row = target.row(partition)
      for slot in 0..<target.width where row[slot] == master { row[slot] = .none }
      row[0] = master
    }
    return Plan(
      operation: .failover, target: target, movesLowerBound: 0,
      movesWeightLowerBound: cluster.partitionWeights == nil ? nil : .zero,
      certificate: Array(repeating: 0, count: cluster.nodeCount), stageNanoseconds: [],
      peakBytes: arena.peakBytes + UInt64(target.memoryBytes) + UInt64(current?.memoryBytes ?? 0))
  }

  /// The current row without what failed nodes held.
  private static func copyLive(_ cluster: DenseCluster, _ current: PlacementMap?, _ partition: Int, to target: PlacementMap) {
    let row = target.row(partition)
    row.update(repeating: .none, count: target.width)
    guard let current, partition < current.partitionCount else { return }
    for state in current.slotCounts.indices {
      let first = target.slots(ofState: state).lowerBound
      for (offset, slot) in current.slots(ofState: state).enumerated() {
        let node = current.row(partition)[slot]
        if node != .none, cluster.status[node.int] != .failed { row[first + offset] = node }
      }
    }
  }

  /// Hard rules that count masters and not all that could become one: who becomes master may break them.
  private struct MasterRules {
    let cluster: DenseCluster
    let target: PlacementMap
    let rules: [(states: [Int], level: Int, most: Int)]
    let stateOfSlot: [Int]

    init(_ cluster: DenseCluster, _ target: PlacementMap) {
      self.cluster = cluster
      self.target = target
      stateOfSlot = target.stateOfSlot
      rules = cluster.cluster.settings.placement.compactMap { rule in
        guard rule.strength == .hard, case .atMost(let most) = rule.demand, rule.states.contains(0) else { return nil }
        return (rule.states, rule.level, most)
      }
    }

    func allow(_ place: Int, _ slot: Int) -> Bool {
      let (row, column) = (target.row(slot / target.width), slot % target.width)
      let place = place % target.width
      return rules.allSatisfy { rule in
        // One that counts the node already, and whoever it changes places with, stays as it is.
        if rule.states.contains(stateOfSlot[column]) { return true }
        let containerOf = cluster.levels[rule.level].containerOfNode
        let container = containerOf[row[column].int]
        let others = row.indexed(target.width).count { other, node in
          other != place && node != .none && rule.states.contains(stateOfSlot[other]) && containerOf[node.int] == container
        }
        return others < rule.most
      }
    }
  }
}

extension UnsafeMutablePointer where Pointee == NodeIndex {
  fileprivate func indexed(_ count: Int) -> [(Int, NodeIndex)] { (0..<count).map { ($0, self[$0]) } }
}
