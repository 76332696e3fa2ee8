import CPlat
import Glibc
import PlatEngine

/// What the C ABI costs over the engine alone: the largest map planned from arrays, and keys routed in batches. Both do
/// the same in turn, so that whatever else the machine does falls on both. Of plans the median of each round's ratio
/// counts, since a clock that changes does so for a whole round; of keys the least processor time of each.
struct BorderBenchmark {
  private let library: UnsafeMutableRawPointer

  /// `path`: libPlatABI.so or libplat.so.
  init?(library path: String) {
    guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else { return nil }
    self.library = library
  }

  private func function<Function>(_ name: String, as _: Function.Type = Function.self) -> Function {
    unsafeBitCast(dlsym(library, name), to: Function.self)
  }

  private static let nodes = 10_000
  private static let levels = 1

  /// Describing, planning and looking at the result. 1 % of the nodes leave a balanced map.
  func plans(partitions: Int, rounds: Int) throws -> [String] {
    let nodes = Self.nodes
    let settings = Settings(partitionCount: partitions, constraints: [1, 2, 0, 0])
    var cluster = Cluster(settings: settings, nodes: (0..<nodes).map { Node(name: String($0)) })
    let map = try Planner.plan(DenseCluster(cluster), from: nil).target
    for node in stride(from: 0, to: nodes, by: 100) { cluster.nodes[node].status = .leaving }
    let rows = UnsafeRawPointer(map.slots).assumingMemoryBound(to: UInt32.self)
    let counts: [UInt32] = [1, 2, 0, 0]
    let statuses = (0..<nodes).map { UInt8($0 % 100 == 0 ? PLAT_NODE_LEAVING : PLAT_NODE_ACTIVE) }

    typealias Describe =
      @convention(c) (
        UnsafePointer<plat_cluster_arrays>, UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<plat_error>?
      ) -> UInt32
    typealias Make =
      @convention(c) (
        OpaquePointer?, OpaquePointer?, OpaquePointer?, OpaquePointer?, UnsafeMutablePointer<OpaquePointer?>,
        UnsafeMutablePointer<plat_error>?
      ) -> UInt32
    typealias Free = @convention(c) (OpaquePointer?) -> Void
    typealias Rows = @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int>?) -> UnsafePointer<UInt32>?
    let describe: Describe = function("plat_cluster_from_arrays")
    let make: Make = function("plat_plan_make")
    let freeCluster: Free = function("plat_cluster_free")
    let freePlan: Free = function("plat_plan_free")
    let rowsOf: Rows = function("plat_plan_rows")

    // A host has some handle all the time, as here the map is there all the time: what calls give back is kept for the
    // next.
    var (kept, small) = (OpaquePointer?.none, plat_cluster_arrays())
    small.size = UInt32(MemoryLayout<plat_cluster_arrays>.size)
    (small.node_count, small.partition_count) = (1, 1)
    guard describe(&small, &kept, nil) == 0 else { return ["the library describes no cluster"] }
    defer { freeCluster(kept) }

    let clock = ProcessorClock()
    var (alone, borrowed, copied): ([Duration], [Duration], [Duration]) = ([], [], [])
    var isSame = true
    for round in 0..<rounds {
      var target: PlacementMap?
      let time = try clock.measure {
        var again = Cluster(settings: settings, nodes: [])
        again.nodes = (0..<nodes).map { Node(name: String($0), status: $0 % 100 == 0 ? .leaving : .active) }
        target = try Planner.plan(DenseCluster(again), from: map).target
      }
      alone.append(time)
      let borrow = UInt32(PLAT_BORROW_MAP)
      for flags in round % 2 == 0 ? [borrow, 0] : [0, borrow] {
        var (handle, plan): (OpaquePointer?, OpaquePointer?)
        let time = counts.withUnsafeBufferPointer { counts in
          statuses.withUnsafeBufferPointer { statuses in
            clock.measure {
              var arrays = plat_cluster_arrays()
              arrays.size = UInt32(MemoryLayout<plat_cluster_arrays>.size)
              arrays.flags = flags
              arrays.node_count = UInt32(nodes)
              arrays.partition_count = UInt32(partitions)
              arrays.counts = counts.baseAddress
              arrays.node_statuses = statuses.baseAddress
              arrays.map = rows
              arrays.map_revision = 1
              _ = describe(&arrays, &handle, nil)
              _ = make(handle, nil, nil, nil, &plan, nil)
            }
          }
        }
        var count = 0
        if let found = rowsOf(plan, &count), let target {
          isSame = isSame && memcmp(found, target.slots, count * 4) == 0 && count == partitions * target.width
        } else {
          isSame = false
        }
        freePlan(plan)
        freeCluster(handle)
        if flags == 0 { copied.append(time) } else { borrowed.append(time) }
      }
    }
    func median<Value: Comparable>(_ values: [Value]) -> Value { values.sorted()[values.count / 2] }
    func line(_ name: String, _ times: [Duration]) -> String {
      let tenths = Int(((median(zip(times, alone).map { $0 / $1 }) - 1) * 1000).rounded())
      let sign = tenths < 0 ? "-" : "+"
      return
        "\(name)  \(Int((median(times) / .microseconds(1)).rounded())) µs  \(sign)\(abs(tenths) / 10).\(abs(tenths) % 10) %"
    }
    return [
      "\(nodes) nodes × \(partitions) × 3, 1 % leave; \(isSame ? "the same maps" : "MAPS DIFFER")",
      line("engine alone             ", alone), line("C ABI, map borrowed       ", borrowed),
      line("C ABI, map copied         ", copied),
    ]
  }

  /// Batches of keys, beside the C core's checksums and the engine's router.
  func routes(keyBytes: Int) throws -> String {
    let keyCount = 65_536
    let cluster = Cluster(settings: Settings(partitionCount: 1440), nodes: [Node(name: "a"), Node(name: "b")])
    let keys = (0..<keyCount * keyBytes).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
    let offsets = (0...keyCount).map { UInt32($0 * keyBytes) }
    var (mine, theirs) = ([UInt32](repeating: 0, count: keyCount), [UInt32](repeating: 0, count: keyCount))
    typealias Describe =
      @convention(c) (
        UnsafePointer<plat_cluster_arrays>, UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<plat_error>?
      ) -> UInt32
    typealias Make =
      @convention(c) (OpaquePointer?, UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<plat_error>?) -> UInt32
    typealias Find =
      @convention(c) (
        OpaquePointer?, UnsafeRawPointer?, Int, UnsafePointer<UInt32>?, Int, UnsafeMutablePointer<UInt32>?,
        UnsafeMutablePointer<plat_error>?
      ) -> UInt32
    let describe: Describe = function("plat_cluster_from_arrays")
    let make: Make = function("plat_router_make")
    let find: Find = function("plat_router_find_batch")
    var arrays = plat_cluster_arrays()
    arrays.size = UInt32(MemoryLayout<plat_cluster_arrays>.size)
    (arrays.node_count, arrays.partition_count) = (2, 1440)
    var (handle, router): (OpaquePointer?, OpaquePointer?)
    _ = describe(&arrays, &handle, nil)
    _ = make(handle, &router, nil)
    let engine = try KeyRouter(cluster)
    let clock = ProcessorClock()
    var (core, alone, border) = (Duration.seconds(1000), Duration.seconds(1000), Duration.seconds(1000))
    for _ in 0..<41 {
      core = min(core, clock.measure { crcs(keys, offsets, keyCount, &mine) })
      alone = min(
        alone, clock.measure { engine.partitions(ofKeys: keys, offsets: offsets, count: keyCount, into: &mine) })
      border = min(border, clock.measure { _ = find(router, keys, keys.count, offsets, keyCount, &theirs, nil) })
    }
    func each(_ time: Duration) -> String {
      let hundredths = Int((time / .nanoseconds(1) * 100 / Double(keyCount)).rounded())
      return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }
    return "keys of \(keyBytes) bytes, ns each: C core \(each(core)), engine \(each(alone)), C ABI \(each(border))"
      + (mine == theirs ? "" : "; PARTITIONS DIFFER")
  }
}

/// The time that this thread has worked.
private struct ProcessorClock {
  func measure(_ work: () throws -> Void) rethrows -> Duration {
    let begin = now
    try work()
    return now - begin
  }

  private var now: Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}
