import PlatEngine
import TestSupport

/// A random cluster with a map that was planned for it, to which something then happens.
struct OperationCase {
  var named: Cluster
  /// Planned while all nodes were as `named` has them at first.
  let before: PlacementMap
  var random: SplitMix64

  static let shape = RandomCluster.Shape {
    $0.rulesOverAllStates = true
    $0.noMaintenance = true
    $0.allActive = true
    $0.noCapacities = true
    $0.equalWeights = true
    $0.masterSlaveOnly = true
  }

  /// Nil where the cluster cannot hold all replicas, or asks for less than two of each partition.
  init?(_ seed: UInt64, _ size: RandomCluster.Size = .small) throws {
    named = RandomCluster.make(seed: seed, size: size, shape: Self.shape).cluster
    random = SplitMix64(seed: ~seed)
    let cluster = try DenseCluster(named)
    guard cluster.wanted[0] == 1, cluster.replicas > 1 else { return nil }
    before = try Planner.plan(cluster, from: nil).target
    guard try Judge.judge(cluster, map: before, from: before).unmet == 0 else { return nil }
  }

  mutating func set(_ status: Node.Status, _ numerator: Int = 1, _ denominator: Int = 4) {
    for node in named.nodes.indices where random.chance(numerator, denominator) { named.nodes[node].status = status }
  }

  func plan(
    _ operation: Operation?, from current: PlacementMap? = nil, to: PlacementMap? = nil
  ) throws -> (plan: Plan, report: Report, cluster: DenseCluster) {
    let cluster = try DenseCluster(named)
    var options = PlanOptions()
    options.operation = operation
    options.to = to
    let plan = try Planner.plan(cluster, from: current ?? before, options: options)
    return (plan, try Judge.judge(cluster, map: plan.target, from: current ?? before), cluster)
  }

  var text: String { RandomCluster.describe(named, before) }
}

/// Maps on the way from one to another.
enum HalfDone {
  /// What calling a plan off must come to while every copy is there: nothing moves, and who is master stays.
  static func checkCancelled(_ plan: Plan, _ report: Report, from half: PlacementMap, _ text: String) throws {
    try holds(report.moves == 0 && report.unmet == 0, "\(report.moves) \(report.findings.prefix(2))\n\(text)")
    try holds(plan.movesLowerBound == 0 && plan.operation == .cancel, "bound\n\(text)")
    for (row, was) in zip(plan.target.rows, half.rows) where !was[0].isEmpty {
      try holds(row[0] == was[0], "\(row) from \(was)\n\(text)")
    }
  }

  /// Each partition has come so far as chance will have it: nothing done, the new replicas there beside the old ones,
  /// or on their way as `dead` or `pending`, or all done.
  static func map(from before: PlacementMap, to target: PlacementMap, _ random: inout SplitMix64) -> PlacementMap {
    let (old, new) = (before.rows, target.rows)
    let rows = old.indices.map { partition -> [[Int]] in
      let held = Set(old[partition].joined())
      let coming = new[partition].joined().filter { !held.contains($0) }
      var row = old[partition]
      while row.count < 4 { row.append([]) }
      switch random.below(5) {
      case 0: return row
      case 1: return new[partition]
      case 2: row[1] += coming
      case 3: row[2] += coming
      default: row[3] += coming
      }
      return row
    }
    return PlacementMap.make(rows, least: before.slotCounts)
  }
}
