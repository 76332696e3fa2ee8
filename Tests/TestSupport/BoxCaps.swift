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
}
