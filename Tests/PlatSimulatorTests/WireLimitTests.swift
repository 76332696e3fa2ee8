import TestSupport
import Testing

@testable import PlatEngine

/// What bytes may say at most: the last that is taken, and the first that is refused. The checksums are right, as of
/// another library's bytes.
@Suite struct WireLimitTests {
  private let names: WireNames
  private let peer = Address.node(NodeIndex(0))

  init() throws {
    names = try WireNames(
      DenseCluster(
        Cluster(
          settings: Settings(partitionCount: 300, constraints: [1, 1, 0, 0]),
          nodes: (0..<5).map { Node(name: "node \($0)") })))
  }

  private func bytes(_ kind: UInt8, version: UInt8 = 3, newest: UInt8 = 3, _ body: (inout WireWriter) -> Void)
    -> [UInt8]
  {
    var writer = WireWriter(version: version, newest: newest, kind: kind, names)
    body(&writer)
    return writer.finish()
  }

  private func hear(_ bytes: [UInt8], _ versions: ClosedRange<UInt8> = ProtocolVersions.versions) throws
    -> ProtocolVersions.Heard
  {
    var protocolVersions = ProtocolVersions(names, versions: versions, plant: nil)
    return try bytes.withUnsafeBytes { try protocolVersions.hear($0, from: peer) }
  }

  private func message(_ bytes: [UInt8], _ versions: ClosedRange<UInt8> = ProtocolVersions.versions) throws -> Message?
  {
    guard case .message(let message) = try hear(bytes, versions) else { return nil }
    return message
  }

  /// What is refused is told: what was found there.
  private func expectRefused(_ found: String, _ bytes: [UInt8], _ location: SourceLocation = #_sourceLocation) {
    do {
      _ = try hear(bytes)
      #expect(Bool(false), "it is taken", sourceLocation: location)
    } catch {
      #expect((error as? InputError)?.found == found, sourceLocation: location)
      #expect((error as? InputError)?.path == "message", sourceLocation: location)
    }
  }

  private func order(
    _ kind: UInt64, partition: UInt64 = 3, source: NodeIndex = NodeIndex(1), state: UInt64 = 1,
    leader: NodeIndex = .none, _ writer: inout WireWriter
  ) {
    writer.put(kind)
    writer.put(OrderID(revision: 1, number: 2))
    writer.put(partition)
    writer.put(NodeIndex(4))
    writer.put(source)
    writer.put(leader)
    for _ in 0..<4 { writer.put(state) }
    writer.put(UInt64(7))
    writer.put([NodeIndex]())
  }

  // MARK: Numbers

  @Test func numbersOf64Bits() throws {
    for number in [0, 127, 128, 1 << 62, 1 << 63, UInt64.max] {
      #expect(try message(bytes(1) { $0.put(number) }) == .claim(revision: number))
    }
    for (number, count) in [(0, 1), (127, 1), (128, 2), (16_383, 2), (16_384, 3), (UInt64.max, 10)] {
      #expect(bytes(1) { $0.put(number) }.count == 9 + count)
    }
    // Ten bytes of which the last says more than one bit; and eleven.
    let tooLarge = [UInt8](repeating: 0xff, count: 9) + [0x02]
    for number in [tooLarge, [UInt8](repeating: 0x80, count: 10) + [0x00]] {
      var raw = bytes(1) { _ in }.dropLast(4) + number
      let crc = raw.withUnsafeBytes { Checksum.crc32($0) }
      for shift in [0, 8, 16, 24] { raw.append(UInt8(truncatingIfNeeded: crc >> UInt32(shift))) }
      expectRefused("a number that does not end", Array(raw))
    }
    expectRefused("a number that does not end", bytes(1) { _ in })
    expectRefused(
      "1 bytes too many",
      bytes(1) { writer in
        writer.put(UInt64(5))
        writer.put(UInt64(5))
      })
  }

  @Test func numbersOfFewerBits() throws {
    #expect(try message(bytes(66) { $0.put(UInt64(UInt32.max)) }) == .written(request: .max))
    expectRefused("a number of more than 32 bits", bytes(66) { $0.put(UInt64(UInt32.max) + 1) })
    func differs(_ hint: UInt64) -> [UInt8] {
      bytes(50) { writer in
        for number in [1, 2, 3, hint] { writer.put(number) }
      }
    }
    let most = UInt64(Int64.max / 4)
    #expect(try message(differs(most)) == .differs(PartitionIndex(1), term: 2, round: 3, hint: Int(most)))
    expectRefused("the place \(most + 1)", differs(most + 1))
    func inventory(_ flag: UInt64) -> [UInt8] {
      bytes(16, version: 1) { writer in
        for number in [9, 1, 4, 1, 2, flag, 0] { writer.put(number) }
      }
    }
    let holding = Holding(partition: PartitionIndex(4), state: StateIndex(0), term: 2, isLeading: true, followers: [])
    #expect(try message(inventory(1), 1...3) == .inventory(revision: 9, [holding], disk: nil))
    expectRefused("2 for a yes or no", inventory(2))
  }

  // MARK: What a cluster has

  @Test func whatTheClusterHasNot() throws {
    #expect(
      try message(bytes(65) { writer in for number in [299, 1] { writer.put(UInt64(number)) } })
        == .read(PartitionIndex(299), request: 1))
    expectRefused(
      "partition 300 of 300", bytes(65) { writer in for number in [300, 1] { writer.put(UInt64(number)) } })
    let states = UInt64(names.states)
    guard case .order(let last) = try message(bytes(2) { order(0, state: states, &$0) }) else {
      return #expect(Bool(false))
    }
    #expect(last.change.from == StateIndex(Int(states) - 1) && last.sourceChange.to == last.change.from)
    guard case .order(let none) = try message(bytes(2) { order(0, state: 0, &$0) }) else { return #expect(Bool(false)) }
    #expect(none.change.from == .null)
    expectRefused("state \(states) of \(states)", bytes(2) { order(0, state: states + 1, &$0) })
    expectRefused(
      "no node",
      bytes(41) { writer in
        writer.put(OrderID(revision: 1, number: 1))
        writer.put([NodeIndex.none])
        writer.put(0)
        writer.put([Entry]())
      })
    expectRefused(
      "a node that does not end",
      bytes(2) { writer in
        writer.put(UInt64(0))
        writer.put(OrderID(revision: 1, number: 1))
        writer.put(UInt64(3))
        writer.put(UInt64(5))
      })
  }

  @Test func ordersAndRefusals() throws {
    for kind in UInt64(0)..<5 {
      guard case .order(let order) = try message(bytes(2) { order(kind, &$0) }) else { return #expect(Bool(false)) }
      #expect(UInt64(order.kind.rawValue) == kind && order.hold == .usual)
    }
    for kind: UInt64 in [5, 256, 261] { expectRefused("an order of an unknown kind", bytes(2) { order(kind, &$0) }) }
    for kind: UInt64 in 0..<5 {
      let isStream = kind == 1 || kind == 2
      let nobody = bytes(2) { order(kind, source: .none, &$0) }
      if isStream { expectRefused("a stream from nobody", nobody) } else { #expect(try message(nobody) != nil) }
    }
    func held(_ requests: UInt64) -> [UInt8] {
      bytes(74) { writer in
        order(0, &writer)
        writer.put(requests)
      }
    }
    for requests in UInt64(0)..<3 {
      guard case .order(let order) = try message(held(requests)) else { return #expect(Bool(false)) }
      #expect(UInt64(order.hold.rawValue) == requests)
    }
    expectRefused("the requests 3", held(3))
    expectRefused("the requests 4", held(4))  // which no state of the model takes
    // A request of no kind; those of the usual kinds are said without.
    for kind: UInt64 in [0, 1] {
      expectRefused(
        "the kind of request \(kind)",
        bytes(78) { writer in
          for number in [3, 7, kind] { writer.put(number) }
        })
    }
    func refused(_ why: UInt64) -> [UInt8] {
      bytes(18) { writer in
        for number in [1, 2, why] { writer.put(number) }
      }
    }
    for why: UInt64 in [0, 1, 2, 3, 5] { #expect(try message(refused(why)) != nil) }
    for why: UInt64 in [4, 6, 256, 257] { expectRefused("an unknown refusal", refused(why)) }
    func mode(_ code: UInt64) -> [UInt8] {
      bytes(73) { writer in
        for number in [1, 2, 3, code] { writer.put(number) }
      }
    }
    #expect(try message(mode(15)) == .hasMode(OrderID(revision: 1, number: 2), PartitionIndex(3), RunMode(code: 15)!))
    for code: UInt64 in [16, 256, 1 << 40] { expectRefused("the mode \(code)", mode(code)) }
  }

  @Test func holdingsAscendAndAreOfTheCluster() throws {
    func inventory(_ partitions: [UInt64], state: UInt64 = 1) -> [UInt8] {
      bytes(16, version: 1) { writer in
        writer.put(UInt64(9))
        writer.put(partitions.count)
        for partition in partitions { for number in [partition, state, 2, 0, 0] { writer.put(number) } }
      }
    }
    guard case .inventory(9, let holdings, nil) = try message(inventory([0, 299, 300, 4_000])) else {
      return #expect(Bool(false))
    }
    #expect(holdings.map(\.partition.int) == [0, 299], "those that the cluster does not have any more are left out")
    expectRefused("partition 4 out of order", inventory([4, 4]))
    expectRefused("partition 3 out of order", inventory([4, 3]))
    expectRefused("a partition in no state", inventory([4], state: 0))
    expectRefused(
      "a list of 200",
      bytes(16, version: 1) { writer in
        writer.put(UInt64(9))
        writer.put(200)
      })
    // A list of as many as there are bytes.
    expectRefused(
      "a number that does not end",
      bytes(16, version: 1) { writer in for number in [9, 1, 4] { writer.put(UInt64(number)) } })
    // The same of copies that are in doubt.
    func check(_ partitions: [UInt64]) -> [UInt8] {
      bytes(55) { writer in
        for number in [9, 1, 0] { writer.put(UInt64(number)) }
        writer.put(partitions.count)
        for partition in partitions { writer.put(partition) }
        writer.put(0)
      }
    }
    #expect(
      try message(check([3, 299, 300]))
        == .check(
          revision: 9, confirmed: 1, setBack: 0, inDoubt: [PartitionIndex(3), PartitionIndex(299)]))
    expectRefused("partition 4 out of order", check([4, 4]))
    expectRefused("partition 3 out of order", check([4, 3]))
    // A follower that the cluster does not have any more is nobody, and is there; but not none at all.
    func led(by followers: UInt64) -> [UInt8] {
      bytes(16, version: 1) { writer in
        for number in [9, 1, 4, 1, 2, 1, 1] { writer.put(UInt64(number)) }
        for byte in 0..<8 { writer.put(followers >> UInt64(8 * byte) & 0x7f) }
      }
    }
    guard case .inventory(_, let found, _) = try message(led(by: 0x0102_0304_0506_0708)) else {
      return #expect(Bool(false))
    }
    #expect(found.first?.followers == [.none])
    expectRefused("no node", led(by: 0))
  }

  // MARK: Versions

  @Test func kindsAreOfTheirVersion() throws {
    let id = OrderID(revision: 1, number: 2)
    #expect(try message(bytes(22, version: 2) { $0.put(id) }) == .working(id))
    expectRefused("a message of kind 22", bytes(22, version: 1) { $0.put(id) })
    let disk = DiskState(store: 5, boot: 6, confirmed: 7, isConfirmed: true)
    let protocolVersions = ProtocolVersions(names)
    var knowing = protocolVersions
    _ = try protocolVersions.write(.alive, to: peer)!.withUnsafeBytes { try knowing.hear($0, from: peer) }
    let p = PartitionIndex(3)
    var holding = Order(
      kind: .set, id: id, partition: p, node: NodeIndex(1), source: .none,
      change: StateChange(StateIndex(0), StateIndex(1)))
    holding.hold = .read
    var longest = holding
    longest.isOfLongest = true
    var usual = longest
    usual.hold = .usual
    let newer: [Message] = [
      .check(revision: 1, confirmed: 2, setBack: 3), .well(disk), .inventory(revision: 1, [], disk: disk),
      .compare(p, term: 1, round: 2, end: 3, lastTerm: 4), .compared(p, term: 1, round: 2, end: 3, lastTerm: 4),
      .mode(ModeOrder(id: id, partition: p, from: .usual, to: RunMode(.cooling))), .hasMode(id, p, .usual),
      .order(holding),
      .denied(request: 1, isDefinite: true), .appended(p, term: 1, round: 2, matched: 3, isCopy: true),
      .order(longest), .order(usual),
    ]
    for message in newer {
      var raw = knowing.write(message, to: peer)!
      #expect(try self.message(raw) == message)
      raw.removeLast(4)
      raw[2] = 2
      let crc = raw.withUnsafeBytes { Checksum.crc32($0) }
      for shift in [0, 8, 16, 24] { raw.append(UInt8(truncatingIfNeeded: crc >> UInt32(shift))) }
      expectRefused("a message of kind \(raw[4])", raw)
    }
    // In the words of older versions.
    func said(_ message: Message, _ version: UInt8) throws -> Message? {
      guard let raw = message.bytes(version: version, newest: version, names) else { return nil }
      return try self.message(raw, 1...version)
    }
    holding.hold = .usual
    #expect(try said(.order(holding), 3) == .order(holding))
    for message in [newer[7], newer[10], newer[11]] { #expect(try said(message, 2) == .order(holding)) }
    #expect(try said(.denied(request: 1, isDefinite: true), 2) == .denied(request: 1, isDefinite: false))
    #expect(try said(.refused(id, .notRunning), 2) == .refused(id, .busy))
    #expect(try said(.refused(id, .notRunning), 3) == .refused(id, .notRunning))
    #expect(try said(.peerRefused(id, .notRunning), 1) == .peerRefused(id, .busy))
    #expect(try said(.refused(id, .noRoom), 1) == .refused(id, .noRoom))
    #expect(try said(newer[9], 2) == .appended(p, term: 1, round: 2, matched: 3, isCopy: false))
    #expect(try said(.mode(ModeOrder(id: id, partition: p, from: .usual, to: RunMode(.cooling))), 2) == nil)
    #expect(try said(.working(id), 1) == nil)
    #expect(try said(.working(id), 2) == .working(id))
  }

  /// Who knows of disks, and has not heard of this process yet, speaks the oldest version, and means more.
  @Test func whatIsMeant() throws {
    let (pulse, p) = (bytes(3, version: 1) { _ in }, PartitionIndex(1))
    func append(newest: UInt8, version: UInt8 = 1, _ log: [Entry]) -> [UInt8] {
      bytes(48, version: version, newest: newest) { writer in
        for number in [1, 2, 3, 4, 5] { writer.put(UInt64(number)) }
        writer.put(log)
      }
    }
    let entry = Entry(term: 1, value: 1)
    #expect(try message(pulse) == .check(revision: .max, confirmed: 0, setBack: 0))
    #expect(try message(bytes(3, version: 1, newest: 2) { _ in }) == .pulse)
    #expect(try message(bytes(3, version: 1, newest: 9) { _ in }) == .check(revision: .max, confirmed: 0, setBack: 0))
    #expect(try message(pulse, 1...2) == .pulse)
    #expect(try message(bytes(3) { _ in }) == .pulse)
    #expect(try message(append(newest: 3, [])) == .compare(p, term: 2, round: 3, end: 4, lastTerm: 5))
    #expect(
      try message(append(newest: 3, [entry]))
        == .append(p, term: 2, round: 3, previous: 4, previousTerm: 5, log: [entry]))
    #expect(
      try message(append(newest: 3, version: 3, []))
        == .append(p, term: 2, round: 3, previous: 4, previousTerm: 5, log: []))
    #expect(try message(append(newest: 2, [])) == .append(p, term: 2, round: 3, previous: 4, previousTerm: 5, log: []))
  }

  @Test func whatIsNoMessage() throws {
    let pulse = bytes(3) { _ in }
    #expect(pulse.count == 9)
    func isMessage(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { ProtocolVersions.isMessage($0) } }
    #expect(isMessage(pulse))
    for place in pulse.indices {
      var other = pulse
      other[place] ^= 1
      #expect(!isMessage(other), "byte \(place)")
      #expect(throws: InputError.self) { _ = try hear(other) }
      #expect(!isMessage(Array(pulse.prefix(place))))
      #expect(throws: InputError.self) { _ = try hear(Array(pulse.prefix(place))) }
    }
    // Bytes of something else, with a right checksum.
    for start in [[0x51, 0x6d], [0x50, 0x6e]] as [[UInt8]] {
      var raw = start + [3, 3, 3]
      let crc = raw.withUnsafeBytes { Checksum.crc32($0) }
      for shift in [0, 8, 16, 24] { raw.append(UInt8(truncatingIfNeeded: crc >> UInt32(shift))) }
      #expect(!isMessage(raw))
      expectRefused("other bytes", raw)
    }
    expectRefused("8 bytes", Array(pulse.dropLast()))
    expectRefused("a message of kind 200", bytes(200) { _ in })
    // A version of another time is answered by which there are; who tells that is not answered.
    guard case .reply(let reply) = try hear(bytes(3, version: 9, newest: 9) { _ in }) else {
      return #expect(Bool(false))
    }
    #expect(Array(reply.dropLast(4)) == [0x50, 0x6d, 9, 3, 0xff])
    guard case .nothing = try hear(reply) else { return #expect(Bool(false)) }
  }

  /// Nodes by name in messages of version 3 only; each has a name.
  @Test func nodesThatAreTold() throws {
    func told(_ version: UInt8, _ name: String) -> [UInt8] {
      bytes(57, version: version) { writer in
        writer.put(1)
        writer.put(WireNames.NamedNode(name: name, number: 7))
      }
    }
    guard case .learnt = try hear(told(3, "other")) else { return #expect(Bool(false)) }
    expectRefused("a message of kind 57", told(2, "other"))
    expectRefused("a node without a name", told(3, ""))
    expectRefused(
      "1 bytes too many",
      bytes(57) { writer in
        writer.put(0)
        writer.put(0)
      })
  }

  // MARK: Names

  @Test func numbersOfNodesThatAreLearnt() throws {
    var names = names
    let own = names.list
    names.learn([])
    #expect(names.list != own && names.learnt.isEmpty)
    names.learn(names.own.reversed())
    #expect(names.list == own, "in whatever order")
    #expect(names.learnt.isEmpty, "known already")
    func named(_ name: String, _ number: UInt32) -> WireNames.NamedNode {
      WireNames.NamedNode(name: name, number: number)
    }
    names.learn([
      named("x", 9), named("y", 4), named("z", 9), named("w", 1 << 24), named("v", (1 << 24) - 1), named("x", 30),
    ])
    #expect(names.learnt.map(\.number) == [9, 10, 11, 12, (1 << 24) - 1])
    #expect(names.learntNode(numbered: 9) == NodeIndex(5) && names.learntNode(numbered: 4) == nil)
    #expect(names.number(ofLearnt: NodeIndex(6)) == 10)
    #expect(names.number(ofLearnt: NodeIndex(4)) == nil && names.number(ofLearnt: NodeIndex(10)) == nil)
    // What is learnt can be said and heard.
    let order = Order(
      kind: .set, id: OrderID(revision: 1, number: 2), partition: PartitionIndex(3), node: NodeIndex(9),
      change: StateChange(.null, .null))
    var protocolVersions = ProtocolVersions(names)
    let heard = try ProtocolVersions(names).write(.order(order), to: peer)!.withUnsafeBytes {
      try protocolVersions.hear($0, from: peer)
    }
    guard case .message(.order(order)) = heard else { return #expect(Bool(false)) }
  }

  @Test func disksAreOfTheirNode() {
    for node in 0..<5 {
      let store = names.store(of: NodeIndex(node), boot: 0xffff_fff0)
      #expect((0..<5).filter { names.isStore(store, of: NodeIndex($0)) } == [node])
      #expect(UInt32(truncatingIfNeeded: store) == 0xffff_fff0)
      #expect((0..<16).contains(names.block(of: NodeIndex(node))))
    }
    // Journals have them there already.
    #expect((0..<5).map { names.block(of: NodeIndex($0)) } == [12, 15, 0, 9, 12])
  }
}
