import TestSupport
import Testing

@testable import PlatEngine

/// One block of texts against an array of ranges.
@Suite struct KeyRangesTests {
  private static func text(_ random: inout SplitMix64, _ most: Int) -> [UInt8] {
    (0..<random.below(most)).map { _ in UInt8(0x60 + random.below(3)) }
  }

  private static func range(_ random: inout SplitMix64) -> KeyRange {
    let sources = (0..<random.pick([0, 0, 0, 1, 3])).map { _ in String(decoding: text(&random, 9), as: UTF8.self) }
    return KeyRange(
      name: String(decoding: text(&random, 20), as: UTF8.self), start: text(&random, 6), end: text(&random, 6),
      source: sources)
  }

  @Test func whatWasAddedIsThere() {
    forAllSeeds(0..<200) { seed in
      var random = SplitMix64(seed: seed)
      var wanted = (0..<random.pick([0, 1, 2, 17, 400])).map { _ in Self.range(&random) }
      var ranges = try KeyRanges(wanted)
      try holds(ranges.count == wanted.count && wanted.indices.allSatisfy { ranges[$0] == wanted[$0] }, "other ranges")
      try holds(wanted.indices.allSatisfy { ranges.name($0) == wanted[$0].name }, "other names")
      for range in wanted.prefix(5) {
        try holds(ranges.index(named: range.name) == wanted.firstIndex { $0.name == range.name }, "found elsewhere")
      }
      let copy = ranges
      try ranges.sort()
      wanted.sort { precedes(($0.start, $0.name), ($1.start, $1.name)) }
      // Of ranges that are alike in both, any order will do.
      try holds(
        zip(wanted, 0...).allSatisfy { $0.start == ranges[$1].start && $0.name == ranges[$1].name }, "not sorted")
      let last = Self.range(&random)
      try ranges.append(name: Array(last.name.utf8).span, start: last.start.span, end: last.end.span)
      for source in last.source { try ranges.addSource(Array(source.utf8).span) }
      try holds(ranges.count == copy.count + 1 && ranges[copy.count] == last, "the last is not there")
      try holds(try copy == KeyRanges((0..<copy.count).map { copy[$0] }), "a copy has changed")
    }
  }

  @Test func twoWithoutBoundsAreAnOverlap() throws {
    let ranges = try KeyRanges([KeyRange(name: "a", start: [], end: []), KeyRange(name: "b", start: [], end: [])])
    let cluster = Cluster(
      settings: Settings(keyFunction: .range, partitionCount: 2), nodes: [Node(name: "n")], ranges: ranges)
    let error = #expect(throws: InputError.self) { try cluster.validate() }
    #expect(error?.path == "map.partitions.b.start" && error?.found == "an overlap between a and b")
  }
}

private func precedes(_ a: (start: [UInt8], name: String), _ b: (start: [UInt8], name: String)) -> Bool {
  a.start == b.start ? a.name.utf8.lexicographicallyPrecedes(b.name.utf8) : a.start.lexicographicallyPrecedes(b.start)
}
