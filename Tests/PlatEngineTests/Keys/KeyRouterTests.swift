import PlatEngine
import TestSupport
import Testing

@Suite struct KeyRouterTests {
  private func router(_ function: KeyFunction, _ count: Int, ranges: [KeyRange] = []) -> KeyRouter {
    KeyRouter(
      Cluster(settings: Settings(keyFunction: function, partitionCount: count), nodes: [Node(name: "a")], ranges: ranges))
  }

  @Test func theCommonCRC() {
    #expect(router(.crc32, 1 << 28).partition(of: "123456789".utf8) == 0xcbf4_3926 % (1 << 28))
    #expect(router(.crc32, 1440).partition(of: "123456789".utf8) == 0xcbf4_3926 % 1440)
    #expect(router(.crc32, 7).partition(of: "".utf8) == 0)
  }

  @Test func theCouchbaseForm() {
    #expect(router(.crc32VBucket, 1024).partition(of: "hello".utf8) == 528)
    #expect(router(.crc32VBucket, 64).partition(of: "123456789".utf8) == (0xcbf43926 >> 16 & 0x7fff) % 64)
  }

  private static let ranges = [
    KeyRange(name: "first", start: [], end: [0x64]), KeyRange(name: "second", start: [0x64], end: [0x64, 0]),
    KeyRange(name: "third", start: [0x64, 0], end: [0xff]), KeyRange(name: "last", start: [0xff], end: []),
  ]

  @Test(arguments: [
    ([], 0), ([0], 0), ([0x63, 0xff, 0xff], 0), ([0x64], 1), ([0x64, 0], 2), ([0x64, 0, 0], 2), ([0xfe, 0xff], 2),
    ([0xff], 3), ([0xff, 0xff, 0xff], 3),
  ] as [([UInt8], Int)])
  func byRange(key: [UInt8], partition: Int) {
    #expect(router(.range, 4, ranges: Self.ranges).partition(of: key) == partition)
  }

  /// Many keys at once go where each goes alone; a range holds its keys.
  @Test func batches() {
    forAllSeeds(0..<200) { seed in
      var random = SplitMix64(seed: seed)
      let ranges = Self.randomRanges(&random)
      let function = random.pick(KeyFunction.allCases)
      let router = router(function, function == .range ? ranges.count : random.among(1...2000), ranges: ranges)
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

  private static func randomRanges(_ random: inout SplitMix64) -> [KeyRange] {
    let bounds = (0..<random.below(40)).map { _ in (0..<random.among(1...4)).map { _ in UInt8(0x60 + random.below(4)) } }
    let starts = [[]] + Set(bounds).sorted { $0.lexicographicallyPrecedes($1) }
    return starts.indices.map { index in
      KeyRange(name: "\(index)", start: starts[index], end: index + 1 < starts.count ? starts[index + 1] : [])
    }
  }
}
