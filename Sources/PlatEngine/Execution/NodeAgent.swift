/// One node's side of execution: event in, actions out. No clock, no I/O.
///
///                    ┌── claims, orders ──  orchestrator
///     clients ──►  agent  ── answers ──►
///                    └── fetch, join, hand over, append ──  other agents
///
/// What an answer says is on disk before the answer goes: actions are carried out in their order, and `persist` is done
/// when its record is durable. A host that crashes between two actions has done the first ones only.
public struct NodeAgent: Hashable, Sendable {
  public enum Event: Sendable {
    case message(Message, from: Address)
    /// Now and then, while `wantsTick`: what got no answer is sent again.
    case tick
    /// There is no room on the disk, or there is again.
    case diskFull(Bool)
  }

  public enum Action: Hashable, Sendable {
    /// Make `promise` durable: the revision that the agent obeys, and the map that it knows.
    case persistPromise
    /// Make the agent's record of the partition durable.
    case persist(PartitionIndex)
    /// `mode` of the partition has changed: the host stops, warms, cools or pauses what is its own.
    case changedMode(PartitionIndex)
    case send(Message, to: Address)
  }

  public let node: NodeIndex
  private(set) var rules: ExecutionRules
  /// Orders of older revisions are refused. Durable.
  public internal(set) var revision: UInt64
  /// Of the map in force, as far as the node was told. Durable.
  public internal(set) var map: MapStamp?
  private(set) var isDiskFull = false
  /// Nil: the host says nothing of it, and it is relied on.
  public internal(set) var disk: DiskState?
  /// Partitions that it knows, ascending, and what it knows of each.
  private(set) var partitions: [PartitionIndex] = []
  var replicas: [Replica] = []
  /// Counts messages to followers. Begins higher after each restart, so that answers from before do not count.
  package internal(set) var round: UInt64
  package let plant: InjectedFault?

  /// A node as its disk has it. `boot`: how often it has started; each start has a greater one.
  public init(
    _ node: NodeIndex, rules: ExecutionRules, boot: UInt32, promise: Promise, records: [(PartitionIndex, Record)]
  ) {
    self.init(node, rules: rules, boot: boot, promise: promise, records: records, plant: nil)
  }

  package init(
    _ node: NodeIndex, rules: ExecutionRules, boot: UInt32, promise: Promise, records: [(PartitionIndex, Record)],
    plant: InjectedFault?
  ) {
    self.node = node
    self.rules = rules
    revision = plant == .forgetRevisionOnRestart && boot > 1 ? 0 : promise.revision
    map = promise.map
    self.plant = plant
    round = UInt64(boot) << 32
    for (partition, record) in records.sorted(by: { $0.0 < $1.0 }) {
      partitions.append(partition)
      replicas.append(Replica(record))
      for follower in replicas[replicas.count - 1].progress.indices {
        replicas[replicas.count - 1].progress[follower].since = round
        replicas[replicas.count - 1].progress[follower].next = record.log.count
      }
    }
  }

  /// A write of which there are fewer copies on disk is not acknowledged from now on.
  public mutating func setMinInSync(_ copies: Int) { rules.minInSync = copies }

  public var promise: Promise {
    var promise = Promise(revision: revision, map: map)
    promise.disk = disk.map {
      Promise.Disk(
        store: $0.store, boot: $0.boot, confirmed: $0.isConfirmed && !$0.isSetBack ? revision : $0.confirmed,
        born: $0.born)
    }
    return promise
  }

  /// Its record of a partition, which `persist` makes durable.
  public func record(_ partition: PartitionIndex) -> Record? { place(partition).map { replicas[$0].record } }

  /// Something waits for an answer of a follower, or until it may go on.
  public var wantsTick: Bool {
    replicas.contains { !$0.waiting.isEmpty || !$0.held.isEmpty || $0.takeover != nil } || waitsForComparison
  }

  /// Streams that come in, each with its order.
  public var copies: [Order] {
    replicas.compactMap {
      switch $0.job {
      case .fetching(let order), .joining(let order, _, _, _): order
      default: nil
      }
    }
  }

  /// O(log of partitions + answers).
  public mutating func handle(_ event: Event) -> [Action] {
    var actions: [Action] = []
    switch event {
    case .message(let message, let sender): receive(message, from: sender, &actions)
    case .tick: sendAgain(&actions)
    case .diskFull(let isFull): isDiskFull = isFull
    }
    if plant == .answerBeforeDisk { actions.sort { $0.isSend && !$1.isSend } }
    return actions
  }

  private mutating func receive(_ message: Message, from sender: Address, _ actions: inout [Action]) {
    switch message {
    case .claim(let claimed): claim(claimed, sender, &actions)
    case .order(let order): obey(order, sender, &actions)
    case .pulse:
      confirmUnseen(&actions)
      actions.append(.send(.alive, to: sender))
    case .check(let revision, let confirmed, let setBack, let inDoubt, let waiting):
      check(revision, confirmed, setBack, inDoubt, waiting, sender, &actions)
    case .compare(let partition, let term, let round, _, _): answerComparison(partition, term, round, sender, &actions)
    case .compared(let partition, let term, let round, let end, let lastTerm):
      noteComparison(partition, term, round, end, lastTerm, sender, &actions)
    case .mode(let order): obey(order, sender, &actions)
    case .feed(let node): feed(node, &actions)
    case .map(let stamp): learn(stamp, sender, &actions)
    case .fetch(let order): give(order, sender, &actions)
    case .fetched(let id, let log, let term): take(id, log, term, &actions)
    case .join(let order, let attempt): admitNewcomer(order, attempt, sender, &actions)
    case .joined(let id, let attempt, let end, let term): wasJoined(id, attempt, end, term, &actions)
    case .peerRefused(let id, let why): peerRefused(id, why, &actions)
    case .handOver(let order, let end, let lastTerm): handOver(order, end, lastTerm, sender, &actions)
    case .handedOver(let id, let followers, let start, let log): succeed(id, followers, start, log, &actions)
    case .append(let partition, let term, let round, let previous, let previousTerm, let log):
      append(partition, term, round, previous, previousTerm, log, sender, &actions)
    case .appended(let partition, let term, let round, let matched, let isCopy):
      noteMatch(partition, term, round, matched, isCopy, sender, &actions)
    case .differs(let partition, let term, let round, let hint): goBack(partition, term, round, hint, sender, &actions)
    case .fenced(let partition, let term): noteFence(partition, term, &actions)
    case .left(let partition, let round): noteLeaving(partition, round, sender, &actions)
    case .write(let partition, let value, let request, let kind):
      write(partition, value, request, kind, sender, &actions)
    case .read(let partition, let request, let kind): read(partition, request, kind, sender, &actions)
    default: break  // not for a node
    }
  }

  // MARK: Revisions

  /// Whether what comes with a revision is to be obeyed. Nothing of an older revision is under way afterwards.
  mutating func admit(_ claimed: UInt64, _ actions: inout [Action]) -> Bool {
    if claimed == revision { return true }
    guard claimed > revision else { return plant == .obeyOlderRevisions }
    if mayServe { disk?.confirmed = revision }
    revision = claimed
    actions.append(.persistPromise)
    for place in replicas.indices {
      if let order = replicas[place].job.order, order.id.revision < claimed {
        replicas[place].job = .none
        denyHeld(place, &actions)
      }
    }
    return true
  }

  private mutating func claim(_ claimed: UInt64, _ sender: Address, _ actions: inout [Action]) {
    guard claimed >= revision else {
      actions.append(.send(.outdated(revision: revision), to: sender))
      return
    }
    _ = admit(claimed, &actions)
    let holdings = partitions.indices.compactMap { place -> Holding? in
      let record = replicas[place].record
      guard record.state != .null else { return nil }
      let isLeading = isLeader(place)
      var holding = Holding(
        partition: partitions[place], state: record.state, term: record.term, isLeading: isLeading,
        followers: isLeading || record.isRetained(rules) ? record.followers : [],
        log: rules.leading == nil ? nil : Holding.LogEnd(lastTerm: record.lastTerm, count: record.log.count))
      holding.isInDoubt = record.isInDoubt
      holding.isUnproven = !isProven(place)
      return holding
    }
    var told = disk
    // A leader that has not heard yet what its followers have may have been set back.
    if waitsForComparison { told?.isConfirmed = false }
    actions.append(.send(.inventory(revision: claimed, holdings, disk: told), to: sender))
  }

  /// A map that is older than the known one, or another of the same revision, is not taken; the answer says which is
  /// known.
  private mutating func learn(_ stamp: MapStamp, _ sender: Address, _ actions: inout [Action]) {
    if map == nil || stamp.revision > map!.revision || plant == .takeAnyMap {
      map = stamp
      actions.append(.persistPromise)
    }
    actions.append(.send(.hasMap(map!), to: sender))
  }

  // MARK: Orders

  private mutating func obey(_ order: Order, _ sender: Address, _ actions: inout [Action]) {
    guard admit(order.id.revision, &actions) else {
      actions.append(.send(.outdated(revision: revision), to: sender))
      return
    }
    let place = self.place(making: order.partition)
    // What is asked of a node is asked in the order of its numbers, each when the one before is done.
    if replicas[place].record.done.revision == order.id.revision, replicas[place].record.done.number != .max,
      order.id.number <= replicas[place].record.done.number, plant != .skipCompareAndSwap
    {
      orchestrator = sender
      if awaitsRelease(order, place) { return askForRelease(order, place, sender, &actions) }
      actions.append(.send(.done(order.id), to: sender))
      return
    }
    orchestrator = sender
    if let current = replicas[place].job.order, current.id != order.id { return refuse(order.id, .busy, &actions) }
    guard replicas[place].record.state == order.change.from || plant == .skipCompareAndSwap else {
      return refuse(order.id, .wrongState, &actions)
    }
    guard mayGo(order.change, place) else { return refuse(order.id, .notRunning, &actions) }
    // Who has no copy leads only where it keeps what it handed over.
    if order.kind == .lead, !rules.holdsData(order.change.from), !replicas[place].record.isRetained(rules) {
      return refuse(order.id, .wrongState, &actions)
    }
    switch order.kind {
    case .set where asksToLeave(order, place): askToLeave(order, place, sender, &actions)
    case .set, .lead, .discard: set(order, place, &actions)
    case .copy where !mayServe: refuse(order.id, .notRunning, &actions)  // what its disk revived may have to go first
    case .copy: beginCopy(order, place, sender, &actions)
    case .takeOver:
      if isToCopyFirst(order, place) {
        beginCopy(order, place, sender, &actions)
      } else {
        beginTakeover(order, place, &actions)
      }
    }
  }

  /// Who takes over an exclusive state in which nobody leads, and has no data yet, gets it before. A leader hands over
  /// all that it has.
  private func isToCopyFirst(_ order: Order, _ place: Int) -> Bool {
    if case .takingOver = replicas[place].job { return false }
    return !rules.isLeading(order.change.to) && rules.holdsData(order.change.to) && !rules.holdsData(order.change.from)
  }

  mutating func set(_ order: Order, _ place: Int, _ actions: inout [Action]) {
    let leads = rules.isLeading(order.change.to)
    let isProven = isProven(place)
    replicas[place].record.state = order.change.to
    replicas[place].record.done = order.id
    // Who leaves may not set an old leader free.
    replicas[place].record.term = max(replicas[place].record.term, order.term)
    if order.kind == .discard || order.change.to == .null { replicas[place].record.log = [] }
    if order.kind == .discard || leads { replicas[place].record.isInDoubt = false }
    if leads {
      beginToLead(place, order.id.revision, order.followers, &actions)
      if !isProven, plant != .leadOnSetBack { compareFirst(place, order) }
    } else {
      stopLeading(place, &actions)
    }
    forgetMode(place)
    persistAndFinish(order.id, place, &actions)
    if self.leads(place) {
      askFollowers(place, &actions)
      answerWhatMay(place, &actions)  // nobody may be left who is waited for
    } else if leads {
      compareAll(&actions)
    }
  }

  /// The record, then the answer.
  func persistAndFinish(_ id: OrderID, _ place: Int, _ actions: inout [Action]) {
    actions.append(.persist(partitions[place]))
    done(id, &actions)
  }

  func done(_ id: OrderID, _ actions: inout [Action]) {
    if let orchestrator { actions.append(.send(.done(id), to: orchestrator)) }
  }

  func refuse(_ id: OrderID, _ why: Refusal, _ actions: inout [Action]) {
    if let orchestrator { actions.append(.send(.refused(id, why), to: orchestrator)) }
  }

  /// Whom to answer: who ordered last.
  private var orchestrator: Address?

  // MARK: Places

  func place(_ partition: PartitionIndex) -> Int? {
    let place = lowerBound(partition)
    return place < partitions.count && partitions[place] == partition ? place : nil
  }

  private mutating func place(making partition: PartitionIndex) -> Int {
    let place = lowerBound(partition)
    if place == partitions.count || partitions[place] != partition {
      partitions.insert(partition, at: place)
      replicas.insert(Replica(Record()), at: place)
    }
    return place
  }

  private func lowerBound(_ partition: PartitionIndex) -> Int {
    var (low, high) = (0, partitions.count)
    while low < high {
      let middle = (low + high) / 2
      if partitions[middle] < partition { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The place of the order that is under way.
  func place(of id: OrderID) -> Int? { replicas.firstIndex { $0.job.order?.id == id } }
}

extension NodeAgent.Action {
  fileprivate var isSend: Bool { if case .send = self { true } else { false } }
}

/// What of the state model execution must know.
public struct ExecutionRules: Hashable, Sendable {
  /// The state that one node at most is in and that takes the writes; nil: several may, and the model's host settles
  /// writes.
  public let leading: StateIndex?
  /// A write of which there are fewer copies on disk is not acknowledged.
  public fileprivate(set) var minInSync: Int
  private let data: UInt64
  /// Kinds of requests: those that go into logs, and the others.
  let writing: StateModel.Requests
  let reading: StateModel.Requests

  public init(_ model: StateModel, minInSync: Int = 1) {
    self.minInSync = minInSync
    writing = model.writingRequests
    reading = model.allRequests.subtracting(writing)
    leading = model.mostHolders(0) == 1 && model.states[0].holdsData ? StateIndex(0) : nil
    data = model.states.indices.reduce(0) { $0 | (model.states[$1].holdsData && $1 < 64 ? 1 << UInt64($1) : 0) }
  }

  public func holdsData(_ state: StateIndex) -> Bool { state.int < 64 && data & (1 << UInt64(state.int)) != 0 }
  func isLeading(_ state: StateIndex) -> Bool { state == leading }
}
