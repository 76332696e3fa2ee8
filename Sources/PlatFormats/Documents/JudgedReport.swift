import PlatEngine

/// What was found out about a map, as a document: `map`, as far as it says which one was judged, `summary` and
/// `findings` as in a plan.
package enum JudgedReport {
  package static func write(
    _ report: Report, _ header: MapHeader, _ movement: ReportWriter.Movement?, to writer: inout JSONWriter
  ) {
    writer.beginObject(.lines)
    writer.member("plat", 1)
    MapWriter.write(header, to: &writer)
    ReportWriter.writeSummary(report, movement: movement, to: &writer)
    ReportWriter.writeFindings(report.findings, more: report.moreFindings, to: &writer)
    writer.endObject()
  }

  package static func write(
    _ report: Report, _ header: MapHeader, _ movement: ReportWriter.Movement?, to path: String?
  ) throws {
    var writer = JSONWriter()
    write(report, header, movement, to: &writer)
    try writer.write(to: path)
  }
}

extension ClusterDocument {
  /// What the Judge says of `map`: the plan's target, or the cluster's own map where there is none; what the plan
  /// claims of itself and is not so comes first.
  package func judged(
    _ map: MapDocument, _ plan: PlanDocument?, in source: DocumentSource, threads: Int, interrupt: Interrupt? = nil
  ) throws -> Report {
    try source.locatingErrors {
      var report = try Judge.judge(
        DenseCluster(cluster), map: map.placement, from: plan == nil ? nil : mapBefore(), threads: threads,
        interrupt: interrupt)
      report.put(first: report.claimFindings(plan?.claims ?? []))
      return report
    }
  }
}

extension GroupDocument {
  /// The same of all maps.
  package func judged(
    _ maps: [MapDocument], _ plan: GroupPlanDocument?, in source: DocumentSource, interrupt: Interrupt? = nil
  ) throws -> GroupReport {
    try source.locatingErrors {
      var report = try Judge.judge(
        DenseGroup(group), maps: maps.map(\.placement), from: plan == nil ? nil : mapsBefore(), interrupt: interrupt)
      if let plan { report.putClaims(of: plan) }
      return report
    }
  }
}
