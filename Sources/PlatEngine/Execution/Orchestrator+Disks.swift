/// Which disks there are, and which of them are older than what is known of them. See `NodeAgent+Disk.swift`.
///
/// A disk that was set back says so itself, by what it was confirmed with last: the journal knows of each node what that was at
/// the last claim. What was set back since then differs from what the node should hold, or its followers notice.
extension Orchestrator {
  /// Of one node.
  package struct KnownDisk: Sendable {
    /// As its last inventory said that counted.
    var state: DiskState?
    /// The start at which it was confirmed; 0: not yet.
    var confirmed: UInt32 = 0
    /// Nothing that it has is relied on.
    var isUntrusted = false
  }

  /// All inventories are there: whose copies count.
  mutating func judgeDisks() {
    for node in inventories.indices where inventories[node] != nil {
      guard let state = disks[node].state else {
        disks[node] = KnownDisk()
        continue
      }
      let known = journal.disk(NodeIndex(node))
      let isOlder = known.map { state.confirmed < $0.confirmed || state.firstBoot < DiskState.firstBoot($0.store) } ?? false
      disks[node].isUntrusted = (isOlder || state.isSetBack) && plant != .ignoreStores
      disks[node].confirmed = disks[node].isUntrusted ? 0 : state.boot
      guard !disks[node].isUntrusted else { continue }
      guard let names else { continue }
      let disk = Journal.Disk(store: state.store, confirmed: state.isConfirmed ? revision : state.confirmed)
      journal.setDisk(NodeIndex(node), disk, block: names.block(of: NodeIndex(node)))
    }
  }

  /// What nodes should hold as far as one plan came.
  struct Expected: Sendable {
    var rows: [[Survey.Held]]
    /// By partition: as which it is led.
    var terms: [UInt64]
    /// By partition: something was under way, or nobody is known to be complete.
    var isUncertain: [Bool]
  }

  /// The plan ends here. A node that is lost keeps what was expected of it when it was last there; what is in doubt remains so until it
  /// has been thrown away. O(P + N).
  mutating func endExpectations() {
    guard let survey, !tasks.rows.isEmpty else { return }
    let now = Expected(
      rows: tasks.rows, terms: tasks.terms, isUncertain: tasks.rows.indices.map { tasks.underWay[$0] > 0 || survey.isWithheld[$0] })
    for node in expected.indices where !survey.isLost[node] { expected[node] = now }
    guard tasks.isSettled else { return }
    doubts = doubts.filter { survey.isWithheld[Int($0 >> 32)] || survey.isLost[Int($0 & 0xffff_ffff)] }
  }

  /// Copies that do not count, though their nodes may: (partition, node). Those of nodes that have started again which are not what
  /// they should be, though nothing was under way, and those that were in doubt before. O(P · R).
  mutating func doubtfulCopies(_ restarted: [Bool]) -> Set<UInt64> {
    guard plant != .ignoreStores else { return [] }
    var found = doubts.filter { inventories[Int($0 & 0xffff_ffff)] == nil }  // looked up only
    for node in inventories.indices {
      let index = NodeIndex(node)
      for holding in inventories[node] ?? [] {
        let name = Survey.name(holding.partition, index)
        if (rules.holdsData(holding.state) || holding.isRetained(rules)) && doubts.contains(name)
          || restarted[node] && !disks[node].isUntrusted && expected[node]?.doubts(holding, index, rules) == true
        {
          found.insert(name)
        }
      }
    }
    doubts = found
    return found
  }

  /// What is known of a node's disk counts from when all inventories of this revision were there.
  func check(_ node: Int) -> Message {
    switch phase {
    case .idle, .recording, .claiming, .retired: return .check(revision: revision, confirmed: 0, setBack: 0)
    case .leaving, .planning, .running, .arriving, .reached:
      let known = disks[node]
      return .check(revision: revision, confirmed: known.confirmed, setBack: known.confirmed > 0 ? known.state?.setBack ?? 0 : 0)
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
    guard phase == .running || phase == .reached, let state, disks[node].state?.boot != state.boot, !isLost[node] else { return }
    let known = journal.disk(NodeIndex(node))?.confirmed ?? 0
    let isKnown = state.store == disks[node].state?.store ?? state.store && state.confirmed >= known
    guard plant == .ignoreStores || isKnown && agrees(holdings, NodeIndex(node)) else {
      return planAgain(&actions)
    }
    disks[node].state = state
    disks[node].confirmed = state.boot
    mapOf[node] = 0  // what it was told before it may have forgotten
    actions.append(.send(check(node), to: NodeIndex(node)))
  }

  /// What was not relied on has been thrown away: from now on the node counts again.
  mutating func confirmEmptied() {
    guard phase == .reached || phase == .running && tasks.isSettled else { return }
    for node in disks.indices where disks[node].isUntrusted && (survey?.withheldCopies[node] ?? 1) == 0 {
      disks[node].isUntrusted = false
      disks[node].confirmed = disks[node].state?.boot ?? 0
    }
  }

  /// Whether the node holds what it should, but for partitions of which something is under way, or nobody is known to be complete.
  /// O(P · R).
  private func agrees(_ holdings: [Holding], _ node: NodeIndex) -> Bool {
    var next = 0
    for partition in tasks.rows.indices {
      while next < holdings.count, holdings[next].partition.int < partition { next += 1 }
      guard tasks.underWay[partition] == 0, survey?.isWithheld[partition] != true else { continue }
      let told = next < holdings.count && holdings[next].partition.int == partition ? holdings[next] : nil
      let row = tasks.rows[partition]
      let should = row.first { $0.node == node && rules.holdsData($0.state) }
      let has = told.map { rules.holdsData($0.state) || $0.isRetained(rules) } ?? false
      guard has == (should != nil) else { return false }
      guard let told, let should else { continue }
      if told.state != should.state || told.lacksFollowers(row, node, rules) { return false }
      if rules.isLeading(should.state), !told.isLeading || told.term != tasks.terms[partition] { return false }
    }
    return true
  }
}

extension Orchestrator.Expected {
  /// Whether a copy is not what it should have been.
  func doubts(_ holding: Holding, _ node: NodeIndex, _ rules: ExecutionRules) -> Bool {
    let partition = holding.partition.int
    guard partition < rows.count, !isUncertain[partition] else { return false }
    guard let should = rows[partition].first(where: { $0.node == node && rules.holdsData($0.state) }) else {
      return rules.holdsData(holding.state) || holding.isRetained(rules)
    }
    let leads = rules.isLeading(holding.state)
    return leads && (!rules.isLeading(should.state) || holding.term < terms[partition]) || holding.lacksFollowers(rows[partition], node, rules)
  }
}

extension Holding {
  /// It has handed over and keeps its copy.
  func isRetained(_ rules: ExecutionRules) -> Bool {
    rules.leading != nil && !rules.holdsData(state) && !isLeading && !followers.isEmpty
  }

  /// A leader that would acknowledge without somebody who counts as complete.
  fileprivate func lacksFollowers(_ row: [Survey.Held], _ node: NodeIndex, _ rules: ExecutionRules) -> Bool {
    isLeading && row.contains { $0.node != node && rules.holdsData($0.state) && !followers.contains($0.node) }
  }
}
