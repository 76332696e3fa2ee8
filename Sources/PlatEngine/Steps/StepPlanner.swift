/// How to get from one map to another, safely.
public struct StepPlan: Sendable {
  public var list: StepList
  /// Partitions that do not reach their target, in order, and why.
  public var unmet: [(partition: PartitionIndex, reason: Reason)] = []
  /// All replicas that go before their partition has another copy, since nodes without room wait for one another.
  public var removedFirst: [(partition: PartitionIndex, node: NodeIndex)] = []

  public enum Reason: Sendable {
    /// Its data is on nodes that failed.
    case noLiveCopy
    /// Nodes without room wait for one another, and no order is safe: all were looked at.
    case noRoom
    /// Nodes without room wait for one another, and no safe order was found; not all were looked at.
    case noRoomFound
    /// Its target leaves no copy: the last one stays where it is.
    case lastCopy
    /// A node of its target has failed.
    case failedNode
    /// The model's hops lead there in no order that keeps copies, service and exclusions.
    case noSafeOrder
  }
}

/// What is to become of a map.
public struct MapChange: Sendable {
  public var cluster: DenseCluster
  /// The map as it is; nil: nobody holds anything.
  public var current: PlacementMap?
  public var target: PlacementMap

  public init(_ cluster: DenseCluster, from current: PlacementMap?, to target: PlacementMap) {
    (self.cluster, self.current, self.target) = (cluster, current, target)
  }
}

/// Moves → steps: the fewest for each partition, and an order only where safety needs one.
public enum StepPlanner {
  public struct Options: Sendable {
    /// Where nodes without room wait for one another, a replica may go before its partition has another copy.
    public var mayRemoveFirst = false
    /// Ends the planning early: the steps then are of no use.
    public var interrupt: Interrupt?

    public init() {}
  }

  /// `current`: the map as it is (nil: nobody holds anything); `target`: the map to reach. O(P · R) to see what
  /// differs, then what differs.
  public static func plan(
    _ cluster: DenseCluster, from current: PlacementMap?, to target: PlacementMap, options: Options = Options()
  ) -> StepPlan {
    plan([MapChange(cluster, from: current, to: target)], options: options)
  }

  /// The same for several maps on the same nodes, whose capacities are for all of them. Their partitions are numbered
  /// on, map after map.
  public static func plan(_ maps: [MapChange], options: Options = Options()) -> StepPlan {
    do throws(PlatError) { return try make(maps, options) } catch {
      return StepPlan(list: StepList())  // interrupted
    }
  }

  private static func make(_ maps: [MapChange], _ options: Options) throws(PlatError) -> StepPlan {
    guard let cluster = maps.first?.cluster else { return StepPlan(list: StepList()) }
    let interrupt = options.interrupt
    let numbers = PartitionNumbers(maps.map(\.target.partitionCount))
    var plan = StepPlan(list: StepList())
    var partitions = PartitionSteps(maps.map(\.cluster), numbers)
    var load = [Int](repeating: 0, count: cluster.nodeCount)
    var differences: [Difference] = []
    for (map, change) in maps.enumerated() {
      var difference = Difference(change.cluster, from: change.current, to: change.target, first: numbers.first[map])
      difference.interrupt = options.interrupt
      difference.forEachChangedRow { row in
        if let reason = partitions.add(row) { plan.unmet.append((row.partition, reason)) }
      }
      try interrupt?.throwIfRequested()
      // What cannot be read takes no room.
      let held = change.cluster.loads(of: change.current)
      for node in load.indices where cluster.status[node].isReadable { load[node] += held[node] }
      differences.append(difference)
    }
    var (steps, arcs) = (partitions.steps, partitions.arcs)
    if !MoveCapacity.isAmple(cluster, load: load, partitions) {
      var room = RoomPlan(cluster, load: load, partitions, options)
      try room.make { differences[numbers.map(of: $0)].row($0) }
      (steps, arcs) = (room.steps, room.arcs)
      plan.removedFirst = room.removedFirst
      let known = Set(plan.unmet.map(\.partition))  // looked up only
      plan.unmet += room.unmet.filter { !known.contains($0.partition) }
      plan.unmet.sort { $0.partition < $1.partition }
    }
    try interrupt?.throwIfRequested()
    plan.list = try StepList(steps, arcs: arcs, interrupt)
    return plan
  }
}
