/// From whatever is to a plan: the same way at the beginning, when a node is lost or comes back, and when another
/// orchestrator has died.
extension Orchestrator {
  /// Nothing of the old plan goes on. The nodes are claimed once the new revision is in the journal.
  mutating func planAgain(_ actions: inout [Action]) {
    // The journal is told one thing at a time.
    guard phase != .recording, phase != .leaving, phase != .arriving else {
      isToPlanAgain = true
      return
    }
    isToPlanAgain = false
    let (next, overflow) = max(revision, journal.revision).addingReportingOverflow(1)
    guard !overflow else { return retire(&actions) }
    phase = .recording
    revision = next
    endExpectations()
    tasks.clear()
    survey = nil
    unreached = []
    inventories = Array(repeating: nil, count: inventories.count)
    journal.revision = revision
    if let change { journal.change = change }
    if isCancelled { journal.calledOff = goal }
    journal.writer = writer
    record(&actions)
  }

  mutating func record(_ actions: inout [Action]) {
    journal.version &+= 1
    actions.append(.record(journal, expecting: journal.version &- 1))
  }

  mutating func recorded(_ isDone: Bool, _ actions: inout [Action]) {
    guard isDone else { return retire(&actions) }
    guard !isToPlanAgain else {
      phase = .idle
      return planAgain(&actions)
    }
    switch phase {
    case .recording:
      phase = .claiming
      owesSince = Array(repeating: nil, count: owesSince.count)
      claimedAgain = clock
      if plant == .planWithoutClaim, plansBlindly(&actions) { return }
      for node in inventories.indices where !isMute[node] {
        actions.append(.send(.claim(revision: revision), to: NodeIndex(node)))
      }
    case .leaving: leave(&actions)
    case .arriving: arrive(&actions)
    default: break
    }
  }

  /// The journal as it is, where it is not known what became of a `record`: what was written is there, or can still be
  /// written, or another wrote. Two that wrote the same have other numbers.
  mutating func read(_ found: Journal, _ actions: inout [Action]) {
    let isOwn = found == journal || plant == .takeAnyWriteForOwn && found.version == journal.version
    guard isOwn || found.version < journal.version else { return retire(&actions) }
    guard phase == .recording || phase == .leaving || phase == .arriving else { return }
    if isOwn { recorded(true, &actions) } else { actions.append(.record(journal, expecting: journal.version &- 1)) }
  }

  /// As if nothing could have changed since the last plan.
  private mutating func plansBlindly(_ actions: inout [Action]) -> Bool {
    guard let known = tasks.lastRows else { return false }
    inventories = heard.indices.map { clock - heard[$0] > timing.silence ? nil : [] }
    for (partition, row) in known.enumerated() {
      let leader = row.first { $0.state == rules.leading }?.node
      for held in row where inventories[held.node.int] != nil {
        inventories[held.node.int]!.append(
          Holding(
            partition: PartitionIndex(partition), state: held.state, term: revision, isLeading: held.node == leader,
            followers: held.node == leader ? row.map(\.node).filter { $0 != leader } : []))
      }
    }
    lookAtWhatIs(&actions)
    return true
  }

  mutating func lookAtWhatIs(_ actions: inout [Action]) {
    judgeDisks()
    let doubtful = doubtfulCopies(hasRestarted)
    let survey = Survey(
      revision: revision, inventories: inventories, journal: journal, rules: rules, hadHolders: hadHolders,
      isCancelled: isCancelled, disks: disks, doubtful: doubtful, plant: plant,
      mayHold: { mayHold($0, $1) })
    hasRestarted = hasRestarted.map { _ in false }
    isLost = survey.isLost
    for node in isLost.indices {
      isBack[node] = false
      isTold[node] = isTold[node] && isLost[node]
      isMute[node] = isMute[node] && isLost[node]
    }
    holdBack(survey)
    self.survey = survey
    phase = .leaving
    leave(&actions)
  }

  /// Writes who is left behind, so many blocks at a time; then plans. What is written of some partitions is true
  /// whether or not that of others is.
  private mutating func leave(_ actions: inout [Action]) {
    guard let rosters = survey?.rosters, !rosters.isEmpty, plant != .dropWithoutJournal else { return plan(&actions) }
    var (written, blocks, last) = (0, 0, -1)
    for (partition, members) in rosters {
      let block = partition / Journal.partitionsPerBlock
      if block != last { blocks += 1 }
      guard blocks <= Journal.blocksPerRecord else { break }
      last = block
      journal.setRoster(partition, Journal.Roster(revision: revision, members: members))
      written += 1
    }
    survey?.rosters.removeFirst(written)
    record(&actions)
  }

  /// The journal has the map that is in force.
  private mutating func arrive(_ actions: inout [Action]) {
    guard let map else { return }
    phase = .reached
    unreached = notReached
    actions.append(.reached(map))
    announce(&actions)
  }

  private mutating func plan(_ actions: inout [Action]) {
    guard let survey else { return }
    phase = .planning
    countPlan()
    actions.append(.plan(survey))
  }
}
