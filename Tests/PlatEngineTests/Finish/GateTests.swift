@testable import PlatEngine
import Testing
import TestSupport

/// Each kind of fault that the gate looks for, planted in a plan right before it: none gets out.
@Suite struct GateTests {
  /// Two zones of two racks, four nodes each; in them a node of each status, and one with a small capacity.
  private static func cluster() throws -> (DenseCluster, PlacementMap) {
    let zones = ZoneCluster(
      partitions: 12, slaves: 1, zones: [4, 4, 4], capacities: [1: 5],
      statuses: [2: .leaving, 6: .maintenance, 10: .failed], rules: [ZoneCluster.spread])
    var settled = zones
    settled.statuses = [:]
    settled.capacities = [:]
    return (try zones.dense(), try Planner.plan(settled.dense(), from: nil).target)
  }

  private func fault(
    _ cluster: DenseCluster, _ current: PlacementMap?, _ options: PlanRequest = PlanRequest(),
    _ damage: @escaping @Sendable (PlacementMap) -> Void
  ) throws -> PlanFault? {
    var options = options
    options.damage = damage
    return try Self.fault { () throws(PlatError) in _ = try Planner.plan(cluster, from: current, options: options) }
  }

  private static func fault(_ work: () throws(PlatError) -> Void) throws -> PlanFault? {
    let result = Result { () throws(PlatError) in try work() }
    guard case .failure(let error) = result else { return nil }
    guard case .faultyPlan(let fault) = error else { throw error }
    return fault
  }

  private static let damages: [(rule: String, change: @Sendable (UnsafeMutablePointer<NodeIndex>) -> Void)] = [
    ("placement.node", { $0[1] = $0[0] }),
    ("map", { $0[0] = NodeIndex(99) }),
    ("placement[0]", { ($0[0], $0[1]) = (NodeIndex(8), NodeIndex(9)) }),
    ("nodes.z2.2.status", { ($0[0], $0[1]) = (NodeIndex(0), NodeIndex(10)) }),
    ("nodes.z0.2.status", { ($0[0], $0[1]) = (NodeIndex(2), NodeIndex(4)) }),
    ("nodes.z1.2.status", { ($0[0], $0[1]) = (NodeIndex(6), NodeIndex(0)) }),
  ]

  @Test func everyFaultOfARowIsFound() throws {
    let (cluster, current) = try Self.cluster()
    for row in 0..<12 {
      for (rule, change) in Self.damages {
        let changed = [NodeIndex](unsafeUninitializedCapacity: 2) { buffer, count in
          (buffer[0], buffer[1], count) = (current.row(row)[0], current.row(row)[1], 2)
          change(buffer.baseAddress!)
        }
        // A row that is as it was is no change of the plan.
        if (0..<2).allSatisfy({ changed[$0] == current.row(row)[$0] }) { continue }
        let found = try fault(cluster, current) { change($0.row(row)) }
        #expect(found?.rule == rule, "row \(row), \(rule): \(found.map(\.description) ?? "nothing")")
        #expect(rule == "map" || found?.partition == "\(row)" || rule == "nodes.z1.2.status")
      }
    }
    #expect(try fault(cluster, current) { _ in } == nil)
  }

  @Test func lastCopiesAndNewOnesOnNodesInMaintenanceAreFound() throws {
    let (cluster, current) = try Self.cluster()
    for row in 0..<12 {
      let found = try fault(cluster, current) { $0.row(row).update(repeating: .none, count: 2) }
      #expect(found?.rule == "map.lastCopy" && found?.partition == "\(row)", "\(row)")
    }
    let isNew = try #require((0..<12).first { row in !(0..<2).contains { current.row(row)[$0].int == 6 } })
    let found = try fault(cluster, current) { ($0.row(isNew)[0], $0.row(isNew)[1]) = (NodeIndex(0), NodeIndex(6)) }
    #expect(found?.rule == "nodes.z1.2.status")
  }

  @Test func capacitiesAreFound() throws {
    let (cluster, current) = try Self.cluster()
    let found = try fault(cluster, current) { map in
      for row in 0..<6 { (map.row(row)[0], map.row(row)[1]) = (NodeIndex(1), NodeIndex(4)) }
    }
    #expect(found?.rule == "nodes.z0.1.capacity", "\(found.map(\.description) ?? "nothing")")
  }

  @Test func nearRulesAndPeersAreFound() throws {
    var zones = ZoneCluster(partitions: 8, slaves: 1, zones: [4, 4])
    zones.rules = [PlacementRule(states: [1], level: 0, demand: .near(of: 0, atLeast: 1), strength: .hard)]
    let near = try fault(zones.dense(), nil) { ($0.row(3)[0], $0.row(3)[1]) = (NodeIndex(0), NodeIndex(7)) }
    #expect(near?.rule == "placement[0]" && near?.partition == "3")
    zones.rules = []
    zones.fanOut = FanOutLimit(outbound: 1, inbound: 1, strength: .hard)
    let peers = try fault(zones.dense(), nil) { map in
      (map.row(0)[0], map.row(0)[1], map.row(1)[0], map.row(1)[1]) = (
        NodeIndex(0), NodeIndex(1), NodeIndex(0), NodeIndex(2)
      )
    }
    #expect(peers?.rule == "fanOut.outbound")
  }

  /// Of operations, of weights, of several maps: every way out has the gate.
  @Test func everyWayOutHasTheGate() throws {
    let (cluster, current) = try Self.cluster()
    for operation in [Operation.rebalance, .failover, .maintenance, .cancel, .restoreBack] {
      var options = PlanRequest()
      options.operation = operation
      options.to = current
      let found = try fault(cluster, current, options) { ($0.row(4)[0], $0.row(4)[1]) = (NodeIndex(0), NodeIndex(0)) }
      #expect(found?.rule == "placement.node", "\(operation)")
    }
    var weighed = cluster.cluster
    weighed.partitionWeights = (0..<12).map { Quantity(UInt64($0 % 3 + 1)) }
    #expect(try fault(DenseCluster(weighed), current) { $0.row(5)[1] = $0.row(5)[0] }?.partition == "5")

    let members = ["a", "b"].map { ClusterGroup.Member(name: $0, settings: cluster.cluster.settings) }
    let group = try DenseGroup(ClusterGroup(shared: cluster.cluster, members: members))
    var options = PlanRequest()
    options.damage = { $0.row(2)[0] = NodeIndex(10) }
    let found = try Self.fault { () throws(PlatError) in
      _ = try Planner.plan(group, from: [current, current], options: options)
    }
    #expect(found?.map == "a" && found?.partition == "2" && found?.description.contains("report this line") == true)
  }

  /// The same fault with any number of threads, on maps of several blocks.
  @Test func threadsFindTheSame() throws {
    let zones = ZoneCluster(partitions: 300_000, slaves: 1, zones: [4, 4])
    let cluster = try zones.dense()
    for threads in [1, 3] {
      var options = PlanRequest()
      options.threads = threads
      let found = try fault(cluster, nil, options) { map in
        for row in [299_999, 150_001, 200_000] { map.row(row)[1] = map.row(row)[0] }
      }
      #expect(found?.partition == "150001", "\(threads)")
    }
  }
}
