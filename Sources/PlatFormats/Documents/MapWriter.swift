import PlatEngine

/// Writes the `map` of a document, one partition a line.
enum MapWriter {
  /// O(P · R).
  static func write(_ map: MapDocument, of cluster: Cluster, to writer: inout JSONWriter) {
    writer.beginObject(.lines)
    writeMembers(map.header, to: &writer)
    writer.key("keyFunc")
    writer.string(cluster.settings.keyFunction.rawValue)
    writer.key("numPartitions")
    writer.integer(map.placement.partitionCount)
    writer.key("partitions")
    if let parts = writer.parts {
      BinaryPartitions(map.placement, cluster, parts).write(to: &writer)
    } else {
      writePartitions(
        map.placement, nodes: QuotedNames(cluster.nodes.map(\.name)), states: cluster.settings.model.states.map(\.name),
        isWanted: cluster.settings.constraints.map { $0 > 0 }, ranges: cluster.ranges, to: &writer)
    }
    writer.endObject()
  }

  /// The `map` of a report: as far as it says which one was judged.
  static func write(_ header: MapHeader, to writer: inout JSONWriter) {
    writer.key("map")
    writer.beginObject(.compact)
    writeMembers(header, to: &writer)
    writer.endObject()
  }

  private static func writeMembers(_ header: MapHeader, to writer: inout JSONWriter) {
    writer.key("type")
    writer.string(header.kind.rawValue)
    writer.key("revision")
    writer.unsigned(header.revision)
    if let basedOn = header.basedOn {
      writer.key("basedOn")
      writer.unsigned(basedOn)
    }
  }

  /// Names and punctuation, and the longest number.
  static func estimatedBytes(_ map: MapDocument, of cluster: Cluster) -> Int {
    let names = cluster.nodes.reduce(0) { $0 + $1.name.utf8.count + 3 }
    let states = cluster.settings.model.states
    let keys = map.placement.slotCounts.indices.reduce(0) {
      $0 + (map.placement.slotCounts[$1] > 0 ? states[$1].name.utf8.count + 6 : 0)
    }
    let cell = names / max(cluster.nodes.count, 1) + 1
    return 4096 + map.placement.partitionCount * (20 + keys + cell * map.placement.width)
  }

  /// Every state that is wanted, even where nobody has it; others where somebody does.
  static func writePartitions(
    _ map: PlacementMap, nodes names: borrowing QuotedNames, states: [String], isWanted: [Bool], ranges: KeyRanges,
    to writer: inout JSONWriter
  ) {
    let states = QuotedNames(states)
    let columns = map.slotCounts.indices.map { map.slots(ofState: $0) }
    writer.beginObject(.lines)
    if ranges.isEmpty, let indent = writer.indent,
      let rows = RowWriter(nodes: names, states: states, isWanted: isWanted, indent: indent)
    {
      rows.write(map, to: &writer)
      return writer.endObject()
    }
    for partition in 0..<map.partitionCount {
      if writer.isStopped(at: partition) { break }
      if ranges.isEmpty {
        writer.key(partition)
        writer.beginObject(.compact)
      } else {
        let range = ranges[partition]
        writer.key(range.name)
        writer.beginObject(.compact)
        writeBounds(range, to: &writer)
      }
      let row = map.row(partition)
      for state in columns.indices {
        var isOpen = isWanted[state]
        if isOpen { beginState(state, states, &writer) }
        for slot in columns[state] where row[slot] != .none {
          if !isOpen { beginState(state, states, &writer) }
          isOpen = true
          writer.writeRaw(names[row[slot].int])
        }
        if isOpen { writer.endArray() }
      }
      writer.endObject()
    }
    writer.endObject()
  }

  @inline(__always) private static func beginState(
    _ state: Int, _ names: borrowing QuotedNames, _ writer: inout JSONWriter
  ) {
    writer.keyRaw(names[state])
    writer.beginArray(.compact)
  }

  private static func writeBounds(_ range: KeyRange, to writer: inout JSONWriter) {
    writer.key("start")
    writer.string(RangeBound.text(range.start))
    writer.key("end")
    writer.string(RangeBound.text(range.end))
    guard !range.source.isEmpty else { return }
    writer.member("source", range.source)
  }
}

/// Names as documents write them, rendered once and copied often.
struct QuotedNames: ~Copyable {
  private let text: UnsafeMutableBufferPointer<UInt8>
  /// Where each name begins, and the end of the last.
  private let starts: UnsafeMutableBufferPointer<Int>

  var count: Int { starts.count - 1 }

  /// O(bytes).
  init(_ names: [String]) {
    let quoted = names.map { name in
      var name = name
      return name.withUTF8 { JSONWriter.quoted($0) }
    }
    starts = .allocate(capacity: names.count + 1)
    text = .allocate(capacity: quoted.reduce(0) { $0 + $1.count })
    var end = 0
    for (index, name) in quoted.enumerated() {
      starts[index] = end
      _ = text[end...].initialize(fromContentsOf: name)
      end += name.count
    }
    starts[names.count] = end
  }

  deinit {
    text.deallocate()
    starts.deallocate()
  }

  /// Valid as long as the table is.
  @inline(__always) subscript(_ index: Int) -> UnsafeBufferPointer<UInt8> {
    let start = starts[index]
    return UnsafeBufferPointer(start: text.baseAddress.unsafelyUnwrapped + start, count: starts[index + 1] - start)
  }
}
