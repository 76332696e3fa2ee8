import PlatEngine

/// From a map to a Couchbase bucket configuration.
///
/// Starts from the configuration that travelled as `x-couchbase`, and writes anew only what the map says:
/// - `serverList`: every server stays in its place, because rows and `nodesExt` count by it, also one that is
///   leaving or gone; new nodes that hold something come behind.
/// - a current map: its rows are `vBucketMap`. `numReplicas` is what the cluster asks for.
/// - a target map: `vBucketMap` stays as it was, and the rows are `vBucketMapForward`, which is left out where
///   nothing is left to do.
/// - a replica that stays keeps its place in the row; new ones take the places that are free.
///
/// Without an original, a configuration of these members only, with the map as `vBucketMap`.
package enum CouchbaseExport {
  /// Throws `InputError` for a map that the form can't hold, `DocumentError` where the extension is damaged, and
  /// `FileError.outOfMemory`. O(document).
  package static func write(_ map: NamedMap, to writer: inout JSONWriter) throws {
    guard map.keyFunction == .crc32VBucket else {
      throw InputError(
        path: "map.keyFunc", found: "\"\(map.keyFunction.rawValue)\"",
        expected: "\"\(KeyFunction.crc32VBucket.rawValue)\", by which the form's clients find vBuckets")
    }
    let source = try map.original(CouchbaseConfiguration.extensionKey, allowance: writer.allowance)
    let original = try source.map { source throws(DocumentError) in try CouchbaseConfiguration(reading: source) }
    let made = try configuration(map, original)
    if let source, let original {
      try rewrite(source, original, made, to: &writer)
    } else {
      writeAlone(made, to: &writer)
    }
  }

  private static func configuration(
    _ map: NamedMap, _ original: CouchbaseConfiguration?
  ) throws -> CouchbaseConfiguration {
    var made = original ?? CouchbaseConfiguration()
    let replicasBefore = original?.replicaCount
    made.replicaCount = map.constraints?[1] ?? replicasBefore ?? map.placement.slotCounts[1]
    let serverOfNode = serverOfNode(map, servers: &made.servers)
    var rows = VBucketRows()
    for vBucket in 0..<map.placement.partitionCount {
      let (master, others) = try map.holders(of: vBucket)
      let before = original.flatMap { vBucket < $0.current.count ? Array($0.current[vBucket]) : nil } ?? []
      let usual = made.replicaCount == replicasBefore && !before.isEmpty ? before.count : made.replicaCount + 1
      rows.appendRow(
        row(
          active: master.map { serverOfNode[$0.int] } ?? VBucketRows.nobody,
          replicas: others.map { serverOfNode[$0.int] }, before: before, usualCount: usual))
    }
    if map.header.kind == .target, let original {
      made.forward = rows == original.current ? nil : rows
    } else {
      made.current = rows
    }
    return made
  }

  /// For each node its place in `servers`, to which those are added that hold something and are not there.
  private static func serverOfNode(_ map: NamedMap, servers: inout [String]) -> [Int32] {
    var holds = map.nodeNames.map { _ in false }
    for slot in 0..<(map.placement.partitionCount * map.placement.width) where map.placement.slots[slot] != .none {
      holds[map.placement.slots[slot].int] = true
    }
    var serverOfName: [String: Int32] = [:]
    for (server, name) in servers.enumerated() { serverOfName[name] = Int32(server) }
    return map.nodeNames.enumerated().map { node, name in
      if let server = serverOfName[name] { return server }
      guard holds[node] else { return VBucketRows.nobody }
      servers.append(name)
      return Int32(servers.count - 1)
    }
  }

  /// One row: `before` where nothing has changed.
  private static func row(active: Int32, replicas: [Int32], before: [Int32], usualCount: Int) -> [Int32] {
    var row = [Int32](repeating: VBucketRows.nobody, count: max(usualCount, 1 + replicas.count))
    row[0] = active
    var homeless: [Int32] = []
    for replica in replicas {
      if let place = before.firstIndex(of: replica), place > 0, place < row.count {
        row[place] = replica
      } else {
        homeless.append(replica)
      }
    }
    for replica in homeless {
      guard let place = row.dropFirst().firstIndex(of: VBucketRows.nobody) else { break }
      row[place] = replica
    }
    return row
  }
}
