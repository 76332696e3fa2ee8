import PlatEngine
import TestSupport
import Testing

/// Whatever is asked, there is a plan, and what is said about it is so.
@Suite struct PlannerStress {
  @Test func mediumClustersOfEveryShape() {
    forAllSeeds(0..<100) { try PlannedCase($0, .medium).checkConsistent() }
  }

  @Test func manyNodesFewPartitions() {
    let shape = RandomCluster.Shape {
      $0.nodes = 30...60
      $0.partitions = 1...3
    }
    forAllSeeds(0..<100) { try PlannedCase($0, .medium, shape).checkConsistent() }
  }

  @Test func oneNodeOrOnePartition() {
    let shapes = [
      RandomCluster.Shape { $0.nodes = 1...1 }, RandomCluster.Shape { $0.partitions = 1...1 },
      RandomCluster.Shape {
        $0.nodes = 1...2
        $0.partitions = 1...1
      },
    ]
    for shape in shapes { forAllSeeds(0..<60) { try PlannedCase($0, .small, shape).checkConsistent() } }
  }

  /// A random cluster with something about it made extreme.
  enum Extreme: String, CaseIterable, CustomTestStringConvertible {
    case allFailed, allLeaving, allInMaintenance, noCapacity, noWeight, nothingWanted, manyReplicas
    case nothingAllowed, hugeWeights, tinyWeights, hugeAndTinyWeights, oneContainerALevel, emptyContainers, noNodes
    var testDescription: String { rawValue }

    func apply(to cluster: inout Cluster, _ random: inout SplitMix64) {
      switch self {
      case .allFailed: changeNodes(&cluster) { $0.status = .failed }
      case .allLeaving: changeNodes(&cluster) { $0.status = .leaving }
      case .allInMaintenance: changeNodes(&cluster) { $0.status = .maintenance }
      case .noCapacity: changeNodes(&cluster) { $0.capacity = 0 }
      case .noWeight: changeNodes(&cluster) { $0.weight = .zero }
      case .nothingWanted: cluster.settings.constraints = [0, 0, 0, 0]
      case .manyReplicas: cluster.settings.constraints[1] = 2 * cluster.nodes.count
      case .nothingAllowed:
        guard !cluster.levels.isEmpty else { return }
        let level = random.below(cluster.levels.count)
        let states = random.pick([[0], [1], [0, 1]])
        cluster.settings.placement = [PlacementRule(states: states, level: level, demand: .atMost(0), strength: .hard)]
      case .hugeWeights: setWeights(&cluster, [Self.huge, Self.huge + "/3"], &random)
      case .tinyWeights: setWeights(&cluster, ["1/" + Self.huge, "1e-200", "0." + Self.huge], &random)
      case .hugeAndTinyWeights: setWeights(&cluster, [Self.huge, "1", "1/" + Self.huge, "0"], &random)
      case .oneContainerALevel: enclose(&cluster, empty: false)
      case .emptyContainers: enclose(&cluster, empty: true)
      case .noNodes:
        cluster.nodes = []
        for index in cluster.containers.indices { cluster.containers[index].nodes = 0..<0 }
      }
    }

    private static let huge = String(repeating: "9", count: 200)

    private func changeNodes(_ cluster: inout Cluster, _ change: (inout Node) -> Void) {
      for index in cluster.nodes.indices { change(&cluster.nodes[index]) }
    }

    private func setWeights(_ cluster: inout Cluster, _ choice: [String], _ random: inout SplitMix64) {
      changeNodes(&cluster) { $0.weight = Quantity(random.pick(choice))! }
    }

    /// Two levels with one container around all nodes, and with empty ones beside it where asked for.
    private func enclose(_ cluster: inout Cluster, empty: Bool) {
      let count = cluster.nodes.count
      func pair(_ name: String, _ nodes: Range<Int>, at index: Int) -> [Container] {
        [
          Container(name: name, level: 0, parent: nil, nodes: nodes),
          Container(name: name, level: 1, parent: index, nodes: nodes),
        ]
      }
      cluster.levels = ["zone", "shelf"]
      cluster.containers = (empty ? pair("before", 0..<0, at: 0) : [])
      cluster.containers += pair("all", 0..<count, at: cluster.containers.count)
      if empty { cluster.containers += pair("after", count..<count, at: cluster.containers.count) }
      for index in cluster.settings.placement.indices { cluster.settings.placement[index].level %= 2 }
    }
  }

  @Test(arguments: Extreme.allCases)
  func extremes(_ extreme: Extreme) {
    forAllSeeds(0..<60) { seed in
      var (cluster, current) = RandomCluster.make(seed: seed)
      var random = SplitMix64(seed: ~seed)
      extreme.apply(to: &cluster, &random)
      if cluster.nodes.isEmpty { current = nil }
      try PlannedCase(DenseCluster(cluster), current).checkConsistent()
    }
  }

  /// Rows far wider than what is wanted: every node has every partition.
  @Test func rowsMuchWiderThanWanted() {
    forAllSeeds(0..<60) { seed in
      let (cluster, _) = RandomCluster.make(seed: seed)
      let row = [[0], Array(cluster.nodes.indices.dropFirst()), [], []]
      let map = PlacementMap.make(
        Array(repeating: row, count: cluster.settings.partitionCount), least: cluster.settings.constraints)
      try PlannedCase(DenseCluster(cluster), map).checkConsistent()
    }
  }

  /// The number of partitions has changed: rows are missing, or there are some too many.
  @Test func mapsOfAnotherPartitionCount() {
    forAllSeeds(0..<100) { seed in
      var (cluster, current) = RandomCluster.make(seed: seed)
      var random = SplitMix64(seed: ~seed)
      cluster.settings.partitionCount = random.among(1...80)
      try PlannedCase(DenseCluster(cluster), current).checkConsistent()
    }
  }

  /// Threads and repetition change nothing.
  @Test func theSameInputGivesTheSamePlan() {
    forAllSeeds(0..<100) { seed in
      let one = try PlannedCase(seed)
      for threads in [1, 2, 3, 64] {
        var options = PlanOptions()
        options.threads = threads
        let again = try Planner.plan(one.cluster, from: one.current, options: options)
        try holds(mapsEqual(again.target, one.plan.target), "another map with \(threads) threads\n\(one.text)")
        try holds(
          again.movesLowerBound == one.plan.movesLowerBound && again.certificate == one.plan.certificate,
          "another proof with \(threads) threads\n\(one.text)")
      }
    }
  }
}
