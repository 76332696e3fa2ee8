import PlatEngine

/// What a node may say and do as its replicas run, looked at as each message is handled.
extension Simulation {
  /// A replica as it was before a message.
  struct Watch {
    var partition: PartitionIndex
    var mode: RunMode
    var held: StateModel.Requests
    var logCount: Int
  }

  /// Nil: nothing need be watched.
  func watch(_ message: Message, _ node: Int) -> Watch? {
    guard let partition = message.served else { return nil }
    let agent = nodes[node].agent
    let (mode, held) = (agent.mode(partition) ?? .usual, agent.heldKinds(partition))
    guard mode != .usual || !held.isEmpty else { return nil }
    return Watch(partition: partition, mode: mode, held: held, logCount: agent.record(partition)?.log.count ?? 0)
  }

  func check(_ watch: Watch?, _ message: Message, _ node: Int, _ actions: [NodeAgent.Action]) {
    guard let watch else { return }
    let who = "the replica of partition \(watch.partition.raw) at \(name(NodeIndex(node)))"
    let sent = actions.compactMap { if case .send(let message, _) = $0 { message } else { nil } }
    if watch.mode.run == .stopped, sent.contains(where: \.isService) {
      violate(.stoppedServesNothing, "\(who) is stopped and answers \(message)")
    }
    switch message {
    case .append:
      let count = nodes[node].agent.record(watch.partition)?.log.count ?? 0
      for case .appended(_, _, _, let matched, _) in sent
      where watch.mode != .usual && !watch.mode.mayServe && matched > count {
        violate(.pausedTakesNothing, "\(who) confirms \(matched) writes and has \(count)")
      }
      if !watch.mode.mayServe, count > watch.logCount {
        violate(.pausedTakesNothing, "\(who) is stopped or paused and takes writes")
      }
    case .write(_, _, let request, let kind), .read(_, let request, let kind):
      checkHeld(watch, kind, request, sent, who)
    default: break
    }
  }

  /// At a successor what its takeover holds is not answered yet, and the rest is denied at once.
  private func checkHeld(
    _ watch: Watch, _ kind: StateModel.Requests, _ request: UInt32, _ sent: [Message], _ who: String
  ) {
    guard !watch.held.isEmpty else { return }
    let isAnswered = sent.contains { $0.answers(request) }
    if watch.held.contains(kind) == isAnswered {
      violate(
        .heldWaits,
        "\(who) is to hold \(watch.held.contains(kind) ? "a request that it answers" : "others than one that waits")")
    }
  }

  /// What a node says of itself is on its disk: what it confirms, has done, has promised; what it acknowledges, on as
  /// many disks as asked for.
  func checkSaid(_ message: Message, _ node: NodeIndex, _ receiver: Address) {
    let promise = disks.promise[node.int]
    switch message {
    case .inventory(let revision, _, _):
      if promise.revision < revision {
        violate(.confirmedOnDisk, "\(name(node)) tells what it holds and has not promised \(revision)")
      }
    case .hasMap(let map):
      if promise.map != map {
        violate(.confirmedOnDisk, "\(name(node)) says that it has map \(map.revision), which is not on its disk")
      }
    case .done(let id):
      let isDone = record(id, node).map { ($0.done.revision, $0.done.number) >= (id.revision, id.number) }
      if promise.revision < id.revision || isDone == false {
        violate(
          .confirmedOnDisk,
          "\(name(node)) says that order \(id.number) of \(id.revision) is done, which is not on its disk")
      }
    case .handedOver(let id, _, _, _):
      if let record = record(id, node), record.handed != id {
        violate(
          .confirmedOnDisk, "\(name(node)) hands over by order \(id.number) of \(id.revision), which is not on its disk"
        )
      }
    case .joined(let id, _, _, _):
      guard case .node(let newcomer) = receiver, let record = record(id, node) else { return }
      if !record.followers.contains(newcomer) {
        violate(.confirmedOnDisk, "\(name(node)) feeds a new replica that is not on its disk")
      }
    case .appended(let partition, let term, _, let matched, _):
      guard let copy = disks.copies[partition.int].first(where: { $0.node == node }), copy.record.term == term else {
        return
      }
      if copy.record.log.count < matched {
        violate(
          .confirmedOnDisk,
          "\(name(node)) confirms \(matched) writes of partition \(partition.raw) and has \(copy.record.log.count) on disk"
        )
      }
    case .written(let request):
      guard let (partition, bit) = clients.write(request) else { return }
      saidWritten[partition] |= bit
      guard setup.rules.minInSync > 1, nodes.count <= 64 else { return }
      let copies = carriers[partition][bit.trailingZeroBitCount].nonzeroBitCount
      if copies < setup.rules.minInSync {
        violate(.floorKept, "a write of partition \(partition) is acknowledged that \(copies) nodes have had")
      }
    default: break
    }
  }

  /// What the node has on disk of the partition that an order is about; nil: nobody knows the order.
  private func record(_ id: OrderID, _ node: NodeIndex) -> Record? {
    orders[id].map { order in disks.copies[order.partition.int].first { $0.node == node }?.record ?? Record() }
  }

  /// A node that starts again finds what it had written.
  func checkKept(_ node: Int) {
    func read(_ bytes: [UInt8]) -> Kept? { bytes.withUnsafeBytes { try? Kept($0, setup.names) } }
    let promise = disks.promise[node]
    guard case .promise(promise) = read(promise.bytes(setup.names)) else { return violate(.keptComesBack, "a promise") }
    for (partition, record) in disks.records(of: NodeIndex(node)) {
      guard case .record(partition, record) = read(record.bytes(partition, setup.names)) else {
        return violate(.keptComesBack, "the record of partition \(partition.raw) at \(name(NodeIndex(node)))")
      }
    }
  }

  /// So does an orchestrator.
  func checkJournalKept() {
    let found = journal.bytes(setup.names).withUnsafeBytes { try? Journal($0, setup.names) }
    if found != journal { violate(.keptComesBack, "the journal") }
  }

  /// Who has had a write on its disk as a copy.
  func noteCarrier(_ partition: PartitionIndex, _ node: NodeIndex, _ writes: UInt64) {
    guard setup.rules.minInSync > 1 else { return }
    var left = writes
    while left != 0 {
      carriers[partition.int][left.trailingZeroBitCount] |= 1 << UInt64(node.int & 63)
      left &= left - 1
    }
  }

  /// What was denied for certain is on no disk.
  func checkDenied(_ partition: PartitionIndex, _ denied: UInt64) {
    guard denied != 0 else { return }
    for copy in disks.copies[partition.int] where copy.writes & denied != 0 {
      violate(
        .deniedNeverDone, "\(name(copy.node)) has a write of partition \(partition.raw) that was denied for certain")
    }
  }
}

extension Message {
  /// The partition whose replica this asks for something; nil: of no interest.
  fileprivate var served: PartitionIndex? {
    switch self {
    case .write(let partition, _, _, _), .read(let partition, _, _), .append(let partition, _, _, _, _, _): partition
    case .fetch(let order), .handOver(let order, _, _): order.partition
    default: nil
    }
  }

  /// Data of the partition, or word that it was written.
  fileprivate var isService: Bool {
    switch self {
    case .written, .answer, .fetched, .handedOver: true
    default: false
    }
  }

  fileprivate func answers(_ request: UInt32) -> Bool {
    switch self {
    case .written(request), .denied(request, _), .answer(request, _): true
    default: false
    }
  }
}

extension RunMode {
  /// It may take what its leader sends.
  fileprivate var mayServe: Bool { run != .stopped && pauses.isEmpty }
}
