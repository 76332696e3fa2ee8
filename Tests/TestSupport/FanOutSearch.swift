import PlatEngine

/// Tries everything under a limit on peers, on tiny clusters: at most 5 nodes.
///
/// Partition by partition it remembers which loads and which pairs of nodes can be reached, and at what least cost:
/// two ways to the same loads and pairs differ in nothing that matters later.
public enum FanOutSearch {
  private struct State: Hashable {
    /// 8 bits a node.
    var loads: UInt64 = 0
    /// Bit `from · N + to`.
    var pairs: UInt32 = 0
  }

  private struct Choice {
    var loads: UInt64
    var pairs: UInt32
    var holders: [Int]
    var masters: [Int]
  }

  /// The least moves of any map with every replica placed, within hard rules, the limit and `windows` (nil: whatever
  /// capacities allow); nil: there is none.
  public static func leastMoves(
    cluster: DenseCluster, current: PlacementMap?, windows: [ClosedRange<Int>]?
  ) -> Int? {
    let limit = cluster.cluster.settings.fanOut
    let nodes = cluster.nodeCount
    let held = current?.dataHolders(cluster.cluster.settings.model)
    let choices = allChoices(cluster)
    var reached: [State: Int] = [State(): 0]
    for partition in 0..<cluster.partitionCount {
      let before = held?[partition] ?? []
      var next: [State: Int] = [:]
      let allowed = choices.filter { choice in
        choice.holders.allSatisfy {
          cluster.status[$0] == .active || cluster.status[$0] == .maintenance && before.contains($0)
        } && choice.masters.allSatisfy { cluster.status[$0] == .active }
      }
      for (state, cost) in reached {
        for choice in allowed {
          let after = State(loads: state.loads + choice.loads, pairs: state.pairs | choice.pairs)
          guard isWithin(after.pairs, nodes, limit),
            (0..<nodes).allSatisfy({ load(after, $0) <= windows?[$0].upperBound ?? cluster.capacity[$0] })
          else { continue }
          let moves = cost + choice.holders.count { !before.contains($0) || cluster.status[$0] == .failed }
          next[after] = min(next[after] ?? moves, moves)
        }
      }
      reached = next
    }
    return reached.filter { state, _ in
      windows.map { zip(0..<nodes, $0).allSatisfy { $1.contains(load(state, $0)) } } ?? true
    }.values.min()
  }

  private static func load(_ state: State, _ node: Int) -> Int { Int(state.loads >> (8 * UInt64(node)) & 255) }

  static func isWithin(_ pairs: UInt32, _ nodes: Int, _ limit: FanOutLimit?) -> Bool {
    let row: UInt32 = (1 << UInt32(nodes)) - 1
    let column = (0..<nodes).reduce(UInt32(0)) { $0 | 1 << UInt32($1 * nodes) }
    return (0..<nodes).allSatisfy { node in
      (pairs >> UInt32(node * nodes) & row).nonzeroBitCount <= limit?.outbound ?? .max
        && (pairs >> UInt32(node) & column).nonzeroBitCount <= limit?.inbound ?? .max
    }
  }

  /// Every full row, its masters among it, that breaks no hard rule.
  private static func allChoices(_ cluster: DenseCluster) -> [Choice] {
    let nodes = cluster.nodeCount
    return (0..<(1 << nodes)).filter { $0.nonzeroBitCount == cluster.replicas }.flatMap { bits in
      let holders = (0..<nodes).filter { bits >> $0 & 1 == 1 }
      let rows = ExhaustiveSearch.roles(cluster, holders, mayBeMaster: { _ in true })
      return rows.filter { $0[0].count == cluster.dataWanted[0] }.map { row in
        var pairs: UInt32 = 0
        for master in row[0] {
          for holder in holders where holder != master { pairs |= 1 << UInt32(master * nodes + holder) }
        }
        return Choice(
          loads: holders.reduce(0) { $0 + 1 << (8 * UInt64($1)) }, pairs: pairs, holders: holders, masters: row[0])
      }
    }
  }
}
