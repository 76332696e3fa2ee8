import PlatEngine
import TestSupport
import Testing

/// What processes send each other and keep, as bytes.
@Suite struct WireTests {
  private let cluster: DenseCluster
  private let names: WireNames
  /// Of the model, beside reads and writes.
  private static let kinds = [StateModel.RequestKind("scan"), StateModel.RequestKind("append", writes: true)]

  init() throws {
    var model = StateModel.masterSlave
    model.requests += Self.kinds
    cluster = try DenseCluster(
      Cluster(
        settings: Settings(model: model, partitionCount: 300, constraints: [1, 1, 0, 0]),
        nodes: (0..<5).map { Node(name: "node \($0)") }))
    names = try WireNames(cluster)
  }

  private func node(_ random: inout SplitMix) -> NodeIndex { NodeIndex(random.below(5)) }
  private func number(_ random: inout SplitMix) -> UInt64 { random.next() >> UInt64(random.below(64)) }
  private func id(_ random: inout SplitMix) -> OrderID {
    OrderID(revision: number(&random), number: UInt32(truncatingIfNeeded: number(&random)))
  }
  private func state(_ random: inout SplitMix) -> StateIndex {
    [.null, StateIndex(0), StateIndex(1), StateIndex(2), StateIndex(3)][random.below(5)]
  }
  private func log(_ random: inout SplitMix) -> [Entry] {
    (0..<random.below(4)).map { _ in Entry(term: number(&random), value: number(&random)) }
  }
  private func nodes(_ random: inout SplitMix) -> [NodeIndex] { (0..<random.below(4)).map { _ in node(&random) } }
  private func stamp(_ random: inout SplitMix) -> MapStamp {
    MapStamp(revision: number(&random), digest: UInt32(truncatingIfNeeded: random.next()))
  }
  private func partition(_ random: inout SplitMix) -> PartitionIndex { PartitionIndex(random.below(300)) }
  private func place(_ random: inout SplitMix) -> Int { random.below(1 << 40) }

  private func mode(_ random: inout SplitMix) -> RunMode { RunMode(code: UInt8(random.below(16)))! }
  private func disk(_ random: inout SplitMix) -> DiskState? {
    var disk = DiskState(store: number(&random), boot: 9, confirmed: number(&random), isConfirmed: random.below(2) == 0)
    disk.setBack = number(&random)
    disk.born = number(&random)
    return disk
  }

  private func order(_ random: inout SplitMix) -> Order {
    var order = Order(
      kind: [.set, .copy, .takeOver, .lead, .discard][random.below(5)], id: id(&random), partition: partition(&random),
      node: node(&random), source: node(&random), change: StateChange(state(&random), state(&random)),
      sourceChange: StateChange(state(&random), state(&random)), followers: nodes(&random))
    order.leader = random.below(2) == 0 ? .none : node(&random)
    order.term = number(&random)
    if order.kind == .set { order.source = .none }
    return order
  }

  /// One of each kind.
  private func messages(_ random: inout SplitMix) -> [Message] {
    let refusals: [PlatEngine.Refusal] = [.wrongState, .busy, .notLeader, .noRoom, .notRunning]
    let why = refusals[random.below(5)]
    let holdings = (0..<random.below(5)).map { index in
      var holding = Holding(
        partition: PartitionIndex(index * 7), state: StateIndex(random.below(4)), term: number(&random),
        isLeading: random.below(2) == 0,
        followers: nodes(&random),
        log: random.below(2) == 0 ? nil : Holding.LogEnd(lastTerm: number(&random), count: place(&random)))
      if random.below(4) == 0 { (holding.isInDoubt, holding.isUnproven) = (random.below(2) == 0, random.below(2) == 0) }
      return holding
    }
    let request = UInt32(truncatingIfNeeded: random.next())
    // Among nodes an order goes without what it holds: only who has it holds.
    var holding = order(&random)
    holding.hold = StateModel.Requests(rawValue: UInt8(random.below(16)))
    holding.isOfLongest = random.below(2) == 0
    return [
      .claim(revision: number(&random)), .order(holding), .pulse, .map(stamp(&random)),
      .inventory(revision: number(&random), holdings, disk: disk(&random)),
      .check(revision: number(&random), confirmed: 7, setBack: number(&random)),
      .check(
        revision: number(&random), confirmed: 7, setBack: number(&random),
        inDoubt: (0..<random.below(4)).map { PartitionIndex($0 * 70 + random.below(70)) },
        waiting: (0..<random.below(3)).map { PartitionIndex($0 * 90 + 1) }),
      .feed(node(&random)),
      .done(id(&random)), .refused(id(&random), why), .outdated(revision: number(&random)), .alive,
      .well(disk(&random)!),
      .hasMap(stamp(&random)), .working(id(&random)), .fetch(order(&random)),
      .fetched(id(&random), log: log(&random), term: number(&random)), .join(order(&random), attempt: number(&random)),
      .joined(id(&random), attempt: number(&random), end: place(&random), term: number(&random)),
      .peerRefused(id(&random), why),
      .handOver(order(&random), end: place(&random), lastTerm: number(&random)),
      .handedOver(id(&random), followers: nodes(&random), start: place(&random), log: log(&random)),
      .append(
        partition(&random), term: number(&random), round: number(&random), previous: place(&random),
        previousTerm: number(&random),
        log: log(&random)),
      .appended(
        partition(&random), term: number(&random), round: number(&random), matched: place(&random),
        isCopy: random.below(2) == 0),
      .differs(partition(&random), term: number(&random), round: number(&random), hint: place(&random)),
      .fenced(partition(&random), term: number(&random)), .left(partition(&random), round: number(&random)),
      .compare(
        partition(&random), term: number(&random), round: number(&random), end: place(&random),
        lastTerm: number(&random)),
      .compared(
        partition(&random), term: number(&random), round: number(&random), end: place(&random),
        lastTerm: number(&random)),
      .write(partition(&random), value: number(&random), request: request), .read(partition(&random), request: request),
      .write(partition(&random), value: number(&random), request: request, kind: .init(rawValue: 8)),
      .read(partition(&random), request: request, kind: .init(rawValue: 4)),
      .written(request: request), .answer(request: request, log: log(&random)),
      .denied(request: request, isDefinite: random.below(2) == 0),
      .mode(ModeOrder(id: id(&random), partition: partition(&random), from: mode(&random), to: mode(&random))),
      .hasMode(id(&random), partition(&random), mode(&random)),
    ]
  }

  private func hear(
    _ bytes: [UInt8], by protocolVersions: inout ProtocolVersions, from peer: Address = .node(NodeIndex(0))
  ) throws
    -> ProtocolVersions.Heard
  {
    try bytes.withUnsafeBytes { try protocolVersions.hear($0, from: peer) }
  }

  @Test func everyMessageComesBack() throws {
    var random = SplitMix(seed: 1)
    let peer = Address.node(NodeIndex(0))
    for _ in 0..<200 {
      var (one, other) = (ProtocolVersions(names), ProtocolVersions(names))
      // They have heard of each other.
      guard case .message(.alive) = try hear(one.write(.alive, to: peer)!, by: &other),
        case .message(.pulse) = try hear(other.write(.pulse, to: peer)!, by: &one)
      else { return #expect(Bool(false)) }
      for message in messages(&random) {
        let bytes = try #require(one.write(message, to: peer))
        guard case .message(let heard) = try hear(bytes, by: &other) else { return #expect(Bool(false), "\(message)") }
        #expect(heard == message)
      }
    }
  }

  @Test func damageIsTold() throws {
    var random = SplitMix(seed: 2)
    var protocolVersions = ProtocolVersions(names)
    for _ in 0..<30 {
      for message in messages(&random) {
        guard let bytes = protocolVersions.write(message, to: .client(0)) else { continue }
        var changed = bytes
        changed[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
        #expect(throws: InputError.self) { _ = try hear(changed, by: &protocolVersions) }
        #expect(throws: InputError.self) {
          _ = try hear(Array(bytes.dropLast(1 + random.below(bytes.count))), by: &protocolVersions)
        }
      }
    }
  }

  /// A node that the other does not know, by a name that only this one has.
  @Test func anotherClusterIsTold() throws {
    let fewer = try DenseCluster(
      Cluster(
        settings: Settings(partitionCount: 20, constraints: [1, 1, 0, 0]),
        nodes: (1..<5).map { Node(name: "node \($0)") }))
    let protocolVersions = ProtocolVersions(names)
    var other = ProtocolVersions(try WireNames(fewer))
    func send(_ order: Order) throws -> Order? {
      guard
        case .message(.order(let heard)) = try hear(protocolVersions.write(.order(order), to: .client(0))!, by: &other)
      else {
        return nil
      }
      return heard
    }
    var order = Order(
      kind: .set, id: OrderID(revision: 1, number: 2), partition: PartitionIndex(3), node: NodeIndex(4),
      change: StateChange(StateIndex(0), StateIndex(1)))
    // The same name, another number.
    #expect(try send(order)?.node == NodeIndex(3))
    order.node = NodeIndex(0)
    #expect(throws: InputError.self) { _ = try send(order) }
    order.node = NodeIndex(4)
    order.partition = PartitionIndex(20)
    #expect(throws: InputError.self) { _ = try send(order) }
  }

  @Test func speechAgreesOnAVersion() throws {
    let (a, b) = (Address.node(NodeIndex(0)), Address.node(NodeIndex(1)))
    var new = ProtocolVersions(names)
    var old = ProtocolVersions(names, versions: 1...1, plant: nil)
    let working = Message.working(OrderID(revision: 1, number: 1))
    #expect(new.version(with: b) == 1, "the oldest, until one has heard")
    #expect(new.write(working, to: b) == nil, "version 1 has no such message")
    _ = try hear(ProtocolVersions(names).write(.alive, to: a)!, by: &new, from: b)
    #expect(new.version(with: b) == ProtocolVersions.versions.upperBound)
    // It is set back: the first message that it does not know makes it say so.
    let bytes = try #require(new.write(working, to: b))
    guard case .reply(let reply) = try hear(bytes, by: &old, from: a) else { return #expect(Bool(false)) }
    guard case .nothing = try hear(reply, by: &new, from: b) else { return #expect(Bool(false)) }
    #expect(new.version(with: b) == 1)
    guard case .message(.pulse) = try hear(new.write(.pulse, to: b)!, by: &old, from: a) else {
      return #expect(Bool(false))
    }
    #expect(old.version(with: a) == 1)
    // None in common.
    let newest = ProtocolVersions(names, versions: 2...2, plant: nil)
    var known = newest
    _ = try hear(old.write(.alive, to: a)!, by: &known, from: b)
    #expect(known.version(with: b) == nil)
    #expect(known.write(.pulse, to: b) == nil)
  }

  /// What older versions do not have they are told in their own words.
  @Test func disksAreKeptFromOlderVersions() throws {
    let a = Address.node(NodeIndex(0))
    var (new, old) = (ProtocolVersions(names), ProtocolVersions(names, versions: 1...2, plant: nil))
    let disk = DiskState(store: 5, boot: 2, confirmed: 3, isConfirmed: false)
    let holding = Holding(
      partition: PartitionIndex(1), state: StateIndex(0), term: 3, isLeading: true, followers: [],
      log: Holding.LogEnd(lastTerm: 1, count: 2))
    func heard(_ message: Message) throws -> Message? {
      guard case .message(let heard) = try hear(new.write(message, to: a)!, by: &old) else { return nil }
      return heard
    }
    #expect(try heard(.check(revision: 4, confirmed: 1, setBack: 0)) == .pulse)
    #expect(try heard(.check(revision: 4, confirmed: 1, setBack: 0, inDoubt: [PartitionIndex(2)])) == .pulse)
    #expect(new.write(.feed(NodeIndex(1)), to: a) == nil)
    #expect(try heard(.well(disk)) == .alive)
    var plain = holding
    plain.log = nil
    #expect(try heard(.inventory(revision: 4, [holding], disk: disk)) == .inventory(revision: 4, [plain], disk: nil))
    var unproven = holding
    unproven.isUnproven = true
    #expect(try heard(.inventory(revision: 4, [unproven], disk: disk)) == .inventory(revision: 4, [plain], disk: nil))
    #expect(
      try heard(.compare(PartitionIndex(1), term: 3, round: 4, end: 5, lastTerm: 2))
        == .append(PartitionIndex(1), term: 3, round: 4, previous: 5, previousTerm: 2, log: []))
    _ = try hear(old.write(.alive, to: a)!, by: &new)
  }

  /// A process whose cluster has fewer nodes is told of the others, by name and number, and understands what is said of
  /// them then.
  @Test func nodesAreLearnt() throws {
    let fewer = try DenseCluster(
      Cluster(
        settings: Settings(partitionCount: 300, constraints: [1, 1, 0, 0]),
        nodes: (0..<3).map { Node(name: "node \($0)") }))
    let (a, b) = (Address.node(NodeIndex(0)), Address.node(NodeIndex(1)))
    var (knowing, learning) = (ProtocolVersions(names), ProtocolVersions(try WireNames(fewer)))
    _ = try hear(knowing.write(.pulse, to: b)!, by: &learning, from: a)
    _ = try hear(learning.write(.alive, to: a)!, by: &knowing, from: b)
    let order = Order(
      kind: .copy, id: OrderID(revision: 1, number: 2), partition: PartitionIndex(3), node: NodeIndex(1),
      source: NodeIndex(4),
      change: StateChange(.null, StateIndex(1)))
    #expect(throws: InputError.self) { _ = try hear(knowing.write(.order(order), to: b)!, by: &learning, from: a) }
    let disk = DiskState(store: 5, boot: 2, confirmed: 3, isConfirmed: false)
    _ = try hear(learning.write(.well(disk), to: a)!, by: &knowing, from: b)
    guard let introduction = knowing.takeIntroduction() else { return #expect(Bool(false)) }
    let again = knowing.takeIntroduction()
    #expect(again == nil)
    guard case .learnt = try hear(introduction, by: &learning, from: a) else { return #expect(Bool(false)) }
    #expect(learning.names.learnt == [3, 4].map { WireNames.NamedNode(name: "node \($0)", number: $0) })
    guard case .message(.order(let heard)) = try hear(knowing.write(.order(order), to: b)!, by: &learning, from: a)
    else {
      return #expect(Bool(false))
    }
    #expect(learning.names.number(ofLearnt: heard.source) == 4)
    #expect(learning.names.learntNode(numbered: 4) == heard.source)
    // From now on both know the same.
    _ = try hear(learning.write(.well(disk), to: a)!, by: &knowing, from: b)
    let left = knowing.takeIntroduction()
    #expect(left == nil)
  }

  @Test func whatIsKeptComesBack() throws {
    var random = SplitMix(seed: 3)
    for round in 0..<200 {
      var promise = Promise(revision: number(&random), map: round % 2 == 0 ? nil : stamp(&random))
      if round % 3 > 0 {
        promise.disk = Promise.Disk(
          store: number(&random), boot: 3, confirmed: number(&random), born: number(&random))
      }
      if round % 5 > 0 { promise.learnt = [WireNames.NamedNode(name: "node 9", number: 9)] }
      guard case .promise(promise) = try promise.bytes(names).withUnsafeBytes({ try Kept($0, names) }) else {
        return #expect(Bool(false))
      }
      let partition = partition(&random)
      let record = Record(
        state: state(&random), term: number(&random), leadsWith: round % 3 == 0 ? nodes(&random) : nil)
      let bytes = record.bytes(partition, names)
      guard case .record(partition, record) = try bytes.withUnsafeBytes({ try Kept($0, names) }) else {
        return #expect(Bool(false))
      }
      #expect(throws: InputError.self) { _ = try bytes.withUnsafeBytes { try Journal($0, names) } }
      var damaged = bytes
      damaged[random.below(bytes.count)] ^= 1
      #expect(throws: InputError.self) { _ = try damaged.withUnsafeBytes { try Kept($0, names) } }
    }
    let journal = Journal(revision: 77, partitionCount: 300)
    #expect(try journal.bytes(names).withUnsafeBytes { try Journal($0, names) } == journal)
  }
}
