import CPlatCore

/// Which partition a key is in.
public struct KeyRouter: Sendable {
  public let keyFunction: KeyFunction
  public let partitionCount: Int
  /// For `range`: the starts of the partitions end to end, in key order, and where each begins and the last ends.
  private let starts: [UInt8]
  private let startOffsets: [Int]

  /// O(bounds). The cluster is valid.
  public init(_ cluster: Cluster) {
    keyFunction = cluster.settings.keyFunction
    partitionCount = cluster.settings.partitionCount
    starts = cluster.ranges.flatMap(\.start)
    startOffsets = cluster.ranges.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.start.count) }
  }

  /// The partition of one key. O(length), for ranges O(length · log P).
  public func partition(of key: UnsafeBufferPointer<UInt8>) -> Int {
    keyFunction == .range ? range(of: key) : partition(ofCRC: plat_crc32(key.baseAddress, key.count))
  }

  public func partition(of key: some Sequence<UInt8>) -> Int {
    Array(key).withUnsafeBufferPointer { partition(of: $0) }
  }

  /// Writes the partitions of `count` keys to `partitions`, which has room for them. The keys lie end to end: key `i`
  /// is `keys[offsets[i]..<offsets[i + 1]]`, so `offsets` has `count + 1` values. O(bytes + count); about 2 ns for a
  /// short key.
  public func partitions(
    ofKeys keys: UnsafePointer<UInt8>, offsets: UnsafePointer<UInt32>, count: Int,
    into partitions: UnsafeMutablePointer<UInt32>
  ) {
    if keyFunction == .range {
      for key in 0..<count {
        let length = Int(offsets[key + 1] - offsets[key])
        let bytes = UnsafeBufferPointer(start: keys + Int(offsets[key]), count: length)
        partitions[key] = UInt32(range(of: bytes))
      }
      return
    }
    plat_crc32_batch(keys, offsets, count, partitions)
    for key in 0..<count { partitions[key] = UInt32(partition(ofCRC: partitions[key])) }
  }

  @inline(__always) private func partition(ofCRC crc: UInt32) -> Int {
    let number = keyFunction == .crc32VBucket ? crc >> 16 & 0x7fff : crc
    return Int(number) % partitionCount
  }

  /// The last partition that starts at or before the key. The first starts before all keys.
  private func range(of key: UnsafeBufferPointer<UInt8>) -> Int {
    starts.withUnsafeBufferPointer { starts in
      var (low, high) = (0, partitionCount)
      while high - low > 1 {
        let middle = (low + high) / 2
        let start = UnsafeBufferPointer(rebasing: starts[startOffsets[middle]..<startOffsets[middle + 1]])
        if key.lexicographicallyPrecedes(start) { high = middle } else { low = middle }
      }
      return low
    }
  }
}
