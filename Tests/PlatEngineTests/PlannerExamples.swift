import PlatEngine
import TestSupport
import Testing

extension PlannedCase {
  init(_ cluster: ZoneCluster, from current: PlacementMap? = nil) throws { try self.init(cluster.dense(), current) }

  /// As an operation that is asked for.
  init(_ cluster: ZoneCluster, from current: PlacementMap?, _ operation: PlatEngine.Operation) throws {
    var options = PlanOptions()
    options.operation = operation
    let dense = try cluster.dense()
    try self.init(dense, current, plan: Planner.plan(dense, from: current, options: options))
  }

  /// `84 moves of 84; master 28…29, slave 56…57, total 84…85; green`
  var brief: String {
    let spreads = (report.load + (report.total.map { [("total", $0)] } ?? []))
      .map { "\($0) \($1.least)…\($1.greatest)" }
    return "\(moves) moves of \(plan.movesLowerBound); \(spreads.joined(separator: ", ")); \(report.health)"
  }

  /// For each partition, who has its data.
  var holders: [Set<Int>] { plan.target.dataHolders(cluster.cluster.settings.model) }

  var holdersBefore: [Set<Int>] { current?.dataHolders(cluster.cluster.settings.model) ?? [] }

  /// Replicas of a node before and after.
  func held(by node: Int) -> (before: Int, after: Int) {
    (holdersBefore.count { $0.contains(node) }, holders.count { $0.contains(node) })
  }

  func masters(of node: Int) -> Int { plan.target.rows.count { $0[0].contains(node) } }
}

/// What the planner does for everyday changes, in figures that a person can check.
@Suite struct PlannerExamples {
  /// 50 nodes in five zones, 1,440 partitions with a master and two slaves, one replica a zone.
  static let fifty = ZoneCluster(
    partitions: 1440, slaves: 2, zones: [10, 10, 10, 10, 10], rules: [ZoneCluster.spread])

  static func fiftyPlanned() throws -> PlacementMap { try Planner.plan(fifty.dense(), from: nil).target }

  @Test func aFreshCluster() throws {
    let one = try PlannedCase(Self.fifty)
    #expect(one.brief == "4320 moves of 4320; master 28…29, slave 57…58, total 86…87; green")
    #expect(one.report.isBalanced && one.report.findings.isEmpty)
    #expect(one.report.load.map(\.spread.leastDue) == [Rational(144, 5), Rational(288, 5)])
  }

  @Test func nothingChanges() throws {
    let one = try PlannedCase(Self.fifty, from: Self.fiftyPlanned())
    #expect(one.moves == 0 && one.report.roleChanges == 0 && one.plan.movesLowerBound == 0)
    #expect(mapsEqual(one.plan.target, try #require(one.current)))
  }

  /// 51 nodes are due 84 or 85; the new replica takes the fewer, and nothing moves between the others.
  @Test func aNodeJoins() throws {
    var after = Self.fifty
    after.zones[4] = 11
    let one = try PlannedCase(after, from: Self.fiftyPlanned())
    #expect(one.brief == "84 moves of 84; master 28…29, slave 56…57, total 84…85; green")
    #expect(one.held(by: 50) == (0, 84))
    #expect(one.report.isBalanced)
  }

  @Test(arguments: [Node.Status.leaving, .failed])
  func aNodeGoes(_ status: Node.Status) throws {
    var after = Self.fifty
    after.statuses[7] = status
    let one = try PlannedCase(after, from: Self.fiftyPlanned())
    #expect(one.held(by: 7).after == 0)
    #expect(one.moves == one.held(by: 7).before && one.plan.movesLowerBound == one.moves)
    #expect(one.report.health == .green && one.report.isBalanced)
    for (before, after) in zip(one.holdersBefore, one.holders) where !before.contains(7) { #expect(before == after) }
  }

  /// Masters leave, slaves stay, no data moves.
  @Test func maintenance() throws {
    var after = Self.fifty
    after.statuses[7] = .maintenance
    let one = try PlannedCase(after, from: Self.fiftyPlanned(), .rebalance)
    #expect(one.moves == 0 && one.plan.movesLowerBound == 0)
    #expect(one.holders == one.holdersBefore)
    #expect(one.masters(of: 7) == 0 && one.held(by: 7).after == one.held(by: 7).before)
    #expect(one.report.health == .green && one.report.isBalanced)
  }

  /// A neighbour leaves at the same time: what it had goes elsewhere, and not to the node in maintenance.
  @Test func maintenanceGetsNothingNew() throws {
    var after = Self.fifty
    after.statuses = [7: .maintenance, 8: .leaving]
    let one = try PlannedCase(after, from: Self.fiftyPlanned())
    #expect(one.moves == one.held(by: 8).before && one.plan.movesLowerBound == one.moves)
    for (before, after) in zip(one.holdersBefore, one.holders) { #expect(before.contains(7) || !after.contains(7)) }
    #expect(one.masters(of: 7) == 0 && one.report.health == .green)
  }

  /// A node in each zone: a partition that is on such nodes only needs a master elsewhere, and that is a move, as the
  /// bound knows.
  @Test func maintenanceInEveryZone() throws {
    var after = Self.fifty
    for zone in 0..<5 { after.statuses[10 * zone] = .maintenance }
    let one = try PlannedCase(after, from: Self.fiftyPlanned(), .rebalance)
    let onlyThere = one.holdersBefore.count { $0.allSatisfy { $0 % 10 == 0 } }
    #expect(onlyThere > 0 && one.moves == onlyThere && one.plan.movesLowerBound == onlyThere)
    #expect(one.report.health == .green && one.report.isBalanced)
  }

  /// One leaves as another comes: only what the first had moves, to the other but for what balance asks.
  @Test func aNodeIsSwapped() throws {
    var after = Self.fifty
    after.zones[4] = 11
    after.statuses[49] = .leaving
    let one = try PlannedCase(after, from: Self.fiftyPlanned())
    #expect(one.held(by: 49).after == 0 && (86...87).contains(one.held(by: 50).after))
    #expect(one.moves == one.held(by: 49).before && one.plan.movesLowerBound == one.moves)
    #expect(one.report.isBalanced && one.report.health == .green)
    for (before, after) in zip(one.holdersBefore, one.holders) {
      #expect(after.isSuperset(of: before.subtracting([49])))
    }
  }

  /// Slaves go without a move, come with one each, and go again.
  @Test func replicasComeAndGo() throws {
    var cluster = Self.fifty
    cluster.slaves = 1
    var map = try Planner.plan(cluster.dense(), from: nil).target
    let briefs = try [0, 2, 1, 0, 2].map { slaves in
      cluster.slaves = slaves
      let one = try PlannedCase(cluster, from: map)
      map = one.plan.target
      #expect(one.report.isBalanced)
      return one.brief
    }
    #expect(
      briefs == [
        "0 moves of 0; master 28…29, total 28…29; green",
        "2880 moves of 2880; master 28…29, slave 57…58, total 86…87; green",
        "0 moves of 0; master 28…29, slave 28…29, total 57…58; green",
        "0 moves of 0; master 28…29, total 28…29; green",
        "2880 moves of 2880; master 28…29, slave 57…58, total 86…87; green",
      ])
  }

  /// Every master is on an even node, but each node holds as much as the others: states change, nothing moves.
  @Test func mastersSpreadWithoutAMove() throws {
    let rows = (0..<12).map { partition in
      let pair = [partition % 4, (partition + 1) % 4].sorted { ($0 % 2, $0) < ($1 % 2, $1) }
      return [[pair[0]], [pair[1]]]
    }
    let one = try PlannedCase(ZoneCluster(), from: makeMap(rows))
    #expect(one.brief == "0 moves of 0; master 3…3, slave 3…3, total 6…6; green")
    #expect(one.report.roleChanges == 12)  // six of the twelve masters change places with their slaves
  }

  @Test func twoMastersAndASlave() throws {
    let cluster = ZoneCluster(
      partitions: 12, slaves: 1, zones: [2, 2, 2], rules: [ZoneCluster.spread], model: .multiMaster, masters: 2)
    let one = try PlannedCase(cluster)
    #expect(one.brief == "36 moves of 36; master 4…4, slave 2…2, total 6…6; green")
    var after = cluster
    after.statuses[5] = .leaving
    let next = try PlannedCase(after, from: one.plan.target)
    #expect(next.moves == 6 && next.plan.movesLowerBound == 6)
  }

  /// `pending` has the data and becomes a slave at once; `dead` has none, and counts for nothing.
  @Test func aHalfMovedMap() throws {
    let rows = (0..<12).map { partition -> [[Int]] in
      let nodes = (0..<4).map { (partition + $0) % 4 }
      return partition < 6 ? [[nodes[0]], [], [nodes[1]], [nodes[2]]] : [[nodes[0]], [nodes[1]], [], []]
    }
    let one = try PlannedCase(ZoneCluster(), from: makeMap(rows))
    #expect(one.brief == "0 moves of 0; master 3…3, slave 3…3, total 6…6; green")
    #expect(one.report.roleChanges == 6)
    #expect(one.plan.target.slotCounts == [1, 1, 0, 0])

    let onlyDead = (0..<12).map { partition in [[partition % 4], [], [], [(partition + 1) % 4]] }
    let two = try PlannedCase(ZoneCluster(), from: makeMap(onlyDead))
    #expect(two.brief == "12 moves of 12; master 3…3, slave 3…3, total 6…6; green")
  }

  /// Eight partitions become twelve and twelve eight: rows that stay, stay as they are.
  @Test func anotherPartitionCount() throws {
    let rows = (0..<12).map { [[$0 % 4], [($0 + 1) % 4]] }
    let more = try PlannedCase(ZoneCluster(partitions: 12), from: makeMap(Array(rows.prefix(8))))
    #expect(more.brief == "8 moves of 8; master 3…3, slave 3…3, total 6…6; green")
    #expect(Array(more.plan.target.rows.prefix(8)).map { $0.prefix(2).map(\.self) } == rows.prefix(8).map(\.self))
    let fewer = try PlannedCase(ZoneCluster(partitions: 8), from: makeMap(rows))
    #expect(fewer.brief == "0 moves of 0; master 2…2, slave 2…2, total 4…4; green")
    #expect(fewer.report.roleChanges == 0)
  }
}
