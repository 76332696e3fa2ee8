import CPlat
import Glibc
import PlatEngine

/// What the last action of a handle points to, until the next one.
struct ActionMemory: ~Copyable {
  private var bytes: UnsafeMutableRawPointer?

  /// Room for so many bytes, in place of what was there.
  mutating func take(_ count: Int) -> UnsafeMutableRawPointer {
    free(bytes)
    bytes = malloc(max(count, 1))
    guard let bytes else { fatalError("malloc failed") }  // as the runtime does
    return bytes
  }

  mutating func keep(_ values: [UInt8], _ action: inout plat_action) {
    let place = take(values.count)
    values.withUnsafeBytes { if let start = $0.baseAddress { memcpy(place, start, $0.count) } }
    action.bytes = UnsafeRawPointer(place)
    action.length = values.count
  }

  mutating func keep(_ values: [UInt8], _ entry: inout plat_journal_entry) {
    let place = take(values.count)
    values.withUnsafeBytes { if let start = $0.baseAddress { memcpy(place, start, $0.count) } }
    entry.bytes = UnsafeRawPointer(place)
    entry.length = values.count
  }

  mutating func keep(_ values: [UInt64], _ action: inout plat_action) {
    let place = take(values.count * 8)
    values.withUnsafeBytes { if let start = $0.baseAddress { memcpy(place, start, $0.count) } }
    action.values = UnsafePointer(place.assumingMemoryBound(to: UInt64.self))
    action.value_count = values.count
  }

  /// Followers, and behind them bytes.
  mutating func keep(_ followers: [UInt32], _ values: [UInt8], _ action: inout plat_action) {
    let place = take(followers.count * 4 + values.count)
    followers.withUnsafeBytes { if let start = $0.baseAddress { memcpy(place, start, $0.count) } }
    values.withUnsafeBytes { if let start = $0.baseAddress { memcpy(place + followers.count * 4, start, $0.count) } }
    action.followers = followers.isEmpty ? nil : UnsafePointer(place.assumingMemoryBound(to: UInt32.self))
    action.follower_count = UInt32(followers.count)
    action.bytes = values.isEmpty ? nil : UnsafeRawPointer(place + followers.count * 4)
    action.length = values.count
  }

  deinit { free(bytes) }
}

extension plat_action {
  /// Nothing is in it but what it is and whom it is for.
  init(_ kind: UInt32, node: UInt32 = PLAT_NONE_VALUE) {
    self.init()
    self.kind = kind
    self.node = node
    partition = PLAT_NONE_VALUE
    (from, to, source_from, source_to) = (
      PLAT_STATE_NULL_VALUE, PLAT_STATE_NULL_VALUE, PLAT_STATE_NULL_VALUE, PLAT_STATE_NULL_VALUE
    )
    (source, leader, peer) = (PLAT_NONE_VALUE, PLAT_NONE_VALUE, PLAT_NONE_VALUE)
  }
}

extension ClusterHandle {
  /// A node of the host's.
  func node(_ node: UInt32, _ path: String) throws -> NodeIndex {
    guard Int(node) < dense.nodeCount else {
      throw Refusal.argument(path, found: "\(node)", expected: "a node, one of \(dense.nodeCount) from 0")
    }
    return NodeIndex(inTree(node))
  }

  func ofHost(_ node: NodeIndex) -> UInt32 { node == .none ? PLAT_NONE_VALUE : ofHost(node.int) }

  var beginning: Beginning { Beginning(dense, map: document.map?.placement, revision: revision) }

  func stamp(_ map: PlacementMap, revision: UInt64) -> MapStamp {
    MapStamp(revision: revision, digest: map.digest(of: cluster))
  }
}

/// Bytes of the host's.
func hostBytes(_ bytes: UnsafeRawPointer?, _ length: Int, _ path: String) throws -> UnsafeRawBufferPointer {
  guard length >= 0, length < 1 << 32 else {
    throw Refusal.argument("length", found: "\(UInt(bitPattern: length))", expected: "less than 4 GiB")
  }
  guard let bytes else { throw Refusal.argument(path, found: "NULL", expected: "bytes") }
  return UnsafeRawBufferPointer(start: bytes, count: length)
}

@c @implementation
public func plat_cluster_digest(_ cluster: OpaquePointer?) -> UInt32 {
  let handle: ClusterHandle? = Handle.peek(cluster)
  guard let handle, let map = handle.document.map?.placement else { return 0 }
  return handle.stamp(map, revision: 0).digest
}
