/// A map put together from who is preferred, partition by partition: what `restore-back` and `cancel` plan from as if
/// it were the current map, so that whatever of it can stay does.
///
/// Candidates are asked in order, and each is taken while there is room and hard rules allow it. A legal row is a
/// choice under nested caps, so taking the best first is exact: no legal row has more of the first kind, and of those
/// none more of the second.
struct ComposedMap {
  struct Candidate {
    var node: NodeIndex
    /// The state that it has there.
    var state: Int
    /// Of those that are taken, who is put into slots first.
    var order = 0
  }

  let cluster: DenseCluster
  let map: PlacementMap
  private let problem: Problem
  /// Whoever finds no slot of its own state is here, so that nobody becomes master by chance.
  private let lastState: Int

  init(_ cluster: DenseCluster, options: PlanRequest) throws(PlatError) {
    self.cluster = cluster
    let arena = try Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt)
    problem = try Problem(cluster, current: nil, arena: arena)
    var counts = cluster.cluster.rowSlots
    lastState = cluster.dataWanted.lastIndex { $0 > 0 } ?? 0
    if cluster.replicas > 0 { counts[lastState] = cluster.replicas }
    map = try PlacementMap(
      unfilled: cluster.partitionCount, slotCounts: counts, arena: Arena(limitBytes: options.memoryLimitBytes))
    map.clear()
  }

  /// Fills a row with the first of the candidates that fit. O(candidates · R).
  func fill(_ partition: Int, _ candidates: [Candidate]) {
    guard problem.replicas > 0 else { return }
    var chosen: [Candidate] = []
    withUnsafeTemporaryAllocation(of: NodeIndex.self, capacity: problem.replicas) { row in
      row.initialize(repeating: .none)
      for candidate in candidates where chosen.count < problem.replicas {
        guard problem.allows(row.baseAddress!, leaving: -1, to: candidate.node) else { continue }
        row[chosen.count] = candidate.node
        chosen.append(candidate)
      }
    }
    var late: [NodeIndex] = []
    let inOrder = chosen.enumerated().sorted { ($0.element.order, $0.offset) < ($1.element.order, $1.offset) }.map(
      \.element)
    for candidate in inOrder where !put(partition, candidate.node, candidate.state) { late.append(candidate.node) }
    for node in late { _ = put(partition, node, lastState) }
  }

  /// Puts a node into a free slot of a state that holds data, or of any that is wanted.
  private func put(_ partition: Int, _ node: NodeIndex, _ state: Int) -> Bool {
    guard cluster.wanted[state] > 0 else { return false }
    let row = map.row(partition)
    guard let slot = map.slots(ofState: state).first(where: { row[$0] == .none }) else { return false }
    row[slot] = node
    return true
  }

  /// Who is in the states without data, from a map that has them.
  func copyWitnesses(_ partition: Int, from other: PlacementMap) {
    guard partition < other.partitionCount else { return }
    for (state, about) in cluster.cluster.settings.model.states.enumerated()
    where !about.holdsData && cluster.wanted[state] > 0 {
      for node in other.holders(of: partition, inState: state) where cluster.status[node.int].mayReceive {
        _ = put(partition, node, state)
      }
    }
  }
}

extension PlacementMap {
  /// Who holds a partition's data, most important state first. For a partition at a time: it allocates.
  func dataHolders(of partition: Int, _ model: StateModel) -> [ComposedMap.Candidate] {
    guard partition < partitionCount else { return [] }
    return slotCounts.indices.filter { model.states[$0].holdsData }.flatMap { state in
      holders(of: partition, inState: state).map { ComposedMap.Candidate(node: $0, state: state) }
    }
  }
}
