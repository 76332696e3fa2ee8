import PlatEngine
import TestSupport
import Testing

/// Schedules of random steps: within the limits, and as short as can be.
@Suite struct ScheduleProperties {
  private struct Limits {
    var scans: Int
    var streamsIn: Int?
    var streamsOut: Int?
    var disturbed: (level: Int, count: Int)?
  }

  private static func make(
    _ seed: UInt64, _ limits: Limits, _ shape: RandomCluster.Shape = .init()
  ) throws -> (cluster: DenseCluster, plan: StepPlan, schedule: Schedule)? {
    var (cluster, current) = RandomCluster.make(seed: seed, shape: shape)
    cluster.config.maxFullScansPerVolumeType = [("ssd", limits.scans)]
    cluster.config.maxStreamsIn = limits.streamsIn
    cluster.config.maxStreamsOut = limits.streamsOut
    cluster.config.maxDisturbedContainers = limits.disturbed
    guard let limit = limits.disturbed, limit.level >= cluster.levels.count else {
      return try made(cluster, current)
    }
    return nil
  }

  private static func made(
    _ cluster: Cluster, _ current: PlacementMap?
  ) throws -> (cluster: DenseCluster, plan: StepPlan, schedule: Schedule) {
    let dense = try DenseCluster(cluster)
    let plan = StepPlanner.plan(dense, from: current, to: try Planner.plan(dense, from: current).target)
    return (dense, plan, try Scheduler.schedule(plan.list, of: dense))
  }

  /// Recounts a schedule round by round.
  private static func check(_ list: StepList, _ schedule: Schedule, _ limits: Limits, _ cluster: DenseCluster) throws {
    var rounds: [[Step]] = Array(repeating: [], count: schedule.length)
    for step in 0..<list.count {
      try holds(
        (0..<schedule.length).contains(schedule.start[step]), "step \(step) begins in round \(schedule.start[step])")
      rounds[schedule.start[step]].append(list.steps[step])
      for before in list.after(step) {
        try holds(schedule.start[Int(before)] < schedule.start[step], "step \(step) too early")
      }
    }
    func most(_ values: [Int]) -> Int { Dictionary(values.map { ($0, 1) }, uniquingKeysWith: +).values.max() ?? 0 }
    for (round, steps) in rounds.enumerated() {
      let streams = steps.filter { $0.kind == .stream }
      try holds(!steps.isEmpty, "round \(round) is empty")
      try holds(most(streams.filter(\.isFullScan).map(\.source.int)) <= limits.scans, "scans in round \(round)")
      try holds(most(streams.map(\.source.int)) <= limits.streamsOut ?? .max, "streams out in round \(round)")
      try holds(most(streams.map(\.node.int)) <= limits.streamsIn ?? .max, "streams in in round \(round)")
      if let disturbed = limits.disturbed {
        let containers = Set(streams.map { cluster.levels[disturbed.level].containerOfNode[$0.node.int] })
        try holds(containers.count <= disturbed.count, "\(containers.count) containers in round \(round)")
      }
    }
    try holds(schedule.lowerBound <= schedule.length, "bound \(schedule.lowerBound) above \(schedule.length)")
  }

  @Test func limitsAreKept() {
    var gaps = 0
    var all = 0
    forAllSeeds(0..<300) { seed in
      var random = SplitMix64(seed: seed)
      let limits = Limits(
        scans: random.among(1...3), streamsIn: random.chance(1, 2) ? random.among(1...3) : nil,
        streamsOut: random.chance(1, 2) ? random.among(1...3) : nil,
        disturbed: random.chance(1, 4) ? (random.below(2), random.among(1...2)) : nil)
      guard let (cluster, plan, schedule) = try Self.make(seed, limits) else { return }
      try Self.check(plan.list, schedule, limits, cluster)
      gaps += schedule.length - schedule.lowerBound
      all += schedule.length
    }
    #expect(all > 1200 && gaps * 20 < all, "\(gaps) rounds above the bounds of \(all)")
  }

  /// Where streams have a limit at one end only, the schedule is as short as its bound.
  @Test(arguments: [1, 2, 3]) func oneKindOfLimitIsOptimal(scans: Int) {
    forAllSeeds(0..<150) { seed in
      let limits = Limits(scans: scans)
      let shape = RandomCluster.Shape { $0.noCapacities = true }
      guard let (cluster, plan, schedule) = try Self.make(seed, limits, shape) else { return }
      try Self.check(plan.list, schedule, limits, cluster)
      // What restores safety goes first, and what it delays has at most three steps behind it.
      let purposes = Set(plan.list.steps.filter(\.isFullScan).map(\.purpose))
      let allowed = purposes.count > 1 ? 3 : 0
      try holds(
        schedule.length <= schedule.lowerBound + allowed, "\(schedule.length) rounds, \(schedule.lowerBound) would do")
    }
  }

  /// With limits at both ends, copies alone need as many rounds as the busiest node: König's colours.
  @Test func copiesNeedNoMoreRoundsThanTheBusiestNode() {
    forAllSeeds(0..<150) { seed in
      var random = SplitMix64(seed: seed)
      let nodes = random.among(2...12)
      let limits = Limits(scans: random.among(1...3), streamsIn: random.among(1...3))
      var cluster = Cluster(
        settings: Settings(partitionCount: 200), nodes: (0..<(2 * nodes)).map { Node(name: "n\($0)") })
      cluster.config.maxFullScansPerVolumeType = [("ssd", limits.scans)]
      cluster.config.maxStreamsIn = limits.streamsIn
      // Each partition has one replica; it gets a second one.
      let rows: Rows = (0..<random.among(1...200)).map { _ in [[random.below(nodes)], [], [], []] }
      let ends: Rows = rows.map { row in [row[0], [nodes + random.below(nodes)], [], []] }
      cluster.settings.partitionCount = rows.count
      let dense = try DenseCluster(cluster)
      let current = PlacementMap.make(rows, least: [1, 1, 0, 0])
      let plan = StepPlanner.plan(dense, from: current, to: PlacementMap.make(ends, least: [1, 1, 0, 0]))
      let schedule = try Scheduler.schedule(plan.list, of: dense)
      try Self.check(plan.list, schedule, limits, dense)
      func rounds(_ node: (Step) -> Int, _ limit: Int) -> Int {
        let counts = Dictionary(plan.list.steps.filter(\.isFullScan).map { (node($0), 1) }, uniquingKeysWith: +)
        return counts.values.map { ($0 + limit - 1) / limit }.max() ?? 0
      }
      let busiest = max(rounds(\.source.int, limits.scans), rounds(\.node.int, limits.streamsIn!))
      try holds(
        schedule.length == 1 + busiest && schedule.lowerBound == 1 + busiest,
        "\(schedule.length) rounds, \(busiest) and one before")
    }
  }

  /// No schedule of a few steps is shorter than the bound says, and none longer than the best by more than a round.
  @Test func fewStepsAgainstEverySchedule() {
    var (cases, gaps) = (0, 0)
    forAllSeeds(0..<300) { seed in
      var random = SplitMix64(seed: seed)
      let limits = Limits(scans: 1, streamsIn: random.chance(1, 2) ? 1 : nil, streamsOut: random.chance(1, 2) ? 1 : nil)
      var (cluster, current) = RandomCluster.make(seed: seed, size: .tiny)
      cluster.config.maxFullScansPerVolumeType = [("ssd", 1)]
      (cluster.config.maxStreamsIn, cluster.config.maxStreamsOut) = (limits.streamsIn, limits.streamsOut)
      let (dense, plan, schedule) = try Self.made(cluster, current)
      guard (1...9).contains(plan.list.count), let best = Self.shortest(plan.list, limits) else { return }
      cases += 1
      gaps += schedule.length - best
      try holds(
        schedule.lowerBound <= best && best <= schedule.length,
        "bound \(schedule.lowerBound), best \(best), \(schedule.length)")
      try Self.check(plan.list, schedule, limits, dense)
    }
    #expect(cases > 30 && gaps * 50 <= cases, "\(gaps) rounds too many in \(cases) cases")
  }

  /// The fewest rounds, by trying all.
  private static func shortest(_ list: StepList, _ limits: Limits) -> Int? {
    let all = (1 << list.count) - 1
    var reached: Set<Int> = [0]
    for round in 1...(list.count + 1) {
      var next: Set<Int> = []
      for done in reached {
        let ready = (0..<list.count).filter { step in
          done & (1 << step) == 0 && list.after(step).allSatisfy { done & (1 << Int($0)) != 0 }
        }
        func extend(_ place: Int, _ taken: Int, _ out: [Int: Int], _ into: [Int: Int], _ scans: [Int: Int]) {
          guard place < ready.count else {
            next.insert(done | taken)
            return
          }
          let step = list.steps[ready[place]]
          let isStream = step.kind == .stream
          let (source, node) = (step.source.int, step.node.int)
          if !isStream {  // a set is never better later
            return extend(place + 1, taken | 1 << ready[place], out, into, scans)
          }
          extend(place + 1, taken, out, into, scans)
          guard out[source, default: 0] < limits.streamsOut ?? .max, into[node, default: 0] < limits.streamsIn ?? .max,
            !step.isFullScan || scans[source, default: 0] < limits.scans
          else { return }
          var (out, into, scans) = (out, into, scans)
          out[source, default: 0] += 1
          into[node, default: 0] += 1
          if step.isFullScan { scans[source, default: 0] += 1 }
          extend(place + 1, taken | 1 << ready[place], out, into, scans)
        }
        extend(0, 0, [:], [:], [:])
      }
      if next.contains(all) { return round }
      reached = next
      if reached.count > 3000 { return nil }
    }
    return nil
  }

  /// What restores safety goes before what is only balance, on each node.
  @Test func safetyComesFirst() throws {
    var cluster = Cluster(
      settings: Settings(partitionCount: 20, constraints: [1, 1, 0, 0]), nodes: (0..<4).map { Node(name: "n\($0)") })
    cluster.config.maxFullScansPerVolumeType = [("ssd", 1)]
    // Even partitions have two copies, one of which moves; odd ones have one.
    let rows: Rows = (0..<20).map { $0 % 2 == 0 ? [[0], [1], [], []] : [[0], [], [], []] }
    let ends: Rows = (0..<20).map { $0 % 2 == 0 ? [[0], [2], [], []] : [[0], [3], [], []] }
    cluster.nodes[1].status = .active
    let dense = try DenseCluster(cluster)
    let plan = StepPlanner.plan(
      dense, from: PlacementMap.make(rows, least: [1, 1, 0, 0]), to: PlacementMap.make(ends, least: [1, 1, 0, 0]))
    let schedule = try Scheduler.schedule(plan.list, of: dense)
    let copies = plan.list.steps.indices.filter {
      plan.list.steps[$0].isFullScan && plan.list.steps[$0].source.int == 0
    }
    let restore = copies.filter { plan.list.steps[$0].purpose == .restore }.map { schedule.start[$0] }
    let balance = copies.filter { plan.list.steps[$0].purpose == .balance }.map { schedule.start[$0] }
    #expect(restore.count == 10 && restore.max()! < balance.min() ?? .max)
  }

  @Test func timesInsteadOfRounds() throws {
    var cluster = Cluster(
      settings: Settings(partitionCount: 3, constraints: [1, 1, 0, 0]), nodes: (0..<3).map { Node(name: "n\($0)") })
    cluster.config.maxFullScansPerVolumeType = [("ssd", 1)]
    let rows: Rows = (0..<3).map { _ in [[0], [], [], []] }
    let ends: Rows = (0..<3).map { [[0], [1 + $0 % 2], [], []] }
    let dense = try DenseCluster(cluster)
    let plan = StepPlanner.plan(
      dense, from: PlacementMap.make(rows, least: [1, 1, 0, 0]), to: PlacementMap.make(ends, least: [1, 1, 0, 0]))
    var options = ScheduleOptions()
    options.bandwidth = Rational(2)
    let schedule = try Scheduler.schedule(plan.list, of: dense, options: options)
    #expect(schedule.length == 1_500_000 && schedule.lowerBound == 1_500_000)
    options.bandwidth = Rational(3, 1_000_000)
    #expect(try Scheduler.schedule(plan.list, of: dense, options: options).length == 3 * 333_333_333_334)
  }
}
