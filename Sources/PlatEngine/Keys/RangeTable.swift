/// Which key range a key is in: a tree of eight-byte prefixes over the starts of the ranges.
///
///     layer 2   [s0 s64 …]
///     layer 1   [s0 s8 … s56] [s64 …]            each block of eight tells its eight blocks below by their first
///     layer 0   [s0 s1 … s7] [s8 …] …            all starts, in key order
///
/// A prefix is the eight bytes of a start behind what all starts have in common, as a number that compares as the bytes
/// do; what is shorter ends in zeros. Most keys are settled by prefixes alone: one cache line a layer. Only where a
/// prefix is the key's own are whole starts compared, among those that share it.
final class RangeTable: @unchecked Sendable {
  private static let block = 8
  /// Keys that go down the tree side by side, so that they wait for memory together.
  private static let group = 16

  private struct Layer: BitwiseCopyable { var offset, blocks: Int }

  let count: Int
  /// What all starts but the first, which is empty, begin with.
  private let common: UnsafeRawBufferPointer
  private let commonCount: Int
  /// The layers one after the other, from the starts themselves up; each filled up to whole blocks.
  private let prefixes: UnsafeMutablePointer<UInt64>
  /// Where each layer begins, and how many blocks it has.
  private let layers: UnsafeMutablePointer<Layer>
  private let layerCount: Int
  /// Whole starts lie where the cluster has them.
  private let ranges: KeyRanges
  private let texts: KeyRangeTexts
  private let arena: Arena

  /// In key order, at least one, the first empty. O(bytes).
  init(_ ranges: KeyRanges) throws(PlatError) {
    self.ranges = ranges
    texts = ranges.unsafeTexts
    count = ranges.count
    arena = try Arena()
    // Of sorted texts, the first and the last have in common what all have.
    let (first, last) = count > 1 ? (texts.start(1), texts.start(count - 1)) : (texts.start(0), texts.start(0))
    commonCount = zip(first, last).prefix { $0 == $1 }.count
    common = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(first)[..<commonCount])

    var (layers, size, entries) = ([Layer](), 0, count)
    repeat {
      let blocks = (entries + Self.block - 1) / Self.block
      layers.append(Layer(offset: size, blocks: blocks))
      size += blocks * Self.block
      entries = blocks
    } while layers[layers.count - 1].blocks > 1
    layerCount = layers.count
    let kept: NodeTable<Layer> = try arena.table(layers.count)
    kept.base.update(from: layers, count: layers.count)
    self.layers = kept.base
    let table: NodeTable<UInt64> = try arena.table(size)
    prefixes = table.base
    prefixes.update(repeating: .max, count: size)
    for index in 0..<count {
      let start = texts.start(index)
      prefixes[index] = Self.prefix(UnsafeBufferPointer(rebasing: start[min(commonCount, start.count)...]))
    }
    for layer in layers.indices.dropFirst() {
      let (below, here) = (layers[layer - 1], layers[layer])
      for block in 0..<below.blocks { prefixes[here.offset + block] = prefixes[below.offset + block * Self.block] }
    }
  }

  /// The last range that starts at or before the key. O(length + log P).
  func find(_ key: UnsafeBufferPointer<UInt8>) -> Int {
    guard let prefix = prefix(of: key) else { return outside(key) }
    var block = 0
    for layer in stride(from: layerCount - 1, to: 0, by: -1) {
      block = descend(layers[layer].offset, block, prefix, blocksBelow: layers[layer - 1].blocks)
    }
    return settle(key, prefix, block)
  }

  /// The ranges of `count` keys that lie end to end, as `KeyRouter.partitions` has them.
  func find(
    _ keys: UnsafePointer<UInt8>, _ offsets: UnsafePointer<UInt32>, _ count: Int,
    into ranges: UnsafeMutablePointer<UInt32>
  ) {
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: Self.group) { prefixes in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: Self.group) { blocks in
        var first = 0
        while first < count {
          let size = min(Self.group, count - first)
          var outsiders: UInt32 = 0
          for lane in 0..<size {
            blocks[lane] = 0
            let prefix = prefix(of: Self.key(keys, offsets, first + lane))
            prefixes[lane] = prefix ?? 0
            if prefix == nil { outsiders |= 1 << UInt32(lane) }
          }
          for layer in stride(from: layerCount - 1, to: 0, by: -1) {
            let (offset, below) = (layers[layer].offset, layers[layer - 1].blocks)
            for lane in 0..<size {
              blocks[lane] = descend(offset, blocks[lane], prefixes[lane], blocksBelow: below)
            }
          }
          for lane in 0..<size {
            let key = Self.key(keys, offsets, first + lane)
            let isOutside = outsiders >> UInt32(lane) & 1 != 0
            let range = isOutside ? outside(key) : settle(key, prefixes[lane], blocks[lane])
            ranges[first + lane] = UInt32(truncatingIfNeeded: range)
          }
          first += size
        }
      }
    }
  }

  // MARK: inside

  @inline(__always) private static func key(
    _ keys: UnsafePointer<UInt8>, _ offsets: UnsafePointer<UInt32>, _ index: Int
  ) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: keys + Int(offsets[index]), count: Int(offsets[index + 1] - offsets[index]))
  }

  /// Of the blocks below a block, the last whose first prefix is not above `prefix`.
  @inline(__always) private func descend(_ offset: Int, _ block: Int, _ prefix: UInt64, blocksBelow: Int) -> Int {
    min(block &* Self.block &+ lastNotAbove(offset &+ block &* Self.block, prefix), blocksBelow &- 1)
  }

  /// Which of the eight prefixes from `offset` is the last not above `prefix`; the first never is. Three comparisons
  /// without a branch.
  @inline(__always) private func lastNotAbove(_ offset: Int, _ prefix: UInt64) -> Int {
    let entries = prefixes + offset
    var last = 0
    last &+= entries[last &+ 4] <= prefix ? 4 : 0
    last &+= entries[last &+ 2] <= prefix ? 2 : 0
    last &+= entries[last &+ 1] <= prefix ? 1 : 0
    return last
  }

  /// The range in a block of the lowest layer; whole starts are compared where the prefix ties.
  @inline(__always) private func settle(_ key: UnsafeBufferPointer<UInt8>, _ prefix: UInt64, _ block: Int) -> Int {
    let last = min(block &* Self.block &+ lastNotAbove(block &* Self.block, prefix), count &- 1)
    // The first start is empty: before everything, whatever its prefix.
    return prefixes[last] < prefix || last == 0 ? last : tie(key, prefix, last)
  }

  /// The last start not above the key among those that share its prefix, up to `last`, or the one before them.
  @inline(never) private func tie(_ key: UnsafeBufferPointer<UInt8>, _ prefix: UInt64, _ last: Int) -> Int {
    if !key.lexicographicallyPrecedes(texts.start(last)) { return last }
    // Back in steps that double until a start is not above the key: the first never is.
    var (high, step) = (last, 1)
    var low = max(0, last - 1)
    while key.lexicographicallyPrecedes(texts.start(low)) {
      high = low
      step *= 2
      low = max(0, low - step)
    }
    while high - low > 1 {
      let middle = (low + high) / 2
      if key.lexicographicallyPrecedes(texts.start(middle)) { high = middle } else { low = middle }
    }
    return low
  }

  /// Whether the key begins as all starts do.
  @inline(__always) private func begins(_ key: UnsafeBufferPointer<UInt8>) -> Bool {
    guard key.count >= commonCount else { return false }
    let bytes = UnsafeRawBufferPointer(key)
    var at = 0
    while at &+ 8 <= commonCount {
      if bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        != common.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      {
        return false
      }
      at &+= 8
    }
    while at < commonCount {
      if bytes[at] != common[at] { return false }
      at &+= 1
    }
    return true
  }

  /// The prefix of a key that begins as all starts do.
  @inline(__always) private func prefix(of key: UnsafeBufferPointer<UInt8>) -> UInt64? {
    begins(key) ? Self.prefix(UnsafeBufferPointer(rebasing: key[commonCount...])) : nil
  }

  /// Of a key that does not: it is before all starts but the first, or after all.
  private func outside(_ key: UnsafeBufferPointer<UInt8>) -> Int {
    key.lexicographicallyPrecedes(common[..<commonCount]) ? 0 : count - 1
  }

  @inline(__always) private static func prefix(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    if bytes.count >= 8 {
      return UInt64(bigEndian: UnsafeRawPointer(bytes.baseAddress.unsafelyUnwrapped).loadUnaligned(as: UInt64.self))
    }
    var prefix: UInt64 = 0
    for index in 0..<bytes.count { prefix |= UInt64(bytes[index]) << UInt64(56 - 8 * index) }
    return prefix
  }
}
