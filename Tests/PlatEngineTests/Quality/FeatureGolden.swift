import PlatEngine
import PlatReference
import TestSupport
import Testing

/// How good plans are where weights, several maps, or both meet another feature, in `Tests/Golden/features.tsv`; as
/// `GoldenQuality`. Twenty nodes in five zones, of which one leaves, unless the case says otherwise.
@Suite struct FeatureGolden {
  private static let table = GoldenTable("features", columns: [
    "case", "maps", "done", "moves", "bound", "weightMoved", "weightBound", "roleChanges", "master", "total",
    "fanOut", "brokenSoft", "unmet", "balanced", "map",
  ])

  @Test func theTableIsAsItWas() throws {
    var rows: [String] = []
    for base in Base.allCases {
      for feature in Self.features { rows.append(try Self.row("\(base.rawValue): \(feature.name)", base, feature)) }
    }
    try Self.table.check(rows)
  }

  private enum Base: String, CaseIterable {
    case weights
    case maps
    case weightedMaps = "weighted maps"
  }

  private struct Feature {
    var name: String
    var operation: Operation?
    var statuses: [Int: Node.Status] = [3: .leaving]
    var threads = 1
    var isWide = false
    var change: (inout Settings) -> Void = { _ in }
  }

  private static func near(_ strength: Strength) -> (inout Settings) -> Void {
    { settings in
      settings.placement = [
        PlacementRule(states: [1], level: 0, demand: .near(of: 0, atLeast: 1), strength: strength),
        PlacementRule(states: [0, 1], level: 0, demand: .atMost(2), strength: .hard),
      ]
    }
  }

  private static func peers(_ most: Int, _ strength: Strength) -> (inout Settings) -> Void {
    { $0.fanOut = FanOutLimit(outbound: most, inbound: most, strength: strength) }
  }

  private static var features: [Feature] {
    [
      Feature(name: "near, hard", change: near(.hard)), Feature(name: "near, soft", change: near(.soft)),
      Feature(name: "8 peers, hard", change: peers(8, .hard)), Feature(name: "8 peers, soft", change: peers(8, .soft)),
      Feature(name: "tolerance 1/10") { $0.balance.tolerance = Quantity("1/10")! },
      Feature(name: "budget 10") { $0.balance.moveBudget = 10 },
      Feature(name: "failover", operation: .failover, statuses: [3: .failed]),
      Feature(name: "swap", operation: .swap, statuses: [3: .leaving]),
      Feature(name: "maintenance", operation: .maintenance, statuses: [3: .maintenance, 9: .maintenance]),
      Feature(name: "restore-back", operation: .restoreBack, statuses: [:]),
      Feature(name: "cancel", operation: .cancel), Feature(name: "wide rows", isWide: true),
      Feature(name: "two threads", threads: 2),
    ]
  }

  private static func group(_ base: Base, _ feature: Feature) throws -> DenseGroup {
    let (nodes, partitions, replicas) = feature.isWide ? (80, 6, 66) : (20, base == .weights ? 120 : 40, 3)
    var random = SplitMix64(seed: 11)
    var group = try PlannedGroup.plain(
      nodes: nodes, zones: feature.isWide ? 0 : 5,
      maps: Array(repeating: (partitions, replicas), count: base == .weights ? 1 : 4)
    ).group
    for map in group.members.indices {
      feature.change(&group.members[map].settings)
      guard base != .maps else { continue }
      group.members[map].weights = random.shuffled(
        (0..<partitions).map { Quantity(["\(1_000 / ($0 + 1))", $0 % 2 == 0 ? "1" : "100"][map % 2])! })
    }
    feature.change(&group.shared.settings)
    return try DenseGroup(group)
  }

  private static func row(_ name: String, _ base: Base, _ feature: Feature) throws -> String {
    let whole = try group(base, feature)
    let group = try PlannedGroup.with(feature.statuses, whole)
    // A swap has somebody who comes.
    let arriving = feature.operation == .swap ? try PlannedGroup.with([19: .failed], whole) : whole
    let planned = try Planner.plan(arriving, from: whole.clusters.map { _ in nil }).plans.map(\.target)
    var options = PlanOptions()
    (options.operation, options.threads) = (feature.operation, feature.threads)
    var before = planned
    if feature.operation == .restoreBack || feature.operation == .cancel {
      let away = try PlannedGroup.with([3: .leaving], whole)
      before = try Planner.plan(away, from: planned).plans.map(\.target)
      options.toMaps = planned
    }
    let plan = try Planner.plan(group, from: before, options: options)
    let targets = plan.plans.map(\.target)
    let report = try Judge.judge(group, maps: targets, from: before)
    let (sum, weight) = (report.sum, report.sum.inWeight)
    let hash = mapHash(targets)
    let master = weight.map { GoldenTable.spread($0.load.first { $0.state == "master" }?.spread) }
      ?? GoldenTable.spread(sum.load.first { $0.state == "master" }?.spread)
    let peers = report.maps.reduce((0, 0)) { (max($0.0, $1.fanOutOutbound), max($0.1, $1.fanOutInbound)) }
    return [
      name, "\(targets.count)", plan.operation.rawValue, "\(sum.moves)", "\(plan.movesLowerBound)",
      weight.map { "\($0.moves)" } ?? "-", plan.movesWeightLowerBound.map { "\($0)" } ?? "-", "\(sum.roleChanges)",
      master, weight.map { GoldenTable.spread($0.total) } ?? GoldenTable.spread(sum.total), "\(peers.0)/\(peers.1)",
      "\(sum.brokenSoft)", "\(sum.unmet)", "\(sum.findings.isEmpty && report.maps.allSatisfy(\.isBalanced))",
      String(hash, radix: 16),
    ].joined(separator: "\t")
  }
}
