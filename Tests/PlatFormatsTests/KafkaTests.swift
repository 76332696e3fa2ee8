import PlatEngine
import TestSupport
import Testing

@testable import PlatFormats

@Suite struct KafkaTests {
  private static let orders = """
    {"version": 1, "partitions": [
      {"topic": "orders", "partition": 0, "replicas": [3, 1, 2], "log_dirs": ["/a", "/b \\u00e9", "any"]},
      {"topic": "orders", "partition": 1, "replicas": [1, 2, 3]},
      {"partition": 0, "replicas": [2, 10, 1], "topic": "payments", "unknown": [1.0, {"x": null}]}],
     "more": true}
    """

  // MARK: round trips

  @Test func documentComesBack() throws {
    let imported = try KafkaImport.read(source(Self.orders))
    #expect(imported.warnings.isEmpty)
    #expect(try exported(imported.document) == JSONTree(Self.orders))
  }

  @Test func documentOfDifferentReplicationFactorsComesBack() throws {
    let text = """
      {"partitions": [{"topic": "a", "partition": 0, "replicas": [1]},
        {"topic": "a", "partition": 1, "replicas": [4, 3, 2, 1]}, {"topic": "b", "partition": 0, "replicas": [2, 1]},
        {"topic": "c", "partition": 0, "replicas": [3, 4]}], "version": 1}
      """
    let imported = try KafkaImport.read(source(text))
    #expect(imported.document.cluster.settings.constraints == [1, 1, 0, 0])
    #expect(imported.warnings.count == 1)
    #expect(imported.warnings[0].hasPrefix("replication factors differ (2 partitions have 2, 1 partitions have 4"))
    #expect(try exported(imported.document) == JSONTree(text))
  }

  @Test func randomDocumentsComeBack() throws {
    forAllSeeds(0..<200) { seed in
      var random = SplitMix64(seed: seed)
      let brokers = random.shuffled(Array(0..<random.among(1...8)))
      let entries = (0..<random.among(1...30)).map { index in
        let replicas = Array(random.shuffled(brokers).prefix(random.among(1...3)))
        let directories = random.chance(1, 2) ? ", \"log_dirs\": \(replicas.map { "/d\($0)" })" : ""
        return "{\"topic\": \"t\(index % 3)\", \"partition\": \(index), \"replicas\": \(replicas)\(directories)}"
      }
      let text = "{\"version\": 1, \"partitions\": [\(entries.joined(separator: ", "))]}"
      let document = try KafkaImport.read(source(text)).document
      try document.cluster.validate()
      try holds(try exported(document) == JSONTree(text), text)
    }
  }

  // MARK: what the import makes

  @Test func partitionsInDocumentOrderOnBrokersByNumber() throws {
    let document = try KafkaImport.read(source(Self.orders)).document
    #expect(document.cluster.nodes.map(\.name) == ["1", "2", "3", "10"])
    #expect(document.cluster.settings.constraints == [1, 2, 0, 0])
    #expect(document.cluster.settings.partitionCount == 3)
    #expect(document.cluster.levels.isEmpty)
    #expect(document.map?.placement.rows == [[[2], [0, 1], [], []], [[0], [1, 2], [], []], [[1], [3, 0], [], []]])
  }

  @Test func racksBecomeALevelAndMayNameMoreBrokers() throws {
    let racks = try KafkaRacks(reading: source(#"{"10": "r1", "1": "r2", "2": "r3", "3": "r1", "7": "r2"}"#))
    let document = try KafkaImport.read(source(Self.orders), racks: racks).document
    let cluster = document.cluster
    try cluster.validate()
    #expect(cluster.levels == ["rack"])
    #expect(cluster.containers.map(\.name) == ["r2", "r3", "r1"])
    #expect(cluster.nodes.map(\.name) == ["1", "7", "2", "3", "10"])
    #expect(cluster.settings.placement.map(\.strength) == [.hard])
    #expect(try exported(document) == JSONTree(Self.orders))

    let two = try KafkaRacks(reading: source(#"{"10": "r1", "1": "r2", "2": "r2", "3": "r1"}"#))
    let soft = try KafkaImport.read(source(Self.orders), racks: two).document
    #expect(soft.cluster.settings.placement.map(\.strength) == [.soft])
    let hard = try KafkaImport.read(source(Self.orders), racks: two, rule: .hard).document
    #expect(hard.cluster.settings.placement.map(\.strength) == [.hard])
  }

  // MARK: what the export writes

  @Test func changedEntriesKeepWhatStays() throws {
    var document = try KafkaImport.read(source(Self.orders)).document
    var rows = document.map!.placement.rows
    rows[0] = [[1], [2, 3], [], []]  // brokers 2, then 3 and 10
    rows[2] = [[0], [3, 1], [], []]  // brokers 1, then 10 and 2
    document.map?.placement = PlacementMap.make(rows, least: [1, 2, 0, 0])
    let entries = try exported(document)["partitions"].elements
    #expect(entries[0]["replicas"] == JSONTree("[2, 3, 10]"))
    #expect(entries[0]["log_dirs"] == JSONTree(#"["any", "/a", "any"]"#))
    #expect(entries[1] == JSONTree(Self.orders)["partitions"].elements[1])
    #expect(entries[2]["replicas"] == JSONTree("[1, 10, 2]"))
    #expect(entries[2]["log_dirs"] == .null)
    #expect(entries[2]["unknown"] == JSONTree(#"[1.0, {"x": null}]"#))
  }

  @Test func nextMapMovesAsFewAsTheBound() throws {
    let entries = (0..<60).map { index in
      let replicas = [index % 6, (index + 1) % 6, (index + 2) % 6]
      return "{\"topic\": \"t\", \"partition\": \(index), \"replicas\": \(replicas)}"
    }
    let rackOfBroker = (0..<9).map { "\"\($0)\": \"r\($0 % 3)\"" }.joined(separator: ", ")
    let racks = try KafkaRacks(reading: source("{\(rackOfBroker)}"))
    let text = "{\"version\": 1, \"partitions\": [\(entries.joined(separator: ", "))]}"
    var document = try KafkaImport.read(source(text), racks: racks).document
    document.cluster.nodes[document.cluster.nodes.firstIndex { $0.name == "4" }!].status = .leaving
    let dense = try DenseCluster(document.cluster)
    let plan = try Planner.plan(dense, from: document.map!.placement)
    let report = try Judge.judge(dense, map: plan.target, from: document.map!.placement)
    #expect(report.moves == plan.movesLowerBound)
    #expect(report.meetsHardRules)

    let header = MapHeader(kind: .target, revision: 1, basedOn: 0)
    let target = NamedMap(MapDocument(header: header, placement: plan.target), of: document.cluster)
    let exported = try written(target)
    let replicas = exported["partitions"].elements.map { $0["replicas"].elements.map(\.integer) }
    #expect(replicas.allSatisfy { Set($0.map { $0 % 3 }).count == 3 && !$0.contains(4) })
    let again = try KafkaImport.read(source(try exported.written(.lines)), racks: racks).document
    #expect(mapsEqual(again.map!.placement, plan.target))
  }

  @Test func mapsThatTheFormCannotHoldAreRefused() throws {
    var document = try KafkaImport.read(source(Self.orders)).document
    document.cluster.nodes[2].name = "broker-3"
    #expect(throws: InputError.self) { try exported(document) }
    document.cluster.nodes[2].name = "3"
    let leaderless = [[[], [1], [], []], [[0], [1], [], []], [[0], [1], [], []]]
    document.map?.placement = PlacementMap.make(leaderless, least: [1, 1, 0, 0])
    #expect(throws: InputError.self) { try exported(document) }
    document.map?.placement = PlacementMap.make([[[0], [1], [], []]], least: [1, 1, 0, 0])
    #expect(throws: InputError.self) { try exported(document) }
    document.cluster.extensions = []
    #expect(throws: InputError.self) { try exported(document) }
  }
}

/// Bad input: where, what was found, what was expected.
@Suite struct KafkaErrorTests {
  @Test(arguments: [
    ("7", "", "the number 7"),
    ("{}", "", "an object without it"),
    (#"{"version": 2, "partitions": []}"#, "version", "2"),
    (#"{"version": 1, "partitions": []}"#, "partitions", "no partitions"),
    (#"{"partitions": [{"partition": 0, "replicas": [1]}]}"#, "partitions[0]", "an object without it"),
    (#"{"partitions": [{"topic": "t", "replicas": [1]}]}"#, "partitions[0]", "an object without it"),
    (#"{"partitions": [{"topic": "t", "partition": 0}]}"#, "partitions[0]", "an object without it"),
    (
      #"{"partitions": [{"topic": "t", "partition": -1, "replicas": [1]}]}"#,
      "partitions[0].partition", "the number -1"
    ),
    (#"{"partitions": [{"topic": "t", "partition": 0, "replicas": []}]}"#, "partitions[0].replicas", "no replicas"),
    (
      #"{"partitions": [{"topic": "t", "partition": 0, "replicas": [1, "2"]}]}"#,
      "partitions[0].replicas[1]", "the string \"2\""
    ),
    (
      #"{"partitions": [{"topic": "t", "partition": 0, "replicas": [1, 1]}]}"#,
      "partitions[0].replicas[1]", "the broker 1 a second time"
    ),
    (
      #"{"partitions": [{"topic": "t", "partition": 0, "replicas": [1, -2]}]}"#,
      "partitions[0].replicas[1]", "the number -2"
    ),
    (
      #"{"partitions": [{"topic": "t", "partition": 0, "replicas": [1], "log_dirs": []}]}"#,
      "partitions[0].log_dirs", "0 log directories"
    ),
    (
      #"{"partitions": [{"topic": "t", "partition": 0, "replicas": [1], "log_dirs": [7]}]}"#,
      "partitions[0].log_dirs[0]", "the number 7"
    ),
    (
      #"{"partitions": [{"topic": "t", "partition": 0, "replicas": [1]}, {"topic": "t", "partition": 0, "replicas": [2]}]}"#,
      "partitions[1]", "the partition 0 of t a second time"
    ),
  ])
  func badReassignment(_ text: String, _ path: String, _ found: String) {
    let error = #expect(throws: DocumentError.self) { try KafkaImport.read(source(text)) }
    #expect(error?.path == path)
    #expect(error?.found == found)
    #expect(error?.exitStatus == 65)
  }

  @Test(arguments: [
    ("[]", "", "an array"),
    (#"{"one": "r"}"#, #"one"#, "\"one\""),
    (#"{"1": "r", "1": "s"}"#, #"["1"]"#, "the broker \"1\" a second time"),
    (#"{"1": 5}"#, #"["1"]"#, "the number 5"),
  ])
  func badRacks(_ text: String, _ path: String, _ found: String) {
    let error = #expect(throws: DocumentError.self) { try KafkaRacks(reading: source(text)) }
    #expect(error?.path == path)
    #expect(error?.found == found)
  }

  @Test func brokerWithoutARack() throws {
    let racks = try KafkaRacks(reading: source(#"{"1": "r"}"#))
    let text = #"{"partitions": [{"topic": "t", "partition": 0, "replicas": [1, 2]}]}"#
    let error = #expect(throws: DocumentError.self) { try KafkaImport.read(source(text), racks: racks) }
    #expect(error?.path == "partitions[0].replicas[1]")
    #expect(error?.expected == "a broker whose rack is told")
  }
}

private func written(_ map: NamedMap) throws -> JSONTree {
  var writer = JSONWriter()
  try KafkaExport.write(map, to: &writer)
  return try JSONTree(parsing: source(try writer.withBytes { Array($0) }))
}

@discardableResult private func exported(_ document: ClusterDocument) throws -> JSONTree {
  try written(try #require(NamedMap(document)))
}
