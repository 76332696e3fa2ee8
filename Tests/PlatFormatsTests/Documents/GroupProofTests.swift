import PlatEngine
import TestSupport
import Testing

@testable import PlatFormats

/// Certificates of plans for several maps.
@Suite struct GroupProofTests {
  private func planned(
    _ seed: UInt64, _ shape: RandomCluster.Shape = .init(), _ operation: PlatEngine.Operation? = nil
  ) throws -> (document: GroupDocument, dense: DenseGroup, text: [UInt8]) {
    // Every other one of partitions that differ in weight.
    let (group, currents) = try RandomGroup.make(
      seed: seed, maps: 1...4, shape: shape, isJoined: seed % 3 == 0,
      weights: seed % 2 == 0 ? RandomGroup.anyWeights : nil)
    let maps = currents.map { current in
      current.map { MapDocument(header: MapHeader(kind: .current, revision: 3), placement: $0) }
    }
    let document = GroupDocument(group: group.group, maps: maps)
    var options = PlanOptions()
    options.operation = operation
    let planned = try Planner.plan(group, from: currents, options: options)
    let report = try Judge.judge(group, maps: planned.plans.map(\.target), from: document.mapsBefore())
    var writer = JSONWriter()
    GroupWriter.write(
      GroupPlanDocument(planned, for: document), of: document, report: report, planned: planned, to: &writer)
    return (document, group, try writer.withBytes { Array($0) })
  }

  private func proof(_ text: [UInt8], _ document: GroupDocument, _ dense: DenseGroup) throws -> GroupProof {
    try GroupProof(GroupPlanReader.read(source(text), for: document), of: document, dense)
  }

  @Test func whatPlanningWritesHolds() {
    var aboveZero = 0
    forAllSeeds(0..<150) { seed in
      let (document, dense, text) = try planned(seed)
      let proof = try proof(text, document, dense)
      let lies = (proof.report.maps + [proof.report.sum]).flatMap { $0.findings.prefix(2) }.filter {
        $0.rule.hasPrefix("certificate") || $0.rule.hasPrefix("summary") || $0.rule == "findings"
      }
      try holds(proof.holds, "\(lies)")
      if proof.movesLowerBound > 0 { aboveZero += 1 }
    }
    #expect(aboveZero > 90, "\(aboveZero)")
  }

  /// Of any operation, on small clusters of any maps: where all is short, bounds are about less than what the pipelines
  /// saw.
  @Test(arguments: [PlatEngine.Operation.rebalance, .failover, .swap, .maintenance, .cancel])
  func whatAnyOperationWritesHolds(_ operation: PlatEngine.Operation) {
    let shape = RandomCluster.Shape { ($0.nodes, $0.partitions) = (1...6, 1...5) }
    forAllSeeds(0..<120) { seed in
      let (document, dense, text) = try planned(seed, shape, operation)
      let proof = try proof(text, document, dense)
      let lies = (proof.report.maps + [proof.report.sum]).flatMap { $0.findings.prefix(2) }
      try holds(proof.holds, "\(lies)")
    }
  }

  /// The room that another map leaves is not what a node is due.
  @Test func windowsOfAFreshMapBesideAnother() throws {
    let nodes = [Node(name: "a", weight: Quantity("2")!, capacity: 2), Node(name: "b"), Node(name: "c")]
    let settings = Settings(partitionCount: 2, constraints: [1, 0, 0, 0])
    var members = (0..<2).map { ClusterGroup.Member(name: "m\($0)", settings: settings) }
    members[0].weights = [Quantity("4")!, Quantity("2")!]
    let group = try DenseGroup(ClusterGroup(shared: Cluster(settings: settings, nodes: nodes), members: members))
    let held = PlacementMap.make([[[0], [], [], []], [[0], [], [], []]], least: settings.constraints)
    let document = GroupDocument(
      group: group.group, maps: [nil, MapDocument(header: MapHeader(kind: .current, revision: 1), placement: held)])
    var options = PlanOptions()
    options.operation = .maintenance
    let planned = try Planner.plan(group, from: [nil, held], options: options)
    let report = try Judge.judge(group, maps: planned.plans.map(\.target), from: document.mapsBefore())
    var writer = JSONWriter()
    GroupWriter.write(
      GroupPlanDocument(planned, for: document), of: document, report: report, planned: planned, to: &writer)
    let proof = try proof(writer.withBytes { Array($0) }, document, group)
    #expect(proof.holds, "\(proof.report.maps.flatMap(\.findings))")
  }

  @Test func anyChangedByteIsCaught() {
    var changes = ChangedBytes()
    forAllSeeds(0..<20) { seed in
      let (document, dense, text) = try planned(seed)
      try changes.check(text, seed: seed) { try proof($0, document, dense).holds }
    }
    #expect(changes.refused > 30 && changes.caught > 60, "\(changes)")
  }

  /// With a digest that fits.
  private func sealed(_ plan: PlanDocument, _ document: GroupDocument, _ index: Int) -> PlanDocument {
    var sealed = plan
    let bounds = PlanProof.Claims(plan.claims).bounds
    if let certificate = plan.certificate {
      sealed.certificate!.digest = certificate.digestNow(plan, document.group.cluster(index), bounds: bounds)
    }
    return sealed
  }

  @Test func eachKindOfChangeIsNamed() throws {
    var seen = 0
    for seed in UInt64(0)..<30 {
      let (document, dense, text) = try planned(seed)
      let plan = try GroupPlanReader.read(source(text), for: document)
      guard case .number(let bound)? = plan.sumClaims.first(where: { $0.path == "movesLowerBound" })?.value,
        bound > .zero
      else { continue }
      /// Each map's findings, then the sum's; with digests that fit where `seals`.
      func rules(seals: Bool = true, _ change: (inout GroupPlanDocument) -> Void) throws -> (
        maps: Set<String>, sum: Set<String>
      ) {
        var plan = plan
        change(&plan)
        if seals {
          for index in plan.plans.indices {
            plan.plans[index] = sealed(plan.plans[index], document, index)
          }
          plan.digest = plan.digestNow(document, bounds: PlanProof.Claims(plan.sumClaims).bounds)
        }
        let report = try GroupProof(plan, of: document, dense).report
        return (
          Set(report.maps.flatMap { $0.findings.prefix(12).map(\.rule) }),
          Set(report.sum.findings.prefix(12).map(\.rule))
        )
      }
      func raise(_ claims: inout [SummaryFigure]) {
        claims = claims.map {
          if $0.path == "movesLowerBound", case .number(let number) = $0.value {
            SummaryFigure($0.path, .number(number + .one))
          } else {
            $0
          }
        }
      }
      #expect(try rules { raise(&$0.sumClaims) }.sum.contains("certificate.prices"))
      #expect(try rules { raise(&$0.plans[0].claims) }.maps.contains("certificate.prices"))
      #expect(try rules { $0.plans[0].certificate = nil }.maps.contains("certificate"))
      #expect(try rules { $0.plans[0].findings = nil }.maps.contains("findings"))
      #expect(try rules { $0.findings = nil }.sum.contains("findings"))
      #expect(try rules(seals: false) { $0.digest = nil }.sum.contains("certificate.digest"))
      #expect(try rules(seals: false) { $0.plans[0].certificate?.prices[0] += 1 }.maps.contains("certificate.digest"))
      #expect(try rules(seals: false) { $0.operation = "swap" }.sum.contains("certificate.digest"))
      // A certificate that was made anew for a changed map tells in the digest of all.
      let resealed = try rules(seals: false) { plan in
        plan.plans[0].certificate?.prices[0] += 1
        plan.plans[0] = sealed(plan.plans[0], document, 0)
      }
      #expect(resealed.sum.contains("certificate.digest"))
      seen += 1
    }
    #expect(seen > 15, "\(seen)")
  }
}
