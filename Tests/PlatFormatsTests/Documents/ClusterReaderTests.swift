import PlatEngine
import TestSupport
import Testing

@testable import PlatFormats

@Suite struct ClusterReaderTests {
  @Test func everyKey() throws {
    let document = try read(exampleCluster)
    let cluster = document.cluster
    let settings = cluster.settings
    #expect(settings.model == .masterSlave && settings.keyFunction == .crc32 && settings.partitionCount == 8)
    #expect(settings.constraints == [1, 2, 0, 0])
    #expect(
      settings.placement == [
        PlacementRule(states: [0, 1], level: 0, demand: .atMost(2), strength: .hard),
        PlacementRule(states: [1], level: 0, demand: .near(of: 0, atLeast: 1), strength: .soft),
      ])
    #expect(settings.fanOut == FanOutLimit(outbound: 12, inbound: 11, strength: .soft))
    #expect(settings.balance == BalanceLimit(tolerance: Quantity("1/20")!, moveBudget: 500))
    #expect(cluster.config.maxFullScansPerVolumeType.map(\.type) == ["nvme", "hdd", "ssd"])
    #expect(cluster.config.maxFullScansPerVolumeType.map(\.count) == [40, 2, 10])
    #expect(cluster.config.maxStreamsIn == 3 && cluster.config.maxStreamsOut == nil)
    #expect(cluster.config.maxDisturbedContainers! == (level: 0, count: 1))
    #expect(cluster.levels == ["zone", "shelf"])
    #expect(cluster.containers.map(\.name) == ["z0", "s0", "s1", "z1", "s2"])
    #expect(cluster.containers.map(\.parent) == [nil, 0, 0, nil, 3])
    #expect(cluster.containers.map(\.nodes) == [0..<3, 0..<2, 2..<3, 3..<5, 3..<5])
    #expect(cluster.nodes.map(\.name) == ["a", "b", "c", "d", "e"])
    #expect(cluster.nodes[0] == Node(name: "a", weight: Quantity("1.50")!, volumes: ["nvme", "ssd"]))
    #expect(cluster.nodes[3] == Node(name: "d", capacity: 7, status: .leaving))
    #expect(cluster.extensions.map(\.key) == ["x-origin"])
    #expect(cluster.extensions[0].json == Array(#"{ "by": "hand", "version": 1.50 }"#.utf8))
    let map = try #require(document.map)
    #expect(map.header == MapHeader(kind: .current, revision: 7))
    #expect(map.placement.rows[0] == [[0], [3, 2], [], []])
    #expect(map.placement.rows[7] == [[4], [1], [], [0]])
    #expect(map.placement.rows[1...6].allSatisfy { $0.joined().isEmpty })
  }

  /// Whatever comes first in the file.
  @Test func orderOfKeysDoesNotMatter() throws {
    let tree = try JSONTree(parsing: source(exampleCluster))
    let plain = try read(exampleCluster)
    forAllSeeds(0..<200) { seed in
      var random = SplitMix64(seed: seed)
      let shuffled = try ClusterReader.read(source(shuffle(tree, &random).written(.compact)))
      var cluster = shuffled.cluster
      cluster.extensions = plain.cluster.extensions  // written with other spaces
      cluster.config.maxFullScansPerVolumeType = plain.cluster.config.maxFullScansPerVolumeType
      try holds(cluster == plain.cluster, "\(cluster)")
      try holds(shuffled.map!.placement.rows == plain.map!.placement.rows, "another map")
    }
  }

  /// Keys change places everywhere but in the tree, whose order means something.
  private func shuffle(_ tree: JSONTree, _ random: inout SplitMix64) -> JSONTree {
    guard case .object(let members) = tree else { return tree }
    return .object(
      random.shuffled(members).map { member in
        member.key == "containers" ? member : .init(key: member.key, value: shuffle(member.value, &random))
      })
  }

  @Test func whatIsLeftOut() throws {
    let document = try read(#"{"plat": 1, "settings": {"numPartitions": 4}, "nodes": {"b": {}, "a": {}}}"#)
    #expect(document.map == nil)
    #expect(
      document.cluster == Cluster(settings: Settings(partitionCount: 4), nodes: [Node(name: "b"), Node(name: "a")]))
  }

  @Test func theMapMaySayWhatTheSettingsLeaveOut() throws {
    let document = try read(
      #"{"plat":1,"map":{"keyFunc":"hash-crc32-vbucket","numPartitions":2,"partitions":{}},"nodes":{"a":{}}}"#)
    #expect(document.cluster.settings.keyFunction == .crc32VBucket && document.cluster.settings.partitionCount == 2)
    #expect(document.map?.header == MapHeader(kind: .current, revision: 0))
  }

  @Test func rulesLeaveOutWhatGoesWithoutSaying() throws {
    let text =
      exampleCluster
      .changing(
        #"{ "states": ["master", "slave"], "level": "zone", "atMost": 2, "strength": "hard" }"#,
        #"{ "level": "shelf", "atMost": 1 }"#
      )
      .changing(
        #""states": ["slave"], "near": "master", "level": "zone", "atLeast": 1"#,
        #""near": "master", "level": "zone""#)
    #expect(
      try read(text).cluster.settings.placement == [
        PlacementRule(states: [0, 1], level: 1, demand: .atMost(1), strength: .hard),
        PlacementRule(states: [1], level: 0, demand: .near(of: 0, atLeast: 2), strength: .soft),
      ])
  }

  @Test(arguments: ["8", "8.0", "80e-1", "0.8E1", "\"8\"", "\"8.0\"", "\"16/2\"", "\"08\""])
  func integersInEveryForm(number: String) throws {
    #expect(
      try read(exampleCluster.changing(#""numPartitions": 8"#, "\"numPartitions\": \(number)")).cluster.settings
        .partitionCount == 8)
  }

  @Test(arguments: ["0", "3", "0.250", "1e-30", "\"3/2\"", "\"0.1\"", "123456789012345678901234567890"])
  func quantitiesAsWritten(number: String) throws {
    let weight = try read(exampleCluster.changing("1.50", number)).cluster.nodes[0].weight
    #expect(weight.text == number.filter { $0 != "\"" })
  }

  @Test func extensionsInsideArePassedOver() throws {
    let text =
      exampleCluster
      .changing(#""status": "leaving""#, #""status": "leaving", "x-serial": [1, {"a": 2}]"#)
      .changing(#""0": { "#, #""x-note": 1, "0": { "x-since": 17, "#)
      .changing(#""model":"#, #""x-a": {}, "model":"#)
      .changing(#""outbound": 12"#, #""x-b": null, "outbound": 12"#)
      .changing(#""master": 1"#, #""x-c": 0, "master": 1"#)
      .changing(#""nvme": 40"#, #""x-d": "", "nvme": 40"#)
      .changing(#""type": "current""#, #""x-e": 1, "type": "current""#)
    let document = try read(text)
    #expect(document.cluster == (try read(exampleCluster)).cluster)
    #expect(document.map?.placement.rows[0] == [[0], [3, 2], [], []])
  }

  @Test func equalWeightsSayNothing() throws {
    let all = (0..<8).map { "\"\($0)\": \(["2", "2.0", "\"4/2\""][$0 % 3])" }.joined(separator: ",")
    #expect(
      try read(exampleCluster.changing(#""plat": 1,"#, "\"plat\": 1, \"weights\": {\(all)},")).cluster.nodes.count == 5)
    #expect(
      try read(exampleCluster.changing(#""plat": 1,"#, #""plat": 1, "weights": {"3": 1},"#)).cluster.nodes.count == 5)
  }

  @Test func ranges() throws {
    let document = try read(exampleRanges)
    #expect(document.cluster.settings.partitionCount == 4)
    #expect(
      try document.cluster.ranges
        == KeyRanges([
          KeyRange(name: "first", start: [], end: [0x64]), KeyRange(name: "d-m", start: [0x64], end: [0x6d]),
          KeyRange(name: "m-q", start: [0x6d], end: [0x71, 0xff], source: ["m-z"]),
          KeyRange(name: "last", start: [0x71, 0xff], end: []),
        ]))
    #expect(
      document.map?.placement.rows == [
        [[0], [2], [], []], [[], [0, 1], [], []], [[0], [1], [], []], [[1], [], [], []],
      ])
  }

  @Test func namesOfAnyKind() throws {
    let text =
      #"{"plat":1,"settings":{"numPartitions":1,"constraints":{"slave":0}},"nodes":{"":{},"é\n\"":{},"x-n":{},"\u0061.b":{}},"#
      + #""map":{"partitions":{"0":{"master":["\u00e9\u000a\u0022"],"slave":["x-n",""],"dead":["a.b"]}}}}"#
    let document = try read(text)
    #expect(document.cluster.nodes.map(\.name) == ["", "é\n\"", "x-n", "a.b"])
    #expect(document.map?.placement.rows == [[[1], [2, 0], [], [3]]])
    #expect(try read(try written(document)).cluster == document.cluster)
  }
}
