import TestSupport
import Testing

@testable import PlatEngine

/// Steps of several maps at once: safe in each, within capacities and limits that are for all.
@Suite struct GroupStepTests {
  private struct Case {
    let group: DenseGroup
    let changes: [MapChange]
    let plan: StepPlan
    let numbers: PartitionNumbers

    init(_ seed: UInt64, isAlike: Bool) throws {
      let (group, currents) = try RandomGroup.make(seed: seed, maps: 1...4, isAlike: isAlike)
      self.group = group
      let targets = try Planner.plan(group, from: currents).plans.map(\.target)
      changes = group.clusters.indices.map { MapChange(group.clusters[$0], from: currents[$0], to: targets[$0]) }
      numbers = PartitionNumbers(targets.map(\.partitionCount))
      plan = StepPlanner.plan(changes)
    }

    /// What the steps of one map are when the others are left out of sight.
    func replay(_ map: Int) -> StepReplay {
      var own = StepPlan(list: StepList())
      for (partition, node) in plan.removedFirst where numbers.map(of: partition) == map {
        own.removedFirst.append((PartitionIndex(numbers.own(partition).partition), node))
      }
      return StepReplay(changes[map].cluster, from: changes[map].current, to: changes[map].target, plan: own)
    }
  }

  /// In any order that heeds what each comes after, every map is safe at every instant and no node ever holds more of
  /// all maps than it may; at the end every map is its target.
  @Test func anyOrderIsSafe() {
    var (steps, full) = (0, 0)
    forAllSeeds(0..<120) { seed in
      let one = try Case(seed, isAlike: seed % 2 == 0)
      var random = SplitMix64(seed: seed)
      var replays = one.changes.indices.map { one.replay($0) }
      var load = [Int](repeating: 0, count: one.group.nodeCount)
      for change in one.changes {
        for (node, held) in NaiveDue.heldCounts(change.cluster, change.current).enumerated() { load[node] += held }
      }
      let most = zip(one.group.group.shared.nodes, load).map { max($0.capacity ?? .max, $1) }
      let list = one.plan.list
      var isDone = [Bool](repeating: false, count: list.count)
      for _ in 0..<list.count {
        let ready = (0..<list.count).filter { !isDone[$0] && list.after($0).allSatisfy { isDone[Int($0)] } }
        try holds(!ready.isEmpty, "steps wait in a circle")
        let index = random.pick(ready)
        isDone[index] = true
        var step = list.steps[index]
        let own = one.numbers.own(step.partition)
        step.partition = PartitionIndex(own.partition)
        try replays[own.map].perform(step, "step \(index) of map \(own.map)")
        let model = one.changes[own.map].cluster.cluster.settings.model
        for (node, change) in step.kind == .set
          ? [(step.node, step.change)] : [(step.source, step.sourceChange), (step.node, step.change)]
        {
          load[node.int] += (model.holdsData(change.to) ? 1 : 0) - (model.holdsData(change.from) ? 1 : 0)
          try holds(load[node.int] <= most[node.int], "node \(node.int) holds \(load[node.int]) of \(most[node.int])")
          if load[node.int] == one.group.group.shared.nodes[node.int].capacity { full += 1 }
        }
        steps += 1
      }
      for map in replays.indices {
        let unmet = one.plan.unmet.map { one.numbers.own($0.partition) }.filter { $0.map == map }.map(\.partition)
        try replays[map].checkEnd(unmet: Set(unmet))
      }
      _ = try Scheduler.schedule(list, of: one.group.clusters[0])
    }
    #expect(steps > 2_000 && full > 20, "\(steps) steps, \(full) onto full nodes")
  }

  /// Maps that differ in size alone are one map with all their partitions.
  @Test func mapsOfOneShapeAreOneMap() {
    forAllSeeds(0..<80) { seed in
      let one = try Case(seed, isAlike: true)
      let maps = try #require(try JoinedMaps(one.group))
      let target = try #require(try maps.joined(one.changes.map(\.target)))
      let current = try maps.joined(one.changes.map(\.current))
      let plan = StepPlanner.plan(maps.cluster, from: current, to: target)
      try holds(
        plan.list.steps.map(\.partition) == one.plan.list.steps.map(\.partition)
          && plan.list.steps.map(\.change) == one.plan.list.steps.map(\.change)
          && plan.list.steps.map(\.source) == one.plan.list.steps.map(\.source),
        "\(plan.list.count) steps of one map, \(one.plan.list.count) of \(one.changes.count)")
      let isSameOrder = (0..<plan.list.count).allSatisfy {
        Array(plan.list.after($0)) == Array(one.plan.list.after($0))
      }
      try holds(isSameOrder, "another order")
    }
  }

  /// A node that one map fills up is full for the other, too.
  @Test func aPlaceIsTakenOnce() throws {
    var cluster = Cluster(
      settings: Settings(partitionCount: 1, constraints: [1, 0, 0, 0]), nodes: ["a", "b"].map { Node(name: $0) })
    cluster.nodes[0].capacity = 1
    cluster.nodes[1].capacity = 1
    let members = ["m", "n"].map { ClusterGroup.Member(name: $0, settings: cluster.settings) }
    let group = try DenseGroup(ClusterGroup(shared: cluster, members: members))
    func map(_ node: Int) -> PlacementMap { PlacementMap.make([[[node], [], [], []]], least: [1, 0, 0, 0]) }
    // They change places: none can be the first.
    let plan = StepPlanner.plan([
      MapChange(group.clusters[0], from: map(0), to: map(1)), MapChange(group.clusters[1], from: map(1), to: map(0)),
    ])
    #expect(plan.list.count == 0 && plan.unmet.map(\.partition.int) == [0, 1])
  }
}
