import PlatEngine
import PlatReference
import TestSupport
import Testing

/// How good plans of several maps are, in `Tests/Golden/groups.tsv`; as `GoldenQuality`.
@Suite struct GroupGolden {
  private static let table = GoldenTable("groups", columns: [
      "case", "maps", "nodes", "moves", "bound", "roleChanges", "master", "total", "unmet", "balanced", "eachBalanced",
      "map",
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

    // Partitions differ in weight: by rank, 1:1000, 1:2:3; every fourth map has all of one size. Moves and loads are
    // weights.
    func weighted(_ nodes: Int, zones: Int = 0) throws -> DenseGroup {
      var group = try PlannedGroup.plain(nodes: nodes, zones: zones, maps: Array(mixed.prefix(20))).group
      var random = SplitMix64(seed: 7)
      for map in group.members.indices where map % 4 < 3 {
        group.members[map].weights = random.shuffled((0..<group.members[map].settings.partitionCount).map { partition in
          Quantity(["\(10_000 / (partition + 1))", partition % 2 == 0 ? "1" : "1000", "\(partition % 3 + 1)"][map % 4])!
        })
      }
      return try DenseGroup(group)
    }
    for (name, group) in [
      ("20 weighted maps", try weighted(14)), ("20 weighted maps in zones", try weighted(15, zones: 3)),
    ] {
      try add("\(name): fresh", group, group.clusters.map { _ in nil })
      let now = try fresh(group)
      try add("\(name): nothing has changed", group, now)
      try add("\(name): a node leaves", PlannedGroup.with([3: .leaving], group), now)
      try add("\(name): a node joins", group, fresh(PlannedGroup.with([3: .leaving], group)))
      try add("\(name): planned apart", group, group.clusters.map { try Planner.plan($0, from: nil).target })
    }
    return rows
  }

  private static func row(_ name: String, _ one: PlannedGroup) -> String {
    let sum = one.report.sum
    let hash = mapHash(one.targets)
    let weight = sum.inWeight
    let moves = weight.map { "\($0.moves)" } ?? "\(sum.moves)"
    let bound = one.plan.movesWeightLowerBound.map { "\($0)" } ?? "\(one.plan.movesLowerBound)"
    let master = weight.map { GoldenTable.spread($0.load.first { $0.state == "master" }?.spread) }
      ?? GoldenTable.spread(sum.load.first { $0.state == "master" }?.spread)
    let total = weight.map { GoldenTable.spread($0.total) } ?? GoldenTable.spread(sum.total)
    return [
      name, "\(one.targets.count)", "\(one.group.nodeCount)", moves, bound, "\(sum.roleChanges)", master, total,
      "\(sum.unmet)",
      "\(sum.findings.isEmpty)", "\(one.report.maps.allSatisfy(\.isBalanced))", String(hash, radix: 16),
    ].joined(separator: "\t")
  }
}
