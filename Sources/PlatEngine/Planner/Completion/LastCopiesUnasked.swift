/// What stays of a map whose settings ask for no data at all: no plan gives up the last copy of a partition, so of each
/// with a live copy one stays where it is, in the state that it has, and takes its place of the node's capacity. The
/// Judge finds it beyond what is asked.
struct LastCopiesUnasked {
  /// The target with slots for them beside its own.
  let map: PlacementMap
  /// How many each node has.
  let load: [Int]

  /// `target`: without data. Nil where data is asked for, or nobody holds any. O(P · R).
  init?(_ cluster: DenseCluster, target: PlacementMap, before: PlacementMap?) throws(PlatError) {
    guard cluster.replicas == 0, let before else { return nil }
    let stateOfSlot = before.stateOfSlot
    let held = before.dataSlots(cluster.cluster.settings.model)
    let chosen = (0..<min(before.partitionCount, cluster.partitionCount)).map { partition in
      let row = before.row(partition)
      return held.filter { row[$0] != .none && cluster.status[row[$0].int].isReadable }
        .min { (cluster.status[row[$0].int].lastCopyRank, $0) < (cluster.status[row[$1].int].lastCopyRank, $1) }
    }
    guard chosen.contains(where: { $0 != nil }) else { return nil }
    var counts = target.slotCounts
    for slot in chosen { if let slot { counts[stateOfSlot[slot]] = 1 } }
    let map = try PlacementMap(partitionCount: target.partitionCount, slotCounts: counts)
    var load = [Int](repeating: 0, count: cluster.nodeCount)
    map.copyData(from: target, cluster)
    for (partition, slot) in chosen.enumerated() {
      guard let slot else { continue }
      let node = before.row(partition)[slot]
      map.row(partition)[map.slots(ofState: stateOfSlot[slot]).lowerBound] = node
      load[node.int] += 1
    }
    (self.map, self.load) = (map, load)
  }
}
