import Synchronization

/// What would happen if some nodes failed together.
public struct FailureCase: Equatable, Sendable {
  /// As it was asked for: a container, a node, several joined by `+`.
  public var name: String
  /// The level of the container; `node` for a single node.
  public var level: String?
  public var nodes: [Int]

  public init(name: String, level: String?, nodes: [Int]) {
    self.name = name
    self.level = level
    self.nodes = nodes
  }

  /// Of each node, whether it fails.
  func isFailed(of nodeCount: Int) -> [Bool] {
    var isFailed = [Bool](repeating: false, count: nodeCount)
    for node in nodes { isFailed[node] = true }
    return isFailed
  }
}

public struct FailureOutcome: Equatable, Sendable {
  /// Replicas that are lost.
  public var lost = 0
  /// Partitions of which a live copy is left, and those of which none is.
  public var readable = 0
  public var unreadable = 0
  /// Failover: partitions whose lead passes over, and those that have none after it.
  public var takeovers = 0
  public var leaderless = 0
  /// The most partitions that one node leads after the failover.
  public var mostLed = 0
  /// After the failover, before the repair.
  public var health = Health.green
  /// The repair: what nodes must receive, the most replicas that one holds after it, and what cannot be met.
  public var moves = 0
  public var mostHeld = 0
  public var unmet = 0
  /// The repair was planned from the lost replicas alone, which was exact; else from the whole map.
  public var isPartial = false

  public init() {}
}

/// Fails containers one after the other, each in the cluster as it is now.
///
/// A failure touches only what the failed nodes held. Once for all cases it is written down what each node holds; for
/// each case the failover is counted on the touched rows, and the repair is planned on them alone, in windows that the
/// whole cluster's new dues leave (`Repair`). Where that needs more than one move for each lost replica that finds a
/// place, it may not be the best there is, and the planner plans the whole map instead.
public enum WhatIf {
  /// One outcome for each case, whatever the number of threads. `interrupt` ends it, with `cancelled`. O(P · R) once;
  /// for each case O(N + touched · R), or a whole plan.
  public static func run(
    _ cluster: DenseCluster, current: PlacementMap, cases: [FailureCase], threads: Int = 1,
    interrupt: Interrupt? = nil
  ) throws(PlatError) -> [FailureOutcome] {
    let baseline = try Baseline(cluster, current, interrupt: interrupt?.quiet)
    return try runEach(cases, threads: threads, interrupt) { failure throws(PlatError) in try baseline.fail(failure) }
  }

  /// What each failure comes to, in their order.
  static func runEach<Outcome: Sendable>(
    _ cases: [FailureCase], threads: Int, _ interrupt: Interrupt?, _ fail: (FailureCase) throws(PlatError) -> Outcome
  ) throws(PlatError) -> [Outcome] {
    var outcomes = [Result<Outcome, PlatError>](repeating: .failure(.cancelled), count: cases.count)
    outcomes.withUnsafeMutableBufferPointer { outcomes in
      nonisolated(unsafe) let outcomes = outcomes
      withoutActuallyEscaping(fail) { fail in
        nonisolated(unsafe) let fail = fail
        let next = Atomic<Int>(0)
        let done = Atomic<Int>(0)
        Threads.perform(max(1, min(threads, cases.count))) { _ in
          while true {
            let index = next.add(1, ordering: .relaxed).oldValue
            guard index < cases.count else { return }
            outcomes[index] = Result { () throws(PlatError) in
              try interrupt?.throwIfRequested()
              return try fail(cases[index])
            }
            let count = done.add(1, ordering: .relaxed).newValue
            interrupt?.advanced("cases", by: Double(count) / Double(cases.count))
          }
        }
      }
    }
    var all: [Outcome] = []
    all.reserveCapacity(cases.count)
    for outcome in outcomes { all.append(try outcome.get()) }
    return all
  }

  /// The cluster before any failure.
  struct Baseline: Sendable {
    let cluster: DenseCluster
    let current: PlacementMap
    let arena: Arena
    /// Slots of a row that hold data, and those that lead.
    let dataSlots: [Int]
    let leadSlots: [Int]
    /// The partitions that each node holds, node by node, with `first` where each node's begin.
    let first: NodeTable<UInt32>
    let partitions: PartitionTable<UInt32>
    let held: NodeTable<Int32>
    let led: NodeTable<Int32>
    private let wholeWeights: [Int]
    /// Partitions without a live copy, and without a lead, as things are.
    let unreadable: Int
    let leaderless: Int
    let health: Health
    /// Every row is whole, legal and on active nodes, and nothing but capacities and containers limits where it goes.
    let isPlain: Bool
    let interrupt: Interrupt?

    /// `health`: that of one of several maps, which were judged together and are repaired together. O(P · R).
    init(
      _ cluster: DenseCluster, _ current: PlacementMap, health known: Health? = nil, interrupt: Interrupt?
    ) throws(PlatError) {
      self.interrupt = interrupt
      self.cluster = cluster
      self.current = current
      arena = try Arena(interrupt: interrupt)
      wholeWeights = cluster.wholeWeights()
      let stateOfSlot = current.stateOfSlot
      dataSlots = current.dataSlots(cluster.cluster.settings.model)
      leadSlots = stateOfSlot.indices.filter { stateOfSlot[$0] == 0 }
      if let known {
        health = known
      } else {
        health = try Judge.judge(cluster, map: current, from: nil, interrupt: interrupt).health
      }

      let nodeCount = cluster.nodeCount
      first = try arena.table(nodeCount + 1)
      held = try arena.table(nodeCount)
      led = try arena.table(nodeCount)
      let rows = min(current.partitionCount, cluster.partitionCount)
      var (count, unreadable, leaderless) = (0, cluster.partitionCount - rows, cluster.partitionCount - rows)
      for partition in 0..<rows {
        let row = current.row(partition)
        var (copies, leads) = (0, 0)
        for slot in dataSlots where row[slot].int < nodeCount {
          first.base[row[slot].int] += 1
          held[row[slot]] += 1
          count += 1
          copies += cluster.status[row[slot].int].isReadable ? 1 : 0
        }
        for slot in leadSlots where row[slot].int < nodeCount {
          led[row[slot]] += 1
          leads += cluster.status[row[slot].int].isReadable ? 1 : 0
        }
        unreadable += copies == 0 ? 1 : 0
        leaderless += leads == 0 ? 1 : 0
      }
      self.unreadable = unreadable
      self.leaderless = cluster.wanted[0] > 0 ? leaderless : 0
      partitions = try arena.table(count)
      var sum: UInt32 = 0
      for node in 0...nodeCount {
        sum += first.base[node]
        first.base[node] = sum
      }
      for partition in (0..<rows).reversed() {
        let row = current.row(partition)
        for slot in dataSlots where row[slot].int < nodeCount {
          first.base[row[slot].int] -= 1
          partitions.base[Int(first.base[row[slot].int])] = UInt32(partition)
        }
      }

      guard known == nil else {
        isPlain = false
        return
      }
      let settings = cluster.cluster.settings
      let problem = try Problem(cluster, current: current, arena: try Arena(interrupt: interrupt))
      isPlain =
        current.slotCounts == cluster.wanted && cluster.wanted == cluster.dataWanted && cluster.partitionWeights == nil
        && current.partitionCount == cluster.partitionCount && cluster.replicas > 0 && !settings.hasHardPeerLimit
        && !cluster.hasHardNearRule && cluster.places.bounds.isEmpty && problem.stateCaps.isEmpty
        && !cluster.status.contains(where: \.isPinned)
        && (0..<nodeCount).allSatisfy { [held] in held.base[$0] == 0 || cluster.status[$0].mayReceive }
        && problem.hard.firstNotAllowed(0..<rows, rows: current.slots, width: current.width) == rows
    }

    func fail(_ failure: FailureCase) throws(PlatError) -> FailureOutcome {
      let isFailed = failure.isFailed(of: cluster.nodeCount)
      let touched = touched(by: isFailed)
      var (outcome, _) = try failOver(touched, isFailed)
      if isPlain, let repair = try Repair(self, touched, isFailed) {
        (outcome.moves, outcome.mostHeld, outcome.unmet) = (repair.moves, repair.mostHeld, repair.unmet)
        outcome.isPartial = true
      } else {
        try planAll(isFailed, &outcome)
      }
      return outcome
    }

    /// What each node leads before anybody takes over.
    func leads(_ isFailed: [Bool]) -> [Int] {
      (0..<cluster.nodeCount).map { isFailed[$0] || !cluster.status[$0].isReadable ? 0 : Int(led.base[$0]) }
    }

    /// The partitions that failed nodes hold, ascending, each once.
    func touched(by isFailed: [Bool]) -> [UInt32] {
      var touched: [UInt32] = []
      for node in isFailed.indices where isFailed[node] {
        touched += UnsafeBufferPointer(
          start: partitions.base + Int(first.base[node]), count: Int(first.base[node + 1] - first.base[node]))
      }
      touched.sort()
      return touched.indices.filter { $0 == 0 || touched[$0] != touched[$0 - 1] }.map { touched[$0] }
    }

    /// The failover that `Failover` plans, on the touched rows alone; those that had no lead before stay as they are.
    /// `led`: the partitions that each node leads after it. `beside`: what it leads of other maps.
    func failOver(_ touched: [UInt32], _ isFailed: [Bool], beside: [Int32] = []) throws(PlatError) -> (
      outcome: FailureOutcome, led: [Int]
    ) {
      var outcome = FailureOutcome()
      let nodeCount = cluster.nodeCount
      outcome.lost = isFailed.indices.reduce(0) {
        $0 + (isFailed[$1] && cluster.status[$1].isReadable ? Int(held.base[$1]) : 0)
      }
      let arena = try Arena(interrupt: interrupt)
      let takeover = try Failover.Takeover(
        cluster.failing(isFailed), current, touched.map { Int($0) }, arena: Arena(interrupt: interrupt))
      let led: NodeTable<Int32> = try arena.table(nodeCount)
      for node in 0..<nodeCount where !isFailed[node] && cluster.status[node].isReadable {
        led.base[node] = self.led.base[node]
      }
      let unfilled = try takeover.run(
        led, beside: beside, weight: takeover.places.isEmpty ? [] : wholeWeights, arena: arena)
      var (unreadable, leaderless) = (self.unreadable, self.leaderless)
      for partition in touched {
        let row = current.row(Int(partition))
        func isLive(_ slot: Int) -> Bool { row[slot].int < nodeCount && cluster.status[row[slot].int].isReadable }
        let isLost = dataSlots.allSatisfy { !isLive($0) || isFailed[row[$0].int] }
        unreadable += isLost && dataSlots.contains(where: isLive) ? 1 : 0
        if cluster.wanted[0] > 0, !leadSlots.contains(where: isLive) { leaderless -= 1 }  // counted again below
      }
      outcome.takeovers = takeover.places.count - unfilled.count
      outcome.unreadable = unreadable
      outcome.readable = cluster.partitionCount - unreadable
      outcome.leaderless = leaderless + unfilled.count
      let ledBy = (0..<nodeCount).map { Int(led.base[$0]) }
      outcome.mostLed = ledBy.max() ?? 0
      outcome.health = unreadable > 0 || outcome.leaderless > 0 ? .red : outcome.lost > 0 ? .yellow : health
      return (outcome, ledBy)
    }

    private func planAll(_ isFailed: [Bool], _ outcome: inout FailureOutcome) throws(PlatError) {
      let after = cluster.failing(isFailed)
      var options = PlanOptions()
      options.interrupt = interrupt
      let plan = try Planner.plan(after, from: current, options: options)
      let report = try Judge.judge(after, map: plan.target, from: current, interrupt: interrupt)
      outcome.moves = report.moves
      outcome.unmet = report.unmet
      outcome.mostHeld = report.total?.greatest ?? 0
    }
  }
}
