import PlatEngine

/// What all nodes have on disk, by partition: it survives crashes, and the invariants are about it.
struct Disks {
  struct Copy {
    var node: NodeIndex
    var record: Record
    /// Of the log: a bit for each write.
    var writes: UInt64
  }

  /// By partition, in the order in which nodes came.
  private(set) var copies: [[Copy]]
  /// By node: the revision that it obeys, and the map that it knows.
  var promise: [Promise]

  init(partitionCount: Int, nodeCount: Int) {
    copies = Array(repeating: [], count: partitionCount)
    promise = Array(repeating: Promise(revision: 0), count: nodeCount)
  }

  /// Returns what was there.
  mutating func write(_ record: Record, _ partition: PartitionIndex, on node: NodeIndex) -> Record? {
    let writes = record.log.reduce(UInt64(0)) { $0 | 1 << ($1.value & 63) }
    if let place = copies[partition.int].firstIndex(where: { $0.node == node }) {
      let before = copies[partition.int][place].record
      copies[partition.int][place].record = record
      copies[partition.int][place].writes = writes
      return before
    }
    copies[partition.int].append(Copy(node: node, record: record, writes: writes))
    return nil
  }

  mutating func destroy(_ node: NodeIndex) {
    for partition in copies.indices { copies[partition].removeAll { $0.node == node } }
  }

  func records(of node: NodeIndex) -> [(PartitionIndex, Record)] {
    var records: [(PartitionIndex, Record)] = []
    for partition in copies.indices {
      if let copy = copies[partition].first(where: { $0.node == node }) { records.append((PartitionIndex(partition), copy.record)) }
    }
    return records
  }
}
