/// For each node, the most distinct other nodes that its masters replicate to, and that replicate to it.
public struct FanOutLimit: Equatable, Sendable {
  public var outbound: Int?
  public var inbound: Int?
  public var strength: Strength

  public init(outbound: Int?, inbound: Int?, strength: Strength) {
    self.outbound = outbound
    self.inbound = inbound
    self.strength = strength
  }

  func validate() throws(InputError) {
    for (name, limit) in [("outbound", outbound), ("inbound", inbound)] {
      guard let limit, !(0...Limits.nodes).contains(limit) else { continue }
      throw InputError(path: "settings.fanOut.\(name)", found: "\(limit)", expected: "0 to \(Limits.nodes)")
    }
  }
}

extension Settings {
  var hasPeerLimit: Bool { fanOut != nil }
  var hasHardPeerLimit: Bool { fanOut?.strength == .hard }
}

extension DenseCluster {
  /// The most nodes that can hold one partition's data under a hard `fanOut`, whatever the map: a master replicates to
  /// all others, and each of these from it. Nil: as many as there are.
  static func mostHolders(_ settings: Settings) -> Int? {
    guard let limit = settings.fanOut, limit.strength == .hard, settings.constraints[0] > 0 else { return nil }
    return limit.inbound == 0 ? 1 : limit.outbound.map { $0 == .max ? $0 : $0 + 1 }
  }

  /// The limit on peers; nil where any map keeps it.
  var limitOnPeers: FanOutLimit? {
    guard let limit = cluster.settings.fanOut, wanted[0] > 0, replicas > 1 else { return nil }
    let most = min(limit.outbound ?? .max, limit.inbound ?? .max)
    guard replicas <= FanOut.mostReplicas else { return nil }
    return most < nodeCount - 1 ? limit : nil
  }
}
