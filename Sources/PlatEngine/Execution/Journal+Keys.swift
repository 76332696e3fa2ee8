/// The journal as a host keeps it: several values under keys, so that none grows with the number of partitions, and a
/// change of a few partitions writes a few values.
///
///     epoch            version, revision, and with which version each of the others was written last
///     map              the map in force
///     disks/<block>    what is known of the nodes' disks, by a part of their names: disks/0 … disks/15
///     goal             the change under way, and the one that was called off
///     rosters/<block>  who is complete, 1,024 partitions a block: rosters/0, rosters/1, …
///
/// All that change are written in one transaction, if `epoch` is still of the expected version. A value says with which
/// version it was written, so that values of different versions, read one after another, are not taken for a journal.
extension Journal {
  public struct Entry: Hashable, Sendable {
    public var key: String
    public var bytes: [UInt8]
  }

  public static let epochKey = "epoch"
  private static let mapKey = "map"
  private static let goalKey = "goal"
  private static func rosterKey(_ block: Int) -> String { "rosters/\(block)" }
  private static func diskKey(_ block: Int) -> String { "disks/\(block)" }

  /// Clusters of so many partitions may keep it as one value, which takes less than 512 KiB.
  public static let mostPartitionsInOneValue = 8 * partitionsPerBlock

  /// So many blocks are written at once: stores bound what a transaction takes.
  static let blocksPerRecord = 32

  // MARK: Writing

  /// How long its longest value is, and all of it as one, where it may be kept so. O(P + rosters).
  package func longestValueBytes(_ names: WireNames) -> Int {
    rosters.count <= Self.mostPartitionsInOneValue
      ? bytes(names).count : changedEntries(names).map(\.bytes.count).max() ?? 0
  }

  /// The values that changed with its version. O(P / 1,024 + partitions of the blocks that changed).
  public func changedEntries(_ names: WireNames) -> [Entry] {
    var entries = [epochEntry(names), mapEntry(names), goalEntry(names)]
    for block in diskVersions.indices where diskVersions[block] == version { entries.append(disksEntry(block, names)) }
    for block in blockVersions.indices where blockVersions[block] == version {
      entries.append(rostersEntry(block, names))
    }
    return entries
  }

  /// All values. O(P + rosters).
  public func entries(_ names: WireNames) -> [Entry] {
    let blocks = blockVersions.indices.filter { blockVersions[$0] > 0 }
    let known = diskVersions.indices.filter { diskVersions[$0] > 0 }
    return [epochEntry(names), mapEntry(names), goalEntry(names)] + known.map { disksEntry($0, names) }
      + blocks.map { rostersEntry($0, names) }
  }

  /// All of it as one value. O(P + rosters).
  public func bytes(_ names: WireNames) -> [UInt8] {
    var writer = WireWriter(version: Wire.journal, newest: Wire.journal, kind: Wire.Kind.journal, names)
    let entries = entries(names)
    writer.put(entries.count)
    for entry in entries {
      writer.put(text: entry.key)
      writer.put(bytes: entry.bytes)
    }
    return writer.finish()
  }

  private func writer(_ kind: UInt8, _ names: WireNames) -> WireWriter {
    var writer = WireWriter(version: Wire.journal, newest: Wire.journal, kind: kind, names)
    writer.put(version)
    return writer
  }

  private func epochEntry(_ names: WireNames) -> Entry {
    var writer = self.writer(Wire.Kind.epoch, names)
    writer.put(self.writer)
    writer.put(revision)
    for version in diskVersions { writer.put(version) }
    writer.put(blockVersions.count)
    for version in blockVersions { writer.put(version) }
    return Entry(key: Self.epochKey, bytes: writer.finish())
  }

  private func mapEntry(_ names: WireNames) -> Entry {
    var writer = self.writer(Wire.Kind.mapInForce, names)
    writer.put(inForce)
    return Entry(key: Self.mapKey, bytes: writer.finish())
  }

  private func goalEntry(_ names: WireNames) -> Entry {
    var writer = self.writer(Wire.Kind.goal, names)
    writer.put(change != nil)
    if let change {
      writer.put(change.basedOn)
      writer.put(change.goal)
    }
    writer.put(calledOff != nil)
    if let calledOff { writer.put(calledOff) }
    return Entry(key: Self.goalKey, bytes: writer.finish())
  }

  private func disksEntry(_ block: Int, _ names: WireNames) -> Entry {
    var writer = WireWriter(version: Wire.journal, newest: Wire.journal, kind: Wire.Kind.disks, names)
    writer.put(diskVersions[block])
    let known = disks.indices.filter { disks[$0] != nil && names.block(of: NodeIndex($0)) == block }
    writer.put(known.count)
    for node in known {
      writer.put(NodeIndex(node))
      writer.put(disks[node]!.store)
      writer.put(disks[node]!.promised)
      writer.put(UInt64(disks[node]!.boot))
    }
    return Entry(key: Self.diskKey(block), bytes: writer.finish())
  }

  /// Members by their places in a list of the block's nodes.
  private func rostersEntry(_ block: Int, _ names: WireNames) -> Entry {
    var writer = WireWriter(version: Wire.journal, newest: Wire.journal, kind: Wire.Kind.rosters, names)
    writer.put(blockVersions[block])
    let first = block * Self.partitionsPerBlock
    let known = (first..<min(first + Self.partitionsPerBlock, rosters.count)).filter { rosters[$0] != nil }
    let nodes = Set(known.flatMap { rosters[$0]!.members }).sorted()
    var placeOf: [NodeIndex: Int] = [:]  // looked up only
    for (place, node) in nodes.enumerated() { placeOf[node] = place }
    writer.put(nodes)
    writer.put(known.count)
    for partition in known {
      writer.put(partition - first)
      writer.put(rosters[partition]!.revision)
      writer.put(rosters[partition]!.members.count)
      for member in rosters[partition]!.members { writer.put(placeOf[member]!) }
    }
    return Entry(key: Self.rosterKey(block), bytes: writer.finish())
  }

  // MARK: Reading

  /// Throws where a value is missing, damaged, or of another version than the epoch says. Values under other keys are
  /// not looked at; rosters of partitions and nodes that the cluster does not have any more are dropped. O(P + size).
  public init(_ entries: [(key: String, bytes: UnsafeRawBufferPointer)], _ names: WireNames) throws(InputError) {
    self.init(revision: 0, partitionCount: Int(names.partitions))
    var known: [String: UnsafeRawBufferPointer] = [:]  // looked up only
    for entry in entries { known[entry.key] = entry.bytes }
    var (versions, disks): ([UInt64], [UInt64]) = ([], [])
    version = try Self.read(Self.epochKey, known, Wire.Kind.epoch, nil, names) { reader throws(WireReader.Damage) in
      writer = try reader.number()
      revision = try reader.number()
      for _ in 0..<Self.diskBlocks { disks.append(try reader.number()) }
      for _ in 0..<(try reader.count()) { versions.append(try reader.number()) }
    }
    _ = try Self.read(Self.mapKey, known, Wire.Kind.mapInForce, version, names) { reader throws(WireReader.Damage) in
      inForce = try reader.stamp()
    }
    _ = try Self.read(Self.goalKey, known, Wire.Kind.goal, version, names) { reader throws(WireReader.Damage) in
      change = try reader.flag() ? Change(basedOn: try reader.number(), goal: try reader.stamp()) : nil
      calledOff = try reader.flag() ? try reader.stamp() : nil
    }
    for (block, version) in disks.enumerated() where version > 0 {
      _ = try Self.read(Self.diskKey(block), known, Wire.Kind.disks, version, names) {
        reader throws(WireReader.Damage) in
        for _ in 0..<(try reader.count()) {
          let node = try reader.nodeOrUnknown()
          let disk = Disk(
            store: try reader.number(), promised: try reader.number(),
            boot: reader.version >= 4 ? try reader.small() : 0)
          if node != .none { load(node, disk) }
        }
      }
      load(diskBlock: block, version: version)
    }
    for (block, version) in versions.enumerated() where version > 0 {
      var read: [(partition: Int, roster: Roster)] = []
      _ = try Self.read(Self.rosterKey(block), known, Wire.Kind.rosters, version, names) {
        reader throws(WireReader.Damage) in
        read = try Self.readRosters(&reader)
      }
      guard block < blockVersions.count else { continue }
      let first = block * Self.partitionsPerBlock
      load(
        read.map { (first + $0.partition, $0.roster) }.filter { $0.0 < rosters.count }, block: block, version: version)
    }
  }

  /// As one value, also of an older library. Throws where the bytes are no journal. O(P + size).
  public init(_ bytes: UnsafeRawBufferPointer, _ names: WireNames) throws(InputError) {
    var reader = try WireReader(bytes, "journal", names)
    if reader.version < Wire.journals.lowerBound, reader.kind == Wire.Kind.journal {
      try self.init(first: &reader, names)
      return
    }
    if reader.kind == Wire.Kind.epoch {
      try self.init([(Self.epochKey, bytes)], names)
      return
    }
    try reader.check(versions: Wire.journals)
    var entries: [(key: String, bytes: UnsafeRawBufferPointer)] = []
    do throws(WireReader.Damage) {
      guard reader.kind == Wire.Kind.journal else { throw WireReader.Damage(what: "bytes of kind \(reader.kind)") }
      for _ in 0..<(try reader.count()) { entries.append((try reader.text(), try reader.piece())) }
      try reader.end()
    } catch {
      throw Wire.error("journal", error.what, "the journal of an orchestrator")
    }
    try self.init(entries, names)
  }

  /// The first forms: one value without a map in force; since version 2 with a writer.
  private init(first reader: inout WireReader, _ names: WireNames) throws(InputError) {
    self.init(revision: 0, partitionCount: Int(names.partitions))
    do throws(WireReader.Damage) {
      version = try reader.number()
      writer = reader.version >= 2 ? try reader.number() : 0
      revision = try reader.number()
      inForce = MapStamp(revision: revision, digest: 0)
      calledOff = try reader.flag() ? try reader.stamp() : nil
      for _ in 0..<(try reader.count()) {
        let partition = try reader.partition()
        setRoster(partition.int, Roster(revision: try reader.number(), members: try reader.nodes()))
      }
      try reader.end()
    } catch {
      throw Wire.error("journal", error.what, "the journal of an orchestrator")
    }
  }

  /// The value of a key; returns the version with which it was written. `expected`: that version, where it is known.
  private static func read(
    _ key: String, _ known: [String: UnsafeRawBufferPointer], _ kind: UInt8, _ expected: UInt64?, _ names: WireNames,
    _ body: (inout WireReader) throws(WireReader.Damage) -> Void
  ) throws(InputError) -> UInt64 {
    let path = "journal.\(key)"
    guard let bytes = known[key] else {
      throw Wire.error(path, "nothing", expected.map { "the value that was written with version \($0)" } ?? "a value")
    }
    var reader = try WireReader(bytes, path, names)
    try reader.check(versions: Wire.journals)
    do throws(WireReader.Damage) {
      guard reader.kind == kind else { throw WireReader.Damage(what: "bytes of kind \(reader.kind)") }
      let version = try reader.number()
      if let expected, version != expected {
        throw WireReader.Damage(what: "a value that was written with version \(version), not \(expected)")
      }
      try body(&reader)
      try reader.end()
      return version
    } catch {
      throw Wire.error(path, error.what, "what belongs to the epoch: all keys as they were at one time")
    }
  }

  private static func readRosters(_ reader: inout WireReader) throws(WireReader.Damage) -> [(
    partition: Int, roster: Roster
  )] {
    var nodes: [NodeIndex] = []
    for _ in 0..<(try reader.count()) { nodes.append(try reader.nodeOrUnknown()) }
    var rosters: [(partition: Int, roster: Roster)] = []
    for _ in 0..<(try reader.count()) {
      let partition = try reader.position()
      var roster = Roster(revision: try reader.number(), members: [])
      for _ in 0..<(try reader.count()) {
        let place = try reader.position()
        guard place < nodes.count else { throw WireReader.Damage(what: "node \(place) of \(nodes.count)") }
        // Nodes that are gone hold nothing.
        if nodes[place] != .none { roster.members.append(nodes[place]) }
      }
      guard partition < partitionsPerBlock else { throw WireReader.Damage(what: "partition \(partition) of a block") }
      rosters.append((partition, roster))
    }
    return rosters
  }
}
