/// A new replica: the newcomer fetches what the source has, the leader takes it among its followers, and only when it
/// has all that was acknowledged until then does it call itself what the order says.
///
///     newcomer ── fetch ──► source       (checks its state; where nobody leads, refuses older leaders from now on)
///              ◄─ fetched ─
///              ── join ───► leader       (from now on no write is acknowledged without the newcomer)
///              ◄─ joined, append ─       (up to the leader's end at that moment, then it is complete)
extension NodeAgent {
  mutating func beginCopy(_ order: Order, _ place: Int, _ sender: Address, _ actions: inout [Action]) {
    if replicas[place].job != .none { actions.append(.send(.working(order.id), to: sender)) }
    if case .joining(_, let attempt, let end, let matched) = replicas[place].job, order.leader != .none {
      // Asked again: the answer may have been lost, or somebody else leads now.
      replicas[place].job = .joining(order, attempt: attempt, end: end, matched: matched)
      actions.append(.send(.join(order, attempt: attempt), to: .node(order.leader)))
      return
    }
    replicas[place].job = .fetching(order)
    actions.append(.send(.fetch(order), to: .node(order.source)))
  }

  /// The source gives what it has.
  mutating func give(_ order: Order, _ sender: Address, _ actions: inout [Action]) {
    guard admit(order.id.revision, &actions) else { return }
    guard let place = place(order.partition), replicas[place].record.state == order.sourceChange.from else {
      actions.append(.send(.peerRefused(order.id, .wrongState), to: sender))
      return
    }
    guard mayGive(place) else { return actions.append(.send(.peerRefused(order.id, .notRunning), to: sender)) }
    // What may be out of date feeds nobody who is not fed by a leader as well.
    guard mayServe(place) || order.leader != .none else {
      actions.append(.send(.peerRefused(order.id, .busy), to: sender))
      return
    }
    if order.leader == .none, rules.leading != nil, replicas[place].record.term < order.term {
      replicas[place].record.term = order.term
      actions.append(.persist(order.partition))
    }
    let record = replicas[place].record
    actions.append(.send(.fetched(order.id, log: record.log, term: record.term), to: sender))
  }

  mutating func take(_ id: OrderID, _ log: [Entry], _ term: UInt64, _ actions: inout [Action]) {
    guard let place = place(of: id), case .fetching(let order) = replicas[place].job else { return }
    guard !isDiskFull || log.isEmpty else {
      replicas[place].job = .none
      return refuse(id, .noRoom, &actions)
    }
    replicas[place].record.log = log
    replicas[place].record.term = max(replicas[place].record.term, term, order.term)
    guard order.leader != .none, plant != .slaveBeforeComplete else { return finishCopy(order, place, &actions) }
    round += 1
    replicas[place].job = .joining(order, attempt: round, end: .max, matched: 0)
    actions.append(.persist(order.partition))
    actions.append(.send(.join(order, attempt: round), to: .node(order.leader)))
  }

  /// The leader takes a newcomer among its followers.
  mutating func admitNewcomer(_ order: Order, _ attempt: UInt64, _ sender: Address, _ actions: inout [Action]) {
    guard admit(order.id.revision, &actions), case .node(let newcomer) = sender else { return }
    guard let place = place(order.partition), leads(place) else {
      // Who has started again may lead soon.
      let why = place(order.partition).map { isLeader($0) } ?? false ? Refusal.notRunning : .notLeader
      actions.append(.send(.peerRefused(order.id, why), to: sender))
      return
    }
    round += 1
    if plant != .newcomerNotFed {
      var fresh = Replica.Progress(
        matched: 0, next: replicas[place].record.log.count, round: 0, since: round)
      if let known = replicas[place].record.followers.firstIndex(of: newcomer) {
        // Asked again, it goes on looking where both logs part.
        fresh.next = min(fresh.next, replicas[place].progress[known].next)
        replicas[place].progress[known] = fresh
      } else {
        replicas[place].record.followers.append(newcomer)
        replicas[place].progress.append(fresh)
      }
      actions.append(.persist(order.partition))
    }
    let record = replicas[place].record
    actions.append(.send(.joined(order.id, attempt: attempt, end: record.log.count, term: record.led), to: sender))
    if let follower = record.followers.firstIndex(of: newcomer) { sendLog(place, follower, &actions) }
  }

  mutating func wasJoined(_ id: OrderID, _ attempt: UInt64, _ end: Int, _ term: UInt64, _ actions: inout [Action]) {
    if let place = place(of: id), case .leaving(let order, attempt) = replicas[place].job {
      replicas[place].job = .none
      return set(order, place, &actions)
    }
    guard let place = place(of: id), case .joining(let order, attempt, _, let matched) = replicas[place].job else {
      return
    }
    let known = plant == .newcomerNotFed ? end : matched
    replicas[place].job = .joining(order, attempt: attempt, end: end, matched: known)
    finishIfComplete(place, &actions)
  }

  mutating func finishIfComplete(_ place: Int, _ actions: inout [Action]) {
    guard case .joining(let order, _, let end, let matched) = replicas[place].job, matched >= end else { return }
    finishCopy(order, place, &actions)
  }

  private mutating func finishCopy(_ order: Order, _ place: Int, _ actions: inout [Action]) {
    guard order.kind == .copy else { return beginTakeover(order, place, &actions) }
    replicas[place].job = .none
    replicas[place].isProven = true
    replicas[place].record.state = order.change.to
    replicas[place].record.done = order.id
    let leads = rules.isLeading(order.change.to)
    if leads { beginToLead(place, order.id.revision, order.followers, &actions) }
    persistAndFinish(order.id, place, &actions)
    if leads { askFollowers(place, &actions) }
  }

  // MARK: A copy that goes

  /// Whether who leads is asked before the copy goes: its disk may have been set back since the orchestrator heard of
  /// it last, and this copy be the one that shows it.
  func asksToLeave(_ order: Order, _ place: Int) -> Bool {
    order.leader != .none && order.leader != node && rules.holdsData(order.change.from)
      && !rules.holdsData(order.change.to)
      && plant != .leaveUnasked
  }

  /// It asks as a new replica does, so that older versions answer, too: who leads again after a start has asked all
  /// that it knows.
  mutating func askToLeave(_ order: Order, _ place: Int, _ sender: Address, _ actions: inout [Action]) {
    if replicas[place].job != .none { actions.append(.send(.working(order.id), to: sender)) }
    round += 1
    replicas[place].job = .leaving(order, attempt: round)
    actions.append(.send(.join(order, attempt: round), to: .node(order.leader)))
  }

  /// The source, the leader or the old leader will not.
  mutating func peerRefused(_ id: OrderID, _ why: Refusal, _ actions: inout [Action]) {
    guard let place = place(of: id) else { return }
    // A successor may have been handed over to meanwhile, and a new replica be among the followers: both ask anew.
    replicas[place].job = .none
    denyHeld(place, &actions)
    refuse(id, why, &actions)
  }
}
