import PlatEngine

/// From a Couchbase bucket configuration to a cluster document.
///
/// - Nodes are the servers of `serverList`, named by their address. Partition `i` is vBucket `i`; its master is the
///   active server, its slaves are the replicas in their order. One master and `numReplicas` slaves are asked for.
/// - Server groups become the level `zone`, with the rule that `ImportedRule` says. Servers whose group is not told,
///   while that of others is, stand together in the zone `(none)`.
/// - The map is the current one, `vBucketMap`. `vBucketMapForward` tells where another orchestrator is heading: it
///   does not bear on planning, and is kept.
/// - `rev` becomes the revision where it is one.
/// - The whole configuration travels as `x-couchbase`, so that an export gives back what Plat has no words for.
public enum CouchbaseImport {
  static let level = "zone"
  static let ungrouped = "(none)"

  /// Throws `DocumentError`, or `PlatError.outOfMemory`. O(bytes).
  public static func read(_ source: DocumentSource, rule: ImportedRule = .automatic) throws -> ImportedCluster {
    let configuration = try CouchbaseConfiguration(reading: source)
    let groups = configuration.groupOfServer
    let isGrouped = groups.contains { $0 != nil }
    let boxed = BoxedNodes(boxOfPlace: groups.map { isGrouped ? $0 ?? ungrouped : ungrouped })

    var settings = Settings(
      keyFunction: .crc32VBucket, partitionCount: configuration.current.count,
      constraints: [1, configuration.replicaCount, 0, 0])
    if isGrouped {
      settings.placement = rule.rules(
        level: 0, boxes: boxed.containers.count, replicas: configuration.replicaCount + 1, model: settings.model)
    }
    let cluster = Cluster(
      settings: settings, levels: isGrouped ? [level] : [], containers: isGrouped ? boxed.containers : [],
      nodes: boxed.order.map { Node(name: configuration.servers[$0]) },
      extensions: [Extension(key: CouchbaseConfiguration.extensionKey, json: source.minified())])
    let map = MapDocument(
      header: MapHeader(kind: .current, revision: configuration.revision),
      placement: try placement(configuration, nodeOfServer: boxed.nodeOfPlace))
    return ImportedCluster(
      document: ClusterDocument(cluster: cluster, map: map), warnings: warnings(configuration, isGrouped: isGrouped))
  }

  private static func placement(
    _ configuration: CouchbaseConfiguration, nodeOfServer: [NodeIndex]
  ) throws -> PlacementMap {
    let rows = configuration.current
    let wanted = [1, configuration.replicaCount, 0, 0]
    var builder = try PlacementMapBuilder(partitionCount: rows.count, expected: [1, rows[0].count - 1, 0, 0])
    var nodes: [NodeIndex] = []
    for vBucket in 0..<rows.count {
      nodes.removeAll(keepingCapacity: true)
      for server in rows[vBucket] { nodes.append(server < 0 ? .none : nodeOfServer[Int(server)]) }
      try builder.set(partition: vBucket, state: 0, nodes: nodes[..<1].filter { $0 != .none })
      try builder.set(partition: vBucket, state: 1, nodes: nodes[1...].filter { $0 != .none })
    }
    return try builder.finish(least: wanted.map { min($0, configuration.servers.count) })
  }

  private static func warnings(_ configuration: CouchbaseConfiguration, isGrouped: Bool) -> [String] {
    var warnings: [String] = []
    if configuration.forward != nil {
      warnings.append("vBucketMapForward is kept, but planning starts from vBucketMap")
    }
    if isGrouped {
      for (server, group) in zip(configuration.servers, configuration.groupOfServer) where group == nil {
        warnings.append("the group of the server \(server) is not told: it stands in the zone \(ungrouped)")
      }
    }
    return warnings
  }
}
