/// How many partitions each node leads of all maps together, while these are planned one after the other: of a map that
/// is planned by its target, of the others by the map that is kept as far as may be.
struct SharedLead {
  private let group: DenseGroup
  private var led: [[Int32]]
  private var inAll: [Int32]

  /// O(maps · (P + N)).
  init(_ group: DenseGroup, _ homes: [PlacementMap?], as operation: Operation) {
    self.group = group
    let leavingStay = operation == .failover || operation == .cancel
    led = []
    inAll = Array(repeating: 0, count: group.nodeCount)
    for (cluster, home) in zip(group.clusters, homes) {
      led.append(cluster.leads(of: home, leavingStay: leavingStay))
      for node in inAll.indices { inAll[node] += led[led.count - 1][node] }
    }
  }

  /// Of all maps but one; empty where there is no other.
  func beside(_ map: Int) -> [Int32] { led.count > 1 ? zip(inAll, led[map]).map { $0 - $1 } : [] }

  mutating func book(_ target: PlacementMap, of map: Int) {
    let now = group.clusters[map].leads(of: target, leavingStay: true)
    for node in inAll.indices { inAll[node] += now[node] - led[map][node] }
    led[map] = now
  }
}

extension DenseCluster {
  /// How many partitions each node leads that can be reached. O(P + N).
  fileprivate func leads(of map: PlacementMap?, leavingStay: Bool) -> [Int32] {
    var led = loads(of: map, inState: 0).map(Int32.init)
    for node in led.indices where !status[node].mayKeep(leavingStay: leavingStay) { led[node] = 0 }
    return led
  }
}
