import PlatEngine

/// Writes where keys belong, a JSON line each:
///
///     {"key":"hello","partition":"528","holders":{"master":["a"],"slave":["b"]}}
package struct RouteWriter: ~Copyable {
  private let document: ClusterDocument
  private let router: KeyRouter
  private let names: QuotedNames
  private let states: [(name: String, slots: Range<Int>)]
  private var writer = JSONWriter()
  private var isFirst = true

  package init(_ document: ClusterDocument) {
    self.document = document
    let settings = document.cluster.settings
    router = KeyRouter(document.cluster)
    names = QuotedNames(document.cluster.nodes.map(\.name))
    states = settings.model.states.indices.map { state in
      (settings.model.states[state].name, document.map?.placement.slots(ofState: state) ?? 0..<0)
    }
  }

  /// Every line of the input is a key, as it stands; the end of the input ends the last. O(bytes).
  package mutating func writeLines(of input: DocumentSource) {
    let bytes = input.unsafeBytes
    var at = 0
    var batch = KeyBatch()
    while at < bytes.count {
      let end = bytes[at...].firstIndex(of: 0x0a) ?? bytes.count
      let line = UnsafeBufferPointer(rebasing: bytes[at..<end])
      if batch.isFull(for: line) { write(&batch) }
      batch.append(line)
      at = end + 1
    }
    write(&batch)
    withExtendedLifetime(input) {}
  }

  private mutating func write(_ batch: inout KeyBatch) {
    for (key, partition) in zip(batch.keys, batch.partitions(router)) { write(key, partition: Int(partition)) }
    batch.removeAll()
  }

  package mutating func write(_ key: UnsafeBufferPointer<UInt8>) {
    write(key, partition: router.partition(of: key))
  }

  private mutating func write(_ key: UnsafeBufferPointer<UInt8>, partition: Int) {
    if !isFirst { writer.raw("\n") }
    isFirst = false
    writer.beginObject(.compact)
    writer.member("key", RangeBound.text(key))
    writer.member("partition", document.cluster.partitionName(partition))
    writer.key("holders")
    writer.beginObject(.compact)
    if let map = document.map?.placement {
      let row = map.row(partition)
      for (name, slots) in states where slots.contains(where: { row[$0] != .none }) {
        writer.key(name)
        writer.beginArray(.compact)
        for slot in slots where row[slot] != .none { writer.writeRaw(names[row[slot].int]) }
        writer.endArray()
      }
    }
    writer.endObject()
    writer.endObject()
  }

  /// What has been written so far.
  var text: String {
    get throws(FileError) { try writer.withBytes { String(decoding: $0, as: UTF8.self) } }
  }

  /// Nothing at all where there was no key.
  package consuming func finish(_ path: String?) throws(FileError) {
    if isFirst { return try AtomicFileOutput.write(UnsafeRawBufferPointer(start: nil, count: 0), to: path) }
    try writer.write(to: path)
  }
}

/// Keys end to end, as the batched CRC wants them.
private struct KeyBatch {
  private(set) var keys: [UnsafeBufferPointer<UInt8>] = []
  private var bytes: [UInt8] = []
  private var offsets: [UInt32] = [0]

  func isFull(for key: UnsafeBufferPointer<UInt8>) -> Bool { keys.count == 4096 || bytes.count + key.count > 1 << 30 }

  mutating func append(_ key: UnsafeBufferPointer<UInt8>) {
    keys.append(key)
    bytes.append(contentsOf: key)
    offsets.append(UInt32(bytes.count))
  }

  mutating func removeAll() {
    keys.removeAll(keepingCapacity: true)
    bytes.removeAll(keepingCapacity: true)
    offsets.removeAll(keepingCapacity: true)
    offsets.append(0)
  }

  func partitions(_ router: KeyRouter) -> [UInt32] {
    [UInt32](unsafeUninitializedCapacity: keys.count) { partitions, count in
      count = keys.count
      guard count > 0, let target = partitions.baseAddress else { return }
      bytes.withUnsafeBufferPointer { bytes in
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1) { nothing in
          router.partitions(
            ofKeys: bytes.baseAddress ?? UnsafePointer(nothing.baseAddress!), offsets: offsets, count: count, into: target)
        }
      }
    }
  }
}
