import PlatEngine

/// Clients that write and read all the time. They believe whoever acknowledges.
struct Clients {
  private struct Request {
    var partition: Int
    /// The write's bit; 0: a read.
    var bit: UInt64
    /// What was acknowledged when it was asked.
    var before: UInt64
    var isOpen = true
  }

  private var requests: [Request] = []
  private var writes: [UInt8] = []
  /// Partitions that are to be read at the end.
  private var unread = 0
  private var isFinal = false

  private static let count = 3
  /// Bits that there are.
  private static let mostWrites = 60

  mutating func begin(_ simulation: Simulation) {
    guard simulation.setup.rules.leading != nil else { return }
    writes = Array(repeating: 0, count: simulation.acknowledged.count)
    for client in 0..<Clients.count { simulation.timeline.add(.client(client), at: 1 + UInt64(client)) }
  }

  mutating func act(_ client: Int, _ simulation: Simulation) {
    guard !isFinal else { return }
    let partition = simulation.random.below(writes.count)
    if let node = target(partition, simulation) {
      if simulation.random.below(3) < 2, writes[partition] < Clients.mostWrites {
        let bit = UInt64(writes[partition])
        writes[partition] += 1
        ask(partition, .write(PartitionIndex(partition), value: bit, request: UInt32(requests.count)), 1 << bit, node, client, simulation)
      } else {
        ask(partition, .read(PartitionIndex(partition), request: UInt32(requests.count)), 0, node, client, simulation)
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

  private mutating func ask(
    _ partition: Int, _ message: Message, _ bit: UInt64, _ node: NodeIndex, _ client: Int, _ simulation: Simulation
  ) {
    requests.append(Request(partition: partition, bit: bit, before: simulation.acknowledged[partition]))
    simulation.send(message, .client(UInt32(client)), .node(node))
  }

  mutating func hear(_ message: Message, _ simulation: Simulation) {
    switch message {
    case .written(let number):
      let request = requests[Int(number)]
      simulation.trace { "client   write \(request.bit.trailingZeroBitCount) of \(request.partition) is acknowledged" }
      simulation.acknowledged[request.partition] |= request.bit
      simulation.checkPartition(PartitionIndex(request.partition))
    case .answer(let number, let log):
      let request = requests[Int(number)]
      let seen = log.reduce(UInt64(0)) { $0 | 1 << ($1.value & 63) }
      if request.before & ~seen != 0 {
        simulation.violate(isFinal ? .endReadable : .readsSeeWrites, "a read of partition \(request.partition) lacks acknowledged writes")
      }
      if isFinal, request.isOpen {
        requests[Int(number)].isOpen = false
        unread -= 1
        if unread == 0 { simulation.isDone = true }
      }
    case .denied(let number):
      guard isFinal, requests[Int(number)].isOpen else { return }
      requests[Int(number)].isOpen = false
      simulation.timeline.add(.finalRead(requests[Int(number)].partition), at: simulation.now + 50)
    default: break
    }
  }

  /// Reads every partition that was written, from whoever is master now. All requests are answered, or it never ends.
  mutating func readAll(_ simulation: Simulation) {
    guard !isFinal else { return }
    isFinal = true
    for index in requests.indices { requests[index].isOpen = false }
    for partition in writes.indices where simulation.acknowledged[partition] != 0 {
      unread += 1
      readAtLast(partition, simulation)
    }
    if unread == 0 { simulation.isDone = true }
  }

  mutating func readAtLast(_ partition: Int, _ simulation: Simulation) {
    let master = simulation.disks.copies[partition].first {
      $0.record.state == simulation.setup.rules.leading && $0.record.led == $0.record.term
    }
    guard let master else { return simulation.timeline.add(.finalRead(partition), at: simulation.now + 50) }
    ask(partition, .read(PartitionIndex(partition), request: UInt32(requests.count)), 0, master.node, 0, simulation)
  }
}
