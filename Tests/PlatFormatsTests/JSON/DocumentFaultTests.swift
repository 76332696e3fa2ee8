import PlatEngine
import TestSupport
import Testing

@testable import PlatFormats

/// All that is wrong with a document is told at once, each as if it were alone.
@Suite struct DocumentFaultTests {
  private static let cluster = """
    { "plat": 1, "settings": { "numPartitions": 4, "fanOut": { "outbound": 3, "inbound": 3 } },
      "config": { "maxStreamsIn": 2 }, "x-note": "a \\"quoted\\\\\\" note",
      "nodes": { "a": { "weight": 1, "capacity": 9 }, "b": { "status": "active" }, "c": {}, "d\\"": { "weight": 2 } },
      "map": { "partitions": { "0": { "master": ["a"], "slave": ["b", "c"] }, "1": { "master": ["b"], "slave": ["a"] },
        "2": { "slave": ["c"], "master": ["a"] } } } }
    """

  private static func faults(_ text: String) -> [DocumentError] {
    do throws(DocumentError) {
      _ = try source(text).readingFaults { source throws(DocumentError) in try ClusterReader.readAny(source) }
      return []
    } catch { return [error] + error.others }
  }

  /// Each alone is found where it is; all together likewise, in place for place.
  private static let breaks: [(String, String, String)] = [
    (#""weight": 1"#, #""weight": true"#, "nodes.a.weight"),
    (#""capacity": 9"#, #""capacity": -9"#, "nodes.a.capacity"),
    (#""status": "active""#, #""status": "down""#, "nodes.b.status"),
    (#""weight": 2"#, #""wieght": 2"#, #"nodes["d\""].wieght"#),
    (#""maxStreamsIn": 2"#, #""maxStreamsIn": "two""#, "config.maxStreamsIn"),
    (#""outbound": 3"#, #""outbound": 3.5"#, "settings.fanOut.outbound"),
    (#"["b", "c"]"#, #"["b", "z"]"#, #"map.partitions["0"].slave[1]"#),
    (#""slave": ["a"]"#, #""slaves": ["a"]"#, #"map.partitions["1"].slaves"#),
    (#"["c"], "master""#, #"["a"], "master""#, #"map.partitions["2"].master[0]"#),
  ]

  @Test func eachAlone() {
    #expect(Self.faults(Self.cluster).isEmpty)
    for (text, other, path) in Self.breaks {
      #expect(Self.cluster.contains(text), "\(text)")
      #expect(Self.faults(Self.cluster.replacing(text, with: other)).map(\.path) == [path])
    }
  }

  @Test func anyTogether() {
    forAllSeeds(0..<60) { seed in
      var random = SplitMix64(seed: seed)
      // In the table's order: one break may write what another looks for.
      let places = random.shuffled(Array(Self.breaks.indices)).prefix(random.among(1...Self.breaks.count)).sorted()
      let chosen = places.map { Self.breaks[$0] }
      let text = chosen.reduce(Self.cluster) { $0.replacing($1.0, with: $1.1) }
      let alone = Dictionary(uniqueKeysWithValues: chosen.map { one in
        (one.2, Self.faults(Self.cluster.replacing(one.0, with: one.1))[0])
      })
      let faults = Self.faults(text)
      try holds(Set(faults.map(\.path)) == Set(chosen.map(\.2)) && faults.count == chosen.count, "\(faults)")
      for fault in faults {
        try holds(fault.found == alone[fault.path]?.found && fault.line == alone[fault.path]?.line, "\(fault)")
      }
    }
  }

  @Test func noMoreThanTenAndNoConsequences() {
    let nodes = (0..<30).map { "\"n\($0)\": { \"wait\": 1 }" }.joined(separator: ", ")
    #expect(Self.faults("{ \"plat\": 1, \"settings\": { \"numPartitions\": 4 }, \"nodes\": { \(nodes) } }").count == 10)
    // Without the number of partitions, or without levels, all else would be wrong.
    for (text, other) in [(#""numPartitions": 4"#, #""numPartitions": 0"#), (#""plat": 1"#, #""plat": 2"#)] {
      #expect(Self.faults(Self.cluster.replacing(text, with: other)).count == 1)
    }
    #expect(Self.faults("{").count == 1 && Self.faults("[]").count == 1)
  }

  /// Whatever bytes change, what is told ends, and is told once.
  @Test func changedBytes() {
    forAllSeeds(0..<400) { seed in
      var random = SplitMix64(seed: seed)
      var bytes = Array(Self.cluster.utf8)
      for _ in 0..<random.among(1...4) {
        bytes[random.below(bytes.count)] = UInt8(random.pick(Array(#"{}[]",:x1\ "#.utf8)))
      }
      let faults = Self.faults(String(decoding: bytes, as: UTF8.self))
      try holds(faults.count <= 10 && Set(faults.map { "\($0.line):\($0.column)" }).count == faults.count, "\(faults)")
    }
  }

  @Test(arguments: [
    ("wieght", "weight"), ("Status", "status"), ("capcity", "capacity"), ("satus", "status"), ("volums", "volumes"),
    ("rack", nil),
    ("x", nil), ("wgt", nil),
  ])
  func suggestions(_ word: String, _ meant: String?) {
    #expect(Suggestion.nearest(to: word, among: ["weight", "capacity", "status", "volumes"]) == meant)
  }
}
