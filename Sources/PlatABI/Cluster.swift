import CPlat
import PlatEngine
import PlatFormats

@c @implementation
public func plat_cluster_from_arrays(
  _ arrays: UnsafePointer<plat_cluster_arrays>?, _ cluster: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let out = try Handle.out(cluster, "cluster")
    let work = try Work()  // before anything else: in a debug build reading a struct takes memory at first use
    let read = try Sized.read(arrays, "arrays", empty: plat_cluster_arrays())
    guard Work.isRoom(for: ClusterArrays.smallBytes(read)) else { throw PlatError.outOfMemory }
    out.pointee = Handle.give(try ClusterArrays(read, work).handle())
  }
}

@c @implementation
public func plat_cluster_from_document(
  _ bytes: UnsafeRawPointer?, _ length: Int, _ name: UnsafePointer<CChar>?,
  _ cluster: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let out = try Handle.out(cluster, "cluster")
    let work = try Work()
    let source = try Input.source(bytes, length, name, "cluster", work)
    let document = try ClusterReader.read(source)
    let dense = try source.locatingErrors { try DenseCluster(document.cluster, interrupt: work.interrupt) }
    try work.interrupt?.throwIfRequested()
    out.pointee = Handle.give(ClusterHandle(document, dense, source: source))
  }
}

@c @implementation
public func plat_cluster_free(_ cluster: OpaquePointer?) { Handle.free(cluster, ClusterHandle.self) }

private func handle(_ cluster: OpaquePointer?) -> ClusterHandle? { Handle.peek(cluster) }

@c @implementation
public func plat_cluster_node_count(_ cluster: OpaquePointer?) -> UInt32 {
  UInt32(handle(cluster)?.dense.nodeCount ?? 0)
}

@c @implementation
public func plat_cluster_partition_count(_ cluster: OpaquePointer?) -> UInt32 {
  UInt32(handle(cluster)?.dense.partitionCount ?? 0)
}

@c @implementation
public func plat_cluster_state_count(_ cluster: OpaquePointer?) -> UInt32 {
  UInt32(handle(cluster)?.cluster.settings.model.states.count ?? 0)
}

@c @implementation
public func plat_cluster_node_name(_ cluster: OpaquePointer?, _ node: UInt32) -> UnsafePointer<CChar>? {
  handle(cluster)?.nodeName(node)
}

@c @implementation
public func plat_cluster_partition_name(_ cluster: OpaquePointer?, _ partition: UInt32) -> UnsafePointer<CChar>? {
  handle(cluster)?.partitionName(partition)
}

@c @implementation
public func plat_cluster_state_name(_ cluster: OpaquePointer?, _ state: UInt32) -> UnsafePointer<CChar>? {
  handle(cluster)?.stateName(state)
}

@c @implementation
public func plat_cluster_request_name(_ cluster: OpaquePointer?, _ kind: UInt32) -> UnsafePointer<CChar>? {
  handle(cluster)?.requestName(kind)
}

@c @implementation
public func plat_cluster_find_node(_ cluster: OpaquePointer?, _ name: UnsafePointer<CChar>?) -> UInt32 {
  guard let name, let text = String(validatingCString: name) else { return .max }
  return handle(cluster)?.node(named: text) ?? .max
}

@c @implementation
public func plat_cluster_find_partition(_ cluster: OpaquePointer?, _ name: UnsafePointer<CChar>?) -> UInt32 {
  guard let name, let text = String(validatingCString: name) else { return .max }
  return handle(cluster)?.partition(named: text) ?? .max
}

@c @implementation
public func plat_cluster_rows(
  _ cluster: OpaquePointer?, _ count: UnsafeMutablePointer<Int>?
) -> UnsafePointer<UInt32>? {
  let rows = handle(cluster)?.hostRows
  count?.pointee = rows?.count ?? 0
  return rows?.rows
}

@c @implementation
public func plat_cluster_slots(_ cluster: OpaquePointer?, _ state: UInt32) -> UInt32 {
  guard let slots = handle(cluster)?.document.map?.placement.slotCounts, Int(state) < slots.count else { return 0 }
  return UInt32(slots[Int(state)])
}

@c @implementation
public func plat_cluster_revision(_ cluster: OpaquePointer?) -> UInt64 { handle(cluster)?.revision ?? 0 }

@c @implementation
public func plat_cluster_after(
  _ cluster: OpaquePointer?, _ plan: OpaquePointer?, _ after: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let out = try Handle.out(after, "after")
    let cluster: ClusterHandle = try Handle.take(cluster, "cluster")
    let plan: PlanHandle = try Handle.take(plan, "plan")
    try cluster.refuseOther(plan)
    var document = cluster.document
    document.map = MapDocument(
      header: MapHeader(kind: .current, revision: plan.document.map.header.revision), placement: plan.target)
    out.pointee = Handle.give(
      ClusterHandle(document, cluster.dense, numbering: cluster.numbering, source: cluster.source))
  }
}

@c @implementation
public func plat_cluster_renumbered(
  _ cluster: OpaquePointer?, _ numbers: UnsafePointer<UInt32>?, _ count: Int,
  _ renumbered: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let out = try Handle.out(renumbered, "renumbered")
    let cluster: ClusterHandle = try Handle.take(cluster, "cluster")
    let nodes = cluster.dense.nodeCount
    guard count == nodes else {
      throw Refusal.argument("count", found: "\(UInt(bitPattern: count))", expected: "\(nodes), a number for each node")
    }
    let work = try Work(needs: cluster.smallBytes)
    try work.interrupt?.throwIfRequested()
    guard let numbers else { throw Refusal.argument("numbers", found: "NULL", expected: "\(nodes) numbers") }
    var isTaken = [Bool](repeating: false, count: nodes)
    var order = [UInt32](repeating: 0, count: nodes)
    for node in 0..<nodes {
      let number = numbers[node]
      guard number < UInt32(nodes), !isTaken[Int(number)] else {
        throw Refusal.argument(
          "numbers[\(node)]", found: "\(number)\(number < UInt32(nodes) ? " a second time" : "")",
          expected: "each number below \(nodes) once")
      }
      isTaken[Int(number)] = true
      order[cluster.inTree(UInt32(node))] = number
    }
    let isInOrder = order.enumerated().allSatisfy { $0.offset == Int($0.element) }
    out.pointee = Handle.give(
      ClusterHandle(
        cluster.document, cluster.dense, numbering: isInOrder ? nil : NodeNumbering(order: order),
        source: cluster.source))
  }
}

extension ClusterHandle {
  /// Maps of one fit the other: the same nodes in the same places, as many partitions, the same model.
  private func isLike(_ other: ClusterHandle) -> Bool {
    self === other
      || dense.partitionCount == other.dense.partitionCount
        && cluster.settings.model.states.map(\.name) == other.cluster.settings.model.states.map(\.name)
        && cluster.nodes.elementsEqual(other.cluster.nodes) { $0.name == $1.name }
        && numbering?.ofHost == other.numbering?.ofHost
  }

  /// Throws where a plan is for a cluster whose maps do not fit this one.
  func refuseOther(_ plan: PlanHandle) throws {
    guard plan.cluster.isLike(self) else {
      throw Refusal.argument("plan", found: "a plan for another cluster", expected: "one for this cluster")
    }
  }
}
