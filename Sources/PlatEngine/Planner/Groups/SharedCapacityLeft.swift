/// What each node has room for of all maps together, while these are planned one after the other and nothing moves for
/// balance: a map may take whatever no other keeps.
///
///     capacity   ├ map 0, planned ┤├ map 1 keeps ┤├ map 2 keeps ┤├ left ┤
///                                  └──── room for map 1 ────── and this ┘
///
/// So no map gives up what all together have room for; and where a node holds more than its capacity just what is
/// beyond it has to go, of the first maps first.
struct SharedCapacityLeft {
  private let group: DenseGroup
  /// Of each map what each node keeps of it, or holds once it is planned.
  private var kept: [[Int]]
  /// What capacities have beyond that; below 0: as many are too many. `unlimited`: there is no capacity.
  private var left: [Int]

  private static let unlimited = Int.max / 4

  /// `homes`: the maps that are kept as far as may be. Nil where no node has a capacity. O(maps · P · R).
  init?(_ group: DenseGroup, _ homes: [PlacementMap?], as operation: Operation) {
    let nodes = group.group.shared.nodes
    guard nodes.contains(where: { $0.capacity != nil }) else { return nil }
    self.group = group
    left = nodes.map { $0.capacity ?? SharedCapacityLeft.unlimited }
    kept = []
    for (cluster, home) in zip(group.clusters, homes) {
      var held = cluster.loads(of: home)
      for (node, status) in cluster.status.enumerated() {
        if !status.mayKeep(leavingStay: operation == .cancel) { held[node] = 0 }
        left[node] -= held[node]
      }
      kept.append(held)
    }
  }

  /// The most that each node may hold of a map. O(N).
  func beside(_ map: Int) -> [Int] { zip(kept[map], left).map { max(0, $0 + $1) } }

  /// A map is planned. O(P · R).
  mutating func book(_ target: PlacementMap, of map: Int) {
    let held = group.clusters[map].loads(of: target)
    for node in held.indices { left[node] += kept[map][node] - held[node] }
    kept[map] = held
  }
}
