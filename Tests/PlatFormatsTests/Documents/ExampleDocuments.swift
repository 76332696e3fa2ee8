import PlatEngine
import PlatFormats

/// The cluster document of the format's description, with eight partitions.
let exampleCluster = """
  {
    "plat": 1,
    "settings": {
      "model": "masterSlave",
      "keyFunc": "hash-crc32",
      "numPartitions": 8,
      "constraints": { "master": 1, "slave": 2 },
      "placement": [
        { "states": ["master", "slave"], "level": "zone", "atMost": 2, "strength": "hard" },
        { "states": ["slave"], "near": "master", "level": "zone", "atLeast": 1, "strength": "soft" }
      ],
      "fanOut": { "outbound": 12, "inbound": 11, "strength": "soft" }, "balance": { "tolerance": "1/20", "moveBudget": 500 }
    },
    "config": { "maxFullScansPerVolumeType": { "nvme": 40, "hdd": 2 }, "maxStreamsIn": 3,
                "maxDisturbedContainers": { "level": "zone", "count": 1 } },
    "levels": ["zone", "shelf"],
    "containers": {
      "z0": { "s0": ["a", "b"], "s1": ["c"] },
      "z1": { "s2": ["d", "e"] }
    },
    "nodes": {
      "a": { "weight": 1.50, "status": "active", "volumes": [ { "type": "nvme" }, { "type": "ssd" } ] },
      "d": { "status": "leaving", "capacity": 7 }
    },
    "map": {
      "type": "current", "revision": 7, "keyFunc": "hash-crc32", "numPartitions": 8,
      "partitions": {
        "0": { "master": ["a"], "slave": ["d", "c"] },
        "7": { "slave": ["b"], "master": ["e"], "dead": ["a"] }
      }
    },
    "x-origin": { "by": "hand", "version": 1.50 }
  }
  """

/// Four key ranges on three nodes.
let exampleRanges = """
  {
    "plat": 1,
    "settings": { "keyFunc": "range", "constraints": { "master": 1, "slave": 1 } },
    "nodes": { "a": {}, "b": {}, "c": {} },
    "map": {
      "revision": 3,
      "partitions": {
        "m-q": { "start": "m", "end": "hex:71ff", "source": ["m-z"], "master": ["a"], "slave": ["b"] },
        "last": { "start": "hex:71ff", "master": ["b"] },
        "first": { "end": "d", "slave": ["c"], "master": ["a"] },
        "d-m": { "start": "d", "end": "m", "slave": ["a", "b"] }
      }
    }
  }
  """

func read(_ text: String) throws(DocumentError) -> ClusterDocument { try ClusterReader.read(source(text)) }

func written(_ document: ClusterDocument) throws -> String {
  var writer = JSONWriter()
  ClusterWriter.write(document, to: &writer)
  return try writer.withBytes { String(decoding: $0, as: UTF8.self) }
}

/// What is said of a document that is refused, without the name of the file.
func message(_ body: () throws(DocumentError) -> Void) -> String {
  do {
    try body()
    return "accepted"
  } catch {
    return String(error.description.dropFirst("test.json:".count))
  }
}

extension String {
  /// With the first `old` replaced.
  func changing(_ old: String, _ new: String) -> String {
    guard let place = firstRange(of: old) else { preconditionFailure("no \(old)") }
    return replacingCharacters(in: place, with: new)
  }

  private func firstRange(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }

  private func replacingCharacters(in range: Range<Index>, with text: String) -> String {
    String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
  }
}
