import PlatEngine

extension GroupDocument {
  /// One of the maps and its plan, as if it were alone with what the others leave it: of a node's capacity, what
  /// remains where each of the other maps has the greater of what it holds now and what its plan gives it. So it may be
  /// carried out beside them, in any order. O(Σ P · R) where nodes have capacities, else O(N).
  package func alone(_ index: Int, in plan: GroupPlanDocument) -> (document: ClusterDocument, plan: PlanDocument) {
    var document = document(index)
    if document.cluster.nodes.contains(where: { $0.capacity != nil }) {
      var taken = [Int](repeating: 0, count: document.cluster.nodes.count)
      for other in maps.indices where other != index {
        let model = group.members[other].settings.model
        let before = maps[other]?.placement.loads(model, nodes: taken.count)
        let after = plan.plans[other].map.placement.loads(model, nodes: taken.count)
        for node in taken.indices { taken[node] += max(before?[node] ?? 0, after[node]) }
      }
      for node in taken.indices {
        document.cluster.nodes[node].capacity = document.cluster.nodes[node].capacity.map { max(0, $0 - taken[node]) }
      }
    }
    return (document, plan.plans[index])
  }
}
