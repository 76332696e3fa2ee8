import PlatEngine

/// One outage, and nothing else that is amiss: how soon all is well again.
package struct Outage: Sendable, CustomStringConvertible {
  /// Nodes that are cut off.
  package var nodes: [Int]
  /// From the orchestrators only, or from all others as well.
  package var isOfOrchestrators = false
  package var begin: UInt64
  package var ticks: UInt64 = 700
  /// The first is back after `ticks`, each of the others so much later than the one before it.
  package var apart: UInt64 = 0
  /// Each pair of processes has a latency of its own, each way: the usual 1 to 4 ticks, and up to so many more.
  package var latency: UInt64 = 0
  /// Nil: as in other runs of the seed.
  package var recovery: Orchestrator.Recovery?

  /// All are back.
  var end: UInt64 { begin + ticks + apart * UInt64(max(nodes.count, 1) - 1) }

  package init(nodes: [Int], begin: UInt64) { (self.nodes, self.begin) = (nodes, begin) }

  package var description: String {
    let others = isOfOrchestrators ? "orchestrators" : "all"
    let grace = recovery.map { ", grace \($0.grace)" } ?? ""
    return "nodes \(nodes) cut off from \(others) from \(begin) for \(ticks) ticks, back \(apart) apart, "
      + "up to \(latency) more ticks a message\(grace)"
  }

  /// What came of it.
  package struct Outcome: Sendable {
    /// From its end until the map was in force and every node knew; nil: never.
    package var ticks: UInt64?
    /// The same until the last plan was made; 0: before its end.
    package var lastPlan: UInt64 = 0
    /// Plans that were made for it since its end.
    package var plans = 0
    package var violation: Violation?
    package var trace: [String] = []
  }
}

extension Simulation {
  func begin(_ outage: Outage) {
    if outage.latency > 0 { links.spread(random.next(), most: outage.latency + 1) }
    timeline.add(.cutOff, at: outage.begin)
  }

  func cutOff() {
    guard let outage else { return }
    trace { "cut off  \(outage)" }
    for (number, node) in outage.nodes.enumerated() {
      timeline.add(.rejoin(node: node), at: now + outage.ticks + outage.apart * UInt64(number))
      if outage.isOfOrchestrators { nodes[node].isCutFromOrchestrators = true } else { nodes[node].side = 1 + node }
    }
  }
}

extension Simulator {
  package func outcome(of outage: Outage, seed: UInt64, isTraced: Bool = false) -> Outage.Outcome {
    let simulation = Simulation(
      setup, seed: seed, rates: .none, plant: plant, lives: 0, isTraced: isTraced, outage: outage)
    simulation.run()
    let ticks = simulation.reachedAt.map { $0 - outage.end }
    let plans = simulation.orchestrators.reduce(0) { $0 + $1.machine.plansForOutages - $1.plansBefore }
    let lastPlan = max(simulation.plannedAt, outage.end) - outage.end
    return Outage.Outcome(
      ticks: ticks, lastPlan: lastPlan, plans: plans, violation: simulation.violation, trace: simulation.lines ?? [])
  }
}
