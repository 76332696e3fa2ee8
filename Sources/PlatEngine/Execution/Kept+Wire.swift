/// What is kept through a crash, as bytes: by a node its promise and its records, by all orchestrators their journal.

/// What a node has promised, beside its records.
public struct Promise: Hashable, Sendable {
  /// Orders of older revisions are refused.
  public var revision: UInt64
  /// The map in force, as far as the node was told.
  public var map: MapStamp?

  public init(revision: UInt64, map: MapStamp? = nil) {
    self.revision = revision
    self.map = map
  }
}

/// Something that a node has kept.
public enum Kept: Sendable {
  case promise(Promise)
  case record(PartitionIndex, Record)
}

extension Promise {
  public func bytes(_ names: WireNames) -> [UInt8] {
    var writer = WireWriter(version: Wire.kept, newest: Wire.kept, kind: Wire.Kind.promise, names)
    writer.put(revision)
    writer.put(map != nil)
    if let map { writer.put(map) }
    return writer.finish()
  }
}

extension Record {
  /// O(log).
  public func bytes(_ partition: PartitionIndex, _ names: WireNames) -> [UInt8] {
    var writer = WireWriter(version: Wire.kept, newest: Wire.kept, kind: Wire.Kind.record, names)
    writer.put(partition)
    writer.put(state)
    writer.put(term)
    writer.put(led)
    writer.put(followers)
    writer.put(done)
    writer.put(handed)
    writer.put(log)
    // Left out by older libraries, which refuse records that have it.
    if modeOrder != .none || mode != .usual {
      writer.put(mode)
      writer.put(modeOrder)
    }
    return writer.finish()
  }

  fileprivate init(_ reader: inout WireReader) throws(WireReader.Damage) {
    state = try reader.state()
    term = try reader.number()
    led = try reader.number()
    followers = try reader.nodes()
    done = try reader.orderID()
    handed = try reader.orderID()
    log = try reader.log()
    guard !reader.isAtEnd else { return }
    mode = try reader.mode()
    modeOrder = try reader.orderID()
  }
}

extension Kept {
  /// Throws where the bytes are no promise and no record of such a cluster. O(size).
  public init(_ bytes: UnsafeRawBufferPointer, _ names: WireNames) throws(InputError) {
    var reader = try WireReader(bytes, "kept", names)
    try reader.checkKept()
    do throws(WireReader.Damage) {
      switch reader.kind {
      case Wire.Kind.promise:
        let revision = try reader.number()
        self = .promise(Promise(revision: revision, map: try reader.flag() ? try reader.stamp() : nil))
      case Wire.Kind.record:
        let partition = try reader.partition()
        self = .record(partition, try Record(&reader))
      default: throw WireReader.Damage(what: "bytes of kind \(reader.kind)")
      }
      try reader.end()
    } catch {
      throw Wire.error("kept", error.what, "a promise or a record of a node")
    }
  }
}

extension Journal {
  /// O(P + rosters).
  public func bytes(_ names: WireNames) -> [UInt8] {
    var writer = WireWriter(version: Wire.kept, newest: Wire.kept, kind: Wire.Kind.journal, names)
    writer.put(version)
    writer.put(self.writer)
    writer.put(revision)
    writer.put(calledOff != nil)
    if let calledOff { writer.put(calledOff) }
    let known = rosters.indices.filter { rosters[$0] != nil }
    writer.put(known.count)
    for partition in known {
      writer.put(PartitionIndex(partition))
      writer.put(rosters[partition]!.revision)
      writer.put(rosters[partition]!.members)
    }
    return writer.finish()
  }

  /// Throws where the bytes are no journal of such a cluster. O(P + size).
  public init(_ bytes: UnsafeRawBufferPointer, _ names: WireNames) throws(InputError) {
    var reader = try WireReader(bytes, "journal", names)
    try reader.checkKept()
    self.init(revision: 0, partitionCount: Int(names.partitions))
    do throws(WireReader.Damage) {
      guard reader.kind == Wire.Kind.journal else { throw WireReader.Damage(what: "bytes of kind \(reader.kind)") }
      version = try reader.number()
      writer = reader.version >= 2 ? try reader.number() : 0
      revision = try reader.number()
      calledOff = try reader.flag() ? try reader.stamp() : nil
      for _ in 0..<(try reader.count()) {
        let partition = try reader.partition()
        rosters[partition.int] = Roster(revision: try reader.number(), members: try reader.nodes())
      }
      try reader.end()
    } catch {
      throw Wire.error("journal", error.what, "the journal of an orchestrator")
    }
  }
}

extension WireReader {
  fileprivate func checkKept() throws(InputError) {
    guard (1...Wire.kept).contains(version) else { throw Wire.error("version", "\(version)", "1 to \(Wire.kept), or a newer library") }
  }
}
