@testable import PlatEngine
import Testing
import TestSupport

/// No plan gives up the last live copy of a partition, whatever is asked for, and none is a fault of the planner.
@Suite struct LastCopyTests {
  private static func plan(
    _ cluster: DenseCluster, _ current: PlacementMap?, _ operation: PlatEngine.Operation, to: PlacementMap? = nil
  ) throws -> Plan {
    var options = PlanOptions()
    (options.operation, options.to) = (operation, to)
    return try Planner.plan(cluster, from: current, options: options)
  }

  /// Every partition that somebody live holds is still held by somebody live.
  private static func keepsAll(
    _ cluster: DenseCluster, _ current: PlacementMap?, _ target: PlacementMap, _ text: String
  ) throws {
    let model = cluster.cluster.settings.model
    func live(_ nodes: Set<Int>) -> Set<Int> { nodes.filter { cluster.status[$0] != .failed } }
    for (partition, (before, after)) in zip(current?.dataHolders(model) ?? [], target.dataHolders(model)).enumerated() {
      try holds(live(before).isEmpty || !live(after).isEmpty, "partition \(partition): \(before) to \(after)\n\(text)")
    }
    for row in target.rows { try holds(Set(row.joined()).count == row.joined().count, "\(row)\n\(text)") }
  }

  private static let operations: [PlatEngine.Operation] = [
    .rebalance, .maintenance, .cancel, .restoreBack, .swap, .failover,
  ]

  @Test func nothingIsAskedFor() throws {
    let cluster = try DenseCluster(
      Cluster(
        settings: Settings(partitionCount: 2, constraints: [0, 0, 0, 0]), nodes: [Node(name: "a"), Node(name: "b")]))
    let current = PlacementMap.make([[[0], [1], [], []], [[], [1], [], []]], least: [0, 0, 0, 0])
    for operation in Self.operations {
      let plan = try Self.plan(cluster, current, operation, to: current)
      let report = try Judge.judge(cluster, map: plan.target, from: current)
      let rows = operation == .failover ? current.rows : [[[0], [], [], []], [[], [1], [], []]]
      #expect(plan.target.rows == rows, "\(operation)")
      #expect(report.unmet > 0 && report.moves == 0 && plan.movesLowerBound == 0, "\(operation)")
      #expect(StepPlanner.plan(cluster, from: current, to: plan.target).unmet.isEmpty)
      guard operation != .failover else { continue }
      #expect(!plan.isMet(report))
      #expect(try Self.plan(cluster, plan.target, operation, to: plan.target).target.rows == rows, "\(operation) again")
    }
  }

  /// The node that has the last copy of what nobody asks for has no room for what it is due of the other map.
  @Test func oneOfSeveralMapsAsksForNothing() throws {
    let nodes = [Node(name: "a", capacity: 2), Node(name: "b", capacity: 4)]
    let settings = [[0, 0, 0, 0], [1, 0, 0, 0]].map { Settings(partitionCount: 4, constraints: $0) }
    let members = settings.enumerated().map { ClusterGroup.Member(name: "m\($0)", settings: $1) }
    let group = try DenseGroup(ClusterGroup(shared: Cluster(settings: settings[1], nodes: nodes), members: members))
    let kept = PlacementMap.make((0..<4).map { [$0 < 2 ? [0] : [], [], [], []] }, least: [0, 0, 0, 0])
    for operation in [PlatEngine.Operation.rebalance, .maintenance] {
      var options = PlanOptions()
      options.operation = operation
      let plan = try Planner.plan(group, from: [kept, nil], options: options)
      #expect(plan.plans[0].target.rows == kept.rows)
      #expect(plan.plans[1].target.rows == (0..<4).map { _ in [[1], [], [], []] })
    }
  }

  /// Any model whose counts are 0, any map and statuses.
  @Test func whoeverAsksForNothingLosesNothing() {
    var kept = 0
    forAllSeeds(0..<250) { seed in
      var random = SplitMix64(seed: seed)
      let (model, most) = RandomModel.make(&random)
      var made = RandomCluster.make(seed: random.next(), shape: Self.shape(model, most))
      let states = made.cluster.settings.model.states
      for state in states.indices where states[state].holdsData { made.cluster.settings.constraints[state] = 0 }
      if random.chance(1, 3) {
        made.cluster.partitionWeights = (0..<made.cluster.settings.partitionCount).map { _ in
          Quantity(UInt64(random.among(1...9)))
        }
      }
      guard let current = made.current, let cluster = try? DenseCluster(made.cluster) else { return }
      for operation in Self.operations {
        let plan = try Self.plan(cluster, current, operation, to: current)
        let text = "\(operation)\n\(RandomCluster.describe(made.cluster, current))"
        try Self.keepsAll(cluster, current, plan.target, text)
        guard operation != .failover else { continue }
        let holders = plan.target.dataHolders(model)
        try holds(holders.allSatisfy { $0.count < 2 }, "\(holders)\n\(text)")
        kept += holders.count { !$0.isEmpty }
        let report = try Judge.judge(cluster, map: plan.target, from: current)
        try holds(
          report.moves == 0 && (report.unmet > 0 || holders.allSatisfy(\.isEmpty)), "\(report.findings)\n\(text)")
      }
    }
    #expect(kept > 500, "\(kept)")
  }

  // MARK: beside states without data

  /// The only node has no room, so its copy stays, and the witness that stood in its place goes.
  @Test func aWitnessMakesWayForALastCopy() throws {
    let model = StateModel(
      name: "pair",
      states: [
        .init(name: "s0", defaultCount: 1, holdsData: true, isPlaced: true, serves: .usual),
        .init(name: "w", defaultCount: 1, holdsData: false, isPlaced: true),
      ])
    let cluster = try DenseCluster(
      Cluster(settings: Settings(model: model, partitionCount: 1), nodes: [Node(name: "n0", capacity: 0)]))
    let current = PlacementMap.make([[[0], []]], least: [1, 1])
    for operation in Self.operations {
      let plan = try Self.plan(cluster, current, operation, to: current)
      #expect(plan.target.rows == [[[0], []]], "\(operation)")
    }
  }

  /// Any model on nodes with hardly any room: last copies stay, no node has a partition twice, and all are planned.
  @Test func shortagesAreNoFault() {
    var (stays, witnesses) = (0, 0)
    forAllSeeds(0..<500) { seed in
      var random = SplitMix64(seed: seed)
      let (model, most) = RandomModel.make(&random, states: 2...4)
      var made = RandomCluster.make(seed: random.next(), shape: Self.shape(model, most))
      for node in made.cluster.nodes.indices {
        if random.chance(2, 3) { made.cluster.nodes[node].capacity = random.among(0...2) }
        if random.chance(1, 3) { made.cluster.nodes[node].status = random.pick([.leaving, .maintenance, .failed]) }
      }
      guard let cluster = try? DenseCluster(made.cluster) else { return }
      for operation in Self.operations where operation != .restoreBack || made.current != nil {
        let plan = try Self.plan(cluster, made.current, operation, to: made.current)
        try Self.keepsAll(
          cluster, made.current, plan.target, "\(operation)\n\(RandomCluster.describe(made.cluster, made.current))")
        stays += LastCopies.staying(cluster, made.current, plan.target).contains { $0 > 0 } ? 1 : 0
        witnesses += cluster.hasWitnesses ? 1 : 0
      }
    }
    #expect(stays > 100 && witnesses > 300, "\(stays) with last copies that stay, \(witnesses) with witnesses")
  }

  private static func shape(_ model: StateModel, _ most: [Int]) -> RandomCluster.Shape {
    RandomCluster.Shape {
      ($0.model, $0.mostOfState) = (model, most)
      ($0.nodes, $0.partitions) = (1...5, 1...4)
      $0.currentMaps = [.random, .missing, .illegal, .tooMany, .roundRobin]
    }
  }
}
