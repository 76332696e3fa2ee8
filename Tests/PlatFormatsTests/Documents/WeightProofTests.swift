import PlatEngine
import TestSupport
import Testing

@testable import PlatFormats

/// Certificates of plans for partitions of different weight.
@Suite struct WeightProofTests {
  private static let sizes = ["1", "2", "3", "7/4", "1000", "40", "0.5", "1"]

  /// Nil where all partitions turn out to weigh the same.
  private func planned(
    _ seed: UInt64, operation: PlatEngine.Operation? = nil
  ) throws -> (document: ClusterDocument, dense: DenseCluster, text: [UInt8])? {
    var (cluster, current) = RandomCluster.make(seed: seed)
    var random = SplitMix64(seed: ~seed)
    let most = random.among(2...Self.sizes.count)
    cluster.partitionWeights = (0..<cluster.settings.partitionCount).map { _ in
      Quantity(Self.sizes[random.below(most)])!
    }
    var document = ClusterDocument(cluster: cluster)
    if let current { document.map = MapDocument(header: MapHeader(kind: .current, revision: 3), placement: current) }
    let dense = try DenseCluster(cluster)
    guard dense.partitionWeights != nil else { return nil }
    var options = PlanOptions()
    options.operation = operation
    let plan = try Planner.plan(dense, from: current, options: options)
    let report = try Judge.judge(dense, map: plan.target, from: document.mapBefore())
    var writer = JSONWriter()
    PlanWriter.write(
      PlanDocument(plan, for: document), of: cluster, report: report, movesLowerBound: plan.movesLowerBound,
      movesWeightLowerBound: plan.movesWeightLowerBound, to: &writer)
    return (document, dense, try writer.withBytes { Array($0) })
  }

  private func proof(_ text: [UInt8], _ document: ClusterDocument, _ dense: DenseCluster) throws -> PlanProof {
    try PlanProof(PlanReader.read(source(text), for: document), of: document, dense)
  }

  /// The Judge, from prices and windows alone, proves what the planner claims.
  @Test func whatPlanningWritesHolds() {
    var (seen, aboveZero) = (0, 0)
    forAllSeeds(0..<200) { seed in
      guard let (document, dense, text) = try planned(seed, operation: seed % 5 == 0 ? .failover : nil) else { return }
      let proof = try proof(text, document, dense)
      try holds(
        proof.holds,
        "\(proof.report.findings.prefix(3))\n\(RandomCluster.describe(document.cluster, document.map?.placement))\n\(document.cluster.partitionWeights.map(\.text))"
      )
      seen += 1
      if proof.movesWeightLowerBound ?? .zero > .zero { aboveZero += 1 }
    }
    #expect(seen > 60 && aboveZero > 40, "\(seen), \(aboveZero)")
  }

  @Test func anyChangedByteIsCaught() {
    var changes = ChangedBytes()
    forAllSeeds(0..<20) { seed in
      guard let (document, dense, text) = try planned(seed) else { return }
      try changes.check(text, seed: seed) { try proof($0, document, dense).holds }
    }
    #expect(changes.refused > 20 && changes.caught > 50, "\(changes)")
  }

  /// Each kind of lie that has a digest to fit.
  @Test func eachKindOfChangeIsNamed() throws {
    var seen = (0, 0, 0)
    for seed in UInt64(0)..<60 {
      guard let (document, dense, text) = try planned(seed) else { continue }
      let plan = try PlanReader.read(source(text), for: document)
      guard let certificate = plan.certificate, let windows = certificate.windows, !windows.isEmpty else { continue }
      func rules(_ change: (inout PlanDocument) -> Void) throws -> Set<String> {
        var plan = plan
        change(&plan)
        if let certificate = plan.certificate {
          let bounds = PlanProof.Claims(plan.claims).bounds
          let digest = certificate.digestNow(plan, document.cluster, bounds: bounds)
          plan.certificate?.digest = digest
        }
        return Set(try PlanProof(plan, of: document, dense).report.findings.prefix(12).map(\.rule))
      }
      let own = try rules { _ in }
      #expect(!own.contains { $0.hasPrefix("certificate") || $0.hasPrefix("summary") }, "\(own)")
      func raise(_ path: String, _ plan: inout PlanDocument) {
        plan.claims = plan.claims.map {
          if $0.path == path, case .number(let number) = $0.value {
            SummaryFigure(path, .number(number + .one))
          } else {
            $0
          }
        }
      }
      #expect(try rules { raise("movesLowerBound", &$0) }.contains("certificate.prices"))
      #expect(try rules { raise("movesWeightLowerBound", &$0) }.contains("certificate.prices"))
      #expect(
        try rules { $0.claims.removeAll { $0.path == "movesWeightLowerBound" } }.contains(
          "summary.movesWeightLowerBound"))
      seen.0 += 1
      // Windows narrower than what nodes hold, or beside it, are about other maps.
      let narrow = try rules { plan in
        let window = windows[0]
        plan.certificate!.windows![0] = .init(
          least: window.most + dense.partitionWeights!.unit, most: window.most + dense.partitionWeights!.unit)
      }
      #expect(narrow.contains("certificate.windows"))
      let odd = try rules {
        $0.certificate!.windows![0].least = windows[0].least - dense.partitionWeights!.unit * Rational(1, 3)
      }
      #expect(odd.contains("certificate.windows"))
      // Without windows only what rows need by themselves is proved, and without prices no more.
      guard plan.claims.contains(where: { $0.path == "movesWeightLowerBound" && $0.value != .number(.zero) }) else {
        continue
      }
      let none = try rules { $0.certificate!.windows = nil }
      if none.contains("certificate.prices") { seen.1 += 1 }
      let flat = try rules { $0.certificate!.prices = certificate.prices.map { _ in 0 } }
      if flat.contains("certificate.prices") { seen.2 += 1 }
    }
    #expect(seen.0 > 20 && seen.1 > 3 && seen.2 > 3, "\(seen)")
  }

  @Test(arguments: [
    (#"[]"#, "found no window of a, expected one window a node"),
    (#"[{"least":1,"most":2}]"#, #"the key "nodes" is missing"#),
    (#"[{"least":2,"most":1,"nodes":[]}]"#, "found 2 to 1, expected the least first"),
    (#"[{"least":1,"most":2,"nodes":["a","a"]}]"#, "found a second window of a, expected one window a node"),
    (#"[{"least":1,"most":2,"nodes":["zz"]}]"#, #"found "zz", expected a node of the cluster"#),
  ])
  func badWindowsAreRefused(windows: String, expected: String) throws {
    let cluster = try read(exampleCluster).cluster
    let found = PlatFormatsTests.message { () throws(DocumentError) in
      var reader = try JSONReader(source(#"{"digest":"00000000","prices":{"default":0},"windows":\#(windows)}"#))
      _ = try CertificateReader.read(&reader, of: cluster)
    }
    #expect(found.hasSuffix(expected), "\(found)")
  }
}
