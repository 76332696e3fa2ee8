import PlatEngine
import PlatReference
import TestSupport
import Testing

/// One row of `Tests/Golden/operations.tsv`.
struct OperationRow {
  var name: String
  var operation: PlatEngine.Operation
  /// The cluster, the map that it has, and the map of `--to`.
  var cluster: DenseCluster
  var current: PlacementMap
  var to: PlacementMap?

  init(
    _ name: String, _ operation: PlatEngine.Operation, _ shape: QualityShape, from current: PlacementMap,
    to: PlacementMap? = nil
  ) throws {
    (self.name, self.operation, self.current, self.to) = (name, operation, current, to)
    cluster = try DenseCluster(shape.cluster())
  }

  func plan() throws -> (plan: Plan, report: Report) {
    var options = PlanOptions()
    options.operation = operation
    options.to = to
    let plan = try Planner.plan(cluster, from: current, options: options)
    return (plan, try Judge.judge(cluster, map: plan.target, from: current))
  }

  var bound: OperationBound { OperationBound(operation, cluster, current, goal: to) }

  private static let fifty = QualityShape(
    racks: Array(repeating: [5, 5], count: 5), partitions: 1440, rules: [QualityShape.atMost(1, inLevel: 0)])
  private static let weighted = fifty.with { shape in
    shape.partitionWeights = (0..<shape.partitions).map { "\([1, 2, 3, 40][$0 * 7 % 4])" }
  }

  private static func fresh(_ shape: QualityShape) throws -> PlacementMap {
    try Planner.plan(DenseCluster(shape.cluster()), from: nil).target
  }

  private static func next(_ shape: QualityShape, _ current: PlacementMap) throws -> PlacementMap {
    var options = PlanOptions()
    options.operation = .rebalance
    return try Planner.plan(DenseCluster(shape.cluster()), from: current, options: options).target
  }

  /// Halfway from one map to another, two partitions of three.
  private static func half(_ before: PlacementMap, _ target: PlacementMap) -> PlacementMap {
    var random = SplitMix64(seed: 5)
    return HalfDone.map(from: before, to: target, &random)
  }

  static func all() throws -> [OperationRow] {
    let map = try fresh(fifty)
    let weighed = try fresh(weighted)
    let zone = fifty.with { shape in for node in 0..<10 { shape.statuses[node] = .failed } }
    let zoneAway = fifty.with { shape in for node in 0..<10 { shape.statuses[node] = .maintenance } }
    // Of each zone another rack comes, empty, while as many leave.
    let wide = fifty.with { $0.racks = Array(repeating: [5, 5, 1], count: 5) }
    let withEmpty = wide.with { shape in for zone in 0..<5 { shape.statuses[zone * 11 + 10] = .failed } }
    let swapping = { (count: Int) in
      wide.with { shape in
        for zone in 0..<5 {
          if zone < count { shape.statuses[zone * 11 + 2] = .leaving } else { shape.statuses[zone * 11 + 10] = .failed }
        }
      }
    }
    let held = try fresh(withEmpty)
    let left = try next(fifty.with(1, .leaving), map)
    let failed = try next(fifty.with(3, .failed), map)
    let twice = try next(fifty.with(1, .leaving), failed)
    let weighedLeft = try next(weighted.with(1, .leaving), weighed)
    let weighedFailed = try next(weighted.with(3, .failed), weighed)
    return [
      try OperationRow("failover: a node", .failover, fifty.with(1, .failed), from: map),
      try OperationRow("failover: a zone", .failover, zone, from: map),
      try OperationRow(
        "failover: a zone, weights", .failover, zone.with { $0.partitionWeights = weighted.partitionWeights },
        from: weighed),
      try OperationRow("swap: a node", .swap, swapping(1), from: held),
      try OperationRow("swap: five nodes", .swap, swapping(5), from: held),
      try OperationRow(
        "swap: five nodes, weights", .swap, swapping(5).with { $0.partitionWeights = weighted.partitionWeights },
        from: held),
      try OperationRow("maintenance: a node", .maintenance, fifty.with(1, .maintenance), from: map),
      try OperationRow("maintenance: five", .maintenance, fifty.with(5, .maintenance), from: map),
      try OperationRow("maintenance: a zone", .maintenance, zoneAway, from: map),
      try OperationRow(
        "maintenance: five, weights", .maintenance, weighted.with(5, .maintenance), from: weighed),
      try OperationRow("restore-back: three nodes are back", .restoreBack, fifty, from: failed, to: map),
      try OperationRow("restore-back: after two changes", .restoreBack, fifty, from: twice, to: map),
      try OperationRow(
        "restore-back: three nodes are back, weights", .restoreBack, weighted, from: weighedFailed, to: weighed),
      try OperationRow("cancel: half of a node's leaving", .cancel, fifty, from: half(map, left), to: left),
      try OperationRow("cancel: the target unknown", .cancel, fifty, from: half(map, left)),
      try OperationRow(
        "cancel: half of a node's leaving, weights", .cancel, weighted, from: half(weighed, weighedLeft),
        to: weighedLeft),
      try OperationRow("half-done: a node leaves", .rebalance, fifty.with(1, .leaving), from: half(map, left)),
      try OperationRow("half-done: three have failed", .rebalance, fifty.with(3, .failed), from: half(map, failed)),
    ]
  }
}

/// What operations cost beside their bounds.
@Suite struct OperationGolden {
  private static let table = GoldenTable("operations", columns: [
    "case", "done", "moves", "bound", "rowBound", "roleChanges", "roleBound", "mostMasters", "unmet", "map",
  ])

  @Test func theTableIsAsItWas() throws {
    var rows: [String] = []
    for row in try OperationRow.all() {
      let (plan, report) = try row.plan()
      #expect(plan.operation == row.operation, "\(row.name)")
      #expect(row.bound.faults(of: plan.target, report) == [], "\(row.name)")
      var masters = [Int](repeating: 0, count: row.cluster.nodeCount)
      for partition in plan.target.rows { for node in partition[0] { masters[node] += 1 } }
      rows.append(
        [
          row.name, plan.operation.rawValue, "\(report.moves)", "\(plan.movesLowerBound)", "\(row.bound.moves)",
          "\(report.roleChanges)", "\(row.bound.roleChanges)", "\(masters.max() ?? 0)", "\(report.unmet)",
          String(mapHash(plan.target), radix: 16),
        ].joined(separator: "\t"))
    }
    try Self.table.check(rows)
  }

  /// A good plan of each operation, spoilt in each way: the checker names it.
  @Test func plantedFaultsAreNoticed() throws {
    var seen = Set<String>()
    for row in try OperationRow.all() where row.operation != .rebalance {
      let (plan, _) = try row.plan()
      func faults(_ change: (inout [[[Int]]]) -> Void) throws -> [String] {
        var rows = plan.target.rows
        change(&rows)
        let map = PlacementMap.make(rows, least: plan.target.slotCounts)
        return row.bound.faults(of: map, try Judge.judge(row.cluster, map: map, from: row.current))
      }
      func note(_ kind: String, _ found: [String], _ expected: String) {
        #expect(found.contains(expected), "\(row.name), \(kind): \(found)")
        seen.insert("\(row.operation.rawValue) \(kind)")
      }
      let before = row.current.rows
      /// A partition that the plan leaves as it is, with a slave.
      let still = try #require(plan.target.rows.indices.first {
        plan.target.rows[$0].prefix(2).elementsEqual(before[$0].prefix(2)) && plan.target.rows[$0][1].count > 0
          && plan.target.rows[$0].prefix(2).joined().allSatisfy { row.cluster.status[$0] == .active }
      }, "\(row.name)")
      let other = try #require((0..<row.cluster.nodeCount).last { node in
        row.cluster.status[node] == .active && !before[still].joined().contains(node)
      })
      note(
        "a slave moves", try faults { $0[still][1][0] = other },
        row.operation == .failover ? "data moves" : "needless moves")
      let swapped = try faults { ($0[still][0][0], $0[still][1][0]) = ($0[still][1][0], $0[still][0][0]) }
      note("roles change", swapped, row.operation == .cancel ? "a master changes" : "needless role changes")
      switch row.operation {
      case .failover:
        let taken = try #require(plan.target.rows.indices.first { plan.target.rows[$0][0] != before[$0][0] })
        note(
          "nobody takes over",
          try faults {
            $0[taken][1] += $0[taken][0]; $0[taken][0] = []
          }, "a live copy without a master")
      case .swap:
        let came = try #require(plan.target.rows.indices.first { plan.target.rows[$0] != before[$0] })
        note("a node does not leave", try faults { $0[came] = before[came] }, "a node does not leave")
      case .maintenance:
        let left = try #require(plan.target.rows.indices.first { plan.target.rows[$0][0] != before[$0][0] })
        note("a master stays", try faults { $0[left] = before[left] }, "a master stays")
      case .restoreBack:
        let went = try #require(plan.target.rows.indices.first { plan.target.rows[$0] != before[$0] })
        note("a row stays away", try faults { $0[went] = before[went] }, "not the map given")
      case .cancel, .rebalance: break
      }
    }
    #expect(seen.count >= 14, "\(seen.sorted())")
  }
}
