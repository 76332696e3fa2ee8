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
