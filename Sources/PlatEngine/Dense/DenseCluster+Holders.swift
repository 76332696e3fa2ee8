/// What a hard limit on peers leaves of what is asked for.
extension DenseCluster {
  /// The most nodes that can hold one partition's data under a hard `fanOut`, whatever the map: a master replicates to
  /// all others, and each of these from it. Nil: as many as there are.
  static func mostHolders(_ settings: Settings) -> Int? {
    guard let limit = settings.fanOut, limit.strength == .hard, settings.constraints[0] > 0 else { return nil }
    return limit.inbound == 0 ? 1 : limit.outbound.map { $0 == .max ? $0 : $0 + 1 }
  }

  /// How many replicas of a partition each state that holds data can have: the slots that rows have for it, where need be less,
  /// the last state first.
  static func placeable(_ cluster: Cluster) -> [Int] {
    var counts = zip(cluster.rowSlots, cluster.settings.model.states).map { $1.holdsData ? $0 : 0 }
    guard let most = mostHolders(cluster.settings) else { return counts }
    var tooMany = max(0, counts.reduce(0, +) - most)
    for state in counts.indices.reversed() {
      let less = min(counts[state], tooMany)
      counts[state] -= less
      tooMany -= less
    }
    return counts
  }

  /// What is wanted of states that hold data; 0 of others.
  static func holdingData(_ settings: Settings) -> [Int] {
    zip(settings.constraints, settings.model.states).map { $1.holdsData ? $0 : 0 }
  }
}
