import PlatEngine

/// A comparison of several maps for people and as a document.
extension GroupComparison {
  /// Lines for people: which maps differ, then both sides' figures over all maps.
  public var text: String {
    let differing = maps.filter { !$0.comparison.areSame }
    var text =
      areSame
      ? "the \(maps.count) maps are the same: \(replicas.both) replicas\n"
      : "\(differing.count) of \(maps.count) maps differ: \(replicas.words)\n"
    for (name, comparison) in differing.prefix(8) {
      text +=
        "  \(name): \(comparison.differing) of \(comparison.a.map.placement.partitionCount) partitions: "
        + "\(comparison.replicas.words)\n"
    }
    if differing.count > 8 { text += "  and \(differing.count - 8) more\n" }
    for (side, names) in [("A", onlyInA), ("B", onlyInB)] where !names.isEmpty {
      text +=
        "  only in \(side): \(names.prefix(8).joined(separator: ", "))\(names.count > 8 ? " and \(names.count - 8) more" : "")\n"
    }
    return text
      + MapComparison.figures(
        (a.sum, a.isJudged), (b.sum, b.isJudged), nodes: loads.count, revisions: nil)
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject(.lines)
    writer.member("plat", 1)
    writer.key("same")
    writer.bool(areSame)
    writer.key("maps")
    writer.beginArray(.lines)
    for (name, comparison) in maps {
      if writer.isStopped() { break }
      writer.beginObject(.lines)
      writer.member("name", name)
      comparison.writeMembers(to: &writer)
      writer.endObject()
    }
    for (side, names) in [("a", onlyInA), ("b", onlyInB)] {
      for name in names {
        writer.beginObject(.compact)
        writer.member("name", name)
        writer.member("onlyIn", side)
        writer.endObject()
      }
    }
    writer.endArray()
    replicas.write(to: &writer)
    for (name, side) in [("a", a), ("b", b)] {
      writer.key(name)
      writer.beginObject(.lines)
      MapComparison.writeFigures(side.sum, isJudged: side.isJudged, to: &writer)
      writer.endObject()
    }
    MapComparison.write(loads, of: MapComparison.states(a.sum, b.sum), to: &writer)
    writer.endObject()
  }
}
