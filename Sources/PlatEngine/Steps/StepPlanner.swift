/// How to get from one map to another, safely.
public struct StepPlan: Sendable {
  public var list: StepList
  /// Partitions that do not reach their target, in order, and why.
  public var unmet: [(partition: PartitionIndex, reason: Reason)] = []
  /// Replicas that go before their partition has another copy, since nodes without room wait for one another.
  public var removedFirst: [(partition: PartitionIndex, node: NodeIndex)] = []

  public enum Reason: Sendable {
    /// Its data is on nodes that failed.
    case noLiveCopy
    /// Nodes without room wait for one another.
    case noRoom
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

  /// `current`: the map as it is (nil: nobody holds anything); `target`: the map to reach. O(P · R) to see what differs, then
  /// what differs.
  public static func plan(
    _ cluster: DenseCluster, from current: PlacementMap?, to target: PlacementMap, options: Options = Options()
  ) -> StepPlan {
    do throws(PlatError) { return try make(cluster, from: current, to: target, options) } catch {
      return StepPlan(list: StepList())  // interrupted
    }
  }

  private static func make(
    _ cluster: DenseCluster, from current: PlacementMap?, to target: PlacementMap, _ options: Options
  ) throws(PlatError) -> StepPlan {
    let interrupt = options.interrupt
    var plan = StepPlan(list: StepList())
    var partitions = PartitionSteps(cluster, sources: StreamSources(cluster))
    var difference = Difference(cluster, from: current, to: target)
    difference.interrupt = options.interrupt
    difference.forEachChangedRow { row in
      if !partitions.add(row) { plan.unmet.append((row.partition, .noLiveCopy)) }
    }
    try interrupt?.throwIfRequested()
    var arcs = partitions.arcs + partitions.pairings
    var steps = partitions.steps
    if var room = NodeRoom(cluster, load: load(cluster, current), partitions) {
      let isDone = try room.run(mayRemoveFirst: options.mayRemoveFirst, interrupt) { liveCopies(cluster, current, $0) }
      let loose = Dictionary(room.loosened.map { ($0.step, $0.before) }) { first, _ in first }
      arcs.removeAll { loose[$0.step] == $0.before }
      for arc in room.loosened {
        let going = steps[Int(arc.step)]
        plan.removedFirst.append((going.partition, going.kind == .set ? going.node : going.source))
      }
      (steps, arcs) = without(steps, arcs + room.extra, isDone, &plan)
    }
    try interrupt?.throwIfRequested()
    plan.list = try StepList(steps, arcs: arcs, interrupt)
    return plan
  }

  /// Leaves out the steps that cannot be done, and says of which partitions they are.
  private static func without(
    _ steps: [Step], _ arcs: [Arc], _ isDone: [Bool], _ plan: inout StepPlan
  ) -> ([Step], [Arc]) {
    guard isDone.contains(false) else { return (steps, arcs) }
    var number = [UInt32](repeating: .max, count: steps.count)
    var kept: [Step] = []
    var stuck: Set<PartitionIndex> = []  // looked up only
    for index in steps.indices {
      if isDone[index] {
        number[index] = UInt32(kept.count)
        kept.append(steps[index])
      } else if stuck.insert(steps[index].partition).inserted {
        plan.unmet.append((steps[index].partition, .noRoom))
      }
    }
    plan.unmet.sort { $0.partition < $1.partition }
    let left = arcs.filter { isDone[Int($0.step)] }
    return (kept, left.map { (number[Int($0.step)], number[Int($0.before)]) })
  }

  /// Replicas of each node now. O(P · R).
  private static func load(_ cluster: DenseCluster, _ current: PlacementMap?) -> [Int] {
    var load = [Int](repeating: 0, count: cluster.nodeCount)
    guard let current else { return load }
    let model = cluster.cluster.settings.model
    let slots = current.stateOfSlot.indices.filter { model.states[current.stateOfSlot[$0]].holdsData }
    for partition in 0..<min(current.partitionCount, cluster.partitionCount) {
      let row = current.row(partition)
      for slot in slots where row[slot].int < cluster.nodeCount { load[row[slot].int] += 1 }
    }
    return load
  }

  private static func liveCopies(_ cluster: DenseCluster, _ current: PlacementMap?, _ partition: PartitionIndex) -> Int {
    guard let current, partition.int < current.partitionCount else { return 0 }
    let model = cluster.cluster.settings.model
    return current.slotCounts.indices.reduce(0) { sum, state in
      guard model.states[state].holdsData else { return sum }
      return sum + current.holders(of: partition.int, inState: state).count { cluster.status[$0.int] != .failed }
    }
  }
}
