import CPlat
import Glibc
import PlatEngine
import PlatFormats

/// Behind `plat_plan`. It never changes.
final class PlanHandle: Sendable {
  let cluster: ClusterHandle
  let document: PlanDocument
  /// What the planner says beside the document; nil where the plan was read from one.
  let made: Plan?
  let hostRows: HostRows
  let operation: CTexts
  /// What messages call it.
  let name: String

  init(_ document: PlanDocument, _ made: Plan?, of cluster: ClusterHandle, name: String = "plan") throws(PlatError) {
    self.name = name
    self.cluster = cluster
    self.document = document
    self.made = made
    hostRows = try HostRows(document.map.placement, cluster.numbering)
    operation = CTexts([document.operation])
  }

  convenience init(making options: PlanOptions, of cluster: ClusterHandle) throws {
    let made = try cluster.locatingErrors {
      try Planner.plan(cluster.dense, from: cluster.document.map?.placement, options: options)
    }
    try self.init(PlanDocument(made.operation, target: made.target, for: cluster.document), made, of: cluster)
  }

  var target: PlacementMap { document.map.placement }
}

@c @implementation
public func plat_plan_make(
  _ cluster: OpaquePointer?, _ earlier: OpaquePointer?, _ options: OpaquePointer?, _ control: OpaquePointer?,
  _ plan: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let out = try Handle.out(plan, "plan")
    let cluster: ClusterHandle = try Handle.take(cluster, "cluster")
    let work = try Work(options, control, needs: cluster.smallBytes, stages: Stages.plan)
    let earlierCluster: ClusterHandle? = Handle.peek(earlier)
    let map = try EarlierMap.placement(earlierCluster, for: cluster, work.values.operation)
    out.pointee = Handle.give(try PlanHandle(making: work.planOptions(earlier: map), of: cluster))
  }
}

@c @implementation
public func plat_plan_free(_ plan: OpaquePointer?) { Handle.free(plan, PlanHandle.self) }

private func handle(_ plan: OpaquePointer?) -> PlanHandle? { Handle.peek(plan) }

@c @implementation
public func plat_plan_rows(_ plan: OpaquePointer?, _ count: UnsafeMutablePointer<Int>?) -> UnsafePointer<UInt32>? {
  let rows = handle(plan)?.hostRows
  count?.pointee = rows?.count ?? 0
  return rows?.rows
}

@c @implementation
public func plat_plan_slots(_ plan: OpaquePointer?, _ state: UInt32) -> UInt32 {
  guard let slots = handle(plan)?.target.slotCounts, Int(state) < slots.count else { return 0 }
  return UInt32(slots[Int(state)])
}

@c @implementation
public func plat_plan_copy_rows(
  _ plan: OpaquePointer?, _ rows: UnsafeMutablePointer<UInt32>?, _ capacity: Int, _ count: UnsafeMutablePointer<Int>?,
  _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  shortCall(error) {
    count?.pointee = 0
    let plan: PlanHandle = try Handle.take(plan, "plan")
    count?.pointee = plan.hostRows.count
    guard UInt(bitPattern: capacity) >= UInt(plan.hostRows.count) else {
      throw Refusal.tooSmall(needed: plan.hostRows.count)
    }
    guard let rows else { throw Refusal.argument("rows", found: "NULL", expected: "an array") }
    rows.update(from: plan.hostRows.rows, count: plan.hostRows.count)
  }
}

@c @implementation
public func plat_plan_revision(_ plan: OpaquePointer?) -> UInt64 { handle(plan)?.document.map.header.revision ?? 0 }

@c @implementation
public func plat_plan_operation(_ plan: OpaquePointer?) -> UnsafePointer<CChar>? { handle(plan)?.operation[0] }

@c @implementation
public func plat_plan_moves_lower_bound(_ plan: OpaquePointer?) -> UInt64 {
  UInt64(clamping: handle(plan)?.movesLowerBound ?? 0)
}

@c @implementation
public func plat_plan_peak_bytes(_ plan: OpaquePointer?) -> UInt64 { handle(plan)?.made?.peakBytes ?? 0 }
