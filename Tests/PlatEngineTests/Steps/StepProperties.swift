import PlatEngine
import TestSupport
import Testing

/// Steps between random maps, in random orders.
@Suite struct StepProperties {
  /// A cluster, its map, a target and the steps between them.
  struct Case {
    let cluster: DenseCluster
    let current: PlacementMap?
    let target: PlacementMap
    let plan: StepPlan
    var unmet: Set<Int> { Set(plan.unmet.map(\.partition.int)) }

    init(_ seed: UInt64, _ shape: RandomCluster.Shape = .init(), mayRemoveFirst: Bool = false) throws {
      let made = RandomCluster.make(seed: seed, shape: shape)
      cluster = try DenseCluster(made.cluster)
      current = made.current
      target = try Planner.plan(cluster, from: current).target
      var options = StepPlanner.Options()
      options.mayRemoveFirst = mayRemoveFirst
      plan = StepPlanner.plan(cluster, from: current, to: target, options: options)
    }

    func replay(_ seed: UInt64) throws {
      var random = SplitMix64(seed: seed)
      let hasRoom = cluster.cluster.nodes.allSatisfy { $0.capacity == nil }
      for order in StepReplay.Order.allCases {
        var replay = StepReplay(cluster, from: current, to: target, plan: plan, everyLevel: hasRoom)
        try replay.runAll(plan.list, &random, order)
        try replay.checkEnd(unmet: unmet)
      }
    }
  }

  @Test func anyOrderIsSafeAndEndsAtTheTarget() {
    var steps = 0
    forAllSeeds(0..<400) { seed in
      let one = try Case(seed)
      steps += one.plan.list.count
      try one.replay(seed)
      try holds(one.plan.removedFirst.isEmpty, "nothing goes first unless it is asked for")
    }
    #expect(steps > 10_000)
  }

  /// From any map to any other: the planner's targets keep masters where they are.
  @Test func anyMapLeadsToAnyOther() {
    forAllSeeds(0..<400) { seed in
      let shape = RandomCluster.Shape { $0.noCapacities = true }
      let made = RandomCluster.make(seed: seed, shape: shape)
      let cluster = try DenseCluster(made.cluster)
      var random = SplitMix64(seed: seed)
      guard let end = CurrentMap.random.make(made.cluster, &random) else { return }
      let target = PlacementMap.make(
        end.rows.map { row in row.map { $0.filter { cluster.status[$0] != .failed } } }, least: end.slotCounts)
      let plan = StepPlanner.plan(cluster, from: made.current, to: target)
      for order in StepReplay.Order.allCases {
        var replay = StepReplay(cluster, from: made.current, to: target, plan: plan, everyLevel: true)
        try replay.runAll(plan.list, &random, order)
        try replay.checkEnd(unmet: Set(plan.unmet.map(\.partition.int)))
      }
      try holds(plan.unmet.allSatisfy { $0.reason == .noLiveCopy || $0.reason == .lastCopy }, "\(plan.unmet)")
    }
  }

  /// No row has fewer: two for each replica that comes, one or two for each that goes, one for each other change; and
  /// one where somebody leads in the meantime who does not go, since then the takeover is no step of its going.
  @Test func noStepIsNeedless() {
    forAllSeeds(0..<500) { seed in
      let one = try Case(
        seed,
        RandomCluster.Shape {
          $0.masterSlaveOnly = true
          $0.currentMaps = [.random, .drifted, .halfMoved]
        })
      var left: [PartitionIndex: Int] = [:]
      for step in one.plan.list.steps { left[step.partition, default: 0] += 1 }
      var difference = Difference(one.cluster, from: one.current, to: one.target)
      difference.forEachChangedRow { row in
        let nodes = row.nodes.map(\.change)
        guard !one.unmet.contains(row.partition.int) else { return }
        let model = one.cluster.cluster.settings.model
        let master = StateIndex(0)
        var least = 0
        for change in nodes where change.from != change.to {
          if model.holdsData(change.to) && !model.holdsData(change.from) { least += change.from == .null ? 2 : 1 }
          if model.holdsData(change.from) && !model.holdsData(change.to) { least += change.to == .null ? 2 : 1 }
        }
        let leaves = nodes.contains { $0.from == master && $0.to != master }
        let comes = nodes.contains { $0.to == master && $0.from != master }
        let goesAway = nodes.contains { $0.from == master && !model.holdsData($0.to) }
        if leaves || comes { least += 1 }
        if goesAway && comes { least -= 1 }
        let mayLead = row.nodes.filter {
          model.holdsData($0.change.from) && one.cluster.status[$0.node.int] != .maintenance
        }
        let successors = nodes.filter { $0.to == master }
        if !nodes.contains(where: { $0.from == master }), !successors.isEmpty,
          successors.allSatisfy({ !model.holdsData($0.from) }),
          !mayLead.isEmpty, mayLead.allSatisfy({ model.holdsData($0.change.to) })
        {
          least += 1
        }
        if left[row.partition, default: 0] != least {
          Issue.record(
            "partition \(row.partition.int): \(left[row.partition, default: 0]) steps, \(least) would do: \(nodes) seed \(seed)"
          )
        }
      }
    }
  }

  /// Whoever is to lead lacks the data, and nobody leads: somebody who has it does before anything is copied.
  @Test func nobodyWaitsForACopyWithoutAMaster() {
    var found = 0
    forAllSeeds(0..<400) { seed in
      let one = try Case(
        seed,
        RandomCluster.Shape {
          $0.masterSlaveOnly = true
          $0.currentMaps = [.random, .missing]
        })
      let model = one.cluster.cluster.settings.model
      var leads: [PartitionIndex: Int] = [:]
      for (index, step) in one.plan.list.steps.enumerated() where leads[step.partition] == nil {
        if step.changes.contains(where: { $0.change.to == StateIndex(0) }) { leads[step.partition] = index }
      }
      var difference = Difference(one.cluster, from: one.current, to: one.target)
      difference.forEachChangedRow { row in
        let nodes = row.nodes
        let canLead = nodes.contains {
          model.holdsData($0.change.from) && one.cluster.status[$0.node.int] != .maintenance
        }
        guard canLead, !nodes.contains(where: { $0.change.from == StateIndex(0) }),
          nodes.contains(where: { $0.change.to == StateIndex(0) }),
          nodes.allSatisfy({ $0.change.to != StateIndex(0) || !model.holdsData($0.change.from) })
        else { return }
        found += 1
        guard let first = leads[row.partition] else {
          Issue.record("nobody leads \(row.partition.int), seed \(seed)")
          return
        }
        let step = one.plan.list.steps[first]
        if step.kind == .stream || !one.plan.list.after(first).isEmpty {
          Issue.record("\(row.partition.int) waits for its master: \(step), seed \(seed)")
        }
      }
    }
    #expect(found > 50, "\(found)")
  }

  @Test func fullNodesNeverHoldMoreThanTheyMay() {
    var (waited, stuck, first, helped, left) = (0, 0, 0, 0, 0)
    forAllSeeds(0..<80) { seed in
      let shape = RandomCluster.Shape {
        $0.allActive = true
        $0.noHardRules = true
        $0.currentMaps = [.random, .roundRobin, .halfMoved]
      }
      let made = RandomCluster.make(seed: seed, shape: shape)
      var random = SplitMix64(seed: seed)
      guard let current = made.current, let end = CurrentMap.random.make(made.cluster, &random) else { return }
      // As much room as both maps need, and no more.
      var cluster = made.cluster
      let loads = [current, end].map { map in
        map.rows.reduce(into: [Int](repeating: 0, count: cluster.nodes.count)) { loads, row in
          for node in row.joined() { loads[node] += 1 }
        }
      }
      for node in cluster.nodes.indices { cluster.nodes[node].capacity = max(loads[0][node], loads[1][node]) }
      let dense = try DenseCluster(cluster)
      var options = StepPlanner.Options()
      let waiting = StepPlanner.plan(dense, from: current, to: end, options: options)
      options.mayRemoveFirst = true
      let removing = StepPlanner.plan(dense, from: current, to: end, options: options)
      for plan in [waiting, removing] {
        var replay = StepReplay(dense, from: current, to: end, plan: plan)
        try replay.runAll(plan.list, &random)
        try replay.checkEnd(unmet: Set(plan.unmet.map(\.partition.int)))
      }
      waited += waiting.list.count > 0 ? 1 : 0
      stuck += waiting.unmet.isEmpty ? 0 : 1
      first += removing.removedFirst.isEmpty ? 0 : 1
      try holds(removing.unmet.count <= waiting.unmet.count, "\(removing.unmet.count) of \(waiting.unmet.count)")
      helped += removing.unmet.count < waiting.unmet.count ? 1 : 0
      left += removing.unmet.isEmpty ? 0 : 1
    }
    // What holds out: single copies, and masters whose successor is to come to a full node.
    #expect(helped > 1 && left < stuck, "\(left) of \(stuck) stuck, \(helped) helped")
    #expect(stuck > 3 && first > 1, "\(stuck) stuck, \(first) removed first, of \(waited)")
  }

  /// A ring of full nodes whose partitions all go on to the next: each takes its turn, and nothing is looked at over
  /// and over.
  @Test(.timeLimit(.minutes(2))) func manyPartitionsOnFullNodesTakeTheirTurn() throws {
    let (nodes, partitions) = (40, 1_000)
    let cluster = try DenseCluster(
      Cluster(
        settings: Settings(partitionCount: partitions, constraints: [1, 1, 0, 0]),
        nodes: (0..<nodes).map { Node(name: "n\($0)", capacity: 2 * partitions / nodes) }))
    func map(_ shift: Int) -> PlacementMap {
      PlacementMap.make(
        (0..<partitions).map { [[($0 + shift) % nodes], [($0 + shift + 1) % nodes], [], []] }, least: [1, 1, 0, 0])
    }
    let (current, target) = (map(0), map(nodes / 2))
    var options = StepPlanner.Options()
    #expect(StepPlanner.plan(cluster, from: current, to: target, options: options).unmet.count == partitions)
    options.mayRemoveFirst = true
    let plan = StepPlanner.plan(cluster, from: current, to: target, options: options)
    #expect(plan.unmet.isEmpty && !plan.removedFirst.isEmpty)
    var random = SplitMix64(seed: 1)
    var replay = StepReplay(cluster, from: current, to: target, plan: plan)
    try replay.runAll(plan.list, &random)
    try replay.checkEnd(unmet: [])
  }

  /// Nobody waits for a copy without a master: not for its stream, nor for room for it.
  @Test(arguments: [nil, 0]) func whoAloneHasTheDataLeadsBeforeItFeeds(_ room: Int?) throws {
    let cluster = try DenseCluster(
      Cluster(
        settings: Settings(partitionCount: 1, constraints: [1, 1, 0, 0]),
        nodes: [Node(name: "a"), Node(name: "b", capacity: room)]))
    let plan = StepPlanner.plan(
      cluster, from: PlacementMap.make([[[], [0], [], []]], least: [1, 1, 0, 0]),
      to: PlacementMap.make([[[0], [1], [], []]], least: [1, 1, 0, 0]))
    let promotion = try #require(
      plan.list.steps.firstIndex { $0.node == NodeIndex(0) && $0.change == StateChange(StateIndex(1), StateIndex(0)) })
    #expect(plan.list.after(promotion).isEmpty)
    let stream = plan.list.steps.firstIndex(where: \.isFullScan)
    #expect((stream == nil) == (room == 0))
    if let stream {
      #expect(
        plan.list.after(stream).contains(UInt32(promotion))
          && plan.list.steps[stream].sourceChange.from == StateIndex(0))
    }
  }

  /// Each kind of fault that the replay is to notice, planted.
  @Test func plantedFaultsAreNoticed() throws {
    var caught: [String: Int] = [:]
    for seed in 0..<200 as Range<UInt64> {
      let one = try Case(
        seed,
        RandomCluster.Shape {
          $0.masterSlaveOnly = true
          $0.currentMaps = [.halfMoved, .random]
        })
      for (name, change) in Self.faults {
        var steps = one.plan.list.steps
        // What does not reach its target may be as it is left.
        if name == "a step left out", let last = steps.last, one.unmet.contains(last.partition.int) { continue }
        guard change(&steps) else { continue }
        var replay = StepReplay(one.cluster, from: one.current, to: one.target, plan: one.plan)
        do {
          for (index, step) in steps.enumerated() { try replay.perform(step, "step \(index)") }
          try replay.checkEnd(unmet: one.unmet)
          Issue.record("\(name) went unnoticed with seed \(seed)")
        } catch { caught[name, default: 0] += 1 }
      }
    }
    #expect(caught.count == Self.faults.count && caught.values.allSatisfy { $0 > 5 }, "\(caught)")
  }

  private static let faults: [(name: String, change: @Sendable (inout [Step]) -> Bool)] = [
    ("a step left out", { $0.popLast() != nil }),
    (
      "a copy from a node that has none",
      { steps in
        guard let copy = steps.firstIndex(where: \.isFullScan), steps[copy].source != steps[copy].node else {
          return false
        }
        steps[copy].source = steps[copy].node
        return true
      }
    ),
    (
      "a takeover that leaves the old master",
      { steps in
        guard let takeover = steps.firstIndex(where: \.isTakeover) else { return false }
        steps[takeover].sourceChange.to = steps[takeover].sourceChange.from
        return true
      }
    ),
    (
      "a replica that goes at once",
      { steps in
        guard
          let going = steps.firstIndex(where: {
            $0.kind == .set && $0.change == StateChange(StateIndex(1), StateIndex(3))
          })
        else { return false }
        steps[going].change.to = .null
        return true
      }
    ),
    (
      "a step done twice",
      { steps in
        guard let first = steps.first else { return false }
        steps.insert(first, at: 0)
        return true
      }
    ),
  ]
}
