import PlatEngine
import Testing

/// Why a replica is missing, in words that are true.
@Suite struct JudgeReasons {
  private func because(_ cluster: ZoneCluster, _ rows: [[[Int]]]) throws -> String? {
    try Judge.judge(cluster.dense(), map: makeMap(rows), from: nil).findings.first { $0.want > $0.have }?.because
  }

  @Test func tooFewZones() throws {
    let cluster = ZoneCluster(partitions: 1, slaves: 2, zones: [2, 2], rules: [ZoneCluster.spread])
    #expect(
      try because(cluster, [[[0], [2]]]) == "2 zones, and placement[0] allows 1 replica in each: at most 2 of 3")
    let lost = ZoneCluster(
      partitions: 1, slaves: 2, zones: [2, 2, 1], statuses: [4: .failed], rules: [ZoneCluster.spread])
    #expect(
      try because(lost, [[[0], [2]]])
        == "2 of 3 zones with active nodes, and placement[0] allows 1 replica in each: at most 2 of 3")
  }

  @Test func tooFewNodes() throws {
    let cluster = ZoneCluster(partitions: 1, slaves: 2, zones: [2, 1], statuses: [2: .leaving])
    #expect(try because(cluster, [[[0], [1]]]) == "only 2 nodes are active and 3 replicas are wanted")
  }

  @Test func theOnlyZoneLeftHasItAlready() throws {
    let cluster = ZoneCluster(
      partitions: 2, slaves: 1, zones: [1, 1, 2], capacities: [0: 1, 1: 1], rules: [ZoneCluster.spread])
    #expect(
      try because(cluster, [[[0], [1]], [[2], []]])
        == "zone z2 holds the only nodes with room, and it already has this partition")
  }

  @Test func everyNodeIsFull() throws {
    let cluster = ZoneCluster(partitions: 3, slaves: 1, zones: [3], capacities: [0: 1, 1: 1, 2: 1])
    #expect(
      try because(cluster, [[[0], [1]], [[2], []], []])
        == "every node that could take it is at its capacity (z0.0: 1 of 1, z0.1: 1 of 1 and z0.2: 1 of 1); "
        + "in all, 3 of 6 replicas find room; full: z0.0: 1, z0.1: 1 and z0.2: 1")
  }

  @Test func fanOutAllowsNoMore() throws {
    let none = ZoneCluster(
      partitions: 2, slaves: 1, zones: [3], fanOut: FanOutLimit(outbound: 0, inbound: nil, strength: .hard))
    #expect(
      try because(none, [[[0], []], [[1], []]]) == "fanOut.outbound allows 0, so that a partition has at most 1 replica"
    )
    let one = ZoneCluster(
      partitions: 3, slaves: 1, zones: [3], fanOut: FanOutLimit(outbound: 1, inbound: 1, strength: .hard))
    #expect(
      try because(one, [[[0], [1]], [[1], [0]], [[2], []]]) == "fanOut allows no more peers for the 2 nodes left")
  }

  @Test func everyCopyIsLost() throws {
    let cluster = ZoneCluster(partitions: 1, slaves: 1, zones: [3], statuses: [0: .failed, 1: .failed])
    #expect(
      try because(cluster, [[[0], [1]]]) == "no live copy is left: z0.0 and z0.1 failed; node z0.2 could take it")
  }

  /// Where a node is said to be able to take it, it breaks nothing; where none is named, every node would.
  @Test(arguments: 0..<200) func aNodeIsNamedIfAndOnlyIfOneCouldTakeIt(_ seed: Int) throws {
    var random = JudgeRandom(state: UInt64(seed) &+ 2 << 32)
    var zones = random.cluster()
    zones.partitions = min(zones.partitions, 6)
    let cluster = try zones.dense()
    let rows = random.rows(cluster, states: 4, width: 3).map { row in
      row.map { $0.filter { _ in random.below(4) > 0 } }
    }
    let report = try Judge.judge(cluster, map: makeMap(rows), from: nil)
    let names = cluster.cluster.nodes.map(\.name)
    /// How far each hard rule is broken.
    func excess(_ report: Report) -> [String: Int] {
      report.findings.filter { $0.strength == .hard }.reduce(into: [:]) {
        $0[$1.rule + ($1.node ?? ""), default: 0] += abs($1.want - $1.have)
      }
    }
    let before = excess(report)
    for finding in report.findings where finding.rule.hasPrefix("constraints") && finding.have < finding.want {
      guard !finding.because.contains("could become"), let partition = Int(finding.partition ?? "") else { continue }
      let state = finding.rule == "constraints.master" ? 0 : 1
      let named = names.indices.first { finding.because.hasSuffix("node \(names[$0]) could take it") }
      let receivers = try names.indices.filter { node in
        guard cluster.status[node] == .active else { return false }
        var rows = rows + Array(repeating: [[], [], [], []], count: cluster.partitionCount - rows.count)
        guard !rows[partition][..<3].contains(where: { $0.contains(node) }) else { return false }
        rows[partition][state].append(node)
        let after = excess(try Judge.judge(cluster, map: makeMap(rows), from: nil))
        return after.allSatisfy { $1 <= before[$0, default: 0] }
          && after[finding.rule, default: 0] < before[finding.rule, default: 0]
      }
      #expect(named == nil ? receivers.isEmpty : receivers.contains(named!), "seed \(seed): \(finding), \(receivers)")
    }
  }
}
