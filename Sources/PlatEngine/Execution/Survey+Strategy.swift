/// Where to go from what a survey found, and how.
extension Survey {
  public struct Strategy: Sendable {
    /// The cluster as the survey found it: nodes that did not answer have failed, and withheld copies take room.
    public let cluster: DenseCluster
    /// What is, and what is to be.
    public let current: PlacementMap
    public let target: PlacementMap
    public let steps: StepPlan
  }

  /// The target stays what it was while every node answers but those that had failed when it was planned; else there is
  /// a new one for those that are left. Of a change that is called off the map as it stands becomes the target. Throws
  /// what the planner does. O(a plan).
  public func strategy(of cluster: DenseCluster, to target: PlacementMap) throws -> Strategy {
    try strategy(of: cluster, to: target, plant: nil)
  }

  /// `maps`: those that the cluster's partitions are of, where they are several.
  package func strategy(
    of cluster: DenseCluster, to target: PlacementMap, maps: JoinedMaps? = nil, plant: InjectedFault?,
    interrupt: Interrupt? = nil
  ) throws -> Strategy {
    let current = try map(of: cluster)
    var goal = target
    let found = try foundCluster(cluster)
    if isCancelled || !zip(isLost, cluster.status).allSatisfy({ $0 == !$1.isReadable }) {
      var options = PlanOptions()
      options.operation = isCancelled ? .cancel : .rebalance
      options.to = isCancelled ? target : nil
      options.interrupt = interrupt
      goal =
        try maps?.plan(on: found.cluster.nodes, from: current, options: options)
        ?? Planner.plan(found, from: current, options: options).target
    }
    let rules = ExecutionRules(cluster.cluster.settings.model)
    let kept = kept(goal, current, rules, plant)
    if kept.contains(true) { goal = try asFound(goal, current, kept, rules, of: cluster) }
    let room = plant == .ignoreCapacity ? try boundless(found) : found
    var steps =
      try maps?.steps(on: room.cluster.nodes, from: current, to: goal)
      ?? StepPlanner.plan(room, from: current, to: goal)
    for partition in kept.indices where kept[partition] && !isWithheld[partition] {
      steps.unmet.append((PartitionIndex(partition), .noRoom))
    }
    steps.unmet.sort { $0.partition < $1.partition }
    return Strategy(cluster: found, current: current, target: goal, steps: steps)
  }

  /// By partition: it stays as it was found. Those that are withheld: nobody is known to lead, and nobody is to. Those
  /// that nobody is to have any more: their last copies go on. O(P · R).
  private func kept(_ goal: PlacementMap, _ current: PlacementMap, _ rules: ExecutionRules, _ plant: InjectedFault?)
    -> [Bool]
  {
    func slots(_ map: PlacementMap) -> [Int] {
      map.stateOfSlot.enumerated().filter { rules.holdsData(StateIndex($0.element)) }.map(\.offset)
    }
    let (goalSlots, currentSlots) = (slots(goal), slots(current))
    return rows.indices.map { partition in
      if isWithheld[partition] { return plant != .announceWithheld }
      let (wanted, held) = (goal.row(partition), current.row(partition))
      return !goalSlots.contains { wanted[$0] != .none } && currentSlots.contains { held[$0] != .none }
    }
  }

  /// The goal, but for rows that are kept. Of those that are not withheld somebody leads.
  private func asFound(
    _ goal: PlacementMap, _ current: PlacementMap, _ kept: [Bool], _ rules: ExecutionRules, of cluster: DenseCluster
  ) throws -> PlacementMap {
    var builder = try PlacementMapBuilder(partitionCount: rows.count, expected: cluster.wanted)
    let none: [[NodeIndex]] = Array(repeating: [], count: cluster.cluster.settings.model.states.count)
    let states = [goal.stateOfSlot, current.stateOfSlot]
    for partition in rows.indices {
      let row = (kept[partition] ? current : goal).row(partition)
      var nodes = none
      for (slot, state) in states[kept[partition] ? 1 : 0].enumerated() where row[slot] != .none {
        nodes[state].append(row[slot])
      }
      if kept[partition], !isWithheld[partition], let leading = rules.leading?.int, nodes[leading].isEmpty,
        let state = nodes.indices.first(where: { rules.holdsData(StateIndex($0)) && !nodes[$0].isEmpty })
      {
        nodes[leading].append(nodes[state].removeFirst())
      }
      for state in nodes.indices where !nodes[state].isEmpty {
        try builder.set(partition: partition, state: state, nodes: nodes[state])
      }
    }
    return try builder.finish(least: cluster.wanted)
  }

  /// Nodes that did not answer have failed, and what must stay where it is takes room.
  private func foundCluster(_ cluster: DenseCluster) throws -> DenseCluster {
    var changed = cluster.cluster
    for node in isLost.indices {
      if isLost[node] { changed.nodes[node].fail() }
      if let capacity = changed.nodes[node].capacity {
        changed.nodes[node].capacity = max(0, capacity - withheldCopies[node])
      }
    }
    return changed.nodes == cluster.cluster.nodes ? cluster : try DenseCluster(changed)
  }

  /// The cluster without capacities.
  private func boundless(_ cluster: DenseCluster) throws -> DenseCluster {
    var changed = cluster.cluster
    for node in changed.nodes.indices { changed.nodes[node].capacity = nil }
    return try DenseCluster(changed)
  }
}
