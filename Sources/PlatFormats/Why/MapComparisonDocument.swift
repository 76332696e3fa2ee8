import PlatEngine

/// A comparison for people and as a document.
extension MapComparison {
  /// Lines for people: what differs, then both sides' figures in two columns.
  public var text: String {
    func row(_ what: String, _ a: String, _ b: String) -> String {
      func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(1, width - text.count)) }
      return "  " + padded(what, 22) + padded(a, 22) + b + "\n"
    }
    var text = areSame
      ? "the maps are the same: \(shared) replicas\n"
      : "\(differing) of \(a.map.placement.partitionCount) partitions differ: \(shared) replicas in both, \(otherState) of "
        + "them in another state, \(onlyA) in A only, \(onlyB) in B only\n"
    text += row("", "A", "B")
    text += row("revision", "\(a.map.header.revision)", "\(b.map.header.revision)")
    for state in states {
      func spread(_ side: Side) -> String {
        side.report.load.first { $0.state == state }.map { "\($0.spread.least) to \($0.spread.greatest)" } ?? "–"
      }
      text += row("load \(state)", spread(a), spread(b))
    }
    func total(_ side: Side) -> String { side.report.total.map { "\($0.least) to \($0.greatest)" } ?? "–" }
    text += row("load in all", total(a), total(b))
    text += row("fan-out to, from", peers(a), peers(b))
    text += row("unmet", rules(a) { "\($0.unmet)" }, rules(b) { "\($0.unmet)" })
    text += row("soft rules broken", rules(a) { "\($0.brokenSoft)" }, rules(b) { "\($0.brokenSoft)" })
    text += row("health", rules(a) { $0.health.rawValue }, rules(b) { $0.health.rawValue })
    return text + row("nodes with other loads", "\(loads.count)", "")
  }

  private func peers(_ side: Side) -> String { "\(side.report.fanOutOutbound), \(side.report.fanOutInbound)" }

  private func rules(_ side: Side, _ figure: (Report) -> String) -> String {
    side.cluster == nil ? "–" : figure(side.report)
  }

  private var states: [String] {
    a.report.load.map(\.state) + b.report.load.map(\.state).filter { state in !a.report.load.contains { $0.state == state } }
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject(.lines)
    writer.member("plat", 1)
    writer.key("same")
    writer.bool(areSame)
    writer.key("replicas")
    writer.beginObject(.compact)
    writer.member("both", shared)
    writer.member("otherState", otherState)
    writer.member("onlyA", onlyA)
    writer.member("onlyB", onlyB)
    writer.endObject()
    write(a, "a", to: &writer)
    write(b, "b", to: &writer)
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
    writer.member("partitionsThatDiffer", differing)
    writer.key("partitions")
    writer.beginArray(.lines)
    for difference in differences {
      writer.beginObject(.compact)
      writer.member("partition", (a.cluster ?? b.cluster)?.partitionName(difference.partition) ?? "\(difference.partition)")
      for (side, holders) in [("a", difference.a), ("b", difference.b)] {
        writer.key(side)
        writer.beginObject(.compact)
        for (state, nodes) in holders {
          writer.key(state)
          writer.beginArray(.compact)
          for node in nodes { writer.string(node) }
          writer.endArray()
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
    writer.endObject()
  }

  private func write(_ side: Side, _ name: String, to writer: inout JSONWriter) {
    writer.key(name)
    writer.beginObject(.lines)
    writer.member("revision", Int(side.map.header.revision))
    writer.key("load")
    writer.beginObject(.lines)
    for (state, spread) in side.report.load + (side.report.total.map { [("total", $0)] } ?? []) {
      writer.key(state)
      writer.beginObject(.compact)
      writer.member("min", spread.least)
      writer.member("max", spread.greatest)
      writer.endObject()
    }
    writer.endObject()
    writer.key("fanOut")
    writer.beginObject(.compact)
    writer.member("outbound", side.report.fanOutOutbound)
    writer.member("inbound", side.report.fanOutInbound)
    writer.endObject()
    if side.cluster != nil {
      writer.member("brokenSoft", side.report.brokenSoft)
      writer.member("unmet", side.report.unmet)
      writer.member("health", side.report.health.rawValue)
    }
    writer.endObject()
  }
}
