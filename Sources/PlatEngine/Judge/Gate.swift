import CPlatCore

/// The gate: what every plan passes before it leaves the planner, whose code it shares none of.
///
///     changed rows ── no node twice · counts · statuses · last copies · hard rules about containers and nearness
///     all rows     ── capacities · hard limits on peers, each only where there are such
///
/// A row that is as it was needs no look; of the others most are full, on active nodes all different, which a few
/// instructions tell. The only copy of a partition may stay where it is, whatever else is said of its node.
struct Gate {
  /// One map of a plan.
  struct Planned {
    let cluster: DenseCluster
    /// Nil where there is one map only.
    var name: String?
    let map: PlacementMap
    /// What the cluster has; nil: it is fresh.
    let before: PlacementMap?
    /// Nodes that are leaving keep what they hold.
    var leavingStay = false
    /// Only states change: what was not met stays so.
    var changesStatesOnly = false
  }

  /// Throws `faultyPlan` for the first of the maps, and in it of the partitions, that no plan may have. `threads`: to
  /// work with; they change no result. O(P · R) words compared, O(changed · (R² + R · rules)), and a count of loads or
  /// peers where something limits them.
  static func pass(_ maps: [Planned], threads: Int, interrupt: Interrupt?) throws(PlatError) {
    for map in maps {
      let rows = try GateRows(map, threads: threads, interrupt: interrupt)
      if let fault = try rows.firstFault() { throw .faultyPlan(fault) }
      if let fault = try peers(map, threads: threads, interrupt: interrupt) { throw .faultyPlan(fault) }
    }
    if let fault = try capacities(maps) { throw .faultyPlan(fault) }
    try interrupt?.finished("gate")
  }
}

extension Gate.Planned {
  func fault(_ rule: String, _ partition: Int?, _ because: String) -> PlanFault {
    PlanFault(rule: rule, map: name, partition: partition.map(cluster.cluster.partitionName), because: because)
  }

  /// Every replica that holds data: partition, slot, node. Numbers beyond the nodes are passed over. O(P · R).
  func forEachReplica(_ body: (_ partition: Int, _ slot: Int, _ node: NodeIndex) -> Void) {
    let states = cluster.cluster.settings.model.states
    let stateOfSlot = map.stateOfSlot
    let slots = stateOfSlot.indices.filter { states[stateOfSlot[$0]].holdsData }
    for partition in 0..<map.partitionCount {
      let row = map.row(partition)
      for slot in slots where row[slot].raw < UInt32(cluster.nodeCount) { body(partition, slot, row[slot]) }
    }
  }

  /// Whether a holder has the partition alone, and has it today. For findings: O(R), and it allocates.
  func isOnlyCopy(_ partition: Int, on node: NodeIndex) -> Bool {
    let states = cluster.cluster.settings.model.states
    func holders(_ map: PlacementMap) -> [NodeIndex] {
      states.indices.filter { states[$0].holdsData }.flatMap { map.holders(of: partition, inState: $0) }
    }
    guard let before, partition < before.partitionCount, cluster.status[node.int].isReadable else { return false }
    return holders(map) == [node] && holders(before).contains(node)
  }
}
