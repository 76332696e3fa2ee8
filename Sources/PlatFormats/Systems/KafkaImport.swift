import PlatEngine

/// From a Kafka reassignment document to a cluster document with a map for each topic.
///
/// - Nodes are brokers, named by their numbers. Without racks: those that hold something, by number. With racks:
///   those of the racks file, which may name more; racks become the level `rack`, with the rule that
///   `ImportedRule` says for each map's number of replicas.
/// - Maps are as `KafkaMaps` says: a topic each, and partitions of another number of replicas in a map of their own, so
///   that every partition keeps the number that it has. Only `replication` asks for another.
/// - The master of a partition is the preferred leader (the first replica), its slaves are the others in their order.
/// - Kafka's clients choose partitions within a topic by a function of their own: `keyFunc` has no bearing on them.
/// - The whole document travels as `x-kafka`, so that an export knows topics and log directories.
public enum KafkaImport {
  static let level = "rack"

  /// `replication`: how many replicas every partition is to get; nil: as many as it has.
  ///
  /// Throws `DocumentError`, `PlatError.outOfMemory`, or `InputError` for a cluster that is too large. O(bytes).
  public static func read(
    _ source: DocumentSource, racks: KafkaRacks? = nil, rule: ImportedRule = .automatic, replication: Int? = nil
  ) throws -> ImportedGroup {
    let reassignment = try KafkaReassignment(reading: source, racks: racks)
    let brokers = Brokers(reassignment, racks)
    let maps = KafkaMaps(reassignment).maps
    func settings(_ replicas: Int, partitions: Int) -> Settings {
      brokers.settings(replicas: replication ?? replicas, partitions: partitions, rule: rule)
    }
    let group = ClusterGroup(
      shared: brokers.cluster(settings(mostCommonFactor(maps), partitions: 0), source),
      members: maps.map { .init(name: $0.name, settings: settings($0.replicas, partitions: $0.entries.count)) })
    let placements = try zip(maps, group.members).map { map, member in
      try brokers.placement(map.entries.map { reassignment.partitions[$0] }, constraints: member.settings.constraints)
    }
    let header = MapHeader(kind: .current, revision: 0)
    let document = GroupDocument(group: group, maps: placements.map { MapDocument(header: header, placement: $0) })
    return ImportedGroup(document: document, warnings: warnings(maps, reassignment, replication))
  }

  /// For hosts whose cluster has one map: a document of one topic with one number of replicas. Its partitions are
  /// numbered in document order. Throws as `read`, and `InputError` for a document of more.
  public static func readOne(
    _ source: DocumentSource, racks: KafkaRacks? = nil, rule: ImportedRule = .automatic
  ) throws -> ImportedCluster {
    let reassignment = try KafkaReassignment(reading: source, racks: racks)
    let maps = KafkaMaps(reassignment).maps
    guard maps.count == 1 else {
      throw InputError(
        path: "partitions",
        found: reassignment.topics.count > 1
          ? "\(reassignment.topics.count) topics" : "partitions of \(maps.count) different numbers of replicas",
        expected: "one topic whose partitions have one number of replicas: a cluster of one map holds no more. "
          + "As a document with a map for each topic all can be imported")
    }
    let brokers = Brokers(reassignment, racks)
    let cluster = brokers.cluster(
      brokers.settings(replicas: maps[0].replicas, partitions: reassignment.partitions.count, rule: rule), source)
    let placement = try brokers.placement(reassignment.partitions, constraints: cluster.settings.constraints)
    let map = MapDocument(header: MapHeader(kind: .current, revision: 0), placement: placement)
    return ImportedCluster(document: ClusterDocument(cluster: cluster, map: map), warnings: [])
  }

  /// That of most maps, the greater of equally common ones: what the document says once.
  private static func mostCommonFactor(_ maps: [KafkaMaps.Map]) -> Int {
    var counts: [Int: Int] = [:]
    for map in maps { counts[map.replicas, default: 0] += 1 }
    return counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? 1
  }

  // MARK: warnings

  private static func warnings(
    _ maps: [KafkaMaps.Map], _ reassignment: KafkaReassignment, _ replication: Int?
  ) -> [String] {
    var warnings: [String] = []
    func topic(_ map: KafkaMaps.Map) -> String { reassignment.topics[map.topic] }
    let split = maps.filter { $0.name != topic($0) }
    if !split.isEmpty {
      let pieces = split.map {
        "\($0.name) (\(Self.count($0.entries.count, "partition")) of \(topic($0)) with \(Self.count($0.replicas, "replica")))"
      }
      warnings.append("replication factors differ within a topic, and are kept: of their own map are \(list(pieces))")
    }
    let others = maps.filter { !$0.isNumberedAsInKafka }
    if !others.isEmpty {
      warnings.append(
        "not all partitions of a topic are in these maps, so that they are numbered otherwise than in Kafka, in the same order: "
          + list(others.map(\.name)))
    }
    if let replication {
      let changed = maps.filter { $0.replicas != replication }
      let partitions = changed.reduce(0) { $0 + $1.entries.count }
      let more = changed.reduce(0) { $0 + max(0, replication - $1.replicas) * $1.entries.count }
      let fewer = changed.reduce(0) { $0 + max(0, $1.replicas - replication) * $1.entries.count }
      warnings.append(
        "a plan will give every partition \(Self.count(replication, "replica")): \(Self.count(partitions, "partition")) "
          + "change; replicas added: \(more), removed: \(fewer)")
    }
    return warnings
  }

  private static func count(_ count: Int, _ what: String) -> String { "\(count) \(what)\(count == 1 ? "" : "s")" }

  private static func list(_ names: [String]) -> String {
    names.prefix(10).joined(separator: ", ") + (names.count > 10 ? " and \(names.count - 10) more" : "")
  }
}

/// The brokers of a reassignment as nodes.
private struct Brokers {
  private let brokers: [Int]
  private let boxed: BoxedNodes
  private let hasRacks: Bool
  private let nodeOfBroker: [Int: NodeIndex]

  init(_ reassignment: KafkaReassignment, _ racks: KafkaRacks?) {
    let brokers = racks?.brokers.sorted() ?? Set(reassignment.partitions.lazy.flatMap(\.replicas)).sorted()
    let boxed = BoxedNodes(boxOfPlace: brokers.map { racks?.rackOfBroker[$0] ?? "" })
    (self.brokers, self.boxed, hasRacks) = (brokers, boxed, racks != nil)
    nodeOfBroker = Dictionary(uniqueKeysWithValues: zip(brokers, boxed.nodeOfPlace))
  }

  func settings(replicas: Int, partitions: Int, rule: ImportedRule) -> Settings {
    var settings = Settings(partitionCount: partitions, constraints: [1, replicas - 1, 0, 0])
    if hasRacks {
      settings.placement = rule.rules(
        level: 0, boxes: boxed.containers.count, replicas: replicas, model: settings.model)
    }
    return settings
  }

  /// With the whole document.
  func cluster(_ settings: Settings, _ source: DocumentSource) -> Cluster {
    Cluster(
      settings: settings, levels: hasRacks ? [KafkaImport.level] : [], containers: hasRacks ? boxed.containers : [],
      nodes: boxed.order.map { Node(name: String(brokers[$0])) },
      extensions: [Extension(key: KafkaReassignment.extensionKey, json: source.minified())])
  }

  func placement(_ partitions: [KafkaReassignment.Partition], constraints: [Int]) throws(PlatError) -> PlacementMap {
    var builder = try PlacementMapBuilder(partitionCount: partitions.count, expected: constraints)
    for (index, partition) in partitions.enumerated() {
      // Every broker of the document is a node: those with racks were checked when it was read.
      let nodes = partition.replicas.map { nodeOfBroker[$0] ?? .none }
      try builder.set(partition: index, state: 0, nodes: [nodes[0]])
      try builder.set(partition: index, state: 1, nodes: Array(nodes[1...]))
    }
    return try builder.finish(least: constraints)
  }
}
