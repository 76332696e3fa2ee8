/// `failover`: a slave becomes master where no master lives. No data moves, no other replica changes; what was on
/// failed nodes is gone from the map.
///
/// Each partition that has lost its masters needs one change of state and gets just one. Of its live holders active
/// ones come first, then those that are leaving, then those in maintenance: a master somewhere is better than none.
/// Among those it goes so that the most masters of any node, for its weight, are as few as can be (`Succession`).
///
/// The map keeps the shape of the current one: more replicas than are wanted stay, fewer stay missing.
enum Failover {
  /// O(P · width).
  static func plan(
    _ cluster: DenseCluster, from current: PlacementMap?, options: PlanRequest
  ) throws(PlatError) -> Plan {
    let arena = try Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt)
    let partitions = Array(0..<cluster.partitionCount)
    let takeover = try Takeover(
      cluster, current, partitions, arena: Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt))
    let target = takeover.target
    let masters: NodeTable<Int32> = try arena.table(cluster.nodeCount)
    for partition in partitions {
      for slot in target.slots(ofState: 0) where target.row(partition)[slot] != .none {
        masters[target.row(partition)[slot]] += 1
      }
    }
    _ = try takeover.run(
      masters, beside: options.leadBeside, weight: takeover.places.isEmpty ? [] : cluster.wholeWeights(), arena: arena)
    return Plan(
      operation: .failover, target: target, movesLowerBound: 0,
      movesWeightLowerBound: cluster.partitionWeights == nil ? nil : .zero,
      certificate: Array(repeating: 0, count: cluster.nodeCount), stageNanoseconds: [],
      peakBytes: arena.peakBytes + UInt64(target.memoryBytes) + UInt64(current?.memoryBytes ?? 0))
  }

  /// Some partitions after a failure: what is left of their rows, and who takes over where no master is.
  struct Takeover {
    let cluster: DenseCluster
    let current: PlacementMap?
    let partitions: [Int]
    /// A row for each of the partitions.
    let target: PlacementMap
    /// The first slot of every row that has no master, though one is wanted.
    private(set) var places: [Int] = []

    /// O(partitions · width).
    init(
      _ cluster: DenseCluster, _ current: PlacementMap?, _ partitions: [Int], arena: Arena
    ) throws(PlatError) {
      (self.cluster, self.current, self.partitions) = (cluster, current, partitions)
      let wanted = cluster.cluster.rowSlots
      let counts = zip(current?.slotCounts ?? wanted, wanted).map { max($0, $1) }
      target = try PlacementMap(unfilled: partitions.count, slotCounts: counts, arena: arena)
      guard target.width > 0 else { return }
      for index in partitions.indices {
        copyLive(index)
        let row = target.row(index)
        if cluster.wanted[0] > 0, target.slots(ofState: 0).allSatisfy({ row[$0] == .none }) {
          places.append(index * target.width)
        }
      }
    }

    /// Gives every such row a master, where a live copy is; returns the places for which there is none. `masters`: how
    /// many partitions each node leads, kept up; `beside`: the same of other maps. O(N + places · width), and a short
    /// search for each chain.
    func run(
      _ masters: NodeTable<Int32>, beside: [Int32] = [], weight: [Int], arena: Arena
    ) throws(PlatError) -> [Int] {
      let states = cluster.cluster.settings.model.states
      let stateOfSlot = target.stateOfSlot
      let pool = stateOfSlot.indices.filter { stateOfSlot[$0] > 0 && states[stateOfSlot[$0]].holdsData }
      let rank: NodeTable<UInt8> = try arena.table(cluster.nodeCount)
      for (node, status) in cluster.status.enumerated() {
        rank.base[node] = status.takeoverRank ?? Succession.never
      }
      let rules = LeaderCaps(cluster, target)
      let succession = Succession(
        rows: target.slots, width: target.width, columns: target.slots(ofState: 0), pool: pool, count: masters,
        rank: rank,
        weight: weight, beside: beside, mayChange: { rules.allow($0, $1) })
      let unfilled = succession.fill(places)
      for place in places where target.slots[place] != .none {
        // Whoever had the place in between is back in its own slot.
        let (index, master) = (place / target.width, target.slots[place])
        copyLive(index)
        let row = target.row(index)
        for slot in 0..<target.width where row[slot] == master { row[slot] = .none }
        row[0] = master
      }
      return unfilled
    }

    /// The current row without what failed nodes held.
    private func copyLive(_ index: Int) {
      let row = target.row(index)
      row.update(repeating: .none, count: target.width)
      guard let current, partitions[index] < current.partitionCount else { return }
      for state in current.slotCounts.indices {
        let first = target.slots(ofState: state).lowerBound
        for (offset, slot) in current.slots(ofState: state).enumerated() {
          let node = current.row(partitions[index])[slot]
          if node != .none, node.int < cluster.nodeCount, cluster.status[node.int].isReadable {
            row[first + offset] = node
          }
        }
      }
    }
  }
}
