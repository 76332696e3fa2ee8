/// Shortages of each single partition: what a rule leaves it at most, whatever the map and however much room there is.
extension Shortage {
  /// A rule that lets no partition have more than so many replicas in some states.
  public struct Rule: Equatable, Sendable {
    /// `fanOut.outbound`, `placement[0]`.
    public var path: String
    public var most: Int
  }

  /// Of a hard limit on peers: a master replicates to all others, so a partition has as many replicas as that may be, and
  /// the master's own. O(states), and O(N + containers) for the remedies.
  static func ofPeers(_ dense: DenseCluster, held: Resting) -> Shortage? {
    let settings = dense.cluster.settings
    let wanted = DenseCluster.holdingData(settings)
    let inAll = wanted.reduce(0, +)
    guard let limit = settings.fanOut, let most = DenseCluster.mostHolders(settings), most < inAll else { return nil }
    let states = wanted.indices.filter { wanted[$0] > 0 }
    var remedies: [Remedy] = []
    if hasRoom(dense, held: held, .init(wanted: wanted)) {
      remedies.append(
        .raiseFanOut(
          outbound: limit.outbound.flatMap { $0 < inAll - 1 ? inAll - 1 : nil }, inbound: limit.inbound == 0 ? wanted[0] : nil))
    }
    for state in states.dropFirst() where inAll - wanted[state] <= most {
      var fewer = wanted
      fewer[state] -= inAll - most
      guard hasRoom(dense, held: held, .init(wanted: fewer)) else { continue }
      remedies.append(.lowerConstraint(state: settings.model.states[state].name, to: fewer[state]))
    }
    return Shortage(
      states: states.map { settings.model.states[$0].name }, full: [],
      rule: Rule(path: limit.inbound == 0 ? "fanOut.inbound" : "fanOut.outbound", most: most),
      room: dense.partitionCount * most, wanted: dense.partitionCount * inAll, remedies: remedies)
  }
}
