import PlatEngine

/// A plan held against its cluster: everything recounted, and its certificate checked.
public struct PlanProof: Sendable {
  /// With what is wrong about the plan's own words in front.
  public var report: Report
  /// Moves that any map with the same hard rules and the same total balance needs, as far as that is proved; and the
  /// weight, where partitions differ in it.
  public var movesLowerBound: Int
  public var movesWeightLowerBound: Rational?
  /// The plan says of itself what is so, and proves it.
  public var holds: Bool

  /// Throws as `Judge.judge` does. Nothing is planned here. O(P · R² · rules + N log N).
  public init(
    _ plan: PlanDocument, of document: ClusterDocument, _ dense: DenseCluster, interrupt: Interrupt? = nil
  ) throws(PlatError) {
    let report = try Judge.judge(dense, map: plan.map.placement, from: document.mapBefore(), interrupt: interrupt)
    let proved = try Self.proved(plan, of: document, dense, interrupt: interrupt)
    self.init(plan, document.cluster, report, proved)
  }

  /// What a certificate proves, and what is wrong beside that.
  struct Proved {
    var bound = ProvedBound()
    var faults: [Finding]
  }

  static func proved(
    _ plan: PlanDocument, of document: ClusterDocument, _ dense: DenseCluster, interrupt: Interrupt?
  ) throws(PlatError) -> Proved {
    var proved = Proved(faults: faultsOfMapBefore(plan, document))
    let weights = dense.partitionWeights
    if weights != nil { proved.bound.weight = Rational.zero }
    guard let certificate = plan.certificate else { return proved }
    let windows = weights.flatMap { certificate.weightWindows($0.unit) }
    guard weights == nil || certificate.windows == nil || windows != nil else {
      proved.faults.append(untrue("certificate.windows", "they are no multiples of what partitions weigh"))
      return proved
    }
    let map = plan.map.placement
    proved.bound = try Judge.proved(
      dense, map: map, from: document.map?.placement, prices: certificate.prices, windows: windows, interrupt: interrupt
    )
    if let weights, let windows, let (node, load) = try Judge.falseWindow(dense, weights, map: map, windows) {
      proved.faults.append(falseWindow(dense, weights, node, load, windows))
    }
    return proved
  }

  init(_ plan: PlanDocument, _ cluster: Cluster, _ report: Report, _ proved: Proved) {
    // No plan needs more than it does itself.
    let moves = min(proved.bound.moves, report.moves)
    let weight = proved.bound.weight.map { min($0, report.inWeight?.moves ?? $0) }
    let claimed = Claims(plan.claims)
    var lies = Self.unsaid(plan.operation, plan.claims, plan.findings, report, hasWeight: report.inWeight != nil)
    lies += report.claimFindings(plan.claims)
    if let certificate = plan.certificate {
      if certificate.digest != certificate.digestNow(plan, cluster, bounds: claimed.bounds) {
        lies.append(
          Self.untrue(
            "certificate.digest", "operation, map, bounds or prices are not as they were when the plan was made"))
      }
      lies += claimed.unproved(moves: moves, weight: weight)
    } else {
      lies.append(Self.untrue("certificate", "the plan carries none"))
    }
    lies += proved.faults
    movesLowerBound = moves
    if let claim = claimed.moves, claim <= Rational(moves) { movesLowerBound = claim.floor ?? 0 }
    movesWeightLowerBound = weight
    if let claim = claimed.weight, let weight { movesWeightLowerBound = min(claim, weight) }
    holds = lies.isEmpty
    self.report = report
    self.report.put(first: lies)
  }

  /// The bounds that a summary claims.
  struct Claims {
    let moves: Rational?
    let weight: Rational?

    init(_ claims: [SummaryFigure]) {
      func claim(_ path: String) -> Rational? {
        claims.lazy.compactMap { claim in
          if claim.path == path, case .number(let bound) = claim.value { bound } else { nil as Rational? }
        }.first
      }
      (moves, weight) = (claim("movesLowerBound"), claim("movesWeightLowerBound"))
    }

    var bounds: String { PlanCertificate.bounds(moves, weight) }

    /// Claims above what is proved.
    func unproved(moves proved: Int, weight: Rational?) -> [Finding] {
      var findings: [Finding] = []
      if let moves, moves > Rational(proved) {
        findings.append(
          Finding(
            strength: .hard, rule: "certificate.prices", want: moves.floor ?? .max, have: proved,
            because: "the plan claims that no map is reached with fewer moves than \(moves), and its prices prove "
              + "\(proved)"))
      }
      if let claim = self.weight, claim > weight ?? .zero {
        findings.append(
          PlanProof.untrue(
            "certificate.prices",
            "the plan claims that no map is reached by moving less weight than \(claim), and its prices prove "
              + "\(weight ?? .zero)"))
      }
      return findings
    }
  }

  /// What planning would have told.
  static func unsaid(
    _ operation: String, _ claims: [SummaryFigure], _ written: [UInt8]?, _ report: Report, hasWeight: Bool
  ) -> [Finding] {
    var findings: [Finding] = []
    if Operation(rawValue: operation) == nil {
      findings.append(untrue("operation", "\(operation) is no operation that plat plans"))
    }
    let bounds = hasWeight ? ["movesLowerBound", "movesWeightLowerBound"] : ["movesLowerBound"]
    for path in report.figures.map(\.path) + bounds where !claims.contains(where: { $0.path == path }) {
      findings.append(untrue("summary.\(path)", "the plan does not say it"))
    }
    if written != ReportWriter.minifiedFindings(report) {
      findings.append(untrue("findings", "they are not what a recount finds"))
    }
    return findings
  }

  /// The map before, which a plan for maintenance carries for the way back, is the one that it was made from.
  static func faultsOfMapBefore(_ plan: PlanDocument, _ document: ClusterDocument) -> [Finding] {
    guard let before = plan.mapBefore else {
      let isMissing = plan.operation == Operation.maintenance.rawValue && document.map != nil
      return isMissing ? [untrue("mapBefore", "the plan does not carry it")] : []
    }
    let isSame = document.map.map { map in
      map.header.revision == before.header.revision && map.header.basedOn == before.header.basedOn
        && map.placement.holdsTheSame(as: before.placement)
    }
    return isSame == true ? [] : [untrue("mapBefore", "it is not the map that the plan was made from")]
  }

  private static func falseWindow(
    _ dense: DenseCluster, _ weights: PartitionWeights, _ node: Int, _ load: Int, _ windows: WeightWindows
  ) -> Finding {
    let name = dense.cluster.nodes[node].name
    let window = "\(weights.exact(windows.least[node])) to \(weights.exact(windows.most[node]))"
    var finding = untrue(
      "certificate.windows",
      "\(name) holds \(weights.exact(load)) in the plan: a window of \(window) leaves out that, or what it is due")
    finding.node = name
    return finding
  }

  /// 1 true statement wanted, 0 had.
  static func untrue(_ rule: String, _ because: String) -> Finding {
    Finding(strength: .hard, rule: rule, want: 1, have: 0, because: because)
  }
}

/// The same for a plan of several maps.
public struct GroupProof: Sendable {
  /// Each map's with what is wrong about its own words in front, and the sum's.
  public var report: GroupReport
  /// Proved for all together.
  public var movesLowerBound: Int
  /// The same in weight, where partitions of some map differ in it: what the maps need, or what sums ask for.
  public var movesWeightLowerBound: Rational?
  public var holds: Bool

  /// O(maps · proving one).
  public init(
    _ plan: GroupPlanDocument, of document: GroupDocument, _ dense: DenseGroup, interrupt: Interrupt? = nil
  ) throws(PlatError) {
    let maps = plan.maps.map(\.placement)
    report = try Judge.judge(dense, maps: maps, from: document.mapsBefore(), interrupt: interrupt)
    let each = try plan.plans.enumerated().map { index, one throws(PlatError) in
      try PlanProof.proved(one, of: document.document(index), dense.clusters[index], interrupt: interrupt)
    }
    let all = try Judge.provedTogether(
      dense, maps: maps, from: document.maps.map { $0?.placement },
      prices: plan.plans.map { $0.certificate?.prices ?? [] },
      windows: plan.plans.enumerated().map { index, one in
        dense.weights.flatMap { weights in one.certificate?.weightWindows(weights.of[index].unit) }
      }, each: each.map(\.bound), interrupt: interrupt)
    let moves = min(all.moves, report.sum.moves)
    let moved = report.sum.inWeight?.moves
    let weight = all.weight.map { min($0, moved ?? $0) }
    holds = true
    for (index, one) in plan.plans.enumerated() {
      let proof = PlanProof(one, document.group.cluster(index), report.maps[index], each[index])
      report.maps[index] = proof.report
      holds = holds && proof.holds
    }
    let claimed = PlanProof.Claims(plan.sumClaims)
    var lies = PlanProof.unsaid(plan.operation, plan.sumClaims, plan.findings, report.sum, hasWeight: weight != nil)
    lies += report.sum.claimFindings(plan.sumClaims)
    if plan.digest != plan.digestNow(document, bounds: claimed.bounds) {
      lies.append(
        PlanProof.untrue("certificate.digest", "operation, bounds or maps are not as they were when the plan was made"))
    }
    lies += claimed.unproved(moves: moves, weight: weight)
    movesLowerBound = moves
    if let claim = claimed.moves, claim <= Rational(moves) { movesLowerBound = claim.floor ?? 0 }
    movesWeightLowerBound = weight
    if let claim = claimed.weight, let weight { movesWeightLowerBound = min(claim, weight) }
    holds = holds && lies.isEmpty
    report.sum.put(first: lies)
  }
}

extension Report {
  /// Puts findings before the others; no more than `Report.mostFindings` are listed.
  public mutating func put(first findings: [Finding]) {
    let all = findings + self.findings
    self.findings = Array(all.prefix(Report.mostFindings))
    moreFindings += all.count - self.findings.count
  }
}

extension ReportWriter {
  /// The findings as an array without white space.
  static func minifiedFindings(_ report: Report) -> [UInt8]? {
    var writer = JSONWriter()
    writer.beginObject(.compact)
    writeFindings(report.findings, more: report.moreFindings, to: &writer)
    writer.endObject()
    return try? writer.withBytes { Array($0[#"{"findings":"#.utf8.count..<$0.count - 1]) }
  }
}
