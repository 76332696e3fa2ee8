import TestSupport
import Testing

@testable import PlatEngine

/// Plans for partitions of different sizes, on random clusters, against the Judge and against trying everything.
@Suite struct WeightedPlanner {
  @Test func everyShapeIsPlannedWithoutFault() {
    forAllSeeds(0..<50) { seed in
      guard let one = try WeightedCase(seed) else { return }
      try holds(one.faults.isEmpty, "faults \(one.faults)\n\(one.text)")
      let bound = one.plan.movesWeightLowerBound!
      try holds(bound.sign >= 0 && bound <= one.moved, "bound \(bound), moved \(one.moved)\n\(one.text)")
      try holds(one.plan.movesLowerBound <= one.report.moves, "bound \(one.plan.movesLowerBound)\n\(one.text)")
    }
  }

  /// Where neither hard rules nor capacities stand in the way, nearly all: what is left are small clusters whose nodes
  /// have place for two or three replicas each.
  @Test func nodesAreWithinOneReplicaOfTheirDue() {
    let shape = RandomCluster.Shape {
      $0.noHardRules = true
      $0.noCapacities = true
      $0.noMaintenance = true
    }
    var (seen, outside) = (0, 0)
    forAllSeeds(0..<60) { seed in
      guard let one = try WeightedCase(seed, .small, shape), !one.isShort else { return }
      seen += 1
      outside += one.report.isBalanced ? 0 : 1
    }
    #expect(outside * 10 < seen, "\(outside) of \(seen)")
  }

  @Test func planningTwiceIsPlanningOnce() {
    forAllSeeds(0..<100) { seed in
      guard let one = try WeightedCase(seed, .small, .laminar) else { return }
      let again = try WeightedCase(one.cluster, one.plan.target)
      try holds(
        again.report.moves == 0 && again.report.roleChanges == 0 && mapsEqual(again.plan.target, one.plan.target),
        "\(again.report.moves) moves, \(again.report.roleChanges) role changes\n\(one.text)")
    }
  }

  @Test func scalingAllWeightsChangesNothing() {
    forAllSeeds(0..<25) { seed in
      guard let one = try WeightedCase(seed) else { return }
      let factor = Rational(7, 3)
      var cluster = one.cluster.cluster
      cluster.partitionWeights = cluster.partitionWeights.map { weight in
        let parts = (Rational(weight) * factor).parts!
        return Quantity("\(parts.numerator)/\(parts.denominator)")!
      }
      let scaled = try WeightedCase(DenseCluster(cluster), one.current)
      try holds(mapsEqual(scaled.plan.target, one.plan.target), "another map\n\(one.text)")
      try holds(scaled.moved == one.moved * factor, "moved \(scaled.moved)\n\(one.text)")
      try holds(scaled.plan.movesWeightLowerBound! == one.plan.movesWeightLowerBound! * factor, "bound\n\(one.text)")
      try holds(
        scaled.plan.movesLowerBound == one.plan.movesLowerBound && scaled.report.moves == one.report.moves
          && scaled.report.isBalanced == one.report.isBalanced, "counts\n\(one.text)")
    }
  }

  @Test func equalWeightsSayNothing() {
    forAllSeeds(0..<40) { seed in
      let made = RandomCluster.make(seed: seed)
      var weighted = made.cluster
      weighted.partitionWeights = (0..<weighted.settings.partitionCount).map { Quantity($0 % 2 == 0 ? "3/2" : "1.5")! }
      let (plain, same) = (try DenseCluster(made.cluster), try DenseCluster(weighted))
      let (a, b) = (try Planner.plan(plain, from: made.current), try Planner.plan(same, from: made.current))
      try holds(
        mapsEqual(a.target, b.target) && a.movesLowerBound == b.movesLowerBound && b.movesWeightLowerBound == nil,
        RandomCluster.describe(weighted, made.current))
    }
  }

  /// The bound is one, and the plan is near the least there is.
  @Test func besideTryingEverything() {
    var (seen, least, tight) = (0, 0, 0)
    forAllSeeds(0..<150) { seed in
      guard let one = try WeightedCase(seed, .tiny, .laminar), !one.isShort, one.cluster.replicas > 0 else { return }
      guard let best = try WeightedExhaustive(one).least(one.hull) else { throw PropertyFailure("no map\n\(one.text)") }
      let exact = one.weights.exact(best)
      try holds(
        one.plan.movesWeightLowerBound! <= exact,
        "bound \(one.plan.movesWeightLowerBound!), least \(exact)\n\(one.text)")
      try holds(exact <= one.moved, "moved \(one.moved), least \(exact): not a map in its windows\n\(one.text)")
      seen += 1
      least += exact == one.moved ? 1 : 0
      tight += one.plan.movesWeightLowerBound! == exact ? 1 : 0
    }
    #expect(seen > 50)
    #expect(least * 10 >= seen * 8, "the least in \(least) of \(seen)")
    #expect(tight * 10 >= seen * 6, "the bound is the least in \(tight) of \(seen)")
  }

  /// Whatever the prices, they never prove more than is so.
  @Test func noPricesProveTooMuch() {
    var best = 0
    forAllSeeds(0..<150) { seed in
      guard let one = try WeightedCase(seed, .tiny, .laminar), !one.isShort, one.cluster.replicas > 0,
        let least = try WeightedExhaustive(one).least(one.hull)
      else { return }
      let problem = try Problem(one.cluster, current: one.current, arena: Arena())
      let target = try PlacementMap(partitionCount: one.cluster.partitionCount, slotCounts: one.cluster.dataWanted)
      var placement = try Placement(problem, target: target)
      Keep.run(problem, &placement)
      let due = try Due(problem, held: placement.load)
      let weighing = try Weighing(problem, one.weights, placement)
      let (low, high, prices): (NodeTable<Int>, NodeTable<Int>, NodeTable<Int32>) =
        (
          try problem.arena.table(problem.nodeCount), try problem.arena.table(problem.nodeCount),
          try problem.arena.table(problem.nodeCount)
        )
      for (node, window) in try one.hull.enumerated() {
        (low.base[node], high.base[node]) = (window.lowerBound, window.upperBound)
      }
      let demand: NodeTable<Int> = try problem.arena.table(problem.nodeCount)
      let search = WeightedPrices(weighing, due, least: low, most: high, isShort: false, enough: .max)
      var random = SplitMix64(seed: seed)
      for _ in 0..<8 {
        for node in 0..<problem.nodeCount { prices.base[node] = Int32(random.among(-2...2)) }
        let bound = try search.bound(prices, demand)
        try holds(bound <= least, "prices prove \(bound), \(least) is enough\n\(one.text)")
        best += bound == least ? 1 : 0
      }
    }
    #expect(best > 10, "no prices prove anything")
  }

  /// One replica on another node, or two exchanged: a plan that is worse is told from a good one.
  @Test func aPlanThatMovesTooMuchIsNoticed() {
    var planted = 0
    forAllSeeds(0..<150) { seed in
      guard let one = try WeightedCase(seed, .tiny, .laminar), let current = one.current, !one.isShort,
        one.cluster.status.allSatisfy({ $0 == .active }), one.plan.movesWeightLowerBound == .zero, one.moved == .zero
      else { return }
      var rows = one.plan.target.rows
      let heavy = one.weights.of.indices.max { one.weights.of[$0] < one.weights.of[$1] }!
      let held = Set(rows[heavy].joined())
      guard let state = rows[heavy].indices.first(where: { !rows[heavy][$0].isEmpty }),
        let other = (0..<one.cluster.nodeCount).first(where: { !held.contains($0) }),
        !current.dataHolders(one.cluster.cluster.settings.model)[heavy].contains(other)
      else { return }
      rows[heavy][state][0] = other
      let spoilt = try Judge.judge(one.cluster, map: PlacementMap.make(rows, least: one.cluster.wanted), from: current)
      planted += 1
      try holds(
        spoilt.inWeight!.moves == one.weights.exact(one.weights.of[heavy]),
        "moves \(spoilt.inWeight!.moves)\n\(one.text)")
      try holds(spoilt.inWeight != one.report.inWeight, "not noticed\n\(one.text)")
    }
    #expect(planted > 2, "\(planted)")
  }

  @Test func theJudgeCountsAsThisDoes() {
    forAllSeeds(0..<60) { seed in
      guard let one = try WeightedCase(seed) else { return }
      let before = (one.current?.dataHolders(one.cluster.cluster.settings.model)) ?? []
      var moved = 0
      for (partition, holders) in one.plan.target.dataHolders(one.cluster.cluster.settings.model).enumerated() {
        for node in holders {
          let wasThere =
            partition < before.count && before[partition].contains(node) && one.cluster.status[node] != .failed
          moved += wasThere ? 0 : one.weights.of[partition]
        }
      }
      try holds(one.moved == one.weights.exact(moved), "\(one.moved), counted \(moved)\n\(one.text)")
      let active = one.loads.enumerated().filter {
        one.cluster.status[$0.offset] == .active && Rational(one.cluster.cluster.nodes[$0.offset].weight).sign > 0
      }.map(\.element)
      try holds(one.report.inWeight?.total?.greatest == active.max().map(one.weights.exact), "greatest\n\(one.text)")
      try holds(one.report.inWeight?.total?.least == active.min().map(one.weights.exact), "least\n\(one.text)")
    }
  }
}

extension WeightedCase {
  /// The windows, widened up to what the plan holds.
  var hull: [ClosedRange<Int>] {
    get throws { try zip(windows(), loads).map { min($0.lowerBound, $1)...max($0.upperBound, $1) } }
  }
}

/// Tries everything on tiny clusters.
struct WeightedExhaustive {
  let one: WeightedCase

  init(_ one: WeightedCase) { self.one = one }

  /// The least weight that any map moves whose loads lie in the windows; nil: there is none.
  func least(_ windows: [ClosedRange<Int>]) -> Int? {
    let cluster = one.cluster
    let legal = (0..<(1 << cluster.nodeCount)).map { bits in (0..<cluster.nodeCount).filter { bits >> $0 & 1 == 1 } }
      .filter { $0.count == cluster.replicas && ExhaustiveSearch.meetsHardRules(cluster, [$0, [], [], []]) }
    let held = one.current?.dataHolders(cluster.cluster.settings.model)
    var reached: [[Int]: Int] = [[Int](repeating: 0, count: 2 * cluster.nodeCount): 0]
    for partition in 0..<cluster.partitionCount {
      let before = held.flatMap { partition < $0.count ? $0[partition] : nil } ?? []
      let weight = one.weights.of[partition]
      var next: [[Int]: Int] = [:]
      for (loads, cost) in reached {
        for holders in legal where holders.allSatisfy({ cluster.status[$0] == .active }) {
          var (after, cost) = (loads, cost)
          for node in holders {
            after[node] += weight
            after[cluster.nodeCount + node] += 1
            if !before.contains(node) { cost += weight }
          }
          guard holders.allSatisfy({
            after[$0] <= windows[$0].upperBound && after[cluster.nodeCount + $0] <= cluster.capacity[$0]
          }) else { continue }
          next[after] = min(next[after] ?? cost, cost)
        }
      }
      reached = next
    }
    return reached.filter { loads, _ in windows.indices.allSatisfy { windows[$0].contains(loads[$0]) } }.values.min()
  }
}
