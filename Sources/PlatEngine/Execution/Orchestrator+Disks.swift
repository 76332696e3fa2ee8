/// Which disks there are, and which of them are older than what is known of them. See `NodeAgent+Disk.swift`.
///
/// A disk that was set back says so itself, by what had been promised on it when its node started: the journal knows of
/// each node the last claim that it answered. What was set back since then differs from what the node should hold, or
/// its followers notice.
extension Orchestrator {
  /// Of one node.
  package struct KnownDisk: Sendable {
    /// As its last inventory said that counted.
    var state: DiskState?
    /// The start at which it was confirmed; 0: not yet.
    var confirmed: UInt32 = 0
    /// Nothing that it has is relied on.
    var isUntrusted = false
    /// The journal knows it to be older: of a disk of which only its node has found out that it was set back, what has
    /// been compared since counts.
    var isOlder = false
    /// Its node is not confirmed before what settles is done: it would lead on where it is to lead no more.
    var isHeldBack = false
    /// Pulses at which leaders are told to feed it.
    var feeds = 0
    /// Its copies that are not confirmed with the disk, since no complete one of their partitions answered.
    var inDoubt: [PartitionIndex] = []
    /// Its copies that wait for another one: see `Survey.waiting`.
    var waiting: [PartitionIndex] = []

    /// Whether a copy on it may be complete.
    func counts(_ holding: Holding) -> Bool { !isUntrusted || !isOlder && !holding.isUnproven }

    /// Some may be lost; later the next write or read does the same.
    static let mostFeeds = 4
  }

  /// At a pulse: leaders feed who has started again, so that it is proven soon, and may lead when they are lost.
  /// O(P · R) after a start.
  mutating func feedStarted(_ actions: inout [Action]) {
    guard let leading = rules.leading, phase == .running || phase == .reached else { return }
    for node in disks.indices where disks[node].feeds > 0 && disks[node].confirmed > 0 {
      disks[node].feeds -= 1
      var isTold = Array(repeating: false, count: disks.count)
      for row in tasks.rows where row.contains(where: { $0.node.int == node }) {
        guard let leader = row.first(where: { $0.state == leading })?.node, leader.int != node, !isTold[leader.int]
        else { continue }
        isTold[leader.int] = true
        actions.append(.send(.feed(NodeIndex(node)), to: leader))
      }
    }
  }

  /// All inventories are there: whose copies count.
  mutating func judgeDisks() {
    for node in inventories.indices where inventories[node] != nil {
      guard let state = disks[node].state else {
        disks[node] = KnownDisk()
        continue
      }
      let known = journal.disk(NodeIndex(node))
      let isOlder = known.map { $0.isNewer(than: state) } ?? false
      disks[node].isOlder = isOlder
      disks[node].isUntrusted = (isOlder || state.isSetBack) && plant != .ignoreStores
      disks[node].confirmed = disks[node].isUntrusted ? 0 : state.boot
      disks[node].isHeldBack = false
      (disks[node].inDoubt, disks[node].waiting) = ([], [])
      guard !disks[node].isUntrusted else { continue }
      guard let names else { continue }
      let disk = Journal.Disk(store: state.store, promised: revision, boot: state.boot)
      journal.setDisk(NodeIndex(node), disk, block: names.block(of: NodeIndex(node)))
    }
  }

  /// What nodes should hold as far as one plan came.
  struct Expected: Sendable {
    var rows: [[Survey.Held]]
    /// By partition: as which it is led.
    var terms: [UInt64]
    /// The same where somebody is known to lead; else 0.
    var ledTerms: [UInt64]
    /// By partition: nobody is known to be complete.
    var isWithheld: [Bool]
    var underWay: ChangesUnderWay
  }

  /// The plan ends here. A node that is lost keeps what was expected of it when it was last there; what is in doubt
  /// remains so until it has been thrown away. O(P + N).
  mutating func endExpectations() {
    guard let survey, !tasks.rows.isEmpty else { return }
    let now = expectedNow(survey)
    for node in expected.indices where !survey.isLost[node] { expected[node] = now }
    guard tasks.isSettled else { return }
    doubts = doubts.filter { survey.isWithheld[Int($0 >> 32)] || survey.isLost[Int($0 & 0xffff_ffff)] }
  }

  private func expectedNow(_ survey: Survey) -> Expected {
    Expected(
      rows: tasks.rows, terms: tasks.terms, ledTerms: tasks.ledTerms, isWithheld: survey.isWithheld,
      underWay: tasks.changesUnderWay)
  }

  /// Copies that do not count, though their nodes may: (partition, node). Those of nodes that have started again which
  /// are not what they should be, and those that were in doubt before. O(P · R).
  mutating func doubtfulCopies(_ restarted: [Bool]) -> Set<UInt64> {
    guard plant != .ignoreStores else { return [] }
    var found = doubts.filter { inventories[Int($0 & 0xffff_ffff)] == nil }  // looked up only
    for node in inventories.indices {
      let index = NodeIndex(node)
      for holding in inventories[node] ?? [] {
        let name = Survey.name(holding.partition, index)
        if (rules.holdsData(holding.state) || holding.isRetained(rules)) && doubts.contains(name)
          || holding.isInDoubt
          || restarted[node] && !disks[node].isUntrusted
            && expected[node]?.doubts(
              holding, index, rules, isCopy: { isCopy(holding.partition, $0, since: holding.term) }) == true
        {
          found.insert(name)
        }
      }
    }
    doubts = found
    return found
  }

  /// Whether the node has told that it has a copy that may have been made under a leader of `term`.
  private func isCopy(_ partition: PartitionIndex, _ node: NodeIndex, since term: UInt64) -> Bool {
    return inventories[node.int]?.contains { holding in
      holding.partition == partition && disks[node.int].counts(holding) && rules.holdsData(holding.state)
        && holding.term >= term && !holding.isInDoubt
    } ?? false
  }

  /// Who started again and was found to lead no more would lead on as soon as it is confirmed; who may have forgotten
  /// its leader would obey the one before: that waits until its copies are gone, or it has been told.
  mutating func holdBack(_ survey: Survey) {
    for node in inventories.indices where disks[node].state?.isConfirmed == false && plant != .ignoreStores {
      let index = NodeIndex(node)
      let isToWait = (inventories[node] ?? []).contains { holding in
        let partition = holding.partition.int
        guard partition < survey.rows.count, !survey.isWithheld[partition] else { return false }
        let state = survey.rows[partition].first { $0.node == index }?.state
        if holding.isLeading { return !(state.map { rules.isLeading($0) } ?? false) }
        return state.map { rules.holdsData($0) } ?? false && holding.term < survey.ledTerms[partition]
      }
      if isToWait { (disks[node].isHeldBack, disks[node].confirmed) = (true, 0) }
    }
    for node in inventories.indices where disks[node].state?.isConfirmed == false || disks[node].isUntrusted {
      disks[node].inDoubt = copiesInDoubt(inventories[node] ?? [], NodeIndex(node), survey)
      disks[node].feeds = KnownDisk.mostFeeds
    }
    guard !survey.waiting.isEmpty else { return }
    for node in inventories.indices {
      disks[node].waiting = copiesThatWait(inventories[node] ?? [], NodeIndex(node), survey)
    }
  }

  private func copiesThatWait(_ holdings: [Holding], _ node: NodeIndex, _ survey: Survey) -> [PartitionIndex] {
    holdings.map(\.partition).filter { survey.waiting.contains(Survey.name($0, node)) }
  }

  /// Whether a node that does not answer may have a copy that counts. Of one that the host says is gone it does not
  /// matter.
  func mayHold(_ node: NodeIndex, _ partition: Int) -> Bool {
    guard !isTold[node.int] else { return false }
    guard let known = expected[node.int], partition < known.rows.count, !known.isWithheld[partition] else {
      return true
    }
    return journal.isComplete(node, PartitionIndex(partition), term: known.terms[partition])
      && (known.rows[partition].contains { $0.node == node && rules.holdsData($0.state) }
        || known.underWay.change(of: node, partition) != nil)
  }

  /// What a node that starts again has and what does not count: it is to be thrown away, or is of a partition of which
  /// no complete copy answered. A leader would lead on with it, a follower obey who leads no more. The rest of the disk
  /// is confirmed without it.
  private func copiesInDoubt(_ holdings: [Holding], _ node: NodeIndex, _ survey: Survey) -> [PartitionIndex] {
    guard plant != .ignoreStores, plant != .confirmWhole else { return [] }
    let rows = tasks.rows.isEmpty ? survey.rows : tasks.rows
    let underWay = tasks.changesUnderWay
    return holdings.filter { holding in
      let partition = holding.partition.int
      guard partition < rows.count, rules.holdsData(holding.state) || holding.isRetained(rules) else { return false }
      // What is being made may be complete already.
      if let change = underWay.change(of: node, partition), change.to != .null { return false }
      return !rows[partition].contains { $0.node == node }
        && !survey.waiting.contains(Survey.name(holding.partition, node))
    }.map(\.partition)
  }

  /// What is known of a node's disk counts from when all inventories of this revision were there.
  func check(_ node: Int) -> Message {
    switch phase {
    case .idle, .recording, .claiming, .retired: return .check(revision: revision, confirmed: 0, setBack: 0)
    case .leaving, .planning, .running, .arriving, .reached:
      let known = disks[node]
      // Who is lost may hear this, and has not been told yet what of it does not count.
      guard known.confirmed > 0, !isLost[node] else { return .check(revision: revision, confirmed: 0, setBack: 0) }
      return .check(
        revision: revision, confirmed: known.confirmed, setBack: known.state?.setBack ?? 0, inDoubt: known.inDoubt,
        waiting: known.waiting)
    }
  }

  /// What a node says of its disk when it is asked how it is.
  mutating func noteDisk(_ state: DiskState, _ node: Int, _ actions: inout [Action]) {
    guard phase == .running || phase == .reached, !isLost[node] else { return }
    guard let known = disks[node].state, known.boot == state.boot, known.store == state.store else {
      return actions.append(.send(.claim(revision: revision), to: NodeIndex(node)))
    }
    if state.isSetBack, state.setBack != known.setBack { planAgain(&actions) }
  }

  /// A node that has started again tells what it holds: if that is not what it should be, all is planned again.
  mutating func verify(_ holdings: [Holding], _ state: DiskState?, _ node: Int, _ actions: inout [Action]) {
    guard phase == .running || phase == .reached, let state, disks[node].state?.boot != state.boot, !isLost[node] else {
      return
    }
    let isOlder = journal.disk(NodeIndex(node)).map { $0.isNewer(than: state) } ?? false
    let isKnown = state.store == disks[node].state?.store ?? state.store && !isOlder
    guard plant == .ignoreStores || isKnown && agrees(holdings, NodeIndex(node)) else {
      return planAgain(&actions)
    }
    disks[node].state = state
    disks[node].confirmed = state.boot
    disks[node].inDoubt = survey.map { copiesInDoubt(holdings, NodeIndex(node), $0) } ?? []
    disks[node].waiting = survey.map { copiesThatWait(holdings, NodeIndex(node), $0) } ?? []
    disks[node].feeds = KnownDisk.mostFeeds
    mapOf[node] = 0  // what it was told before it may have forgotten
    actions.append(.send(check(node), to: NodeIndex(node)))
  }

  /// What was not relied on has been thrown away: from now on the node counts again.
  mutating func confirmEmptied() {
    guard phase == .reached || phase == .running && tasks.isSettled else { return }
    for node in disks.indices where disks[node].isHeldBack && !disks[node].isUntrusted {
      (disks[node].isHeldBack, disks[node].confirmed) = (false, disks[node].state?.boot ?? 0)
    }
    for node in disks.indices where disks[node].isUntrusted {
      disks[node].isUntrusted = false
      disks[node].confirmed = disks[node].state?.boot ?? 0
    }
  }

  /// Whether the node holds what it should. O(P · R).
  private func agrees(_ holdings: [Holding], _ node: NodeIndex) -> Bool {
    guard let survey else { return false }
    let expected = expectedNow(survey)
    var next = 0
    for partition in tasks.rows.indices {
      while next < holdings.count, holdings[next].partition.int < partition { next += 1 }
      let told = next < holdings.count && holdings[next].partition.int == partition ? holdings[next] : nil
      guard expected.allows(told, partition, node, rules) else { return false }
    }
    return true
  }
}

extension Orchestrator.Expected {
  /// Whether `told`, of a node that has started again, is what it should be. A leader that does not know a new
  /// replica which may be complete was set back, or has not been joined yet: which of them all nodes together tell.
  func allows(_ told: Holding?, _ partition: Int, _ node: NodeIndex, _ rules: ExecutionRules) -> Bool {
    guard !isWithheld[partition] else { return true }
    let should = rows[partition].first { $0.node == node && rules.holdsData($0.state) }
    if told == nil, should == nil { return true }
    let has = told.map { rules.holdsData($0.state) || $0.isRetained(rules) } ?? false
    if let change = underWay.change(of: node, partition) {
      let state = told?.state ?? .null
      guard state == change.from || state == change.to else { return false }
      if let told, told.isLeading, told.term < terms[partition] { return false }
    } else {
      guard has == (should != nil) else { return false }
      if let told, let should {
        guard told.state == should.state else { return false }
        if rules.isLeading(should.state), !told.isLeading || told.term != terms[partition] { return false }
        // It may have forgotten whom it followed, and obey an older one: all are asked.
        if told.isUnproven, told.term < ledTerms[partition] { return false }
      }
    }
    return told.map { !lacksFollowers($0, node, rules) { _ in true } } ?? true
  }

  /// Whether a copy is not what it should have been. `isCopy`: whether a node tells now that it has one.
  func doubts(_ holding: Holding, _ node: NodeIndex, _ rules: ExecutionRules, isCopy: (NodeIndex) -> Bool) -> Bool {
    let partition = holding.partition.int
    guard partition < rows.count, !isWithheld[partition] else { return false }
    if holding.isLeading, holding.term < terms[partition] { return true }
    if underWay.change(of: node, partition) == nil {
      guard let should = rows[partition].first(where: { $0.node == node && rules.holdsData($0.state) }) else {
        return rules.holdsData(holding.state) || holding.isRetained(rules)
      }
      let leads = rules.isLeading(holding.state)
      if leads, !rules.isLeading(should.state) || holding.term < terms[partition] { return true }
    }
    return lacksFollowers(holding, node, rules, isCopy)
  }

  /// A leader that would acknowledge without somebody who counts as complete. `isCopy`: which new replicas may be.
  private func lacksFollowers(
    _ holding: Holding, _ node: NodeIndex, _ rules: ExecutionRules, _ isCopy: (NodeIndex) -> Bool
  ) -> Bool {
    guard holding.isLeading else { return false }
    let partition = holding.partition.int
    func isKnown(_ other: NodeIndex) -> Bool { other == node || holding.followers.contains(other) }
    return rows[partition].contains {
      rules.holdsData($0.state) && !isKnown($0.node) && !underWay.isLeaving($0.node, partition, rules)
    } || underWay.newReplicas(partition, rules).contains { !isKnown($0) && isCopy($0) }
  }
}

extension Holding {
  /// It has handed over and keeps its copy.
  func isRetained(_ rules: ExecutionRules) -> Bool {
    rules.leading != nil && !rules.holdsData(state) && !isLeading && !followers.isEmpty
  }
}
