import PlatEngine
import PlatReference
import TestSupport
import Testing

/// How good plans of several maps are, in `Tests/Golden/groups.tsv`; as `GoldenQuality`.
@Suite struct GroupGolden {
  private static let table = GoldenTable("groups", columns: [
    "case", "maps", "nodes", "moves", "bound", "roleChanges", "master", "total", "unmet", "balanced", "eachBalanced", "map",
  ])

  @Test func theTableIsAsItWas() throws {
    try Self.table.check(Self.rows())
  }

  private static let mixed: [(Int, Int)] = (0..<30).map { ([16, 48, 64, 100, 7][$0 % 5], $0 % 3 + 1) }

  private static func rows() throws -> [String] {
    var rows: [String] = []
    func add(_ name: String, _ group: DenseGroup, _ currents: [PlacementMap?]) throws {
      rows.append(row(name, try PlannedGroup(group, currents)))
    }
    func fresh(_ group: DenseGroup) throws -> [PlacementMap] {
      try PlannedGroup(group, group.clusters.map { _ in nil }).targets
    }
    let hundred = try PlannedGroup.plain(nodes: 23, maps: Array(repeating: (64, 3), count: 100))
    try add("fresh: 100 maps of 64", hundred, hundred.clusters.map { _ in nil })
    let various = try PlannedGroup.plain(nodes: 14, maps: mixed)
    try add("fresh: 30 maps of different sizes and replicas", various, various.clusters.map { _ in nil })
    let zones = try PlannedGroup.plain(nodes: 15, zones: 3, maps: mixed)
    try add("fresh: the same in three zones", zones, zones.clusters.map { _ in nil })
    for (name, group) in [("100 maps", hundred), ("30 different maps", various), ("30 maps in zones", zones)] {
      let now = try fresh(group)
      try add("\(name): nothing has changed", group, now)
      try add("\(name): a node leaves", PlannedGroup.with([3: .leaving], group), now)
      try add("\(name): a node joins", group, fresh(PlannedGroup.with([3: .leaving], group)))
      try add("\(name): planned apart", group, group.clusters.map { try Planner.plan($0, from: nil).target })
    }
    let fewer = try PlannedGroup.plain(nodes: 14, maps: Array(mixed.dropLast(3)))
    try add("a map is added", various, try fresh(fewer) + [nil, nil, nil])
    try add("maps are dropped", fewer, Array(try fresh(various).dropLast(3)))
    return rows
  }

  private static func row(_ name: String, _ one: PlannedGroup) -> String {
    let sum = one.report.sum
    let hash = one.targets.reduce(UInt64(0)) { ($0 << 7 | $0 >> 57) ^ mapHash($1) }
    return [
      name, "\(one.targets.count)", "\(one.group.nodeCount)", "\(sum.moves)", "\(one.plan.movesLowerBound)",
      "\(sum.roleChanges)", GoldenTable.spread(sum.load.first { $0.state == "master" }?.spread), GoldenTable.spread(sum.total), "\(sum.unmet)",
      "\(sum.findings.isEmpty)", "\(one.report.maps.allSatisfy(\.isBalanced))", String(hash, radix: 16),
    ].joined(separator: "\t")
  }
}
