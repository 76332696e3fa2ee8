import PlatEngine

/// Tries every map that keeps all hard rules and a hard limit on peers, where partitions differ in weight, on tiny
/// clusters: at most 5 nodes.
public struct RuledSearch {
  private let cluster: DenseCluster
  private let held: [Set<Int>]
  private let weights: [Int]
  private let limit: FanOutLimit?
  /// Every full row on active nodes: its holders, and the pairs that it stands for.
  private let choices: [(holders: [Int], pairs: UInt32)]

  private struct State: Hashable {
    var loads: [Int]
    /// Bit `from · N + to`.
    var pairs: UInt32
  }

  public init(cluster: DenseCluster, current: PlacementMap?, weights: [Int]) {
    let nodes = cluster.nodeCount
    self.cluster = cluster
    self.weights = weights
    held = current?.dataHolders(cluster.cluster.settings.model) ?? []
    limit = cluster.cluster.settings.fanOut.flatMap { $0.strength == .hard ? $0 : nil }
    var choices: [(holders: [Int], pairs: UInt32)] = []
    var seen: Set<[Int]> = []
    for bits in 0..<(1 << nodes) where bits.nonzeroBitCount == cluster.wanted.reduce(0, +) {
      let holders = (0..<nodes).filter { bits >> $0 & 1 == 1 }
      guard holders.allSatisfy({ cluster.status[$0] == .active }) else { continue }
      for row in ExhaustiveSearch.roles(cluster, holders, mayBeMaster: { _ in true })
      where row.joined().count == holders.count {
        var pairs: UInt32 = 0
        if limit != nil {
          for master in row[0] {
            for node in holders where node != master { pairs |= 1 << UInt32(master * nodes + node) }
          }
        }
        if seen.insert(holders + [Int(pairs)]).inserted { choices.append((holders, pairs)) }
      }
    }
    self.choices = choices
  }

  /// The least weight that any map moves, of those whose loads lie in the windows (nil: anywhere); nil: there is none.
  public func leastWeight(_ windows: [ClosedRange<Int>]?) -> Int? {
    var reached = [State(loads: Array(repeating: 0, count: cluster.nodeCount), pairs: 0): 0]
    for partition in 0..<cluster.partitionCount {
      let before = partition < held.count ? held[partition] : []
      var next: [State: Int] = [:]
      for (state, cost) in reached {
        for choice in choices {
          var after = state
          after.pairs |= choice.pairs
          guard FanOutSearch.isWithin(after.pairs, cluster.nodeCount, limit) else { continue }
          var cost = cost
          for node in choice.holders {
            if windows != nil { after.loads[node] += weights[partition] }
            if !before.contains(node) || cluster.status[node] == .failed { cost += weights[partition] }
          }
          if let windows, choice.holders.contains(where: { after.loads[$0] > windows[$0].upperBound }) { continue }
          next[after] = min(next[after] ?? cost, cost)
        }
      }
      reached = next
    }
    return reached.filter { state, _ in windows.map { zip($0, state.loads).allSatisfy { $0.contains($1) } } ?? true }
      .values.min()
  }
}
