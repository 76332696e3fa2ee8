import PlatEngine
import TestSupport
import Testing

@testable import PlatFormats

@Suite struct PlanDocumentTests {
  /// A plan for the example, its report, and both as a document.
  private func planned(_ text: String = exampleCluster) throws -> (
    document: ClusterDocument, report: Report, text: String
  ) {
    let document = try read(text)
    let dense = try DenseCluster(document.cluster)
    let plan = try Planner.plan(dense, from: document.map?.placement)
    let report = try Judge.judge(dense, map: plan.target, from: document.map?.placement)
    var writer = JSONWriter()
    PlanWriter.write(
      PlanDocument(.rebalance, target: plan.target, for: document), of: document.cluster, report: report,
      movesLowerBound: plan.movesLowerBound, to: &writer)
    return (document, report, try writer.withBytes { String(decoding: $0, as: UTF8.self) })
  }

  private func message(_ text: String, for document: ClusterDocument) -> String {
    PlatFormatsTests.message { () throws(DocumentError) in _ = try PlanReader.read(source(text), for: document) }
  }

  @Test func fieldsComeInTheirOrder() throws {
    let (_, report, text) = try planned()
    let tree = try JSONTree(parsing: source(text))
    #expect(tree.keys == ["plat", "operation", "map", "summary", "findings", "x-origin"])
    #expect(tree["map"].keys == ["type", "revision", "basedOn", "keyFunc", "numPartitions", "partitions"])
    #expect(
      tree["summary"].keys == [
        "moves", "movesLowerBound", "roleChanges", "load", "fanOut", "brokenSoft", "unmet", "health",
      ])
    #expect(tree["summary"]["load"].keys == ["master", "slave", "total"])
    #expect(tree["summary"]["load"]["total"].keys == ["min", "max", "ideal"])
    #expect(tree["map"]["revision"] == .number("8") && tree["map"]["basedOn"] == .number("7"))
    #expect(tree["summary"]["moves"] == .number("\(report.moves)"))
    #expect(text.contains(#""x-origin": { "by": "hand", "version": 1.50 }"#))
  }

  @Test func whatIsWrittenIsReadAndHolds() {
    forAllSeeds(0..<400) { seed in
      let (cluster, current) = RandomCluster.make(seed: seed)
      var document = ClusterDocument(cluster: cluster)
      if let current {
        document.map = MapDocument(header: MapHeader(kind: .current, revision: seed), placement: current)
      }
      // Any map will do for a plan: here what another random cluster has, or the same again.
      let placement =
        try current
        ?? PlacementMap(
          partitionCount: cluster.settings.partitionCount, slotCounts: cluster.settings.constraints)
      let before = try current ?? PlacementMap(partitionCount: 0, slotCounts: cluster.settings.constraints)
      let report = try Judge.judge(DenseCluster(cluster), map: placement, from: before)
      var writer = JSONWriter()
      PlanWriter.write(
        PlanDocument(.rebalance, target: placement, for: document), of: cluster, report: report, movesLowerBound: 0,
        to: &writer)
      let text = try writer.withBytes { Array($0) }
      let back = try PlanReader.read(source(text), for: document)
      try holds(back.map.placement.rows == placement.rows, "other holders")
      try holds(
        back.map.header
          == MapHeader(kind: .target, revision: (current == nil ? 0 : seed) + 1, basedOn: current == nil ? nil : seed),
        "\(back.map.header)")
      try holds(back.claims.count == report.figures.count + 1, "\(back.claims)")
      try holds(report.claimFindings(back.claims).isEmpty, "\(report.claimFindings(back.claims))")
    }
  }

  @Test(arguments: [
    (#""moves": "#, #""moves": 9"#, "summary.moves"),
    (#""roleChanges": "#, #""roleChanges": 9"#, "summary.roleChanges"),
    (#""movesLowerBound": "#, #""movesLowerBound": 9"#, "summary.movesLowerBound"),
    (#""unmet": "#, #""unmet": 9"#, "summary.unmet"), (#""brokenSoft": "#, #""brokenSoft": 9"#, "summary.brokenSoft"),
    (#""health": "yellow""#, #""health": "red""#, "summary.health"),
    (#"{"min":"#, #"{"min":9"#, "summary.load.master.min"),
    (#""ideal":[""#, #""ideal":["9"#, "summary.load.master.ideal[0]"),
    (#"{"outbound":"#, #"{"outbound":9"#, "summary.fanOut.outbound"),
  ])
  func liesAreFound(old: String, new: String, rule: String) throws {
    let (document, report, text) = try planned()
    let changed = text.changing(old, new)
    #expect(changed != text)
    let plan = try PlanReader.read(source(changed), for: document)
    #expect(report.claimFindings(plan.claims).map(\.rule) == [rule])
    #expect(report.claimFindings(plan.claims).allSatisfy { $0.strength == .hard && $0.want != $0.have })
  }

  @Test func onlyTheMapMustBeThere() throws {
    let document = try read(exampleCluster)
    let plan = try PlanReader.read(source(#"{"plat":1,"map":{"partitions":{"1":{"master":["a"]}}}}"#), for: document)
    #expect(plan.operation == "rebalance" && plan.claims.isEmpty)
    #expect(plan.map.header == MapHeader(kind: .target, revision: 8, basedOn: 7))
    #expect(plan.map.placement.rows[1] == [[0], [], [], []])
  }

  @Test(arguments: [
    (#""basedOn": 7"#, #""basedOn": 6"#, "map.basedOn: found 6, expected 7, the revision of the cluster's map"),
    (#""revision": 8"#, #""revision": 9"#, "map.revision: found 9, expected 8, the one after the cluster's map"),
    (#""type": "target""#, #""type": "current""#, "map.type: found current, expected target: a plan's map"),
    (#""numPartitions": 8"#, #""numPartitions": 9"#, "map.numPartitions: found 9, expected 8, as the settings say"),
    (#""master":[""#, #""master":["z"#, "expected a node of the cluster"),
    (
      #""operation""#, #""operator""#,
      "operator: found the unknown key \"operator\", expected one of plat, operation, map, mapBefore, summary, findings, certificate; did you mean \"operation\"?"
    ),
    (
      #""unmet""#, #""unmeet""#,
      "summary.unmeet: found the unknown key \"unmeet\", expected one of moves, movesLowerBound, movesWeight, movesWeightLowerBound, roleChanges, load, fanOut, brokenSoft, unmet, health; did you mean \"unmet\"?"
    ),
    (
      #""slave": {"#, #""slaves": {"#,
      "summary.load.slaves: found the unknown key \"slaves\", expected one of master, slave, pending, dead, total; did you mean \"slave\"?"
    ),
    (#""moves": "#, #""moves": -"#, "of at most 200 digits, or a string with one or a rational"),
    (
      #""health": "yellow""#, #""health": "blue""#, "summary.health: found \"blue\", expected one of green, yellow, red"
    ),
  ])
  func refused(old: String, new: String, expected: String) throws {
    let (document, _, text) = try planned()
    #expect(message(text.changing(old, new), for: document).hasSuffix(expected))
  }

  @Test func plansOfRanges() throws {
    let document = try read(exampleRanges)
    var writer = JSONWriter()
    let placement = try #require(document.map).placement
    let plan = PlanDocument(.rebalance, target: placement, for: document)
    PlanWriter.write(plan, of: document.cluster, report: Report(), movesLowerBound: nil, to: &writer)
    let text = try writer.withBytes { String(decoding: $0, as: UTF8.self) }
    #expect(text.contains(#""m-q": {"start":"m","end":"hex:71ff","source":["m-z"],"master":["a"],"slave":["b"]}"#))
    #expect(try PlanReader.read(source(text), for: document).map.placement.rows == placement.rows)
    #expect(
      message(text.changing(#""end":"m""#, #""end":"n""#).changing(#""start":"m""#, #""start":"n""#), for: document)
        .hasSuffix(#"map.partitions: found d-m from "d" to "n", expected d-m from "d" to "m", as in the cluster's map"#)
    )
  }

  @Test func atMostAThousandFindings() throws {
    let document = try read(#"{"plat":1,"settings":{"numPartitions":3000},"nodes":{"a":{}},"map":{"partitions":{}}}"#)
    let report = try Judge.judge(DenseCluster(document.cluster), map: document.map!.placement, from: nil)
    var writer = JSONWriter()
    writer.beginObject(.lines)
    ReportWriter.writeFindings(report.findings, more: report.moreFindings, to: &writer)
    writer.endObject()
    let text = try writer.withBytes { String(decoding: $0, as: UTF8.self) }
    guard case .array(let findings) = try JSONTree(parsing: source(text))["findings"] else {
      throw PropertyFailure("none")
    }
    #expect(
      findings.count == 1001 && findings.last == .object([.init(key: "more", value: .number("\(report.moreFindings)"))])
    )
  }

  @Test func routes() throws {
    var writer = try RouteWriter(read(exampleCluster))
    writer.writeLines(of: source([0x61, 0x0a, 0xff, 0x0a, 0x0a] + Array("hex:1".utf8)))
    let lines = try writer.text
    #expect(
      lines.split(separator: "\n").map { $0.prefix(12) } == [
        #"{"key":"a",""#, #"{"key":"hex:"#, #"{"key":"","p"#, #"{"key":"hex:"#,
      ])
    #expect(lines.contains(#"{"key":"","partition":"0","holders":{"master":["a"],"slave":["d","c"]}}"#))
    #expect(lines.contains(#""key":"hex:ff""#) && lines.contains(#""key":"hex:6865783a31""#))
  }
}

extension JSONTree {
  var keys: [String] {
    guard case .object(let members) = self else { return [] }
    return members.map(\.key)
  }
}
