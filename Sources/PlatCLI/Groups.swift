import PlatEngine
import PlatFormats

/// `check` and `verify` for documents with several maps, and what is said of them.
enum Groups {
  static func check(
    _ source: DocumentSource, _ document: GroupDocument, plan: GroupPlanDocument?, to path: String?, _ console: Console
  ) throws -> Bool {
    for (index, map) in document.maps.enumerated() where plan == nil && map == nil {
      throw source.error(
        InputError(path: "maps[\(index)]", found: "no map", expected: "a cluster with every map, or a plan for it"))
    }
    let maps = plan?.maps ?? document.maps.compactMap { $0 }
    let report = try console.stage("judging") { try document.judged(maps, plan, in: source) }
    let movement = plan.map { _ in ReportWriter.Movement(movesLowerBound: nil) }
    try console.stage("writing") {
      var writer = JSONWriter()
      GroupWriter.write(report, headers: maps.map(\.header), of: document, movement: movement, to: &writer)
      try writer.write(to: path)
    }
    summarize(report, plan == nil ? "the" : "the plan of", document, movement, console)
    return report.meetsHardRules && !report.hasLies
  }

  static func verify(
    _ source: DocumentSource, _ document: GroupDocument, _ plan: GroupPlanDocument, to path: String?, _ console: Console
  ) throws -> Bool {
    let proof = try console.stage("verifying") {
      try source.locatingErrors { try GroupProof(plan, of: document, DenseGroup(document.group)) }
    }
    let movement = ReportWriter.Movement(proof)
    try console.stage("writing") {
      var writer = JSONWriter()
      GroupWriter.write(proof.report, headers: plan.maps.map(\.header), of: document, movement: movement, to: &writer)
      try writer.write(to: path)
    }
    summarize(
      proof.report, "the plan of", document, movement, console, holds: proof.holds)
    return proof.holds && proof.report.meetsHardRules
  }

  /// Figures of all maps together, and the first findings of any.
  static func summarize(
    _ report: GroupReport, _ what: String, _ document: GroupDocument, _ movement: ReportWriter.Movement?,
    _ console: Console, holds: Bool? = nil, heldBack: Int = 0
  ) {
    var sum = report.sum
    for (member, map) in zip(document.group.members, report.maps) {
      for var finding in map.findings.prefix(max(0, 8 - sum.findings.count)) {
        finding.rule = "\(member.name): \(finding.rule)"
        sum.findings.append(finding)
      }
    }
    let findings = (report.maps + [report.sum]).reduce(0) { $0 + $1.findings.count + $1.moreFindings }
    sum.moreFindings = findings - sum.findings.count
    let partitions = document.group.members.reduce(0) { $0 + $1.settings.partitionCount }
    console.summarize {
      "\(what) \(report.maps.count) maps of \(partitions) partitions on \(document.group.shared.nodes.count) nodes\n"
        + ReportSummary.text(sum, movement: movement) + (holds.map(ReportSummary.certificate) ?? "")
        + ReportSummary.costs(console) + (heldBack > 0 ? "  held back by moveBudget: \(heldBack) moves\n" : "")
    } json: { writer in
      if heldBack > 0 { writer.member("movesHeldBack", heldBack) }
      ReportWriter.writeSummary(report.sum, movement: movement, to: &writer)
      writer.member("findings", findings)
      if let holds {
        writer.key("holds")
        writer.bool(holds)
      }
      ReportSummary.writeCosts(console, to: &writer)
    }
  }
}
