/// When each step begins.
public struct Schedule: Sendable {
  /// The round, or the tick, in which each step begins.
  public var start: [Int] = []
  /// How long it all takes, in the same unit.
  public var length = 0
  /// No schedule that heeds the limits and the order of the steps is shorter. Proved.
  public var lowerBound = 0
}

/// What a schedule is made under.
public struct ScheduleOptions: Sendable {
  /// Weight of partition that a full scan moves in a second; nil: every step takes one round.
  public var bandwidth: Rational?

  /// In a schedule by time a tick is a microsecond.
  public static let ticksPerSecond = 1_000_000

  public init() {}
}

/// Schedules steps under the cluster's limits, in the order: restore safety, take over, balance.
///
/// A list schedule: whenever something ends, the ready steps are gone over by priority, and each begins whose limits
/// allow it. What matters is the priority, so several are tried and the shortest schedule is kept, the first of equals:
///
///     1. by purpose, then by how much comes after it
///     2. by how much comes after it, then by purpose. Where streams have a limit at one end only, this is optimal in rounds:
///        unit steps with releases and tails (Jackson 1955)
///     3. by the colour of an edge colouring, where both ends have one: a bipartite multigraph whose greatest degree
///        (for each unit of a limit) is D takes D colours (König 1916), and each colour fits in one round
public enum Scheduler {
  /// Throws where a limit is 0 and something needs it. O(rounds · ready steps + steps · log).
  public static func schedule(
    _ list: StepList, of cluster: DenseCluster, options: ScheduleOptions = ScheduleOptions()
  ) throws(InputError) -> Schedule {
    let limits = MovementLimits(cluster)
    try refuseZeroLimits(list, limits, cluster)
    let order = StepOrder(list, lengths: lengths(list, cluster, options))
    let bound = ScheduleBound(list, order, limits, cluster).value
    var best = Schedule()
    for (index, priority) in [Priority.purpose, .tail, .colour].enumerated() {
      if index > 0, best.length == bound { break }
      if priority == .colour, options.bandwidth != nil || (limits.streamsIn == .max && limits.disturbed == nil) { break }
      let keys = keys(priority, list, order, limits, cluster)
      var run = ListSchedule(list, order, limits, cluster, keys: keys)
      let schedule = run.run()
      if index == 0 || schedule.length < best.length { best = schedule }
    }
    best.lowerBound = bound
    return best
  }

  private enum Priority { case purpose, tail, colour }

  /// For each step, its rank: 0 begins first.
  private static func keys(
    _ priority: Priority, _ list: StepList, _ order: StepOrder, _ limits: MovementLimits, _ cluster: DenseCluster
  ) -> [UInt32] {
    let steps = list.steps
    let colours = priority == .colour ? EdgeColouring(list, limits, nodeCount: cluster.nodeCount).rank : []
    func before(_ a: Int, _ b: Int) -> Bool {
      let (purposeA, purposeB) = (steps[a].purpose.rawValue, steps[b].purpose.rawValue)
      switch priority {
      case .purpose: return (purposeA, order.tail[b], a) < (purposeB, order.tail[a], b)
      case .tail: return (order.tail[b], purposeA, a) < (order.tail[a], purposeB, b)
      case .colour: return (colours[a], purposeA, a) < (colours[b], purposeB, b)
      }
    }
    var keys = [UInt32](repeating: 0, count: steps.count)
    for (rank, step) in steps.indices.sorted(by: before).enumerated() { keys[step] = UInt32(rank) }
    return keys
  }

  private static func lengths(_ list: StepList, _ cluster: DenseCluster, _ options: ScheduleOptions) -> [Int] {
    guard let bandwidth = options.bandwidth, bandwidth.sign > 0 else { return Array(repeating: 1, count: list.count) }
    let perUnit = Rational(ScheduleOptions.ticksPerSecond) / bandwidth
    let ticks = (perUnit - Rational(1, Int.max)).floor.map { min($0 + 1, mostTicks) } ?? mostTicks
    return list.steps.map { $0.isFullScan ? max(1, ticks) : 0 }
  }

  /// A century: sums of as many as there are steps stay within 64 bits.
  private static let mostTicks = 100 * 366 * 86_400 * ScheduleOptions.ticksPerSecond / 1_000_000

  private static func refuseZeroLimits(
    _ list: StepList, _ limits: MovementLimits, _ cluster: DenseCluster
  ) throws(InputError) {
    func refuse(_ path: String, _ what: String) throws(InputError) {
      throw InputError(path: "config.\(path)", found: "0", expected: "at least 1: \(what)")
    }
    for step in list.steps where step.kind == .stream {
      if limits.streamsIn == 0 { try refuse("maxStreamsIn", "partitions are to be streamed") }
      if limits.streamsOut == 0 { try refuse("maxStreamsOut", "partitions are to be streamed") }
      if limits.disturbed?.count == 0 { try refuse("maxDisturbedContainers.count", "partitions are to be streamed") }
      if step.isFullScan, limits.fullScans[step.source.int] == 0 {
        let name = cluster.cluster.nodes[step.source.int].name
        try refuse("maxFullScansPerVolumeType", "\(name) has a partition that no other node can give")
      }
    }
  }
}
