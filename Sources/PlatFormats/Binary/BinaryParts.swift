import Glibc
import PlatEngine

/// What a writer puts beside the JSON of a binary document: sections, numbered from 1.
final class BinaryParts {
  private enum Content {
    case rows(PlacementMap)
    case bytes(BinaryFile.Kind, [UInt8])
  }
  private var contents: [Content] = []
  /// The section of node names, which all maps of a document share.
  private var nodes: (names: [String], section: Int)?

  private func add(_ content: Content) -> Int {
    contents.append(content)
    return contents.count
  }

  func add(rows map: PlacementMap) -> Int { add(.rows(map)) }

  func add(texts: some Collection<some Collection<UInt8>>) -> Int { add(.bytes(.texts, BinaryTexts.encode(texts))) }

  func add(counts: [Int]) -> Int {
    add(.bytes(.counts, counts.flatMap { count in withUnsafeBytes(of: UInt32(count).littleEndian) { Array($0) } }))
  }

  func add(nodeNames names: [String]) -> Int {
    if let nodes, nodes.names == names { return nodes.section }
    let section = add(texts: names.map(\.utf8))
    nodes = (names, section)
    return section
  }

  /// Of all that is beside the JSON.
  var estimatedBytes: Int {
    contents.reduce(0) { sum, content in
      switch content {
      case .rows(let map): sum + map.memoryBytes
      case .bytes(_, let bytes): sum + bytes.count
      }
    }
  }

  /// The file; the caller frees it. Nil where memory is short.
  func compose(json: UnsafeRawBufferPointer) -> UnsafeMutableRawBufferPointer? {
    var sections: [(kind: BinaryFile.Kind, bytes: UnsafeRawBufferPointer)] = [(.json, json)]
    var copies: [UnsafeMutableRawBufferPointer] = []
    defer { for copy in copies { copy.deallocate() } }
    for content in contents {
      switch content {
      case .rows(let map): sections.append((.rows, UnsafeRawBufferPointer(start: map.slots, count: map.memoryBytes)))
      case .bytes(let kind, let bytes):
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
        copy.copyBytes(from: bytes)
        copies.append(copy)
        sections.append((kind, UnsafeRawBufferPointer(copy)))
      }
    }
    return withExtendedLifetime(contents) { BinaryFile.compose(sections) }
  }
}

/// What stands under `partitions` in the JSON of a binary document: which sections hold the rows and what belongs to
/// them.
struct BinaryPartitions {
  enum Key: String, JSONKey { case rows, count, nodes, slots, wanted, names, starts, sources, sourceCounts }

  var rows = 0
  /// Partitions.
  var count = 0
  /// Names of the nodes, by the numbers that the rows have for them.
  var nodes = 0
  /// The slots of a row, state by state, in the order of the model.
  var slots: [(state: String, count: Int)] = []
  /// The states that are written for a partition even where nobody has them.
  var wanted: [String] = []
  /// Of key ranges: their names, where they begin, and what they came from: texts, and how many each has.
  var names: Int?
  var starts: Int?
  var sources: Int?
  var sourceCounts: Int?

  /// Adds the sections of a map. O(N), for key ranges O(P).
  init(_ map: PlacementMap, _ cluster: Cluster, _ parts: BinaryParts) {
    let states = cluster.settings.model.states
    rows = parts.add(rows: map)
    count = map.partitionCount
    nodes = parts.add(nodeNames: cluster.nodes.map(\.name))
    slots = zip(states, map.slotCounts).filter { $1 > 0 }.map { ($0.name, $1) }
    wanted = zip(states, cluster.settings.constraints).filter { $1 > 0 }.map(\.0.name)
    guard !cluster.ranges.isEmpty else { return }
    let all = 0..<cluster.ranges.count
    cluster.ranges.withTexts { texts in
      names = parts.add(texts: all.lazy.map { texts.name($0) })
      starts = parts.add(texts: all.lazy.map { texts.start($0) })
      guard all.contains(where: { texts.sourceCount($0) > 0 }) else { return }
      sources = parts.add(texts: all.flatMap { texts.sources($0) })
      sourceCounts = parts.add(counts: all.map { texts.sourceCount($0) })
    }
  }

  func write(to writer: inout JSONWriter) {
    writer.beginObject(.compact)
    writer.member("rows", rows)
    writer.member("count", count)
    writer.member("nodes", nodes)
    writer.key("slots")
    writer.beginObject(.compact)
    for (state, count) in slots { writer.member(state, count) }
    writer.endObject()
    writer.member("wanted", wanted)
    for (key, section) in [("names", names), ("starts", starts), ("sources", sources), ("sourceCounts", sourceCounts)] {
      if let section { writer.member(key, section) }
    }
    writer.endObject()
  }

  init(_ reader: inout JSONReader) throws(DocumentError) {
    var seen = JSONSeenKeys<Key>()
    var ignored: [JSONExtension] = []
    let begin = try reader.peekOffset()
    var found = Set<Key>()
    try reader.beginObject(expected: "an object with the sections of the partitions")
    while let key = try reader.nextKey(&seen, &ignored) {
      found.insert(key)
      func section() throws(DocumentError) -> Int { try reader.readCount(in: 1...BinaryFile.mostSections) }
      switch key {
      case .rows: rows = try section()
      case .count: count = try reader.readCount(in: 0...Limits.partitions)
      case .nodes: nodes = try section()
      case .names: names = try section()
      case .starts: starts = try section()
      case .sources: sources = try section()
      case .sourceCounts: sourceCounts = try section()
      case .slots:
        try reader.beginObject(expected: "an object with the slots of each state")
        while let state = try reader.nextKey() {
          let name = state.string
          if slots.contains(where: { $0.state == name }) { throw reader.duplicateKey(state, what: "state") }
          slots.append((name, try reader.readCount(in: 1...Limits.nodes)))
        }
      case .wanted:
        try reader.beginArray(expected: "an array of states")
        while try reader.nextElement() { wanted.append(try reader.readString(expected: "a state").string) }
      }
    }
    for key in [Key.rows, .count, .nodes, .slots, .wanted] where !found.contains(key) {
      throw reader.missingKey(key.rawValue, objectAt: begin)
    }
  }

  var width: Int { slots.reduce(0) { $0 + $1.count } }
}
