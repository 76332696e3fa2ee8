import TestSupport
import Testing

@testable import PlatEngine

/// The planner's checks can fail: a fault is planted in good plans, and the check must notice.
@Suite struct PlannerFaults {
  /// Two replicas that could have stayed change places: loads, rules and states are as they were.
  private func movedNeedlessly(_ one: PlannedCase) -> PlacementMap? {
    guard one.current != nil else { return nil }
    let rows = one.plan.target.rows
    let before = one.holdersBefore
    func may(_ node: Int, replace old: Int, in partition: Int) -> [[Int]]? {
      guard !rows[partition].joined().contains(node), !before[partition].contains(node), before[partition].contains(old)
      else { return nil }
      let row = rows[partition].map { $0.map { $0 == old ? node : $0 } }
      return ExhaustiveSearch.meetsHardRules(one.cluster, row) ? row : nil
    }
    for (p, row) in rows.enumerated() {
      for (state, nodes) in row.enumerated() {
        for q in (p + 1)..<max(rows.count, p + 1) {
          for a in nodes {
            for b in rows[q][state] {
              guard let first = may(b, replace: a, in: p), let second = may(a, replace: b, in: q) else { continue }
              var changed = rows
              (changed[p], changed[q]) = (first, second)
              return PlacementMap.make(changed, least: one.cluster.wanted)
            }
          }
        }
      }
    }
    return nil
  }

  @Test func aNeedlessMoveIsNoticed() {
    var planted = 0
    forAllSeeds(0..<600) { seed in
      var one = try PlannedCase(seed, .small, .laminar)
      // Where states ask for more moves than totals, nothing says how many.
      guard !one.isShort, one.cluster.status.allSatisfy({ $0 == .active }), try !one.movesForStates(),
        let map = movedNeedlessly(one)
      else { return }
      planted += 1
      let moves = one.moves
      one = try PlannedCase(one.cluster, one.current, target: map)
      try holds(one.moves == moves + 2 && one.faults.isEmpty, "not the fault that was meant\n\(one.text)")
      try holds(one.isNoticed { try one.checkMoves() }, "not noticed\n\(one.text)")
    }
    #expect(planted > 100, "\(planted)")
  }

  @Test(arguments: [1, -1])
  func aWrongBoundIsNoticed(by error: Int) {
    var planted = 0
    forAllSeeds(0..<300) { seed in
      var one = try PlannedCase(seed, .small, .laminar)
      guard !one.isShort else { return }
      planted += 1
      one.plan.movesLowerBound += error
      try holds(one.isNoticed { try one.checkMoves() }, "not noticed\n\(one.text)")
    }
    #expect(planted > 100, "\(planted)")
  }

  enum Fault: CaseIterable { case lost, twice, misplaced }

  /// A replica that is missing, one that stands twice in its row, one on a node that is leaving.
  @Test(arguments: Fault.allCases)
  func aSpoiltRowIsNoticed(_ fault: Fault) {
    var planted = 0
    forAllSeeds(0..<600) { seed in
      var one = try PlannedCase(seed, .small, .laminar)
      var rows = one.plan.target.rows
      let leaving = one.cluster.status.firstIndex(of: .leaving)
      guard one.cluster.replicas > 1, !one.isShort, fault != .misplaced || leaving != nil, rows[0][1].count > 0
      else { return }
      switch fault {
      case .lost: rows[0][1].removeLast()
      case .twice: rows[0][1][0] = rows[0][0].first ?? rows[0][1].last!
      case .misplaced: rows[0][1][0] = leaving!
      }
      guard rows != one.plan.target.rows else { return }
      planted += 1
      one = try PlannedCase(one.cluster, one.current, target: PlacementMap.make(rows, least: one.cluster.wanted))
      let isNoticed = one.isNoticed { try one.checkConsistent() } || one.placed < one.due.totalFlow
      try holds(isNoticed, "not noticed\n\(one.text)")
    }
    #expect(planted > 50, "\(planted)")
  }

  /// Whatever the prices, they never prove more than is so.
  @Test func noPricesProveTooMuch() {
    var (tight, best) = (0, 0)
    forAllSeeds(0..<500) { seed in
      let (named, current) = RandomCluster.make(seed: seed, size: seed % 2 == 0 ? .tiny : .small, shape: .laminar)
      let cluster = try DenseCluster(named)
      let arena = try Arena()
      let problem = try Problem(cluster, current: current, arena: arena)
      var placement = try Placement(
        problem, target: PlacementMap(partitionCount: cluster.partitionCount, slotCounts: cluster.wanted))
      Keep.run(problem, &placement)
      let due = try Due(problem, held: placement.load)
      let naive = NaiveDue(cluster, map: nil)
      guard
        let oracle = FlowOracle.movesLowerBound(
          cluster: cluster, current: current, windows: naive.windows, totalFlow: naive.totalFlow)
      else { throw PropertyFailure("no map lies in the windows\n\(RandomCluster.describe(named, current))") }
      var random = SplitMix64(seed: ~seed)
      for greatest in [0, 1, 2, 5, 1000] {
        let prices: NodeTable<Int32> = try arena.table(cluster.nodeCount)
        for node in 0..<cluster.nodeCount { prices.base[node] = Int32(random.among(-greatest...greatest)) }
        let bound = try Certify.movesLowerBound(problem, due, prices: prices)
        tight += bound == oracle ? 1 : 0
        best += 1
        try holds(
          (0...oracle).contains(bound), "bound \(bound) above \(oracle)\n\(RandomCluster.describe(named, current))")
      }
    }
    #expect(tight > best / 20 && tight < best, "\(tight) of \(best)")
  }
}

extension PlannedCase {
  /// The same plan with another map in it.
  init(_ cluster: DenseCluster, _ current: PlacementMap?, target: PlacementMap) throws {
    var plan = try Planner.plan(cluster, from: current)
    plan.target = target
    try self.init(cluster, current, plan: plan)
  }

  func isNoticed(_ check: () throws -> Void) -> Bool {
    do {
      try check()
      return false
    } catch {
      return true
    }
  }
}
