import PlatEngine
import TestSupport
import Testing

/// What processes send each other and keep, as bytes.
@Suite struct WireTests {
  private let cluster: DenseCluster
  private let names: WireNames

  init() throws {
    cluster = try DenseCluster(
      Cluster(settings: Settings(partitionCount: 300, constraints: [1, 1, 0, 0]), nodes: (0..<5).map { Node(name: "node \($0)") }))
    names = try WireNames(cluster)
  }

  private func node(_ random: inout SplitMix) -> NodeIndex { NodeIndex(random.below(5)) }
  private func number(_ random: inout SplitMix) -> UInt64 { random.next() >> UInt64(random.below(64)) }
  private func id(_ random: inout SplitMix) -> OrderID { OrderID(revision: number(&random), number: UInt32(truncatingIfNeeded: number(&random))) }
  private func state(_ random: inout SplitMix) -> StateIndex { [.null, StateIndex(0), StateIndex(1), StateIndex(2), StateIndex(3)][random.below(5)] }
  private func log(_ random: inout SplitMix) -> [Entry] {
    (0..<random.below(4)).map { _ in Entry(term: number(&random), value: number(&random)) }
  }
  private func nodes(_ random: inout SplitMix) -> [NodeIndex] { (0..<random.below(4)).map { _ in node(&random) } }
  private func stamp(_ random: inout SplitMix) -> MapStamp { MapStamp(revision: number(&random), digest: UInt32(truncatingIfNeeded: random.next())) }
  private func partition(_ random: inout SplitMix) -> PartitionIndex { PartitionIndex(random.below(300)) }
  private func place(_ random: inout SplitMix) -> Int { random.below(1 << 40) }

  private func mode(_ random: inout SplitMix) -> RunMode { RunMode(code: UInt8(random.below(16)))! }

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
      Holding(
        partition: PartitionIndex(index * 7), state: StateIndex(random.below(4)), term: number(&random), isLeading: random.below(2) == 0,
        followers: nodes(&random))
    }
    let request = UInt32(truncatingIfNeeded: random.next())
    // Among nodes an order goes without what it holds: only who has it holds.
    var holding = order(&random)
    holding.hold = StateModel.Requests(rawValue: UInt8(random.below(4)))
    return [
      .claim(revision: number(&random)), .order(holding), .pulse, .map(stamp(&random)),
      .inventory(revision: number(&random), holdings), .done(id(&random)), .refused(id(&random), why),
      .outdated(revision: number(&random)), .alive, .hasMap(stamp(&random)), .working(id(&random)), .fetch(order(&random)),
      .fetched(id(&random), log: log(&random), term: number(&random)), .join(order(&random), attempt: number(&random)),
      .joined(id(&random), attempt: number(&random), end: place(&random), term: number(&random)), .peerRefused(id(&random), why),
      .handOver(order(&random), end: place(&random), lastTerm: number(&random)),
      .handedOver(id(&random), followers: nodes(&random), start: place(&random), log: log(&random)),
      .append(
        partition(&random), term: number(&random), round: number(&random), previous: place(&random), previousTerm: number(&random),
        log: log(&random)),
      .appended(partition(&random), term: number(&random), round: number(&random), matched: place(&random), isCopy: random.below(2) == 0),
      .differs(partition(&random), term: number(&random), round: number(&random), hint: place(&random)),
      .fenced(partition(&random), term: number(&random)), .left(partition(&random), round: number(&random)),
      .write(partition(&random), value: number(&random), request: request), .read(partition(&random), request: request),
      .written(request: request), .answer(request: request, log: log(&random)), .denied(request: request, isDefinite: random.below(2) == 0),
      .mode(ModeOrder(id: id(&random), partition: partition(&random), from: mode(&random), to: mode(&random))),
      .hasMode(id(&random), partition(&random), mode(&random)),
    ]
  }

  private func hear(_ bytes: [UInt8], by speech: inout Speech, from peer: Address = .node(NodeIndex(0))) throws -> Speech.Heard {
    try bytes.withUnsafeBytes { try speech.hear($0, from: peer) }
  }

  @Test func everyMessageComesBack() throws {
    var random = SplitMix(seed: 1)
    let peer = Address.node(NodeIndex(0))
    for _ in 0..<200 {
      var (one, other) = (Speech(names), Speech(names))
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
    var speech = Speech(names)
    for _ in 0..<30 {
      for message in messages(&random) {
        guard let bytes = speech.write(message, to: .client(0)) else { continue }
        var changed = bytes
        changed[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
        #expect(throws: InputError.self) { _ = try hear(changed, by: &speech) }
        #expect(throws: InputError.self) { _ = try hear(Array(bytes.dropLast(1 + random.below(bytes.count))), by: &speech) }
      }
    }
  }

  /// A node that the other does not know, by a name that only this one has.
  @Test func anotherClusterIsTold() throws {
    let fewer = try DenseCluster(
      Cluster(settings: Settings(partitionCount: 20, constraints: [1, 1, 0, 0]), nodes: (1..<5).map { Node(name: "node \($0)") }))
    let speech = Speech(names)
    var other = Speech(try WireNames(fewer))
    func send(_ order: Order) throws -> Order? {
      guard case .message(.order(let heard)) = try hear(speech.write(.order(order), to: .client(0))!, by: &other) else { return nil }
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
    var new = Speech(names)
    var old = Speech(names, versions: 1...1, plant: nil)
    let working = Message.working(OrderID(revision: 1, number: 1))
    #expect(new.version(with: b) == 1, "the oldest, until one has heard")
    #expect(new.write(working, to: b) == nil, "version 1 has no such message")
    _ = try hear(Speech(names).write(.alive, to: a)!, by: &new, from: b)
    #expect(new.version(with: b) == Speech.versions.upperBound)
    // It is set back: the first message that it does not know makes it say so.
    let bytes = try #require(new.write(working, to: b))
    guard case .reply(let reply) = try hear(bytes, by: &old, from: a) else { return #expect(Bool(false)) }
    guard case .nothing = try hear(reply, by: &new, from: b) else { return #expect(Bool(false)) }
    #expect(new.version(with: b) == 1)
    guard case .message(.pulse) = try hear(new.write(.pulse, to: b)!, by: &old, from: a) else { return #expect(Bool(false)) }
    #expect(old.version(with: a) == 1)
    // None in common.
    let newest = Speech(names, versions: 2...2, plant: nil)
    var known = newest
    _ = try hear(old.write(.alive, to: a)!, by: &known, from: b)
    #expect(known.version(with: b) == nil)
    #expect(known.write(.pulse, to: b) == nil)
  }

  @Test func whatIsKeptComesBack() throws {
    var random = SplitMix(seed: 3)
    for round in 0..<200 {
      let promise = Promise(revision: number(&random), map: round % 2 == 0 ? nil : stamp(&random))
      guard case .promise(promise) = try promise.bytes(names).withUnsafeBytes({ try Kept($0, names) }) else {
        return #expect(Bool(false))
      }
      let partition = partition(&random)
      let record = Record(state: state(&random), term: number(&random), leadsWith: round % 3 == 0 ? nodes(&random) : nil)
      let bytes = record.bytes(partition, names)
      guard case .record(partition, record) = try bytes.withUnsafeBytes({ try Kept($0, names) }) else { return #expect(Bool(false)) }
      #expect(throws: InputError.self) { _ = try bytes.withUnsafeBytes { try Journal($0, names) } }
      var damaged = bytes
      damaged[random.below(bytes.count)] ^= 1
      #expect(throws: InputError.self) { _ = try damaged.withUnsafeBytes { try Kept($0, names) } }
    }
    let journal = Journal(revision: 77, partitionCount: 300)
    #expect(try journal.bytes(names).withUnsafeBytes { try Journal($0, names) } == journal)
  }
}
