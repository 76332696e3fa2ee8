/// Whom to copy from: of those that are live, the one that has the fewest full scans to do for what its volumes can
/// do at once; of such, the nearest in the tree.
struct StreamSources {
  private let cluster: DenseCluster
  private var booked: [UInt32]
  private let scans: [UInt32]

  init(_ cluster: DenseCluster) {
    self.cluster = cluster
    booked = Array(repeating: 0, count: cluster.nodeCount)
    scans = MovementLimits(cluster).fullScans.map { UInt32(clamping: max($0, 1)) }
  }

  /// The best of some places of `nodes`, one at least; the first of equals. O(places · levels).
  func best(
    _ places: [(place: Int, state: StateIndex)], of nodes: [Change], for destination: NodeIndex
  ) -> (place: Int, state: StateIndex) {
    var best = places[0]
    for rival in places.dropFirst()
    where isBetter(nodes[rival.place].node, than: nodes[best.place].node, for: destination) {
      best = rival
    }
    return best
  }

  private func isBetter(_ a: NodeIndex, than b: NodeIndex, for destination: NodeIndex) -> Bool {
    let ofA = UInt64(booked[a.int] + 1) * UInt64(scans[b.int])
    let ofB = UInt64(booked[b.int] + 1) * UInt64(scans[a.int])
    return ofA != ofB ? ofA < ofB : nearness(a, destination) > nearness(b, destination)
  }

  /// How many containers around one are around the other too.
  private func nearness(_ a: NodeIndex, _ b: NodeIndex) -> Int {
    cluster.levels.count { $0.containerOfNode[a.int] == $0.containerOfNode[b.int] }
  }

  mutating func book(_ node: NodeIndex) { booked[node.int] += 1 }
}
