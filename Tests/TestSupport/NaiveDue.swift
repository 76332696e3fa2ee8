import PlatEngine

/// The exact share of each node, by progressive filling in the plainest way: no grouping, no sorting, a loop for
/// each sum. O(N² · levels) rational operations for each state.
public struct NaiveDue: Equatable, Sendable {
  /// For each node.
  public var total: [Rational]
  /// For each of the model's states, for each node; zero in states that are not wanted.
  public var states: [[Rational]]
  /// The whole numbers between which each node's total must lie.
  public var windows: [ClosedRange<Int>]
  /// All replicas that can be had.
  public var totalFlow: Int

  /// What the nodes are due when `map` is the map being judged (nil: none; matters to nodes in maintenance only).
  public init(_ cluster: DenseCluster, map: PlacementMap?) {
    let held = NaiveDue.heldCounts(cluster, map)
    let total = NaiveDue.total(cluster, held: held)
    self.total = total
    states = NaiveDue.states(cluster, total: total)
    windows = total.enumerated().map { node, share in
      if cluster.status[node] == .maintenance { return 0...held[node] }
      // As far off as is tolerated, and no more than it may hold.
      let tolerance = Rational(cluster.cluster.settings.balance.tolerance)
      let (lowest, highest) = (share * (.one - tolerance), share * (.one + tolerance))
      let ceiling = share.floor! + (share.isInteger ? 0 : 1)
      let most = highest.floor! + (highest.isInteger ? 0 : 1)
      return lowest.floor!...min(most, max(ceiling, cluster.capacity[node]))
    }
    totalFlow = total.reduce(Rational.zero, +).floor!
  }

  /// For each node, the replicas that it holds in states that hold data.
  public static func heldCounts(_ cluster: DenseCluster, _ map: PlacementMap?) -> [Int] {
    var held = [Int](repeating: 0, count: cluster.nodeCount)
    for holders in map?.dataHolders(cluster.cluster.settings.model) ?? [] {
      for node in holders { held[node] += 1 }
    }
    return held
  }

  private static func total(_ cluster: DenseCluster, held: [Int]) -> [Rational] {
    var filling = Filling(weights: weights(cluster))
    for node in 0..<cluster.nodeCount {
      switch cluster.status[node] {
      case .active: filling.caps[node] = Rational(cluster.capacity[node])
      case .maintenance: filling.shares[node] = Rational(held[node])
      case .leaving, .failed: break
      }
    }
    for (level, cap) in zip(cluster.levels, BoxCaps.replicasPerPartition(cluster)) {
      guard let cap else { continue }
      for nodes in level.nodes { filling.boxes.append((nodes, Rational(cap * cluster.partitionCount))) }
    }
    filling.pour(Rational(cluster.partitionCount * cluster.replicas))
    return filling.shares
  }

  private static func states(_ cluster: DenseCluster, total: [Rational]) -> [[Rational]] {
    let wanted = cluster.wanted.indices.filter { cluster.wanted[$0] > 0 }
    let settings = cluster.cluster.settings
    var states = cluster.wanted.map { _ in total.map { _ in Rational.zero } }
    var left = total
    for state in wanted {
      guard state != wanted.last else {
        states[state] = left
        break
      }
      var filling = Filling(weights: weights(cluster))
      filling.caps = left
      if state == 0 {
        for node in left.indices where cluster.status[node] == .maintenance { filling.caps[node] = Rational.zero }
      }
      for rule in settings.placement where rule.strength == .hard && wanted.filter(rule.states.contains) == [state] {
        guard case .atMost(let most) = rule.demand else { continue }
        for nodes in cluster.levels[rule.level].nodes {
          filling.boxes.append((nodes, Rational(most * cluster.partitionCount)))
        }
      }
      filling.pour(min(Rational(cluster.partitionCount * cluster.wanted[state]), left.reduce(Rational.zero, +)))
      states[state] = filling.shares
      for node in left.indices { left[node] = left[node] - filling.shares[node] }
    }
    return states
  }

  private static func weights(_ cluster: DenseCluster) -> [Rational] {
    cluster.cluster.nodes.map { Rational($0.weight) }
  }
}

/// Shares that rise together in proportion to weight.
private struct Filling {
  var weights: [Rational]
  /// What each node can take. Those that start at their cap or above it stay as they are.
  var caps: [Rational]
  var shares: [Rational]
  /// Nodes that together can take no more than a cap.
  var boxes: [(nodes: Range<Int>, cap: Rational)] = []

  init(weights: [Rational]) {
    self.weights = weights
    caps = weights.map { _ in Rational.zero }
    shares = caps
  }

  /// Raises the shares until they sum up to `demand` or nothing can rise any more.
  mutating func pour(_ demand: Rational) {
    while true {
      let rising = shares.indices.filter { node in
        weights[node].sign > 0 && shares[node] < caps[node]
          && boxes.allSatisfy { !$0.nodes.contains(node) || sum($0.nodes) < $0.cap }
      }
      let total = sum(shares.indices)
      guard !rising.isEmpty, total < demand else { return }
      let weight = { (nodes: Range<Int>, weights: [Rational]) in
        rising.filter(nodes.contains).reduce(Rational.zero) { $0 + weights[$1] }
      }
      var step = (demand - total) / weight(shares.indices, weights)
      for node in rising { step = min(step, (caps[node] - shares[node]) / weights[node]) }
      for box in boxes {
        let boxWeight = weight(box.nodes, weights)
        if boxWeight.sign > 0 { step = min(step, (box.cap - sum(box.nodes)) / boxWeight) }
      }
      for node in rising { shares[node] = shares[node] + step * weights[node] }
    }
  }

  private func sum(_ nodes: Range<Int>) -> Rational { nodes.reduce(Rational.zero) { $0 + shares[$1] } }
}
