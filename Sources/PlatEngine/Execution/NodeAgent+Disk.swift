/// Which disk a node has, and whether it may be relied on.
///
/// A disk that was wiped, or set back to what it was a while ago, must not be taken for the one that is known: it lacks writes that
/// were acknowledged, or followers. So a node that starts again serves nothing until an orchestrator has confirmed its disk, by what the
/// journal knows of it and by what the node should hold; and a leader asks its followers whether they have anything that it lacks
/// before it leads on. Nothing of that costs anything while no node starts.
///
///     orchestrator                     node
///          │───── check(confirmed: 3) ───►│ started for the 4th time: serves nothing
///          │◄──── well(disk, boot 4) ─────│
///          │───── claim ─────────────────►│ (the same revision: nothing that is under way ends)
///          │◄──── inventory ──────────────│ as is expected, and not older than the journal knows; else all is planned again
///          │───── check(confirmed: 4) ───►│ ── compare ──► followers ── compared ──►  leads on
public struct DiskState: Hashable, Sendable {
  public var store: UInt64
  /// Which start of the agent this is.
  public var boot: UInt32
  /// See `Promise.Disk`, as of before the last claim.
  public var confirmed: UInt64
  /// An orchestrator has confirmed it in this start, or it is the node's first.
  public var isConfirmed: Bool
  /// A follower has what this node had written, and the node has not: it was set back.
  public var isSetBack = false

  public init(store: UInt64, boot: UInt32, confirmed: UInt64, isConfirmed: Bool) {
    self.store = store
    self.boot = boot
    self.confirmed = confirmed
    self.isConfirmed = isConfirmed
  }
}

extension NodeAgent {
  /// Whether an orchestrator has found its disk to be the one that is known.
  package var isRelied: Bool { mayServe }

  /// Whether clients and peers may rely on what it has.
  var mayServe: Bool { disk.map { $0.isConfirmed && !$0.isSetBack } ?? true }

  /// It starts on this disk. `isFirst`: the node has what the map says that it began with. What must be durable before anything else
  /// is returned.
  public mutating func start(on store: UInt64, boot: UInt32, confirmed: UInt64, isFirst: Bool) -> [Action] {
    let isTrusted = isFirst || plant == .trustAnyDisk
    disk = DiskState(store: store, boot: boot, confirmed: confirmed, isConfirmed: isTrusted)
    if !isTrusted {
      for place in replicas.indices {
        for follower in replicas[place].progress.indices { replicas[place].progress[follower].isCompared = false }
      }
    }
    return [.persistPromise]
  }

  /// An orchestrator of `revision` asks how the node is, and says at which start it confirmed the disk.
  mutating func check(_ asked: UInt64, _ confirmed: UInt32, _ sender: Address, _ actions: inout [Action]) {
    guard asked >= revision else { return actions.append(.send(.outdated(revision: revision), to: sender)) }
    confirm(confirmed, asked, &actions)
    actions.append(.send(disk.map { .well($0) } ?? .alive, to: sender))
  }

  /// `asked` nil: by an orchestrator of a version that knows nothing of disks.
  mutating func confirm(_ boot: UInt32?, _ asked: UInt64?, _ actions: inout [Action]) {
    guard let known = disk, boot == nil || boot == known.boot, asked == nil || asked == revision else { return }
    let isEmptied = known.isSetBack && wasEmptied(asked)
    guard !known.isConfirmed || isEmptied else { return }
    if isEmptied { disk!.isSetBack = false }
    disk!.isConfirmed = true
    actions.append(.persistPromise)
    compareAll(&actions)
  }

  /// What was set back has been thrown away by order: who confirms the disk at a later revision than that at which it was found out knew
  /// of it when it planned.
  private func wasEmptied(_ asked: UInt64?) -> Bool {
    guard let asked else { return !replicas.contains { rules.holdsData($0.record.state) } }
    return asked > foundSetBackAt
  }

  // MARK: A leader that starts again

  mutating func compareAll(_ actions: inout [Action]) {
    guard mayServe else { return }
    for place in replicas.indices where isLeader(place) { compare(place, &actions) }
  }

  /// Asks followers that have not answered yet since the start.
  private mutating func compare(_ place: Int, _ actions: inout [Action]) {
    let record = replicas[place].record
    for follower in replicas[place].progress.indices where !replicas[place].progress[follower].isCompared {
      round += 1
      let question = Message.compare(
        partitions[place], term: record.led, round: round, end: record.log.count, lastTerm: record.lastTerm)
      actions.append(.send(question, to: .node(record.followers[follower])))
    }
  }

  var waitsForComparison: Bool {
    mayServe && replicas.indices.contains { isLeader($0) && replicas[$0].progress.contains { !$0.isCompared } }
  }

  /// The follower says how far its log goes.
  mutating func answerComparison(
    _ partition: PartitionIndex, _ term: UInt64, _ round: UInt64, _ leader: Address, _ actions: inout [Action]
  ) {
    let known = place(partition)
    let record = known.map { replicas[$0].record }
    if let record, term < record.term {
      actions.append(.send(.fenced(partition, term: record.term), to: leader))
    } else if let record, let known, replicas[known].job == .none, record.isRetained(rules) {
      release(known, term, round, leader, &actions)
    } else if let record, let known, isCopy(known) {
      actions.append(
        .send(.compared(partition, term: term, round: round, end: record.log.count, lastTerm: record.lastTerm), to: leader))
    } else if mayServe {
      actions.append(.send(.left(partition, round: round), to: leader))
    }
  }

  /// A follower has entries of this leader's own term that it lacks itself: its disk is older than what it has sent.
  mutating func noteComparison(
    _ partition: PartitionIndex, _ term: UInt64, _ round: UInt64, _ end: Int, _ lastTerm: UInt64, _ sender: Address,
    _ actions: inout [Action]
  ) {
    guard let place = place(partition), isLeader(place), replicas[place].record.led == term, case .node(let node) = sender,
      let follower = replicas[place].record.followers.firstIndex(of: node), round >= replicas[place].progress[follower].since
    else { return }
    if lastTerm == term, end > replicas[place].record.log.count, plant != .leadOnSetBack {
      if disk?.isSetBack == false { foundSetBackAt = revision }
      disk?.isSetBack = true
      for place in replicas.indices { denyWaiting(place, &actions) }
      return
    }
    replicas[place].progress[follower].isCompared = true
  }
}
