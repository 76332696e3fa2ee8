import PlatEngine
import Testing

@testable import PlatFormats

/// Partition weights in documents.
@Suite struct WeightDocuments {
  private func cluster(_ weights: String, keyFunction: String = "hash-crc32") -> String {
    """
    {"plat":1,"settings":{"numPartitions":3,"keyFunc":"\(keyFunction)","constraints":{"master":1,"slave":0}},
     "nodes":{"a":{},"b":{}},"weights":\(weights)
    """
  }

  private func read(_ text: String) throws -> ClusterDocument {
    try ClusterReader.read(source(text))
  }

  private func planned(_ document: ClusterDocument) throws -> (text: String, report: Report) {
    let dense = try DenseCluster(document.cluster)
    let plan = try Planner.plan(dense, from: document.map?.placement)
    let report = try Judge.judge(
      dense, map: plan.target,
      from: document.map?.placement
        ?? PlacementMap(partitionCount: 0, slotCounts: document.cluster.settings.constraints))
    var writer = JSONWriter()
    PlanWriter.write(
      PlanDocument(.rebalance, target: plan.target, for: document), of: document.cluster, report: report,
      movesLowerBound: plan.movesLowerBound, movesWeightLowerBound: plan.movesWeightLowerBound, to: &writer)
    return (try writer.withBytes { String(decoding: $0, as: UTF8.self) }, report)
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let document = try read(cluster(#"{"0": 2.50, "2": "7/3"}"#) + "}")
    #expect(document.cluster.partitionWeights.map(\.text) == ["2.50", "1", "7/3"])
    var writer = JSONWriter()
    ClusterWriter.write(document, to: &writer)
    let text = try writer.withBytes { String(decoding: $0, as: UTF8.self) }
    #expect(try read(text).cluster == document.cluster)
  }

  @Test func onesThatAreEqualSayNothing() throws {
    for weights in [#"{}"#, #"{"0":1}"#, #"{"0":"2/2","1":1.0}"#, #"{"0":5,"1":"10/2","2":5.0}"#] {
      #expect(try read(cluster(weights) + "}").cluster.partitionWeights.isEmpty, "\(weights)")
    }
  }

  @Test func keyRangesAreWeighedByName() throws {
    let map =
      #","map":{"partitions":{"m":{"start":"g","end":"t","master":["a"]},"z":{"start":"t","master":["a"]},"a":{"end":"g","master":["b"]}}}}"#
    let document = try read(cluster(#"{"z":3,"a":2}"#, keyFunction: "range") + map)
    #expect(document.cluster.partitionWeights.map(\.text) == ["2", "1", "3"])
  }

  @Test func theSummaryIsInWeight() throws {
    let (text, report) = try planned(read(cluster(#"{"0":"3/2","1":1,"2":0.5}"#) + "}"))
    #expect(text.contains(#""movesWeight": 3"#) && text.contains(#""movesWeightLowerBound": 3"#))
    #expect(text.contains(#""min":"1.5","max":"1.5","ideal":["1.5","1.5"]"#), "\(text)")
    #expect(report.isBalanced)
  }

  /// What a plan claims of weight is held against a recount.
  @Test func aPlanThatLiesIsNoticed() throws {
    let document = try read(cluster(#"{"0":3,"1":1,"2":2}"#) + "}")
    let (text, report) = try planned(document)
    func findings(_ changed: String) throws -> [String] {
      let plan = try PlanReader.read(source(changed), for: document)
      return report.claimFindings(plan.claims).map(\.rule)
    }
    #expect(try findings(text).isEmpty)
    for (lie, rule) in [
      (#""movesWeight": 5"#, "summary.movesWeight"), (#""movesWeightLowerBound": 7"#, "summary.movesWeightLowerBound"),
    ] {
      let key = lie.prefix { $0 != ":" }
      let changed = text.replacing(#"\#(key): 6"#, with: lie)
      let found = try findings(changed)
      #expect(changed != text && found == [rule], "\(lie) \(found)")
    }
  }

  @Test func sizesThatAreTooFarApart() throws {
    let document = try read(cluster(#"{"0":"1e-30"}"#) + "}")
    let error = #expect(throws: InputError.self) { try DenseCluster(document.cluster) }
    #expect(error?.path == "weights")
  }
}
