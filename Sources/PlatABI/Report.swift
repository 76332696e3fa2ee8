import CPlat
import PlatEngine
import PlatFormats

/// Behind `plat_report`. It never changes.
final class ReportHandle: Sendable {
  let report: Report
  let header: MapHeader
  /// What the document says of the way there; nil where a cluster's own map was judged.
  let movement: ReportWriter.Movement?
  let holds: Bool
  let movesLowerBound: Int
  private let loads: CTexts
  private let findings: CTexts

  private static let textsOfLoad = 5
  private static let textsOfFinding = 5

  init(_ report: Report, _ header: MapHeader, _ movement: ReportWriter.Movement?, holds: Bool, movesLowerBound: Int) {
    self.report = report
    self.header = header
    self.movement = movement
    self.holds = holds
    self.movesLowerBound = movesLowerBound
    loads = CTexts(
      report.spreads.flatMap { name, spread in
        [name] + [spread.least, spread.greatest, spread.leastDue, spread.greatestDue].map(\.description)
      })
    findings = CTexts(
      report.findings.flatMap { [$0.rule, $0.partition ?? "", $0.node ?? "", $0.container ?? "", $0.because] })
  }

  var summary: plat_summary {
    var summary = plat_summary()
    switch report.health {
    case .green: summary.health = UInt32(PLAT_HEALTH_GREEN)
    case .yellow: summary.health = UInt32(PLAT_HEALTH_YELLOW)
    case .red: summary.health = UInt32(PLAT_HEALTH_RED)
    }
    summary.unmet = UInt64(clamping: report.unmet)
    summary.broken_soft = UInt64(clamping: report.brokenSoft)
    summary.moves = UInt64(clamping: movement == nil ? 0 : report.moves)
    summary.moves_lower_bound = UInt64(clamping: movesLowerBound)
    summary.role_changes = UInt64(clamping: movement == nil ? 0 : report.roleChanges)
    summary.leaderless = UInt64(clamping: report.leaderless)
    summary.fan_out_outbound = UInt32(clamping: report.fanOutOutbound)
    summary.fan_out_inbound = UInt32(clamping: report.fanOutInbound)
    summary.is_balanced = report.isBalanced ? 1 : 0
    summary.holds = holds ? 1 : 0
    summary.load_count = UInt32(report.spreads.count)
    summary.finding_count = UInt32(report.findings.count)
    summary.more_findings = UInt64(clamping: report.moreFindings)
    return summary
  }

  func load(_ index: UInt32) throws -> plat_load {
    guard Int(index) < report.spreads.count else { throw Refusal.notFound("there is no load \(index)") }
    let first = Int(index) * Self.textsOfLoad
    var load = plat_load()
    load.state = loads[first]
    (load.least, load.greatest) = (loads[first + 1], loads[first + 2])
    (load.least_due, load.greatest_due) = (loads[first + 3], loads[first + 4])
    return load
  }

  func finding(_ index: UInt32) throws -> plat_finding {
    guard Int(index) < report.findings.count else { throw Refusal.notFound("there is no finding \(index)") }
    let (told, first) = (report.findings[Int(index)], Int(index) * Self.textsOfFinding)
    var finding = plat_finding()
    finding.strength = UInt32(told.strength == .hard ? PLAT_HARD : PLAT_SOFT)
    (finding.want, finding.have) = (Int64(told.want), Int64(told.have))
    finding.rule = findings[first]
    finding.partition = told.partition == nil ? nil : findings[first + 1]
    finding.node = told.node == nil ? nil : findings[first + 2]
    finding.container = told.container == nil ? nil : findings[first + 3]
    finding.because = findings[first + 4]
    return finding
  }
}

/// A cluster with a plan for it, or none.
private func pair(_ cluster: OpaquePointer?, _ plan: OpaquePointer?) throws -> (ClusterHandle, PlanHandle?) {
  let cluster: ClusterHandle = try Handle.take(cluster, "cluster")
  let plan: PlanHandle? = Handle.peek(plan)
  if let plan { try cluster.refuseOther(plan) }
  return (cluster, plan)
}

@c @implementation
public func plat_check(
  _ cluster: OpaquePointer?, _ plan: OpaquePointer?, _ options: OpaquePointer?, _ control: OpaquePointer?,
  _ report: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let out = try Handle.out(report, "report")
    let (cluster, plan) = try pair(cluster, plan)
    guard let map = plan?.document.map ?? cluster.document.map else {
      throw Refusal.notFound("a fresh cluster has no map to check: give a plan for it")
    }
    let work = try Work(options, control, needs: cluster.smallBytes, stages: Stages.check)
    var made = try cluster.locatingErrors {
      try Judge.judge(
        cluster.dense, map: map.placement, from: plan == nil ? nil : cluster.document.mapBefore(),
        threads: work.values.threads, interrupt: work.interrupt)
    }
    made.put(first: made.claimFindings(plan?.document.claims ?? []))
    out.pointee = Handle.give(
      ReportHandle(
        made, map.header, plan.map { _ in ReportWriter.Movement(movesLowerBound: nil) },
        holds: !made.findings.contains { $0.rule.hasPrefix("summary.") }, movesLowerBound: plan?.movesLowerBound ?? 0))
  }
}

@c @implementation
public func plat_verify(
  _ cluster: OpaquePointer?, _ plan: OpaquePointer?, _ options: OpaquePointer?, _ control: OpaquePointer?,
  _ report: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let out = try Handle.out(report, "report")
    let (cluster, given) = try pair(cluster, plan)
    guard let given else { throw Refusal.argument("plan", found: "NULL", expected: "a plan") }
    let work = try Work(options, control, needs: cluster.smallBytes, stages: Stages.verify)
    let document = try given.withClaims(work)
    let proof = try cluster.locatingErrors {
      try PlanProof(document, of: cluster.document, cluster.dense, interrupt: work.interrupt)
    }
    try work.interrupt?.finished("verifying")
    out.pointee = Handle.give(
      ReportHandle(
        proof.report, document.map.header, ReportWriter.Movement(movesLowerBound: proof.movesLowerBound),
        holds: proof.holds, movesLowerBound: proof.movesLowerBound))
  }
}

@c @implementation
public func plat_report_free(_ report: OpaquePointer?) { Handle.free(report, ReportHandle.self) }

@c @implementation
public func plat_report_summary(
  _ report: OpaquePointer?, _ summary: UnsafeMutablePointer<plat_summary>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  shortCall(error) {
    let report: ReportHandle = try Handle.take(report, "report")
    try Sized.write(report.summary, to: summary, "summary")
  }
}

@c @implementation
public func plat_report_load(
  _ report: OpaquePointer?, _ index: UInt32, _ load: UnsafeMutablePointer<plat_load>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  shortCall(error) {
    let report: ReportHandle = try Handle.take(report, "report")
    try Sized.write(try report.load(index), to: load, "load")
  }
}

@c @implementation
public func plat_report_finding(
  _ report: OpaquePointer?, _ index: UInt32, _ finding: UnsafeMutablePointer<plat_finding>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  shortCall(error) {
    let report: ReportHandle = try Handle.take(report, "report")
    try Sized.write(try report.finding(index), to: finding, "finding")
  }
}

@c @implementation
public func plat_report_to_document(
  _ report: OpaquePointer?, _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let report: ReportHandle = try Handle.take(report, "report")
    try giveDocument(bytes, Work()) { JudgedReport.write(report.report, report.header, report.movement, to: &$0) }
  }
}
