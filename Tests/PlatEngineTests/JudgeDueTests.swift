import PlatEngine
import Testing

@Suite struct JudgeDueExamples {
  private func total(_ cluster: ZoneCluster, map: PlacementMap? = nil) throws -> [String] {
    try Judge.due(cluster.dense(), map: map).total.map(\.description)
  }

  @Test func equalNodesShareEqually() throws {
    #expect(try total(ZoneCluster(partitions: 10, slaves: 1, zones: [1, 2])) == ["20/3", "20/3", "20/3"])
  }

  @Test func zonesOfOneTwoTwoWithThreeReplicasAreAllFull() throws {
    let cluster = ZoneCluster(partitions: 9, slaves: 2, zones: [1, 2, 2], rules: [ZoneCluster.spread])
    #expect(try total(cluster) == ["9", "4.5", "4.5", "4.5", "4.5"])
    let due = try Judge.due(cluster.dense(), map: nil)
    #expect(due.ofState[0].map(\.description) == ["1.8", "1.8", "1.8", "1.8", "1.8"])
    #expect(due.ofState[1].map(\.description) == ["7.2", "2.7", "2.7", "2.7", "2.7"])
  }

  @Test func aSmallZoneIsCappedAndTheRestShareWhatItCannotTake() throws {
    // 4 nodes would be due 6 each; z0's three would take 18 of at most 12.
    let cluster = ZoneCluster(partitions: 12, slaves: 1, zones: [3, 1, 1], rules: [ZoneCluster.spread])
    #expect(try total(cluster) == ["4", "4", "4", "6", "6"])
  }

  @Test func capacitiesFreezeOneAfterTheOther() throws {
    let cluster = ZoneCluster(partitions: 12, slaves: 1, zones: [2, 2], capacities: [0: 1, 1: 7])
    #expect(try total(cluster) == ["1", "7", "8", "8"])
  }

  @Test func weightsOneToAThousand() throws {
    // The heavy node can hold no more than one replica of each partition.
    let cluster = ZoneCluster(partitions: 10, slaves: 1, zones: [3], weights: [0: "1000"])
    #expect(try total(cluster) == ["10", "5", "5"])
    let light = ZoneCluster(partitions: 1001, slaves: 0, zones: [2], weights: [0: "1000"])
    #expect(try total(light) == ["1000", "1"])
  }

  @Test func fractionsOfWeightsStayExact() throws {
    let cluster = ZoneCluster(partitions: 10, slaves: 0, zones: [3], weights: [0: "1/3", 1: "0.5", 2: "25e-2"])
    #expect(try total(cluster) == ["40/13", "60/13", "30/13"])
  }

  @Test func weightZeroIsDueNothingEvenInAShortage() throws {
    let cluster = ZoneCluster(partitions: 10, slaves: 2, zones: [3], weights: [1: "0"])
    #expect(try total(cluster) == ["10", "0", "10"])
  }

  @Test func aShortageGivesAllThatCanBeHad() throws {
    let cluster = ZoneCluster(partitions: 10, slaves: 2, zones: [2, 2], capacities: [3: 2], rules: [ZoneCluster.spread])
    #expect(try total(cluster) == ["5", "5", "8", "2"])
  }

  @Test func statusDecides() throws {
    let map = try makeMap([[[1], [0]], [[1], [2]], [[0], [1]]])
    let cluster = ZoneCluster(partitions: 3, slaves: 1, zones: [4], statuses: [0: .leaving, 1: .maintenance, 3: .failed])
    #expect(try total(cluster, map: map) == ["0", "3", "3", "0"])
    let due = try Judge.due(cluster.dense(), map: map)
    #expect(due.ofState[0].map(\.description) == ["0", "0", "3", "0"])
    #expect(due.ofState[1].map(\.description) == ["0", "3", "0", "0"])
    #expect(due.ofState[2].isEmpty && due.ofState[3].isEmpty)
  }

  @Test func aRuleAboutOneStateCapsThatState() throws {
    // 1 of 2 masters in each zone: so z1 takes at most 1 master and the slave, 12 in all, and 6 of 12 masters.
    let rule = PlacementRule(states: [0], level: 0, demand: .atMost(1), strength: .hard)
    let cluster = ZoneCluster(partitions: 6, slaves: 1, zones: [1, 3], rules: [rule], model: .multiMaster, masters: 2)
    let due = try Judge.due(cluster.dense(), map: nil)
    #expect(due.total.map(\.description) == ["6", "4", "4", "4"])
    #expect(due.ofState[0].map(\.description) == ["6", "2", "2", "2"])
  }
}
