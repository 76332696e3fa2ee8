import PlatEngine
import TestSupport
import Testing

/// Weights, capacities and rules: what they leave possible is done, and what they forbid is said.
@Suite struct PlannerLimitExamples {
  private static let onePerRack = PlacementRule(states: [0, 1], level: 1, demand: .atMost(1), strength: .hard)

  private func loads(_ weights: [String], partitions: Int, slaves: Int = 0) throws -> [Int] {
    let named = Dictionary(uniqueKeysWithValues: weights.enumerated().map { ($0, $1) })
    let one = try PlannedCase(
      ZoneCluster(partitions: partitions, slaves: slaves, zones: [weights.count], weights: named))
    #expect(one.report.isBalanced && one.report.health == .green)
    return one.loads
  }

  @Test func loadsFollowWeights() throws {
    #expect(try loads(["1", "2", "3"], partitions: 600) == [100, 200, 300])
    #expect(try loads(["1", "1000"], partitions: 1001) == [1, 1000])
    #expect(try loads(["1/3", "2/3", "3/3"], partitions: 600) == [100, 200, 300])
    #expect(try loads(["0.5", "3/2", "1e0"], partitions: 600) == [100, 300, 200])
    #expect(try loads(["0", "1", "1"], partitions: 10) == [0, 5, 5])
  }

  /// No node holds a partition twice: what the heaviest cannot have goes to the others by their weights.
  @Test func noNodeHoldsMoreThanEveryPartition() throws {
    #expect(try loads(["1", "2", "3"], partitions: 600, slaves: 1) == [200, 400, 600])
    #expect(try loads(["100", "1", "1"], partitions: 12, slaves: 1) == [12, 6, 6])
  }

  @Test func capacitiesThatJustFit() throws {
    let one = try PlannedCase(ZoneCluster(capacities: [0: 3, 1: 9, 2: 6, 3: 6]))
    #expect(one.loads == [3, 9, 6, 6])
    #expect(one.report.health == .green && one.report.isBalanced)
  }

  /// What a node has above its capacity goes, and no more than that.
  @Test func aCapacityThatIsExceededNow() throws {
    let rows = (0..<12).map { [[$0 % 4], [($0 + 1) % 4]] }
    let one = try PlannedCase(ZoneCluster(capacities: [0: 3]), from: makeMap(rows))
    #expect(one.loads == [3, 7, 7, 7])
    #expect(one.moves == 3 && one.plan.movesLowerBound == 3 && one.report.health == .green)
  }

  /// Its weight says 20 of 24, its capacity 5.
  @Test func aWeightAboveWhatTheNodeMayHold() throws {
    let one = try PlannedCase(ZoneCluster(weights: [0: "15"], capacities: [0: 5]))
    #expect(one.loads[0] == 5 && one.loads[1...].allSatisfy { (6...7).contains($0) })
    #expect(one.report.isBalanced && one.report.health == .green)
  }

  /// 20 places for 24 replicas: four slaves are missing, and the finding names the nodes that are full.
  @Test func tooLittleCapacity() throws {
    let one = try PlannedCase(ZoneCluster(capacities: [0: 5, 1: 5, 2: 5, 3: 5]))
    #expect(one.loads == [5, 5, 5, 5])
    #expect(one.report.unmet == 4 && !one.report.meetsHardRules)
    #expect(one.report.findings.map(\.rule) == Array(repeating: "constraints.slave", count: 4))
    #expect(one.report.findings[0].because.contains("in all, 20 of 24 replicas find room"), "\(one.report.findings[0])")
  }

  /// Two zones, three replicas, one a zone: each partition's third finds no place, and all else is placed.
  @Test func threeReplicasInTwoZones() throws {
    let one = try PlannedCase(ZoneCluster(slaves: 2, rules: [ZoneCluster.spread]))
    #expect(one.brief == "24 moves of 24; master 3…3, slave 3…3, total 6…6; yellow")
    #expect(one.report.unmet == 12 && !one.report.meetsHardRules && one.report.isBalanced)
    #expect(one.report.findings.map(\.partition) == (0..<12).map(String.init))
    for finding in one.report.findings {
      #expect(
        finding.strength == .hard && finding.rule == "constraints.slave" && finding.want == 2 && finding.have == 1)
      #expect(finding.because == "2 zones, and placement[0] allows 1 replica in each: at most 2 of 3")
    }
    let again = try PlannedCase(ZoneCluster(slaves: 2, rules: [ZoneCluster.spread]), from: one.plan.target)
    #expect(again.moves == 0 && again.report.unmet == 12)
  }

  @Test func moreReplicasThanNodes() throws {
    let one = try PlannedCase(ZoneCluster(slaves: 3, zones: [2]))
    #expect(one.brief == "24 moves of 24; master 6…6, slave 6…6, total 12…12; yellow")
    #expect(one.report.findings.count == 12 && one.report.unmet == 24)
    #expect(one.report.findings.allSatisfy { $0.because == "only 2 nodes are active and 4 replicas are wanted" })
  }

  /// Each of three zones has one replica of each partition, however few its nodes: they are due more, not broken.
  @Test func aZoneWithFewerNodes() throws {
    let one = try PlannedCase(ZoneCluster(slaves: 2, zones: [4, 4, 2], rules: [ZoneCluster.spread]))
    #expect(one.loads == [3, 3, 3, 3, 3, 3, 3, 3, 6, 6])
    #expect(one.report.isBalanced && one.report.health == .green)
    #expect(one.report.total == LoadSpread(least: 3, greatest: 6, leastDue: Rational(3), greatestDue: Rational(6)))
    #expect(one.holders.allSatisfy { $0.count { $0 < 4 } == 1 && $0.count { $0 >= 8 } == 1 })
  }

  /// Two a zone and one a rack, both hard, from a map that heeds neither.
  @Test func hardRulesAtTwoLevels() throws {
    let zone = PlacementRule(states: [0, 1], level: 0, demand: .atMost(2), strength: .hard)
    let cluster = ZoneCluster(slaves: 3, zones: [4, 4], rules: [zone, Self.onePerRack])
    let rows = (0..<12).map { $0 < 6 ? [[0], [1, 2, 3]] : [[7], [6, 5, 4]] }
    let one = try PlannedCase(cluster, from: makeMap(rows))
    #expect(one.loads == Array(repeating: 6, count: 8))
    #expect(one.report.health == .green && one.report.isBalanced)
    #expect(one.moves == 24 && one.plan.movesLowerBound == 24)  // two of each four go to the other zone
    for holders in one.holders { #expect(Set(holders.map { $0 / 2 }) == [0, 1, 2, 3]) }
  }

  /// A soft rule costs nothing where it can be kept, and is broken no more than it must be where it cannot.
  @Test func softRules() throws {
    let soft = PlacementRule(states: [0, 1], level: 0, demand: .atMost(1), strength: .soft)
    let kept = try PlannedCase(ZoneCluster(slaves: 2, zones: [2, 2, 2], rules: [soft]))
    #expect(kept.report.brokenSoft == 0 && kept.report.health == .green)
    let broken = try PlannedCase(ZoneCluster(slaves: 2, zones: [2, 2], rules: [soft]))
    #expect(broken.brief == "36 moves of 36; master 3…3, slave 6…6, total 9…9; yellow")
    #expect(broken.report.brokenSoft == 12 && broken.report.unmet == 0)
    #expect(broken.report.findings.allSatisfy { $0.strength == .soft && $0.rule == "placement[0]" })
  }

  /// The soft rule would have everything move; fewest moves come first.
  @Test func softRulesMoveNothingThatMayStay() throws {
    let soft = PlacementRule(states: [0, 1], level: 0, demand: .atMost(1), strength: .soft)
    let rows = (0..<12).map { $0 % 2 == 0 ? [[$0 / 2 % 2], [1 - $0 / 2 % 2]] : [[2 + $0 / 2 % 2], [3 - $0 / 2 % 2]] }
    let one = try PlannedCase(ZoneCluster(rules: [soft]), from: makeMap(rows))
    #expect(one.brief == "0 moves of 0; master 3…3, slave 3…3, total 6…6; yellow")
    #expect(one.report.brokenSoft == 12)
  }

  /// A rule may forbid everything: then only the last copy of each partition stays, which is never given up, and the
  /// rule that it breaks is told.
  @Test(arguments: [0, 1])
  func aRuleThatAllowsNothing(slaves: Int) throws {
    let none = PlacementRule(states: [0, 1], level: 0, demand: .atMost(0), strength: .hard)
    let rows = (0..<12).map { slaves == 0 ? [[$0 % 4]] : [[$0 % 2], [2 + $0 % 2]] }
    let one = try PlannedCase(ZoneCluster(slaves: slaves, rules: [none]), from: makeMap(rows))
    #expect(one.placed == 12 && one.moves == 0 && one.report.unmet == 12 * (1 + slaves))
    #expect(one.holders.allSatisfy { $0.count == 1 } && one.faults.isEmpty)
    #expect(one.report.findings.count { $0.rule == "placement[0]" } == 12)
  }

  @Test func nobodyCanHoldAnything() throws {
    let gone = ZoneCluster(statuses: [0: .failed, 1: .failed, 2: .leaving, 3: .leaving])
    let rows = (0..<12).map { [[$0 % 4], [($0 + 1) % 4]] }
    let one = try PlannedCase(gone, from: makeMap(rows))
    // What leaving nodes have is the last copy of nine partitions, which nobody can take.
    #expect(one.placed == 9 && one.moves == 0 && one.plan.movesLowerBound == 0)
    #expect(one.report.unmet == 24 && one.report.health == .red)
    #expect(one.report.findings.count == 17)  // 15 about partitions, 2 about the nodes
  }
}
