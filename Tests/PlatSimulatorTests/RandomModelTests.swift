import PlatEngine
import PlatSimulator
import TestSupport
import Testing

/// Random state models of 1 to 6 states, carried out without faults: nothing is lost, and the end is reached.
@Suite struct RandomModelTests {
  @Test func anyModelIsCarriedOut() {
    var events = 0
    forAllSeeds(0..<240) { seed in
      var random = SplitMix64(seed: seed)
      let (model, most) = RandomModel.make(&random)
      let shape = RandomCluster.Shape {
        $0.model = model
        $0.mostOfState = most
        $0.noMaintenance = true
        $0.nodes = 2...7
        $0.partitions = 1...3
        $0.currentMaps = [.none, .random, .roundRobin, .missing]
      }
      var (cluster, current) = RandomCluster.make(seed: random.next(), shape: shape)
      for node in cluster.nodes.indices where cluster.nodes[node].status == .failed { cluster.nodes[node].status = .leaving }
      let dense = try DenseCluster(cluster)
      let target = try Planner.plan(dense, from: current).target
      let setup = try SimulationCase(dense, from: current, to: target, revision: 1)
      let outcome = Simulator(setup, rates: .none).run(seed: seed, runs: 1)
      events += outcome.events
      try holds(
        outcome.converged == 1,
        "\(outcome.violations.first.map { "\($0)" } ?? "")\n\(model)\n\(RandomCluster.describe(cluster, current))\nto \(target.rows)")
    }
    #expect(events > 20_000, "\(events)")
  }
}
