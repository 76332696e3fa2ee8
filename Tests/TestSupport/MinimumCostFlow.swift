/// Minimum-cost flow by shortest augmenting paths: plain, and slow on purpose where it buys clarity.
///
/// A round finds distances by label correction (a queue of vertices whose distance has fallen), then sends flow
/// along arcs on shortest paths only, so that no cycle of negative cost ever arises. Arcs stand in pairs, `2i` and
/// its reverse `2i + 1`. The network as given has no cycle of negative cost.
public struct MinimumCostFlow {
  private var head: [Int] = []  // where each arc goes
  private var residual: [Int] = []
  private var cost: [Int] = []
  private var arcsOf: [[Int]]
  private var lower: [Int] = []  // for each pair
  private var excess: [Int]  // what lower bounds bring to each vertex beyond what they take

  public init(vertexCount: Int) {
    arcsOf = Array(repeating: [], count: vertexCount)
    excess = Array(repeating: 0, count: vertexCount)
  }

  /// An arc whose flow must lie in `bounds`. Returns its number.
  @discardableResult
  public mutating func addArc(from: Int, to: Int, bounds: ClosedRange<Int>, cost: Int = 0) -> Int {
    append(from: from, to: to, capacity: bounds.count - 1, cost: cost)
    lower.append(bounds.lowerBound)
    excess[to] += bounds.lowerBound
    excess[from] -= bounds.lowerBound
    return lower.count - 1
  }

  /// After `solve`: the flow on an arc.
  public func flow(_ arc: Int) -> Int { lower[arc] + residual[2 * arc + 1] }

  /// The least cost of sending exactly `amount` from `source` to `sink`; nil where the bounds do not allow it.
  /// Once for each network.
  ///
  /// Lower bounds are met by a flow from a new vertex, which supplies what they bring, to another, which takes
  /// what they need: all of it must arrive.
  public mutating func solve(from source: Int, to sink: Int, amount: Int) -> Int? {
    excess[source] += amount
    excess[sink] -= amount
    let supply = arcsOf.count
    let demand = supply + 1
    arcsOf += [[], []]
    var needed = 0
    for (vertex, excess) in excess.enumerated() {
      if excess > 0 {
        append(from: supply, to: vertex, capacity: excess, cost: 0)
        needed += excess
      } else if excess < 0 {
        append(from: vertex, to: demand, capacity: -excess, cost: 0)
      }
    }
    while let distance = shortestDistances(from: supply, to: demand) {
      var nextArc = [Int](repeating: 0, count: arcsOf.count)
      var onPath = [Bool](repeating: false, count: arcsOf.count)
      needed -= augment(supply, demand, needed, distance, &nextArc, &onPath)
    }
    guard needed == 0 else { return nil }
    return lower.indices.reduce(0) { $0 + flow($1) * cost[2 * $1] }
  }

  private mutating func append(from: Int, to: Int, capacity: Int, cost: Int) {
    arcsOf[from].append(head.count)
    arcsOf[to].append(head.count + 1)
    head += [to, from]
    residual += [capacity, 0]
    self.cost += [cost, -cost]
  }

  /// The least cost of a path to each vertex; nil where none leads to `target`.
  private func shortestDistances(from start: Int, to target: Int) -> [Int]? {
    var distance = [Int](repeating: .max, count: arcsOf.count)
    var isQueued = [Bool](repeating: false, count: arcsOf.count)
    var queue = [start]
    var next = 0
    distance[start] = 0
    while next < queue.count {
      let vertex = queue[next]
      next += 1
      isQueued[vertex] = false
      for arc in arcsOf[vertex] where residual[arc] > 0 && distance[vertex] + cost[arc] < distance[head[arc]] {
        distance[head[arc]] = distance[vertex] + cost[arc]
        if !isQueued[head[arc]] {
          isQueued[head[arc]] = true
          queue.append(head[arc])
        }
      }
    }
    return distance[target] == .max ? nil : distance
  }

  /// Sends up to `amount` from `vertex` to `target` along arcs on shortest paths. An arc that led nowhere is not
  /// tried again in this round.
  private mutating func augment(
    _ vertex: Int, _ target: Int, _ amount: Int, _ distance: [Int], _ nextArc: inout [Int], _ onPath: inout [Bool]
  ) -> Int {
    if vertex == target { return amount }
    onPath[vertex] = true
    defer { onPath[vertex] = false }
    var sent = 0
    while nextArc[vertex] < arcsOf[vertex].count {
      let arc = arcsOf[vertex][nextArc[vertex]]
      let to = head[arc]
      if residual[arc] > 0, !onPath[to], distance[to] == distance[vertex] + cost[arc] {
        let part = augment(to, target, min(amount - sent, residual[arc]), distance, &nextArc, &onPath)
        residual[arc] -= part
        residual[arc ^ 1] += part
        sent += part
        if sent == amount { return sent }
      }
      nextArc[vertex] += 1
    }
    return sent
  }
}
