/// `cancel`: the map as it stands, half-way, becomes the target.
///
/// Every partition keeps as many of its live copies as are wanted, so nothing moves that is not missing altogether. Who
/// is master stays. Of copies too many, one that is passing through goes before a slave, one on a node that is leaving
/// before others, one that the cancelled plan does not want before one that it does, and then the one on the node that
/// holds most (in weight, where partitions differ in it): a change that has come as far as a second copy is finished,
/// one that has not is undone. A replica that no live copy is there for has to be received by somebody, so it goes
/// where it was on its way to: where the partition is `dead`, or where the cancelled plan has it.
///
/// Nodes that are leaving keep what they still hold: they are told in the findings.
enum StandingMap {
  /// `target`: the map of the plan that was under way, where it is known. O(P · R log R + P · R²).
  static func make(
    _ cluster: DenseCluster, from current: PlacementMap?, target: PlacementMap?, options: PlanRequest
  ) throws(PlatError) -> PlacementMap? {
    guard let current else { return nil }
    let model = cluster.cluster.settings.model
    let composed = try ComposedMap(cluster, options: options)
    var load = [Int](repeating: 0, count: cluster.nodeCount)
    for partition in 0..<min(current.partitionCount, cluster.partitionCount) {
      for candidate in current.dataHolders(of: partition, model) {
        load[candidate.node.int] += cluster.partitionWeights?.of[partition] ?? 1
      }
    }
    let dead = model.states.indices.filter { !model.states[$0].holdsData && !model.states[$0].isPlaced }
    for partition in 0..<cluster.partitionCount {
      let goal = target?.dataHolders(of: partition, model) ?? []
      func rank(_ candidate: ComposedMap.Candidate, _ index: Int) -> (Int, Int, Int, Int, Int) {
        let isLeading = candidate.state == 0
        return (
          isLeading ? 0 : model.states[candidate.state].isPlaced ? 1 : 2,
          isLeading || !cluster.status[candidate.node.int].isDrained ? 0 : 1,
          isLeading || goal.contains { $0.node == candidate.node } ? 0 : 1,
          isLeading ? 0 : load[candidate.node.int], index
        )
      }
      let held = current.dataHolders(of: partition, model).filter { cluster.status[$0.node.int].isReadable }
      var candidates = held.enumerated().map { (rank($1, $0), $1) }.sorted { $0.0 < $1.0 }.map(\.1)
      if candidates.count < cluster.replicas, partition < current.partitionCount {
        let onTheWay = dead.flatMap { current.holders(of: partition, inState: $0) } + goal.map(\.node)
        for node in onTheWay
        where cluster.status[node.int].mayReceive && !candidates.contains(where: { $0.node == node }) {
          candidates.append(ComposedMap.Candidate(node: node, state: cluster.wanted.lastIndex { $0 > 0 } ?? 0))
        }
      }
      composed.fill(partition, candidates)
      composed.copyWitnesses(partition, from: current)
    }
    return composed.map
  }
}
