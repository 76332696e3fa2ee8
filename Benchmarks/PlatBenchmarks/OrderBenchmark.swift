import CPlat
import Glibc
import PlatEngine

/// What an order costs through the C ABI, however many there are: a host without agents that does at once what it is
/// told, on a cluster of which a tenth of the nodes leave and a tenth have come, with ten full scans at a time of each
/// node, as it is by default.
struct OrderBenchmark {
  private let library: UnsafeMutableRawPointer
  private static let nodes = 50

  /// `path`: libPlatABI.so or libplat.so.
  init?(library path: String) {
    guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else { return nil }
    self.library = library
  }

  private func function<Function>(_ name: String, as _: Function.Type = Function.self) -> Function {
    unsafeBitCast(dlsym(library, name), to: Function.self)
  }

  private typealias Error = UnsafeMutablePointer<plat_error>?
  private typealias Poll = @convention(c) (OpaquePointer?, UnsafeMutablePointer<plat_action>?, Error) -> UInt32
  private typealias Complete = @convention(c) (OpaquePointer?, UInt32, UInt64, UInt32, Error) -> UInt32
  private typealias Inventory =
    @convention(c) (OpaquePointer?, UInt32, UInt64, UnsafePointer<plat_holding>?, Int, Error) -> UInt32

  private struct Order {
    var node: UInt32
    var revision: UInt64
    var id: UInt32
  }

  func run(partitions: Int) throws -> String {
    let (cluster, rows) = try describe(partitions)
    let make:
      @convention(c) (
        OpaquePointer?, OpaquePointer?, OpaquePointer?, OpaquePointer?, UnsafeMutablePointer<OpaquePointer?>, Error
      ) -> UInt32 =
        function("plat_plan_make")
    let orchestrate:
      @convention(c) (
        OpaquePointer?, OpaquePointer?, UnsafePointer<plat_timing>?, UnsafeMutablePointer<OpaquePointer?>, Error
      ) -> UInt32 =
        function("plat_orchestrator_make")
    let begin: @convention(c) (OpaquePointer?, UnsafePointer<plat_journal_entry>?, Int, Error) -> UInt32 = function(
      "plat_orchestrator_begin_keys")
    let recorded: @convention(c) (OpaquePointer?, Int32, Error) -> UInt32 = function("plat_orchestrator_recorded")
    let standing: @convention(c) (OpaquePointer?, UnsafeMutablePointer<plat_standing>?, Error) -> UInt32 = function(
      "plat_orchestrator_standing")
    let (poll, complete, inventory): (Poll, Complete, Inventory) =
      (
        function("plat_orchestrator_poll"), function("plat_orchestrator_complete"),
        function("plat_orchestrator_inventory")
      )
    var (plan, orchestrator): (OpaquePointer?, OpaquePointer?)
    var timing = plat_timing()
    timing.size = UInt32(MemoryLayout<plat_timing>.size)
    timing.silence = .max
    guard make(cluster, nil, nil, nil, &plan, nil) == 0, orchestrate(cluster, plan, &timing, &orchestrator, nil) == 0,
      begin(orchestrator, nil, 0, nil) == 0
    else { return "the library carries nothing out" }

    let clock = ContinuousClock()
    let start = clock.now
    var (orders, isReached): ([Order], Bool) = ([], false)
    func pump() {
      var action = plat_action()
      action.size = UInt32(MemoryLayout<plat_action>.size)
      while poll(orchestrator, &action, nil) == 0, action.kind != PLAT_ACTION_NONE {
        switch action.kind {
        case PLAT_ACTION_RECORD: _ = recorded(orchestrator, 1, nil)
        case PLAT_ACTION_CLAIM: answer(action, rows, inventory, orchestrator)
        case PLAT_ACTION_SET...PLAT_ACTION_DISCARD:
          orders.append(Order(node: action.node, revision: action.revision, id: action.id))
        case PLAT_ACTION_REACHED: isReached = true
        default: break
        }
      }
    }
    pump()
    let planned = clock.now
    var (done, next, longest, asked) = (0, 0, Duration.zero, Duration.zero)
    while next < orders.count {
      let order = orders[next]
      next += 1
      let before = clock.now
      _ = complete(orchestrator, order.node, order.revision, order.id, nil)
      pump()
      if next < orders.count { longest = max(longest, clock.now - before) }
      done += 1
      if done == 1_000 {
        var told = plat_standing()
        told.size = UInt32(MemoryLayout<plat_standing>.size)
        let before = clock.now
        _ = standing(orchestrator, &told, nil)
        asked = clock.now - before
      }
    }
    let each = (clock.now - planned) / max(done, 1)
    return
      "\(partitions) partitions: claimed and planned in \(planned - start), \(done) orders, \(each) each, the longest \(longest); "
      + "where it stands: \(asked)\(isReached ? "" : "; NOT REACHED")"
  }

  private func describe(_ partitions: Int) throws -> (OpaquePointer?, [UInt32]) {
    let (nodes, tenth) = (Self.nodes, Self.nodes / 10)
    var cluster = Cluster(
      settings: Settings(partitionCount: partitions, constraints: [1, 2, 0, 0]),
      nodes: (0..<nodes).map { Node(name: "n\($0)") })
    // Those that come later hold nothing yet.
    for node in 0..<tenth { cluster.nodes[node].status = .leaving }
    let map = try Planner.plan(DenseCluster(cluster), from: nil).target
    let slots = UnsafeRawPointer(map.slots).assumingMemoryBound(to: UInt32.self)
    let rows = Array(UnsafeBufferPointer(start: slots, count: partitions * 3))
    let statuses = (0..<nodes).map { UInt8($0 >= nodes - tenth ? PLAT_NODE_LEAVING : PLAT_NODE_ACTIVE) }
    let counts: [UInt32] = [1, 2, 0, 0]
    let make:
      @convention(c) (UnsafePointer<plat_cluster_arrays>, UnsafeMutablePointer<OpaquePointer?>, Error) -> UInt32 =
        function("plat_cluster_from_arrays")
    var handle: OpaquePointer?
    counts.withUnsafeBufferPointer { counts in
      statuses.withUnsafeBufferPointer { statuses in
        rows.withUnsafeBufferPointer { rows in
          var arrays = plat_cluster_arrays()
          arrays.size = UInt32(MemoryLayout<plat_cluster_arrays>.size)
          (arrays.node_count, arrays.partition_count) = (UInt32(nodes), UInt32(partitions))
          (arrays.counts, arrays.node_statuses, arrays.map, arrays.map_revision) =
            (counts.baseAddress, statuses.baseAddress, rows.baseAddress, 1)
          _ = make(&arrays, &handle, nil)
        }
      }
    }
    return (handle, rows)
  }

  /// A node that answers a claim with what the map says.
  private func answer(_ action: plat_action, _ rows: [UInt32], _ inventory: Inventory, _ orchestrator: OpaquePointer?) {
    var holdings: [plat_holding] = []
    for partition in 0..<rows.count / 3 {
      for slot in 0..<3 where rows[partition * 3 + slot] == action.node {
        var holding = plat_holding()
        (holding.partition, holding.state, holding.term) = (UInt32(partition), slot == 0 ? 0 : 1, 1)
        if slot == 0 { (holding.is_leading, holding.follower_count) = (1, 2) }
        holdings.append(holding)
      }
    }
    rows.withUnsafeBufferPointer { rows in
      for index in holdings.indices where holdings[index].is_leading == 1 {
        holdings[index].followers = rows.baseAddress! + Int(holdings[index].partition) * 3 + 1
      }
      _ = inventory(orchestrator, action.node, action.revision, holdings, holdings.count, nil)
    }
  }
}
