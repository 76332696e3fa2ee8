import CPlatCore

/// Which partition a key is in.
public struct KeyRouter: Sendable {
  public let keyFunction: KeyFunction
  public let partitionCount: Int
  /// 2⁶⁴ / partitionCount, rounded up, modulo 2⁶⁴: see `partition(ofCRC:)`.
  private let inverse: UInt64
  /// For `range`.
  private let ranges: RangeTable?

  /// O(bounds). The cluster is valid; throws where there is no memory.
  public init(_ cluster: Cluster) throws(PlatError) {
    keyFunction = cluster.settings.keyFunction
    partitionCount = cluster.settings.partitionCount
    inverse = UInt64.max / UInt64(partitionCount) &+ 1
    ranges = keyFunction == .range ? try RangeTable(cluster.ranges) : nil
  }

  /// The partition of one key. O(length), for ranges O(length · log P).
  public func partition(of key: UnsafeBufferPointer<UInt8>) -> Int {
    ranges?.find(key) ?? Int(partition(ofCRC: plat_crc32(key.baseAddress, key.count)))
  }

  public func partition(of key: some Sequence<UInt8>) -> Int {
    Array(key).withUnsafeBufferPointer { partition(of: $0) }
  }

  /// Writes the partitions of `count` keys to `partitions`, which has room for them. The keys lie end to end: key `i`
  /// is `keys[offsets[i]..<offsets[i + 1]]`, so `offsets` has `count + 1` values. O(bytes + count); for a short key the
  /// CRC and about half a nanosecond, in a range map of a million partitions some 30 ns.
  public func partitions(
    ofKeys keys: UnsafePointer<UInt8>, offsets: UnsafePointer<UInt32>, count: Int,
    into partitions: UnsafeMutablePointer<UInt32>
  ) {
    if let ranges { return ranges.find(keys, offsets, count, into: partitions) }
    // So many at a time that their checksums are in the first cache still when partitions are made of them.
    let (shift, mask) = bits
    var first = 0
    while first < count {
      let size = min(KeyRouter.keysAtATime, count - first)
      plat_crc32_batch(keys, offsets + first, size, partitions + first)
      plat_remainders(partitions + first, size, shift, mask, UInt32(partitionCount))
      first += size
    }
  }

  private static let keysAtATime = 1 << 11

  @inline(__always) private func partition(ofCRC crc: UInt32) -> UInt32 {
    let (shift, mask) = bits
    return remainder(crc >> shift & mask)
  }

  /// Which bits of a checksum count.
  private var bits: (shift: UInt32, mask: UInt32) { keyFunction == .crc32VBucket ? (16, 0x7fff) : (0, .max) }

  /// `number % partitionCount` by two multiplications instead of a division. `inverse · number` modulo 2⁶⁴ is the
  /// fraction that is left of number / partitionCount; times partitionCount it is the remainder, exactly for all 32-bit
  /// numbers (Lemire, Kaser, Kurz: Faster remainder by direct computation, 2019).
  @inline(__always) func remainder(_ number: UInt32) -> UInt32 {
    let fraction = inverse &* UInt64(number)
    return UInt32(truncatingIfNeeded: fraction.multipliedFullWidth(by: UInt64(partitionCount)).high)
  }
}
