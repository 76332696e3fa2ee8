import PlatEngine

/// Writes the bare difference between two maps: which node becomes what in which partition.
public enum MovesWriter {
  package struct Counts {
    package var moves = 0
    package var roleChanges = 0
    package var removals = 0
  }

  /// `from`, `to`: the revisions of both maps. Returns what it wrote. O(changes).
  @discardableResult
  package static func write(
    _ changes: [Change], of cluster: Cluster, from: UInt64, to: UInt64, into writer: inout JSONWriter
  ) -> Counts {
    let model = cluster.settings.model
    var counts = Counts()
    writer.beginObject(.lines)
    writer.member("plat", 1)
    writer.key("from")
    writer.unsigned(from)
    writer.key("to")
    writer.unsigned(to)
    writer.key("moves")
    writer.beginArray(.lines)
    for (index, change) in changes.enumerated() {
      if writer.isStopped(at: index) { break }
      if change.isMove(in: model) {
        counts.moves += 1
      } else if change.isRoleChange(in: model) {
        counts.roleChanges += 1
      } else if model.holdsData(change.change.from) {
        counts.removals += 1
      }
      writer.beginObject(.compact)
      writer.member("partition", cluster.partitionName(change.partition.int))
      writer.member("node", cluster.nodes[change.node.int].name)
      writer.key("change")
      writer.beginArray(.compact)
      writer.string(model.name(change.change.from))
      writer.string(model.name(change.change.to))
      writer.endArray()
      writer.endObject()
    }
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
}
