import TestSupport
import Testing

@testable import PlatEngine

/// Beside looking at everything that is ready again and again.
@Suite struct ReadyQueueTests {
  private struct Work {
    let cluster: DenseCluster
    var steps: [Step?] = []
    var partitions: [UInt32] = []
    var keys: [UInt32] = []
    /// Nothing else of its partition may be under way.
    var isAlone: [Bool] = []

    init(_ random: inout SplitMix) throws {
      let (perZone, zones, partitions) = (1 + random.below(3), 1 + random.below(4), 1 + random.below(6))
      var config = MovementConfig()
      if random.below(3) > 0 { config.maxStreamsIn = 1 + random.below(3) }
      if random.below(3) > 0 { config.maxStreamsOut = 1 + random.below(3) }
      if random.below(2) > 0 { config.maxDisturbedContainers = (0, 1 + random.below(2)) }
      config.maxFullScansPerVolumeType = [(type: "ssd", count: 1 + random.below(2))]
      let cluster = Cluster(
        settings: Settings(partitionCount: partitions, constraints: [1, 1, 0, 0]), config: config, levels: ["zone"],
        containers: (0..<zones).map {
          Container(name: "z\($0)", level: 0, parent: nil, nodes: $0 * perZone..<($0 + 1) * perZone)
        },
        nodes: (0..<perZone * zones).map { Node(name: "n\($0)", volumes: ["ssd"]) })
      self.cluster = try DenseCluster(cluster)
      let nodes = perZone * zones
      for _ in 0..<random.below(40) + 1 {
        let partition = PartitionIndex(random.below(partitions))
        let (source, node) = (NodeIndex(random.below(nodes)), NodeIndex(random.below(nodes)))
        let change = StateChange(.null, StateIndex(1))
        switch random.below(4) {
        case 0: steps.append(.set(partition, node, change, .balance))
        case 1: steps.append(.takeover(partition, from: source, change, to: node, change, .takeOver, isFullScan: false))
        default: steps.append(.copy(partition, from: source, in: StateIndex(0), to: node, change, .balance))
        }
        self.partitions.append(partition.raw)
        isAlone.append(steps.last!!.kind == .set && random.below(2) == 0)
      }
      keys = steps.indices.map { UInt32($0) }
      for index in keys.indices.reversed() { keys.swapAt(index, random.below(index + 1)) }
    }
  }

  /// Everything by looking at all of it. `forgetsReceivers`: a fault.
  private struct Twin {
    let work: Work
    var inUse: LimitsInUse
    var underWay: [Int]
    var alone: [Bool]
    var ready: Set<Int> = []  // sorted before it is gone through

    func waits(_ task: Int) -> Bool {
      let partition = Int(work.partitions[task])
      return alone[partition] || work.isAlone[task] && underWay[partition] > 0
    }

    func next(forgetsReceivers: Bool) -> Int? {
      ready.sorted { work.keys[$0] < work.keys[$1] }.first { task in
        guard !waits(task) else { return false }
        guard let step = work.steps[task], step.kind == .stream else { return true }
        return inUse.mayBegin(step) || forgetsReceivers && inUse.obstacle(step) != .nothing
      }
    }

    mutating func change(_ task: Int, begins: Bool) {
      let partition = Int(work.partitions[task])
      if begins { ready.remove(task) }
      underWay[partition] += begins ? 1 : -1
      if work.isAlone[task] { alone[partition] = begins }
      if let step = work.steps[task], step.kind == .stream { if begins { inUse.begin(step) } else { inUse.end(step) } }
    }
  }

  /// Nil: both agree to the end.
  private func firstDifference(seed: UInt64, forgetsReceivers: Bool = false) throws -> String? {
    var random = SplitMix(seed: seed)
    let work = try Work(&random)
    let limits = MovementLimits(work.cluster)
    let inUse = LimitsInUse(limits, work.cluster)
    let count = work.cluster.partitionCount
    var twin = Twin(
      work: work, inUse: inUse, underWay: Array(repeating: 0, count: count),
      alone: Array(repeating: false, count: count))
    var queue = ReadyQueue(
      keys: work.keys, partitions: work.partitions, steps: work.steps, partitionCount: count,
      nodeCount: work.cluster.nodeCount,
      containerCount: inUse.containerCount, keepsLimits: true)
    var (left, running, isPaused) = (Array(work.steps.indices), [Int](), false)
    var done = 0
    while done < work.steps.count {
      if !left.isEmpty, random.below(2) == 0 {
        let task = left.remove(at: random.below(left.count))
        queue.add(task, twin.inUse)
        twin.ready.insert(task)
      } else if !running.isEmpty {
        let task = running.remove(at: random.below(running.count))
        done += 1
        twin.change(task, begins: false)
        if let step = work.steps[task], step.kind == .stream { queue.wake(step, twin.inUse) }
        queue.wake(partition: Int(work.partitions[task]), twin.inUse)
      } else if left.isEmpty {
        isPaused = false
      }
      if random.below(8) == 0 { isPaused.toggle() }
      while !isPaused {
        let (expected, found) = (
          twin.next(forgetsReceivers: forgetsReceivers), queue.next(twin.inUse, waits: twin.waits)
        )
        guard expected == found else {
          return "\(found.map { "\($0)" } ?? "none") for \(expected.map { "\($0)" } ?? "none")"
        }
        guard let task = found else { break }
        twin.change(task, begins: true)
        running.append(task)
        if let step = work.steps[task], step.kind == .stream { queue.wake(step, twin.inUse) }
      }
      if queue.count != twin.ready.count { return "\(queue.count) are ready, of \(twin.ready.count)" }
      // Nothing that is under way, and all that is ready waits for it: cannot be.
      if running.isEmpty, left.isEmpty, !isPaused, done < work.steps.count { return "it stands still" }
    }
    return nil
  }

  @Test func besideLookingAtAllThatIsReady() {
    forAllSeeds(0..<1_500) { seed in
      if let difference = try firstDifference(seed: seed) { throw PropertyFailure(difference) }
    }
  }

  @Test func theComparisonFindsAFault() throws {
    let found = try (0..<UInt64(200)).contains { seed in try firstDifference(seed: seed, forgetsReceivers: true) != nil
    }
    #expect(found)
  }

  /// What is kept up is what a recount finds.
  @Test func roundsLeftBesideARecount() {
    forAllSeeds(0..<200) { seed in
      var random = SplitMix(seed: seed)
      let work = try Work(&random)
      let limits = MovementLimits(work.cluster)
      let steps = work.steps.map { $0! }
      var arcs: [Arc] = []
      for step in steps.indices.dropFirst() where random.below(2) == 0 {
        arcs.append((UInt32(step), UInt32(random.below(step))))
      }
      let list = try StepList(steps, arcs: arcs)
      let order = StepOrder(list, lengths: Array(repeating: 1, count: list.count))
      var rounds = RoundsLeft(list, order, limits, nodeCount: work.cluster.nodeCount)
      // Steps without anything before them are done first.
      var sequence = Array(order.sequence.map { Int($0) })
      while true {
        let recounted = recount(sequence, list, order, limits)
        try holds(rounds.value == recounted, "\(rounds.value) rounds, not \(recounted)")
        guard !sequence.isEmpty else { break }
        let step = sequence.removeFirst()
        rounds.finish(list.steps[step], tail: order.tail[step])
      }
    }
  }

  private func recount(_ left: [Int], _ list: StepList, _ order: StepOrder, _ limits: MovementLimits) -> Int {
    var least = left.map { order.tail[$0] + 1 }.max() ?? 0
    for node in limits.fullScans.indices {
      let streams = left.map { list.steps[$0] }.filter { $0.kind == .stream }
      let out = streams.filter { $0.source.int == node }
      func need(_ count: Int, _ most: Int) -> Int { count == 0 ? 0 : (count - 1) / most + 1 }
      least = max(least, need(out.count { $0.isFullScan }, limits.fullScans[node]), need(out.count, limits.streamsOut))
      least = max(least, need(streams.count { $0.node.int == node }, limits.streamsIn))
    }
    return least
  }
}
