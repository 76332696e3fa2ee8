import PlatSearch

extension FanOutLimit {
  /// Throws where plans cannot keep it.
  func refuseUnsupported(_ cluster: DenseCluster) throws(PlatError) {
    if strength == .hard, cluster.replicas > FanOut.mostReplicas {
      throw .unsupported(
        InputError(
          path: "settings.fanOut.strength", found: "hard, with \(cluster.replicas) replicas of each partition",
          expected: "soft, or at most \(FanOut.mostReplicas) replicas"))
    }
  }
}

extension DenseCluster {
  /// The most nodes for which pairs are kept in a table of all.
  private static let mostPeerNodes = 1024

  /// False where the search has no tables for a hard one.
  func compilePeerLimit(into shape: inout SearchShape) -> Bool {
    guard let limit = cluster.settings.fanOut, dataWanted[0] > 0, replicas > 1 else { return true }
    guard nodeCount <= Self.mostPeerNodes else { return limit.strength == .soft }
    shape.peers = PeerLimit(
      outbound: limit.outbound ?? nodeCount, inbound: limit.inbound ?? nodeCount,
      isHard: limit.strength == .hard)
    return true
  }
}
