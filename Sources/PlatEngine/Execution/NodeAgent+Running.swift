/// Running states and pauses of replicas.
///
/// | replica | clients | other nodes |
/// | --- | --- | --- |
/// | stopped | are denied | get no data of it; it confirms a leader, but takes no write |
/// | persistence paused | writes wait, reads do not | as far as its disk has the log, it confirms it |
/// | replication paused | writes wait where it leads | it sends no write and takes none |
///
/// Only a replica that runs, with nothing paused, begins to lead. What waits for a follower is acknowledged when that
/// follower has it, or when the orchestrator has written down that it is left behind: there is no third way.
extension NodeAgent {
  /// Requests that one replica holds back at most; those beyond are denied.
  static let mostHeld = 1024

  mutating func obey(_ order: ModeOrder, _ sender: Address, _ actions: inout [Action]) {
    guard admit(order.id.revision, &actions) else {
      actions.append(.send(.outdated(revision: revision), to: sender))
      return
    }
    guard let place = place(order.partition), rules.holdsData(replicas[place].record.state) else {
      // A replica that is not there is as one that begins.
      return actions.append(.send(.hasMode(order.id, order.partition, .usual), to: sender))
    }
    let record = replicas[place].record
    if record.modeOrder < order.id, record.mode == order.from, record.mode.mayBecome(order.to) {
      replicas[place].record.modeOrder = order.id
      change(to: order.to, place, &actions)
    }
    actions.append(.send(.hasMode(order.id, order.partition, replicas[place].record.mode), to: sender))
  }

  private mutating func change(to mode: RunMode, _ place: Int, _ actions: inout [Action]) {
    let before = replicas[place].record.mode
    replicas[place].record.mode = mode
    if !mode.run.takesRequests, plant != .serveStopped {
      denyWaiting(place, &actions)
      denyHeld(place, &actions)
    }
    actions.append(.persist(partitions[place]))
    actions.append(.changedMode(partitions[place]))
    guard leads(place), mode.pauses != before.pauses else { return }
    if !mode.pauses.contains(.persistence) { answerHeld(place, &actions) }
    if !mode.pauses.contains(.replication) { askFollowers(place, &actions) }
  }

  /// A node that has the partition no more forgets how it ran; so it comes back as any new replica.
  mutating func forgetMode(_ place: Int) {
    if !rules.holdsData(replicas[place].record.state) { replicas[place].record.mode = .usual }
  }

  /// Whether the node may go from one state to the other as it runs now: only who runs begins to lead.
  func mayGo(_ change: StateChange, _ place: Int) -> Bool {
    guard rules.isLeading(change.to), !rules.isLeading(change.from) else { return true }
    return replicas[place].record.mode.mayLead || plant == .promoteStopped
  }

  /// Its data may go to another node.
  func mayGive(_ place: Int) -> Bool {
    let mode = replicas[place].record.mode
    return plant == .serveStopped || mode.run.takesRequests && !mode.pauses.contains(.replication)
  }

  /// What another node sends may go to this replica's disk.
  func mayStore(_ place: Int) -> Bool { replicas[place].record.mode.mayStore }

  /// So much of what the leader sent is in the log already.
  func sameAs(_ log: [Entry], after previous: Int, _ place: Int) -> Int {
    if plant == .confirmPaused { return previous + log.count }
    let own = replicas[place].record.log
    var position = previous
    for entry in log {
      guard position < own.count, own[position] == entry else { break }
      position += 1
    }
    return position
  }

  /// How a replica runs; nil: the node has no data of the partition.
  public func mode(_ partition: PartitionIndex) -> RunMode? {
    place(partition).flatMap { rules.holdsData(replicas[$0].record.state) ? replicas[$0].record.mode : nil }
  }
}
