import PlatEngine

/// Whether some order of steps is safe, by looking at all states: for small clusters of the built-in models.
///
/// Nodes of a partition are those that hold it before or after, each null, slave or master; a copy comes once and goes
/// once, and what stays never goes. All states are looked at, breadth first, that keep copies, service, capacities, and
/// the spread over the levels that rules name.
public struct StepOracle {
  private struct Row {
    var nodes: [Int]
    var start: [Int]
    var end: [Int]
    /// All safe states that can be reached from the start, whatever the other partitions do, and where each leads.
    var states: [[Int]] = []
    var next: [[Int]] = []
    var goal = -1
  }

  private static let none = 2  // 0: master, 1: slave
  private let cluster: DenseCluster
  private let model: StateModel
  private var rows: [Row] = []
  private var levels: [Int] = []
  private var most: [Int] = []
  private var base: [Int] = []

  /// Nil: a row has states that it does not know.
  public init?(_ cluster: DenseCluster, from current: PlacementMap, to target: PlacementMap) {
    self.cluster = cluster
    model = cluster.cluster.settings.model
    levels = Set(
      cluster.cluster.settings.placement.compactMap { if case .atMost = $0.demand { $0.level } else { nil } }
    ).sorted()
    base = Array(repeating: 0, count: cluster.nodeCount)
    for partition in 0..<cluster.partitionCount {
      let (now, then) = (StepReplay.holders(current, partition), StepReplay.holders(target, partition))
      guard now.values.allSatisfy({ $0 < 2 }), then.values.allSatisfy({ $0 < 2 }), !now.isEmpty else { return nil }
      for node in now.keys { base[node] += 1 }
      let nodes = Set(now.keys).union(then.keys).sorted()
      var row = Row(nodes: nodes, start: nodes.map { now[$0] ?? Self.none }, end: nodes.map { then[$0] ?? Self.none })
      guard row.start != row.end else { continue }
      explore(&row)
      rows.append(row)
    }
    most = cluster.cluster.nodes.enumerated().map { max($1.capacity ?? .max, base[$0]) }
  }

  private struct Count {
    var copies: Int
    var masters: Int
    var spread: [Int]
  }

  private func count(_ states: [Int], _ nodes: [Int]) -> Count {
    let data = nodes.indices.filter { states[$0] != Self.none }.map { nodes[$0] }
    return Count(
      copies: data.count, masters: states.count { $0 == 0 },
      spread: levels.map { level in Set(data.map { cluster.levels[level].containerOfNode[$0] }).count })
  }

  private func explore(_ row: inout Row) {
    let (before, after) = (count(row.start, row.nodes), count(row.end, row.nodes))
    let oneMaster = model.mostHolders(0) == 1
    func isSafe(_ states: [Int]) -> Bool {
      let now = count(states, row.nodes)
      guard now.copies >= max(1, min(before.copies, after.copies)) else { return false }
      guard now.masters >= min(before.masters, after.masters), !oneMaster || now.masters <= 1 else { return false }
      return now.spread.indices.allSatisfy { now.spread[$0] >= min(before.spread[$0], after.spread[$0]) }
    }
    var known = [row.start: 0]
    row.states = [row.start]
    row.next = [[]]
    var place = 0
    while place < row.states.count {
      for states in neighbours(row.states[place], row, oneMaster) where isSafe(states) {
        if known[states] == nil {
          known[states] = row.states.count
          row.states.append(states)
          row.next.append([])
        }
        row.next[place].append(known[states]!)
      }
      place += 1
    }
    row.goal = known[row.end] ?? -1
  }

  private func neighbours(_ states: [Int], _ row: Row, _ oneMaster: Bool) -> [[Int]] {
    var result: [[Int]] = []
    func add(_ changes: [(Int, Int)]) {
      var next = states
      for (place, state) in changes { next[place] = state }
      result.append(next)
    }
    for place in states.indices {
      let isComing = row.start[place] == Self.none
      let isGoing = row.end[place] == Self.none
      switch states[place] {
      case Self.none: if isComing { add([(place, 1)]) }
      case 1:
        add([(place, 0)])
        if isGoing { add([(place, Self.none)]) }
        // A takeover: the other becomes a slave, or goes at once.
        for other in states.indices where oneMaster && states[other] == 0 {
          add([(place, 0), (other, 1)])
          if row.end[other] == Self.none { add([(place, 0), (other, Self.none)]) }
        }
      default: add([(place, 1)])
      }
    }
    return result
  }

  /// Nil: too many states.
  public func hasOrder(most limit: Int = 60_000) -> Bool? {
    guard rows.allSatisfy({ $0.goal >= 0 }) else { return false }
    var factors: [Int] = []
    var product = 1
    for row in rows {
      factors.append(product)
      product *= row.states.count
      guard product < 1 << 40 else { return nil }
    }
    var seen: Set<Int> = [0]
    var queue: [[Int]] = [rows.map { _ in 0 }]
    var place = 0
    while place < queue.count {
      let here = queue[place]
      place += 1
      if rows.indices.allSatisfy({ here[$0] == rows[$0].goal }) { return true }
      let load = load(here)
      for row in rows.indices {
        for next in rows[row].next[here[row]] {
          let key = rows.indices.reduce(0) { $0 + ($1 == row ? next : here[$1]) * factors[$1] }
          guard !seen.contains(key), fits(row, here[row], next, load) else { continue }
          seen.insert(key)
          var after = here
          after[row] = next
          queue.append(after)
        }
      }
      if queue.count > limit { return nil }
    }
    return false
  }

  private func load(_ here: [Int]) -> [Int] {
    var load = base
    for (row, state) in zip(rows, here) {
      for place in row.nodes.indices {
        load[row.nodes[place]] +=
          (row.states[state][place] != Self.none ? 1 : 0) - (row.start[place] != Self.none ? 1 : 0)
      }
    }
    return load
  }

  private func fits(_ row: Int, _ before: Int, _ after: Int, _ load: [Int]) -> Bool {
    let (old, new) = (rows[row].states[before], rows[row].states[after])
    return rows[row].nodes.indices.allSatisfy { place in
      old[place] != Self.none || new[place] == Self.none || load[rows[row].nodes[place]] < most[rows[row].nodes[place]]
    }
  }
}
