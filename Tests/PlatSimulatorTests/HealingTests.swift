import PlatEngine
import PlatSimulator
import TestSupport
import Testing

/// Nodes are cut off for 700 ticks, at any moment of a change, and nothing else is amiss: how soon all is well again.
/// Copies take what messages, disks and streams take; the orchestrator is not to add to that.
@Suite struct HealingTests {
  /// Found here, and not by runs with the usual faults.
  static let plants: [InjectedFault] = [.countNoPlans]

  enum Kind: CaseIterable {
    /// From all others; from the orchestrators; all but one from the orchestrators, which hear that one all the time.
    case node, nodeOfOrchestrators, allButOne
  }

  private static let clusters = [
    ("leaving and joining", SimulatedCluster.leavingAndJoining), ("three copies", SimulatedCluster.threeCopies),
    ("full", SimulatedCluster.full), ("one copy", SimulatedCluster.oneCopy), ("floor", SimulatedCluster.floor),
  ]

  private func outage(_ kind: Kind, of count: Int, latency: UInt64, _ seed: UInt64) -> Outage {
    var random = SplitMix64(seed: seed)
    let node = random.below(count)
    var outage = Outage(
      nodes: kind == .allButOne ? (0..<count).filter { $0 != node } : [node], begin: 10 + UInt64(random.below(800)))
    outage.isOfOrchestrators = kind != .node
    outage.latency = latency
    return outage
  }

  /// `most`: ticks until the map is in force and every node knows; nil: until the last plan is made, in 500 ticks.
  private func check(latency: UInt64, most: UInt64?, seeds: ClosedRange<UInt64>) {
    var worst: (ticks: UInt64, lastPlan: UInt64) = (0, 0)
    for (name, setup) in Self.clusters {
      for kind in Kind.allCases {
        for seed in seeds {
          let outage = outage(kind, of: setup.cluster.nodeCount, latency: latency, seed)
          let outcome = Simulator(setup, rates: .none).outcome(of: outage, seed: seed)
          #expect(outcome.violation == nil, "\(name), \(outage), seed \(seed)")
          guard let ticks = outcome.ticks else { continue }
          #expect(
            ticks <= most ?? .max && outcome.lastPlan <= 500,
            "\(name), \(outage), seed \(seed): \(ticks) ticks, last plan \(outcome.lastPlan)")
          worst = (max(worst.ticks, ticks), max(worst.lastPlan, outcome.lastPlan))
        }
      }
    }
    print(
      "up to \(4 + latency) ticks a message: \(worst.ticks) ticks after a cut of 700, the last plan \(worst.lastPlan)")
  }

  @Test func allIsWellWithin500Ticks() { check(latency: 0, most: 500, seeds: 1...25) }

  /// Latencies are unequal: by the pair, and each way.
  @Test(arguments: [4, 20, 60] as [UInt64]) func theLastPlanIsMadeWithin500Ticks(_ latency: UInt64) {
    check(latency: latency, most: latency == 4 ? 500 : nil, seeds: 1...12)
  }

  /// A copy that is to go asks the old leader, which is handing over for long, again and again: nothing is planned
  /// anew.
  @Test func aTakeoverThatTakesLongIsWaitedFor() {
    var outage = Outage(nodes: [3], begin: 124)
    outage.latency = 60
    let outcome = Simulator(SimulatedCluster.floor, rates: .none).outcome(of: outage, seed: 35)
    #expect(outcome.violation == nil && outcome.ticks != nil && outcome.lastPlan <= 500, "\(outcome.lastPlan)")
  }

  /// Nodes that are back one after another are planned for together.
  @Test func whoIsBackInTurnIsPlannedForTogether() {
    for seed in 1...10 as ClosedRange<UInt64> {
      let outcome = Simulator(SimulatedCluster.threeCopies, rates: .none).outcome(
        of: SimulatedCluster.backInTurn, seed: seed)
      #expect(outcome.violation == nil && outcome.ticks ?? .max <= 500, "seed \(seed): \(outcome)")
    }
  }

  @Test(arguments: HealingTests.plants) func eachDeliberateBugIsCaught(_ plant: InjectedFault) {
    let outcomes = (1...10 as ClosedRange<UInt64>).map {
      Simulator(SimulatedCluster.threeCopies, rates: .none, plant: plant).outcome(
        of: SimulatedCluster.backInTurn, seed: $0)
    }
    #expect(outcomes.contains { $0.violation?.invariant == .plansAreFew })
    #expect(
      outcomes.allSatisfy { $0.violation == nil || $0.violation?.invariant == .plansAreFew }, "nothing else notices it")
  }
}
