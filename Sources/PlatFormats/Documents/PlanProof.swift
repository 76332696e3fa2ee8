import PlatEngine

/// A plan held against its cluster: everything recounted, and its certificate checked.
public struct PlanProof: Sendable {
  /// With what is wrong about the plan's own words in front.
  public var report: Report
  /// Moves that any map with the same hard rules and the same total balance needs, as far as that is proved.
  public var movesLowerBound: Int
  /// The plan says of itself what is so, and proves it.
  public var holds: Bool

  /// Throws as `Judge.judge` does. Nothing is planned here. O(P · R² · rules + N log N).
  public init(_ plan: PlanDocument, of document: ClusterDocument, _ dense: DenseCluster) throws(PlatError) {
    let before = document.map?.placement
    report = try Judge.judge(dense, map: plan.map.placement, from: document.mapBefore())
    // Its prices are about weight where partitions differ in that; such bounds are not recounted.
    let proved = try dense.partitionWeights != nil ? nil : plan.certificate.map { certificate throws(PlatError) in
      try Judge.movesBound(dense, map: plan.map.placement, from: before, prices: certificate.prices)
    }
    let claimed = plan.claims.lazy.compactMap { claim in
      if claim.path == "movesLowerBound", case .number(let bound) = claim.value { bound } else { nil as Rational? }
    }.first
    let lies = Self.unsaid(plan, report) + report.claimFindings(plan.claims)
      + Self.certificateFindings(plan, document.cluster, claimed: claimed, proved: proved)
    movesLowerBound = min(proved ?? 0, report.moves)
    if let claimed, claimed <= Rational(movesLowerBound) { movesLowerBound = claimed.floor ?? 0 }
    holds = lies.isEmpty
    report.put(first: lies)
  }

  /// What planning would have told.
  private static func unsaid(_ plan: PlanDocument, _ report: Report) -> [Finding] {
    var findings: [Finding] = []
    if Operation(rawValue: plan.operation) == nil {
      findings.append(untrue("operation", "\(plan.operation) is no operation that plat plans"))
    }
    for path in report.figures.map(\.path) + ["movesLowerBound"] where !plan.claims.contains(where: { $0.path == path }) {
      findings.append(untrue("summary.\(path)", "the plan does not say it"))
    }
    if plan.findings != ReportWriter.minifiedFindings(report) {
      findings.append(untrue("findings", "they are not what a recount finds"))
    }
    return findings
  }

  private static func certificateFindings(
    _ plan: PlanDocument, _ cluster: Cluster, claimed: Rational?, proved: Int?
  ) -> [Finding] {
    guard let certificate = plan.certificate else {
      return [untrue("certificate", "the plan carries none")]
    }
    var findings: [Finding] = []
    if certificate.digest != certificate.digestNow(plan, cluster, movesLowerBound: claimed?.description ?? "") {
      findings.append(untrue("certificate.digest", "operation, map, bound or prices are not as they were when the plan was made"))
    }
    if let claimed, let proved, claimed > Rational(proved) {
      findings.append(
        Finding(
          strength: .hard, rule: "certificate.prices", want: claimed.floor ?? .max, have: proved,
          because: "the plan claims that no map is reached with fewer moves than \(claimed), and its prices prove "
            + "\(proved)"))
    }
    return findings
  }

  /// 1 true statement wanted, 0 had.
  private static func untrue(_ rule: String, _ because: String) -> Finding {
    Finding(strength: .hard, rule: rule, want: 1, have: 0, because: because)
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
