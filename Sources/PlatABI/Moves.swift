import CPlat
import PlatEngine
import PlatFormats

extension PlanHandle {
  func changes(_ work: Work) throws -> [Change] {
    var difference = Difference(cluster.dense, from: cluster.document.map?.placement, to: target)
    difference.interrupt = work.interrupt
    let changes = difference.changes()
    try work.interrupt?.throwIfRequested()
    return changes
  }

  /// As documents about the change begin.
  var revisions: MapRevisions {
    MapRevisions(
      cluster.cluster, partitionCount: target.partitionCount, from: cluster.revision, to: document.map.header.revision)
  }
}

extension StateIndex {
  /// As C has it.
  var ofHost: UInt32 { self == .null ? PLAT_STATE_NULL_VALUE : UInt32(raw) }
}

/// `UINT32_MAX` in C is no number to Swift.
let PLAT_STATE_NULL_VALUE = UInt32.max
let PLAT_NONE_VALUE = UInt32.max

@c @implementation
public func plat_plan_moves(
  _ plan: OpaquePointer?, _ moves: UnsafeMutablePointer<plat_move>?, _ capacity: Int,
  _ count: UnsafeMutablePointer<Int>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    count?.pointee = 0
    let plan: PlanHandle = try Handle.take(plan, "plan")
    let changes = try plan.changes(Work())
    count?.pointee = changes.count
    guard UInt(bitPattern: capacity) >= UInt(changes.count) else { throw Refusal.tooSmall(needed: changes.count) }
    guard !changes.isEmpty else { return }
    guard let moves else { throw Refusal.argument("moves", found: "NULL", expected: "room for \(changes.count)") }
    for (index, change) in changes.enumerated() {
      moves[index] = plat_move(
        partition: change.partition.raw, node: plan.cluster.ofHost(change.node.int), from: change.change.from.ofHost,
        to: change.change.to.ofHost)
    }
  }
}

@c @implementation
public func plat_moves_to_document(
  _ plan: OpaquePointer?, _ bytes: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let plan: PlanHandle = try Handle.take(plan, "plan")
    let work = try Work()
    let changes = try plan.changes(work)
    try giveDocument(bytes, work, capacityBytes: (changes.count + 64) * 80) {
      MovesWriter.write([MovesWriter.Part(plan.revisions, changes: changes)], into: &$0)
    }
  }
}
