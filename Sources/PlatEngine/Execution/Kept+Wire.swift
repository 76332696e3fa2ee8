/// What a node keeps through a crash, as bytes: its promise and its records.

/// What a node has promised, beside its records.
public struct Promise: Hashable, Sendable {
  /// Orders of older revisions are refused.
  public var revision: UInt64
  /// The map in force, as far as the node was told.
  public var map: MapStamp?
  /// Of the disk; nil: an older library kept it, or there is none.
  public var disk: Disk?
  /// Nodes that it was told of.
  public var learnt: [WireNames.NamedNode] = []

  /// The disk, as it knows itself.
  public struct Disk: Hashable, Sendable {
    /// Another one for each disk that a node ever had.
    public var store: UInt64
    /// The start at which it was written last.
    public var boot: UInt32
    /// The revision that had been promised when an orchestrator confirmed the disk last. It only grows: of a disk that
    /// was set back it is less than what is known of it.
    public var confirmed: UInt64
    /// See `DiskState.born`.
    public var born: UInt64

    public init(store: UInt64, boot: UInt32, confirmed: UInt64, born: UInt64 = 0) {
      self.born = born
      self.store = store
      self.boot = boot
      self.confirmed = confirmed
    }
  }

  public init(revision: UInt64, map: MapStamp? = nil) {
    self.revision = revision
    self.map = map
  }
}

/// Something that a node has kept.
public enum Kept: Sendable {
  case promise(Promise)
  case record(PartitionIndex, Record)
  /// A record of a partition that the cluster does not have any more, by its number.
  case gone(UInt32)
}

extension Promise {
  public func bytes(_ names: WireNames) -> [UInt8] {
    var writer = WireWriter(version: Wire.kept, newest: Wire.kept, kind: Wire.Kind.promise, names)
    writer.put(revision)
    writer.put(map != nil)
    if let map { writer.put(map) }
    writer.put(disk != nil)
    if let disk {
      writer.put(disk.store)
      writer.put(UInt64(disk.boot))
      writer.put(disk.confirmed)
      writer.put(disk.born)
    }
    writer.put(learnt.count)
    for node in learnt { writer.put(node) }
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
    if modeOrder != .none || mode != .usual || isInDoubt {
      writer.put(mode)
      writer.put(modeOrder)
    }
    if isInDoubt { writer.put(true) }
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
    guard !reader.isAtEnd else { return }
    isInDoubt = try reader.flag()
    if !isInDoubt { throw WireReader.Damage(what: "a doubt that is none") }
  }
}

extension Kept {
  /// The path of the error where a later library wrote the bytes.
  public static let versionPath = "version"

  /// What damaged bytes seem to be of; nil: that cannot be told. No later library wrote them, which is an error of its
  /// own.
  public static func guess(_ bytes: UnsafeRawBufferPointer, _ names: WireNames) -> (
    isPromise: Bool, partition: PartitionIndex?
  )? {
    guard bytes.count > Wire.headerBytes, bytes[0] == Wire.first[0], bytes[1] == Wire.first[1] else { return nil }
    if bytes[4] == Wire.Kind.promise { return (true, nil) }
    guard bytes[4] == Wire.Kind.record else { return nil }
    var (number, shift) = (UInt64(0), UInt64(0))
    for byte in bytes[Wire.headerBytes...].prefix(5) {
      number |= UInt64(byte & 0x7f) << shift
      shift += 7
      if byte & 0x80 == 0 { return (false, number < names.partitions ? PartitionIndex(raw: UInt32(number)) : nil) }
    }
    return (false, nil)
  }

  /// Throws where the bytes are no promise and no record of such a cluster. O(size).
  public init(_ bytes: UnsafeRawBufferPointer, _ names: WireNames) throws(InputError) {
    var reader = try WireReader(bytes, "kept", names)
    try reader.checkKept()
    do throws(WireReader.Damage) {
      switch reader.kind {
      case Wire.Kind.promise:
        var promise = Promise(revision: try reader.number())
        promise.map = try reader.flag() ? try reader.stamp() : nil
        if reader.version >= 2 {
          promise.disk =
            try reader.flag()
            ? Promise.Disk(
              store: try reader.number(), boot: try reader.small(), confirmed: try reader.number(),
              born: try reader.number()) : nil
          promise.learnt = try reader.namedNodes()
        }
        self = .promise(promise)
      case Wire.Kind.record:
        let number = try reader.small()
        // Of a partition that is gone nothing is looked at.
        guard number < names.partitions else {
          self = .gone(number)
          return
        }
        self = .record(PartitionIndex(raw: number), try Record(&reader))
      default: throw WireReader.Damage(what: "bytes of kind \(reader.kind)")
      }
      try reader.end()
    } catch {
      throw Wire.error("kept", error.what, "a promise or a record of a node")
    }
  }
}

extension WireReader {
  fileprivate func checkKept() throws(InputError) {
    guard (1...Wire.kept).contains(version) else {
      throw Wire.error("version", "\(version)", "1 to \(Wire.kept), or a newer library")
    }
  }
}
