import PlatEngine

/// Tries everything, on tiny clusters: at most 5 nodes and 5 partitions or so.
///
/// Partition by partition it remembers which loads of the nodes can be reached, and at what least cost: two ways to
/// the same loads differ in nothing that matters later. O(P · loads · 2^N).
public enum ExhaustiveSearch {
  /// What a partition's holders must meet.
  public enum Law: Sendable {
    /// What the bound on moves asks: so many replicas in a container, whatever their states.
    case boxCaps
    /// The hard rules themselves: some choice of states for the holders breaks none of them.
    case rules
  }

  /// The least moves of any map with `totalFlow` replicas, each node's total in its window; nil: there is none.
  public static func leastMoves(
    cluster: DenseCluster, current: PlacementMap?, windows: [ClosedRange<Int>], totalFlow: Int, law: Law
  ) -> Int? {
    least(cluster: cluster, current: current, windows: windows, totalFlow: totalFlow, law: law)?.moves
  }

  /// What a map costs, moves before all.
  public struct Cost: Comparable, Sendable {
    public var moves = 0
    /// Replicas too many under soft rules over all states that are wanted. Others are left out.
    public var brokenSoft = 0

    public static func < (a: Self, b: Self) -> Bool { (a.moves, a.brokenSoft) < (b.moves, b.brokenSoft) }
  }

  /// The least moves, and with so many the least breaches of soft rules.
  public static func least(
    cluster: DenseCluster, current: PlacementMap?, windows: [ClosedRange<Int>], totalFlow: Int, law: Law
  ) -> Cost? {
    let held = current?.dataHolders(cluster.cluster.settings.model)
    let legal = subsets(of: cluster.nodeCount).filter { holders in
      guard holders.count <= cluster.replicas else { return false }
      switch law {
      case .boxCaps: return meetsBoxCaps(cluster, holders)
      case .rules: return !roles(cluster, holders, mayBeMaster: { _ in true }).isEmpty
      }
    }
    let broken = Dictionary(uniqueKeysWithValues: legal.map { ($0, softExcess(cluster, $0)) })
    var reached: [[Int]: Cost] = [[Int](repeating: 0, count: cluster.nodeCount): Cost()]
    for partition in 0..<cluster.partitionCount {
      let before = held?[partition] ?? []
      let allowed = legal.filter { holders in
        holders.allSatisfy { node in
          cluster.status[node] == .active || cluster.status[node] == .maintenance && before.contains(node)
        }
      }
      var next: [[Int]: Cost] = [:]
      for (loads, cost) in reached {
        for holders in allowed {
          var after = loads
          for node in holders { after[node] += 1 }
          guard zip(after, windows).allSatisfy({ $0 <= $1.upperBound }) else { continue }
          var cost = cost
          cost.moves += holders.count { !before.contains($0) }
          cost.brokenSoft += broken[holders]!
          next[after] = min(next[after] ?? cost, cost)
        }
      }
      reached = next
    }
    return reached.filter { loads, _ in
      loads.reduce(0, +) == totalFlow && zip(loads, windows).allSatisfy { $1.contains($0) }
    }.values.min()
  }

  /// How near all nodes' counts of masters can come to `windows` at once when each partition's holders are given:
  /// the least sum of what lies outside, over every choice of states that hard rules allow and that leaves no master
  /// out that could be had; nil: rules allow no choice.
  public static func leastMastersOutside(
    cluster: DenseCluster, placement: [Set<Int>], windows: [ClosedRange<Int>]
  ) -> Int? {
    var reached: Set = [[Int](repeating: 0, count: cluster.nodeCount)]
    for holders in placement {
      let allowed = roles(cluster, holders.sorted(), mayBeMaster: { cluster.status[$0] == .active }).map { $0[0] }
      let most = allowed.map(\.count).max()
      let choices = Set(allowed.filter { $0.count == most })
      var next: Set<[Int]> = []
      for loads in reached {
        for masters in choices {
          var after = loads
          for node in masters { after[node] += 1 }
          next.insert(after)
        }
      }
      reached = next
    }
    return reached.map { loads in
      zip(loads, windows).reduce(0) { $0 + max($1.1.lowerBound - $1.0, $1.0 - $1.1.upperBound, 0) }
    }.min()
  }

  /// The same where holders can be chosen, too: over all maps with every replica placed, totals in their windows and no
  /// more than so many moves. O(P · loads · masters · 2^N).
  public static func leastMastersOutside(
    cluster: DenseCluster, current: PlacementMap?, totals: [ClosedRange<Int>], masters: [ClosedRange<Int>],
    mostMoves: Int
  ) -> Int? {
    let held = current?.dataHolders(cluster.cluster.settings.model)
    let choices = subsets(of: cluster.nodeCount).filter { $0.count == cluster.replicas }.flatMap { holders in
      let leading = Set(roles(cluster, holders, mayBeMaster: { cluster.status[$0] == .active }).filter {
        zip($0, cluster.wanted).allSatisfy { $0.count == $1 }
      }.map { $0[0] })
      return leading.map { (holders: holders, masters: $0) }
    }.filter { choice in choice.holders.allSatisfy { cluster.status[$0] == .active } }
    // Totals, then masters, of each node.
    var reached = [[Int](repeating: 0, count: 2 * cluster.nodeCount): 0]
    for partition in 0..<cluster.partitionCount {
      let before = held?[partition] ?? []
      var next: [[Int]: Int] = [:]
      for (counts, moves) in reached {
        for choice in choices {
          let after = moves + choice.holders.count { !before.contains($0) }
          guard after <= mostMoves, choice.holders.allSatisfy({ counts[$0] < totals[$0].upperBound }) else { continue }
          var counts = counts
          for node in choice.holders { counts[node] += 1 }
          for node in choice.masters { counts[cluster.nodeCount + node] += 1 }
          next[counts] = min(next[counts] ?? after, after)
        }
      }
      reached = next
    }
    return reached.keys.filter { counts in totals.indices.allSatisfy { totals[$0].contains(counts[$0]) } }.map {
      counts in
      masters.indices.reduce(0) { sum, node in
        let count = counts[cluster.nodeCount + node]
        return sum + max(masters[node].lowerBound - count, count - masters[node].upperBound, 0)
      }
    }.min()
  }

  /// Every choice of states for a partition's holders that breaks no hard rule, as rows of a map. No state gets more
  /// than is wanted, so there is none for more holders than that.
  public static func roles(_ cluster: DenseCluster, _ holders: [Int], mayBeMaster: (Int) -> Bool) -> [[[Int]]] {
    var rows: [[[Int]]] = [cluster.wanted.map { _ in [] }]
    for node in holders {
      rows = rows.flatMap { row in
        row.indices.filter { row[$0].count < cluster.wanted[$0] && ($0 > 0 || mayBeMaster(node)) }.map { state in
          var longer = row
          longer[state].append(node)
          return longer
        }
      }
    }
    return rows.filter { meetsHardRules(cluster, $0) }
  }

  /// Whether some row with a node for each replica that is wanted breaks no hard rule. All nodes count.
  public static func hasFullRow(_ cluster: DenseCluster) -> Bool {
    let wanted = cluster.wanted.reduce(0, +)
    return subsets(of: cluster.nodeCount).contains {
      $0.count == wanted && !roles(cluster, $0, mayBeMaster: { _ in true }).isEmpty
    }
  }

  /// No hard rule is broken by this row.
  public static func meetsHardRules(_ cluster: DenseCluster, _ row: [[Int]]) -> Bool {
    RandomPlaces.areMet(cluster.cluster, row) && cluster.cluster.settings.placement.allSatisfy { rule in
      guard rule.strength == .hard else { return true }
      switch rule.demand {
      case .atMost(let most):
        return cluster.levels[rule.level].nodes.allSatisfy { box in
          rule.states.reduce(0) { $0 + row[$1].count(where: box.contains) } <= most
        }
      case .near(let of, let atLeast):
        let boxes = cluster.levels[rule.level].nodes.filter { box in row[of].contains(where: box.contains) }
        let placed = rule.states.flatMap { row[$0] }
        let near = placed.count { node in boxes.contains { $0.contains(node) } }
        return row[of].isEmpty || near >= min(atLeast, placed.count)
      }
    }
  }

  private static func softExcess(_ cluster: DenseCluster, _ holders: [Int]) -> Int {
    let wanted = Set(cluster.wanted.indices.filter { cluster.wanted[$0] > 0 })
    return cluster.cluster.settings.placement.reduce(0) { sum, rule in
      guard rule.strength == .soft, case .atMost(let most) = rule.demand, wanted.isSubset(of: rule.states)
      else { return sum }
      return sum + cluster.levels[rule.level].nodes.reduce(0) { $0 + max(0, holders.count(where: $1.contains) - most) }
    }
  }

  private static func meetsBoxCaps(_ cluster: DenseCluster, _ holders: [Int]) -> Bool {
    zip(cluster.levels, BoxCaps.replicasPerPartition(cluster)).allSatisfy { level, cap in
      level.nodes.allSatisfy { holders.count(where: $0.contains) <= cap ?? .max }
    }
  }

  private static func subsets(of count: Int) -> [[Int]] {
    (0..<(1 << count)).map { bits in (0..<count).filter { bits >> $0 & 1 == 1 } }
  }
}
