import CPlatCore
import CZlib

/// A batch with the CRCs that the path in use gave, to be compared with zlib key by key.
struct KeyBatch {
  var keys: [[UInt8]]
  var crcs: [UInt32]

  init(bytes: UnsafePointer<UInt8>, fixedLength: Int, count: Int) {
    keys = (0..<count).map { Array(UnsafeBufferPointer(start: bytes + $0 * fixedLength, count: fixedLength)) }
    crcs = Array(repeating: 0xdead_beef, count: count)
    plat_crc32_batch_fixed(bytes, fixedLength, count, &crcs)
  }

  init(bytes: UnsafePointer<UInt8>?, offsets: [UInt32]) {
    let all = UnsafeBufferPointer(start: bytes, count: bytes == nil ? 0 : Int(offsets.last!))
    keys = zip(offsets, offsets.dropFirst()).map { Array(all[Int($0)..<Int($1)]) }
    crcs = Array(repeating: 0xdead_beef, count: offsets.count - 1)
    plat_crc32_batch(bytes, offsets, offsets.count - 1, &crcs)
  }

  /// The index of the first key whose CRC differs from zlib's.
  var firstWrong: Int? { keys.indices.first { zlibCRC(keys[$0], keys[$0].count) != crcs[$0] } }
}

func zlibCRC(_ bytes: UnsafePointer<UInt8>, _ length: Int) -> UInt32 {
  UInt32(truncatingIfNeeded: crc32(0, bytes, UInt32(length)))
}

/// The CRC of each single byte, worked out bit by bit.
func byteTable() -> [UInt32] {
  (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
  }
}

/// The textbook's way, from a table of 256.
func bytewiseCRC(_ key: [UInt8], _ table: [UInt32]) -> UInt32 {
  ~key.reduce(UInt32.max) { crc, byte in crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] }
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}

func randomBytes(count: Int, seed: UInt64) -> [UInt8] {
  var random = SplitMix64(state: seed)
  return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
}
