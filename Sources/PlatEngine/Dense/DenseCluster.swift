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
  /// The same of states that hold data, others 0; and in all: the replicas wanted of each partition.
  public let dataWanted: [Int]
  public let replicas: Int
  public let levels: [DenseLevel]
  /// The most replicas that each node may hold: its capacity, and never more than the partitions.
  public let capacity: [Int]
  public let status: [Node.Status]

  /// O(N · levels). Throws where the cluster is not valid.
  public init(_ cluster: Cluster) throws(InputError) {
    try cluster.validate()
    self.cluster = cluster
    nodeCount = cluster.nodes.count
    partitionCount = cluster.settings.partitionCount
    wanted = cluster.settings.constraints
    dataWanted = zip(wanted, cluster.settings.model.states).map { $1.holdsData ? $0 : 0 }
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
    capacity = cluster.nodes.map { [partitionCount] in min($0.capacity ?? partitionCount, partitionCount) }
    status = cluster.nodes.map(\.status)
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
    status = cluster.nodes.map(\.status)
  }
}
