import PlatEngine

/// Writes documents with several maps.
public enum GroupWriter {
  /// A cluster document. Settings that are the document's own are not repeated. O(N + Σ P · R).
  package static func write(_ document: GroupDocument, to writer: inout JSONWriter) {
    let group = document.group
    let shared = group.shared
    writer.beginObject(.lines)
    writer.member("plat", 1)
    writer.key("settings")
    ClusterWriter.writeSettings(shared, to: &writer)
    ClusterWriter.writeModels(shared, to: &writer)
    if shared.config != MovementConfig() {
      writer.key("config")
      ClusterWriter.writeConfig(shared, to: &writer)
    }
    ClusterWriter.writeTree(shared, to: &writer)
    ClusterWriter.writeNodes(shared, to: &writer)
    writer.key("maps")
    writer.beginArray(.lines)
    for (index, member) in group.members.enumerated() {
      if writer.isStopped() { break }
      let cluster = group.cluster(index)
      writer.beginObject(.lines)
      writer.member("name", member.name)
      if member.settings != shared.settings {
        writer.key("settings")
        ClusterWriter.writeSettings(cluster, over: shared.settings, to: &writer)
      }
      ClusterWriter.writeWeights(cluster, to: &writer)
      if let map = document.maps[index] {
        writer.key("map")
        MapWriter.write(map, of: cluster, to: &writer)
      }
      writer.endObject()
    }
    writer.endArray()
    for member in shared.extensions { writer.extension(member) }
    writer.endObject()
  }

  /// A plan document. `report`: what the Judge says. `planned`: the plan that it was made from.
  package static func write(
    _ plan: GroupPlanDocument, of document: GroupDocument, report: GroupReport, planned: GroupPlan,
    to writer: inout JSONWriter
  ) {
    writer.beginObject(.lines)
    writer.member("plat", 1)
    writer.key("operation")
    writer.string(plan.operation)
    writeMaps(plan.plans, of: document, report, planned.plans, to: &writer)
    ReportWriter.writeSummary(report.sum, movement: .init(planned), to: &writer)
    ReportWriter.writeFindings(report.sum.findings, more: report.sum.moreFindings, to: &writer)
    if let digest = plan.digest {
      writer.key("certificate")
      writer.beginObject(.lines)
      writer.member("digest", CertificateWriter.text(digest))
      writer.endObject()
    }
    for member in plan.extensions { writer.extension(member) }
    writer.endObject()
  }

  /// The report of `plat check` or `plat verify`. `movement`: it is about a plan; what is proved of all.
  package static func write(
    _ report: GroupReport, headers: [MapHeader?], of document: GroupDocument, movement all: ReportWriter.Movement?,
    to writer: inout JSONWriter
  ) {
    let movement = all.map { _ in ReportWriter.Movement(movesLowerBound: nil) }
    writer.beginObject(.lines)
    writer.member("plat", 1)
    writer.key("maps")
    writer.beginArray(.lines)
    for (index, member) in document.group.members.enumerated() {
      if writer.isStopped() { break }
      writer.beginObject(.lines)
      writer.member("name", member.name)
      if let header = headers[index] { MapWriter.write(header, to: &writer) }
      ReportWriter.writeSummary(report.maps[index], movement: movement, to: &writer)
      ReportWriter.writeFindings(report.maps[index].findings, more: report.maps[index].moreFindings, to: &writer)
      writer.endObject()
    }
    writer.endArray()
    ReportWriter.writeSummary(report.sum, movement: all, to: &writer)
    ReportWriter.writeFindings(report.sum.findings, more: report.sum.moreFindings, to: &writer)
    writer.endObject()
  }

  private static func writeMaps(
    _ plans: [PlanDocument], of document: GroupDocument, _ report: GroupReport, _ planned: [Plan],
    to writer: inout JSONWriter
  ) {
    writer.key("maps")
    writer.beginArray(.lines)
    for (index, plan) in plans.enumerated() {
      if writer.isStopped() { break }
      let cluster = document.group.cluster(index)
      writer.beginObject(.lines)
      writer.member("name", document.group.members[index].name)
      writer.key("map")
      MapWriter.write(plan.map, of: cluster, to: &writer)
      if let before = plan.mapBefore {
        writer.key("mapBefore")
        MapWriter.write(before, of: cluster, to: &writer)
      }
      ReportWriter.writeSummary(report.maps[index], movement: .init(planned[index]), to: &writer)
      ReportWriter.writeFindings(report.maps[index].findings, more: report.maps[index].moreFindings, to: &writer)
      if let certificate = plan.certificate {
        writer.key("certificate")
        CertificateWriter.write(certificate, of: cluster, to: &writer)
      }
      writer.endObject()
    }
    writer.endArray()
  }

  /// A quarter more than the document will take, as a rule.
  package static func estimatedBytes(_ maps: [MapDocument?], of document: GroupDocument) -> Int {
    maps.enumerated().reduce(1 << 20) { sum, map in
      sum + 2048 + (map.element.map { MapWriter.estimatedBytes($0, of: document.group.cluster(map.offset)) } ?? 0)
    }
  }
}

extension GroupReport {
  /// What a plan claims of each map and of all, and a recount denies, before all other findings. Maps are named by
  /// their place: `maps[2].summary.moves`.
  public mutating func putClaims(of plan: GroupPlanDocument) {
    for index in maps.indices where index < plan.plans.count {
      maps[index].put(first: maps[index].claimFindings(plan.plans[index].claims))
    }
    sum.put(first: sum.claimFindings(plan.sumClaims))
  }

  /// A claim was found wrong.
  public var hasLies: Bool { (maps + [sum]).contains { $0.findings.contains { $0.rule.hasPrefix("summary.") } } }
}
