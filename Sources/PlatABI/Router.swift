import CPlat
import CPlatCore
import PlatEngine

/// Behind `plat_router`. It never changes.
final class RouterHandle: Sendable {
  let router: KeyRouter

  init(_ router: KeyRouter) { self.router = router }
}

@c @implementation
public func plat_router_make(
  _ cluster: OpaquePointer?, _ router: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  call(error) {
    let out = try Handle.out(router, "router")
    let cluster: ClusterHandle = try Handle.take(cluster, "cluster")
    out.pointee = Handle.give(RouterHandle(try KeyRouter(cluster.cluster)))
  }
}

@c @implementation
public func plat_router_free(_ router: OpaquePointer?) { Handle.free(router, RouterHandle.self) }

@c @implementation
public func plat_router_find(_ router: OpaquePointer?, _ key: UnsafeRawPointer?, _ length: Int) -> UInt32 {
  guard let router, length >= 0, key != nil || length == 0 else { return .max }
  let handle = Unmanaged<RouterHandle>.fromOpaque(UnsafeRawPointer(router))
  let bytes = UnsafeBufferPointer(start: key?.assumingMemoryBound(to: UInt8.self), count: length)
  return handle._withUnsafeGuaranteedRef { UInt32(truncatingIfNeeded: $0.router.partition(of: bytes)) }
}

@c @implementation
public func plat_router_find_batch(
  _ router: OpaquePointer?, _ keys: UnsafeRawPointer?, _ length: Int, _ offsets: UnsafePointer<UInt32>?, _ count: Int,
  _ partitions: UnsafeMutablePointer<UInt32>?, _ error: UnsafeMutablePointer<plat_error>?
) -> plat_status {
  shortCall(error) {
    let handle: RouterHandle = try Handle.take(router, "router")
    guard count >= 0, count <= Int(UInt32.max) else {
      throw Refusal.argument("count", found: "\(UInt(bitPattern: count))", expected: "0 to \(UInt32.max) keys")
    }
    guard count > 0 else { return }
    guard let offsets else { throw Refusal.argument("offsets", found: "NULL", expected: "\(count + 1) offsets") }
    guard let partitions else { throw Refusal.argument("partitions", found: "NULL", expected: "room for \(count)") }
    guard length >= 0, keys != nil || length == 0 else {
      throw Refusal.argument("keys", found: keys == nil ? "NULL" : "an absurd length", expected: "\(length) bytes")
    }
    try check(offsets, count, length)
    var nothing: UInt8 = 0
    withUnsafePointer(to: &nothing) { nothing in
      let bytes = keys?.assumingMemoryBound(to: UInt8.self) ?? nothing
      handle.router.partitions(ofKeys: bytes, offsets: offsets, count: count, into: partitions)
    }
  }
}

/// Whether a loop over the keys stays inside their bytes.
private func check(_ offsets: UnsafePointer<UInt32>, _ count: Int, _ length: Int) throws {
  let key = plat_offsets_first_bad(offsets, count)
  guard key == count else {
    throw Refusal.argument("offsets[\(key + 1)]", found: "\(offsets[key + 1])", expected: "\(offsets[key]) or more")
  }
  guard Int(offsets[count]) <= length else {
    throw Refusal.argument(
      "offsets[\(count)]", found: "\(offsets[count])", expected: "at most \(length), the keys' length")
  }
}
