import PlatEngine

/// A planner as they are commonly written, for comparison: greedy, one partition at a time, without looking ahead.
///
/// For each state and each partition it sorts all nodes by what they hold already and takes the first ones that hard
/// rules allow; a node that has the partition in that state counts as a little emptier than it is, so that it mostly
/// stays. The outcome is fed in again until nothing changes any more, at most `passes` times.
/// O(passes · states · P · N log N).
public enum NaivePlanner {
  /// How many replicas less a node seems to hold where it has the partition already, in halves.
  private static let stickinessHalves = 3
  private static let passes = 5

  /// The next map for `cluster` from `current` (nil: a fresh cluster). Soft rules and fan-out are not heeded.
  public static func plan(cluster: DenseCluster, current: PlacementMap?) -> PlacementMap {
    let empty = Array(repeating: cluster.wanted.map { _ in [Int]() }, count: cluster.partitionCount)
    var rows = current?.rows ?? empty
    let keepable = rows  // by nodes in maintenance
    for _ in 0..<passes {
      let next = pass(cluster, from: rows, keepable: keepable)
      if next == rows { break }
      rows = next
    }
    return PlacementMap.make(rows, least: cluster.wanted)
  }

  private static func pass(_ cluster: DenseCluster, from before: Rows, keepable: Rows) -> Rows {
    let weights = cluster.cluster.nodes.map { weight($0.weight) }
    var rows: Rows = before.map { $0.map { _ in [] } }
    var totals = [Int](repeating: 0, count: cluster.nodeCount)
    for (state, wanted) in cluster.wanted.enumerated() where wanted > 0 {
      var loads = [Int](repeating: 0, count: cluster.nodeCount)
      for partition in before.indices {
        let stays = Set(before[partition][state])
        let apparent = loads.indices.map { node in
          Double(2 * loads[node] - (stays.contains(node) ? stickinessHalves : 0)) / weights[node]
        }
        let order = loads.indices.filter { weights[$0] > 0 }
          .sorted { (apparent[$0], totals[$0], $0) < (apparent[$1], totals[$1], $1) }
        for node in order where rows[partition][state].count < wanted {
          guard totals[node] < cluster.capacity[node],
            mayHold(cluster, node, state: state, keepable: keepable[partition]),
            allows(cluster, rows[partition], node, state)
          else { continue }
          rows[partition][state].append(node)
          loads[node] += 1
          totals[node] += 1
        }
      }
    }
    return rows
  }

  private static func mayHold(_ cluster: DenseCluster, _ node: Int, state: Int, keepable: [[Int]]) -> Bool {
    switch cluster.status[node] {
    case .active: true
    case .maintenance: state > 0 && keepable[state].contains(node)
    case .leaving, .failed: false
    }
  }

  /// The row does not have the node yet, and no hard rule is broken by having it.
  private static func allows(_ cluster: DenseCluster, _ row: [[Int]], _ node: Int, _ state: Int) -> Bool {
    guard !row.contains(where: { $0.contains(node) }) else { return false }
    return cluster.cluster.settings.placement.allSatisfy { rule in
      guard rule.strength == .hard, rule.states.contains(state), case .atMost(let most) = rule.demand
      else { return true }
      let boxOf = cluster.levels[rule.level].containerOfNode
      return rule.states.reduce(0) { $0 + row[$1].count { boxOf[$0] == boxOf[node] } } < most
    }
  }

  /// Near enough: this planner is no model of exactness. 0 where the quantity is 0.
  private static func weight(_ quantity: Quantity) -> Double {
    guard let parts = Rational(quantity).parts else { return 1 }
    return Double(parts.numerator) / Double(parts.denominator)
  }
}
