import PlatEngine

/// What a cluster asks of planning beyond plain rules; any of them meet in random tests.
public struct Features: OptionSet, Hashable, Sendable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  public static let weights = Features(rawValue: 1)
  public static let near = Features(rawValue: 2)
  public static let softNear = Features(rawValue: 4)
  public static let peers = Features(rawValue: 8)
  public static let softPeers = Features(rawValue: 16)
  public static let tolerance = Features(rawValue: 32)
  public static let budget = Features(rawValue: 64)
  /// An operation that is asked for, another for each seed.
  public static let operation = Features(rawValue: 128)
  /// More replicas than rows have usually.
  public static let wide = Features(rawValue: 256)
  /// Several maps.
  public static let group = Features(rawValue: 512)

  /// Rules that name places, for one map of partitions of one size.
  public static let places = Features(rawValue: 1024)

  public static let names: [(feature: Features, name: String)] = [
    (.weights, "weights"), (.near, "near"), (.softNear, "soft near"), (.peers, "peers"), (.softPeers, "soft peers"),
    (.tolerance, "tolerance"), (.budget, "budget"), (.operation, "operation"), (.wide, "wide"), (.group, "group"),
    (.places, "places"),
  ]

  /// Both, where they can be together.
  public static func together(_ a: Features, _ b: Features) -> Features? {
    let both = a.union(b)
    let contradicts = both.isSuperset(of: [.near, .softNear]) || both.isSuperset(of: [.peers, .softPeers])
      || both.isSuperset(of: [.places, .weights]) || both.isSuperset(of: [.places, .group])
      || both.isSuperset(of: [.wide, .peers]) || both.isSuperset(of: [.wide, .softPeers])
    return contradicts ? nil : both
  }

  /// None, each alone, and each pair.
  public static let pairs: [Features] =
    [[]] + names.map(\.feature)
    + names.indices.flatMap { a in names.indices.dropFirst(a + 1).compactMap { together(names[a].feature, names[$0].feature) } }

  public var name: String {
    let parts = Self.names.filter { contains($0.feature) }.map(\.name)
    return parts.isEmpty ? "plain" : parts.joined(separator: ", ")
  }

  /// Such plans are searched for, which takes long: they are tried small.
  fileprivate var isSearched: Bool { !isDisjoint(with: [.weights, .near, .softNear, .peers, .softPeers, .places]) }
}

/// A random cluster that asks for some features; of several maps, what they share.
public struct FeatureCluster {
  public var cluster: Cluster
  public var current: PlacementMap?
  public var weights: [Quantity] = []
  public var operation: PlatEngine.Operation?
  /// Other maps on the same nodes.
  public var others: [ClusterGroup.Member] = []
  public var otherMaps: [PlacementMap?] = []

  public init(_ features: Features, seed: UInt64) {
    var random = SplitMix64(seed: seed &* 0x9e37_79b9 &+ UInt64(features.rawValue))
    let shape = RandomCluster.Shape {
      if !features.isDisjoint(with: [.near, .softNear]) { $0.near = features.contains(.near) ? .hard : .soft }
      if features.isSearched { ($0.nodes, $0.partitions) = (2...9, 1...20) }
      if features.contains(.wide) { ($0.nodes, $0.partitions) = (24...40, 1...24) }
    }
    (cluster, current) = RandomCluster.make(seed: random.next(), shape: shape)
    if features.contains(.wide) {
      cluster.settings.constraints[1] = random.among(8...20)
      current = random.pick(CurrentMap.allCases).make(cluster, &random)
    }
    if !features.isDisjoint(with: [.peers, .softPeers]) {
      let most = random.among(2...5)
      cluster.settings.fanOut = FanOutLimit(
        outbound: most, inbound: random.chance(1, 4) ? nil : most, strength: features.contains(.peers) ? .hard : .soft)
    }
    if features.contains(.places) { RandomPlaces.add(to: &cluster, &random) }
    if features.contains(.tolerance) { cluster.settings.balance.tolerance = Quantity(random.pick(["1/20", "1/10", "1/4"]))! }
    if features.contains(.budget) { cluster.settings.balance.moveBudget = random.pick([0, 1, 3, 10]) }
    if features.contains(.weights) {
      weights = RandomGroup.anyWeights(cluster.settings.partitionCount, &random)
    }
    if features.contains(.operation) { operation = random.pick([.rebalance, .swap, .failover, .maintenance, .restoreBack, .cancel]) }
    if features.contains(.group) { addMaps(features, &random) }
  }

  private mutating func addMaps(_ features: Features, _ random: inout SplitMix64) {
    for index in 0..<random.among(1...3) {
      var settings = cluster.settings
      settings.partitionCount = random.among(1...max(2, settings.partitionCount))
      var member = ClusterGroup.Member(name: "other \(index)", settings: settings)
      if features.contains(.weights) { member.weights = RandomGroup.anyWeights(settings.partitionCount, &random) }
      var alone = cluster
      alone.settings = settings
      others.append(member)
      otherMaps.append(random.pick(CurrentMap.allCases).make(alone, &random))
    }
  }
}
