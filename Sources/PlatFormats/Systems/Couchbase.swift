/// A Couchbase bucket configuration, as the server sends it to clients: the members that tell who holds what.
///
///     "vBucketServerMap": {
///       "hashAlgorithm": "CRC", "numReplicas": 1,
///       "serverList": ["10.0.0.1:11210", "10.0.0.2:11210"],
///       "vBucketMap":        [[0, 1], [1, -1], …],     a row a vBucket: the active server, then replicas; -1: none
///       "vBucketMapForward": [[1, 0], [1, 0], …]       where a rebalance is heading, while there is one
///     },
///     "nodesExt": [{ "hostname": "10.0.0.1", "services": { "kv": 11210 }, "serverGroup": "Group 1" }, …]
///
/// All other members belong to others; they are not looked at, and kept.
struct CouchbaseConfiguration {
  var servers: [String] = []
  var replicaCount = 0
  var current = VBucketRows()
  var forward: VBucketRows?
  /// For each server, its group; nil where the configuration does not tell.
  var groupOfServer: [String?] = []
  /// Its `rev`; 0 where it has none.
  var revision: UInt64 = 0

  /// Where the whole configuration travels in Plat's documents.
  static let extensionKey = "x-couchbase"
}

/// One vBucket map: rows of servers, one row behind the other.
struct VBucketRows: Equatable {
  /// The server that stands for nobody.
  static let nobody: Int32 = -1

  private(set) var servers: [Int32] = []
  /// Where each row ends.
  private(set) var ends: [Int] = []

  var count: Int { ends.count }

  subscript(_ row: Int) -> ArraySlice<Int32> { servers[(row == 0 ? 0 : ends[row - 1])..<ends[row]] }

  mutating func append(_ server: Int32) { servers.append(server) }

  mutating func endRow() { ends.append(servers.count) }

  mutating func appendRow(_ row: [Int32]) {
    servers += row
    endRow()
  }

  /// The row that is not ended yet.
  var openRow: ArraySlice<Int32> { servers[(ends.last ?? 0)...] }
}
