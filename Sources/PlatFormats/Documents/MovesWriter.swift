import PlatEngine

/// Writes the bare difference between two maps, or between several and theirs: which node becomes what in which
/// partition.
public enum MovesWriter {
  package struct Counts {
    package var moves = 0
    package var roleChanges = 0
    package var removals = 0
  }

  /// What changes in one map.
  package struct Part {
    fileprivate var map: MapRevisions
    package var changes: [Change]

    package init(_ map: MapRevisions, changes: [Change]) { (self.map, self.changes) = (map, changes) }
  }

  /// One part without a name, or each map of several. Returns what it wrote. O(changes).
  @discardableResult
  package static func write(_ parts: [Part], into writer: inout JSONWriter) -> Counts {
    var counts = Counts()
    writer.beginObject(.lines)
    writer.member("plat", 1)
    MapRevisions.write(parts.map(\.map), &writer)
    writer.key("moves")
    writer.beginArray(.lines)
    for part in parts { write(part, &counts, &writer) }
    writer.endArray()
    writer.key("summary")
    writer.beginObject(.compact)
    writer.member("moves", counts.moves)
    writer.member("roleChanges", counts.roleChanges)
    writer.member("removals", counts.removals)
    writer.endObject()
    writer.endObject()
    return counts
  }

  private static func write(_ part: Part, _ counts: inout Counts, _ writer: inout JSONWriter) {
    let cluster = part.map.cluster
    let model = cluster.settings.model
    for (index, change) in part.changes.enumerated() {
      if writer.isStopped(at: index) { break }
      if change.isMove(in: model) {
        counts.moves += 1
      } else if change.isRoleChange(in: model) {
        counts.roleChanges += 1
      } else if model.holdsData(change.change.from) {
        counts.removals += 1
      }
      writer.beginObject(.compact)
      if let name = part.map.name { writer.member("map", name) }
      writer.member("partition", cluster.partitionName(change.partition.int))
      writer.member("node", cluster.nodes[change.node.int].name)
      writer.key("change")
      writer.beginArray(.compact)
      writer.string(model.name(change.change.from))
      writer.string(model.name(change.change.to))
      writer.endArray()
      writer.endObject()
    }
  }
}
