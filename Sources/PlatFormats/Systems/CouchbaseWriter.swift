/// Writing a configuration.
extension CouchbaseExport {
  /// Copies `source` member by member, but for those that tell the map.
  static func rewrite(
    _ source: DocumentSource, _ original: CouchbaseConfiguration, _ made: CouchbaseConfiguration,
    to writer: inout JSONWriter
  ) throws(DocumentError) {
    var reader = try JSONReader(source)
    try reader.beginObject()
    writer.beginObject(.lines)
    while let key = try reader.nextKey() {
      guard key == "vBucketServerMap" else {
        writer.extension(try reader.takeExtension(key))
        continue
      }
      writer.key(key.bytes)
      try rewriteServerMap(&reader, original, made, to: &writer)
    }
    writer.endObject()
  }

  private static func rewriteServerMap(
    _ reader: inout JSONReader, _ original: CouchbaseConfiguration, _ made: CouchbaseConfiguration,
    to writer: inout JSONWriter
  ) throws(DocumentError) {
    try reader.beginObject()
    writer.beginObject(.lines)
    while let key = try reader.nextKey() {
      let member = try reader.takeExtension(key)
      switch key {
      case "serverList" where made.servers != original.servers: writeServers(made, to: &writer)
      case "numReplicas" where made.replicaCount != original.replicaCount:
        writer.key("numReplicas")
        writer.integer(made.replicaCount)
      case "vBucketMap" where made.current != original.current: writeRows("vBucketMap", made.current, to: &writer)
      case "vBucketMapForward" where made.forward != original.forward: continue
      default: writer.extension(member)
      }
    }
    if made.forward != original.forward, let forward = made.forward {
      writeRows("vBucketMapForward", forward, to: &writer)
    }
    writer.endObject()
  }

  /// The members that tell the map, and no others.
  static func writeAlone(_ made: CouchbaseConfiguration, to writer: inout JSONWriter) {
    writer.beginObject(.lines)
    writer.key("vBucketServerMap")
    writer.beginObject(.lines)
    writer.key("hashAlgorithm")
    writer.string("CRC")
    writer.key("numReplicas")
    writer.integer(made.replicaCount)
    writeServers(made, to: &writer)
    writeRows("vBucketMap", made.current, to: &writer)
    writer.endObject()
    writer.endObject()
  }

  private static func writeServers(_ made: CouchbaseConfiguration, to writer: inout JSONWriter) {
    writer.member("serverList", made.servers)
  }

  private static func writeRows(_ key: String, _ rows: VBucketRows, to writer: inout JSONWriter) {
    writer.key(key)
    writer.beginArray(.compact)
    for row in 0..<rows.count {
      writer.beginArray(.compact)
      for server in rows[row] { writer.integer(Int(server)) }
      writer.endArray()
    }
    writer.endArray()
  }
}
