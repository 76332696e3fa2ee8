import PlatEngine

/// A comparison for people and as a document.
extension MapComparison {
  /// Lines for people: what differs, then both sides' figures in two columns.
  public var text: String {
    (areSame
      ? "the maps are the same: \(replicas.both) replicas\n"
      : "\(differing) of \(a.map.placement.partitionCount) partitions differ: \(replicas.words)\n")
      + Self.figures(
        (a.report, a.cluster != nil), (b.report, b.cluster != nil), nodes: loads.count,
        revisions: (a.map.header.revision, b.map.header.revision))
  }

  /// Figures of both sides in two columns, with rules where they are judged.
  static func figures(
    _ a: (report: Report, isJudged: Bool), _ b: (report: Report, isJudged: Bool), nodes: Int,
    revisions: (UInt64, UInt64)?
  ) -> String {
    func padded(_ text: String) -> String { text + String(repeating: " ", count: max(1, 22 - text.count)) }
    func row(_ what: String, _ a: String, _ b: String) -> String { "  " + padded(what) + padded(a) + b + "\n" }
    func row(_ what: String, _ figure: ((report: Report, isJudged: Bool)) -> String?) -> String {
      row(what, figure(a) ?? "–", figure(b) ?? "–")
    }
    var text = row("", "A", "B")
    if let revisions { text += row("revision", "\(revisions.0)", "\(revisions.1)") }
    for state in states(a.report, b.report) {
      text += row("load \(state)") { side in
        side.report.load.first { $0.state == state }.map { "\($0.spread.least) to \($0.spread.greatest)" }
      }
    }
    text += row("load in all") { $0.report.total.map { "\($0.least) to \($0.greatest)" } }
    text += row("fan-out to, from") { "\($0.report.fanOutOutbound), \($0.report.fanOutInbound)" }
    text += row("unmet") { $0.isJudged ? "\($0.report.unmet)" : nil }
    text += row("soft rules broken") { $0.isJudged ? "\($0.report.brokenSoft)" : nil }
    text += row("health") { $0.isJudged ? $0.report.health.rawValue : nil }
    return text + row("nodes with other loads", "\(nodes)", "")
  }

  /// The states of both.
  static func states(_ a: Report, _ b: Report) -> [String] {
    a.load.map(\.state) + b.load.map(\.state).filter { state in !a.load.contains { $0.state == state } }
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject(.lines)
    writer.member("plat", 1)
    writeMembers(to: &writer)
    writer.endObject()
  }

  func writeMembers(to writer: inout JSONWriter) {
    writer.key("same")
    writer.bool(areSame)
    replicas.write(to: &writer)
    write(a, "a", to: &writer)
    write(b, "b", to: &writer)
    Self.write(loads, of: Self.states(a.report, b.report), to: &writer)
    writer.member("partitionsThatDiffer", differing)
    writer.key("partitions")
    writer.beginArray(.lines)
    for difference in differences {
      writer.beginObject(.compact)
      writer.member(
        "partition", (a.cluster ?? b.cluster)?.partitionName(difference.partition) ?? "\(difference.partition)")
      for (side, holders) in [("a", difference.a), ("b", difference.b)] {
        writer.key(side)
        writer.beginObject(.compact)
        for (state, nodes) in holders {
          writer.member(state, nodes)
        }
        writer.endObject()
      }
      writer.endObject()
    }
    if differing > differences.count {
      writer.beginObject(.compact)
      writer.member("more", differing - differences.count)
      writer.endObject()
    }
    writer.endArray()
  }

  /// What each node has on either side.
  static func write(_ loads: [NodeLoads], of states: [String], to writer: inout JSONWriter) {
    writer.key("nodes")
    writer.beginArray(.lines)
    for load in loads {
      writer.beginObject(.compact)
      writer.member("node", load.node)
      for (side, counts) in [("a", load.a), ("b", load.b)] {
        writer.key(side)
        writer.beginObject(.compact)
        for state in states + ["total"] where counts[state] != nil { writer.member(state, counts[state]!) }
        writer.endObject()
      }
      writer.endObject()
    }
    writer.endArray()
  }

  private func write(_ side: Side, _ name: String, to writer: inout JSONWriter) {
    writer.key(name)
    writer.beginObject(.lines)
    writer.member("revision", Int(side.map.header.revision))
    Self.writeFigures(side.report, isJudged: side.cluster != nil, to: &writer)
    writer.endObject()
  }

  static func writeFigures(_ report: Report, isJudged: Bool, to writer: inout JSONWriter) {
    writer.key("load")
    writer.beginObject(.lines)
    for (state, spread) in report.load + (report.total.map { [("total", $0)] } ?? []) {
      writer.key(state)
      writer.beginObject(.compact)
      writer.member("min", spread.least)
      writer.member("max", spread.greatest)
      writer.endObject()
    }
    writer.endObject()
    writer.key("fanOut")
    writer.beginObject(.compact)
    writer.member("outbound", report.fanOutOutbound)
    writer.member("inbound", report.fanOutInbound)
    writer.endObject()
    if isJudged {
      writer.member("brokenSoft", report.brokenSoft)
      writer.member("unmet", report.unmet)
      writer.member("health", report.health.rawValue)
    }
  }
}

extension MapComparison.Counts {
  var words: String {
    "\(both) replicas in both, \(otherState) of them in another state, \(onlyA) in A only, \(onlyB) in B only"
  }

  func write(to writer: inout JSONWriter) {
    writer.key("replicas")
    writer.beginObject(.compact)
    writer.member("both", both)
    writer.member("otherState", otherState)
    writer.member("onlyA", onlyA)
    writer.member("onlyB", onlyB)
    writer.endObject()
  }
}
