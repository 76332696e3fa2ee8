import TestSupport
import Testing

@testable import PlatEngine

/// What nodes and orchestrators keep, in all forms that there have been, and what of it is refused.
@Suite struct KeptFormTests {
  private let names: WireNames

  init() throws {
    names = try WireNames(
      DenseCluster(
        Cluster(
          settings: Settings(partitionCount: 2_000, constraints: [1, 1, 0, 0]),
          nodes: (0..<5).map { Node(name: "node \($0)") })))
  }

  private func bytes(_ kind: UInt8, version: UInt8, _ body: (inout WireWriter) -> Void) -> [UInt8] {
    var writer = WireWriter(version: version, newest: version, kind: kind, names)
    body(&writer)
    return writer.finish()
  }

  /// Changed, with the checksum of what it is then.
  private func sealed(_ bytes: [UInt8], _ change: (inout [UInt8]) -> Void) -> [UInt8] {
    var bytes = Array(bytes.dropLast(Wire.checksumBytes))
    change(&bytes)
    let crc = bytes.withUnsafeBytes { Checksum.crc32($0) }
    for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: crc >> UInt32(shift))) }
    return bytes
  }

  private func kept(_ bytes: [UInt8]) throws -> Kept { try bytes.withUnsafeBytes { try Kept($0, names) } }
  private func journal(_ bytes: [UInt8]) throws -> Journal { try bytes.withUnsafeBytes { try Journal($0, names) } }

  private func expectRefused(
    _ path: String, _ found: String, _ location: SourceLocation = #_sourceLocation, _ body: () throws -> Void
  ) {
    do {
      try body()
      #expect(Bool(false), "it is taken", sourceLocation: location)
    } catch {
      #expect((error as? InputError)?.path == path, sourceLocation: location)
      #expect((error as? InputError)?.found == found, sourceLocation: location)
    }
  }

  // MARK: Nodes

  @Test func promisesOfTheFirstVersion() throws {
    func promise(_ version: UInt8, _ stamp: MapStamp?) -> [UInt8] {
      bytes(Wire.Kind.promise, version: version) { writer in
        writer.put(UInt64(9))
        writer.put(stamp != nil)
        if let stamp { writer.put(stamp) }
      }
    }
    for stamp in [nil, MapStamp(revision: 4, digest: 5)] {
      guard case .promise(Promise(revision: 9, map: stamp)) = try kept(promise(1, stamp)) else {
        return #expect(Bool(false))
      }
    }
    for version: UInt8 in [0, 3, 255] {
      expectRefused(Kept.versionPath, "\(version)") { _ = try kept(promise(version, nil)) }
    }
    expectRefused("kept", "bytes of kind 243") {
      _ = try kept(bytes(Wire.Kind.epoch, version: 2) { $0.put(UInt64(9)) })
    }
  }

  /// Everything that a record has comes back; of one that runs as usual an older library reads the same.
  @Test func recordsComeBack() throws {
    var random = SplitMix(seed: 5)
    for round in 0..<60 {
      var record = Record(
        state: StateIndex(round % 4), term: random.next(),
        leadsWith: round % 3 == 0 ? nil : [NodeIndex(1), NodeIndex(4)])
      record.led = random.next()
      record.done = OrderID(revision: random.next(), number: UInt32(round))
      record.handed = OrderID(revision: random.next(), number: UInt32(round))
      record.log = (0..<round % 5).map { Entry(term: UInt64($0), value: random.next()) }
      if round % 2 == 0 { record.mode = RunMode(code: UInt8(round / 2 % 16))! }
      if round % 4 < 2 { record.modeOrder = OrderID(revision: 3, number: 4) }
      let partition = PartitionIndex(round == 0 ? 1_999 : random.below(2_000))
      guard case .record(partition, record) = try kept(record.bytes(partition, names)) else {
        return #expect(Bool(false), "\(record)")
      }
    }
    let plain = Record(state: StateIndex(1), term: 3, leadsWith: nil)
    let first = bytes(Wire.Kind.record, version: 1) { writer in
      writer.put(PartitionIndex(7))
      writer.put(plain.state)
      writer.put(plain.term)
      writer.put(plain.led)
      writer.put(plain.followers)
      writer.put(plain.done)
      writer.put(plain.handed)
      writer.put(plain.log)
    }
    guard case .record(PartitionIndex(7), plain) = try kept(first) else { return #expect(Bool(false)) }
    #expect(plain.bytes(PartitionIndex(7), names).count == first.count)
    guard case .gone(2_000) = try kept(bytes(Wire.Kind.record, version: 2) { $0.put(UInt64(2_000)) }) else {
      return #expect(Bool(false))
    }
    // A copy is in doubt, or nothing is said of it.
    var doubted = plain
    doubted.isInDoubt = true
    guard case .record(_, doubted) = try kept(doubted.bytes(PartitionIndex(7), names)) else {
      return #expect(Bool(false))
    }
    let none = sealed(doubted.bytes(PartitionIndex(7), names)) { $0[$0.count - 1] = 0 }
    expectRefused("kept", "a doubt that is none") { _ = try kept(none) }
    expectRefused("kept", "1 bytes too many") {
      _ = try kept(
        bytes(Wire.Kind.promise, version: 2) { writer in for number in [9, 0, 0, 0, 0] { writer.put(UInt64(number)) } })
    }
  }

  /// What a damaged record was of is told where its beginning can be read.
  @Test func damagedRecordsAreGuessed() {
    func guess(_ bytes: [UInt8]) -> (isPromise: Bool, partition: PartitionIndex?)? {
      bytes.withUnsafeBytes { Kept.guess($0, names) }
    }
    let promise = Promise(revision: 9).bytes(names)
    #expect(guess(promise)?.isPromise == true && guess(promise)?.partition == nil)
    for partition in [0, 127, 128, 1_999] {
      var record = Record(state: StateIndex(1), term: 3, leadsWith: nil).bytes(PartitionIndex(partition), names)
      record[record.count - 1] ^= 1
      #expect(guess(record)?.isPromise == false && guess(record)?.partition == PartitionIndex(partition))
    }
    let gone = bytes(Wire.Kind.record, version: 2) { $0.put(UInt64(2_000)) }
    #expect(guess(gone) != nil && guess(gone)?.partition == nil)
    let long = bytes(Wire.Kind.record, version: 2) { $0.put(UInt64.max) }
    #expect(guess(long)?.isPromise == false && guess(long)?.partition == nil)
    #expect(guess(Array(promise.prefix(5))) == nil && guess(Array(promise.prefix(6)))?.isPromise == true)
    #expect(guess([0x51] + promise.dropFirst()) == nil && guess([0x50, 0x6e] + promise.dropFirst(2)) == nil)
    #expect(guess(bytes(Wire.Kind.epoch, version: 2) { $0.put(UInt64(9)) }) == nil)
  }

  // MARK: Journals

  @Test func journalsOfTheFirstVersions() throws {
    let (stamp, members) = (MapStamp(revision: 8, digest: 3), [NodeIndex(2), NodeIndex(0)])
    func first(_ version: UInt8, isCalledOff: Bool, tail: Int = 0) -> [UInt8] {
      bytes(Wire.Kind.journal, version: version) { writer in
        writer.put(UInt64(6))
        if version >= 2 { writer.put(UInt64(77)) }
        writer.put(UInt64(5))
        writer.put(isCalledOff)
        if isCalledOff { writer.put(stamp) }
        writer.put(1)
        writer.put(PartitionIndex(1_500))
        writer.put(UInt64(4))
        writer.put(members)
        for _ in 0..<tail { writer.put(0) }
      }
    }
    for version: UInt8 in [1, 2] {
      for isCalledOff in [false, true] {
        let read = try journal(first(version, isCalledOff: isCalledOff))
        #expect(read.version == 6 && read.revision == 5 && read.writer == (version == 2 ? 77 : 0))
        #expect(read.inForce == MapStamp(revision: 5, digest: 0) && read.change == nil)
        #expect(read.calledOff == (isCalledOff ? stamp : nil))
        #expect(
          read.rosters[1_500] == Journal.Roster(revision: 4, members: members) && read.rosters.count { $0 != nil } == 1)
      }
      expectRefused("journal", "1 bytes too many") { _ = try journal(first(version, isCalledOff: true, tail: 1)) }
    }
    expectRefused("version", "\(Wire.journal + 1)") {
      _ = try journal(bytes(Wire.Kind.journal, version: Wire.journal + 1) { $0.put(0) })
    }
    expectRefused("journal", "bytes of kind 241") {
      _ = try journal(bytes(Wire.Kind.promise, version: 3) { $0.put(0) })
    }
    expectRefused("version", "2") { _ = try journal(bytes(Wire.Kind.promise, version: 2) { $0.put(0) }) }
  }

  /// In version 3 the starts of nodes were not known; all else was as it is.
  @Test func journalsOfTheThirdVersion() throws {
    func asOfThree(_ bytes: [UInt8]) -> [UInt8] { sealed(bytes) { $0[2] = 3 } }
    var one = Journal(revision: 5, partitionCount: 2_000)
    one.setRoster(1_030, Journal.Roster(revision: 5, members: [NodeIndex(3)]))
    one.version += 1
    let parts = one.entries(names)
    let whole = bytes(Wire.Kind.journal, version: 3) { writer in
      writer.put(parts.count)
      for part in parts {
        writer.put(text: part.key)
        writer.put(bytes: asOfThree(part.bytes))
      }
    }
    #expect(try journal(whole) == one)
    one.setDisk(NodeIndex(2), Journal.Disk(store: 9, promised: 4, boot: 0), block: names.block(of: NodeIndex(2)))
    var all = entries(one).mapValues(asOfThree)
    let key = all.keys.first { $0.hasPrefix("disks/") }!
    all[key] = bytes(Wire.Kind.disks, version: 3) { writer in
      writer.put(UInt64(2))
      writer.put(1)
      writer.put(NodeIndex(2))
      for number in [9, 4] { writer.put(UInt64(number)) }
    }
    #expect(try read(all).disk(NodeIndex(2)) == Journal.Disk(store: 9, promised: 4, boot: 0))
  }

  private func entries(_ journal: Journal) -> [String: [UInt8]] {
    Dictionary(uniqueKeysWithValues: journal.entries(names).map { ($0.key, $0.bytes) })
  }

  private func read(_ entries: [String: [UInt8]]) throws -> Journal {
    let blocks = entries.sorted { $0.key < $1.key }.map {
      (key: $0.key, block: UnsafeMutableRawBufferPointer.copy($0.value))
    }
    defer { for (_, block) in blocks { block.deallocate() } }
    return try Journal(blocks.map { ($0.key, UnsafeRawBufferPointer($0.block)) }, names)
  }

  /// Values that are missing, of another key, or do not belong together, each by its key.
  @Test func valuesOfAJournal() throws {
    var one = Journal(revision: 5, partitionCount: 2_000)
    one.setRoster(1_030, Journal.Roster(revision: 5, members: [NodeIndex(3)]))
    one.setDisk(NodeIndex(2), Journal.Disk(store: 9, promised: 4, boot: 3), block: names.block(of: NodeIndex(2)))
    one.change = Journal.Change(basedOn: 5, goal: MapStamp(revision: 6, digest: 1))
    one.calledOff = MapStamp(revision: 6, digest: 1)
    one.version += 1
    let all = entries(one)
    #expect(all.count == 5)
    #expect(try read(all) == one)
    var with = all
    with["something"] = [1, 2, 3]
    #expect(try read(with) == one, "values under other keys are not looked at")
    for key in all.keys.sorted() {
      var without = all
      without[key] = nil
      expectRefused("journal.\(key)", "nothing") { _ = try read(without) }
      var damaged = all
      damaged[key]![damaged[key]!.count - 1] ^= 1
      expectRefused("journal.\(key)", "another checksum") { _ = try read(damaged) }
      guard key != "epoch" else { continue }
      var other = all
      other[key] = all["epoch"]
      expectRefused("journal.\(key)", "bytes of kind 243") { _ = try read(other) }
    }
    var later = one
    later.setRoster(1_030, Journal.Roster(revision: 6, members: []))
    later.version += 1
    #expect(later.changedEntries(names).map(\.key) == ["epoch", "map", "goal", "rosters/1"])
    for key in ["map", "rosters/1"] {
      var mixed = entries(later)
      mixed[key] = all[key]
      expectRefused("journal.\(key)", "a value that was written with version 1, not 2") { _ = try read(mixed) }
    }
    // The epoch alone is read as keys.
    expectRefused("journal.map", "nothing") { _ = try journal(all["epoch"]!) }
  }

  /// A block that cannot be: members by a place that its list does not have, partitions beyond its end.
  @Test func rostersThatCannotBe() throws {
    func with(place: Int, partition: Int) throws -> Journal {
      var one = Journal(revision: 5, partitionCount: 2_000)
      one.setRoster(1_024, Journal.Roster(revision: 5, members: [NodeIndex(3)]))
      one.version += 1
      var all = entries(one)
      all["rosters/1"] = bytes(Wire.Kind.rosters, version: Wire.journal) { writer in
        writer.put(UInt64(1))
        writer.put([NodeIndex(3), NodeIndex(1)])
        writer.put(1)
        writer.put(partition)
        writer.put(UInt64(5))
        writer.put(1)
        writer.put(place)
      }
      return try read(all)
    }
    #expect(try with(place: 1, partition: 975).rosters[1_999]?.members == [NodeIndex(1)])
    #expect(try with(place: 1, partition: 1_023).rosters.allSatisfy { $0 == nil }, "beyond the cluster's partitions")
    expectRefused("journal.rosters/1", "node 2 of 2") { _ = try with(place: 2, partition: 975) }
    expectRefused("journal.rosters/1", "partition 1024 of a block") { _ = try with(place: 1, partition: 1_024) }
  }

  @Test func blocksAreAsManyAsNeeded() {
    for (partitions, blocks) in [(1, 1), (1_024, 1), (1_025, 2), (2_048, 2)] {
      var journal = Journal(revision: 1, partitionCount: partitions)
      journal.setRoster(partitions - 1, Journal.Roster(revision: 1, members: []))
      journal.version += 1
      #expect(journal.changedEntries(names).last?.key == "rosters/\(blocks - 1)")
    }
    var journal = Journal(revision: 1, partitionCount: Journal.mostPartitionsInOneValue + 1)
    journal.version += 1
    #expect(journal.longestValueBytes(names) < 100, "not as one value")
    journal = Journal(revision: 1, partitionCount: 2_000)
    journal.version += 1
    #expect(journal.longestValueBytes(names) == journal.bytes(names).count)
  }

  @Test func whoIsComplete() {
    var journal = Journal(revision: 5, partitionCount: 2)
    journal.setRoster(0, Journal.Roster(revision: 5, members: [NodeIndex(3)]))
    func isComplete(_ node: Int, _ term: UInt64, _ partition: Int = 0) -> Bool {
      journal.isComplete(NodeIndex(node), PartitionIndex(partition), term: term)
    }
    #expect(isComplete(3, 1) && !isComplete(2, 4) && isComplete(2, 5) && isComplete(2, 6) && isComplete(2, 1, 1))
  }
}

extension UnsafeMutableRawBufferPointer {
  fileprivate static func copy(_ bytes: [UInt8]) -> UnsafeMutableRawBufferPointer {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count + 1, alignment: 1)
    block.copyBytes(from: bytes)
    return UnsafeMutableRawBufferPointer(rebasing: block[..<bytes.count])
  }
}
