import PlatEngine

/// From a Kafka reassignment document to a cluster document.
///
/// - Nodes are brokers, named by their numbers. Without racks: those that hold something, by number. With racks:
///   those of the racks file, which may name more; racks become the level `rack`, with the rule that
///   `ImportedRule` says.
/// - Partitions are numbered in document order, across topics. Their master is the preferred leader (the first
///   replica), their slaves are the others in their order.
/// - A cluster has one replication factor. Where partitions differ, the most common one is asked for (the greater
///   of equally common ones), with a warning: the current map holds what there is and an export of it gives it
///   back, but a plan makes all partitions alike.
/// - Kafka's clients choose partitions within a topic by a function of their own: `keyFunc` has no bearing on them.
/// - The whole document travels as `x-kafka`, so that an export knows topics and log directories.
public enum KafkaImport {
  static let level = "rack"

  /// Throws `DocumentError`, or `PlatError.outOfMemory`. O(bytes).
  public static func read(
    _ source: DocumentSource, racks: KafkaRacks? = nil, rule: ImportedRule = .automatic
  ) throws -> ImportedCluster {
    let reassignment = try KafkaReassignment(reading: source, racks: racks)
    let brokers = racks?.brokers.sorted() ?? Set(reassignment.partitions.flatMap(\.replicas)).sorted()
    let boxed = BoxedNodes(boxOfPlace: brokers.map { racks?.rackOfBroker[$0] ?? "" })

    let factors = factors(reassignment)
    let replicas = factors[0].replicas
    var settings = Settings(
      partitionCount: reassignment.partitions.count, constraints: [1, replicas - 1, 0, 0])
    if racks != nil {
      settings.placement = rule.rules(
        level: 0, boxes: boxed.containers.count, replicas: replicas, model: settings.model)
    }
    let cluster = Cluster(
      settings: settings, levels: racks == nil ? [] : [level], containers: racks == nil ? [] : boxed.containers,
      nodes: boxed.order.map { Node(name: String(brokers[$0])) },
      extensions: [Extension(key: KafkaReassignment.extensionKey, json: source.minified())])

    var nodeOfBroker: [Int: NodeIndex] = [:]
    for (broker, node) in zip(brokers, boxed.nodeOfPlace) { nodeOfBroker[broker] = node }
    let map = MapDocument(
      header: MapHeader(kind: .current, revision: 0),
      placement: try placement(reassignment, nodeOfBroker: nodeOfBroker, constraints: settings.constraints))
    return ImportedCluster(
      document: ClusterDocument(cluster: cluster, map: map), warnings: factors.count == 1 ? [] : [warning(factors)])
  }

  /// How many partitions have each replication factor, the most common first, the greater of equals first.
  private static func factors(_ reassignment: KafkaReassignment) -> [(replicas: Int, partitions: Int)] {
    var counts: [Int: Int] = [:]
    for partition in reassignment.partitions { counts[partition.replicas.count, default: 0] += 1 }
    return counts.map { (replicas: $0.key, partitions: $0.value) }
      .sorted { ($0.partitions, $0.replicas) > ($1.partitions, $1.replicas) }
  }

  private static func warning(_ factors: [(replicas: Int, partitions: Int)]) -> String {
    let found = factors.map { "\($0.partitions) partitions have \($0.replicas)" }.joined(separator: ", ")
    return "replication factors differ (\(found)): a plan will give every partition \(factors[0].replicas) replicas"
  }

  private static func placement(
    _ reassignment: KafkaReassignment, nodeOfBroker: [Int: NodeIndex], constraints: [Int]
  ) throws -> PlacementMap {
    var builder = try PlacementMapBuilder(partitionCount: reassignment.partitions.count, expected: constraints)
    for (index, partition) in reassignment.partitions.enumerated() {
      let nodes = partition.replicas.map { nodeOfBroker[$0]! }
      try builder.set(partition: index, state: 0, nodes: [nodes[0]])
      try builder.set(partition: index, state: 1, nodes: Array(nodes[1...]))
    }
    return try builder.finish(least: constraints)
  }
}
