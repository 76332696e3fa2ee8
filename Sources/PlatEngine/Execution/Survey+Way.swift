/// Where to go from what a survey found, and how.
extension Survey {
  public struct Way: Sendable {
    /// The cluster as the survey found it: nodes that did not answer have failed, and withheld copies take room.
    public let cluster: DenseCluster
    /// What is, and what is to be.
    public let current: PlacementMap
    public let target: PlacementMap
    public let steps: StepPlan
  }

  /// The target stays what it was while every node answers but those that had failed when it was planned; else there is a new
  /// one for those that are left. Of a change that is called off the map as it stands becomes the target. Throws what the
  /// planner does. O(a plan).
  public func way(of cluster: DenseCluster, to target: PlacementMap) throws -> Way {
    try way(of: cluster, to: target, plant: nil)
  }

  package func way(of cluster: DenseCluster, to target: PlacementMap, plant: Plant?, interrupt: Interrupt? = nil) throws -> Way {
    let current = try map(of: cluster)
    var goal = target
    let found = try foundCluster(cluster)
    if isCancelled || !zip(isLost, cluster.status).allSatisfy({ $0 == ($1 == .failed) }) {
      var options = PlanOptions()
      options.operation = isCancelled ? .cancel : .rebalance
      options.to = isCancelled ? target : nil
      options.interrupt = interrupt
      goal = try Planner.plan(found, from: current, options: options).target
    }
    let steps = StepPlanner.plan(plant == .ignoreCapacity ? try boundless(found) : found, from: current, to: goal)
    return Way(cluster: found, current: current, target: goal, steps: steps)
  }

  /// Nodes that did not answer have failed, and what must stay where it is takes room.
  private func foundCluster(_ cluster: DenseCluster) throws -> DenseCluster {
    var changed = cluster.cluster
    for node in isLost.indices {
      if isLost[node] { changed.nodes[node].status = .failed }
      if let capacity = changed.nodes[node].capacity { changed.nodes[node].capacity = max(0, capacity - withheldCopies[node]) }
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
