/// One level of the tree: which container each node is in. Containers are ranges of nodes.
public struct DenseLevel: Sendable {
  /// For each node, its container among those of this level.
  public let containerOfNode: [ContainerIndex]
  /// For each container, its nodes.
  public let nodes: [Range<Int>]
  /// For each container, its place in `Cluster.containers`.
  public let modelContainer: [Int]

  public var count: Int { nodes.count }
}

/// A validated cluster as flat arrays: what the planner and the Judge read.
public struct DenseCluster: Sendable {
  public let cluster: Cluster
  public let nodeCount: Int
  public let partitionCount: Int
  /// How many nodes each partition should have in each of the model's states.
  public let wanted: [Int]
  /// The same of states that hold data, others 0, as far as the number of nodes (see `rowSlots`) and a hard limit on
  /// peers leave them a place at all; and the sum: the replicas that each partition can have.
  public let dataWanted: [Int]
  public let replicas: Int
  public let levels: [DenseLevel]
  /// The most replicas that each node may hold: its capacity, and never more than the partitions.
  public private(set) var capacity: [Int]
  /// Of a node that rules leave nothing: leaving, whatever it says of itself.
  public let status: [Node.Status]
  /// What rules that name places ask for.
  var places: Places
  /// Where several maps share the nodes: this map's part of every node's capacity. Nil: all of it.
  private(set) var capacityPart: SharedCapacities.Part?

  /// Nil where all partitions are of one size.
  public let partitionWeights: PartitionWeights?

  /// O(N · levels). Throws where the cluster is not valid. Whoever may interrupt it throws behind it.
  public init(_ cluster: Cluster, interrupt: Interrupt? = nil) throws(InputError) {
    try cluster.validate()
    self.cluster = cluster
    nodeCount = cluster.nodes.count
    partitionCount = cluster.settings.partitionCount
    wanted = cluster.settings.constraints
    dataWanted = DenseCluster.placeable(cluster)
    replicas = dataWanted.reduce(0, +)
    levels = cluster.levels.indices.map { level in
      let members = cluster.containers.indices.filter { cluster.containers[$0].level == level }
      var containerOfNode = [ContainerIndex](repeating: ContainerIndex(0), count: cluster.nodes.count)
      for (index, member) in members.enumerated() {
        for node in cluster.containers[member].nodes { containerOfNode[node] = ContainerIndex(index) }
      }
      return DenseLevel(
        containerOfNode: containerOfNode, nodes: members.map { cluster.containers[$0].nodes }, modelContainer: members)
    }
    capacity = cluster.nodes.map { [partitionCount] in $0.room(of: partitionCount) }
    places = Places(cluster, wanted: wanted)
    status = places.status(cluster.nodes)
    partitionWeights = try PartitionWeights(cluster.partitionWeights, replicas: replicas, interrupt: interrupt)
    capacityPart = nil
  }

  /// Another map on the same nodes: `cluster` differs from the other's in settings and ranges only. `hasKnownSettings`:
  /// a map with the same settings was validated before. O(N).
  init(_ cluster: Cluster, sharing other: DenseCluster, hasKnownSettings: Bool) throws(InputError) {
    if !hasKnownSettings { try cluster.validateSettings() }
    try cluster.validatePlaces()
    try cluster.validateRanges()
    try cluster.validateWeights()
    self.cluster = cluster
    capacityPart = nil
    nodeCount = other.nodeCount
    partitionCount = cluster.settings.partitionCount
    wanted = cluster.settings.constraints
    dataWanted = DenseCluster.placeable(cluster)
    replicas = dataWanted.reduce(0, +)
    levels = other.levels
    places = Places(cluster, wanted: wanted)
    status = places.isEmptied == other.places.isEmptied ? other.status : places.status(cluster.nodes)
    partitionWeights = try PartitionWeights(cluster.partitionWeights, replicas: replicas)
    capacity = Array(repeating: partitionCount, count: nodeCount)
  }

  /// The same map with its part of capacities that are for several. O(N).
  func with(part: SharedCapacities.Part) -> DenseCluster {
    var result = self
    result.capacityPart = part
    for node in 0..<nodeCount {
      if let key = result.sharedCapacity(of: node) { result.capacity[node] = min(part.whole(key), partitionCount) }
    }
    return result
  }

  /// Tells the parts that nodes have for this map of capacities shared by several; nil where a node's is not.
  func sharedCapacity(of node: Int) -> Int? { capacityPart?.key(cluster.nodes[node], node) }

  /// What such a part is, exactly.
  func exactCapacity(shared key: Int) -> Rational {
    min(capacityPart?.exact(key) ?? Rational(partitionCount), Rational(partitionCount))
  }

  /// The same map where each node has room for so many replicas, and shares it with no other map. O(N).
  func with(room: [Int]) -> DenseCluster {
    var result = self
    result.capacity = room.map { max(0, min($0, partitionCount)) }
    result.capacityPart = nil
    return result
  }

  /// `other` with its nodes in another condition, or for some of its partitions. `cluster` differs from the other's in
  /// nothing else, so there is nothing to check. O(N).
  init(_ other: DenseCluster, cluster: Cluster, partitionCount: Int, capacity: [Int]) {
    self.cluster = cluster
    self.partitionCount = partitionCount
    self.capacity = capacity
    nodeCount = other.nodeCount
    wanted = other.wanted
    dataWanted = other.dataWanted
    replicas = other.replicas
    levels = other.levels
    capacityPart = other.capacityPart
    places = other.places
    status = places.status(cluster.nodes)
    // Of some partitions only loads by number are asked.
    partitionWeights = partitionCount == other.partitionCount ? other.partitionWeights : nil
  }
}
