import PlatEngine
import TestSupport
import Testing

@testable import PlatFormats

/// Plans as documents, with their certificates: what is as it was made holds, and nothing else does.
@Suite struct PlanProofTests {
  /// A planned document for a random cluster.
  private func planned(
    _ seed: UInt64, _ shape: RandomCluster.Shape = .init(), _ operation: PlatEngine.Operation? = nil,
    asksForNothing: Bool = false
  ) throws -> (ClusterDocument, DenseCluster, [UInt8]) {
    var (cluster, current) = RandomCluster.make(seed: seed, shape: shape)
    if asksForNothing { cluster.settings.constraints = cluster.settings.constraints.map { _ in 0 } }
    var document = ClusterDocument(cluster: cluster)
    if let current { document.map = MapDocument(header: MapHeader(kind: .current, revision: 3), placement: current) }
    let dense = try DenseCluster(cluster)
    var options = PlanOptions()
    options.operation = operation
    let plan = try Planner.plan(dense, from: current, options: options)
    let report = try Judge.judge(dense, map: plan.target, from: document.mapBefore())
    var writer = JSONWriter()
    PlanWriter.write(
      PlanDocument(plan, for: document), of: cluster, report: report, movesLowerBound: plan.movesLowerBound, to: &writer
    )
    return (document, dense, try writer.withBytes { Array($0) })
  }

  private func proof(_ text: [UInt8], _ document: ClusterDocument, _ dense: DenseCluster) throws -> PlanProof {
    try PlanProof(PlanReader.read(source(text), for: document), of: document, dense)
  }

  @Test func whatPlanningWritesHolds() {
    forAllSeeds(0..<400) { seed in
      let (document, dense, text) = try planned(seed)
      let proof = try proof(text, document, dense)
      try holds(
        proof.holds,
        "\(proof.report.findings.prefix(4))\n\(RandomCluster.describe(document.cluster, document.map?.placement))")
      try holds(
        String(decoding: text, as: UTF8.self).contains("\"movesLowerBound\": \(proof.movesLowerBound),"),
        "proved \(proof.movesLowerBound)")
    }
  }

  /// Of any operation, on maps wider than what is asked for, and where nothing is.
  @Test(arguments: [PlatEngine.Operation.rebalance, .failover, .swap, .maintenance, .cancel], [false, true])
  func whatAnyOperationWritesHolds(_ operation: PlatEngine.Operation, asksForNothing: Bool) {
    let shape = RandomCluster.Shape { $0.currentMaps = [.tooMany, .illegal, .missing, .passing] }
    forAllSeeds(0..<60) { seed in
      let (document, dense, text) = try planned(seed, shape, operation, asksForNothing: asksForNothing)
      let proof = try proof(text, document, dense)
      try holds(
        proof.holds,
        "\(proof.report.findings.prefix(4))\n\(RandomCluster.describe(document.cluster, document.map?.placement))")
    }
  }

  /// Two slaves and no master: the failover has a slot more than it uses, which no document tells.
  @Test func aFailoverOfAMapWiderThanAskedHolds() throws {
    let cluster = Cluster(
      settings: Settings(partitionCount: 1, constraints: [1, 1, 0, 0]), nodes: [Node(name: "n0"), Node(name: "n1")])
    let wide = PlacementMap.make([[[], [0, 1], [], []]], least: [1, 1, 0, 0])
    let document = ClusterDocument(
      cluster: cluster, map: MapDocument(header: MapHeader(kind: .current, revision: 1), placement: wide))
    let dense = try DenseCluster(cluster)
    var options = PlanOptions()
    options.operation = .failover
    let plan = try Planner.plan(dense, from: wide, options: options)
    let report = try Judge.judge(dense, map: plan.target, from: wide)
    var writer = JSONWriter()
    PlanWriter.write(
      PlanDocument(plan, for: document), of: cluster, report: report, movesLowerBound: plan.movesLowerBound, to: &writer
    )
    let proof = try proof(writer.withBytes { Array($0) }, document, dense)
    #expect(proof.holds, "\(proof.report.findings)")
  }

  /// One byte of a name, a number or a word becomes another: the document is refused, or it does not hold.
  @Test func anyChangedByteIsCaught() {
    var changes = ChangedBytes()
    forAllSeeds(0..<40) { seed in
      let (document, dense, text) = try planned(seed)
      try changes.check(text, seed: seed, alsoCapitals: true) { try proof($0, document, dense).holds }
    }
    #expect(changes.refused > 100 && changes.caught > 150, "\(changes)")
  }

  /// Whole parts changed or taken away.
  @Test func eachKindOfChangeIsNamed() throws {
    let shape = RandomCluster.Shape {
      $0.rulesOverAllStates = true
      $0.allActive = true
      $0.currentMaps = [.halfMoved]
      $0.nodes = 12...16
      $0.partitions = 60...64
      $0.noCapacities = true
    }
    var seen: [String: Int] = [:]
    for seed in 0..<UInt64(40) {
      let (document, dense, text) = try planned(seed, shape)
      let plan = try PlanReader.read(source(text), for: document)
      guard let certificate = plan.certificate, let bound = plan.claims.first(where: { $0.path == "movesLowerBound" }),
        case .number(let number) = bound.value, number > .zero
      else { continue }
      func rules(_ change: (inout PlanDocument) -> Void) throws -> Set<String> {
        var plan = plan
        change(&plan)
        return Set(try PlanProof(plan, of: document, dense).report.findings.prefix(12).map(\.rule))
      }
      #expect(try rules { $0.certificate = nil }.contains("certificate"))
      #expect(try rules { $0.certificate?.digest ^= 1 }.contains("certificate.digest"))
      #expect(try rules { $0.certificate?.prices[0] += 1 }.contains("certificate.digest"))
      #expect(try rules { $0.operation = "fly" }.isSuperset(of: ["operation", "certificate.digest"]))
      #expect(try rules { $0.findings = nil }.contains("findings"))
      #expect(try rules { $0.claims.removeAll { $0.path == "moves" } }.contains("summary.moves"))
      #expect(try rules { $0.claims.removeAll { $0.path == "movesLowerBound" } }.contains("summary.movesLowerBound"))
      // A bound of one more than there is, with a digest that fits: only the prices tell.
      let more = try rules { plan in
        plan.claims = plan.claims.map {
          $0.path == "movesLowerBound" ? SummaryFigure($0.path, .number(number + .one)) : $0
        }
      }
      #expect(more.contains("certificate.prices"))
      let flat = try rules {
        $0.certificate = PlanCertificate(
          prices: certificate.prices.map { _ in 0 }, movesLowerBound: number.floor!, of: $0, cluster: document.cluster)
      }
      if flat.contains("certificate.prices") { seen["flat", default: 0] += 1 }
      // A holder's place and another's are exchanged: the map may be as good, but is another.
      if let slots = plan.map.placement.rows.firstIndex(where: { $0.count > 1 && $0[0].count == 1 && $0[1].count > 0 })
      {
        let changed = try rules { plan in
          var rows = plan.map.placement.rows
          (rows[slots][0][0], rows[slots][1][0]) = (rows[slots][1][0], rows[slots][0][0])
          plan.map.placement = PlacementMap.make(rows, least: document.cluster.settings.constraints)
        }
        #expect(changed.contains("certificate.digest"))
      }
      seen["all", default: 0] += 1
    }
    #expect(seen["all", default: 0] > 10 && seen["flat", default: 0] > 0, "\(seen)")
  }

  @Test func certificatesAreReadAsTheyAreWritten() {
    forAllSeeds(0..<100) { seed in
      var random = SplitMix64(seed: seed)
      let (cluster, _) = RandomCluster.make(seed: seed)
      let prices = cluster.nodes.map { _ in
        random.chance(1, 2) ? 1 : Int32(truncatingIfNeeded: Int(random.next() >> 40) - 4_000_000)
      }
      let certificate = PlanCertificate(prices: prices, digest: UInt32(truncatingIfNeeded: random.next()))
      var writer = JSONWriter()
      CertificateWriter.write(certificate, of: cluster, to: &writer)
      let text = try writer.withBytes { Array($0) }
      var reader = try JSONReader(source(text))
      try holds(try CertificateReader.read(&reader, of: cluster) == certificate, String(decoding: text, as: UTF8.self))
    }
  }

  @Test(arguments: [
    (#"{"digest":"0"}"#, #"found "0", expected eight hexadecimal digits"#),
    (#"{"digest":"0000000G"}"#, #"found "0000000G", expected eight hexadecimal digits"#),
    (#"{"prices":{"default":0}}"#, #"the key "digest" is missing"#),
    (#"{"digest":"00000000"}"#, #"the key "prices" is missing"#),
    (#"{"digest":"00000000","prices":{}}"#, #"the key "default" is missing"#),
    (#"{"digest":"00000000","prices":{"default":3000000000}}"#, "expected an integer from -2147483648 to 2147483647"),
    (#"{"digest":"00000000","prices":{"default":0,"01":[]}}"#, "expected default, or a price of 32 bits"),
    (#"{"digest":"00000000","prices":{"default":0,"3000000000":[]}}"#, "expected default, or a price of 32 bits"),
    (#"{"digest":"00000000","prices":{"default":0,"1":["zz"]}}"#, #"found "zz", expected a node of the cluster"#),
    (
      #"{"digest":"00000000","prices":{"default":0,"1":["a"],"2":["a"]}}"#,
      "found a second price of a, expected one price a node"
    ),
    (
      #"{"digest":"00000000","prices":{"default":0,"1":["a"],"1":["a"]}}"#,
      #"found the price "1" a second time, expected each price once"#
    ),
  ])
  func badCertificatesAreRefused(text: String, expected: String) throws {
    let cluster = try read(exampleCluster).cluster
    let found = PlatFormatsTests.message { () throws(DocumentError) in
      var reader = try JSONReader(source(text))
      _ = try CertificateReader.read(&reader, of: cluster)
    }
    #expect(found.hasSuffix(expected), "\(found)")
  }
}
