import TestSupport

@testable import PlatEngine

/// Sizes of partitions, as clusters come with them.
enum Sizes: CaseIterable {
  case thirds, thousandfold, zipf, oversized, fractions, withNothing, anyhow

  func make(_ partitions: Int, _ random: inout SplitMix64) -> [Quantity] {
    func text(_ index: Int) -> String {
      switch self {
      case .thirds: "\(index % 3 + 1)"
      case .thousandfold: index % 2 == 0 ? "1" : "1000"
      case .zipf: "\(max(1, 100_000 / (index + 1)))"
      case .oversized: index == 0 ? "10000" : "1"
      case .fractions: ["1/3", "0.5", "7/4", "2e-1"][index % 4]
      case .withNothing: ["0", "1", "5"][index % 3]
      case .anyhow: "\(random.among(1...40))"
      }
    }
    return random.shuffled((0..<partitions).map { Quantity(text($0))! })
  }
}

/// A cluster whose partitions differ in weight, planned and judged.
struct WeightedCase {
  let cluster: DenseCluster
  let current: PlacementMap?
  var plan: Plan
  let report: Report

  /// Nil where the partitions turn out to be of one size.
  init?(
    _ seed: UInt64, _ size: RandomCluster.Size = .small, _ shape: RandomCluster.Shape = .init(), _ sizes: Sizes? = nil
  ) throws {
    let made = RandomCluster.make(seed: seed, size: size, shape: shape)
    var cluster = made.cluster
    var random = SplitMix64(seed: seed ^ 0x7765_6967_6874)
    cluster.partitionWeights = (sizes ?? random.pick(Sizes.allCases)).make(cluster.settings.partitionCount, &random)
    let dense = try DenseCluster(cluster)
    guard dense.partitionWeights != nil else { return nil }
    try self.init(dense, made.current)
  }

  init(_ cluster: DenseCluster, _ current: PlacementMap?) throws {
    try self.init(cluster, current, plan: Planner.plan(cluster, from: current))
  }

  init(_ cluster: DenseCluster, _ current: PlacementMap?, plan: Plan) throws {
    self.cluster = cluster
    self.current = current
    self.plan = plan
    report = try Judge.judge(
      cluster, map: plan.target, from: current ?? PlacementMap(partitionCount: 0, slotCounts: cluster.wanted))
  }

  var weights: PartitionWeights { cluster.partitionWeights! }
  var text: String {
    RandomCluster.describe(cluster.cluster, current)
      + "\nweights: \(cluster.cluster.partitionWeights.prefix(64).map(\.text).joined(separator: " "))"
  }
  var moved: Rational { report.inWeight!.moves }
  var isShort: Bool { report.unmet > 0 }

  /// Weight of each node, counted here.
  var loads: [Int] { Self.loads(cluster, plan.target) }

  static func loads(_ cluster: DenseCluster, _ map: PlacementMap) -> [Int] {
    var loads = [Int](repeating: 0, count: cluster.nodeCount)
    for (partition, holders) in map.dataHolders(cluster.cluster.settings.model).enumerated() {
      for node in holders { loads[node] += cluster.partitionWeights!.of[partition] }
    }
    return loads
  }

  /// The planner's windows for what the target holds.
  func windows() throws -> [ClosedRange<Int>] {
    let problem = try Problem(cluster, current: plan.target, arena: Arena())
    let copy = try PlacementMap(partitionCount: cluster.partitionCount, slotCounts: cluster.dataWanted)
    var placement = try Placement(problem, target: copy)
    Keep.run(problem, &placement)
    let weighing = try Weighing(problem, weights, placement)
    weighing.recount()
    let due = try WeightedDue.total(weighing, heaviest: weighing.heaviest(in: 0..<cluster.replicas))
    return (0..<cluster.nodeCount).map { due.least.base[$0]...due.most.base[$0] }
  }

  var isInWindows: Bool { get throws { try zip(loads, windows()).allSatisfy { $1.contains($0) } } }

  var faults: [Finding] { PlannedCase.faults(report, cluster, current, plan.target) }
}
