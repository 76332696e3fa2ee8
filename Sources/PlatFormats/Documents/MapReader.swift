import PlatEngine

/// Reads the `map` of a document: first what it says about itself, then, once the cluster is known, who holds
/// what.
///
/// Left out: `type` is what the kind of document is about, `revision` is 0, and a partition that is not there is
/// held by nobody.
struct MapReader {
  enum Key: String, JSONKey { case type, revision, basedOn, keyFunc, numPartitions, partitions }

  let header: MapHeader
  let keyFunction: KeyFunction?
  let partitionCount: Int?
  let sections: JSONSections<Key>

  /// Reads all but the partitions of the map that comes next, in the document's own object.
  /// `depth`: of its values.
  init(_ reader: inout JSONReader, kind: MapHeader.Kind, depth: Int = 2) throws(DocumentError) {
    sections = try JSONSections(&reader, depth: depth, expected: "an object: a map")
    try sections.refuseUnknownKey()
    var header = MapHeader(kind: kind, revision: 0)
    if sections.enter(.type, &reader) { header.kind = try reader.readWord() }
    if sections.enter(.revision, &reader) { header.revision = try Self.readRevision(&reader) }
    if sections.enter(.basedOn, &reader) { header.basedOn = try Self.readRevision(&reader) }
    self.header = header
    keyFunction = sections.enter(.keyFunc, &reader) ? try reader.readWord() : nil
    partitionCount = sections.enter(.numPartitions, &reader) ? try reader.readCount(in: 1...Limits.partitions) : nil
    try sections.require(.partitions, &reader)
  }

  /// There is always room for the next.
  private static func readRevision(_ reader: inout JSONReader) throws(DocumentError) -> UInt64 {
    UInt64(try reader.readCount(in: 0...(Int.max - 1)))
  }

  /// Refuses a map that is not made for these settings.
  func refuseContradiction(to settings: Settings, _ reader: inout JSONReader) throws(DocumentError) {
    if let keyFunction, keyFunction != settings.keyFunction, let offset = sections[.keyFunc] {
      throw reader.error(
        at: offset, found: keyFunction.rawValue, expected: "\(settings.keyFunction.rawValue), as the settings say")
    }
    if let partitionCount, partitionCount != settings.partitionCount, let offset = sections[.numPartitions] {
      throw reader.error(
        at: offset, found: "\(partitionCount)", expected: "\(settings.partitionCount), as the settings say")
    }
  }

  /// Who holds what. `nodes`: their names, index for index. O(bytes).
  func readPlacement(
    _ reader: inout JSONReader, of cluster: Cluster, nodes: borrowing NameTable, leavesOutUnknownNodes: Bool = false
  ) throws(DocumentError) -> PlacementMap {
    try sections.require(.partitions, &reader)
    if reader.source.binary != nil { return try readBinaryPlacement(&reader, of: cluster, nodes: nodes) }
    let offset = try reader.peekOffset()
    var partitions = PartitionNames(cluster)
    var rows: RowReader
    do throws(PlatError) { rows = try RowReader(cluster, leavesOutUnknownNodes, reader.source.allowance) } catch {
      throw reader.error(error, at: offset)
    }
    try reader.beginObject(expected: "an object with the partitions")
    // As far as rows are plain, and again after one that is not.
    var tries = 16
    while true {
      if cluster.ranges.isEmpty, tries > 0 {
        let count = try rows.readPlain(&reader, depth: sections.depth + 1, partitions: &partitions, nodes: nodes)
        tries = count > 0 ? 16 : tries - 1
      }
      guard let key = try reader.nextKey() else { break }
      if key.isExtension && cluster.ranges.isEmpty {
        try reader.skipValue()
      } else {
        try rows.read(&reader, partition: try partitions.take(key, reader), nodes: nodes)
      }
    }
    do throws(PlatError) { return try reader.source.taken(rows.finish(cluster)) } catch {
      throw reader.error(error, at: offset)
    }
  }
}

/// The partitions of a map by name; each may come once.
struct PartitionNames: ~Copyable {
  private let count: Int
  /// Of key ranges, in their order. Empty for hash functions, whose partitions are numbers.
  private let ranges: NameTable
  private let hasRanges: Bool
  fileprivate(set) var isTaken: UnsafeMutableBufferPointer<UInt64>

  init(_ cluster: Cluster) {
    count = cluster.settings.partitionCount
    hasRanges = !cluster.ranges.isEmpty
    ranges = NameTable(namesOf: cluster.ranges)
    isTaken = .allocate(capacity: count / 64 + 1)
    isTaken.initialize(repeating: 0)
  }

  deinit { isTaken.deallocate() }

  /// The partition that a key names, for the first time. O(bytes).
  @inline(__always)
  mutating func take(_ key: JSONText, _ reader: borrowing JSONReader) throws(DocumentError) -> Int {
    let index = hasRanges ? ranges.find(key.bytes) : key.index
    guard let index, index < count else { throw unknown(key, reader) }
    let bit = UInt64(1) << UInt64(index & 63)
    if isTaken[index >> 6] & bit != 0 { throw reader.duplicateKey(key, what: "partition") }
    isTaken[index >> 6] |= bit
    return index
  }

  @inline(never) private func unknown(_ key: JSONText, _ reader: borrowing JSONReader) -> DocumentError {
    reader.error(
      at: key, expected: hasRanges ? "the name of a partition" : "the number of a partition, from 0 to \(count - 1)")
  }
}
