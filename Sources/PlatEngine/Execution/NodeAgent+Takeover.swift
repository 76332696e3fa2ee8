/// Who leads passes over, in two exchanges:
///
///     orchestrator     successor (slave)                  old leader (master)
///          │── takeOver ──►│ pending: requests are held     │
///          │               │────────── handOver ───────────►│ durably no leader any more, keeps all that it has, then
///          │               │◄── what the successor lacks ───│ answers; asked again, answers the same
///          │               │ durably master, with the old leader among its followers
///          │               │────────── append ─────────────►│ durably lets its copy go (or follows, if it stays a slave)
///          │               │◄───────── left ────────────────│
///          │◄─── done ─────│ answers what it held           │
///
/// A successor that crashes before it is durably master is what it was before. From the moment at which the old leader
/// has written down that it handed over until the successor has, nobody leads; never two. Nothing is acknowledged
/// before the old leader has let its copy go: until then that copy is complete, and a successor that is lost takes
/// nothing with it.
extension Record {
  /// It led, has handed over, and keeps its copy until the successor is durably the leader. Its followers are those
  /// that it had.
  package func isRetained(_ rules: ExecutionRules) -> Bool {
    led == 0 && !followers.isEmpty && !rules.holdsData(state) && rules.leading != nil
  }
}

extension NodeAgent {
  mutating func beginTakeover(_ order: Order, _ place: Int, _ actions: inout [Action]) {
    replicas[place].job = .takingOver(order)
    denyWaiting(place, &actions)
    if plant == .forgetPending, rules.isLeading(order.change.to) {
      // What a restart would find.
      replicas[place].record.state = order.change.to
      replicas[place].record.led = order.id.revision
      replicas[place].record.term = order.id.revision
      actions.append(.persist(order.partition))
    }
    let record = replicas[place].record
    actions.append(.send(.handOver(order, end: record.log.count, lastTerm: record.lastTerm), to: .node(order.source)))
  }

  /// The old leader.
  mutating func handOver(_ order: Order, _ end: Int, _ lastTerm: UInt64, _ sender: Address, _ actions: inout [Action]) {
    guard admit(order.id.revision, &actions), case .node(let successor) = sender else { return }
    guard let place = place(order.partition) else { return refuseSuccessor(order.id, .wrongState, successor, &actions) }
    guard mayGive(place) else { return refuseSuccessor(order.id, .notRunning, successor, &actions) }
    guard rules.isLeading(order.change.to) else { return stepAside(order, place, successor, &actions) }
    if replicas[place].record.handed != order.id {
      guard replicas[place].record.state == order.sourceChange.from && leads(place) || plant == .skipCompareAndSwap
      else {
        return refuseSuccessor(order.id, .wrongState, successor, &actions)
      }
      let followers = replicas[place].record.followers.filter { $0 != successor } + [successor]
      replicas[place].isProven = true  // who leads is
      replicas[place].record.state = order.sourceChange.to
      stopLeading(place, &actions)
      forgetMode(place)
      replicas[place].record.handed = order.id
      replicas[place].record.done = order.id
      // Kept for being asked again, and until the successor leads.
      replicas[place].record.followers = followers
      if plant != .handOverNotDurable { actions.append(.persist(order.partition)) }
    }
    let record = replicas[place].record
    // The successor leads: this is an old question.
    guard rules.holdsData(record.state) || record.isRetained(rules) || plant == .skipCompareAndSwap else {
      return refuseSuccessor(order.id, .wrongState, successor, &actions)
    }
    let isSame = end <= record.log.count && (end == 0 || record.log[end - 1].term == lastTerm)
    let start = isSame ? end : 0
    var followers = record.followers.filter { $0 != successor }
    if rules.holdsData(record.state) || plant != .successorServesAtOnce { followers.append(node) }
    if plant == .leaveFollowersBehind { followers = [] }
    let lacking = plant == .handOverWithoutTail ? [] : Array(record.log[start...])
    actions.append(.send(.handedOver(order.id, followers: followers, start: start, log: lacking), to: sender))
  }

  /// Who leaves an exclusive state in which nobody leads. The other has the data already.
  private mutating func stepAside(_ order: Order, _ place: Int, _ other: NodeIndex, _ actions: inout [Action]) {
    if replicas[place].record.handed != order.id {
      guard replicas[place].record.state == order.sourceChange.from || plant == .skipCompareAndSwap else {
        return refuseSuccessor(order.id, .wrongState, other, &actions)
      }
      if rules.isLeading(replicas[place].record.state) { stopLeading(place, &actions) }
      replicas[place].record.state = order.sourceChange.to
      forgetMode(place)
      replicas[place].record.handed = order.id
      replicas[place].record.done = order.id
      actions.append(.persist(order.partition))
    }
    actions.append(.send(.handedOver(order.id, followers: [], start: 0, log: []), to: .node(other)))
  }

  private func refuseSuccessor(_ id: OrderID, _ why: Refusal, _ successor: NodeIndex, _ actions: inout [Action]) {
    actions.append(.send(.peerRefused(id, why), to: .node(successor)))
  }

  /// The successor has all.
  mutating func succeed(
    _ id: OrderID, _ followers: [NodeIndex], _ start: Int, _ log: [Entry], _ actions: inout [Action]
  ) {
    guard let place = place(of: id), case .takingOver(let order) = replicas[place].job else { return }
    guard rules.isLeading(order.change.to) else { return stepIn(order, place, &actions) }
    guard start <= replicas[place].record.log.count else { return }
    guard !isDiskFull || log.isEmpty, mayGo(order.change, place) else { return }  // it will be asked again
    replicas[place].job = .none
    replicas[place].record.log.removeSubrange(start...)
    replicas[place].record.log += log
    replicas[place].record.state = order.change.to
    replicas[place].record.done = id
    beginToLead(place, id.revision, followers, &actions)
    actions.append(.persist(partitions[place]))
    confirm(order, place, &actions)
    answerHeld(place, &actions)
    askFollowers(place, &actions)
  }

  /// What waited until it may go on.
  mutating func answerHeld(_ place: Int, _ actions: inout [Action]) {
    let held = replicas[place].held
    replicas[place].held = []
    for request in held { answerHeld(request, place, &actions) }
  }

  /// Tells the orchestrator that the takeover is done; where the old leader still keeps its copy, once that has gone.
  private mutating func confirm(_ order: Order, _ place: Int, _ actions: inout [Action]) {
    if awaitsRelease(order, place) {
      replicas[place].takeover = order
    } else {
      replicas[place].takeover = nil
      done(order.id, &actions)
    }
  }

  /// The old leader is to let its copy go, and has not said yet that it did.
  func awaitsRelease(_ order: Order, _ place: Int) -> Bool {
    order.kind == .takeOver && isLeader(place) && !rules.holdsData(order.sourceChange.to)
      && replicas[place].record.done == order.id && replicas[place].record.followers.contains(order.source)
  }

  /// The orchestrator asks again while the old leader has not answered yet.
  mutating func askForRelease(_ order: Order, _ place: Int, _ sender: Address, _ actions: inout [Action]) {
    actions.append(.send(.working(order.id), to: sender))
    // After a restart the old leader is asked as all followers are, once the disk is confirmed.
    guard leads(place) else { return }
    replicas[place].takeover = order
    askFollowers(place, &actions)
  }

  /// A follower has left: it may have been the old leader.
  mutating func noteRelease(_ place: Int, _ actions: inout [Action]) {
    if let order = replicas[place].takeover { confirm(order, place, &actions) }
  }

  /// The old leader hears from a leader of `term` later than it led itself: there is a successor, and the copy goes.
  /// Not at the word of one that is older than what the node has promised since: an orchestrator may have counted on
  /// the copy.
  mutating func release(
    _ place: Int, _ term: UInt64, _ round: UInt64, _ leader: Address, _ actions: inout [Action]
  ) {
    guard term >= revision else { return }
    replicas[place].record.term = max(replicas[place].record.term, term)
    replicas[place].record.followers = []
    replicas[place].record.log = []
    actions.append(.persist(partitions[place]))
    actions.append(.send(.left(partitions[place], round: round), to: leader))
  }

  /// Into an exclusive state in which nobody leads.
  private mutating func stepIn(_ order: Order, _ place: Int, _ actions: inout [Action]) {
    replicas[place].job = .none
    if rules.isLeading(replicas[place].record.state) { stopLeading(place, &actions) }
    replicas[place].record.state = order.change.to
    replicas[place].record.done = order.id
    replicas[place].record.term = max(replicas[place].record.term, order.term)
    persistAndFinish(order.id, place, &actions)
    denyHeld(place, &actions)
  }

  private mutating func answerHeld(_ held: Replica.Held, _ place: Int, _ actions: inout [Action]) {
    if let value = held.value {
      write(partitions[place], value, held.request, held.kind, held.client, &actions)
    } else {
      read(partitions[place], held.request, held.kind, held.client, &actions)
    }
  }
}
