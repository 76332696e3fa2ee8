/// Capacities of nodes, recounted.
extension Judge.CheckContext {
  /// Nodes that hold more than their capacity. O(N).
  func capacity(_ holders: Judge.Holders) -> Judge.ViolationList {
    var violations = Judge.ViolationList(.capacity, .hard)
    for (node, about) in dense.cluster.nodes.enumerated() {
      guard dense.capacityPart == nil, let capacity = about.capacity, about.status.isReadable else { continue }
      let have = Int(holders.totals.base[node])
      if have > capacity { violations.add(Judge.Breach(node: node, want: capacity, have: have)) }
    }
    return violations
  }
}

extension Gate {
  /// A node that holds more than it may, of all maps together, though not every replica on it is the only copy of its
  /// partition, which stays. O(P · R) where a capacity is less than the partitions.
  static func capacities(_ maps: [Planned]) throws(PlatError) -> PlanFault? {
    let bound = maps.filter { !$0.changesStatesOnly }
    guard let nodes = bound.first?.cluster.cluster.nodes else { return nil }
    let partitions = bound.reduce(0) { $0 + $1.cluster.partitionCount }
    guard nodes.contains(where: { $0.status.isReadable && $0.room < partitions }) else { return nil }
    let arena = try Arena()
    let loads: NodeTable<Int> = try arena.table(nodes.count)
    for map in bound { map.forEachReplica { _, _, node in loads[node] += 1 } }
    for (index, node) in nodes.enumerated() where node.status.isReadable && loads.base[index] > node.room {
      for map in bound {
        var other: Int?
        map.forEachReplica { partition, _, holder in
          if holder.int == index, other == nil, !map.isOnlyCopy(partition, on: holder) { other = partition }
        }
        guard let other else { continue }
        return map.fault(
          "nodes.\(node.name).capacity", other,
          "\(node.name) may hold \(node.capacity ?? 0) replicas and is to hold \(loads.base[index]), among them this one, which is not the last"
        )
      }
    }
    return nil
  }
}

extension Remedies {
  /// Of nodes that hold less than one of each partition, in tree order, each by as much as helps.
  mutating func raiseCapacity(_ tree: CapacityTree, _ full: [CapacityTree.Element]) {
    let nodes = full.filter { $0.container == nil }.map(\.nodes.lowerBound).filter { node in
      dense.status[node].mayReceive && tree.room[node] < tree.partitions && dense.capacity[node] == tree.room[node]
        && dense.mayTake(node)
    }
    var raised = tree
    for node in nodes { raised.room[node] = tree.partitions }
    guard !nodes.isEmpty, raised.total() == tree.demand else { return }
    raised = tree
    var raises: [Remedy.Raise] = []
    var total = tree.total()
    for node in nodes where total < tree.demand {
      guard raises.count < Remedies.mostNodes else { return }
      raised.room[node] = tree.partitions
      let gain = raised.total() - total
      raised.room[node] = tree.room[node] + gain
      total += gain
      if gain > 0 { raises.append(Remedy.Raise(node: dense.cluster.nodes[node].name, to: raised.room[node])) }
    }
    guard !raises.isEmpty, fits(dense.raised(raised.room, of: nodes)) else { return }
    all.append(.raiseCapacity(raises))
  }
}

extension DenseCluster {
  /// The same with room for so many on some nodes.
  fileprivate func raised(_ room: [Int], of nodes: [Int]) -> DenseCluster {
    var capacity = capacity
    for node in nodes { capacity[node] = room[node] }
    return DenseCluster(self, cluster: cluster, partitionCount: partitionCount, capacity: capacity)
  }
}
