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
      let isOlder = known.map { state.confirmed < $0.confirmed } ?? false
      disks[node].isUntrusted = (isOlder || state.isSetBack) && plant != .ignoreStores
      disks[node].confirmed = disks[node].isUntrusted ? 0 : state.boot
      guard !disks[node].isUntrusted else { continue }
      guard let names else { continue }
      let disk = Journal.Disk(store: state.store, confirmed: state.isConfirmed ? revision : state.confirmed)
      journal.setDisk(NodeIndex(node), disk, block: names.block(of: NodeIndex(node)))
    }
  }

  /// Copies of nodes that have started again which are not what they should be, though nothing was under way: (partition, node).
  /// O(P · R).
  func doubtfulCopies(_ restarted: [Bool]) -> Set<UInt64> {
    var doubtful: Set<UInt64> = []  // looked up only
    guard plant != .ignoreStores else { return doubtful }
    for node in inventories.indices where restarted[node] && !disks[node].isUntrusted {
      for holding in inventories[node] ?? [] where tasks.lastDoubts(holding, NodeIndex(node), rules) {
        doubtful.insert(Survey.name(holding.partition, NodeIndex(node)))
      }
    }
    return doubtful
  }

  /// What a node says of its disk when it is asked how it is.
  mutating func noteDisk(_ state: DiskState, _ node: Int, _ actions: inout [Action]) {
    guard phase == .running || phase == .reached, !isLost[node] else { return }
    guard let known = disks[node].state, known.boot == state.boot, known.store == state.store else {
      return actions.append(.send(.claim(revision: revision), to: NodeIndex(node)))
    }
    if state.isSetBack, !known.isSetBack {
      disks[node].state = state
      planAgain(&actions)
    }
  }

  /// A node that has started again tells what it holds: if that is not what it should be, all is planned again.
  mutating func verify(_ holdings: [Holding], _ state: DiskState?, _ node: Int, _ actions: inout [Action]) {
    guard phase == .running || phase == .reached, let state, disks[node].state?.boot != state.boot, !isLost[node] else { return }
    let known = journal.disk(NodeIndex(node))?.confirmed ?? 0
    guard plant == .ignoreStores || state.confirmed >= known && tasks.agrees(holdings, NodeIndex(node), rules) else {
      return planAgain(&actions)
    }
    disks[node].state = state
    disks[node].confirmed = state.boot
    actions.append(.send(.check(revision: revision, confirmed: state.boot), to: NodeIndex(node)))
  }

  /// What was not relied on has been thrown away: from now on the node counts again.
  mutating func confirmEmptied() {
    guard phase == .reached || phase == .running && tasks.isSettled else { return }
    for node in disks.indices where disks[node].isUntrusted && (survey?.withheldCopies[node] ?? 1) == 0 {
      disks[node].isUntrusted = false
      disks[node].confirmed = disks[node].state?.boot ?? 0
    }
  }
}

extension TaskList {
  /// Whether the node holds what it should, but for partitions of which something is under way. O(P · R).
  func agrees(_ holdings: [Holding], _ node: NodeIndex, _ rules: ExecutionRules) -> Bool {
    var next = 0
    for partition in rows.indices {
      while next < holdings.count, holdings[next].partition.int < partition { next += 1 }
      guard underWay[partition] == 0 else { continue }
      let told = next < holdings.count && holdings[next].partition.int == partition ? holdings[next] : nil
      let expected = rows[partition].first { $0.node == node }
      let (has, should) = (told.map { rules.holdsData($0.state) } ?? false, expected.map { rules.holdsData($0.state) } ?? false)
      if has != should { return false }
      if let told, has, told.state != expected!.state || lacksFollowers(told, rows[partition], node, rules) { return false }
    }
    return true
  }

  /// Whether a copy is not what it should have been when the last plan ended.
  func lastDoubts(_ holding: Holding, _ node: NodeIndex, _ rules: ExecutionRules) -> Bool {
    let partition = holding.partition.int
    guard let lastRows, partition < lastRows.count, !wasUnderWay[partition], rules.holdsData(holding.state) else { return false }
    guard let expected = lastRows[partition].first(where: { $0.node == node }), rules.holdsData(expected.state) else { return true }
    return rules.isLeading(holding.state) && !rules.isLeading(expected.state)
      || lacksFollowers(holding, lastRows[partition], node, rules)
  }

  /// A leader that would acknowledge without somebody who counts as complete.
  private func lacksFollowers(_ told: Holding, _ row: [Survey.Held], _ node: NodeIndex, _ rules: ExecutionRules) -> Bool {
    told.isLeading
      && row.contains { $0.node != node && rules.holdsData($0.state) && !told.followers.contains($0.node) }
  }
}
