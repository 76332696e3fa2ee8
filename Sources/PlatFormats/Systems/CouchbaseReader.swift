import PlatEngine

/// Reading a bucket configuration. What is not known is skipped; what is known must be right.
extension CouchbaseConfiguration {
  /// O(bytes).
  init(reading source: DocumentSource) throws(DocumentError) {
    var reader = try JSONReader(source)
    var extended: [CouchbaseNode] = []
    var plain: [CouchbaseNode] = []
    var hasMap = false
    let start = try reader.peekOffset()
    try reader.beginObject(expected: "a bucket configuration, which is an object")
    while let key = try reader.nextKey() {
      switch key {
      case "vBucketServerMap":
        if hasMap { throw reader.duplicateKey(key) }
        hasMap = true
        try readServerMap(&reader)
      case "rev": revision = UInt64(try reader.readNumberText().index ?? 0)
      case "nodesExt": extended = try CouchbaseNode.readAll(&reader)
      case "nodes": plain = try CouchbaseNode.readAll(&reader)
      default: try reader.skipValue()
      }
    }
    try reader.finish()
    guard hasMap else { throw reader.missingKey("vBucketServerMap", objectAt: start) }
    let nodes = extended.contains { $0.serverGroup != nil } ? extended : plain
    groupOfServer = servers.indices.map { CouchbaseNode.of(servers[$0], place: $0, among: nodes)?.serverGroup }
  }

  private mutating func readServerMap(_ reader: inout JSONReader) throws(DocumentError) {
    var current: VBucketRows?
    var highest = HighestServer()
    var hasServers = false
    var replicaCountOffset: Int?
    let start = try reader.peekOffset()
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "serverList":
        if hasServers { throw reader.duplicateKey(key) }
        hasServers = true
        servers = try Self.readServers(&reader)
      case "numReplicas":
        replicaCountOffset = try reader.peekOffset()
        replicaCount = try reader.readInteger(in: 0...Limits.nodes)
      case "hashAlgorithm":
        let name = try reader.readString()
        guard name == "CRC" else { throw reader.error(at: name, expected: "\"CRC\"") }
      case "vBucketMap":
        if current != nil { throw reader.duplicateKey(key) }
        current = try Self.readRows(&reader, &highest)
      case "vBucketMapForward":
        if forward != nil { throw reader.duplicateKey(key) }
        forward = try Self.readRows(&reader, &highest)
      default: try reader.skipValue()
      }
    }
    guard hasServers else { throw reader.missingKey("serverList", objectAt: start) }
    guard let current else { throw reader.missingKey("vBucketMap", objectAt: start) }
    guard let replicaCountOffset else { throw reader.missingKey("numReplicas", objectAt: start) }
    self.current = current
    if highest.server >= servers.count {
      throw reader.error(
        at: highest.offset, found: "the server \(highest.server)",
        expected: "a place in serverList, which has \(servers.count), or -1")
    }
    if (replicaCount + 1) * current.count > Limits.slots {
      throw reader.error(
        at: replicaCountOffset, found: "\(replicaCount) replicas", expected: "at most \(Limits.slots) copies in all")
    }
  }

  private static func readServers(_ reader: inout JSONReader) throws(DocumentError) -> [String] {
    var servers: [String] = []
    var seen = Set<String>()
    try reader.beginArray()
    while try reader.nextElement() {
      let server = try reader.readString(expected: "the address of a server")
      servers.append(server.string)
      guard seen.insert(server.string).inserted else {
        throw reader.error(at: server, expected: "each server once")
      }
    }
    return servers
  }

  /// The list of servers may stand behind the maps: whether each number is one of them is asked at the end.
  private struct HighestServer {
    var server = Int(VBucketRows.nobody)
    var offset = 0
  }

  private static func readRows(
    _ reader: inout JSONReader, _ highest: inout HighestServer
  ) throws(DocumentError) -> VBucketRows {
    var rows = VBucketRows()
    let start = try reader.peekOffset()
    try reader.beginArray()
    while try reader.nextElement() {
      let rowStart = try reader.peekOffset()
      try reader.beginArray(expected: "a vBucket's servers, the active one first")
      while try reader.nextElement() {
        let offset = try reader.peekOffset()
        let server = try reader.readInteger(in: Int(VBucketRows.nobody)...Limits.nodes)
        if server > highest.server { highest = HighestServer(server: server, offset: offset) }
        if server >= 0, rows.openRow.contains(Int32(server)) {
          throw reader.error(
            at: offset, found: "the server \(server) a second time", expected: "each server once in a row")
        }
        rows.append(Int32(server))
      }
      if rows.openRow.isEmpty {
        throw reader.error(at: rowStart, found: "an empty row", expected: "the active server, or -1, and the replicas")
      }
      rows.endRow()
      if rows.count > Limits.partitions {
        throw reader.error(at: rowStart, found: "more vBuckets", expected: "at most \(Limits.partitions)")
      }
    }
    if rows.count == 0 { throw reader.error(at: start, found: "no vBuckets", expected: "at least one") }
    return rows
  }
}

/// What `nodes` or `nodesExt` tell of a node.
private struct CouchbaseNode {
  /// Without a port.
  var host: String?
  /// Where it serves keys and values; nil where it does not, or does not say.
  var keyValuePort: Int?
  /// Says which services it has.
  var listsServices = false
  var serverGroup: String?

  static func readAll(_ reader: inout JSONReader) throws(DocumentError) -> [CouchbaseNode] {
    var nodes: [CouchbaseNode] = []
    try reader.beginArray()
    while try reader.nextElement() { nodes.append(try CouchbaseNode(&reader)) }
    return nodes
  }

  private init(_ reader: inout JSONReader) throws(DocumentError) {
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "hostname": host = Self.host(of: try reader.readString().string)
      case "serverGroup": serverGroup = try reader.readString().string
      case "services", "ports":
        listsServices = true
        try reader.beginObject()
        while let service = try reader.nextKey() {
          if service == "kv" || service == "direct" {
            keyValuePort = try reader.readInteger(in: 0...65535)
          } else {
            try reader.skipValue()
          }
        }
      default: try reader.skipValue()
      }
    }
  }

  /// The node behind a server's address: by host and port where it names them, else by its place among those
  /// that serve keys and values, since both lists are in the same order.
  static func of(_ server: String, place: Int, among nodes: [CouchbaseNode]) -> CouchbaseNode? {
    let (host, port) = (Self.host(of: server), Self.port(of: server))
    let serving = nodes.filter { $0.keyValuePort != nil || !$0.listsServices }
    if let named = serving.first(where: { $0.host == host && ($0.keyValuePort ?? port) == port }) { return named }
    guard place < serving.count, serving[place].host == nil else { return nil }
    return serving[place]
  }

  /// `10.0.0.1:11210` and `[fe80::1]:11210` without their ports and brackets.
  private static func host(of address: String) -> String {
    guard let colon = portColon(of: address) else { return unbracketed(address[...]) }
    return unbracketed(address[..<colon])
  }

  private static func port(of address: String) -> Int? {
    portColon(of: address).flatMap { Int(address[address.index(after: $0)...]) }
  }

  /// The last colon, unless there are several without brackets, which makes a bare IPv6 address.
  private static func portColon(of address: String) -> String.Index? {
    guard let colon = address.lastIndex(of: ":") else { return nil }
    let isBare = !address.hasPrefix("[") && address.firstIndex(of: ":") != colon
    let isInside = address.hasSuffix("]")
    return isBare || isInside ? nil : colon
  }

  private static func unbracketed(_ host: Substring) -> String {
    host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : String(host)
  }
}
