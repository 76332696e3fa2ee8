/// `restore-back`: as near as possible to a map given, which may be older than several changes.
///
/// Of each partition, what that map says stays, as far as its nodes are still there, may have it, and hard rules allow:
/// of this, first what is on its node today. Then come others who hold the partition today, since keeping them moves
/// nothing; what still is missing goes to whoever lacks most. Who was master there is master again, else who is today.
///
/// So each row shares as many replicas with the map given as any legal row does, and where that map is legal, the
/// target is that map: as many moves as it has replicas that are not on their nodes today. Only capacities can force
/// more.
enum NearestMap {
  /// O(P · R²).
  static func make(
    _ cluster: DenseCluster, from current: PlacementMap?, backTo: PlacementMap?, options: PlanRequest
  ) throws(PlatError) -> PlacementMap {
    guard let goal = backTo else {
      throw .unsupported(
        InputError(path: "operation", found: "restore-back without a map to go back to", expected: "one, given as --to")
      )
    }
    let model = cluster.cluster.settings.model
    let composed = try ComposedMap(cluster, options: options)
    for partition in 0..<cluster.partitionCount {
      let today = (current?.dataHolders(of: partition, model) ?? []).filter { cluster.status[$0.node.int].isReadable }
      func isHeld(_ node: NodeIndex) -> Bool { today.contains { $0.node == node } }
      // A node in maintenance keeps what it has and gets nothing new.
      let past = goal.dataHolders(of: partition, model).filter { candidate in
        let status = cluster.status[candidate.node.int]
        return status.mayReceive || status.mayKeep && isHeld(candidate.node)
      }
      let others = today.filter { candidate in
        cluster.status[candidate.node.int].mayKeep && !past.contains { $0.node == candidate.node }
      }
      var candidates = past + others
      for index in candidates.indices { candidates[index].order = index }
      let (pastOnes, rest) = (candidates.prefix(past.count), candidates.dropFirst(past.count))
      composed.fill(
        partition, pastOnes.filter { isHeld($0.node) } + pastOnes.filter { !isHeld($0.node) } + rest)
      composed.copyWitnesses(partition, from: goal)
    }
    return composed.map
  }
}
