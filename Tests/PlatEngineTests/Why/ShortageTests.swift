@testable import PlatEngine
import TestSupport
import Testing

/// What proves that something cannot be met, and what would end it.
@Suite struct ShortageTests {
  /// The room that the full containers and nodes have is the greatest flow, and each remedy is one.
  @Test func theCutIsTheGreatestFlowAndRemediesWork() {
    let shape = RandomCluster.Shape {
      $0.rulesOverAllStates = true
      $0.noMaintenance = true
      $0.partitions = 1...12
      $0.nodes = 1...9
      $0.currentMaps = [.none, .random]
    }
    var kinds: [String: Int] = [:]
    forAllSeeds(0..<120) { seed in
      let one = try PlannedCase(seed, .small, shape)
      let shortages = one.report.findings.compactMap(\.shortage)
      try holds(
        shortages.isEmpty == !one.report.findings.contains { $0.rule.hasPrefix("constraints.") && $0.have < $0.want },
        "findings without proof, or the other way round\n\(one.text)")
      for shortage in shortages {
        try holds(shortage.room == shortage.full.reduce(0) { $0 + $1.room }, "\(shortage)\n\(one.text)")
        guard shortage.states.count == one.cluster.dataWanted.count(where: { $0 > 0 }) else { continue }
        try holds(shortage.wanted == one.cluster.partitionCount * one.cluster.replicas, "\(shortage)\n\(one.text)")
        try holds(
          fits(one.cluster, shortage.room) && !fits(one.cluster, shortage.room + 1),
          "not the flow: \(shortage)\n\(one.text)")
        for remedy in shortage.remedies {
          let mended = try DenseCluster(remedy.applied(to: one.cluster.cluster))
          let plan = try Planner.plan(mended, from: nil)
          let report = try Judge.judge(mended, map: plan.target, from: nil)
          try holds(report.unmet == 0, "\(remedy) leaves \(report.unmet) unmet\n\(one.text)")
          kinds[remedy.kind, default: 0] += 1
        }
      }
    }
    #expect(kinds.count == 5, "\(kinds)")
  }

  /// Whether so many replicas find room: a flow with a vertex for each partition and container.
  private func fits(_ cluster: DenseCluster, _ amount: Int) -> Bool {
    let windows = (0..<cluster.nodeCount).map { node in
      0...(cluster.status[node] == .active && Rational(cluster.cluster.nodes[node].weight).sign > 0
        ? cluster.capacity[node] : 0)
    }
    return FlowOracle.movesLowerBound(cluster: cluster, current: nil, windows: windows, totalFlow: amount) != nil
  }

  /// Whether one partition by itself has a row: beside every row.
  @Test func rowsBesideEveryRow() {
    var (whole, none) = (0, 0)
    forAllSeeds(0..<600) { seed in
      let shape = RandomCluster.Shape {
        ($0.allActive, $0.noCapacities, $0.equalWeights, $0.noSoftRules) = (true, true, true, true)
        $0.near = seed % 3 == 0 ? nil : .hard
      }
      let (cluster, _) = RandomCluster.make(seed: seed, size: .tiny, shape: shape)
      let dense = try DenseCluster(cluster)
      let found = RowFeasibility.hasWholeRow(dense, resting: [], .init())
      try holds(found == ExhaustiveSearch.hasFullRow(dense), "\(found as Any)\n\(RandomCluster.describe(cluster, nil))")
      if found == true { whole += 1 } else { none += 1 }
    }
    #expect(whole > 100 && none > 100, "\(whole) have a row, \(none) none")
  }

  @Test func aRuleAboutOneStateIsProvedToo() throws {
    let rule = PlacementRule(states: [1], level: 0, demand: .atMost(1), strength: .hard)
    let cluster = try ZoneCluster(partitions: 4, slaves: 3, zones: [2, 3], rules: [rule]).dense()
    let plan = try Planner.plan(cluster, from: nil)
    let report = try Judge.judge(cluster, map: plan.target, from: nil)
    let shortage = try #require(report.findings.compactMap(\.shortage).first)
    #expect(shortage.states == ["slave"] && shortage.room == 8 && shortage.wanted == 12)
    #expect(
      "\(shortage)" == "zones z0 and z1 are full: room for 8 of 12 slave replicas; add 1 zone with 1 node, or let "
        + "placement[0] allow 2, or ask for 2 in constraints.slave")
  }

  @Test func capacitiesAndMissingNodes() throws {
    let full = try ZoneCluster(partitions: 4, slaves: 1, zones: [2], capacities: [0: 3, 1: 2]).dense()
    let plan = try Planner.plan(full, from: nil)
    let shortage = try #require(
      try Judge.judge(full, map: plan.target, from: nil).findings.compactMap(\.shortage).first)
    #expect(shortage.full == [.init(level: nil, name: "z0.0", room: 3), .init(level: nil, name: "z0.1", room: 2)])
    #expect(shortage.short == 3 && shortage.remedies.contains(.addNodes(count: 1, container: "z0r0")))
    #expect(shortage.remedies.contains(.raiseCapacity([.init(node: "z0.0", to: 4), .init(node: "z0.1", to: 4)])))
    let none = try ZoneCluster(partitions: 2, zones: [1], statuses: [0: .leaving]).dense()
    let map = try Planner.plan(none, from: nil).target
    let reason = try Judge.judge(none, map: map, from: nil).findings.compactMap(\.shortage).first
    #expect(
      reason?.description.hasPrefix("no node may hold anything: room for 0 of 4 master and slave replicas") == true)
  }
}

extension Remedy {
  var kind: String {
    switch self {
    case .addContainers: "containers"
    case .addNodes: "nodes"
    case .raiseAtMost: "atMost"
    case .raiseCapacity: "capacity"
    case .lowerConstraint: "constraint"
    case .raiseFanOut: "fanOut"
    case .lowerAtLeast: "atLeast"
    case .endMaintenance: "maintenance"
    }
  }

  /// The cluster with the change made.
  func applied(to cluster: Cluster) -> Cluster {
    var cluster = cluster
    switch self {
    case .addContainers(let level, let count, let nodes):
      let place = cluster.levels.firstIndex(of: level)!
      for box in 0..<count {
        let range = cluster.nodes.count..<cluster.nodes.count + nodes
        for node in range { cluster.nodes.append(Node(name: "new\(node)")) }
        for outer in 0...place {
          cluster.containers.append(
            Container(
              name: "new\(outer).\(box)", level: outer, parent: outer > 0 ? cluster.containers.count - 1 : nil,
              nodes: range))
        }
        let parent = cluster.containers.count - 1
        for node in range {
          var around = parent
          for inner in cluster.levels.indices.dropFirst(place + 1) {
            cluster.containers.append(
              Container(name: "new\(inner).\(box).\(node)", level: inner, parent: around, nodes: node..<node + 1))
            around = cluster.containers.count - 1
          }
        }
      }
      // Containers of one level stand in tree order already: the new nodes are the last.
    case .addNodes(let count, let container):
      let deepest = cluster.levels.count - 1
      let end = container.map { name in
        cluster.containers.first { $0.name == name && $0.level == deepest }!.nodes.upperBound
      } ?? cluster.nodes.count
      let inside = container.map { name in cluster.containers.first { $0.name == name && $0.level == deepest }!.nodes }
      cluster.nodes.insert(contentsOf: (0..<count).map { Node(name: "new\($0)") }, at: end)
      for index in cluster.containers.indices {
        let nodes = cluster.containers[index].nodes
        if let inside, nodes.lowerBound <= inside.lowerBound, inside.upperBound <= nodes.upperBound, !nodes.isEmpty {
          cluster.containers[index].nodes = nodes.lowerBound..<nodes.upperBound + count
        } else if nodes.lowerBound >= end {
          cluster.containers[index].nodes = nodes.lowerBound + count..<nodes.upperBound + count
        }
      }
    case .raiseAtMost(let rule, let to): cluster.settings.placement[rule].demand = .atMost(to)
    case .raiseCapacity(let raises):
      for raise in raises { cluster.nodes[cluster.nodes.firstIndex { $0.name == raise.node }!].capacity = raise.to }
    case .lowerConstraint(let state, let to):
      cluster.settings.constraints[cluster.settings.model.index(of: state)!] = to
    case .raiseFanOut(let outbound, let inbound):
      if let outbound { cluster.settings.fanOut!.outbound = outbound }
      if let inbound { cluster.settings.fanOut!.inbound = inbound }
    case .lowerAtLeast(let rule, let to): cluster.settings.placement[rule].demand = .near(of: 0, atLeast: to)
    case .endMaintenance(let nodes):
      for index in cluster.nodes.indices where nodes.contains(cluster.nodes[index].name) {
        cluster.nodes[index].status = .active
      }
    }
    return cluster
  }
}
