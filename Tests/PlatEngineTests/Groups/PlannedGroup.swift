import TestSupport

@testable import PlatEngine

/// A group, planned and judged.
struct PlannedGroup {
  let group: DenseGroup
  let currents: [PlacementMap?]
  let plan: GroupPlan
  let report: GroupReport

  init(_ group: DenseGroup, _ currents: [PlacementMap?]) throws {
    self.group = group
    self.currents = currents
    plan = try Planner.plan(group, from: currents)
    report = try Judge.judge(group, maps: plan.plans.map(\.target), from: Self.before(group, currents))
  }

  static func before(_ group: DenseGroup, _ currents: [PlacementMap?]) throws -> [PlacementMap] {
    try group.clusters.indices.map { map in
      try currents[map] ?? PlacementMap(partitionCount: 0, slotCounts: group.clusters[map].wanted)
    }
  }

  var targets: [PlacementMap] { plan.plans.map(\.target) }

  /// Capacities that are passed by more than last copies, which stay where nothing may take them.
  var passedCapacities: [Finding] { Self.passedCapacities(report.sum.findings, group, currents, targets) }

  static func passedCapacities(
    _ findings: [Finding], _ group: DenseGroup, _ currents: [PlacementMap?], _ targets: [PlacementMap]
  ) -> [Finding] {
    findings.filter { finding in
      guard finding.rule.hasSuffix("capacity") else { return false }
      guard let node = group.group.shared.nodes.firstIndex(where: { $0.name == finding.node }) else { return true }
      let only = targets.indices.reduce(0) { $0 + LastCopies.held(group.clusters[$1], currents[$1], targets[$1])[node] }
      return finding.have > max(finding.want, only)
    }
  }

  var moves: Int { report.sum.moves }

  func isOut(_ rule: String) -> Bool { report.sum.findings.contains { $0.rule == rule } }
  var isOutInSomeState: Bool {
    report.sum.findings.contains { $0.rule.hasPrefix("balance.") && $0.rule != "balance.total" }
  }

  /// Maps of one shape on equal nodes.
  static func plain(
    nodes: Int, zones: Int = 0, maps: [(partitions: Int, replicas: Int)], _ change: (inout Cluster) -> Void = { _ in }
  ) throws -> DenseGroup {
    var cluster = Cluster(
      settings: Settings(partitionCount: maps.first?.partitions ?? 1), nodes: (0..<nodes).map { Node(name: "n\($0)") })
    if zones > 0 {
      cluster.levels = ["zone"]
      cluster.containers = (0..<zones).map {
        Container(name: "z\($0)", level: 0, parent: nil, nodes: $0 * nodes / zones..<($0 + 1) * nodes / zones)
      }
      cluster.settings.placement = [
        PlacementRule(states: [0, 1], level: 0, demand: .atMost(1), strength: .hard)
      ]
    }
    change(&cluster)
    let members = maps.enumerated().map { index, map in
      var settings = cluster.settings
      settings.partitionCount = map.partitions
      settings.constraints = [1, map.replicas - 1, 0, 0]
      return ClusterGroup.Member(name: "m\(index)", settings: settings)
    }
    return try DenseGroup(ClusterGroup(shared: cluster, members: members))
  }

  /// The same maps where some nodes have another status.
  static func with(_ statuses: [Int: Node.Status], _ group: DenseGroup) throws -> DenseGroup {
    var changed = group.group
    for (node, status) in statuses { changed.shared.nodes[node].status = status }
    return try DenseGroup(changed)
  }
}

extension DenseGroup {
  /// The same group with budgets: of all maps, and of the first.
  func with(budget: Int?, own: Int? = nil) throws -> DenseGroup {
    var changed = group
    changed.shared.settings.balance.moveBudget = budget
    for map in changed.members.indices {
      changed.members[map].settings.balance.moveBudget = map == 0 ? own ?? budget : budget
    }
    return try DenseGroup(changed)
  }
}
