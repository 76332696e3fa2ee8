import PlatEngine

extension MapReader {
  private enum BoundKey: String, JSONKey { case start, end, source }

  /// The key ranges of the partitions, in key order; the engine then tells gaps and overlaps. O(bytes + P log P).
  func readRanges(_ reader: inout JSONReader) throws(DocumentError) -> KeyRanges {
    var ranges = KeyRanges()
    var names = NameTable()
    try sections.require(.partitions, &reader)
    if reader.source.binary != nil { return try Self.readBinaryRanges(&reader) }
    let offset = try reader.peekOffset()
    try reader.beginObject(expected: "an object with the partitions")
    while let key = try reader.nextKey() {
      guard names.insert(key.bytes).isNew else { throw reader.duplicateKey(key, what: "partition") }
      guard names.count <= Limits.partitions else {
        throw reader.error(at: key.offset, found: "partition \(names.count)", expected: "at most \(Limits.partitions)")
      }
      let range = try readRange(&reader)
      try reader.source.taking(&ranges, at: offset, reader) { ranges throws(PlatError) in
        try ranges.append(name: names.bytes(names.count - 1).span, start: range.start.span, end: range.end.span)
        for source in range.source { try ranges.addSource(Array(source.utf8).span) }
      }
    }
    do throws(PlatError) { try ranges.sort(reader.source.allowance.interrupt) } catch {
      throw reader.error(error, at: offset)
    }
    return ranges
  }

  private func readRange(_ reader: inout JSONReader) throws(DocumentError) -> KeyRange {
    var range = KeyRange(name: "", start: [], end: [])
    var endOffset = try reader.peekOffset()
    try reader.beginObject(expected: "an object with the bounds and the holders of a partition")
    while let key = try reader.nextKey() {
      switch key {
      case "start": range.start = try readBound(&reader)
      case "end":
        endOffset = try reader.peekOffset()
        range.end = try readBound(&reader)
      case "source":
        try reader.beginArray(expected: "an array of partitions")
        while try reader.nextElement() {
          range.source.append(try reader.readString(expected: "the name of a partition").string)
        }
      default: try reader.skipValue()
      }
    }
    guard range.end.isEmpty || range.start.lexicographicallyPrecedes(range.end) else {
      throw reader.error(
        at: endOffset, found: "\(RangeBound.text(range.end)) after the start \(RangeBound.text(range.start))",
        expected: "an end behind the start")
    }
    return range
  }

  /// `null` and nothing mean unbounded.
  private func readBound(_ reader: inout JSONReader) throws(DocumentError) -> [UInt8] {
    if try reader.takeNull() { return [] }
    let text = try reader.readString(expected: "a key as text, or \"hex:…\"")
    guard let bytes = RangeBound.bytes(text.bytes) else {
      throw reader.error(at: text, expected: "pairs of hexadecimal digits after hex:")
    }
    return bytes
  }
}
