import CPlatCore
import CZlib
import Testing

/// Every path against zlib. Serialized, since the path is chosen for the whole process.
@Suite(.serialized) struct CRC32Tests {
  static let bytes: [UInt8] = randomBytes(count: 80_000, seed: 1)

  /// The paths that this processor has.
  static let paths = [PLAT_CRC32_PATH_PORTABLE, PLAT_CRC32_PATH_PCLMUL, PLAT_CRC32_PATH_VPCLMUL]
    .filter { plat_crc32_use_path($0) != 0 }

  @Test(arguments: paths) func checkValue(path: plat_crc32_path) {
    #expect(plat_crc32_use_path(path) == 1)
    #expect(plat_crc32(Array("123456789".utf8), 9) == 0xcbf4_3926)
    #expect(plat_crc32(nil, 0) == 0)
  }

  @Test func pathsAreNamed() {
    let names = Self.paths.map { path in
      _ = plat_crc32_use_path(path)
      return String(cString: plat_crc32_path_name())
    }
    #expect(names == Array(["portable", "pclmul", "vpclmul"].prefix(names.count)))
    #expect(plat_crc32_use_path(plat_crc32_path(rawValue: 99)) == 0)
    #expect(String(cString: plat_crc32_path_name()) == names.last)
  }

  @Test(arguments: paths) func everyLengthAtEveryAlignment(path: plat_crc32_path) {
    _ = plat_crc32_use_path(path)
    Self.bytes.withUnsafeBufferPointer { bytes in
      var wrong: [(length: Int, start: Int)] = []
      for length in 0...300 {
        for start in 0..<64 {
          let key = bytes.baseAddress! + start
          if plat_crc32(key, length) != zlibCRC(key, length) { wrong.append((length, start)) }
        }
      }
      #expect(wrong.isEmpty, "\(wrong.count) wrong, from \(wrong.prefix(5))")
    }
  }

  @Test(arguments: paths) func continuing(path: plat_crc32_path) {
    _ = plat_crc32_use_path(path)
    Self.bytes.withUnsafeBufferPointer { bytes in
      let base = bytes.baseAddress!
      for length in 0...80 {
        for first in 0...length {
          let parts = plat_crc32_continue(plat_crc32(base, first), base + first, length - first)
          #expect(parts == zlibCRC(base, length), "\(first) + \(length - first) bytes")
        }
      }
    }
  }

  /// Memory that starts and ends where the keys do, so that the address sanitizer sees any read outside.
  @Test(arguments: paths) func noReadOutside(path: plat_crc32_path) {
    _ = plat_crc32_use_path(path)
    for keyLength in 1...70 {
      for count in [1, 2, 3, 4, 15, 16, 17, 33] {
        let length = keyLength * count
        let keys = UnsafeMutablePointer<UInt8>.allocate(capacity: length)
        defer { keys.deallocate() }
        keys.initialize(from: Array(Self.bytes.prefix(length)), count: length)
        #expect(plat_crc32(keys, length) == zlibCRC(keys, length))
        #expect(KeyBatch(bytes: keys, fixedLength: keyLength, count: count).firstWrong == nil)
        let offsets = (0...count).map { UInt32($0 * keyLength) }
        #expect(KeyBatch(bytes: keys, offsets: offsets).firstWrong == nil)
      }
    }
  }

  @Test(arguments: paths) func batchesOfOneLength(path: plat_crc32_path) {
    _ = plat_crc32_use_path(path)
    Self.bytes.withUnsafeBufferPointer { bytes in
      for keyLength in 0...80 {
        for count in Array(0...40) + [127, 500] {
          let batch = KeyBatch(bytes: bytes.baseAddress! + count % 7, fixedLength: keyLength, count: count)
          #expect(batch.firstWrong == nil, "key length \(keyLength), \(count) keys")
        }
      }
    }
  }

  @Test(arguments: paths, [16...32, 0...32, 0...33, 0...5, 30...300, 0...0]) func batchesOfMixedLengths(
    path: plat_crc32_path, lengths: ClosedRange<Int>
  ) {
    _ = plat_crc32_use_path(path)
    var random = SplitMix64(state: 7)
    for count in Array(0...70) + [256] {
      var offsets = [UInt32.random(in: 0...9, using: &random)]
      for _ in 0..<count { offsets.append(offsets.last! + UInt32(Int.random(in: lengths, using: &random))) }
      // The keys' bytes and no more, for the sanitizer.
      let bytes = Array(Self.bytes.prefix(Int(offsets.last!)))
      let batch = bytes.withUnsafeBufferPointer { KeyBatch(bytes: $0.baseAddress, offsets: offsets) }
      #expect(batch.firstWrong == nil, "lengths \(lengths), \(count) keys, seed 7")
    }
  }

  /// A planted fault: the comparison that the tests above rely on must see one wrong CRC, in whatever place.
  @Test func aWrongCRCIsSeen() {
    Self.bytes.withUnsafeBufferPointer { bytes in
      let right = KeyBatch(bytes: bytes.baseAddress!, fixedLength: 24, count: 33)
      #expect(right.firstWrong == nil)
      for place in 0..<33 {
        var wrong = right
        wrong.crcs[place] ^= 1 << UInt32(place % 32)
        #expect(wrong.firstWrong == place)
      }
    }
  }

  /// Another: a path whose table has one bit of one entry wrong must not get through a batch of random keys.
  @Test func aWrongTableIsSeen() {
    let right = byteTable()
    var wrong = right
    wrong[0x5a] ^= 0x0000_0100
    Self.bytes.withUnsafeBufferPointer { bytes in
      var batch = KeyBatch(bytes: bytes.baseAddress!, fixedLength: 32, count: 256)
      batch.crcs = batch.keys.map { bytewiseCRC($0, right) }
      #expect(batch.firstWrong == nil)
      batch.crcs = batch.keys.map { bytewiseCRC($0, wrong) }
      #expect(batch.firstWrong != nil)
    }
  }
}
