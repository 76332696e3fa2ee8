import PlatEngine

/// A map and the revisions between which something happens to it: what moves and steps documents begin with.
package struct MapRevisions {
  /// Of a document with several maps.
  package var name: String?
  package var cluster: Cluster
  /// Of the target.
  package var partitionCount: Int
  package var from, to: UInt64

  /// One map alone, on its way to its plan's.
  package init(_ document: ClusterDocument, _ plan: PlanDocument, name: String? = nil) {
    (self.name, cluster, partitionCount) = (name, document.cluster, plan.map.placement.partitionCount)
    (from, to) = (document.map?.header.revision ?? 0, plan.map.header.revision)
  }

  package init(_ cluster: Cluster, partitionCount: Int, from: UInt64, to: UInt64) {
    (self.cluster, self.partitionCount, self.from, self.to) = (cluster, partitionCount, from, to)
  }

  /// One without a name, or each of several.
  static func write(_ maps: [MapRevisions], _ writer: inout JSONWriter) {
    func revisions(_ map: MapRevisions, _ writer: inout JSONWriter) {
      writer.key("from")
      writer.unsigned(map.from)
      writer.key("to")
      writer.unsigned(map.to)
    }
    if maps.count == 1, maps[0].name == nil { return revisions(maps[0], &writer) }
    writer.key("maps")
    writer.beginArray(.lines)
    for map in maps {
      writer.beginObject(.compact)
      writer.member("name", map.name ?? "")
      revisions(map, &writer)
      writer.endObject()
    }
    writer.endArray()
  }
}
