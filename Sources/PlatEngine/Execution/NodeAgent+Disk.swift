/// Which disk a node has, and whether it may be relied on.
///
/// A disk that was wiped, or set back to what it was a while ago, must not be taken for the one that is known: it lacks
/// writes that were acknowledged, or followers. So a node that starts again serves nothing until an orchestrator has
/// confirmed its disk, by what the journal knows of it and by what the node should hold; and a leader asks its
/// followers whether they have anything that it lacks before it leads on. Nothing of that costs anything while no node
/// starts.
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
  /// The revision that had been promised on it when the agent started; once it is confirmed, the one before the last
  /// claim.
  public var confirmed: UInt64
  /// An orchestrator has confirmed it in this start, or it is the node's first.
  public var isConfirmed: Bool
  /// A follower has what this node had written, and the node has not: it was set back. Each time that this is found out
  /// has a number of its own; 0: it was not.
  public var setBack: UInt64 = 0
  /// The revision at which it was confirmed first, where the node had another disk before; `max`: it is new, and not
  /// confirmed yet. Of leaders from before then the node knows nothing.
  public var born: UInt64

  public var isSetBack: Bool { setBack > 0 }

  /// The start at which the node began to use the disk: see `WireNames.store`. Of two disks the earlier one has been
  /// replaced.
  var firstBoot: UInt32 { DiskState.firstBoot(store) }
  static func firstBoot(_ store: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: store) }

  public init(store: UInt64, boot: UInt32, confirmed: UInt64, isConfirmed: Bool, born: UInt64 = 0) {
    self.store = store
    self.boot = boot
    self.confirmed = confirmed
    self.isConfirmed = isConfirmed
    self.born = born
  }
}

extension NodeAgent {
  /// Whether an orchestrator has found its disk to be the one that is known.
  package var isRelied: Bool { mayServe }

  /// Whether clients and peers may rely on what it has.
  var mayServe: Bool { disk.map { $0.isConfirmed && !$0.isSetBack } ?? true }

  /// The same of one replica, which may be in doubt though the disk is confirmed.
  func mayServe(_ place: Int) -> Bool { mayServe && !replicas[place].record.isInDoubt && !replicas[place].isWaiting }

  /// It starts on a disk that has kept `promise`. `store`: what stands for a disk that has kept nothing of the kind.
  /// `isNew`: there is nothing on it, and the node may have had another. Neither that nor a promise: the node has what
  /// the map says that it began with. What must be durable before anything else is returned.
  public mutating func start(on store: UInt64, boot: UInt32, _ promise: Promise?, isNew: Bool) -> [Action] {
    let isTrusted = promise == nil && !isNew || plant == .trustAnyDisk
    let known = promise?.disk
    disk = DiskState(
      store: known?.store ?? store, boot: boot, confirmed: promise?.revision ?? 0, isConfirmed: isTrusted,
      born: known?.born ?? (isNew && !isTrusted ? .max : 0))
    if !isTrusted {
      for place in replicas.indices {
        replicas[place].isProven = false
        for follower in replicas[place].progress.indices { replicas[place].progress[follower].isCompared = false }
      }
    }
    return [.persistPromise]
  }

  /// An orchestrator of `asked` wants to know how the node is, and says at which start it confirmed the disk, but for
  /// which copies, and that what was set back has been thrown away.
  mutating func check(
    _ asked: UInt64, _ confirmed: UInt32, _ setBack: UInt64, _ inDoubt: [PartitionIndex], _ waiting: [PartitionIndex],
    _ sender: Address,
    _ actions: inout [Action]
  ) {
    guard asked >= revision else { return actions.append(.send(.outdated(revision: revision), to: sender)) }
    if asked == revision, disk?.boot == confirmed {
      for partition in inDoubt { doubt(partition, &actions) }
      wait(Set(waiting), &actions)
      confirm(isEmptied: disk!.setBack == setBack, &actions)
    }
    actions.append(.send(disk.map { .well($0) } ?? .alive, to: sender))
  }

  /// Those, and no others. Who waits no more and leads asks its followers.
  private mutating func wait(_ partitions: Set<PartitionIndex>, _ actions: inout [Action]) {
    var isFree = false
    for place in replicas.indices where replicas[place].isWaiting || !partitions.isEmpty {
      let waits = partitions.contains(self.partitions[place])
      isFree = isFree || replicas[place].isWaiting && !waits
      replicas[place].isWaiting = waits
    }
    if isFree { compareAll(&actions) }
  }

  /// Durable before the disk is confirmed: after the next start another orchestrator might not know of it. What has
  /// been made since, at the orchestrator's order, is not what it doubted.
  private mutating func doubt(_ partition: PartitionIndex, _ actions: inout [Action]) {
    guard let place = place(partition), !replicas[place].record.isInDoubt,
      replicas[place].record.done.revision != revision || replicas[place].record.done.number == .max,
      rules.holdsData(replicas[place].record.state) || replicas[place].record.isRetained(rules)
    else { return }
    replicas[place].record.isInDoubt = true
    denyWaiting(place, &actions)
    denyHeld(place, &actions)
    actions.append(.persist(partition))
  }

  /// By an orchestrator of a version that knows nothing of disks. A new one counts from the first
  /// revision that its node promises.
  mutating func confirmUnseen(_ actions: inout [Action]) {
    guard disk?.born != .max || revision > 0 else { return }
    confirm(isEmptied: !replicas.contains { rules.holdsData($0.record.state) }, &actions)
  }

  private mutating func confirm(isEmptied: Bool, _ actions: inout [Action]) {
    guard let known = disk, !known.isConfirmed || known.isSetBack && isEmptied else { return }
    if isEmptied { disk!.setBack = 0 }
    disk!.isConfirmed = true
    if known.born == .max { disk!.born = revision }
    actions.append(.persistPromise)
    compareAll(&actions)
  }

  /// Whether no leader of a later term than this one can have been forgotten with a disk that the node had before.
  func remembers(_ partition: PartitionIndex, _ term: UInt64) -> Bool {
    guard let disk, term < disk.born else { return true }
    return record(partition).map { $0.term > 0 } ?? false
  }

  // MARK: Who starts again

  /// Whether it is known that the copy lacks nothing that was acknowledged: what is on a disk may be older than that. A
  /// leader knows once its followers have been asked; whoever follows, once a leader has fed it.
  func isProven(_ place: Int) -> Bool {
    guard disk != nil, plant != .proveNothing, rules.leading != nil else { return true }
    guard isLeader(place), !replicas[place].progress.isEmpty else { return replicas[place].isProven }
    return replicas[place].progress.allSatisfy(\.isCompared)
  }

  /// What `node` is to be proven by.
  mutating func feed(_ node: NodeIndex, _ actions: inout [Action]) {
    for place in replicas.indices where leads(place) {
      if let follower = replicas[place].record.followers.firstIndex(of: node) { sendLog(place, follower, &actions) }
    }
  }

  /// Told to lead while it is unproven it asks those that are to follow it before it leads: they may have more. That
  /// shows that its disk was set back where it was known to have the longest log: an orchestrator that is not told how
  /// far logs go, by older versions, may choose another.
  mutating func compareFirst(_ place: Int, _ order: Order) {
    guard !replicas[place].progress.isEmpty else { return }
    replicas[place].ledUnproven = order.isOfLongest
    for follower in replicas[place].progress.indices { replicas[place].progress[follower].isCompared = false }
  }

  mutating func compareAll(_ actions: inout [Action]) {
    guard mayServe else { return }
    for place in replicas.indices where isLeader(place) && mayServe(place) { compare(place, &actions) }
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
    mayServe
      && replicas.indices.contains { isLeader($0) && mayServe($0) && replicas[$0].progress.contains { !$0.isCompared } }
  }

  /// The follower says how far its log goes.
  mutating func answerComparison(
    _ partition: PartitionIndex, _ term: UInt64, _ round: UInt64, _ leader: Address, _ actions: inout [Action]
  ) {
    let known = place(partition)
    let record = known.map { replicas[$0].record }
    if let record, term < record.term {
      return actions.append(.send(.fenced(partition, term: record.term), to: leader))
    }
    guard mayServe, known.map({ mayServe($0) }) ?? true else { return }
    if let record, let known, replicas[known].job == .none, record.isRetained(rules) {
      release(known, term, round, leader, &actions)
    } else if let record, let known, isCopy(known) {
      actions.append(
        .send(
          .compared(partition, term: term, round: round, end: record.log.count, lastTerm: record.lastTerm), to: leader))
    } else if remembers(partition, term) {
      actions.append(.send(.left(partition, round: round), to: leader))
    }
  }

  /// A follower has entries of this leader's own term that it lacks itself: its disk is older than what it has sent.
  mutating func noteComparison(
    _ partition: PartitionIndex, _ term: UInt64, _ round: UInt64, _ end: Int, _ lastTerm: UInt64, _ sender: Address,
    _ actions: inout [Action]
  ) {
    guard let place = place(partition), isLeader(place), replicas[place].record.led == term,
      case .node(let node) = sender,
      let follower = replicas[place].record.followers.firstIndex(of: node),
      round >= replicas[place].progress[follower].since
    else { return }
    let own = replicas[place].record
    let isBehind = replicas[place].ledUnproven && (lastTerm, end) > (own.lastTerm, own.log.count)
    if lastTerm == term && end > own.log.count || isBehind, plant != .leadOnSetBack {
      self.round += 1
      disk?.setBack = self.round
      for place in replicas.indices { denyWaiting(place, &actions) }
      return
    }
    replicas[place].progress[follower].isCompared = true
  }
}
