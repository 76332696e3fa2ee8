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
  /// How many schedules more are tried, with chance instead of numbers between equals, as long as they are longer than
  /// the bound. Of long lists fewer.
  public var variations = 64
  /// Ends the scheduling early: the schedule then is of no use.
  public var interrupt: Interrupt?

  /// In a schedule by time a tick is a microsecond.
  public static let ticksPerSecond = 1_000_000

  public init() {}
}

/// Schedules steps under the cluster's limits, in the order: restore safety, take over, balance.
///
/// A list schedule: whenever something ends, the ready steps are gone over by priority, and each begins whose limits
/// allow it. Purpose comes first, always: a copy that restores safety does not wait for one that balances. Then
///
///     by how much comes after it: where streams have a limit at one end only, that is optimal in rounds among schedules that
///     heed the purpose, for unit steps with releases and tails (Jackson 1955)
///     by the colour of an edge colouring, where both ends have one: a bipartite multigraph whose greatest degree
///     (for each unit of a limit) is D takes D colours (König 1916), and each colour fits in one round
///
/// The shorter of the two is kept; then chance decides between steps of one purpose, by turns with and without a look
/// at what comes after them, as long as that is shorter than it need be.
public enum Scheduler {
  /// Throws where a limit is 0 and something needs it. O(rounds · ready steps + steps · log).
  public static func schedule(
    _ list: StepList, of cluster: DenseCluster, options: ScheduleOptions = ScheduleOptions()
  ) throws(InputError) -> Schedule {
    let limits = MovementLimits(cluster)
    try refuseZeroLimits(list, limits, cluster)
    do throws(PlatError) { return try make(list, cluster, limits, options) } catch {
      return Schedule(start: Array(repeating: 0, count: list.count))  // interrupted
    }
  }

  private static func make(
    _ list: StepList, _ cluster: DenseCluster, _ limits: MovementLimits, _ options: ScheduleOptions
  ) throws(PlatError) -> Schedule {
    let interrupt = options.interrupt
    let order = StepOrder(list, lengths: lengths(list, cluster, options), interrupt)
    try interrupt?.throwIfRequested()
    let bound = try ScheduleBound(list, order, limits, cluster, interrupt).value
    var best = Schedule()
    for priority in [Priority.tail, .colour] {
      if priority == .colour {
        guard best.length > bound, options.bandwidth == nil, limits.streamsIn < .max else { break }
      }
      let keys = try keys(priority, list, order, limits, cluster, interrupt)
      var run = ListSchedule(list, order, limits, cluster, keys: keys, interrupt)
      let schedule = try run.run()
      if priority == .tail || schedule.length < best.length { best = schedule }
    }
    for number in 0..<min(options.variations, mostVisits / max(1, list.count)) where best.length > bound {
      let keys = try variedKeys(number, list, order, interrupt)
      var run = ListSchedule(list, order, limits, cluster, keys: keys, interrupt)
      let schedule = try run.run()
      if schedule.length < best.length { best = schedule }
    }
    best.lowerBound = bound
    return best
  }

  /// Steps that varied schedules come to, all of them together.
  private static let mostVisits = 400_000

  private static func variedKeys(
    _ number: Int, _ list: StepList, _ order: StepOrder, _ interrupt: Interrupt?
  ) throws(PlatError) -> [UInt32] {
    var state = UInt64(number)
    let chance = list.steps.indices.map { _ in mixed(&state) }
    func key(_ step: Int) -> (UInt8, Int, UInt64) {
      (list.steps[step].purpose.rawValue, number & 1 == 0 ? -order.tail[step] : 0, chance[step])
    }
    var keys = [UInt32](repeating: 0, count: list.count)
    let ranked = try list.steps.indices.sorted(interrupt) { a, b in
      let (left, right) = (key(a), key(b))
      return left == right ? a < b : left < right
    }
    for (rank, step) in ranked.enumerated() { keys[step] = UInt32(rank) }
    return keys
  }

  /// SplitMix64.
  private static func mixed(_ state: inout UInt64) -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  private enum Priority { case tail, colour }

  /// For each step, its rank: 0 begins first.
  private static func keys(
    _ priority: Priority, _ list: StepList, _ order: StepOrder, _ limits: MovementLimits, _ cluster: DenseCluster,
    _ interrupt: Interrupt?
  ) throws(PlatError) -> [UInt32] {
    let steps = list.steps
    let colours =
      priority == .colour ? try EdgeColouring(list, limits, nodeCount: cluster.nodeCount, interrupt).rank : []
    func before(_ a: Int, _ b: Int) -> Bool {
      let (purposeA, purposeB) = (steps[a].purpose.rawValue, steps[b].purpose.rawValue)
      switch priority {
      case .tail: return (purposeA, order.tail[b], a) < (purposeB, order.tail[a], b)
      case .colour: return (purposeA, colours[a], a) < (purposeB, colours[b], b)
      }
    }
    var keys = [UInt32](repeating: 0, count: steps.count)
    for (rank, step) in try steps.indices.sorted(interrupt, by: before).enumerated() { keys[step] = UInt32(rank) }
    return keys
  }

  private static func lengths(_ list: StepList, _ cluster: DenseCluster, _ options: ScheduleOptions) -> [Int] {
    guard let bandwidth = options.bandwidth, bandwidth.sign > 0 else { return Array(repeating: 1, count: list.count) }
    let perUnit = Rational(ScheduleOptions.ticksPerSecond) / bandwidth
    let most = (1 << 62) / max(1, list.count)  // so that no sum outgrows 64 bits
    let ticks = perUnit.isInteger ? perUnit.floor : perUnit.floor.map { $0 + 1 }
    return list.steps.map { $0.isFullScan ? max(1, min(ticks ?? most, most)) : 0 }
  }

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
