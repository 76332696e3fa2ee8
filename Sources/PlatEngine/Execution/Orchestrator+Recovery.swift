/// From whatever is to a plan: the same way at the beginning, when a node is lost or comes back, and when another orchestrator has
/// died.
extension Orchestrator {
  /// Nothing of the old plan goes on. The nodes are claimed once the new revision is in the journal.
  mutating func planAgain(_ actions: inout [Action]) {
    // The journal is told one thing at a time.
    guard phase != .recording, phase != .leaving else {
      isToPlanAgain = true
      return
    }
    isToPlanAgain = false
    let (next, overflow) = max(revision, journal.revision).addingReportingOverflow(1)
    guard !overflow else { return retire(&actions) }
    phase = .recording
    revision = next
    tasks.clear()
    survey = nil
    unreached = []
    inventories = Array(repeating: nil, count: inventories.count)
    journal.revision = revision
    if isCancelled { journal.calledOff = goal }
    journal.writer = writer
    record(&actions)
  }

  private mutating func record(_ actions: inout [Action]) {
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
      for node in inventories.indices { actions.append(.send(.claim(revision: revision), to: NodeIndex(node))) }
    case .leaving: plan(&actions)
    default: break
    }
  }

  /// The journal as it is, where it is not known what became of a `record`: what was written is there, or can still be written, or
  /// another wrote. Two that wrote the same have other numbers.
  mutating func read(_ found: Journal, _ actions: inout [Action]) {
    let isOwn = found == journal || plant == .takeAnyWriteForOwn && found.version == journal.version
    guard isOwn || found.version < journal.version else { return retire(&actions) }
    guard phase == .recording || phase == .leaving else { return }
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
    let survey = Survey(
      revision: revision, inventories: inventories, journal: journal, rules: rules, hadHolders: hadHolders,
      isCancelled: isCancelled, plant: plant)
    isLost = survey.isLost
    for node in isLost.indices {
      isBack[node] = false
      isTold[node] = isTold[node] && isLost[node]
    }
    self.survey = survey
    phase = .leaving
    guard !survey.rosters.isEmpty, plant != .dropWithoutJournal else { return plan(&actions) }
    for (partition, members) in survey.rosters {
      journal.rosters[partition] = Journal.Roster(revision: revision, members: members)
    }
    record(&actions)
  }

  private mutating func plan(_ actions: inout [Action]) {
    guard let survey else { return }
    phase = .planning
    countPlan()
    actions.append(.plan(survey))
  }
}
