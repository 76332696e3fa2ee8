import Foundation
import TestSupport
import Testing

@testable import PlatEngine

/// The recounts of `Placement+Invariants.swift` and `Weighing+Invariants.swift`: a placement as `Keep` leaves it keeps
/// every invariant, and each planted fault is named.
@Suite struct RecountTests {
  private struct Made {
    let cluster: DenseCluster
    let problem: Problem
    var placement: Placement
    var random: SplitMix64

    init?(_ seed: UInt64, weighted: Bool = false) throws {
      let made = RandomCluster.make(
        seed: seed,
        shape: RandomCluster.Shape {
          guard seed % 2 == 0 else { return }
          // Where rows are known to stay.
          $0.rulesOverAllStates = true
          $0.allActive = true
        })
      random = SplitMix64(seed: ~seed)
      var cluster = made.cluster
      if weighted { cluster.partitionWeights = Sizes.anyhow.make(cluster.settings.partitionCount, &random) }
      self.cluster = try DenseCluster(cluster)
      problem = try Problem(self.cluster, current: made.current, arena: Arena())
      placement = try Placement(
        problem,
        target: PlacementMap(partitionCount: self.cluster.partitionCount, slotCounts: self.cluster.dataWanted))
      placement.changed.isTracked = true
      Keep.run(problem, &placement)
      guard placement.placed > 0 else { return nil }
    }

    var text: String { RandomCluster.describe(cluster.cluster, problem.current) }

    /// Some slot that is not empty.
    mutating func filledSlot() -> Int {
      let filled = (0..<problem.partitionCount * problem.replicas).filter { placement.rows[$0] != .none }
      return random.pick(filled)
    }

    /// Two nodes of one row: their slots.
    mutating func pair(in partitions: [Int]) -> (a: Int, b: Int)? {
      for partition in random.shuffled(partitions) {
        let slots = (0..<problem.replicas).filter { placement.row(partition)[$0] != .none }
        guard slots.count > 1 else { continue }
        return (partition * problem.replicas + slots[0], partition * problem.replicas + slots[1])
      }
      return nil
    }

    /// Partitions whose rows nobody has said to be changed.
    var unchanged: [Int] {
      var isChanged = [Bool](repeating: false, count: problem.partitionCount)
      placement.changed.forEach { isChanged[$0] = true }
      return isChanged.indices.filter { !isChanged[$0] }
    }
  }

  @Test func eachPlantedFaultIsNamed() {
    var seen: [Placement.Invariant: Int] = [:]
    forAllSeeds(0..<400) { seed in
      guard var made = try Made(seed) else { return }
      let (problem, rows) = (made.problem, made.placement.rows)
      func expect(_ invariant: Placement.Invariant?, _ placement: Placement) throws {
        let broken = placement.firstBroken(problem)
        let (found, planted) = (broken?.rawValue ?? "none", invariant?.rawValue ?? "none")
        try holds(broken == invariant, "\(found) is named, \(planted) is broken\n\(made.text)")
        if let invariant { seen[invariant, default: 0] += 1 }
      }
      func plant(_ invariant: Placement.Invariant, _ slot: Int, _ node: NodeIndex) throws {
        let before = rows[slot]
        defer { rows[slot] = before }
        rows[slot] = node
        try expect(invariant, made.placement)
      }
      try expect(nil, made.placement)

      let slot = made.filledSlot()
      try plant(.rowsNameNodes, slot, NodeIndex(problem.nodeCount))
      try plant(.loadsAreCounts, slot, .none)
      if let pair = made.pair(in: Array(0..<problem.partitionCount)) {
        try plant(.rowsHaveDistinctNodes, pair.b, rows[pair.a])
      }

      let load = made.placement.load
      load[rows[slot]] += 1
      try expect(.loadsAreCounts, made.placement)
      load[rows[slot]] -= 1
      made.placement.placed -= 1
      try expect(.placedIsTheSum, made.placement)
      try holds(made.placement.firstBroken(problem, besides: [.placedIsTheSum]) == nil, "what is left out is named")
      made.placement.placed += 1

      if let pair = made.pair(in: made.unchanged) {
        (rows[pair.a], rows[pair.b]) = (rows[pair.b], rows[pair.a])
        try expect(.keptRowsAreTodays, made.placement)
        made.placement.changed.change(pair.a / problem.replicas)
        try expect(nil, made.placement)
      }

      let book = try PeerBook(problem, made.placement)
      made.placement.peers = book
      try expect(nil, made.placement)
      let nodes = (0..<problem.nodeCount).map { NodeIndex($0) }
      if let other = nodes.first(where: { $0 != rows[slot] && book.count(rows[slot], $0) == 0 }) {
        book.change(rows[slot], other, by: 1)
        try expect(.peersAreThePairs, made.placement)
      }
    }
    for invariant in Placement.Invariant.allCases {
      #expect(seen[invariant] ?? 0 > 10, "\(invariant.rawValue): \(seen[invariant] ?? 0)")
    }
  }

  @Test func eachPlantedFaultInWeightIsNamed() {
    var seen: [Weighing.Invariant: Int] = [:]
    forAllSeeds(0..<400) { seed in
      guard var made = try Made(seed, weighted: true), let weights = made.cluster.partitionWeights else { return }
      let weighing = try Weighing(made.problem, weights, made.placement)
      weighing.recount()
      func expect(_ invariant: Weighing.Invariant?) throws {
        let broken = weighing.firstBroken
        let (found, planted) = (broken?.rawValue ?? "none", invariant?.rawValue ?? "none")
        try holds(broken == invariant, "\(found) is named, \(planted) is broken\n\(made.text)")
        if let invariant { seen[invariant, default: 0] += 1 }
      }
      func plant(_ invariant: Weighing.Invariant, _ slot: Int, _ node: NodeIndex) throws {
        let before = weighing.rows[slot]
        defer { weighing.rows[slot] = before }
        weighing.rows[slot] = node
        try expect(invariant)
      }
      try expect(nil)

      let slot = made.filledSlot()
      try plant(.rowsNameNodes, slot, NodeIndex(made.problem.nodeCount))
      if let pair = made.pair(in: Array(0..<made.problem.partitionCount)) {
        try plant(.rowsHaveDistinctNodes, pair.b, weighing.rows[pair.a])
      }
      try plant(.loadsAreCounts, slot, .none)
      weighing.load[weighing.rows[slot]] += 1
      try expect(.weightLoadsAreSums)
      weighing.load[weighing.rows[slot]] -= 1

      weighing.set(slot / weighing.replicas, slot % weighing.replicas, to: .none)
      try expect(nil)
    }
    for invariant in Weighing.Invariant.allCases {
      #expect(seen[invariant] ?? 0 > 10, "\(invariant.rawValue): \(seen[invariant] ?? 0)")
    }
  }

  /// What an assertion tells is to be found.
  @Test func everyNameIsInTheDocument() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(contentsOf: root.appendingPathComponent("docs/INVARIANTS.md"), encoding: .utf8)
    let names = Placement.Invariant.allCases.map(\.rawValue) + Weighing.Invariant.allCases.map(\.rawValue)
    for name in names { #expect(text.contains("**\(name)**"), "\(name)") }
  }
}
