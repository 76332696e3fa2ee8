/// Writes and reads of a partition that one node leads.
///
/// A write is acknowledged when every follower has it on disk; a read is answered when every follower has confirmed,
/// after the read came, that it knows no later leader. So a leader that is cut off, or that another one has replaced,
/// answers nobody: no clock and no lease is needed for that. Who is no follower any more has said so itself (`left`),
/// or the orchestrator has, at a higher revision and after writing it down (`lead`).
///
/// Logs are brought in line as in Raft (Ongaro, Ousterhout 2014): a message names the entry before its first one, and a
/// follower that has another there says so.
extension NodeAgent {
  func leads(_ place: Int) -> Bool {
    isLeader(place) && mayServe(place) && replicas[place].progress.allSatisfy(\.isCompared)
  }

  /// Whether it will, once its disk is confirmed and its followers have been asked.
  func isLeader(_ place: Int) -> Bool {
    let record = replicas[place].record
    return rules.isLeading(record.state) && record.led == record.term && !replicas[place].isFenced
      && replicas[place].job == .none && replicas[place].progress.count == record.followers.count
  }

  /// Whether it takes the partition's writes, as far as it knows.
  public func leads(_ partition: PartitionIndex) -> Bool { place(partition).map { leads($0) } ?? false }

  // MARK: The leader

  mutating func write(
    _ partition: PartitionIndex, _ value: UInt64, _ request: UInt32, _ kind: StateModel.Requests, _ client: Address,
    _ actions: inout [Action]
  ) {
    let held = Replica.Held(client: client, request: request, kind: kind, value: value)
    guard rules.writing.contains(kind) else { return deny(request, client, &actions) }
    guard let place = ready(partition, held, &actions) else { return }
    let copies = replicas[place].record.followers.count + 1
    guard !isDiskFull, copies >= rules.minInSync || plant == .ignoreFloor,
      plant != .denyOnceLeading || !wasToldToLead(place)
    else { return deny(request, client, &actions) }
    let entry = Entry(term: replicas[place].record.led, value: value)
    let isInFront = plant == .writeInFront && !replicas[place].record.log.isEmpty
    replicas[place].record.log.insert(
      entry, at: isInFront ? replicas[place].record.log.count - 1 : replicas[place].record.log.count)
    if plant != .acknowledgeUnpersisted || replicas[place].record.mode.pauses.isEmpty {
      actions.append(.persist(partition))
    }
    replicas[place].waiting.append(
      Replica.Waiting(
        client: client, request: request, isRead: false, position: replicas[place].record.log.count, round: 0))
    if plant == .acknowledgeEarly { answerAll(place, &actions) } else { answerWhatMay(place, &actions) }
    for follower in replicas[place].progress.indices { sendLog(place, follower, &actions) }
  }

  private func wasToldToLead(_ place: Int) -> Bool {
    let record = replicas[place].record
    return record.done != .none && record.done.revision == record.led
  }

  mutating func read(
    _ partition: PartitionIndex, _ request: UInt32, _ kind: StateModel.Requests, _ client: Address,
    _ actions: inout [Action]
  ) {
    let held = Replica.Held(client: client, request: request, kind: kind, value: nil)
    guard rules.reading.contains(kind) else { return deny(request, client, &actions) }
    guard let place = ready(partition, held, &actions) else { return }
    replicas[place].waiting.append(
      Replica.Waiting(
        client: client, request: request, isRead: true, position: replicas[place].record.log.count, round: round + 1))
    if plant == .readWithoutAsking {
      answer(replicas[place].waiting.removeLast(), place, &actions)
    } else {
      answerWhatMay(place, &actions)
    }
    if !replicas[place].waiting.isEmpty { askFollowers(place, &actions) }
  }

  /// Where the partition is led here; else the request is held or denied.
  private mutating func ready(_ partition: PartitionIndex, _ asked: Replica.Held, _ actions: inout [Action]) -> Int? {
    guard let place = place(partition), replicas[place].record.mode.run.takesRequests || plant == .serveStopped,
      leads(place) || holds(asked, place)
    else {
      deny(asked.request, asked.client, &actions)
      return nil
    }
    if !holds(asked, place) { return place }
    if replicas[place].held.count < NodeAgent.mostHeld {
      replicas[place].held.append(asked)
    } else {
      deny(asked.request, asked.client, &actions)
    }
    return nil
  }

  /// A request that waits: at a successor until the takeover has ended; a write until the disk may have it.
  private func holds(_ asked: Replica.Held, _ place: Int) -> Bool {
    if case .takingOver(let order) = replicas[place].job {
      let kind = plant == .holdBySort ? (asked.value == nil ? .read : .write) : asked.kind
      return order.hold.contains(kind) && plant != .releaseHeld
    }
    return asked.value != nil && replicas[place].record.mode.pauses.contains(.persistence)
      && plant != .acknowledgeUnpersisted
      && leads(place)
  }

  /// Kinds of requests that wait at a successor.
  package func heldKinds(_ partition: PartitionIndex) -> StateModel.Requests {
    guard let place = place(partition), case .takingOver(let order) = replicas[place].job else { return [] }
    return replicas[place].record.mode.run.takesRequests ? order.hold : []
  }

  /// It was not done and never will be.
  private func deny(_ request: UInt32, _ client: Address, _ actions: inout [Action]) {
    actions.append(.send(.denied(request: request, isDefinite: true), to: client))
  }

  mutating func beginToLead(_ place: Int, _ term: UInt64, _ followers: [NodeIndex], _ actions: inout [Action]) {
    replicas[place].record.led = term
    replicas[place].record.term = term
    replicas[place].record.followers = followers
    replicas[place].isFenced = false
    (replicas[place].isProven, replicas[place].isWaiting, replicas[place].ledUnproven) = (true, false, false)
    replicas[place].takeover = nil
    let end = replicas[place].record.log.count
    round += 1
    let since = round
    replicas[place].progress = followers.map { _ in Replica.Progress(matched: 0, next: end, round: 0, since: since) }
    // Reads must be confirmed by these followers.
    for waiting in replicas[place].waiting.indices { replicas[place].waiting[waiting].round = since }
  }

  mutating func stopLeading(_ place: Int, _ actions: inout [Action]) {
    replicas[place].record.led = 0
    replicas[place].record.followers = []
    replicas[place].progress = []
    replicas[place].takeover = nil
    denyWaiting(place, &actions)
    denyHeld(place, &actions)
  }

  mutating func askFollowers(_ place: Int, _ actions: inout [Action]) {
    for follower in replicas[place].progress.indices { sendLog(place, follower, &actions) }
  }

  mutating func sendLog(_ place: Int, _ follower: Int, _ actions: inout [Action]) {
    guard !replicas[place].record.mode.pauses.contains(.replication) else { return }
    let record = replicas[place].record
    let next = min(replicas[place].progress[follower].next, record.log.count)
    round += 1
    actions.append(
      .send(
        .append(
          partitions[place], term: record.led, round: round, previous: next,
          previousTerm: next == 0 ? 0 : record.log[next - 1].term, log: Array(record.log[next...])),
        to: .node(record.followers[follower])))
  }

  /// The follower whose answer this is, if it counts.
  private func follower(_ partition: PartitionIndex, _ term: UInt64, _ round: UInt64, _ sender: Address) -> (Int, Int)?
  {
    guard let place = place(partition), isLeader(place), mayServe(place), replicas[place].record.led == term,
      case .node(let node) = sender,
      let follower = replicas[place].record.followers.firstIndex(of: node),
      round >= replicas[place].progress[follower].since
    else { return nil }
    return (place, follower)
  }

  mutating func noteMatch(
    _ partition: PartitionIndex, _ term: UInt64, _ round: UInt64, _ matched: Int, _ isCopy: Bool, _ sender: Address,
    _ actions: inout [Action]
  ) {
    guard let (place, follower) = follower(partition, term, round, sender) else { return }
    if isCopy { replicas[place].progress[follower].isCopy = true }
    replicas[place].progress[follower].isCompared = true  // one of an older version answers `compare` so
    // A later answer that confirms less comes from a disk that was set back.
    let isLater = round >= replicas[place].progress[follower].round
    replicas[place].progress[follower].matched =
      isLater ? matched : max(replicas[place].progress[follower].matched, matched)
    replicas[place].progress[follower].next = replicas[place].progress[follower].matched
    replicas[place].progress[follower].step = 0
    replicas[place].progress[follower].round = max(replicas[place].progress[follower].round, round)
    answerWhatMay(place, &actions)
  }

  mutating func goBack(
    _ partition: PartitionIndex, _ term: UInt64, _ round: UInt64, _ hint: Int, _ sender: Address,
    _ actions: inout [Action]
  ) {
    guard let (place, follower) = follower(partition, term, round, sender), hint >= 0,
      hint < replicas[place].progress[follower].next
    else { return }
    replicas[place].progress[follower].isCompared = true
    let step = max(1, 2 * replicas[place].progress[follower].step)
    replicas[place].progress[follower].step = step
    replicas[place].progress[follower].next = max(0, min(hint, replicas[place].progress[follower].next - step))
    replicas[place].progress[follower].matched = min(replicas[place].progress[follower].matched, hint)
    sendLog(place, follower, &actions)
  }

  /// Another leads, or has: this one answers nobody any more.
  mutating func noteFence(_ partition: PartitionIndex, _ term: UInt64, _ actions: inout [Action]) {
    guard let place = place(partition), isLeader(place), term > replicas[place].record.term else { return }
    replicas[place].isFenced = true
    denyWaiting(place, &actions)
    denyHeld(place, &actions)
  }

  /// A follower holds nothing any more, as it was told to; no later leader has been heard of where it was told.
  mutating func noteLeaving(_ partition: PartitionIndex, _ round: UInt64, _ sender: Address, _ actions: inout [Action])
  {
    guard let place = place(partition),
      let (_, follower) = follower(partition, replicas[place].record.led, round, sender)
    else { return }
    // What it has been compared with proves it, also when that is gone.
    if isProven(place) { replicas[place].isProven = true }
    replicas[place].record.followers.remove(at: follower)
    replicas[place].progress.remove(at: follower)
    actions.append(.persist(partition))
    noteRelease(place, &actions)
    answerWhatMay(place, &actions)
  }

  mutating func answerWhatMay(_ place: Int, _ actions: inout [Action]) {
    guard !replicas[place].waiting.isEmpty else { return }
    let matched = replicas[place].progress.map(\.matched).min() ?? .max
    let round = replicas[place].progress.map(\.round).min() ?? .max
    let isEnough = copies(place) >= rules.minInSync || plant == .ignoreFloor
    var kept = 0
    for index in replicas[place].waiting.indices {
      let waiting = replicas[place].waiting[index]
      if waiting.position <= matched, waiting.round <= round, waiting.isRead || isEnough {
        answer(waiting, place, &actions)
      } else {
        replicas[place].waiting[kept] = waiting
        kept += 1
      }
    }
    replicas[place].waiting.removeSubrange(kept...)
  }

  /// On how many disks a write is that all followers have: those of new replicas that are still being made do not
  /// count.
  private func copies(_ place: Int) -> Int { 1 + replicas[place].progress.count { $0.isCopy } }

  private mutating func answerAll(_ place: Int, _ actions: inout [Action]) {
    for waiting in replicas[place].waiting { answer(waiting, place, &actions) }
    replicas[place].waiting = []
  }

  private func answer(_ waiting: Replica.Waiting, _ place: Int, _ actions: inout [Action]) {
    let message: Message =
      waiting.isRead
      ? .answer(request: waiting.request, log: Array(replicas[place].record.log.prefix(waiting.position)))
      : .written(request: waiting.request)
    actions.append(.send(message, to: waiting.client))
  }

  mutating func denyWaiting(_ place: Int, _ actions: inout [Action]) {
    for waiting in replicas[place].waiting {
      // A write is in the log by now, here or also elsewhere: the next leader may have it.
      let isDefinite = waiting.isRead || plant == .denyTooSurely
      actions.append(.send(.denied(request: waiting.request, isDefinite: isDefinite), to: waiting.client))
    }
    replicas[place].waiting = []
  }

  mutating func denyHeld(_ place: Int, _ actions: inout [Action]) {
    for held in replicas[place].held { deny(held.request, held.client, &actions) }
    replicas[place].held = []
  }

  mutating func sendAgain(_ actions: inout [Action]) {
    if waitsForComparison { compareAll(&actions) }
    for place in replicas.indices where !replicas[place].waiting.isEmpty || replicas[place].takeover != nil {
      if leads(place) {
        askFollowers(place, &actions)
      } else {
        replicas[place].takeover = nil
        denyWaiting(place, &actions)
      }
    }
    for place in replicas.indices where !replicas[place].held.isEmpty && !leads(place) {
      if case .takingOver = replicas[place].job { continue }
      denyHeld(place, &actions)
    }
  }

  // MARK: The follower

  mutating func append(
    _ partition: PartitionIndex, _ term: UInt64, _ round: UInt64, _ previous: Int, _ previousTerm: UInt64,
    _ log: [Entry],
    _ leader: Address, _ actions: inout [Action]
  ) {
    let known = place(partition).map { replicas[$0].record.term } ?? 0
    if term < known, plant != .noFencing {
      actions.append(.send(.fenced(partition, term: known), to: leader))
      return
    }
    // What may be out of date obeys nobody, and has not left of its own will.
    guard mayServe, place(partition).map({ mayServe($0) }) ?? true else { return }
    if let place = place(partition), replicas[place].job == .none, replicas[place].record.isRetained(rules) {
      return release(place, term, round, leader, &actions)
    }
    guard let place = place(partition), isCopy(place) else {
      if remembers(partition, term) { actions.append(.send(.left(partition, round: round), to: leader)) }
      return
    }
    guard !isLeader(place) || term > replicas[place].record.led, previous >= 0 else { return }
    var isChanged = term > replicas[place].record.term
    if isChanged {
      replicas[place].record.term = term
      denyWaiting(place, &actions)
    }
    let end = replicas[place].record.log.count
    let fits = previous <= end && (previous == 0 || replicas[place].record.log[previous - 1].term == previousTerm)
    guard mayStore(place) || !fits else {
      // It takes nothing, and confirms what it has: who leads may go on to answer reads of that.
      if isChanged { actions.append(.persist(partition)) }
      let matched = sameAs(log, after: previous, place)
      return actions.append(
        .send(.appended(partition, term: term, round: round, matched: matched, isCopy: isWholeCopy(place)), to: leader))
    }
    let isNew = fits && take(log, after: previous, place, &isChanged)
    if isChanged { actions.append(.persist(partition)) }
    guard fits, isNew else {
      let hint = fits ? previous : max(0, min(end, previous - 1))
      if !fits { actions.append(.send(.differs(partition, term: term, round: round, hint: hint), to: leader)) }
      return
    }
    let matched = previous + log.count
    replicas[place].isProven = true
    actions.append(
      .send(.appended(partition, term: term, round: round, matched: matched, isCopy: isWholeCopy(place)), to: leader))
    if case .joining(let order, let attempt, let end, let before) = replicas[place].job {
      replicas[place].job = .joining(order, attempt: attempt, end: end, matched: max(before, matched))
      finishIfComplete(place, &actions)
    }
  }

  /// A copy, or one that is being made.
  func isCopy(_ place: Int) -> Bool {
    switch replicas[place].job {
    case .joining: return true
    case .takingOver(let order) where !rules.isLeading(order.change.to): return true
    default: return rules.holdsData(replicas[place].record.state)
    }
  }

  /// Not one that is still being made.
  private func isWholeCopy(_ place: Int) -> Bool {
    if case .leaving = replicas[place].job { return true }
    return replicas[place].job == .none && rules.holdsData(replicas[place].record.state)
  }

  /// Writes entries behind the first `previous`. What is there already stays; what differs goes, with all after it.
  /// False: the disk is full.
  private mutating func take(_ log: [Entry], after previous: Int, _ place: Int, _ isChanged: inout Bool) -> Bool {
    for (offset, entry) in log.enumerated() {
      let position = previous + offset
      if position < replicas[place].record.log.count {
        if replicas[place].record.log[position] == entry { continue }
        // Nobody ever writes two entries of one term in one place: the leader's disk is older than what it sent.
        if replicas[place].record.log[position].term == entry.term, plant != .leadOnSetBack { return false }
        replicas[place].record.log.removeSubrange(position...)
        isChanged = true
      }
      guard !isDiskFull else { return false }
      replicas[place].record.log.append(entry)
      isChanged = true
    }
    return true
  }
}
