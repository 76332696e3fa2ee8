import PlatEngine
import PlatSimulator
import TestSupport
import Testing

/// Random state models of 1 to 6 states, carried out without faults: nothing is lost, and the end is reached.
@Suite struct RandomModelTests {
  private struct Case {
    var model: StateModel
    var cluster: Cluster
    var current: PlacementMap?
    var setup: SimulationCase
    var target: PlacementMap

    /// `accepts`: which models are wanted; `changes`: what is different about the cluster and its map.
    init(
      seed: UInt64, accepts: (StateModel) -> Bool = { _ in true },
      shape change: (inout RandomCluster.Shape) -> Void = { _ in },
      changes: (inout Cluster, inout SplitMix64) -> Void = { _, _ in }
    ) throws {
      var random = SplitMix64(seed: seed)
      var (model, most) = RandomModel.make(&random)
      while !accepts(model) { (model, most) = RandomModel.make(&random) }
      let shape = RandomCluster.Shape {
        $0.model = model
        $0.mostOfState = most
        $0.noMaintenance = true
        $0.nodes = 2...7
        $0.partitions = 1...3
        $0.currentMaps = [.none, .random, .roundRobin, .missing]
        change(&$0)
      }
      self.model = model
      (cluster, current) = RandomCluster.make(seed: random.next(), shape: shape)
      for node in cluster.nodes.indices where cluster.nodes[node].status == .failed {
        cluster.nodes[node].status = .leaving
      }
      changes(&cluster, &random)
      let dense = try DenseCluster(cluster)
      target = try Planner.plan(dense, from: current).target
      setup = try SimulationCase(dense, from: current, to: target, revision: 1)
    }

    func outcome(seed: UInt64, plant: InjectedFault? = nil) -> Simulator.Outcome {
      Simulator(setup, rates: .none, plant: plant).run(seed: seed, runs: 1)
    }

    /// Returns how many events there were.
    func carryOut(seed: UInt64) throws -> Int {
      let outcome = outcome(seed: seed)
      try holds(
        outcome.converged == 1,
        """
        \(outcome.violations.first.map { "\($0)" } ?? "")
        \(model)
        \(RandomCluster.describe(cluster, current))
        to \(target.rows)
        \(Simulator(setup, rates: .none, plant: nil).trace(seed: seed).suffix(120).joined(separator: "\n"))
        """
      )
      return outcome.events
    }

    /// Partitions that somebody leads in the map at the beginning, and nobody in the target.
    var leftWithoutLeader: Int {
      guard let current, model.mostHolders(0) == 1 else { return 0 }
      return zip(current.rows, target.rows).count { !$0[0].isEmpty && $1[0].isEmpty }
    }
  }

  @Test func anyModelIsCarriedOut() {
    var events = 0
    forAllSeeds(0..<240) { seed in events += try Case(seed: seed).carryOut(seed: seed) }
    #expect(events > 20_000, "\(events)")
  }

  /// Several states with data of which a node each has a partition, and whose holders leave: takeovers of one partition
  /// go on side by side.
  private static func sideBySide(_ seed: UInt64) throws -> Case {
    try Case(
      seed: seed,
      accepts: { model in
        model.states.indices.count {
          model.states[$0].defaultCount > 0 && model.states[$0].holdsData && model.mostHolders($0) == 1
        } > 1
      },
      shape: { shape in
        shape.nodes = 4...7
        shape.allActive = true
        shape.noCapacities = true
        shape.noHardRules = true
        shape.currentMaps = [.random, .roundRobin]
      },
      changes: { cluster, random in
        for node in cluster.nodes.indices where random.chance(1, 2) { cluster.nodes[node].status = .leaving }
        if !cluster.nodes.contains(where: { $0.status == .active }) { cluster.nodes[0].status = .active }
      })
  }

  @Test func takeoversSideBySideLoseNothing() {
    forAllSeeds(0..<200) { seed in _ = try Self.sideBySide(seed).carryOut(seed: seed) }
  }

  /// Where steps do not wait for those that they come after, copies are seen to be fewer, beside takeovers as well.
  @Test func stepsThatDoNotWaitAreCaught() {
    var caught = 0
    forAllSeeds(0..<200) { seed in
      let outcome = try Self.sideBySide(seed).outcome(seed: seed, plant: .ignoreOrder)
      if outcome.violations.first?.invariant == .copiesKept { caught += 1 }
    }
    #expect(caught >= 20, "\(caught)")
  }

  /// None may be asked for in the state that leads, and last copies may stay in maintenance: whom nobody leads is asked
  /// nothing at the end.
  @Test func partitionsMayBeLeftWithoutLeader() {
    var without = 0
    forAllSeeds(0..<240) { seed in
      let made = try Case(
        seed: seed, accepts: { $0.mostHolders(0) == 1 },
        shape: { shape in
          shape.noMaintenance = false
          shape.currentMaps = [.random, .roundRobin, .missing]
        },
        changes: { cluster, random in
          let model = cluster.settings.model
          let others = model.states.indices.dropFirst().filter {
            model.states[$0].holdsData && cluster.settings.constraints[$0] > 0
          }
          if !others.isEmpty, random.chance(1, 2) { cluster.settings.constraints[0] = 0 }
          if random.chance(1, 2) {
            for node in cluster.nodes.indices where random.chance(1, 2) { cluster.nodes[node].status = .maintenance }
          }
          if random.chance(1, 4) {
            for node in cluster.nodes.indices where cluster.nodes[node].status == .active {
              cluster.nodes[node].capacity = random.below(2)
            }
          }
        })
      _ = try made.carryOut(seed: seed)
      without += made.leftWithoutLeader
    }
    #expect(without >= 40, "\(without)")
  }
}
