import PlatEngine

/// Processes that stand still for a while, with what comes in waiting for them; and a journal that cannot be reached.
extension Simulation {
  /// Whom an item is for.
  private func process(of item: Item) -> Address? {
    switch item {
    case .deliver(_, _, let receiver): receiver
    case .tick(let node, _), .written(_, let node, _): .node(NodeIndex(node))
    case .orchestratorTick(let number), .recorded(_, let number), .readJournal(let number), .resume(let number):
      .orchestrator(UInt32(number))
    default: nil
    }
  }

  /// Whether the item waits, since whom it is for stands still.
  func putsOff(_ item: Item) -> Bool {
    guard stopped > 0 else { return false }
    switch process(of: item) {
    case .node(let node) where nodes[node.int].isStopped:
      nodes[node.int].backlog.append(item)
      return true
    case .orchestrator(let number) where orchestrators[Int(number)].isStopped:
      orchestrators[Int(number)].backlog.append(item)
      return true
    default: return false
    }
  }

  func stop(_ process: Address, for ticks: UInt64) -> Bool {
    switch process {
    case .node(let node):
      guard nodes[node.int].isUp, !nodes[node.int].isStopped else { return false }
      nodes[node.int].isStopped = true
    case .orchestrator(let number):
      guard orchestrators[Int(number)].isUp, !orchestrators[Int(number)].isStopped else { return false }
      orchestrators[Int(number)].isStopped = true
    case .client: return false
    }
    stopped += 1
    timeline.add(.goOn(process), at: now + ticks)
    return true
  }

  /// What waited comes in, in its order and before anything that comes now.
  func goOn(_ process: Address) {
    var backlog: [Item] = []
    switch process {
    case .node(let node):
      guard nodes[node.int].isStopped else { return }
      nodes[node.int].isStopped = false
      swap(&backlog, &nodes[node.int].backlog)
    case .orchestrator(let number):
      guard orchestrators[Int(number)].isStopped else { return }
      orchestrators[Int(number)].isStopped = false
      swap(&backlog, &orchestrators[Int(number)].backlog)
    case .client: return
    }
    stopped -= 1
    for item in backlog { handle(item) }
  }

  func goOnAll() {
    for node in nodes.indices { goOn(.node(NodeIndex(node))) }
    for number in orchestrators.indices { goOn(.orchestrator(UInt32(number))) }
  }

  // MARK: The journal

  /// Done by the register at once, whether or not who asked is still there; later where it cannot be reached.
  func recordJournal(_ new: Journal, _ expected: UInt64, _ number: Int) {
    guard now >= journalDownUntil else {
      noteDelay(number)
      return timeline.add(
        .recordJournal(new, expecting: expected, by: number), at: journalDownUntil + UInt64(random.below(8)))
    }
    if isJournalLimited, new.longestValueBytes(setup.names) > mostJournalBytes {
      return violate(.journalFits, "the journal is larger than \(mostJournalBytes) bytes")
    }
    recordsUnderWay.removeAll {
      $0.expected == expected && $0.journal.writer == new.writer && $0.journal.version == new.version
    }
    let isAnswerLost = answersToLose > 0
    if isAnswerLost { answersToLose -= 1 }
    let isRequestLost = isAnswerLost && random.below(3) == 0
    let isDone = journal.version == expected && !isRequestLost
    if isDone {
      if new.revision < journal.revision { violate(.revisionsForward, "the journal went back to \(new.revision)") }
      journal = new
      if new.calledOff == changes[changes.count - 1].goal, calledOffAt == nil { calledOffAt = new.revision }
      trace { "journal  revision \(new.revision)" }
    }
    if isAnswerLost {
      trace { "journal  no answer for orchestrator \(number)" }
      timeline.add(.readJournal(by: number), at: now + 5 + UInt64(random.below(40)))
    } else {
      timeline.add(.recorded(isDone, by: number), at: now + 1 + UInt64(random.below(4)))
    }
  }

  func recorded(_ isDone: Bool, _ number: Int) {
    noteClaim(number)
    tell(number, .recorded(isDone))
  }

  /// A new revision is in the journal: the nodes are claimed now. Rosters are written later.
  private func noteClaim(_ number: Int) {
    if orchestrators[number].machine.phase == .recording { orchestrators[number].recordedAt = now }
  }

  /// Who got no answer reads what is there.
  func readJournal(_ number: Int) {
    guard now >= journalDownUntil else {
      noteDelay(number)
      return timeline.add(.readJournal(by: number), at: journalDownUntil + UInt64(random.below(8)))
    }
    noteClaim(number)
    tell(number, .read(journal))
  }
}
