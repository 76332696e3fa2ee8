/// A node, as people name it.
public struct Node: Equatable, Sendable {
  public enum Status: String, Sendable, CaseIterable {
    case active
    /// Moves everything off.
    case leaving
    /// Keeps its slaves, its masters move off, gets nothing new.
    case maintenance
    /// Holds nothing that can be read.
    case failed
  }
  public var name: String
  /// Share of the load.
  public var weight: Quantity
  /// The most replicas that it may hold; nil: no limit.
  public var capacity: Int?
  public var status: Status
  /// The type of each of its volumes.
  public var volumes: [String]
  /// What rules may name it by.
  public var tags: [String]

  public init(
    name: String, weight: Quantity = .one, capacity: Int? = nil, status: Status = .active, volumes: [String] = ["ssd"],
    tags: [String] = []
  ) {
    self.name = name
    self.weight = weight
    self.capacity = capacity
    self.status = status
    self.volumes = volumes
    self.tags = tags
  }
}

/// A box of nodes or of containers: zone, cage, shelf …
public struct Container: Equatable, Sendable {
  public var name: String
  /// Index into `Cluster.levels`.
  public var level: Int
  /// Index into `Cluster.containers`; nil at the outermost level.
  public var parent: Int?
  /// Its nodes, as a range of `Cluster.nodes`.
  public var nodes: Range<Int>

  public init(name: String, level: Int, parent: Int?, nodes: Range<Int>) {
    self.name = name
    self.level = level
    self.parent = parent
    self.nodes = nodes
  }
}

/// A key of a document that is Plat's to carry, not to read: its name (`x-…`) and its value as JSON text.
public struct Extension: Equatable, Sendable {
  public var key: String
  public var json: [UInt8]

  public init(key: String, json: [UInt8]) {
    self.key = key
    self.json = json
  }
}

/// A cluster without its map: what is to be placed, on what, under which rules.
public struct Cluster: Equatable, Sendable {
  public var settings: Settings
  public var config: MovementConfig
  /// The state models that the document defines, whether or not `settings` take one of them.
  public var models: [StateModel] = []
  /// Names of the tree's levels, outermost first. Empty: every node stands alone.
  public var levels: [String]
  /// Every container, parents before children, in tree order.
  public var containers: [Container]
  /// Every node, in tree order, so that each container's nodes follow one another.
  public var nodes: [Node]
  /// For `range`: name and bounds of each partition, in key order. Empty for hash functions, where partition
  /// `i` is named by its number.
  public var ranges: KeyRanges
  /// The size of each partition, exact. Empty where all are of one size, which then says nothing.
  public var partitionWeights: [Quantity]
  /// Kept and handed through untouched.
  public var extensions: [Extension]

  public init(
    settings: Settings, config: MovementConfig = MovementConfig(), levels: [String] = [],
    containers: [Container] = [], nodes: [Node], ranges: KeyRanges = KeyRanges(), partitionWeights: [Quantity] = [],
    extensions: [Extension] = []
  ) {
    self.settings = settings
    self.config = config
    self.levels = levels
    self.containers = containers
    self.nodes = nodes
    self.ranges = ranges
    self.partitionWeights = partitionWeights
    self.extensions = extensions
  }

  /// The partition's name, as documents write it.
  public func partitionName(_ partition: Int) -> String {
    ranges.isEmpty ? String(partition) : ranges.name(partition)
  }
}
