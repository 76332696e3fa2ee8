import PlatEngine

/// Writes where keys belong, a JSON line each:
///
///     {"key":"hello","partition":"528","holders":{"master":["a"],"slave":["b"]}}
package struct RouteWriter: ~Copyable {
  private let targets: [Target]
  /// Of the nodes, which all maps share.
  private let names: QuotedNames
  private var writer: JSONWriter
  private var isFirst = true

  /// One map that keys are looked up in.
  package struct Target {
    /// Where there are several.
    var name: String?
    var document: ClusterDocument
    var router: KeyRouter
    var states: [(name: String, slots: Range<Int>)]

    init(_ document: ClusterDocument, name: String? = nil) throws(PlatError) {
      self.name = name
      self.document = document
      router = try KeyRouter(document.cluster)
      let states = document.cluster.settings.model.states
      self.states = states.indices.map { (states[$0].name, document.map?.placement.slots(ofState: $0) ?? 0..<0) }
    }
  }

  /// The maps of a document: of several the one named `name`, or all.
  package static func targets(
    _ document: AnyClusterDocument, named name: String?, _ source: DocumentSource
  ) throws -> [Target] {
    switch document {
    case .one(let document):
      guard name == nil else {
        throw source.error(
          InputError(path: "", found: "one map without a name", expected: "maps, one of them \(name!)"))
      }
      return [try Target(document)]
    case .several(let document):
      guard let name else {
        return try document.group.members.indices.map {
          try Target(document.document($0), name: document.group.members[$0].name)
        }
      }
      guard let index = document.index(of: name) else {
        throw source.error(InputError(path: "maps", found: "no map \(name)", expected: "a map of this name"))
      }
      return [try Target(document.document(index), name: name)]
    }
  }

  package init(_ document: ClusterDocument) throws(PlatError) { self.init([try Target(document)]) }

  /// On the same nodes, one at least.
  package init(_ targets: [Target], allowance: Allowance = .unlimited) {
    self.targets = targets
    writer = JSONWriter(allowance: allowance)
    names = QuotedNames(targets[0].document.cluster.nodes.map(\.name))
  }

  /// Every line of the input is a key, as it stands; the end of the input ends the last. O(bytes).
  package mutating func writeLines(of input: DocumentSource) {
    let bytes = input.unsafeBytes
    var at = 0
    var batch = KeyBatch()
    while at < bytes.count {
      let end = bytes[at...].firstIndex(of: 0x0a) ?? bytes.count
      let line = UnsafeBufferPointer(rebasing: bytes[at..<end])
      if batch.isFull(for: line) {
        if writer.isStopped() { return }
        write(&batch)
      }
      batch.append(line)
      at = end + 1
    }
    write(&batch)
    withExtendedLifetime(input) {}
  }

  private mutating func write(_ batch: inout KeyBatch) {
    let partitions = targets.map { batch.partitions($0.router) }
    for (index, key) in batch.keys.enumerated() {
      for (target, partitions) in zip(targets, partitions) { write(key, target, partition: Int(partitions[index])) }
    }
    batch.removeAll()
  }

  package mutating func write(_ key: UnsafeBufferPointer<UInt8>) {
    for target in targets { write(key, target, partition: target.router.partition(of: key)) }
  }

  private mutating func write(_ key: UnsafeBufferPointer<UInt8>, _ target: Target, partition: Int) {
    if !isFirst { writer.raw("\n") }
    isFirst = false
    writer.beginObject(.compact)
    if let name = target.name { writer.member("map", name) }
    writer.member("key", RangeBound.text(key))
    writer.member("partition", target.document.cluster.partitionName(partition))
    writer.key("holders")
    writer.beginObject(.compact)
    if let map = target.document.map?.placement {
      let row = map.row(partition)
      for (name, slots) in target.states where slots.contains(where: { row[$0] != .none }) {
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

  /// The lines; nothing at all where there was no key.
  package consuming func bytes() throws(FileError) -> DocumentBytes {
    isFirst ? DocumentBytes(adoptingUnsafe: UnsafeRawBufferPointer(start: nil, count: 0)) : try writer.bytes()
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
            ofKeys: bytes.baseAddress ?? UnsafePointer(nothing.baseAddress!), offsets: offsets, count: count,
            into: target)
        }
      }
    }
  }
}
