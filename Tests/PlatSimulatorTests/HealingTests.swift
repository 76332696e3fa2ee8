import PlatEngine
import PlatSimulator
import TestSupport
import Testing

/// How soon all is well again after a cut of 700 ticks, with nothing else amiss.
@Suite struct HealingTests {
  private static let clusters: [(String, SimulationCase)] = [
    ("leaving", SimulatedCluster.leavingAndJoining), ("three", SimulatedCluster.threeCopies), ("full", SimulatedCluster.full),
    ("one", SimulatedCluster.oneCopy), ("floor", SimulatedCluster.floor),
  ]

  @Test func explore() {
    for (name, setup) in Self.clusters {
      for latency in [0, 5, 10, 20, 40, 60] as [UInt64] {
        for kind in 0..<3 {
          var all: [(UInt64, Int, UInt64)] = []
          var bad = 0
          for seed in 1...200 as ClosedRange<UInt64> {
            let (outcome, _) = outcome(setup, kind, latency, seed)
            if let ticks = outcome.ticks, outcome.violation == nil { all.append((ticks, outcome.plans, seed)) } else { bad += 1; print(outcome.violation as Any) }
          }
          all.sort { $0.0 < $1.0 }
          print("HEAL", name, "latency", latency, "kind", kind, "median", all[all.count / 2].0, "90%", all[all.count * 9 / 10].0, "worst", all.suffix(3),
            "plans", all.map(\.1).max()!, "over 500:", all.count { $0.0 > 500 }, "bad", bad)
        }
      }
    }
  }

  private func outcome(_ setup: SimulationCase, _ kind: Int, _ latency: UInt64, _ seed: UInt64, isTraced: Bool = false) -> (Outage.Outcome, Outage) {
    var random = SplitMix64(seed: seed)
    let count = setup.cluster.nodeCount
    let node = random.below(count)
    var outage = Outage(nodes: [node], begin: 10 + UInt64(random.below(800)))
    if kind == 1 { outage.isOfOrchestrators = true }
    if kind == 2 { (outage.nodes, outage.isOfOrchestrators) = ((0..<count).filter { $0 != node }, true) }
    outage.latency = latency
    return (Simulator(setup, rates: .none).outcome(of: outage, seed: seed, isTraced: isTraced), outage)
  }
}
