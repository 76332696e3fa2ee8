import PlatEngine

extension DocumentSource {
  /// The document as JSON alone: what a binary one has in its sections stands where it would stand in JSON, byte for
  /// byte as it would be written. For readers that know JSON only. O(bytes of the result).
  package func expanded() throws(DocumentError) -> DocumentSource {
    guard binary != nil else { return self }
    var bytes: [UInt8] = []
    var from = 0
    for reference in try references() {
      bytes += unsafeBytes[from..<reference.range.lowerBound]
      try appendPartitions(reference, to: &bytes)
      from = reference.range.upperBound
    }
    bytes += unsafeBytes[from...]
    if allowance.isInterrupted { throw cancelled() }
    do throws(FileError) {
      return try bytes.withUnsafeBufferPointer { bytes throws(FileError) in
        try DocumentSource(copying: UnsafeRawBufferPointer(bytes), name: name, allowance: allowance)
      }
    } catch {
      throw outOfMemory()
    }
  }

  /// The same as bytes of its own: what `plat export plat` writes.
  package func expandedBytes() throws -> DocumentBytes {
    let expanded = try expanded()
    return try withExtendedLifetime(expanded) {
      try DocumentBytes(copying: UnsafeRawBufferPointer(expanded.unsafeBytes), allowance: allowance)
    }
  }

  private struct Reference {
    var range: Range<Int>
    var depth: Int
    var partitions: BinaryPartitions
  }

  /// Every value of a key `partitions` that stands in a map.
  private func references() throws(DocumentError) -> [Reference] {
    var reader = try JSONReader(self)
    var references: [Reference] = []
    try reader.beginObject(expected: "an object: a document")
    while let key = try reader.nextKey() {
      guard key == "map" || key == "maps" else {
        try reader.skipValue()
        continue
      }
      try collect(&reader, depth: 1, &references)
    }
    try reader.finish()
    return references
  }

  private func collect(_ reader: inout JSONReader, depth: Int, _ references: inout [Reference]) throws(DocumentError) {
    guard try reader.peekKind() == .objectBegin, depth < 8 else {
      try reader.skipValue()
      return
    }
    try reader.beginObject()
    while let key = try reader.nextKey() {
      guard key == "partitions" else {
        try collect(&reader, depth: depth + 1, &references)
        continue
      }
      let begin = try reader.peekOffset()
      let partitions = try BinaryPartitions(&reader)
      // Written compactly by us, or by anyone: it ends with its bracket.
      var copy = try JSONReader(self)
      copy.seek(to: begin, depth: depth + 1)
      references.append(Reference(range: try copy.skipValue(), depth: depth + 1, partitions: partitions))
    }
  }

  private func appendPartitions(_ reference: Reference, to bytes: inout [UInt8]) throws(DocumentError) {
    let (partitions, offset) = (reference.partitions, reference.range.lowerBound)
    let reader = try JSONReader(self)
    let rows = try section(partitions.rows, .rows, reader, at: offset)
    let width = partitions.width
    guard width <= Limits.slots / max(partitions.count, 1), rows.count == 4 * width * partitions.count else {
      throw reader.error(
        at: offset, found: "\(rows.count) bytes of rows", expected: "\(partitions.count) rows of \(width) slots")
    }
    var texts = try self.texts(partitions.nodes, count: nil, reader, at: offset)
    let names = (0..<texts.count).map { _ in String(decoding: texts.next(), as: UTF8.self) }
    let slots = UnsafeMutablePointer(mutating: rows.baseAddress!.assumingMemoryBound(to: NodeIndex.self))
    if let bad = BinaryRows.firstBadRow(slots, count: partitions.count, width: width, nodes: names.count) {
      throw reader.error(
        at: offset, found: "row \(bad) with a node that there is not", expected: "nodes of the document")
    }
    let map = PlacementMap(
      unsafeSlots: slots, partitionCount: partitions.count, slotCounts: partitions.slots.map(\.count), owner: self)
    var ranges = KeyRanges()
    if partitions.names != nil {
      var reader = try JSONReader(self)
      reader.seek(to: offset, depth: reference.depth)
      ranges = try MapReader.readBinaryRanges(&reader)
    }
    // As deep in objects as the reference stood.
    var writer = JSONWriter(capacityBytes: 1 << 20, allowance: allowance)
    for _ in 0..<reference.depth {
      writer.beginObject(.lines)
      writer.key("")
    }
    let begin = writer.count
    MapWriter.writePartitions(
      map, nodes: QuotedNames(names), states: partitions.slots.map(\.state),
      isWanted: partitions.slots.map { partitions.wanted.contains($0.state) }, ranges: ranges, to: &writer)
    do throws(FileError) {
      try writer.withBytes { bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: $0[begin...])) }
    } catch {
      throw error.reason == .cancelled ? cancelled() : outOfMemory()
    }
  }
}
