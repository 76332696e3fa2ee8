import CPlatCore
import PlatEngine

/// Keys a second through the router: hash and range maps of a million partitions, keys of 24 bytes, one by one and in
/// batches of 4,096; and what building the table costs. Stops where a batch and single keys differ.
func benchmarkRouting() throws -> [RoutingRow] {
  let partitions = 1_000_000
  var random = SplitMix64(state: 1)
  let keys = (0..<keyCount * keyBytes).map { _ in UInt8(truncatingIfNeeded: random.next() >> 32) }
  let offsets = (0...keyCount).map { UInt32($0 * keyBytes) }
  var rows: [RoutingRow] = []

  var crcs = [UInt32](repeating: 0, count: keyCount)
  let crc = nanosecondsPerKey { plat_crc32_batch(keys, offsets, keyCount, &crcs) }
  rows.append(RoutingRow(what: "CRC of a batch, for comparison", nanoseconds: crc))

  for (name, function, ranges) in [
    ("hash", KeyFunction.crc32, []), ("range, random starts", .range, randomRanges(partitions, &random)),
    ("range, tenant-0000001234", .range, tenantRanges(partitions)),
  ] as [(String, KeyFunction, [KeyRange])] {
    let cluster = Cluster(
      settings: Settings(keyFunction: function, partitionCount: function == .range ? ranges.count : partitions),
      nodes: [Node(name: "a")], ranges: try KeyRanges(ranges))
    var router: KeyRouter?
    let build = try (0..<5).map { _ in try time { router = try KeyRouter(cluster) } }.sorted()[2]
    rows.append(
      RoutingRow(what: "\(name): building the table, of each partition", nanoseconds: build / Double(partitions)))
    guard let router else { continue }
    // Keys that fall into the ranges all over.
    let keys = name.contains("tenant") ? tenantKeys(&random) : keys
    var batch = [UInt32](repeating: 0, count: keyCount)
    var single = batch
    let one = nanosecondsPerKey {
      keys.withUnsafeBufferPointer { keys in
        for key in 0..<keyCount {
          single[key] = UInt32(
            router.partition(of: UnsafeBufferPointer(rebasing: keys[key * keyBytes..<(key + 1) * keyBytes])))
        }
      }
    }
    let many = nanosecondsPerKey { router.partitions(ofKeys: keys, offsets: offsets, count: keyCount, into: &batch) }
    precondition(single == batch, "\(name): a batch differs from its keys")
    rows.append(RoutingRow(what: "\(name): one by one", nanoseconds: one))
    rows.append(RoutingRow(what: "\(name): batch", nanoseconds: many))
  }
  return rows
}

struct RoutingRow: CustomStringConvertible {
  var what: String
  var nanoseconds: Double

  var description: String {
    let hundredths = Int(nanoseconds * 100 + 0.5)
    let time = "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    let millions = nanoseconds > 0 ? Int(1000 / nanoseconds + 0.5) : 0
    return what + String(repeating: " ", count: max(1, 58 - what.count - time.count)) + time + " ns"
      + String(repeating: " ", count: max(1, 8 - String(millions).count)) + "\(millions) million a second"
  }
}

private let keyCount = 4096
private let keyBytes = 24

private func time(_ work: () throws -> Void) rethrows -> Double {
  let time = try ContinuousClock().measure(work).components
  return Double(time.seconds) * 1e9 + Double(time.attoseconds) / 1e9
}

/// The median of 41 runs.
private func nanosecondsPerKey(_ work: () -> Void) -> Double {
  (0..<41).map { _ in time { for _ in 0..<8 { work() } } }.sorted()[20] / Double(8 * keyCount)
}

private func ranges(_ starts: [[UInt8]]) -> [KeyRange] {
  starts.indices.map { index in
    KeyRange(name: "\(index)", start: starts[index], end: index + 1 < starts.count ? starts[index + 1] : [])
  }
}

private func randomRanges(_ count: Int, _ random: inout SplitMix64) -> [KeyRange] {
  var starts = Set<UInt64>()
  while starts.count < count - 1 { starts.insert(random.next() | 1) }
  return ranges([[]] + starts.sorted().map { start in withUnsafeBytes(of: start.bigEndian) { Array($0) } })
}

/// As many systems have them: a long beginning that all share, then digits of which the first eight decide little.
private func tenantRanges(_ count: Int) -> [KeyRange] {
  ranges([[]] + (1..<count).map { Array(tenant($0 * 7)) })
}

private func tenant(_ number: Int) -> String.UTF8View {
  let digits = String(number)
  return ("tenant-" + String(repeating: "0", count: 13 - digits.count) + digits).utf8
}

private func tenantKeys(_ random: inout SplitMix64) -> [UInt8] {
  (0..<keyCount).flatMap { _ in Array(tenant(Int(random.next() % 7_000_000))) + [0x2f, 0x61, 0x62, 0x63] }
}

private struct SplitMix64 {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }
}
