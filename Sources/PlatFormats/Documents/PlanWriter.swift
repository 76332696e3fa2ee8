import PlatEngine

/// Writes plan documents. The same plan gives the same bytes: what differs between runs (times, memory) is not in it.
public enum PlanWriter {
  /// `report`: what the Judge says about the plan. O(P · R).
  package static func write(
    _ plan: PlanDocument, of cluster: Cluster, report: Report, movesLowerBound: Int?,
    movesWeightLowerBound: Rational? = nil, to writer: inout JSONWriter
  ) {
    writer.beginObject(.lines)
    writer.key("plat")
    writer.integer(1)
    writer.key("operation")
    writer.string(plan.operation)
    writer.key("map")
    MapWriter.write(plan.map, of: cluster, to: &writer)
    if let before = plan.mapBefore {
      writer.key("mapBefore")
      MapWriter.write(before, of: cluster, to: &writer)
    }
    ReportWriter.writeSummary(
      report, movement: .init(movesLowerBound: movesLowerBound, movesWeightLowerBound: movesWeightLowerBound),
      to: &writer)
    ReportWriter.writeFindings(report.findings, more: report.moreFindings, to: &writer)
    if let certificate = plan.certificate {
      writer.key("certificate")
      CertificateWriter.write(certificate, of: cluster, to: &writer)
    }
    for member in plan.extensions { writer.extension(member) }
    writer.endObject()
  }

  /// A quarter more than the document will take, as a rule.
  package static func estimatedBytes(_ plan: PlanDocument, of cluster: Cluster) -> Int {
    MapWriter.estimatedBytes(plan.map, of: cluster) + (1 << 20)
  }
}

/// Writes what the Judge found, as the members `summary` and `findings` of an object.
package enum ReportWriter {
  /// What a summary says about the way from the map before. Without one, there are no moves.
  package struct Movement {
    package var movesLowerBound: Int?
    /// Where partitions differ in weight.
    package var movesWeightLowerBound: Rational?

    package init(movesLowerBound: Int?, movesWeightLowerBound: Rational? = nil) {
      self.movesLowerBound = movesLowerBound
      self.movesWeightLowerBound = movesWeightLowerBound
    }

    package init(_ plan: Plan) {
      self.init(movesLowerBound: plan.movesLowerBound, movesWeightLowerBound: plan.movesWeightLowerBound)
    }

    package init(_ plan: GroupPlan) {
      self.init(movesLowerBound: plan.movesLowerBound, movesWeightLowerBound: plan.movesWeightLowerBound)
    }

    package init(_ proof: GroupProof) {
      self.init(movesLowerBound: proof.movesLowerBound, movesWeightLowerBound: proof.movesWeightLowerBound)
    }
  }

  package static func writeSummary(_ report: Report, movement: Movement?, to writer: inout JSONWriter) {
    writer.key("summary")
    writer.beginObject(.lines)
    if let movement {
      writer.member("moves", report.moves)
      if let bound = movement.movesLowerBound { writer.member("movesLowerBound", bound) }
      if let weight = report.inWeight {
        writer.member("movesWeight", weight.moves)
        if let bound = movement.movesWeightLowerBound { writer.member("movesWeightLowerBound", bound) }
      }
      writer.member("roleChanges", report.roleChanges)
    }
    writer.key("load")
    writer.beginObject(.lines)
    for (state, spread) in report.spreads { write(spread, named: state, to: &writer) }
    writer.endObject()
    writer.key("fanOut")
    writer.beginObject(.compact)
    writer.member("outbound", report.fanOutOutbound)
    writer.member("inbound", report.fanOutInbound)
    writer.endObject()
    writer.member("brokenSoft", report.brokenSoft)
    writer.member("unmet", report.unmet)
    writer.key("health")
    writer.string(report.health.rawValue)
    writer.endObject()
  }

  private static func write(_ spread: WeightSpread, named name: String, to writer: inout JSONWriter) {
    writer.key(name)
    writer.beginObject(.compact)
    writer.member("min", spread.least)
    writer.member("max", spread.greatest)
    writer.key("ideal")
    writer.beginArray(.compact)
    writer.string(spread.leastDue.description)
    writer.string(spread.greatestDue.description)
    writer.endArray()
    writer.endObject()
  }

  package static func writeFindings(_ findings: [Finding], more: Int, to writer: inout JSONWriter) {
    writer.key("findings")
    writer.beginArray(.lines)
    for finding in findings { write(finding, to: &writer) }
    if more > 0 {
      writer.beginObject(.compact)
      writer.member("more", more)
      writer.endObject()
    }
    writer.endArray()
  }

  package static func write(_ finding: Finding, to writer: inout JSONWriter) {
    writer.beginObject(.compact)
    writer.member("strength", finding.strength.rawValue)
    writer.member("rule", finding.rule)
    if let map = finding.map { writer.member("map", map) }
    if let partition = finding.partition { writer.member("partition", partition) }
    if let node = finding.node { writer.member("node", node) }
    if let container = finding.container { writer.member("container", container) }
    writer.member("want", finding.want)
    writer.member("have", finding.have)
    writer.member("because", finding.because)
    if let shortage = finding.shortage { ShortageWriter.write(shortage, to: &writer) }
    writer.endObject()
  }
}

extension JSONWriter {
  /// A whole number as such, any other as text.
  package mutating func member(_ key: String, _ value: Rational) {
    if value.isInteger, let parts = value.parts { return member(key, parts.numerator) }
    member(key, value.description)
  }

  package mutating func member(_ key: String, _ value: Int) {
    self.key(key)
    integer(value)
  }

  package mutating func member(_ key: String, _ value: String) {
    self.key(key)
    string(value)
  }

  /// An array of texts.
  mutating func member(_ key: String, _ texts: some Sequence<String>) {
    self.key(key)
    strings(texts)
  }

  mutating func strings(_ texts: some Sequence<String>) {
    beginArray(.compact)
    for text in texts { string(text) }
    endArray()
  }
}
