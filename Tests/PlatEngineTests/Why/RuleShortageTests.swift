@testable import PlatEngine
import TestSupport
import Testing

/// What a rule leaves every partition too few of: proved, with what would end it, and no less.
@Suite struct RuleShortageTests {
  private static let shape = RandomCluster.Shape {
    $0.allActive = true
    $0.masterSlaveOnly = true
    $0.noCapacities = true
    $0.equalWeights = true
    $0.nodes = 2...5
    $0.partitions = 2...4
  }

  /// Whether one partition by itself finds a place for all its replicas: every row is tried. Without capacities then
  /// all do.
  private func hasFullRow(_ cluster: Cluster) throws -> Bool {
    let dense = try DenseCluster(cluster)
    let wanted = cluster.settings.constraints.reduce(0, +)
    if let limit = cluster.settings.fanOut, cluster.settings.constraints[0] > 0, wanted > 1 {
      guard wanted - 1 <= limit.outbound ?? .max, limit.inbound ?? .max > 0 else { return false }
    }
    return ExhaustiveSearch.hasFullRow(dense)
  }

  private func planned(_ cluster: Cluster) throws -> Report { try PlannedCase(DenseCluster(cluster), nil).report }

  /// A step less than a remedy; nil: nothing is less.
  private func less(_ remedy: Remedy, than cluster: Cluster) -> [Remedy] {
    switch remedy {
    case .addNodes(let count, let container): count > 1 ? [.addNodes(count: count - 1, container: container)] : []
    case .raiseAtMost(let rule, let to):
      if case .atMost(let most) = cluster.settings.placement[rule].demand, to > most + 1 {
        [.raiseAtMost(rule: rule, to: to - 1)]
      } else {
        []
      }
    case .raiseFanOut(let outbound, let inbound):
      [
        outbound.map { .raiseFanOut(outbound: $0 - 1, inbound: inbound) },
        inbound.map { .raiseFanOut(outbound: outbound, inbound: $0 - 1) },
      ].compactMap(\.self)
    case .lowerConstraint(let state, let to): [.lowerConstraint(state: state, to: to + 1)]
    case .lowerAtLeast(let rule, let to): [.lowerAtLeast(rule: rule, to: to + 1)]
    case .addContainers, .raiseCapacity, .endMaintenance: []
    }
  }

  private func check(_ cluster: Cluster, _ report: Report, _ kinds: inout [String: Int]) throws {
    for shortage in report.findings.compactMap(\.shortage) where shortage.rule != nil {
      try holds(report.unmet >= shortage.short, "\(shortage)\n\(report.unmet) unmet")
      for remedy in shortage.remedies {
        let mended = remedy.applied(to: cluster)
        try holds(hasFullRow(mended), "\(remedy) does not do\n\(RandomCluster.describe(cluster, nil))")
        kinds["all", default: 0] += 1
        if try planned(mended).unmet > 0 { kinds["not planned", default: 0] += 1 }
        for less in less(remedy, than: cluster) {
          try holds(
            !hasFullRow(less.applied(to: cluster)), "\(less) is enough\n\(RandomCluster.describe(cluster, nil))")
        }
        kinds[remedy.kind, default: 0] += 1
      }
    }
  }

  @Test func limitsOnPeers() {
    var kinds: [String: Int] = [:]
    var (short, unproved) = (0, 0)
    forAllSeeds(0..<400) { seed in
      var cluster = RandomCluster.make(seed: seed, size: .tiny, shape: Self.shape).cluster
      var random = SplitMix64(seed: seed ^ 0x9ee)
      cluster.settings.placement = []
      cluster.settings.fanOut = FanOutLimit(
        outbound: random.chance(1, 4) ? nil : random.among(0...3),
        inbound: random.chance(1, 4) ? nil : random.among(0...2), strength: .hard)
      let report = try planned(cluster)
      try check(cluster, report, &kinds)
      if report.unmet > 0 {
        short += 1
        if !report.findings.contains(where: { $0.shortage != nil }) { unproved += 1 }
      }
      try holds(
        hasFullRow(cluster) || report.findings.contains { $0.shortage != nil },
        "not proved\n\(RandomCluster.describe(cluster, nil))")
    }
    #expect(short > 100 && kinds["fanOut"]! > 50 && kinds["constraint"]! > 50, "\(short) \(kinds)")
    #expect(20 * kinds["not planned", default: 0] <= kinds["all"]!, "\(kinds)")
    #expect(unproved <= short / 20, "\(unproved) of \(short) without a proof")
  }

  @Test func nearRules() {
    var kinds: [String: Int] = [:]
    var (short, unproved) = (0, 0)
    var shape = Self.shape
    shape.near = .hard
    shape.noSoftRules = true
    forAllSeeds(0..<800) { seed in
      let cluster = RandomCluster.make(seed: seed, size: .tiny, shape: shape).cluster
      let report = try planned(cluster)
      try check(cluster, report, &kinds)
      guard report.unmet > 0 else { return }
      short += 1
      if !report.findings.contains(where: { $0.shortage != nil }) { unproved += 1 }
      try holds(!hasFullRow(cluster), "a row with all replicas was not found\n\(RandomCluster.describe(cluster, nil))")
    }
    #expect(short > 100 && kinds["atLeast"]! > 30 && kinds["nodes"]! > 10, "\(short) \(kinds)")
    #expect(20 * kinds["not planned", default: 0] <= kinds["all"]!, "\(kinds)")
    #expect(unproved <= short / 10, "\(unproved) of \(short) without a proof")
  }

  /// What is missing for nodes in maintenance is proved by the room that there is, and told to end with them.
  @Test(arguments: [true, false]) func maintenance(noHardRules: Bool) {
    var kinds: [String: Int] = [:]
    var (short, proved) = (0, 0)
    var shape = Self.shape
    shape.allActive = false
    shape.noMaintenance = true
    shape.noHardRules = noHardRules
    shape.rulesOverAllStates = true
    shape.noSoftRules = true
    shape.currentMaps = [.missing, .halfMoved, .random]
    shape.partitions = 3...5
    forAllSeeds(0..<1500) { seed in
      var (cluster, current) = RandomCluster.make(seed: seed, size: .tiny, shape: shape)
      var random = SplitMix64(seed: seed ^ 0x3a1)
      for node in cluster.nodes.indices { cluster.nodes[node].status = random.chance(1, 2) ? .maintenance : .active }
      guard let current, cluster.nodes.contains(where: { $0.status == .active }) else { return }
      let one = try PlannedCase(DenseCluster(cluster), current)
      guard one.report.unmet > 0 else { return }
      short += 1
      let proofs = one.report.findings.compactMap(\.shortage)
      if !proofs.isEmpty { proved += 1 }
      for proof in proofs where proof.rule == nil {
        try holds(one.report.unmet >= proof.short, "\(proof), and \(one.report.unmet) are unmet\n\(one.text)")
        for remedy in proof.remedies {
          kinds["all", default: 0] += 1
          kinds[remedy.kind, default: 0] += 1
          let left = try mended(remedy, cluster, current)
          try holds(left.unmet == 0, "\(remedy) does not do\n\(one.text)")
          // Of several nodes none alone would do.
          guard case .endMaintenance(let nodes) = remedy else { continue }
          for node in nodes where nodes.count > 1 {
            try holds(
              mended(.endMaintenance(nodes: [node]), cluster, current).unmet > 0, "\(node) is enough\n\(one.text)")
          }
        }
      }
    }
    #expect(short > 100 && kinds["maintenance", default: 0] > 50, "\(short) \(kinds)")
    #expect(proved == short, "\(proved) of \(short) proved; \(kinds)")
  }

  /// Planned again after a remedy, from the same map.
  private func mended(_ remedy: Remedy, _ cluster: Cluster, _ current: PlacementMap) throws -> Report {
    let after = remedy.applied(to: cluster)
    let number = Dictionary(uniqueKeysWithValues: after.nodes.enumerated().map { ($1.name, $0) })
    let map = PlacementMap.make(
      current.rows.map { row in row.map { $0.compactMap { number[cluster.nodes[$0].name] } } },
      least: current.slotCounts)
    return try PlannedCase(DenseCluster(after), map).report
  }

  /// The check itself: a remedy that does not do is noticed, and one that is more than needed.
  @Test func aRemedyTooSmallIsNoticed() throws {
    let few = FanOutLimit(outbound: 0, inbound: nil, strength: .hard)
    let cluster = try ZoneCluster(partitions: 12, slaves: 2, zones: [2, 2], fanOut: few).dense().cluster
    var report = try planned(cluster)
    let place = try #require(report.findings.firstIndex { $0.shortage?.rule != nil })
    var kinds: [String: Int] = [:]
    try check(cluster, report, &kinds)
    for wrong in [1, 3] {
      report.findings[place].shortage?.remedies = [.raiseFanOut(outbound: wrong, inbound: nil)]
      #expect(throws: PropertyFailure.self) { try check(cluster, report, &kinds) }
    }
    report.findings[place].shortage?.remedies = []
    report.findings[place].shortage?.room = 0
    #expect(throws: PropertyFailure.self) { try check(cluster, report, &kinds) }
  }

  @Test func wordsAndNumbers() throws {
    let few = FanOutLimit(outbound: 1, inbound: nil, strength: .hard)
    let cluster = try ZoneCluster(partitions: 12, slaves: 2, zones: [2, 2], fanOut: few).dense()
    let shortage = try #require(planned(cluster.cluster).findings.compactMap(\.shortage).first)
    #expect(shortage.rule == .init(path: "fanOut.outbound", most: 2) && shortage.short == 12)
    #expect(
      "\(shortage)"
        == "fanOut.outbound leaves each partition at most 2: room for 24 of 36 master and slave replicas; let "
        + "fanOut.outbound allow 2, or ask for 1 in constraints.slave")
  }
}
