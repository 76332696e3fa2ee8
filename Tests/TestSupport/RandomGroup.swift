import PlatEngine

/// Random groups of maps: the nodes of a random cluster, and maps that differ in size, replicas and rules.
public enum RandomGroup {
  /// A valid group and its current maps (nil: fresh), the same for the same arguments. `isJoined`: the maps were planned
  /// each for itself before, as clusters are that come to Plat.
  public static func make(
    seed: UInt64, size: RandomCluster.Size = .small, maps mapCount: ClosedRange<Int> = 1...6,
    shape: RandomCluster.Shape = RandomCluster.Shape(), isFresh: Bool = false, isJoined: Bool = false
  ) throws -> (group: DenseGroup, currents: [PlacementMap?]) {
    var random = SplitMix64(seed: seed &* 2_654_435_761)
    var (base, _) = RandomCluster.make(seed: seed, size: size, shape: shape)
    let count = random.among(mapCount)
    var kinds: [Settings] = [base.settings]
    for _ in 0..<random.below(3) {
      var settings = base.settings
      settings.partitionCount = random.among(1...max(2, 2 * base.settings.partitionCount))
      settings.constraints[1] = random.among(0...2)
      if random.chance(1, 3) { settings.placement = [] }
      kinds.append(settings)
    }
    let members = (0..<count).map { ClusterGroup.Member(name: "m\($0)", settings: random.pick(kinds)) }
    // Capacities are for all maps.
    for node in base.nodes.indices {
      if let capacity = base.nodes[node].capacity { base.nodes[node].capacity = capacity * count }
    }
    let group = try DenseGroup(ClusterGroup(shared: base, members: members))
    let currents: [PlacementMap?] = try members.indices.map { map in
      if isFresh { return nil }
      var cluster = group.group.cluster(map)
      if isJoined {
        for node in cluster.nodes.indices { cluster.nodes[node].status = .active }
        return try Planner.plan(DenseCluster(cluster), from: nil).target
      }
      return random.pick(CurrentMap.allCases).make(cluster, &random)
    }
    return (group, currents)
  }
}
