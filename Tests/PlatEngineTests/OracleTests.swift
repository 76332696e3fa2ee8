import PlatEngine
import TestSupport
import Testing

/// The oracles against each other: what is used to judge the engine must itself be beyond doubt.
@Suite struct OracleTests {
  private struct Sample {
    var text: String
    var cluster: DenseCluster
    var current: PlacementMap?
    var due: NaiveDue

    init(seed: UInt64, size: RandomCluster.Size, shape: RandomCluster.Shape = .init()) throws {
      let made = RandomCluster.make(seed: seed, size: size, shape: shape)
      text = RandomCluster.describe(made.cluster, made.current)
      cluster = try DenseCluster(made.cluster)
      current = made.current
      due = NaiveDue(cluster, map: current)
    }

    func flow(_ fault: FlowOracle.Fault? = nil) -> Int? {
      FlowOracle.movesLowerBound(
        cluster: cluster, current: current, windows: due.windows, totalFlow: due.totalFlow, fault: fault)
    }

    func exhaustive(_ law: ExhaustiveSearch.Law) -> Int? {
      ExhaustiveSearch.leastMoves(
        cluster: cluster, current: current, windows: due.windows, totalFlow: due.totalFlow, law: law)
    }
  }

  /// Clusters where caps on containers are what costs moves: all else is plain, and maps heed no rules.
  private static let tight = RandomCluster.Shape {
    $0.oneHardLevel = true
    $0.allActive = true
    $0.noCapacities = true
    $0.nodes = 4...5
    $0.partitions = 2...5
    $0.currentMaps = [.illegal, .tooMany, .clustered]
  }

  @Test(arguments: [RandomCluster.Shape(), tight])
  func flowIsWhatTryingEverythingFinds(shape: RandomCluster.Shape) {
    forAllSeeds(0..<1000) { seed in
      let sample = try Sample(seed: seed, size: .tiny, shape: shape)
      let (flow, exhaustive) = (sample.flow(), sample.exhaustive(.boxCaps))
      try holds(flow == exhaustive, "flow \(flow, default: "none"), \(exhaustive, default: "none")\n\(sample.text)")
    }
  }

  /// Rules about some of the states are stricter than what the flow knows of them; rules about all are not.
  @Test func flowIsABoundUnderTheRulesThemselves() {
    forAllSeeds(0..<1000) { seed in
      let sample = try Sample(seed: seed, size: .tiny)
      guard let exhaustive = sample.exhaustive(.rules) else { return }
      let flow = sample.flow()
      try holds(flow != nil && flow! <= exhaustive, "flow \(flow, default: "none") > \(exhaustive)\n\(sample.text)")
    }
    forAllSeeds(0..<500) { seed in
      let sample = try Sample(seed: seed, size: .tiny, shape: .init { $0.rulesOverAllStates = true })
      let (flow, exhaustive) = (sample.flow(), sample.exhaustive(.rules))
      try holds(flow == exhaustive, "flow \(flow, default: "none"), \(exhaustive, default: "none")\n\(sample.text)")
    }
  }

  /// Whatever planner made it: a map in the windows has as many moves as the bound at least.
  @Test func aMapInTheWindowsIsNotBelowTheBound() {
    var met = 0
    forAllSeeds(0..<600) { seed in
      let sample = try Sample(seed: seed, size: .small)
      let map = NaivePlanner.plan(cluster: sample.cluster, current: sample.current)
      let loads = NaiveDue.heldCounts(sample.cluster, map)
      guard loads.reduce(0, +) == sample.due.totalFlow, zip(loads, sample.due.windows).allSatisfy({ $1.contains($0) })
      else { return }
      met += 1
      let model = sample.cluster.cluster.settings.model
      let before = sample.current?.dataHolders(model)
      let moves = map.dataHolders(model).enumerated().reduce(0) { sum, entry in
        sum + entry.element.subtracting(before?[entry.offset] ?? []).count
      }
      let flow = sample.flow()
      try holds(flow != nil && flow! <= moves, "flow \(flow, default: "none") > \(moves)\n\(sample.text)")
    }
    #expect(met > 100, "\(met)")
  }

  /// Two zones of two nodes, two partitions of two replicas, each in one zone: one replica of each must cross over.
  @Test func containerCapsCost() throws {
    let zones = [0..<2, 2..<4].enumerated().map { Container(name: "z\($0)", level: 0, parent: nil, nodes: $1) }
    let rule = PlacementRule(states: [0, 1], level: 0, demand: .atMost(1), strength: .hard)
    let settings = Settings(partitionCount: 2, placement: [rule])
    let cluster = try DenseCluster(
      Cluster(settings: settings, levels: ["zone"], containers: zones, nodes: (0..<4).map { Node(name: "n\($0)") }))
    let current = PlacementMap.make([[[0], [1], [], []], [[2], [3], [], []]], least: settings.constraints)
    let due = NaiveDue(cluster, map: current)
    #expect(due.windows == Array(repeating: 1...1, count: 4))
    func moves(_ fault: FlowOracle.Fault?) -> Int? {
      FlowOracle.movesLowerBound(
        cluster: cluster, current: current, windows: due.windows, totalFlow: due.totalFlow, fault: fault)
    }
    #expect(moves(nil) == 2)
    #expect(moves(.noContainerCaps) == 0)
  }

  @Test(arguments: FlowOracle.Fault.allCases)
  func aFaultInTheFlowIsNoticed(fault: FlowOracle.Fault) throws {
    let noticed = try (UInt64(0)..<400).count { seed in
      let sample = try Sample(seed: seed, size: .tiny, shape: fault == .noContainerCaps ? Self.tight : .init())
      return sample.flow(fault) != sample.exhaustive(.boxCaps)
    }
    #expect(noticed >= 10)
  }

  /// Most clusters must be such that there is something to find, or the tests above say little.
  @Test func randomClustersAreWorthLookingAt() throws {
    var (infeasible, moving, hardRules) = (0, 0, 0)
    for seed: UInt64 in 0..<400 {
      let sample = try Sample(seed: seed, size: .tiny)
      let flow = sample.flow()
      infeasible += flow == nil ? 1 : 0
      moving += sample.current != nil && flow ?? 0 > 0 ? 1 : 0
      hardRules += BoxCaps.replicasPerPartition(sample.cluster).contains { $0 != nil } ? 1 : 0
    }
    #expect(infeasible < 40 && moving > 120 && hardRules > 100, "\(infeasible) \(moving) \(hardRules)")
  }

  /// Three partitions on the same two nodes: one node can be master of two of them at best, the other of one.
  @Test func mastersSpreadAsFarAsHoldersAllow() throws {
    let settings = Settings(partitionCount: 3)
    let cluster = try DenseCluster(Cluster(settings: settings, nodes: (0..<3).map { Node(name: "n\($0)") }))
    let placement = [Set<Int>](repeating: [0, 1], count: 3)
    func outside(_ windows: [ClosedRange<Int>]) -> Int? {
      ExhaustiveSearch.leastMastersOutside(cluster: cluster, placement: placement, windows: windows)
    }
    #expect(outside([1...2, 1...2, 0...1]) == 0)
    #expect(outside([1...1, 1...1, 1...1]) == 2)
  }
}
