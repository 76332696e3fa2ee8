import PlatEngine
import Testing

/// A good map, exactly one fault planted in it, and exactly that finding.
@Suite struct JudgePlantedFaults {
  /// Three zones of two, one rule a zone, 6 partitions × (1 + 1): each node has one master and one slave.
  private let good: [[[Int]]] = (0..<6).map { [[$0], [($0 + 2) % 6]] }

  private func cluster(_ change: (inout ZoneCluster) -> Void = { _ in }) throws -> DenseCluster {
    var cluster = ZoneCluster(partitions: 6, slaves: 1, zones: [2, 2, 2], rules: [ZoneCluster.spread])
    change(&cluster)
    return try cluster.dense()
  }

  private func judge(
    _ cluster: DenseCluster, _ rows: [[[Int]]], from before: [[[Int]]]? = nil
  ) throws -> Report {
    try Judge.judge(cluster, map: makeMap(rows), from: before.map(makeMap))
  }

  private func planted(_ partition: Int, _ row: [[Int]]) -> [[[Int]]] {
    var rows = good
    rows[partition] = row
    return rows
  }

  /// The rules of the findings, without those of balance.
  private func rules(_ report: Report) -> [String] {
    report.findings.map(\.rule).filter { !$0.hasPrefix("balance") }
  }

  @Test func theGoodMapHasNoFault() throws {
    let report = try judge(cluster(), good, from: good)
    #expect(report.findings.isEmpty && report.health == .green && report.isBalanced && report.meetsHardRules)
    #expect(report.moves == 0 && report.roleChanges == 0)
    #expect(report.load.map(\.state) == ["master", "slave"])
    #expect(report.total == LoadSpread(least: 2, greatest: 2, leastDue: Rational(2), greatestDue: Rational(2)))
    #expect(report.fanOutOutbound == 1 && report.fanOutInbound == 1)
  }

  @Test func aMissingSlave() throws {
    let report = try judge(cluster(), planted(3, [[3], []]), from: good)
    #expect(
      report.findings == [
        Finding(
          strength: .hard, rule: "constraints.slave", partition: "3", want: 1, have: 0,
          because: "node z0.0 could take it")
      ])
    #expect(report.unmet == 1 && report.health == .yellow)
  }

  @Test func aMissingMaster() throws {
    let report = try judge(cluster(), planted(3, [[], [5]]), from: good)
    #expect(report.findings.map(\.because) == ["z2.1 has its data and could become master"])
    #expect(report.findings.map(\.rule) == ["constraints.master"])
    #expect(report.unmet == 1 && report.health == .red)
  }

  @Test func aPartitionThatNobodyHolds() throws {
    let report = try judge(cluster(), planted(3, []), from: good)
    #expect(rules(report) == ["constraints.master", "constraints.slave"])
    #expect(report.unmet == 2 && report.health == .red)
  }

  @Test func rowsThatTheMapDoesNotHave() throws {
    let report = try judge(cluster(), Array(good[..<5]), from: good)
    #expect(report.findings.map(\.partition) == ["5", "5"] && report.health == .red)
  }

  @Test func oneMasterTooMany() throws {
    let report = try judge(cluster(), planted(3, [[3, 0], [5]]), from: good)
    #expect(
      report.findings == [
        Finding(
          strength: .hard, rule: "constraints.master", partition: "3", want: 1, have: 2,
          because: "z1.1 and z0.0 have it as master, and constraints.master asks for 1")
      ])
    #expect(report.unmet == 1 && report.health == .yellow)
  }

  @Test func pendingIsAFaultOfAPlanOnly() throws {
    let rows = planted(3, [[3], [5], [0]])
    #expect(try rules(judge(cluster(), rows)) == [])
    #expect(try rules(judge(cluster(), rows, from: good)) == ["constraints.pending"])
  }

  @Test func twoReplicasOnOneNode() throws {
    let report = try judge(cluster { $0.rules = [] }, planted(3, [[3], [3]]), from: good)
    #expect(
      report.findings.first
        == Finding(
          strength: .hard, rule: "placement.node", partition: "3", node: "z1.1", want: 1, have: 2,
          because: "z1.1 holds it 2 times, and two replicas of a partition never share a node"))
    #expect(report.unmet == 1 && rules(report).count == 1)
  }

  @Test(arguments: [Strength.hard, .soft]) func twoReplicasInOneZone(_ strength: Strength) throws {
    var rule = ZoneCluster.spread
    rule.strength = strength
    let report = try judge(cluster { $0.rules = [rule] }, planted(3, [[3], [2]]), from: good)
    #expect(
      report.findings == [
        Finding(
          strength: strength, rule: "placement[0]", partition: "3", container: "z1", want: 1, have: 2,
          because: "zone z1 has it on z1.0 and z1.1, and placement[0] allows 1 replica of it there")
      ])
    #expect(report.unmet == (strength == .hard ? 1 : 0) && report.brokenSoft == (strength == .soft ? 1 : 0))
    #expect(report.health == .yellow)
  }

  @Test func aReplicaFarFromItsMaster() throws {
    let near = PlacementRule(states: [1], level: 0, demand: .near(of: 0, atLeast: 1), strength: .soft)
    let rows: [[[Int]]] = (0..<6).map { [[$0], [$0 ^ 1]] }
    let cluster = try cluster { $0.rules = [near] }
    #expect(try judge(cluster, rows, from: rows).findings.isEmpty)
    var broken = rows
    broken[3] = [[3], [4]]
    let report = try judge(cluster, broken, from: rows)
    #expect(report.findings.map(\.rule) == ["placement[0]"] && report.findings[0].container == "z1")
    #expect(report.brokenSoft == 1 && report.findings[0].want == 1 && report.findings[0].have == 0)
  }

  @Test func aNodeAboveItsCapacity() throws {
    let cluster = try cluster { $0.capacities = [0: 2] }
    #expect(try judge(cluster, good, from: good).findings.isEmpty)
    let report = try judge(cluster, planted(3, [[3], [0]]), from: good)
    #expect(
      report.findings == [
        Finding(
          strength: .hard, rule: "nodes.z0.0.capacity", node: "z0.0", want: 2, have: 3,
          because: "z0.0 may hold 2 replicas and holds 3")
      ])
    #expect(report.unmet == 1)
  }

  @Test func whatStaysOnALeavingNode() throws {
    let cluster = try cluster { $0.statuses = [0: .leaving] }
    let report = try judge(cluster, good, from: good)
    #expect(rules(report) == ["nodes.z0.0.status"])
    #expect(report.unmet == 2 && report.findings[0].have == 2 && report.findings[0].strength == .hard)
    #expect(try rules(judge(cluster, good)) == [])
  }

  @Test func aMasterOnANodeInMaintenance() throws {
    let cluster = try cluster { $0.statuses = [0: .maintenance] }
    let report = try judge(cluster, good, from: good)
    #expect(rules(report) == ["nodes.z0.0.status"] && report.unmet == 1)
    #expect(try rules(judge(cluster, good)) == [])
  }

  @Test func aNewReplicaOnANodeInMaintenance() throws {
    let cluster = try cluster { $0.statuses = [0: .maintenance] }
    var before = good
    before[0] = [[1], [2]]
    before[4] = [[4], [2]]
    var rows = before
    rows[4] = [[4], [0]]
    let report = try judge(cluster, rows, from: before)
    #expect(rules(report) == ["nodes.z0.0.status"] && report.unmet == 1)
  }

  @Test func whatLiesOnAFailedNodeIsMissing() throws {
    let cluster = try cluster { $0.statuses = [0: .failed] }
    let report = try judge(cluster, good)
    #expect(rules(report) == ["constraints.master", "constraints.slave", "nodes.z0.0.status"])
    #expect(report.findings.map(\.strength) == [.hard, .hard, .soft] && report.unmet == 2 && report.health == .red)
    #expect(report.findings[0].because == "failed: z0.0, where it was; z1.0 has its data and could become master")
    #expect(report.findings[1].because == "failed: z0.0, where it was; node z0.1 could take it")
  }

  @Test(arguments: [Strength.hard, .soft]) func tooManyPeers(_ strength: Strength) throws {
    let cluster = try cluster { $0.fanOut = FanOutLimit(outbound: 1, inbound: 1, strength: strength) }
    #expect(try judge(cluster, good, from: good).findings.isEmpty)
    let report = try judge(cluster, planted(3, [[0], [5]]), from: good)
    #expect(
      rules(report) == ["fanOut.outbound"] && report.findings[0].node == "z0.0" && report.findings[0].have == 2)
    #expect(report.unmet == (strength == .hard ? 1 : 0) && report.brokenSoft == (strength == .soft ? 1 : 0))
    let inbound = try judge(cluster, planted(3, [[3], [0]]), from: good)
    #expect(rules(inbound) == ["fanOut.inbound"] && inbound.findings[0].node == "z0.0")
  }

  @Test func aNodeFarFromItsDue() throws {
    var rows = good
    rows[2] = [[0], [2]]
    rows[4] = [[0], [2]]
    let report = try judge(cluster { $0.rules = [] }, rows, from: good)
    #expect(!report.isBalanced && report.unmet == 0 && report.brokenSoft == 0 && report.health == .green)
    #expect(report.findings.map(\.rule) == ["balance.master", "balance.slave", "balance.total"])
    #expect(report.findings.map(\.strength) == [.soft, .soft, .soft])
    #expect(report.findings[0].node == "z0.0" && report.findings[0].want == 1 && report.findings[0].have == 3)
    #expect(report.findings[0].because == "z0.0 is due 1 replicas as master and holds 3")
  }

  @Test func movesAndRoleChanges() throws {
    let moved = try judge(cluster(), planted(3, [[3], [0]]), from: good)
    #expect(moved.moves == 1 && moved.roleChanges == 0)
    let swapped = try judge(cluster(), planted(3, [[5], [3]]), from: good)
    #expect(swapped.moves == 0 && swapped.roleChanges == 2)
    var dead = good
    dead[3] = [[3], [], [], [5]]
    #expect(try judge(cluster(), good, from: dead).moves == 1)
    #expect(try judge(cluster(), good, from: Array(good[..<4])).moves == 4)
    let failed = try judge(cluster { $0.statuses = [5: .failed] }, good, from: good)
    #expect(failed.moves == 2)
  }

  @Test func findingsEndAtAThousand() throws {
    let cluster = try ZoneCluster(partitions: 1500, slaves: 1, zones: [1, 1]).dense()
    let report = try judge(cluster, [])
    #expect(report.findings.count == 1000 && report.moreFindings == 2003 && report.unmet == 3000)
    #expect(report.findings[999].partition == "999")
  }
}
