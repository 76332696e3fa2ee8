/// Why one partition's replicas are where they are, and what another node would mean.
public struct Explanation: Equatable, Sendable {
  /// A node that has the partition now, or had it before.
  public struct Holder: Equatable, Sendable {
    public var node: Int
    /// Its state; for a node that has it no more, what it was.
    public var state: Int
    /// What it was in the map before; nil: it did not have the partition.
    public var before: Int?
    public var because: String
  }

  /// What it would mean if another node had the partition in place of one that has it.
  public struct Exchange: Equatable, Sendable {
    public var instead: Int
    public var state: Int
    /// Hard rules against it; empty: it could be.
    public var forbidden: [String]
    /// Moves more than in this map.
    public var moves: Int
    /// Breaches of soft rules more.
    public var brokenSoft: Int
    /// Replicas by which the two nodes would lie outside of their windows, more than they do; of several maps those of
    /// the sums as well, where partitions differ in weight 1 for each node whose sum would lie farther out.
    public var outside: Int
    public var because: String
  }

  /// A node that does not have the partition.
  public struct Other: Equatable, Sendable {
    public var node: Int
    /// What keeps it from having the partition at all.
    public var forbidden: [String]
    /// For each that has it, cheapest first; of the first 64 of a wide row.
    public var exchanges: [Exchange]
  }

  public var partition: Int
  public var holders: [Holder] = []
  public var left: [Holder] = []
  public var other: Other?
  /// Of those that have it, and of the other: whose share is not what its weight alone would give it, and why.
  public var forcedDues: [ForcedDue] = []
}

extension Judge {
  /// Explains a partition of `map`, which was made from `current` (nil: from nothing). `node`: another to be asked
  /// about; one that has the partition is among the holders anyway. O(P · R + N log N).
  public static func explain(
    _ cluster: DenseCluster, map: PlacementMap, from current: PlacementMap?, partition: Int, node: Int? = nil,
    interrupt: Interrupt? = nil
  ) throws(PlatError) -> Explanation {
    try explain(cluster, map: map, from: current, partition: partition, node: node, sums: nil, interrupt)
  }

  /// The same of map `index` of a group, beside what nodes hold of all its maps. `currents`: map for map; nil: it was
  /// fresh. O(P · R + maps · N + N log N), with P and R of all maps.
  public static func explain(
    _ group: DenseGroup, maps: [PlacementMap], from currents: [PlacementMap?], map index: Int, partition: Int,
    node: Int? = nil, interrupt: Interrupt? = nil
  ) throws(PlatError) -> Explanation {
    var before: [PlacementMap] = []
    for (cluster, current) in zip(group.clusters, currents) {
      if let current {
        before.append(current)
      } else {
        before.append(try PlacementMap(partitionCount: 0, slotCounts: cluster.wanted))
      }
    }
    let sums = try ExplainedSums(group, maps, before, map: index, partition: partition)
    return try explain(
      group.clusters[index], map: maps[index], from: currents[index], partition: partition, node: node, sums: sums,
      interrupt)
  }

  private static func explain(
    _ cluster: DenseCluster, map: PlacementMap, from current: PlacementMap?, partition: Int, node: Int?,
    sums: ExplainedSums?, _ interrupt: Interrupt?
  ) throws(PlatError) -> Explanation {
    let nothing = try PlacementMap(partitionCount: 0, slotCounts: cluster.wanted)
    let context = try CheckContext(cluster, map: map, before: current ?? nothing, interrupt: interrupt)
    let was = try Holders(try CheckContext(cluster, map: current ?? nothing, before: nil, interrupt: interrupt))
    let now = try Holders(context)
    let explainer = Explainer(
      context: context, now: now, was: was, peers: try Peers(context, now), due: due(cluster, map: map), sums: sums)
    try interrupt?.finished("explaining")
    return explainer.explain(partition, node)
  }
}

/// What nodes hold of all maps of a group, and had before: in replicas, or in weight where partitions of some map
/// differ in it.
private struct ExplainedSums {
  private struct OfNode {
    var was: Int
    var now: Int
    var due: Rational
    var window: ClosedRange<Int>
  }

  private var nodes: [OfNode] = []
  /// Replicas of each node.
  let count: [Int]
  /// Of the partition that is explained; by number 1.
  private let weight: Int
  /// What 1 stands for in weight; nil by number.
  private let unit: Rational?

  init(
    _ group: DenseGroup, _ maps: [PlacementMap], _ before: [PlacementMap], map: Int, partition: Int
  ) throws(PlatError) {
    let now = Judge.sums(group, maps)
    count = now.held
    if let weights = group.weights {
      let was = try Judge.GroupWeightBalance(group, weights, before, []).total
      for (node, now) in try Judge.GroupWeightBalance(group, weights, maps, []).total.enumerated() {
        nodes.append(OfNode(was: was[node].held, now: now.held, due: now.due, window: now.window))
      }
      (weight, unit) = (weights.of[map].of[partition] * weights.scale[map], weights.unit)
      return
    }
    let was = Judge.sums(group, before).held
    for node in now.held.indices {
      let tolerated = Judge.Tolerated(now.due[node], tolerance: group.group.shared.settings.exactTolerance)
      let window = tolerated.belowLeast...max(tolerated.belowLeast, tolerated.aboveMost)
      nodes.append(OfNode(was: was[node], now: now.held[node], due: now.due[node], window: window))
    }
    (weight, unit) = (1, nil)
  }

  func wasAbove(_ node: Int) -> Bool { nodes[node].was > nodes[node].window.upperBound }

  /// How much farther from its window a node's sum is with one replica of the partition more, or less (−1): in
  /// replicas; in weight 1 where it is any farther.
  func farther(_ node: Int, by change: Int) -> Int {
    func distance(_ held: Int) -> Int {
      max(0, held - nodes[node].window.upperBound, nodes[node].window.lowerBound - held)
    }
    let more = distance(nodes[node].now + change * weight) - distance(nodes[node].now)
    return unit == nil ? more : more.signum()
  }

  /// "3 of all maps and is due 7/2", or the same in weight.
  func words(_ node: Int, by change: Int) -> String { words(node, nodes[node].now + change * weight) }
  func wordsBefore(_ node: Int) -> String { words(node, nodes[node].was) }

  private func words(_ node: Int, _ held: Int) -> String {
    guard let unit else { return "\(held) of all maps and is due \(nodes[node].due)" }
    return "\(Rational(held) * unit) in weight of all maps and is due \(nodes[node].due * unit)"
  }
}

/// Puts the reasons together.
private struct Explainer {
  typealias Row = [(node: Int, state: Int)]
  let context: Judge.CheckContext
  let now: Judge.Holders
  let was: Judge.Holders
  let peers: Judge.Peers
  let due: JudgedDue
  /// Where the map is one of several.
  let sums: ExplainedSums?

  func explain(_ partition: Int, _ node: Int?) -> Explanation {
    let row = row(partition, in: context.map)
    let before = context.before.map { self.row(partition, in: $0) } ?? []
    var explanation = Explanation(partition: partition)
    let leavers = before.filter { old in !row.contains { $0.node == old.node } }
    explanation.left = leavers.map { old in
      .init(node: old.node, state: old.state, before: old.state, because: whyLeft(old, before, row))
    }
    var arrived = 0
    for (node, state) in row {
      let held = before.first { $0.node == node && context.isLive.base[node] == 1 }?.state
      let because: String
      if let held {
        because = whyKept(node, state, held, before, row)
      } else {
        because = whyCame(node, for: arrived < leavers.count ? leavers[arrived].node : nil, before)
        arrived += 1
      }
      explanation.holders.append(.init(node: node, state: state, before: held, because: because))
    }
    if let node, !row.contains(where: { $0.node == node }) { explanation.other = other(node, row, before) }
    let limits = Judge.DueLimits(context.dense, due: due)
    let asked = row.map(\.node) + (explanation.other.map { [$0.node] } ?? [])
    explanation.forcedDues = asked.compactMap { limits.why($0, context) }
    return explanation
  }

  // MARK: Where replicas are

  private func whyKept(_ node: Int, _ state: Int, _ held: Int, _ before: Row, _ row: Row) -> String {
    let name = stateName(held)
    guard held != state else { return "has had it as \(name), and stays: no data goes anywhere" }
    let change = "has had it as \(name)"
    if state == 0, let old = before.first(where: { $0.state == 0 }), let now = row.first(where: { $0.node == old.node })
    {
      return change + "; takes over from \(context.nodeName(old.node)), which stays as \(stateName(now.state)): "
        + dueWords(old.node, state: 0, was)
    }
    if state == 0, let old = before.first(where: { $0.state == 0 }) {
      return change + "; takes over from \(context.nodeName(old.node)), which has it no more"
    }
    if state == 0 { return change + "; there was no \(stateName(0))" }
    if context.dense.status[node].isSlaveOnly, held == 0 {
      return change + "; is in maintenance, and gives up the lead"
    }
    return change + "; " + dueWords(node, state: held, was)
  }

  private func whyCame(_ node: Int, for leaver: Int?, _ before: Row) -> String {
    let from =
      leaver.map { "received in place of \(context.nodeName($0))" }
      ?? (before.isEmpty ? "nobody had it" : "a replica was missing")
    let load = Int(was.totals.base[node])
    let floor = due.total[node].floor ?? 0
    let room =
      load < floor
      ? "it held \(context.replicas(load)) and is due \(due.total[node])"
      : "it holds \(context.replicas(Int(now.totals.base[node]))) and is due \(due.total[node])"
    return "\(from); \(room)"
  }

  private func whyLeft(_ old: (node: Int, state: Int), _ before: Row, _ row: Row) -> String {
    let status = context.dense.cluster.nodes[old.node].status
    if let words = status.words {
      return status.mayKeep ? "\(words), and there was no place for it beside a \(stateName(0))" : words
    }
    if let rule = brokenHard(before).first(where: { $0.nodes.contains(old.node) }) { return rule.words }
    let wanted = context.dense.replicas
    if before.count > wanted { return "\(before.count) had it, and \(wanted) are asked for" }
    let load = Int(was.totals.base[old.node])
    if load > tolerated(old.node).aboveMost {
      return "held \(context.replicas(load)) and is due \(due.total[old.node])"
    }
    if let sums, sums.wasAbove(old.node) { return "held \(sums.wordsBefore(old.node))" }
    if row.count < before.count { return "no legal place was left for \(before.count) replicas" }
    return
      "gave it up to make room, in a chain of moves: it held \(context.replicas(load)) and is due \(due.total[old.node])"
  }

  private func dueWords(_ node: Int, state: Int, _ holders: Judge.Holders) -> String {
    guard !due.ofState[state].isEmpty else { return "nothing is asked to be \(stateName(state))" }
    return "\(context.nodeName(node)) was \(stateName(state)) of \(holders.loads[state].base[node]) and is due "
      + "\(due.ofState[state][node])"
  }

  // MARK: Where they are not

  /// Of a row that is wider, the first so many are tried.
  private static let mostExchanges = 64

  private func other(_ node: Int, _ row: Row, _ before: Row) -> Explanation.Other {
    var forbidden: [String] = []
    let name = context.nodeName(node)
    let held = before.contains { $0.node == node }
    let status = context.dense.cluster.nodes[node].status
    if let words = status.words, !(held && status.mayKeep) {
      forbidden.append("\(name) \(words)\(status.mayKeep ? " and gets nothing new" : "")")
    }
    let holds = sums?.count[node] ?? Int(now.totals.base[node])
    if let capacity = context.dense.cluster.nodes[node].capacity, holds >= capacity {
      forbidden.append(
        "\(name) may hold \(context.replicas(capacity))\(sums == nil ? "" : " of all maps") and holds \(holds)")
    }
    let exchanges = row.prefix(Explainer.mostExchanges).map { exchange(node, instead: $0, row, before) }.enumerated()
      .sorted {
        let (a, b) = ($0.element, $1.element)
        return (a.forbidden.count, a.moves, a.brokenSoft, a.outside, $0.offset)
          < (b.forbidden.count, b.moves, b.brokenSoft, b.outside, $1.offset)
      }
    return .init(node: node, forbidden: forbidden, exchanges: exchanges.map(\.element))
  }

  private func exchange(
    _ node: Int, instead: (node: Int, state: Int), _ row: Row, _ before: Row
  ) -> Explanation.Exchange {
    let after = row.filter { $0.node != instead.node } + [(node, instead.state)]
    let known = brokenHard(row).map(\.words)
    var forbidden = brokenHard(after).map(\.words).filter { !known.contains($0) }
    let status = context.dense.status[node]
    if instead.state == 0, status.isSlaveOnly {
      forbidden.append("\(context.nodeName(node)) \(status.words ?? "") and leads nothing")
    }
    forbidden += peers.tooMany(node, instead.state, after)
    let holdsData = context.model.states[instead.state].holdsData
    func cost(_ node: Int) -> Int {
      holdsData && !(before.contains { $0.node == node } && context.isLive.base[node] == 1) ? 1 : 0
    }
    let moves = cost(node) - cost(instead.node)
    let soft = excess(after, .soft) - excess(row, .soft)
    let outside = outside(node, by: 1) + outside(instead.node, by: -1)
    var words: [String] = []
    let dues =
      "\(context.nodeName(node)) would hold \(Int(now.totals.base[node]) + 1) and is due \(due.total[node]), "
      + "\(context.nodeName(instead.node)) \(Int(now.totals.base[instead.node]) - 1) and is due \(due.total[instead.node])"
    if moves != 0 { words.append("\(abs(moves)) move \(moves > 0 ? "more" : "less")") }
    if soft != 0 { words.append("\(abs(soft)) \(soft > 0 ? "more" : "fewer") breaches of soft rules") }
    if outside > 0 { words.append("out of balance: \(dues)\(sumWords(node, instead.node))") }
    if words.isEmpty { words.append("as good: \(dues)\(sumWords(node, instead.node))") }
    return .init(
      instead: instead.node, state: instead.state, forbidden: forbidden, moves: moves, brokenSoft: soft,
      outside: outside,
      because: forbidden.isEmpty ? words.joined(separator: "; ") : forbidden.joined(separator: "; "))
  }

  /// How many replicas farther from its window a node comes with so many more.
  private func outside(_ node: Int, by change: Int) -> Int {
    func more(_ window: Judge.Tolerated, _ load: Int) -> Int {
      func distance(_ load: Int) -> Int { max(0, load - window.aboveMost, window.belowLeast - load) }
      return distance(load + change) - distance(load)
    }
    return more(tolerated(node), Int(now.totals.base[node])) + (sums?.farther(node, by: change) ?? 0)
  }

  /// What the two would hold of all maps.
  private func sumWords(_ node: Int, _ instead: Int) -> String {
    guard let sums else { return "" }
    return "; \(context.nodeName(node)) would hold \(sums.words(node, by: 1)), "
      + "\(context.nodeName(instead)) \(sums.words(instead, by: -1))"
  }

  private func tolerated(_ node: Int) -> Judge.Tolerated {
    Judge.Tolerated(due.total[node], tolerance: context.settings.exactTolerance)
  }

  // MARK: Rules about one row

  private func row(_ partition: Int, in map: PlacementMap) -> Row {
    guard partition < map.partitionCount else { return [] }
    return context.occupying(context.model.states.indices).flatMap { state in
      map.holders(of: partition, inState: state).map(\.int).filter { $0 < context.nodeCount }.map { ($0, state) }
    }
  }

  private func brokenHard(_ row: Row) -> [(nodes: [Int], words: String)] {
    context.brokenPlaces(row, .hard).map { place in
      let names = context.list(place.nodes.sorted().map(context.nodeName))
      return (place.nodes, "\(place.rule.words(context.model)), and \(names) would have it")
    }
      + context.settings.hardContainerRules.flatMap { rule in
        rule.broken(row, context).map { ($0.nodes, rule.words($0, context)) }
      }
  }

  private func excess(_ row: Row, _ strength: Strength) -> Int {
    let rules = context.settings.containerRules.filter { $0.strength == strength }
    return context.brokenPlaces(row, strength).reduce(0) { $0 + $1.excess }
      + rules.reduce(0) { sum, rule in sum + rule.broken(row, context).reduce(0) { $0 + $1.excess } }
  }

  private func stateName(_ state: Int) -> String { context.model.states[state].name }
}
