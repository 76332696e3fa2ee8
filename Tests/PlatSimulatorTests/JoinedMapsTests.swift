import TestSupport
import Testing

@testable import PlatEngine
@testable import PlatSimulator

/// Several maps of one model, whatever their replicas and rules, carried out together.
@Suite struct JoinedMapsTests {
  /// Planned while all nodes were active, and now some are to leave.
  private func make(_ seed: UInt64) throws -> (group: DenseGroup, currents: [PlacementMap?], maps: JoinedMaps)? {
    let shape = RandomCluster.Shape {
      ($0.noMaintenance, $0.noCapacities, $0.nodes, $0.partitions) = (true, seed % 3 > 0, 3...6, 1...4)
    }
    let (group, currents) = try RandomGroup.make(
      seed: seed, maps: 2...4, shape: shape, isJoined: true,
      change: { cluster, _ in
        for node in cluster.nodes.indices where cluster.nodes[node].status == .failed {
          cluster.nodes[node].status = .leaving
        }
      })
    guard group.clusters.contains(where: { $0.replicas > 0 }), let maps = try JoinedMaps(group) else { return nil }
    return (group, currents, maps)
  }

  private func areOfOneShape(_ group: DenseGroup) -> Bool {
    group.clusters.allSatisfy { $0.wanted == group.clusters[0].wanted }
  }

  private func setup(_ one: (group: DenseGroup, currents: [PlacementMap?], maps: JoinedMaps)) throws -> SimulationCase {
    let plan = try Planner.plan(one.group, from: one.currents)
    let target = try #require(try one.maps.joined(plan.plans.map(\.target)))
    return try SimulationCase(
      one.maps.cluster, from: one.maps.joined(one.currents), to: target, maps: one.maps, revision: 1)
  }

  @Test func allFaultsLeadToTheEnd() {
    var different = 0
    forAllSeeds(0..<60) { seed in
      guard let one = try make(seed) else { return }
      if !areOfOneShape(one.group) { different += 1 }
      let simulator = Simulator(try setup(one), rates: .usual, lives: 2)
      let outcome = simulator.run(seed: seed, runs: 2)
      try holds(
        outcome.converged == 2,
        """
        \(outcome.violations.first.map { "\($0)" } ?? "")
        \(simulator.trace(seed: seed).suffix(60).joined(separator: "\n"))
        """)
    }
    #expect(different > 15, "\(different)")
  }

  /// A bug that is put in is found here, too.
  @Test func aBugIsFound() throws {
    var found = 0
    for seed in 0..<UInt64(8) {
      guard let one = try make(seed) else { continue }
      let simulator = Simulator(try setup(one), rates: .usual, plant: .acknowledgeEarly, lives: 2)
      found += simulator.run(seed: seed, runs: 8).violated
    }
    #expect(found > 0)
  }

  /// What is planned again on the way is the plan of the group, and steps are those of its maps.
  @Test func theyArePlannedAsTheGroupThatTheyAre() {
    var moved = 0
    forAllSeeds(0..<60) { seed in
      guard let (group, currents, maps) = try make(seed), let current = try maps.joined(currents) else { return }
      let plan = try Planner.plan(group, from: maps.split(current))
      let target = try #require(try maps.joined(plan.plans.map(\.target)))
      let again = try maps.plan(on: group.group.shared.nodes, from: current)
      try holds(again.rows == target.rows, "another plan")
      try holds(
        zip(try maps.split(target), plan.plans).allSatisfy { $0 == nil || $0!.rows == $1.target.rows },
        "split is not what was joined")
      let steps = try maps.steps(on: group.group.shared.nodes, from: current, to: target)
      let own = StepPlanner.plan(
        group.clusters.indices.map { MapChange(group.clusters[$0], from: currents[$0], to: plan.plans[$0].target) })
      try holds(steps.list.steps.count == own.list.steps.count, "\(steps.list.steps.count), \(own.list.steps.count)")
      moved += steps.list.steps.count
    }
    #expect(moved > 100, "\(moved)")
  }

  @Test func mapsOfDifferentModelsAreNone() throws {
    let shared = Cluster(
      settings: Settings(partitionCount: 2, constraints: [1, 1, 0, 0]), nodes: [Node(name: "a"), Node(name: "b")])
    var other = shared.settings
    (other.model, other.constraints) = (.multiMaster, StateModel.multiMaster.states.indices.map { $0 == 0 ? 1 : 0 })
    let members = [shared.settings, other].enumerated().map { ClusterGroup.Member(name: "m\($0)", settings: $1) }
    #expect(try JoinedMaps(DenseGroup(ClusterGroup(shared: shared, members: members))) == nil)
  }
}
