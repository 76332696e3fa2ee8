/// How things stand before anything has been carried out: as the map at the beginning says.
public struct Beginning: Sendable {
  let cluster: DenseCluster
  /// Nil: nobody holds anything.
  let map: PlacementMap?
  /// Of the map; 1 at least.
  public let revision: UInt64
  let rules: ExecutionRules

  public init(_ cluster: DenseCluster, map: PlacementMap?, revision: UInt64) {
    self.cluster = cluster
    self.map = map
    self.revision = max(1, min(revision, 1 << 62))
    rules = ExecutionRules(cluster.cluster.settings.model)
  }

  public var journal: Journal { Journal(revision: revision, partitionCount: cluster.partitionCount) }

  /// By partition: whether somebody holds its data. O(P · R).
  public var hadHolders: [Bool] {
    (0..<cluster.partitionCount).map { partition in holders(partition).contains { rules.holdsData($0.state) } }
  }

  /// What nodes have, each with what it is: partitions ascend. Of `node`, or of all. O(P · R).
  public func records(of wanted: NodeIndex? = nil) -> [(node: NodeIndex, partition: PartitionIndex, record: Record)] {
    var records: [(node: NodeIndex, partition: PartitionIndex, record: Record)] = []
    for partition in 0..<cluster.partitionCount {
      let held = holders(partition)
      for (node, state) in held where wanted == nil || node == wanted {
        let followers = held.filter { $0.node != node && rules.holdsData($0.state) }.map(\.node)
        let record = Record(state: state, term: revision, leadsWith: state == rules.leading ? followers : nil)
        records.append((node, PartitionIndex(partition), record))
      }
    }
    return records
  }

  private func holders(_ partition: Int) -> [(node: NodeIndex, state: StateIndex)] {
    guard let map, partition < map.partitionCount else { return [] }
    let row = map.row(partition)
    return map.stateOfSlot.enumerated().compactMap { slot, state in
      row[slot].int < cluster.nodeCount ? (row[slot], StateIndex(state)) : nil
    }
  }
}
