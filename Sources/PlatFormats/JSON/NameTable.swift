import CPlatJSON
import Glibc
import PlatEngine

/// Distinct names in the order in which they first came, found again by their bytes.
///
/// The table copies each name once and allocates only to double its size, so that millions of names can be
/// looked up straight from a document. Which index a name has depends on nothing but the order.
struct NameTable: ~Copyable {
  /// How many names there are; they have the indices below that.
  private(set) var count = 0

  /// Open addressing, linear: the hash's upper half, and below it the index plus 1; 0 is free.
  private var slots: UnsafeMutablePointer<UInt64>
  /// A power of two, more than half of them free.
  private var slotCount: Int
  /// Where each name ends in `text`, after a first 0.
  private var ends: UnsafeMutablePointer<Int>
  private var text: UnsafeMutablePointer<UInt8>
  private var textCapacity: Int
  /// Whoever writes documents cannot foresee which names collide.
  private let seed = UInt64.random(in: .min ... .max)

  init(minimumCapacity: Int = 0) {
    slotCount = 16
    while slotCount < 2 * minimumCapacity { slotCount *= 2 }
    slots = .allocate(capacity: slotCount)
    slots.initialize(repeating: 0, count: slotCount)
    ends = .allocate(capacity: slotCount / 2 + 1)
    ends[0] = 0
    textCapacity = slotCount * 8
    text = .allocate(capacity: textCapacity)
  }

  /// Distinct names in the order given. O(bytes).
  init(_ names: [String]) {
    self.init(minimumCapacity: names.count)
    for var name in names { _ = name.withUTF8 { insert($0) } }
  }

  /// Those of key ranges, in their order. O(bytes).
  init(namesOf ranges: KeyRanges) {
    self.init(minimumCapacity: ranges.count)
    ranges.withTexts { texts in
      for range in 0..<ranges.count { insert(texts.name(range)) }
    }
  }

  deinit {
    slots.deallocate()
    ends.deallocate()
    text.deallocate()
  }

  /// The index of a name; nil if it is not there. O(bytes), as a rule.
  func find(_ name: UnsafeBufferPointer<UInt8>) -> Int? {
    let slot = slots[slot(of: name, hash(name))]
    return slot == 0 ? nil : Int(UInt32(truncatingIfNeeded: slot)) - 1
  }

  /// The index of a name, which is added if it is not there. O(bytes), amortised.
  @discardableResult
  mutating func insert(_ name: UnsafeBufferPointer<UInt8>) -> (index: Int, isNew: Bool) {
    let hash = hash(name)
    let place = slot(of: name, hash)
    if slots[place] != 0 { return (Int(UInt32(truncatingIfNeeded: slots[place])) - 1, false) }
    slots[place] = hash & 0xffff_ffff_0000_0000 | UInt64(count + 1)
    append(name)
    if 2 * count >= slotCount { grow() }
    return (count - 1, true)
  }

  /// The bytes of a name, valid until the next `insert`.
  func bytes(_ index: Int) -> UnsafeBufferPointer<UInt8> {
    precondition((0..<count).contains(index))
    return UnsafeBufferPointer(start: text + ends[index], count: ends[index + 1] - ends[index])
  }

  /// A copy of a name.
  func string(_ index: Int) -> String { String(decoding: bytes(index), as: UTF8.self) }

  /// The same for the C reader of rows; valid until the next `insert`.
  var unsafeNames: plat_json_names {
    plat_json_names(
      slots: slots, slot_count: UInt64(slotCount),
      ends: UnsafeRawPointer(ends).assumingMemoryBound(to: Int64.self), text: text, seed: seed)
  }

  // MARK: inside

  /// The slot that holds the name, or the free one where it belongs.
  @inline(__always)
  private func slot(of name: UnsafeBufferPointer<UInt8>, _ hash: UInt64) -> Int {
    var place = Int(truncatingIfNeeded: hash) & (slotCount - 1)
    while slots[place] != 0 {
      if slots[place] >> 32 == hash >> 32 {
        if Self.equal(bytes(Int(UInt32(truncatingIfNeeded: slots[place])) - 1), name) { return place }
      }
      place = (place + 1) & (slotCount - 1)
    }
    return place
  }

  private mutating func append(_ name: UnsafeBufferPointer<UInt8>) {
    let end = ends[count]
    if end + name.count > textCapacity {
      let capacity = max(2 * textCapacity, end + name.count)
      let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
      larger.initialize(from: text, count: end)
      text.deallocate()
      text = larger
      textCapacity = capacity
    }
    if let start = name.baseAddress { (text + end).initialize(from: start, count: name.count) }
    count += 1
    ends[count] = end + name.count
  }

  private mutating func grow() {
    slots.deallocate()
    slotCount *= 2
    slots = .allocate(capacity: slotCount)
    slots.initialize(repeating: 0, count: slotCount)
    let larger = UnsafeMutablePointer<Int>.allocate(capacity: slotCount / 2 + 1)
    larger.initialize(from: ends, count: count + 1)
    ends.deallocate()
    ends = larger
    for index in 0..<count {
      let hash = hash(bytes(index))
      var place = Int(truncatingIfNeeded: hash) & (slotCount - 1)
      while slots[place] != 0 { place = (place + 1) & (slotCount - 1) }
      slots[place] = hash & 0xffff_ffff_0000_0000 | UInt64(index + 1)
    }
  }

  /// Folded 128-bit products of the name, eight bytes at a time, after wyhash; the last eight may overlap those before.
  @inline(__always)
  private func hash(_ name: UnsafeBufferPointer<UInt8>) -> UInt64 {
    let bytes = UnsafeRawBufferPointer(name)
    var hash = seed ^ UInt64(bytes.count)
    var at = 0
    while at + 8 < bytes.count {
      hash = Self.mix(hash ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      at += 8
    }
    return Self.mix(Self.mix(hash ^ Self.lastWord(bytes)) ^ 0xa076_1d64_78bd_642f)
  }

  /// The last eight bytes, or what there is of them.
  @inline(__always)
  private static func lastWord(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    let count = bytes.count
    if count >= 8 { return bytes.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self) }
    if count >= 4 {
      let head = UInt64(bytes.loadUnaligned(as: UInt32.self))
      return head << 32 | UInt64(bytes.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
    }
    return count == 0 ? 0 : UInt64(bytes[0]) << 16 | UInt64(bytes[count / 2]) << 8 | UInt64(bytes[count - 1])
  }

  @inline(__always)
  private static func equal(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Bool {
    guard a.count == b.count else { return false }
    let (a, b) = (UnsafeRawBufferPointer(a), UnsafeRawBufferPointer(b))
    if a.count <= 16 {
      // Two words that overlap, which spares a call.
      if a.count >= 8, a.loadUnaligned(as: UInt64.self) != b.loadUnaligned(as: UInt64.self) { return false }
      return lastWord(a) == lastWord(b)
    }
    return memcmp(a.baseAddress.unsafelyUnwrapped, b.baseAddress.unsafelyUnwrapped, a.count) == 0
  }

  @inline(__always)
  private static func mix(_ value: UInt64) -> UInt64 {
    let (high, low) = value.multipliedFullWidth(by: 0xe703_7ed1_a0b4_28db)
    return high ^ low
  }
}

/// The partitions of a range map, found by their names. It never changes.
package final class RangeNames: @unchecked Sendable {
  private let names: NameTable

  /// O(bytes).
  package init(_ ranges: KeyRanges) { names = NameTable(namesOf: ranges) }

  /// The first range whose name another has already.
  package static func second(in ranges: KeyRanges) -> (index: Int, name: String)? {
    var names = NameTable(minimumCapacity: ranges.count)
    let second = ranges.withTexts { texts in (0..<ranges.count).first { !names.insert(texts.name($0)).isNew } }
    return second.map { ($0, ranges.name($0)) }
  }

  /// O(bytes of the name).
  package func find(_ name: String) -> Int? {
    var name = name
    return name.withUTF8 { names.find($0) }
  }
}
