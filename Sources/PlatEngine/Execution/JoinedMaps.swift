/// Several maps of one model as one with all their partitions, map after map, for those who carry maps out. Where a
/// plan is made again on the way it is one of the group that they are, whatever their numbers of replicas and rules.
public struct JoinedMaps: Sendable {
  /// With the partitions of all maps. Of replicas it asks for the most of any map, of rules for none.
  public let cluster: DenseCluster
  private let group: DenseGroup
  private let numbers: PartitionNumbers

  /// Nil where the maps are of different models: nodes would have to know which partition is of which.
  public init?(_ group: DenseGroup) throws(InputError) {
    guard let model = group.clusters.first?.cluster.settings.model,
      group.clusters.allSatisfy({ $0.cluster.settings.model == model })
    else { return nil }
    self.group = group
    numbers = PartitionNumbers(group.clusters.map(\.partitionCount))
    var cluster = group.group.shared
    cluster.settings.model = model
    cluster.settings.constraints = model.states.indices.map { state in
      group.clusters.map { $0.cluster.settings.constraints[state] }.max() ?? 0
    }
    cluster.settings.keyFunction = .crc32
    cluster.settings.partitionCount = numbers.count
    (cluster.settings.placement, cluster.settings.fanOut) = ([], nil)
    if group.weights != nil {
      cluster.partitionWeights = group.clusters.flatMap { cluster in
        cluster.partitionWeights == nil
          ? Array(repeating: cluster.cluster.partitionWeights.first ?? .one, count: cluster.partitionCount)
          : cluster.cluster.partitionWeights
      }
    }
    self.cluster = try DenseCluster(cluster)
  }

  /// The rows of all maps, one below the other; of those that are fresh empty ones. Nil where all are. O(Σ P · R).
  public func joined(_ maps: [PlacementMap?]) throws(PlatError) -> PlacementMap? {
    guard maps.contains(where: { $0 != nil }) else { return nil }
    var slotCounts = cluster.wanted.map { _ in 0 }
    for map in maps {
      for (state, count) in (map?.slotCounts ?? []).enumerated() { slotCounts[state] = max(slotCounts[state], count) }
    }
    let joined = try PlacementMap(partitionCount: numbers.count, slotCounts: slotCounts)
    for (index, map) in maps.enumerated() {
      guard let map else { continue }
      let rows = 0..<min(map.partitionCount, group.clusters[index].partitionCount)
      map.copy(rows, to: joined, from: numbers.first[index])
    }
    return joined
  }

  /// The maps again; nil: nobody holds anything of it. O(Σ P · R).
  func split(_ joined: PlacementMap) throws(PlatError) -> [PlacementMap?] {
    try group.clusters.indices.map { index throws(PlatError) in
      let rows = numbers.first[index]..<numbers.first[index + 1]
      guard rows.contains(where: { row in (0..<joined.width).contains { joined.row(row)[$0] != .none } }) else {
        return nil
      }
      let map = try PlacementMap(partitionCount: rows.count, slotCounts: joined.slotCounts)
      joined.copy(rows, to: map, from: 0)
      return map
    }
  }

  /// The next maps of the group on nodes as they have become. O(a plan).
  package func plan(
    on nodes: [Node], from current: PlacementMap, options: PlanOptions = PlanOptions()
  ) throws -> PlacementMap {
    var options = options
    if let to = options.to { (options.to, options.toMaps) = (nil, try split(to)) }
    let plan = try Planner.plan(group.on(nodes), from: split(current), options: options)
    return try joined(plan.plans.map(\.target)) ?? current
  }

  /// The steps from one map to another on nodes as they have become.
  func steps(on nodes: [Node], from current: PlacementMap, to target: PlacementMap) throws -> StepPlan {
    let (currents, targets) = (try split(current), try split(target))
    return StepPlanner.plan(
      try zip(group.on(nodes).clusters, zip(currents, targets)).map { cluster, maps in
        let nothing = try PlacementMap(partitionCount: cluster.partitionCount, slotCounts: cluster.wanted)
        return MapChange(cluster, from: maps.0, to: maps.1 ?? nothing)
      })
  }
}

extension DenseGroup {
  /// The same maps on nodes as they have become.
  fileprivate func on(_ nodes: [Node]) throws(InputError) -> DenseGroup {
    guard nodes != group.shared.nodes else { return self }
    var group = group
    group.shared.nodes = nodes
    return try DenseGroup(group)
  }
}

extension PlacementMap {
  /// Copies rows into those of another map from `first` on, each state's slots in their order. O(P · R).
  fileprivate func copy(_ rows: Range<Int>, to other: PlacementMap, from first: Int) {
    for state in slotCounts.indices {
      for (from, to) in zip(slots(ofState: state), other.slots(ofState: state)) {
        for row in rows { other.row(first + row - rows.lowerBound)[to] = self.row(row)[from] }
      }
    }
  }
}
