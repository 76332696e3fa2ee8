import PlatEngine

/// The kinds of current maps that clusters come with. No row names a node twice.
public enum CurrentMap: Sendable, CaseIterable {
  /// A fresh cluster.
  case none
  /// Balanced, and legal where a simple turn can make it so.
  case roundRobin
  /// Legal, in no order.
  case random
  /// `roundRobin` with some replicas displaced, legally.
  case drifted
  /// Some partitions lie as on a cluster with fewer nodes, the others as on this one.
  case halfMoved
  /// Each node shares partitions with two or three others only.
  case clustered
  /// Replicas are missing, or whole rows.
  case missing
  /// Rows hold more than is wanted, as when constraints have been lowered.
  case tooMany
  /// Hard rules are not heeded.
  case illegal
  /// Some replicas are `pending`, and some nodes have `dead` ones.
  case passing

  /// The map of this kind for `cluster`; nil: a fresh cluster.
  public func make(_ cluster: Cluster, _ random: inout SplitMix64) -> PlacementMap? {
    let layout = MapLayout(cluster)
    let nodes = Array(cluster.nodes.indices)
    let partitions = 0..<cluster.settings.partitionCount
    var rows: Rows
    switch self {
    case .none:
      return nil
    case .roundRobin:
      rows = layout.inTurn(layout.interleaved)
    case .random:
      rows = partitions.map { _ in layout.row(random.shuffled(nodes)) }
    case .drifted:
      rows = layout.inTurn(layout.interleaved)
      for partition in partitions where random.chance(1, 4) { layout.displace(&rows[partition], &random) }
    case .halfMoved:
      let fewer = layout.inTurn(layout.interleaved.filter { $0 % 4 != 0 })
      rows = layout.inTurn(layout.interleaved)
      for partition in partitions where random.chance(1, 2) { rows[partition] = fewer[partition] }
    case .clustered:
      let size = max(cluster.settings.constraints.reduce(0, +) + random.below(2), 1)
      let groups = max(nodes.count / size, 1)
      rows = partitions.map { partition in
        let first = partition % groups * size
        let group = layout.interleaved[first...].prefix(size)
        return layout.row(random.shuffled(Array(group)), heedsRules: false)
      }
    case .missing:
      rows = layout.inTurn(layout.interleaved)
      for partition in partitions {
        let lost = random.chance(1, 10) ? 1 : random.pick([0, 0, 4])
        for state in rows[partition].indices {
          rows[partition][state].removeAll { _ in lost > 0 && random.below(lost) == 0 }
        }
      }
    case .tooMany:
      rows = partitions.map { _ in layout.row(random.shuffled(nodes), more: random.below(3), heedsRules: false) }
    case .illegal:
      rows = partitions.map { _ in layout.row(random.shuffled(nodes), heedsRules: false) }
    case .passing:
      rows = layout.inTurn(layout.interleaved)
      for partition in partitions where random.chance(1, 3) { layout.makePassing(&rows[partition], &random) }
    }
    return PlacementMap.make(rows, least: cluster.settings.constraints)
  }
}

/// Makes rows for a cluster's maps, whatever the status of its nodes.
private struct MapLayout {
  let cluster: Cluster
  /// All nodes, those of one outermost container as far from each other as may be.
  let interleaved: [Int]

  init(_ cluster: Cluster) {
    self.cluster = cluster
    let boxes = cluster.containers.filter { $0.level == 0 }.map(\.nodes)
    interleaved = (boxes.isEmpty ? [cluster.nodes.indices] : boxes)
      .flatMap { box in box.enumerated().map { (place: 2 * $0 + 1, of: box.count, node: $1) } }
      .sorted { ($0.place * $1.of, $0.node) < ($1.place * $0.of, $1.node) }
      .map(\.node)
  }

  /// Every node's turn comes round: partition `p` begins where the one before ended.
  func inTurn(_ order: [Int]) -> Rows {
    let wanted = cluster.settings.constraints.reduce(0, +)
    return (0..<cluster.settings.partitionCount).map { partition in
      guard !order.isEmpty else { return row([]) }
      let first = partition * wanted % order.count
      return row(Array(order[first...] + order[..<first]))
    }
  }

  /// A row from the first nodes of `order` that hard rules allow; `more` slaves than are wanted.
  func row(_ order: [Int], more: Int = 0, heedsRules: Bool = true) -> [[Int]] {
    var row: [[Int]] = cluster.settings.constraints.map { _ in [] }
    for (state, wanted) in cluster.settings.constraints.enumerated() {
      for node in order where row[state].count < wanted + (state == 1 ? more : 0) {
        if !row.joined().contains(node), !heedsRules || allows(row, node, state) { row[state].append(node) }
      }
    }
    return row
  }

  /// Moves one replica to another node where hard rules allow that.
  func displace(_ row: inout [[Int]], _ random: inout SplitMix64) {
    let states = row.indices.filter { !row[$0].isEmpty }
    guard !states.isEmpty else { return }
    let state = random.pick(states)
    let slot = random.below(row[state].count)
    let before = row[state].remove(at: slot)
    let choice = cluster.nodes.indices.filter { !row.joined().contains($0) && allows(row, $0, state) }
    row[state].insert(choice.isEmpty ? before : random.pick(choice), at: slot)
  }

  /// One replica becomes pending, or a node gets a dead one, or both.
  func makePassing(_ row: inout [[Int]], _ random: inout SplitMix64) {
    let model = cluster.settings.model
    guard let pending = model.index(of: "pending"), let dead = model.index(of: "dead") else { return }
    let states = row.indices.filter { !row[$0].isEmpty }
    if !states.isEmpty, random.chance(1, 2) {
      let node = row[random.pick(states)].removeLast()
      row[pending].append(node)
    }
    let others = cluster.nodes.indices.filter { !row.joined().contains($0) }
    if !others.isEmpty, random.chance(1, 2) { row[dead].append(random.pick(others)) }
  }

  private func allows(_ row: [[Int]], _ node: Int, _ state: Int) -> Bool {
    cluster.settings.placement.allSatisfy { rule in
      guard rule.strength == .hard, rule.states.contains(state), case .atMost(let most) = rule.demand
      else { return true }
      let box = cluster.containers.first { $0.level == rule.level && $0.nodes.contains(node) }
      return rule.states.joined(row).count(where: { box?.nodes.contains($0) ?? false }) < most
    }
  }
}

extension [Int] {
  /// The nodes that a row has in these states.
  fileprivate func joined(_ row: [[Int]]) -> [Int] { flatMap { row[$0] } }
}
