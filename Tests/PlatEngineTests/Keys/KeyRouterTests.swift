import TestSupport
import Testing

@testable import PlatEngine

@Suite struct KeyRouterTests {
  private func router(_ function: KeyFunction, _ count: Int, ranges: [KeyRange] = []) throws -> KeyRouter {
    try KeyRouter(
      Cluster(
        settings: Settings(keyFunction: function, partitionCount: count), nodes: [Node(name: "a")],
        ranges: KeyRanges(ranges)))
  }

  @Test func theCommonCRC() throws {
    #expect(try router(.crc32, 1 << 28).partition(of: "123456789".utf8) == 0xcbf4_3926 % (1 << 28))
    #expect(try router(.crc32, 1440).partition(of: "123456789".utf8) == 0xcbf4_3926 % 1440)
    #expect(try router(.crc32, 7).partition(of: "".utf8) == 0)
  }

  @Test func theCouchbaseForm() throws {
    #expect(try router(.crc32VBucket, 1024).partition(of: "hello".utf8) == 528)
    #expect(try router(.crc32VBucket, 64).partition(of: "123456789".utf8) == (0xcbf43926 >> 16 & 0x7fff) % 64)
  }

  private static let ranges = [
    KeyRange(name: "first", start: [], end: [0x64]), KeyRange(name: "second", start: [0x64], end: [0x64, 0]),
    KeyRange(name: "third", start: [0x64, 0], end: [0xff]), KeyRange(name: "last", start: [0xff], end: []),
  ]

  @Test(arguments: [
    ([], 0), ([0], 0), ([0x63, 0xff, 0xff], 0), ([0x64], 1), ([0x64, 0], 2), ([0x64, 0, 0], 2), ([0xfe, 0xff], 2),
    ([0xff], 3), ([0xff, 0xff, 0xff], 3),
  ] as [([UInt8], Int)])
  func byRange(key: [UInt8], partition: Int) throws {
    #expect(try router(.range, 4, ranges: Self.ranges).partition(of: key) == partition)
  }

  /// Many keys at once go where each goes alone; a range holds its keys.
  @Test func batches() {
    forAllSeeds(0..<200) { seed in
      var random = SplitMix64(seed: seed)
      let ranges = Self.randomRanges(&random)
      let function = random.pick(KeyFunction.allCases)
      let router = try router(function, function == .range ? ranges.count : random.among(1...2000), ranges: ranges)
      let keys = (0..<random.among(1...200)).map { _ in
        (0..<random.among(0...(random.chance(1, 10) ? 80 : 6))).map { _ in UInt8(0x60 + random.below(4)) }
      }
      let offsets = keys.reduce(into: [UInt32(0)]) { $0.append($0[$0.count - 1] + UInt32($1.count)) }
      var partitions = [UInt32](repeating: 0, count: keys.count)
      router.partitions(ofKeys: keys.flatMap(\.self) + [0], offsets: offsets, count: keys.count, into: &partitions)
      for (key, partition) in zip(keys, partitions) {
        try holds(router.partition(of: key) == Int(partition), "\(key)")
        guard function == .range else { continue }
        let range = ranges[Int(partition)]
        try holds(!key.lexicographicallyPrecedes(range.start), "\(key) before \(range)")
        try holds(range.end.isEmpty || key.lexicographicallyPrecedes(range.end), "\(key) behind \(range)")
      }
    }
  }

  /// Against looking at every range: starts that share long beginnings, prefixes that tie, empty and long keys, bytes
  /// of all values, keys that are starts or next to one.
  @Test func rangesAgainstLookingAtAll() {
    forAllSeeds(0..<150) { seed in
      var random = SplitMix64(seed: seed)
      let shared = (0..<random.pick([0, 0, 1, 5, 8, 20])).map { _ in UInt8(random.below(256)) }
      let values = random.pick([[0, 1], [0x60, 0x61, 0x62], [0, 0x7f, 0x80, 0xff], Array(0...255)] as [[UInt8]])
      func text(_ most: Int) -> [UInt8] { (0..<random.among(0...most)).map { _ in random.pick(values) } }
      let count = random.pick([0, 1, 7, 8, 9, 63, 64, 65, 300])
      var starts = Set((0..<count).map { _ in shared + text(random.pick([2, 9, 12])) })
      starts.remove([])
      let ordered = [[]] + starts.sorted { $0.lexicographicallyPrecedes($1) }
      let ranges = ordered.indices.map { index in
        KeyRange(name: "\(index)", start: ordered[index], end: index + 1 < ordered.count ? ordered[index + 1] : [])
      }
      let router = try router(.range, ranges.count, ranges: ranges)
      var keys: [[UInt8]] = [[], [0xff], [UInt8](repeating: 0xff, count: 40), shared]
      for start in ordered.prefix(80) {
        keys += [
          start, start + [0], start + [0xff], Array(start.dropLast()), start.dropLast() + [(start.last ?? 1) &- 1],
        ]
      }
      for _ in 0..<100 { keys.append((random.chance(3, 4) ? shared : []) + text(20)) }
      let offsets = keys.reduce(into: [UInt32(0)]) { $0.append($0[$0.count - 1] + UInt32($1.count)) }
      var partitions = [UInt32](repeating: 0, count: keys.count)
      router.partitions(ofKeys: keys.flatMap(\.self) + [0], offsets: offsets, count: keys.count, into: &partitions)
      for (key, partition) in zip(keys, partitions) {
        let wanted = ordered.lastIndex { !key.lexicographicallyPrecedes($0) }!
        try holds(
          Int(partition) == wanted && router.partition(of: key) == wanted, "\(key): \(partition), not \(wanted)")
      }
    }
  }

  /// The remainder by multiplication is the remainder, at both ends of every multiple.
  @Test func remaindersAreExact() throws {
    for count in [1, 2, 3, 7, 1024, 1440, 65_535, 65_537, 1 << 20, (1 << 28) - 1, 1 << 28] {
      let router = try router(.crc32, count)
      for number in [0, 1, UInt32(count) - 1, UInt32(count), .max, .max - 1, .max / UInt32(count) * UInt32(count)] {
        for number in [number, number &- 1, number &+ 1] {
          #expect(router.remainder(number) == number % UInt32(count), "\(number) mod \(count)")
        }
      }
    }
  }

  private static func randomRanges(_ random: inout SplitMix64) -> [KeyRange] {
    let bounds = (0..<random.below(40)).map { _ in (0..<random.among(1...4)).map { _ in UInt8(0x60 + random.below(4)) }
    }
    let starts = [[]] + Set(bounds).sorted { $0.lexicographicallyPrecedes($1) }
    return starts.indices.map { index in
      KeyRange(name: "\(index)", start: starts[index], end: index + 1 < starts.count ? starts[index + 1] : [])
    }
  }
}
