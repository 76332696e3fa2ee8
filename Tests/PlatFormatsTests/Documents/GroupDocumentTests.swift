import PlatEngine
import Testing

@testable import PlatFormats

/// Documents with several maps.
@Suite struct GroupDocumentTests {
  static let example = """
    { "plat": 1,
      "maps": [
        { "map": { "revision": 7, "partitions": { "0": { "master": ["a"], "slave": ["b"] } } }, "name": "orders" },
        { "name": "users", "settings": { "constraints": { "slave": 2 }, "numPartitions": 5, "placement": [] } },
        { "name": "log", "x-note": 1, "settings": { "model": "multiMaster", "constraints": { "master": 2 } } },
        { "settings": { "keyFunc": "range" }, "name": "keys",
          "map": { "partitions": { "low": { "start": "", "end": "m", "master": ["c"] }, "high": { "start": "m", "end": "" } } } }
      ],
      "x-kept": [1, 2],
      "settings": { "constraints": { "slave": 1 },
        "numPartitions": 8, "placement": [ { "level": "zone", "atMost": 1 } ] },
      "containers": { "z0": ["a", "b"], "z1": ["c"], "z2": ["d"] }, "levels": ["zone"],
      "nodes": { "d": { "capacity": 12 } } }
    """

  private func group(_ text: String) throws -> GroupDocument {
    guard case .several(let document) = try ClusterReader.readAny(source(text)) else {
      throw InputError(path: "", found: "one map", expected: "several")
    }
    return document
  }

  @Test func settingsAreTheDocumentsWhereAMapSaysNothingElse() throws {
    let document = try group(Self.example)
    let members = document.group.members
    #expect(members.map(\.name) == ["orders", "users", "log", "keys"])
    #expect(members.map(\.settings.partitionCount) == [8, 5, 8, 2])
    #expect(members.map { $0.settings.constraints.prefix(2).map { $0 } } == [[1, 1], [1, 2], [2, 0], [1, 1]])
    #expect(members.map(\.settings.placement.count) == [1, 0, 0, 1])
    #expect(
      members[2].settings.model == .multiMaster
        && (0..<members[3].ranges.count).map { members[3].ranges.name($0) } == ["low", "high"])
    #expect(document.maps.map { $0?.header.revision } == [7, nil, nil, 0])
    #expect(document.group.shared.nodes[3].capacity == 12 && document.group.shared.extensions.map(\.key) == ["x-kept"])
  }

  /// Of some maps, of all of one size in another; written as they are read, and told in the sum.
  @Test func weightsOfMaps() throws {
    let text = Self.example.replacing(
      #""name": "users""#, with: #""weights": { "0": 3, "1": "1/2" }, "name": "users""#
    ).replacing(
      #""name": "log""#,
      with: #""weights": { \#((0..<8).map { "\"\($0)\": 5" }.joined(separator: ", ")) }, "name": "log""#)
    let document = try group(text)
    #expect(document.group.members.map(\.weights.count) == [0, 5, 8, 0])
    var writer = JSONWriter()
    GroupWriter.write(document, to: &writer)
    let again = try group(try writer.withBytes { String(decoding: $0, as: UTF8.self) })
    #expect(again.group.members.map(\.weights) == document.group.members.map(\.weights))
    let weights = try #require(DenseGroup(document.group).weights)
    #expect(weights.unit == Rational(1, 2) && weights.scale == [2, 1, 10, 2])
    #expect(weights.of.map(\.of.first) == [1, 6, 1, 1])
    let one = try group(text.replacing(#""1": "1/2""#, with: #""1": 3, "2": 3, "3": 3, "4": 3"#))
    #expect(try DenseGroup(one.group).weights == nil)
  }

  @Test func whatIsWrittenIsReadAndHolds() throws {
    var options = GenerateOptions(nodes: 7, partitions: 12)
    (options.zones, options.maps, options.joining) = (3, 4, 1)
    options.capacity = 40...60
    options.rules = [.init(level: "zone", most: 1, strength: .hard)]
    for map in GenerateOptions.Map.allCases {
      options.map = map
      let document = try Generator.makeGroup(options)
      var writer = JSONWriter()
      GroupWriter.write(document, to: &writer)
      let again = try group(try writer.withBytes { String(decoding: $0, as: UTF8.self) })
      #expect(again.group == document.group)
      #expect(
        again.maps.map { $0?.placement.slots(ofState: 0) } == document.maps.map { $0?.placement.slots(ofState: 0) })

      let dense = try DenseGroup(again.group)
      let planned = try Planner.plan(dense, from: again.maps.map { $0?.placement })
      let report = try Judge.judge(dense, maps: planned.plans.map(\.target), from: again.mapsBefore())
      let plan = GroupPlanDocument(planned, for: again)
      var planWriter = JSONWriter()
      GroupWriter.write(
        plan, of: again, report: report, planned: planned, to: &planWriter)
      let text = try planWriter.withBytes { String(decoding: $0, as: UTF8.self) }
      let read = try GroupPlanReader.read(source(text), for: again)
      var judged = try Judge.judge(dense, maps: read.maps.map(\.placement), from: again.mapsBefore())
      judged.putClaims(of: read)
      #expect(judged == report && !judged.hasLies)

      // A plan that lies is found out, in the map and in the sum.
      let lie = try GroupPlanReader.read(
        source(text.replacing("\"moves\": \(report.sum.moves)", with: "\"moves\": 1000000")), for: again)
      var denied = try Judge.judge(dense, maps: lie.maps.map(\.placement), from: again.mapsBefore())
      denied.putClaims(of: lie)
      #expect(denied.hasLies && denied.sum.findings.first?.rule == "summary.moves")
    }
  }

  @Test(arguments: [
    (#""name": "users""#, #""name": "orders""#, "maps[1].name: found orders a second time, expected each map once"),
    (#""name": "users", "#, "", "maps[1]: the key \"name\" is missing"),
    (
      #""x-kept": [1, 2]"#, #""map": {}"#, "maps: found maps beside one map or its weights, expected either map or maps"
    ),
    (
      #""x-note""#, #""note""#,
      "maps[2].note: found the unknown key \"note\", expected one of name, settings, weights, map"
    ),
    (
      #""name": "users""#, #""weights": { "0": "1e17", "1": "3e17" }, "name": "users""#,
      "maps[1].weights: found 5 sizes from 1 to 300000000000000000, expected sizes that are multiples of one number, all replicas together at most 2^60 times that"
    ),
    (
      #""slave": 2"#, #""slvae": 2"#,
      "maps[1].settings.constraints.slvae: found the unknown key \"slvae\", expected one of master, slave; did you mean \"slave\"?"
    ),
    (
      #"["c"] }, "high""#, #"["e"] }, "high""#,
      "maps[3].map.partitions.low.master[0]: found \"e\", expected a node of the cluster"
    ),
    (
      #""numPartitions": 5"#, #""numPartitions": 0"#,
      "maps[1].settings.numPartitions: found the number 0, expected an integer from 1 to 268435456"
    ),
    (
      #""start": "m", "end": """#, #""start": "n", "end": """#,
      "maps[3].map.partitions.high.start: found a gap between low and high, expected each key in one partition"
    ),
  ])
  func faultsAreToldInTheirPlace(old: String, new: String, expected: String) throws {
    let text = Self.example.replacing(old, with: new)
    let said = PlatFormatsTests.message { () throws(DocumentError) in
      _ = try ClusterReader.readAny(source(text))
    }
    #expect(said.hasSuffix(expected), "\(said)")
  }

  @Test func verbsForOneMapSayThatThereAreSeveral() {
    let text = Self.example
    let said = PlatFormatsTests.message { () throws(DocumentError) in
      _ = try ClusterReader.read(source(text))
    }
    #expect(said.hasSuffix("maps: found several maps, expected one map: this verb does not take several"))
  }
}
