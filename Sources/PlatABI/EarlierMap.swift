import CPlat
import PlatEngine
import PlatFormats

/// The map that an operation goes back to, or that was under way, in the numbers of the cluster as it is now.
enum EarlierMap {
  static func placement(
    _ earlier: ClusterHandle?, for cluster: ClusterHandle, _ operation: PlatEngine.Operation?
  ) throws -> PlacementMap? {
    guard let earlier else {
      guard operation != .restoreBack else {
        throw Refusal.argument(
          "earlier", found: "NULL", expected: "a cluster with the map that restore-back goes back to")
      }
      return nil
    }
    guard operation == .restoreBack || operation == .cancel else {
      throw Refusal.argument(
        "earlier", found: "a cluster", expected: "NULL unless the operation is restore-back or cancel")
    }
    guard let map = earlier.document.map?.placement else {
      throw Refusal.argument("earlier", found: "a fresh cluster", expected: "one with a map")
    }
    let states = cluster.cluster.settings.model.states.map(\.name)
    guard earlier.dense.partitionCount == cluster.dense.partitionCount,
      earlier.cluster.settings.model.states.map(\.name) == states
    else {
      throw Refusal.argument(
        "earlier", found: "\(earlier.dense.partitionCount) partitions of another cluster",
        expected: "the same \(cluster.dense.partitionCount) partitions and states")
    }
    if cluster.cluster.nodes.elementsEqual(earlier.cluster.nodes, by: { $0.name == $1.name }) { return map }
    return try renumbered(map, earlier, cluster)
  }

  /// Nodes that are gone are left out. O(P · R).
  private static func renumbered(
    _ map: PlacementMap, _ earlier: ClusterHandle, _ cluster: ClusterHandle
  ) throws(PlatError) -> PlacementMap {
    var places: [String: Int] = [:]  // looked up only
    for (place, node) in cluster.cluster.nodes.enumerated() { places[node.name] = place }
    let numbers = earlier.cluster.nodes.map { places[$0.name].map { NodeIndex($0) } ?? .none }
    let result = try PlacementMap(partitionCount: map.partitionCount, slotCounts: map.slotCounts)
    for slot in 0..<(map.partitionCount * map.width) where map.slots[slot] != .none {
      result.slots[slot] = numbers[map.slots[slot].int]
    }
    return result
  }
}

@c @implementation
public func plat_cluster_earlier(
  _ cluster: OpaquePointer?, _ document: UnsafePointer<plat_document>?, _ options: OpaquePointer?,
  _ control: OpaquePointer?,
  _ earlier: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let out = try Handle.out(earlier, "earlier")
    let cluster: ClusterHandle = try Handle.take(cluster, "cluster")
    let work = try Work(options, control)
    let maps = try EarlierMaps.read(Input.source(document, "document", work), for: cluster.cluster)
    let map = work.values.operation == .restoreBack ? maps.mapBefore ?? maps.map : maps.map
    var copy = cluster.document
    copy.map = MapDocument(header: MapHeader(kind: .current, revision: cluster.revision), placement: map)
    out.pointee = Handle.give(
      ClusterHandle(copy, cluster.dense, numbering: cluster.numbering, source: cluster.source))
  }
}
