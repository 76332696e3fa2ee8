import PlatEngine

/// What hard `atMost` rules leave of each container, as the due and the bound on moves see it.
public enum BoxCaps {
  /// For each level, the most replicas of one partition that one container may hold, in whatever states; nil where
  /// no hard rule speaks about the level.
  ///
  /// A rule about some of the states says nothing about the replicas in the others: they may all be there.
  public static func replicasPerPartition(_ cluster: DenseCluster) -> [Int?] {
    let model = cluster.cluster.settings.model
    return cluster.levels.indices.map { level in
      var least: Int?
      for rule in cluster.cluster.settings.placement where rule.level == level && rule.strength == .hard {
        guard case .atMost(let most) = rule.demand else { continue }
        var cap = most
        for state in model.states.indices where model.states[state].isPlaced && !rule.states.contains(state) {
          cap += cluster.wanted[state]
        }
        least = min(least ?? cluster.replicas, cap)
      }
      return least
    }
  }

  /// Replicas that no map can leave where they are: of each row as many as its best legal part of today's holders on
  /// active nodes falls short.
  public static func lost(_ cluster: DenseCluster, _ current: PlacementMap?) -> Int {
    let held = current?.dataHolders(cluster.cluster.settings.model) ?? []
    let caps = replicasPerPartition(cluster)
    return (0..<cluster.partitionCount).reduce(0) { sum, partition in
      var kept: [Int] = []  // any order does: rules are caps on nested containers
      for node in partition < held.count ? held[partition].sorted() : []
      where cluster.status[node] == .active && kept.count < cluster.replicas {
        let fits = zip(cluster.levels, caps).allSatisfy { level, cap in
          let box = level.nodes.first { $0.contains(node) }!
          return kept.count(where: box.contains) < cap ?? .max
        }
        if fits { kept.append(node) }
      }
      return sum + cluster.replicas - kept.count
    }
  }
}
