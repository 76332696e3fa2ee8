/// Several maps on the same nodes: buckets, topics, tables. The nodes, their tree and the limits while moving are
/// told once; each map has settings, and key ranges, of its own.
public struct ClusterGroup: Equatable, Sendable {
  public struct Member: Equatable, Sendable {
    public var name: String
    public var settings: Settings
    /// As `Cluster.ranges`.
    public var ranges: KeyRanges
    /// As `Cluster.partitionWeights`. Beside maps whose partitions differ in weight, sizes that are all the same count,
    /// too.
    public var weights: [Quantity]

    public init(name: String, settings: Settings, ranges: KeyRanges = KeyRanges(), weights: [Quantity] = []) {
      self.name = name
      self.settings = settings
      self.ranges = ranges
      self.weights = weights
    }
  }

  /// Nodes, tree and limits, with the settings that maps have where they say nothing else.
  public var shared: Cluster
  public var members: [Member]

  public init(shared: Cluster, members: [Member]) {
    self.shared = shared
    self.members = members
  }

  /// One map's view, as if it were alone. O(1): the arrays are shared.
  public func cluster(_ member: Int) -> Cluster {
    var cluster = shared
    cluster.settings = members[member].settings
    cluster.ranges = members[member].ranges
    cluster.partitionWeights = members[member].weights
    return cluster
  }
}

extension Limits {
  /// Maps on the same nodes, and cells of maps × nodes.
  public static let maps = 1 << 20
  public static let mapCells = 1 << 28
}
