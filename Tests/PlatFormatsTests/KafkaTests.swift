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
  private static let oneTopic = """
    {"partitions": [{"topic": "t", "partition": 1, "replicas": [3, 1]}, {"topic": "t", "partition": 0, "replicas": [1, 2]}]}
    """
  private static let mixed = """
    {"partitions": [{"topic": "a", "partition": 0, "replicas": [1]},
      {"topic": "a", "partition": 1, "replicas": [4, 3, 2, 1]}, {"topic": "b", "partition": 0, "replicas": [2, 1]},
      {"topic": "c", "partition": 0, "replicas": [3, 4]}], "version": 1}
    """

  // MARK: round trips

  @Test func documentComesBack() throws {
    let imported = try KafkaImport.read(source(Self.orders))
    #expect(imported.warnings.isEmpty)
    #expect(try exported(imported.document) == JSONTree(Self.orders))
    // Of one topic as one map, too.
    let one = try KafkaImport.readOne(source(Self.oneTopic)).document
    #expect(try written(NamedMaps(#require(NamedMap(one)))) == JSONTree(Self.oneTopic))
    let error = #expect(throws: InputError.self) { try KafkaImport.readOne(source(Self.orders)) }
    #expect(error?.found == "2 topics")
  }

  /// Partitions of a topic whose factors differ are maps of their own, and come back where they stood.
  @Test func documentOfDifferentReplicationFactorsComesBack() throws {
    let imported = try KafkaImport.read(source(Self.mixed))
    let members = imported.document.group.members
    #expect(members.map(\.name) == ["a", "a:rf1", "b", "c"])
    #expect(members.map(\.settings.constraints) == [[1, 3, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]])
    #expect(imported.document.group.shared.settings.constraints == [1, 1, 0, 0])
    #expect(
      imported.warnings == [
        "replication factors differ within a topic, and are kept: of their own map are a:rf1 (1 partition of a with 1 replica)",
        "not all partitions of a topic are in these maps, so that they are numbered otherwise than in Kafka, in the same order: a",
      ])
    #expect(try exported(imported.document) == JSONTree(Self.mixed))
    let error = #expect(throws: InputError.self) { try KafkaImport.readOne(source(Self.mixed)) }
    #expect(error?.path == "partitions")
  }

  @Test func namesOfSplitTopicsAreTheirOwn() throws {
    let text = """
      {"partitions": [{"topic": "t", "partition": 0, "replicas": [1, 2]}, {"topic": "t", "partition": 1, "replicas": [1]},
        {"topic": "t", "partition": 2, "replicas": [1, 2]}, {"topic": "t:rf1", "partition": 0, "replicas": [2]}]}
      """
    let document = try KafkaImport.read(source(text)).document
    #expect(document.group.members.map(\.name) == ["t", "t:rf1'", "t:rf1"])
    #expect(try exported(document) == JSONTree(text))
  }

  // MARK: what the import makes

  @Test func aMapForEachTopicByPartitionNumber() throws {
    let text = """
      {"partitions": [{"topic": "b", "partition": 1, "replicas": [5, 3]}, {"topic": "a", "partition": 7, "replicas": [3]},
        {"topic": "b", "partition": 0, "replicas": [3, 10]}, {"topic": "a", "partition": 2, "replicas": [5]}]}
      """
    let imported = try KafkaImport.read(source(text))
    let document = imported.document
    #expect(document.group.shared.nodes.map(\.name) == ["3", "5", "10"] && document.group.shared.levels.isEmpty)
    #expect(document.group.members.map(\.name) == ["b", "a"])
    #expect(document.group.members.map(\.settings.constraints) == [[1, 1, 0, 0], [1, 0, 0, 0]])
    #expect(
      document.maps.map { $0?.placement.rows } == [
        [[[0], [2], [], []], [[1], [0], [], []]], [[[1], [], [], []], [[0], [], [], []]],
      ])
    #expect(imported.warnings.count == 1 && imported.warnings[0].hasSuffix(": a"))
    #expect(try exported(document) == JSONTree(text))
    _ = try DenseGroup(document.group)
  }

  /// A factor changes where it is asked for, and nowhere else.
  @Test func replicationIsAskedFor() throws {
    let imported = try KafkaImport.read(source(Self.mixed), replication: 2)
    #expect(imported.document.group.members.allSatisfy { $0.settings.constraints == [1, 1, 0, 0] })
    #expect(
      imported.warnings.last
        == "a plan will give every partition 2 replicas: 2 partitions change; replicas added: 1, removed: 2")
    #expect(try exported(imported.document) == JSONTree(Self.mixed))
    let entries = try planned(imported.document)["partitions"].elements
    #expect(entries.map { $0["replicas"].elements.count } == [2, 2, 2, 2])
  }

  @Test func racksBecomeALevelAndMayNameMoreBrokers() throws {
    let racks = try KafkaRacks(reading: source(#"{"10": "r1", "1": "r2", "2": "r3", "3": "r1", "7": "r2"}"#))
    let document = try KafkaImport.read(source(Self.orders), racks: racks).document
    let cluster = document.group.shared
    #expect(cluster.levels == ["rack"])
    #expect(cluster.containers.map(\.name) == ["r2", "r3", "r1"])
    #expect(cluster.nodes.map(\.name) == ["1", "7", "2", "3", "10"])
    #expect(document.group.members.map { $0.settings.placement.map(\.strength) } == [[.hard], [.hard]])
    #expect(try exported(document) == JSONTree(Self.orders))

    let two = try KafkaRacks(reading: source(#"{"10": "r1", "1": "r2", "2": "r2", "3": "r1"}"#))
    for (rule, strength) in [(ImportedRule.automatic, Strength.soft), (.hard, .hard)] {
      let document = try KafkaImport.read(source(Self.orders), racks: two, rule: rule).document
      #expect(document.group.members.allSatisfy { $0.settings.placement.map(\.strength) == [strength] })
    }
    // Hard where there are racks enough for the topic, soft for another.
    let four = try KafkaRacks(reading: source(#"{"1": "r1", "2": "r2", "3": "r3", "4": "r1"}"#))
    let mixed = try KafkaImport.read(source(Self.mixed), racks: four).document
    #expect(mixed.group.members.map { $0.settings.placement.map(\.strength) } == [[.soft], [.hard], [.hard], [.hard]])
  }

  // MARK: what the export writes

  @Test func changedEntriesKeepWhatStays() throws {
    var document = try KafkaImport.read(source(Self.orders)).document
    var rows = document.maps[0]!.placement.rows
    rows[0] = [[1], [2, 3], [], []]  // brokers 2, then 3 and 10
    document.maps[0]?.placement = PlacementMap.make(rows, least: [1, 2, 0, 0])
    document.maps[1]?.placement = PlacementMap.make([[[0], [3, 1], [], []]], least: [1, 2, 0, 0])  // brokers 1, then 10 and 2
    let entries = try exported(document)["partitions"].elements
    #expect(entries[0]["replicas"] == JSONTree("[2, 3, 10]"))
    #expect(entries[0]["log_dirs"] == JSONTree(#"["any", "/a", "any"]"#))
    #expect(entries[1] == JSONTree(Self.orders)["partitions"].elements[1])
    #expect(entries[2]["replicas"] == JSONTree("[1, 10, 2]"))
    #expect(entries[2]["log_dirs"] == .null)
    #expect(entries[2]["unknown"] == JSONTree(#"[1.0, {"x": null}]"#))
  }

  /// The broker that leaves is emptied at the fewest moves, and every topic keeps its factor.
  @Test func nextMapMovesAsFewAsTheBound() throws {
    let entries = (0..<60).map { index in
      let replicas = [index % 6, (index + 1) % 6, (index + 2) % 6]
      return "{\"topic\": \"t\", \"partition\": \(index), \"replicas\": \(replicas)}"
    }
    let rackOfBroker = (0..<9).map { "\"\($0)\": \"r\($0 % 3)\"" }.joined(separator: ", ")
    let racks = try KafkaRacks(reading: source("{\(rackOfBroker)}"))
    let text = "{\"version\": 1, \"partitions\": [\(entries.joined(separator: ", "))]}"
    var document = try KafkaImport.read(source(text), racks: racks).document
    let leaving = try #require(document.group.shared.nodes.firstIndex { $0.name == "4" })
    document.group.shared.nodes[leaving].status = .leaving
    let made = try PlannedDocument(
      .several(document), of: source("{}"), to: nil, options: PlanOptions(), stages: UntoldStages())
    #expect(made.report.moves == made.movesLowerBound && made.isMet)

    let out = try planned(document)
    let replicas = out["partitions"].elements.map { $0["replicas"].elements.map(\.integer) }
    #expect(replicas.allSatisfy { Set($0.map { $0 % 3 }).count == 3 && !$0.contains(4) })
    let again = try KafkaImport.read(source(try out.written(.lines)), racks: racks).document
    guard case .several(_, let plan, _, _) = made else { throw NotSeveral() }
    #expect(mapsEqual(try #require(again.maps[0]).placement, plan.plans[0].target))
  }

  private struct NotSeveral: Error {}

  @Test func oneMapOfSeveralIsExported() throws {
    let document = try KafkaImport.read(source(Self.mixed)).document
    let text = try writtenText(document)
    for (name, entries) in [("a", [1]), ("a:rf1", [0]), ("b", [2]), ("c", [3])] {
      let out = try written(NamedMaps.read(source(text), named: name))["partitions"].elements
      #expect(out == entries.map { JSONTree(Self.mixed)["partitions"].elements[$0] }, "\(name)")
    }
    let error = #expect(throws: DocumentError.self) { try NamedMaps.read(source(text), named: "d") }
    #expect(error?.found == "no map \"d\"")
  }

  @Test func mapsThatTheFormCannotHoldAreRefused() throws {
    func refused(_ path: String, _ found: String, _ change: (inout GroupDocument) -> Void) throws {
      var document = try KafkaImport.read(source(Self.orders)).document
      change(&document)
      let error = #expect(throws: InputError.self) { try exported(document) }
      #expect(error?.path == path && error?.found == found, "\(String(describing: error))")
    }
    try refused("nodes.broker-3", "the name \"broker-3\"") { $0.group.shared.nodes[2].name = "broker-3" }
    try refused("maps[0].map.partitions.0", "no master") {
      $0.maps[0]?.placement = PlacementMap.make([[[], [1], [], []], [[0], [1], [], []]], least: [1, 1, 0, 0])
    }
    try refused("maps[1].map.partitions", "2 partitions") {
      $0.maps[1]?.placement = PlacementMap.make([[[0], [1], [], []], [[0], [1], [], []]], least: [1, 1, 0, 0])
    }
    try refused("maps", "no map \"payments\"") { $0.group.members[1].name = "other" }
    try refused("maps[2]", "the map \"more\"") {
      $0.group.members.append($0.group.members[0])
      $0.group.members[2].name = "more"
      $0.maps.append($0.maps[0])
    }
    try refused("maps[1]", "no map") { $0.maps[1] = nil }
    var one = try KafkaImport.readOne(source(Self.oneTopic)).document
    one.cluster.extensions = []
    let error = #expect(throws: InputError.self) { try written(NamedMaps(#require(NamedMap(one)))) }
    #expect(error?.found == "a document of one map, without x-kafka")
  }

  /// Maps that never were Kafka's are topics of their names.
  @Test func mapsByNameAreTopics() throws {
    var document = try KafkaImport.read(source(Self.mixed)).document
    document.group.shared.extensions = []
    let entries = try exported(document)["partitions"].elements
    #expect(
      entries.map { $0["topic"] } == [JSONTree("\"a\""), JSONTree("\"a:rf1\""), JSONTree("\"b\""), JSONTree("\"c\"")])
    #expect(entries.map { $0["replicas"] } == ["[4, 3, 2, 1]", "[1]", "[2, 1]", "[3, 4]"].map { JSONTree($0) })
  }
}

/// Random reassignments: what comes back, and what a plan may change.
@Suite struct KafkaRandomTests {
  /// Topics of any factors, some mixed, with gaps and in any order.
  private static func text(_ random: inout SplitMix64) -> String {
    let brokers = random.shuffled(Array(0..<random.among(1...8)))
    var entries: [String] = []
    for topic in 0..<random.among(1...5) {
      let factor = random.among(1...min(3, brokers.count))
      for number in 0..<random.among(1...8) where random.chance(7, 8) || number == 0 {
        let count = random.chance(1, 6) ? random.among(1...min(4, brokers.count)) : factor
        let replicas = Array(random.shuffled(brokers).prefix(count))
        let directories = random.chance(1, 2) ? ", \"log_dirs\": \(replicas.map { "/d\($0)" })" : ""
        entries.append("{\"topic\": \"t\(topic)\", \"partition\": \(number), \"replicas\": \(replicas)\(directories)}")
      }
    }
    if random.chance(1, 2) { entries = random.shuffled(entries) }
    return "{\"version\": 1, \"partitions\": [\(entries.joined(separator: ", "))]}"
  }

  /// Through documents, as people do it.
  @Test func documentsComeBack() throws {
    forAllSeeds(0..<150) { seed in
      var random = SplitMix64(seed: seed)
      let text = Self.text(&random)
      let document = try KafkaImport.read(source(text)).document
      try holds(try exported(document) == JSONTree(text), text)
      let maps = try NamedMaps.read(source(writtenText(document)))
      try holds(try written(maps) == JSONTree(text), text)
    }
  }

  /// What a plan may not do to a document. `replication`: what was asked for.
  private static func fault(_ before: JSONTree, _ after: JSONTree, replication: Int?) -> String? {
    let (before, after) = (before["partitions"].elements, after["partitions"].elements)
    if before.count != after.count { return "\(before.count) entries became \(after.count)" }
    var leaders: [String: [Int: Int]] = [:]
    for (old, new) in zip(before, after) {
      let name = "\(old["topic"]) \(old["partition"])"
      if old["topic"] != new["topic"] || old["partition"] != new["partition"] { return "\(name) became another" }
      let replicas = new["replicas"].elements.map(\.integer)
      if Set(replicas).count != replicas.count { return "\(name): a broker twice" }
      let wanted = replication ?? old["replicas"].elements.count
      if replicas.count != wanted { return "\(name): \(replicas.count) replicas in place of \(wanted)" }
      if new["log_dirs"] != .null && new["log_dirs"].elements.count != replicas.count { return "\(name): log_dirs" }
      leaders["\(old["topic"]):\(wanted)", default: [:]][replicas[0], default: 0] += 1
    }
    let brokers = Set(before.flatMap { $0["replicas"].elements.map(\.integer) }).count
    for (topic, counts) in leaders {
      let partitions = counts.values.reduce(0, +)
      let most = (partitions + brokers - 1) / brokers
      if let count = counts.values.max(), count > most + 1 {
        return "\(topic): a broker leads \(count) of \(partitions)"
      }
    }
    return nil
  }

  @Test func plansKeepFactorsAndSpreadLeaders() throws {
    forAllSeeds(0..<60) { seed in
      var random = SplitMix64(seed: seed)
      let text = Self.text(&random)
      let brokers = Set(JSONTree(text)["partitions"].elements.flatMap { $0["replicas"].elements.map(\.integer) }).count
      let replication = random.chance(1, 4) ? random.among(1...min(3, brokers)) : nil
      let document = try KafkaImport.read(source(text), replication: replication).document
      let fault = Self.fault(JSONTree(text), try planned(document), replication: replication)
      try holds(fault == nil, "\(fault ?? ""): \(text)")
    }
  }

  /// The check itself: what was wrong with imports once, and other faults, are seen.
  @Test func faultsAreSeen() {
    func document(_ entries: [(String, Int, [Int])]) -> JSONTree {
      let texts = entries.map { "{\"topic\": \"\($0.0)\", \"partition\": \($0.1), \"replicas\": \($0.2)}" }
      return JSONTree("{\"partitions\": [\(texts.joined(separator: ", "))]}")
    }
    let before = document([("a", 0, [1, 2]), ("a", 1, [2, 3]), ("a", 2, [1, 3]), ("b", 0, [3])])
    #expect(Self.fault(before, before, replication: nil) == nil)
    #expect(Self.fault(before, before, replication: 2) != nil)
    for after in [
      [("a", 0, [1, 2]), ("a", 1, [2, 3]), ("a", 2, [1, 3]), ("b", 0, [3, 1])],
      [("a", 0, [1, 1]), ("a", 1, [2, 3]), ("a", 2, [1, 3]), ("b", 0, [3])],
      [("a", 0, [1, 2]), ("a", 1, [1, 3]), ("a", 2, [1, 3]), ("b", 0, [3])],
      [("a", 1, [1, 2]), ("a", 0, [2, 3]), ("a", 2, [1, 3]), ("b", 0, [3])], [("a", 0, [1, 2])],
    ] {
      #expect(Self.fault(before, document(after), replication: nil) != nil, "\(after)")
    }
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
    (#"{"partitions": {}}"#, "partitions", "an object"),
    (#"{"partitions": [[1]]}"#, "partitions[0]", "an array"),
    (#"{"partitions": [{"topic": "", "partition": 0, "replicas": [1]}]}"#, "partitions[0].topic", "\"\""),
    (
      #"{"partitions": [{"topic": "t", "topic": "u", "partition": 0, "replicas": [1]}]}"#,
      "partitions[0].topic", "the key \"topic\" a second time"
    ),
    (
      #"{"partitions": [{"topic": "t", "partition": 0, "replicas": [1.5]}]}"#,
      "partitions[0].replicas[0]", "the number 1.5"
    ),
    (
      #"{"partitions": [{"topic": "t", "partition": 0, "replicas": [3000000000]}]}"#,
      "partitions[0].replicas[0]", "the number 3000000000"
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
    ("{}", "", "no brokers"),
    (#"{"1": ""}"#, #"["1"]"#, "\"\""),
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

private func written(_ maps: NamedMaps) throws -> JSONTree {
  var writer = JSONWriter()
  try KafkaExport.write(maps, to: &writer)
  return try JSONTree(parsing: source(try writer.withBytes { Array($0) }))
}

@discardableResult private func exported(_ document: GroupDocument) throws -> JSONTree {
  try written(NamedMaps(document))
}

private func writtenText(_ document: GroupDocument) throws -> String {
  let writer = AnyClusterDocument.several(document).writer(isBinary: false)
  return try writer.withBytes { String(decoding: $0, as: UTF8.self) }
}

/// The document that an export of its plan is, both by way of documents.
private func planned(_ document: GroupDocument) throws -> JSONTree {
  let cluster = source(try writtenText(document))
  let made = try PlannedDocument(
    ClusterReader.readAny(cluster), of: cluster, to: nil, options: PlanOptions(), stages: UntoldStages())
  let writer = made.writer(isBinary: false)
  return try written(NamedMaps.read(source(try writer.withBytes { Array($0) })))
}
