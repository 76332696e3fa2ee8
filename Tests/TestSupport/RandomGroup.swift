import PlatEngine

/// Random groups of maps: the nodes of a random cluster, and maps that differ in size, replicas and rules.
public enum RandomGroup {
  /// Sizes of a map's partitions.
  public typealias Weights = @Sendable (_ partitions: Int, _ random: inout SplitMix64) -> [Quantity]

  /// Mostly of very different sizes; some maps have all of one, and of these most 1.
  public static let anyWeights: Weights = { partitions, random in
    let kind = random.below(5)
    let one = random.pick(["1", "1", "7/2"])
    return random.shuffled((0..<partitions).map { partition in
      switch kind {
      case 0: Quantity(one)!
      case 1: Quantity("\(max(1, 1000 / (partition + 1)))")!
      case 2: Quantity(partition % 2 == 0 ? "1" : "100")!
      case 3: Quantity(["1/3", "0.5", "7/4", "0"][partition % 4])!
      default: Quantity("\(random.among(1...40))")!
      }
    })
  }

  /// A valid group and its current maps (nil: fresh), the same for the same arguments. `isJoined`: the maps were
  /// planned each for itself before, as clusters are that come to Plat. `isAlike`: maps differ in size only; `change`:
  /// what is different about the cluster and its rules.
  public static func make(
    seed: UInt64, size: RandomCluster.Size = .small, maps mapCount: ClosedRange<Int> = 1...6,
    shape: RandomCluster.Shape = RandomCluster.Shape(), isFresh: Bool = false, isJoined: Bool = false,
    isAlike: Bool = false, weights: Weights? = nil,
    change: (inout Cluster, inout SplitMix64) -> Void = { _, _ in }
  ) throws -> (group: DenseGroup, currents: [PlacementMap?]) {
    var random = SplitMix64(seed: seed &* 2_654_435_761)
    var (base, _) = RandomCluster.make(seed: seed, size: size, shape: shape)
    change(&base, &random)
    let count = random.among(mapCount)
    var kinds: [Settings] = [base.settings]
    for _ in 0..<random.below(3) {
      var settings = base.settings
      settings.partitionCount = random.among(1...max(2, 2 * base.settings.partitionCount))
      if !isAlike { settings.constraints[1] = random.among(0...2) }
      if !isAlike, random.chance(1, 3) { settings.placement = [] }
      if !isAlike, !settings.places.isEmpty, random.chance(1, 2) { settings.places = [] }
      kinds.append(settings)
    }
    var members = (0..<count).map { ClusterGroup.Member(name: "m\($0)", settings: random.pick(kinds)) }
    if let weights {
      for map in members.indices { members[map].weights = weights(members[map].settings.partitionCount, &random) }
    }
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
