/// Who leads passes over, in one exchange:
///
///     orchestrator        heir (slave)                    old leader (master)
///          │── takeOver ──►│ pending: writes are held       │
///          │               │────────── handOver ───────────►│ durably no leader any more, then
///          │               │◄── what the heir lacks ────────│ answers; asked again, answers the same
///          │               │ durably master                 │
///          │◄─── done ─────│ answers what it held           │
///
/// A heir that crashes is what it was before. From the moment at which the old leader has written down that it handed over
/// until the heir has, nobody leads; never two.
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
    guard admit(order.id.revision, &actions), case .node(let heir) = sender else { return }
    guard let place = place(order.partition) else { return refuseHeir(order.id, .wrongState, heir, &actions) }
    guard mayGive(place) else { return refuseHeir(order.id, .notRunning, heir, &actions) }
    guard rules.isLeading(order.change.to) else { return stepAside(order, place, heir, &actions) }
    if replicas[place].record.handed != order.id {
      guard replicas[place].record.state == order.sourceChange.from && leads(place) || plant == .skipCompareAndSwap else {
        return refuseHeir(order.id, .wrongState, heir, &actions)
      }
      let followers = replicas[place].record.followers
      replicas[place].record.state = order.sourceChange.to
      stopLeading(place, &actions)
      forgetMode(place)
      replicas[place].record.handed = order.id
      replicas[place].record.done = order.id
      // Kept for being asked again.
      replicas[place].record.followers = followers
      if plant != .handOverNotDurable { actions.append(.persist(order.partition)) }
    }
    let record = replicas[place].record
    let isSame = end <= record.log.count && (end == 0 || record.log[end - 1].term == lastTerm)
    let start = isSame ? end : 0
    var followers = record.followers.filter { $0 != heir }
    if rules.holdsData(record.state) { followers.append(node) }
    if plant == .leaveFollowersBehind { followers = [] }
    let lacking = plant == .handOverWithoutTail ? [] : Array(record.log[start...])
    actions.append(.send(.handedOver(order.id, followers: followers, start: start, log: lacking), to: sender))
  }

  /// Who leaves an exclusive state in which nobody leads. The other has the data already.
  private mutating func stepAside(_ order: Order, _ place: Int, _ other: NodeIndex, _ actions: inout [Action]) {
    if replicas[place].record.handed != order.id {
      guard replicas[place].record.state == order.sourceChange.from || plant == .skipCompareAndSwap else {
        return refuseHeir(order.id, .wrongState, other, &actions)
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

  private func refuseHeir(_ id: OrderID, _ why: Refusal, _ heir: NodeIndex, _ actions: inout [Action]) {
    actions.append(.send(.peerRefused(id, why), to: .node(heir)))
  }

  /// The heir has all.
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
    persistAndFinish(id, place, &actions)
    answerHeld(place, &actions)
    askFollowers(place, &actions)
  }

  /// What waited until it may go on.
  mutating func answerHeld(_ place: Int, _ actions: inout [Action]) {
    let held = replicas[place].held
    replicas[place].held = []
    for request in held { answerHeld(request, place, &actions) }
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
      write(partitions[place], value, held.request, held.client, &actions)
    } else {
      read(partitions[place], held.request, held.client, &actions)
    }
  }
}
