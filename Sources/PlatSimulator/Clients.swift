import PlatEngine

/// Clients that write and read all the time. They believe whoever acknowledges; what was denied for certain they may
/// send again, as it is.
struct Clients {
  private struct Request {
    var partition: Int
    /// The write's bit; 0: a read.
    var bit: UInt64
    /// What was acknowledged when it was asked, and how long the longest log was.
    var before: UInt64
    var longest: Int
    var isFinal: Bool
    var isOpen = true
  }

  private var requests: [Request] = []
  private var writes: [UInt8] = []
  private(set) var histories: [History] = []
  /// Partitions that are to be read at the end.
  private var unread: Set<Int> = []
  private var isFinal = false
  /// When the writes and reads at the end began; 0: not yet.
  private(set) var lastBegunAt: UInt64 = 0
  private var isWritten: [Bool] = []

  private static let count = 3
  /// Bits that there are.
  private static let mostWrites = 60
  /// And with those for writes at the end.
  private static let mostBits = 64

  mutating func begin(_ simulation: Simulation) {
    guard simulation.setup.rules.leading != nil else { return }
    writes = Array(repeating: 0, count: simulation.acknowledged.count)
    histories = Array(repeating: History(), count: writes.count)
    for client in 0..<Clients.count { simulation.timeline.add(.client(client), at: 1 + UInt64(client)) }
  }

  mutating func act(_ client: Int, _ simulation: Simulation) {
    guard !isFinal else { return }
    let partition = simulation.random.below(writes.count)
    if let node = target(partition, simulation) {
      if simulation.random.below(3) < 2, writes[partition] < Clients.mostWrites {
        writes[partition] += 1
        write(partition, 1 << UInt64(writes[partition] - 1), node, client, simulation)
      } else {
        read(partition, node, client, simulation)
      }
    }
    simulation.timeline.add(.client(client), at: simulation.now + 4 + UInt64(simulation.random.below(24)))
  }

  /// Mostly one that takes itself for the master, also an old one; now and then any.
  private func target(_ partition: Int, _ simulation: Simulation) -> NodeIndex? {
    let copies = simulation.disks.copies[partition]
    guard !copies.isEmpty else { return nil }
    let masters = copies.filter { $0.record.state == simulation.setup.rules.leading }
    if !masters.isEmpty, simulation.random.below(4) > 0 { return masters[simulation.random.below(masters.count)].node }
    return copies[simulation.random.below(copies.count)].node
  }

  private mutating func write(
    _ partition: Int, _ bit: UInt64, _ node: NodeIndex, _ client: Int, _ simulation: Simulation
  ) {
    histories[partition].ask(bit)
    let value = UInt64(bit.trailingZeroBitCount)
    let message = Message.write(
      PartitionIndex(partition), value: value, request: UInt32(requests.count), kind: kind(simulation, writes: true))
    ask(partition, message, bit, node, client, simulation)
  }

  private mutating func read(_ partition: Int, _ node: NodeIndex, _ client: Int, _ simulation: Simulation) {
    let message = Message.read(
      PartitionIndex(partition), request: UInt32(requests.count), kind: kind(simulation, writes: false))
    ask(partition, message, 0, node, client, simulation)
  }

  /// One of the model's kinds of requests that write, or of the others. The usual ones are drawn from no dice.
  private func kind(_ simulation: Simulation, writes: Bool) -> StateModel.Requests {
    let kinds = simulation.setup.kinds.indices.filter { simulation.setup.kinds[$0].writes == writes }
    let kind = kinds.count == 1 ? kinds[0] : kinds[simulation.random.below(kinds.count)]
    return .kind(kind)
  }

  private mutating func ask(
    _ partition: Int, _ message: Message, _ bit: UInt64, _ node: NodeIndex, _ client: Int, _ simulation: Simulation
  ) {
    requests.append(
      Request(
        partition: partition, bit: bit, before: simulation.acknowledged[partition],
        longest: histories[partition].log.count,
        isFinal: isFinal))
    simulation.send(message, .client(UInt32(client)), .node(node))
  }

  // MARK: Answers

  mutating func hear(_ message: Message, _ client: Int, _ simulation: Simulation) {
    guard let number = message.request, requests[number].isOpen else { return }
    requests[number].isOpen = false
    let request = requests[number]
    switch message {
    case .written:
      simulation.trace { "client   write \(request.bit.trailingZeroBitCount) of \(request.partition) is acknowledged" }
      simulation.acknowledged[request.partition] |= request.bit
      report(histories[request.partition].acknowledge(request.bit), request.partition, simulation)
      if request.isFinal {
        isWritten[request.partition] = true
        finish(request.partition, simulation)
      }
      simulation.checkPartition(PartitionIndex(request.partition))
    case .answer(_, let log): answered(request, log, simulation)
    case .denied(_, let isDefinite): denied(request, isDefinite, client, simulation)
    default: break
    }
  }

  private mutating func answered(_ request: Request, _ log: [Entry], _ simulation: Simulation) {
    let seen = log.reduce(UInt64(0)) { $0 | 1 << ($1.value & 63) }
    if request.before & ~seen != 0 {
      simulation.violate(
        request.isFinal ? .endReadable : .readsSeeWrites,
        "a read of partition \(request.partition) lacks acknowledged writes")
    }
    let values = log.map { UInt8(truncatingIfNeeded: $0.value) }
    report(histories[request.partition].answer(values, longest: request.longest), request.partition, simulation)
    guard request.isFinal else { return }
    unread.remove(request.partition)
    if unread.isEmpty { simulation.isDone = true }
  }

  private mutating func denied(_ request: Request, _ isDefinite: Bool, _ client: Int, _ simulation: Simulation) {
    if request.isFinal, request.bit != 0, !isDefinite { writes[request.partition] += 1 }
    if request.isFinal { return simulation.timeline.add(.finalRead(request.partition), at: simulation.now + 50) }
    guard isDefinite, request.bit != 0 else { return }
    histories[request.partition].deny(request.bit)
    simulation.checkDenied(PartitionIndex(request.partition), histories[request.partition].denied)
    // Half of them try again, with the very same write.
    if simulation.random.below(2) == 0, !isFinal, let node = target(request.partition, simulation) {
      write(request.partition, request.bit, node, client, simulation)
    }
  }

  private func report(_ fault: History.Fault?, _ partition: Int, _ simulation: Simulation) {
    if let fault { simulation.violate(fault.invariant, "partition \(partition): \(fault.text)") }
  }

  /// The write of a request.
  func write(_ request: UInt32) -> (partition: Int, bit: UInt64)? {
    requests.indices.contains(Int(request)) ? (requests[Int(request)].partition, requests[Int(request)].bit) : nil
  }

  // MARK: The end

  /// Writes every partition that is led, or is to be, once more, and reads it. All requests are answered, or it never
  /// ends.
  mutating func readAll(_ simulation: Simulation) {
    guard !isFinal else { return }
    (isFinal, lastBegunAt) = (true, simulation.now)
    isWritten = writes.map { _ in false }
    for partition in writes.indices {
      writes[partition] = UInt8(Clients.mostWrites)
      guard isToBeRead(partition, simulation) else { continue }
      unread.insert(partition)
      finish(partition, simulation)
    }
    if unread.isEmpty { simulation.isDone = true }
  }

  /// At the end: those that have not been written and read yet. Nil: the end has not come.
  var unreadPartitions: [Int]? { isFinal ? unread.sorted() : nil }

  /// Somebody leads it, or is to by the map in force. A map that has nobody for it (none is asked for, or its last copy
  /// is on a node in maintenance), or another one than can be reached, leaves its writes where they are: in complete
  /// copies, which is looked at with every event. What was acknowledged and cannot be reached at all, though no fault
  /// is left, is waited for in vain.
  private func isToBeRead(_ partition: Int, _ simulation: Simulation) -> Bool {
    if master(partition, simulation) != nil { return true }
    guard let plan = simulation.planInForce else { return false }
    if plan.withheld[partition] { return simulation.acknowledged[partition] != 0 }
    guard !plan.unmet[partition], let leading = simulation.setup.rules.leading else { return false }
    return plan.target.stateOfSlot.enumerated().contains { slot, state in
      let node = plan.target.row(partition)[slot]
      return StateIndex(state) == leading && node != .none && !simulation.nodes[node.int].isDestroyed
    }
  }

  private func master(_ partition: Int, _ simulation: Simulation) -> Disks.Copy? {
    simulation.disks.copies[partition].first {
      $0.record.state == simulation.setup.rules.leading && $0.record.led == $0.record.term
    }
  }

  /// The write at the end, then the read.
  mutating func finish(_ partition: Int, _ simulation: Simulation) {
    guard let master = master(partition, simulation) else {
      return simulation.timeline.add(.finalRead(partition), at: simulation.now + 50)
    }
    // A floor asks for nodes that speak of whole copies, and for as many as the partition has left.
    let floor = simulation.setup.rules.minInSync
    let isEnough =
      floor == 1
      || simulation.nodes.allSatisfy { $0.protocolVersions.own.upperBound >= 3 }
        && master.record.followers.count + 1 >= floor
    if isWritten[partition] || !isEnough || Int(writes[partition]) == Clients.mostBits {
      read(partition, master.node, 0, simulation)
    } else {
      write(partition, 1 << UInt64(writes[partition]), master.node, 0, simulation)
    }
  }
}

extension Message {
  /// Of what a client hears: to which of its requests it is the answer.
  fileprivate var request: Int? {
    switch self {
    case .written(let request), .answer(let request, _), .denied(let request, _): Int(request)
    default: nil
    }
  }
}
