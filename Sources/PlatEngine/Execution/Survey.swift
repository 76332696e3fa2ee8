/// What there is, put together from what the nodes that answered hold. All of them have promised to obey nobody older,
/// so it stays so until the orchestrator that made it changes it.
///
/// Where a leader answered, its followers are complete, and nobody else. Where none did, those are that the journal
/// does not say are out of date. Where none of these did, or they have less, who has handed over and still keeps its
/// copy takes it back.
public struct Survey: Sendable {
  public let revision: UInt64
  /// Nodes that did not answer.
  public let isLost: [Bool]
  /// The change is called off: the map as it is becomes the target.
  public let isCancelled: Bool
  /// By partition: nodes and their states; holders that are out of date left out.
  public internal(set) var rows: [[Held]]
  /// By partition: the revision as which it is led; where nobody leads, this one.
  var terms: [UInt64]
  /// The same where somebody leads; else 0.
  private(set) var ledTerms: [UInt64] = []
  /// Partitions of which no complete copy can be reached though there is one, or may be: nothing may be done about
  /// them.
  public internal(set) var isWithheld: [Bool]
  /// Of these: all that answered have started again since anybody was asked whether they are older than what was
  /// acknowledged, and a copy of a node that is silent may be newer. It is waited for, until the host says that it is
  /// gone.
  package private(set) var isUnproven: [Bool]
  /// Copies of those that count, by `name`: they wait, and are not in doubt. Looked up only.
  private(set) var waiting: Set<UInt64> = []
  /// By node: its copies of such partitions, which take room and stay.
  public internal(set) var withheldCopies: [Int]
  /// What has to be done first: holders that are out of date forget what they have, leaders leave lost followers
  /// behind.
  package private(set) var orders: [Order] = []
  /// By partition: all complete copies have told how far their logs go.
  private(set) var knowsLogs: [Bool] = []
  /// What must be in the journal before that.
  package internal(set) var rosters: [(partition: Int, members: [NodeIndex])] = []

  public struct Held: Hashable, Sendable {
    public var node: NodeIndex
    public var state: StateIndex
  }

  /// O(P + holdings).
  package init(
    revision: UInt64, inventories: [[Holding]?], journal: Journal, rules: ExecutionRules, hadHolders: [Bool],
    isCancelled: Bool,
    disks: [Orchestrator.KnownDisk] = [], doubtful: Set<UInt64> = [], plant: InjectedFault?,
    mayHold: (NodeIndex, Int) -> Bool = { _, _ in false }
  ) {
    let disks = disks.isEmpty ? inventories.map { _ in Orchestrator.KnownDisk() } : disks
    self.revision = revision
    self.isCancelled = isCancelled
    isLost = inventories.map { $0 == nil }
    let count = journal.rosters.count
    rows = Array(repeating: [], count: count)
    isWithheld = Array(repeating: false, count: count)
    isUnproven = isWithheld
    knowsLogs = isWithheld
    withheldCopies = Array(repeating: 0, count: inventories.count)
    terms = Array(repeating: revision, count: count)
    ledTerms = Array(repeating: 0, count: count)
    var found = [[(node: NodeIndex, holding: Holding)]](repeating: [], count: count)
    for (node, inventory) in inventories.enumerated() {
      for holding in inventory ?? [] where holding.partition.int < count {
        found[holding.partition.int].append((NodeIndex(node), holding))
      }
    }
    let anyLost = isLost.contains(true)
    for partition in 0..<count {
      settle(
        partition, found[partition], journal, rules, hadHolders[partition], anyLost, disks, doubtful, plant, mayHold)
    }
  }

  private mutating func settle(
    _ partition: Int, _ found: [Found], _ journal: Journal, _ rules: ExecutionRules, _ hadHolders: Bool,
    _ anyLost: Bool,
    _ disks: [Orchestrator.KnownDisk], _ doubtful: Set<UInt64>, _ plant: InjectedFault?,
    _ mayHold: (NodeIndex, Int) -> Bool
  ) {
    let index = PartitionIndex(partition)
    func holds(_ item: Found) -> Bool { rules.holdsData(item.holding.state) }
    func isComplete(_ item: Found) -> Bool {
      guard disks[item.node.int].counts(item.holding), !doubtful.contains(Self.name(index, item.node)) else {
        return false
      }
      return rules.leading == nil || plant == .promoteLagging
        || journal.isComplete(item.node, index, term: item.holding.term)
    }
    /// It has handed over and keeps its copy: nothing was acknowledged without it.
    func isRetained(_ item: Found) -> Bool {
      item.holding.isRetained(rules) && plant != .forgetHandedOver
    }
    var complete = found.filter { holds($0) && isComplete($0) }
    if plant != .leadOnSetBack {
      let copies = complete
      complete.removeAll { item in
        guard item.holding.isLeading else { return false }
        return copies.contains { $0.holding.term > item.holding.term }
          || item.holding.isUnproven && Self.isBehind(item, copies)
      }
    }
    let leader = complete.filter { $0.holding.isLeading }.max(by: Self.isEarlier)
    if let leader {
      // Who has led before does not lead beside it.
      complete.removeAll { $0.node != leader.node && $0.holding.state == rules.leading }
    }
    if let leader, plant != .promoteLagging {
      complete.removeAll { $0.node != leader.node && !leader.holding.followers.contains($0.node) }
    }
    // The successor is lost, never was one, or was set back: the old leader takes back what it handed over.
    let retained = leader == nil ? found.filter { isRetained($0) && isComplete($0) } : []
    let returning = retained.max { ($0.holding.term, $1.node) < ($1.holding.term, $0.node) }.flatMap { kept in
      complete.allSatisfy { Self.isLonger(kept, $0) } ? kept : nil
    }
    if let returning { complete = [returning] + complete.filter { returning.holding.followers.contains($0.node) } }
    isUnproven[partition] = anyLost && isOlderThanSomeLost(partition, complete, mayHold)
    if isUnproven[partition] {
      for item in complete { waiting.insert(Self.name(index, item.node)) }
      complete = []
    }
    if let leader { (terms[partition], ledTerms[partition]) = (leader.holding.term, leader.holding.term) }
    let mayPromote = leader == nil && rules.leading != nil && plant != .promoteShorter
    let longest = returning ?? (mayPromote ? Self.longest(complete) : nil)
    if let longest {
      // Who has led and has less than another does not lead again.
      complete.removeAll { $0.node != longest.node && $0.holding.state == rules.leading }
    }
    knowsLogs[partition] = complete.allSatisfy { $0.holding.log != nil }
    let outdated = found.filter { item in
      (holds(item) || isRetained(item)) && !complete.contains { $0.node == item.node }
    }
    for item in found where !outdated.contains(where: { $0.node == item.node }) {
      // Who takes back what it handed over, or has the longest log, leads before anything else happens.
      let leads = item.node == longest?.node
      rows[partition].append(Held(node: item.node, state: leads ? rules.leading! : item.holding.state))
    }
    guard !complete.isEmpty else {
      isWithheld[partition] = anyLost || !outdated.isEmpty || hadHolders
      for item in outdated where holds(item) { withheldCopies[item.node.int] += 1 }
      return
    }
    for item in outdated {
      orders.append(
        Order(
          kind: .discard, id: .none, partition: index, node: item.node, change: StateChange(item.holding.state, .null)))
    }
    guard let leading = rules.leading else { return }
    if let leader, plant != .leadOnSetBack {
      for item in complete where Self.mayHaveForgotten(leader, item) {
        let change = StateChange(item.holding.state, item.holding.state)
        orders.append(Order(kind: .set, id: .none, partition: index, node: item.node, change: change))
      }
    }
    let first = leader ?? longest ?? complete.first { $0.holding.state == leading }
    let isLeaving =
      leader.map { leader in
        leader.holding.followers.contains {
          $0 == .none || isLost[$0.int] || hasLost($0, leader.holding.term, found, disks)
        }
      } ?? false
    lead(index, leader, first, isLeaving, complete, outdated, journal, leading)
    if isLeaving || outdated.contains(where: isRetained) || (leader == nil && (anyLost || !outdated.isEmpty)) {
      rosters.append((partition, complete.map(\.node)))
    }
  }

  /// Whether nobody among `complete` is known to have all that was acknowledged, while somebody who is lost may. Who
  /// led may have forgotten its followers.
  private func isOlderThanSomeLost(_ partition: Int, _ complete: [Found], _ mayHold: (NodeIndex, Int) -> Bool) -> Bool {
    guard !complete.isEmpty, complete.allSatisfy(\.holding.isUnproven) else { return false }
    return isLost.indices.contains { isLost[$0] && mayHold(NodeIndex($0), partition) }
  }

  /// It has nothing, on a disk that is newer than the leader: it cannot say that it has left, since it knows no later
  /// leaders.
  private func hasLost(_ node: NodeIndex, _ term: UInt64, _ found: [Found], _ disks: [Orchestrator.KnownDisk]) -> Bool {
    (disks[node.int].state?.born ?? 0) > term && !found.contains { $0.node == node }
  }

  /// A leader leaves behind whoever is lost or out of date; or it was told to and never heard it; or it leads again.
  private mutating func lead(
    _ partition: PartitionIndex, _ leader: Found?, _ first: Found?, _ isLeaving: Bool, _ complete: [Found],
    _ outdated: [Found], _ journal: Journal,
    _ leading: StateIndex
  ) {
    guard let first else { return }
    if let leader {
      let isBehind =
        leader.holding.term < journal.rosters[partition.int]?.revision ?? 0
        || outdated.contains { leader.holding.followers.contains($0.node) }
      guard isLeaving || isBehind else { return }
    }
    var order = Order(
      kind: .lead, id: .none, partition: partition, node: first.node, change: StateChange(first.holding.state, leading),
      followers: complete.map(\.node).filter { $0 != first.node })
    order.isOfLongest = knowsLogs[partition.int]
    orders.append(order)
  }

  /// As a map: what every node is, lost ones left out. Throws `outOfMemory`. O(P · R).
  public func map(of cluster: DenseCluster) throws(PlatError) -> PlacementMap {
    let states = cluster.cluster.settings.model.states.count
    var builder = try PlacementMapBuilder(partitionCount: rows.count, expected: cluster.cluster.rowSlots)
    for partition in rows.indices {
      for state in 0..<states {
        let nodes = rows[partition].filter { $0.state == StateIndex(state) }.map(\.node)
        if !nodes.isEmpty { try builder.set(partition: partition, state: state, nodes: nodes) }
      }
    }
    return try builder.finish(least: cluster.cluster.rowSlots)
  }
}
