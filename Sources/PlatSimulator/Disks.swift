import PlatEngine

/// What all nodes have on disk, by partition: it survives crashes, and the invariants are about it.
struct Disks {
  struct Copy {
    var node: NodeIndex
    var record: Record
    /// Of the log: a bit for each write.
    var writes: UInt64
    /// Writes that it had when the disk was set back.
    var had: UInt64 = 0
    /// When the disk was set back the node held nothing any more.
    var isRevived = false
  }

  /// One node's.
  struct Image {
    var copies: [(PartitionIndex, Record)]
    var promise: Promise
  }

  /// By partition, in the order in which nodes came.
  private(set) var copies: [[Copy]]
  /// By node: the revision that it obeys, the map that it knows, and the disk.
  var promise: [Promise]
  /// By node, and partition: writes that it ever had.
  private var everHad: [[UInt64]]
  /// By node: the disk was wiped or set back, and no orchestrator has confirmed it since.
  var isDoubtful: [Bool]
  /// By node, and partition: it held something when that happened first. Used where it is doubtful.
  private var heldBefore: [[Bool]]

  init(partitionCount: Int, nodeCount: Int) {
    copies = Array(repeating: [], count: partitionCount)
    promise = Array(repeating: Promise(revision: 0), count: nodeCount)
    isDoubtful = Array(repeating: false, count: nodeCount)
    heldBefore = Array(repeating: [], count: nodeCount)
    everHad = Array(repeating: Array(repeating: 0, count: partitionCount), count: nodeCount)
  }

  private static func writes(_ record: Record) -> UInt64 { record.log.reduce(UInt64(0)) { $0 | 1 << ($1.value & 63) } }

  /// Whether the disk was set back, and the copy lacks what it had and another one still has.
  func isShort(_ copy: Copy, _ partition: PartitionIndex) -> Bool {
    let lacks = copy.had & ~copy.writes
    return copy.isRevived
      || lacks != 0 && copies[partition.int].contains { $0.node != copy.node && $0.writes & lacks != 0 }
  }

  /// The same whether or not another copy still has what it lacks: that may be on its way.
  func isSetBack(_ copy: Copy) -> Bool { copy.isRevived || copy.had & ~copy.writes != 0 }

  var anyIsShort: Bool {
    copies.indices.contains { partition in copies[partition].contains { isShort($0, PartitionIndex(partition)) } }
  }

  /// Returns what was there. `acknowledged`: of the partition.
  mutating func write(_ record: Record, _ partition: PartitionIndex, on node: NodeIndex, acknowledged: UInt64 = 0)
    -> Record?
  {
    let writes = Disks.writes(record)
    everHad[node.int][partition.int] |= writes
    if let place = copies[partition.int].firstIndex(where: { $0.node == node }) {
      let before = copies[partition.int][place].record
      copies[partition.int][place].record = record
      copies[partition.int][place].writes = writes
      if record.state == .null || acknowledged & ~writes == 0 { copies[partition.int][place].isRevived = false }
      if record.state == .null || copies[partition.int][place].had & ~writes == 0 {
        copies[partition.int][place].had = 0
      }
      return before
    }
    copies[partition.int].append(Copy(node: node, record: record, writes: writes))
    return nil
  }

  mutating func destroy(_ node: NodeIndex) {
    for partition in copies.indices { copies[partition].removeAll { $0.node == node } }
  }

  /// The disk is wiped, or about to be what it was.
  mutating func doubt(_ node: NodeIndex) {
    guard !isDoubtful[node.int] else { return }
    isDoubtful[node.int] = true
    // States without data have no writes, but those of which nothing was written yet have none either.
    heldBefore[node.int] = copies.map {
      $0.contains { $0.node == node && $0.record.state != .null && $0.writes != 0 && !$0.isRevived }
    }
  }

  func image(of node: NodeIndex) -> Image { Image(copies: records(of: node), promise: promise[node.int]) }

  /// The disk is what it was.
  mutating func setBack(_ node: NodeIndex, to image: Image) {
    doubt(node)
    destroy(node)
    promise[node.int] = image.promise
    for (partition, record) in image.copies {
      _ = write(record, partition, on: node)
      let place = copies[partition.int].count - 1
      copies[partition.int][place].isRevived = !heldBefore[node.int][partition.int]
      copies[partition.int][place].had = everHad[node.int][partition.int] & ~copies[partition.int][place].writes
    }
  }

  func records(of node: NodeIndex) -> [(PartitionIndex, Record)] {
    var records: [(PartitionIndex, Record)] = []
    for partition in copies.indices {
      if let copy = copies[partition].first(where: { $0.node == node }) {
        records.append((PartitionIndex(partition), copy.record))
      }
    }
    return records
  }
}
