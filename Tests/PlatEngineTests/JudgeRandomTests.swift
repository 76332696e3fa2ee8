import PlatEngine
import Testing

/// Random clusters with random maps, most of them bad in many ways at once, recounted with sets and dictionaries.
@Suite struct JudgeAgainstRecount {
  @Test(arguments: 0..<300) func agrees(_ seed: Int) throws {
    var random = JudgeRandom(state: UInt64(seed))
    let cluster = try random.cluster().dense()
    let states = cluster.cluster.settings.model.states.count
    let width = seed % 10 == 0 ? 30 : 5  // wide rows go another way
    let rows = random.rows(cluster, states: states, width: width)
    let before: [[[Int]]]? = seed % 3 == 0 ? nil : random.neighbour(of: rows, cluster)
    let report = try Judge.judge(cluster, map: makeMap(rows), from: before.map(makeMap))
    let recount = Recount(cluster, rows, before)
    let note: Comment = "seed \(seed)"
    #expect(report.moves == recount.moves, note)
    #expect(report.roleChanges == recount.roleChanges, note)
    #expect(report.unmet == recount.unmet, note)
    #expect(report.brokenSoft == recount.brokenSoft, note)
    #expect(report.health == recount.health, note)
    #expect(report.fanOutOutbound == recount.mostOutbound, note)
    #expect(report.fanOutInbound == recount.mostInbound, note)
    let told = report.findings.filter { !$0.rule.hasPrefix("balance") }.map(Recount.line)
    #expect(told == Array(recount.lines.prefix(told.count)), note)
    #expect(report.moreFindings > 0 || told.count == recount.lines.count, note)
    #expect(report.findings.allSatisfy { !$0.because.isEmpty }, note)

    let due = Judge.due(cluster, map: try makeMap(rows))
    var isBalanced = true
    for node in 0..<cluster.nodeCount where cluster.status[node] == .active {
      func check(_ have: Int, _ due: Rational) {
        if Rational(have) - due > .one || due - Rational(have) > .one { isBalanced = false }
      }
      check((0..<3).reduce(0) { $0 + recount.load(node, state: $1) }, due.total[node])
      for state in 0..<2 where cluster.wanted[state] > 0 {
        check(recount.load(node, state: state), due.ofState[state][node])
      }
    }
    #expect(report.isBalanced == isBalanced, note)
    #expect(
      report.findings.contains { $0.rule.hasPrefix("balance") } || report.isBalanced || report.moreFindings > 0, note)
  }
}

/// The same counts as the Judge's, in the most obvious way.
private struct Recount {
  var moves = 0
  var roleChanges = 0
  var unmet = 0
  var brokenSoft = 0
  var health = Health.green
  var mostOutbound = 0
  var mostInbound = 0
  var lines: [String] = []
  private var loads: [[Int]: Int] = [:]

  func load(_ node: Int, state: Int) -> Int { loads[[node, state], default: 0] }

  static func line(_ finding: Finding) -> String {
    "\(finding.strength) \(finding.rule) \(finding.partition ?? "-") \(finding.container ?? "-") "
      + "\(finding.node ?? "-") \(finding.want) \(finding.have)"
  }

  init(_ cluster: DenseCluster, _ rows: [[[Int]]], _ before: [[[Int]]]?) {
    let settings = cluster.cluster.settings
    let isPlan = before != nil
    func isFailed(_ node: Int) -> Bool { cluster.status[node] == .failed }
    func name(_ node: Int) -> String { cluster.cluster.nodes[node].name }
    func row(_ rows: [[[Int]]], _ partition: Int) -> [(node: Int, state: Int)] {
      guard partition < rows.count else { return [] }
      return rows[partition].enumerated().flatMap { state, nodes in nodes.map { ($0, state) } }
    }
    var groups: [String: [String]] = [:]
    func add(
      _ hard: Bool, counted: Bool = true, _ rule: String, partition: Int? = nil, box: String? = nil, node: Int? = nil,
      _ want: Int, _ have: Int, group: String? = nil
    ) {
      if counted { if hard { unmet += abs(want - have) } else { brokenSoft += abs(want - have) } }
      groups[group ?? rule, default: []].append(
        Recount.line(
          Finding(
            strength: hard ? .hard : .soft, rule: rule, partition: partition.map(String.init), node: node.map(name),
            container: box, want: want, have: have, because: "")))
    }

    var outbound: [Int: Set<Int>] = [:]
    var inbound: [Int: Set<Int>] = [:]
    var received: [Int: Int] = [:]
    var isRed = false
    for partition in 0..<cluster.partitionCount {
      let all = row(rows, partition)
      let live = all.filter { !isFailed($0.node) }
      let data = live.filter { $0.state < 3 }
      for holder in all { loads[[holder.node, holder.state], default: 0] += 1 }
      for state in 0..<3 where state < 2 || isPlan {
        let have = live.count { $0.state == state }
        if have != cluster.wanted[state] {
          add(
            true, "constraints.\(settings.model.states[state].name)", partition: partition, cluster.wanted[state], have)
        }
      }
      if cluster.wanted[0] > 0 && !live.contains(where: { $0.state == 0 }) { isRed = true }
      if cluster.replicas > 0 && data.isEmpty { isRed = true }
      for node in Set(live.map(\.node)).sorted() {
        let have = live.count { $0.node == node }
        if have > 1 { add(true, "placement.node", partition: partition, node: node, 1, have) }
      }
      for (index, rule) in settings.placement.enumerated() {
        let held = data.filter { rule.states.contains($0.state) }
        func zone(_ node: Int) -> Int { cluster.levels[rule.level].containerOfNode[node].int }
        func name(_ box: Int) -> String {
          cluster.cluster.containers[cluster.levels[rule.level].modelContainer[box]].name
        }
        switch rule.demand {
        case .atMost(let most):
          for box in Set(held.map { zone($0.node) }).sorted() {
            let have = held.count { zone($0.node) == box }
            if have > most {
              add(rule.strength == .hard, "placement[\(index)]", partition: partition, box: name(box), most, have)
            }
          }
        case .near(let of, let atLeast):
          let anchors = data.filter { $0.state == of }.map { zone($0.node) }
          guard let first = anchors.first else { continue }
          let near = held.count { anchors.contains(zone($0.node)) }
          if near < min(atLeast, held.count) {
            add(
              rule.strength == .hard, "placement[\(index)]", partition: partition, box: name(first),
              min(atLeast, held.count), near)
          }
        }
      }
      for master in data where master.state == 0 {
        for holder in data where holder.node != master.node {
          outbound[master.node, default: []].insert(holder.node)
          inbound[holder.node, default: []].insert(master.node)
        }
      }
      guard let before else { continue }
      let held = row(before, partition).filter { $0.state < 3 }
      for holder in all where holder.state < 3 {
        if let old = held.first(where: { $0.node == holder.node }), !isFailed(holder.node) {
          if old.state != holder.state { roleChanges += 1 }
        } else {
          moves += 1
          received[holder.node, default: 0] += 1
        }
      }
    }
    for node in 0..<cluster.nodeCount {
      let held = (0..<3).reduce(0) { $0 + load(node, state: $1) }
      if let capacity = cluster.cluster.nodes[node].capacity, held > capacity, !isFailed(node) {
        add(true, "nodes.\(name(node)).capacity", node: node, capacity, held, group: "capacity")
      }
      var misplaced = 0
      switch cluster.status[node] {
      case .active: break
      case .failed: misplaced = held
      case .leaving: misplaced = isPlan ? held : 0
      case .maintenance:
        misplaced = isPlan ? max(load(node, state: 0), received[node] ?? 0) : 0
      }
      if misplaced > 0 {
        add(isPlan, counted: isPlan, "nodes.\(name(node)).status", node: node, 0, misplaced, group: "status")
      }
      mostOutbound = max(mostOutbound, outbound[node]?.count ?? 0)
      mostInbound = max(mostInbound, inbound[node]?.count ?? 0)
      guard let limit = settings.fanOut else { continue }
      for (rule, most, peers) in [
        ("fanOut.outbound", limit.outbound, outbound[node]), ("fanOut.inbound", limit.inbound, inbound[node]),
      ] {
        let have = peers?.count ?? 0
        if let most, have > most { add(limit.strength == .hard, rule, node: node, most, have) }
      }
    }
    health = isRed ? .red : unmet + brokenSoft > 0 ? .yellow : .green
    let order =
      ["constraints.master", "constraints.slave", "constraints.pending", "placement.node"]
      + settings.placement.indices.map { "placement[\($0)]" } + [
        "capacity", "status", "fanOut.outbound", "fanOut.inbound",
      ]
    lines = order.flatMap { groups[$0] ?? [] }
  }
}

/// Numbers from a seed, and clusters and maps made of them.
struct JudgeRandom {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  mutating func strength() -> Strength { below(2) == 0 ? .hard : .soft }

  mutating func cluster() -> ZoneCluster {
    var cluster = ZoneCluster()
    cluster.partitions = 1 + below(60)
    cluster.zones = (0..<(1 + below(4))).map { _ in 1 + below(6) }
    cluster.masters = [1, 1, 1, 1, 2, 2, 0][below(7)]
    if cluster.masters == 2 { cluster.model = .multiMaster }
    cluster.slaves = below(3)
    for node in 0..<cluster.zones.reduce(0, +) {
      if below(3) == 0 { cluster.weights[node] = ["0", "2", "1/3", "2.5", "1000"][below(5)] }
      if below(4) == 0 { cluster.capacities[node] = below(40) }
      if below(5) == 0 { cluster.statuses[node] = Node.Status.allCases[below(4)] }
    }
    for _ in 0..<below(4) {
      let states = [[0], [1], [0, 1]][below(3)]
      let demand: PlacementRule.Demand = below(3) == 0 ? .near(of: below(2), atLeast: 1 + below(2)) : .atMost(below(3))
      cluster.rules.append(PlacementRule(states: states, level: below(2), demand: demand, strength: strength()))
    }
    if below(2) == 0 {
      cluster.fanOut = FanOutLimit(
        outbound: below(4) == 0 ? nil : below(6), inbound: below(4) == 0 ? nil : below(6), strength: strength())
    }
    return cluster
  }

  /// Mostly as asked, and now and then anything.
  mutating func rows(_ cluster: DenseCluster, states: Int, width: Int) -> [[[Int]]] {
    let rowCount = below(5) == 0 ? below(cluster.partitionCount + 1) : cluster.partitionCount
    return (0..<rowCount).map { _ in
      (0..<states).map { state in
        let count = below(4) == 0 ? below(width) : cluster.wanted[state]
        return (0..<(state > 1 ? count / 3 : count)).map { _ in below(cluster.nodeCount) }
      }
    }
  }

  /// A map a few changes away; no node twice in a row of it.
  mutating func neighbour(of rows: [[[Int]]], _ cluster: DenseCluster) -> [[[Int]]] {
    rows.dropLast(below(3)).map { row in
      var seen = Set<Int>()
      return row.map { nodes in
        nodes.map { below(4) == 0 ? below(cluster.nodeCount) : $0 }.filter { seen.insert($0).inserted }
      }
    }
  }
}
