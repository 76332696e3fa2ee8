import Glibc
import PlatEngine

/// A document in binary: sections one after the other, behind a table of where they are.
///
///     0   89 50 4c 41 54 0d 0a 1a      magic
///     8   version u32 · sections u32 · bytes in all u64 · CRC-32 of header and table u32 · 0 u32
///     32  for each section: kind u32 · CRC-32 u32 · offset u64 · length u64 · sum u64
///         the sections, each on a multiple of 64, zeros between them
///
/// All numbers are little-endian. Nothing about a file is left to the reader's judgement: where a section lies follows
/// from the lengths before it, and every byte is under a checksum or has to be zero. `docs/BINARY-MAP.md` is the
/// reference.
enum BinaryFile {
  enum Kind: UInt32 {
    /// The document, but for what the other sections hold.
    case json = 1
    /// Node numbers, 4 bytes each.
    case rows = 2
    /// Texts, see `BinaryTexts`.
    case texts = 3
    /// Numbers, 4 bytes each.
    case counts = 4
  }

  static let magic: [UInt8] = [0x89, 0x50, 0x4c, 0x41, 0x54, 0x0d, 0x0a, 0x1a]
  static let version: UInt32 = 1
  static let headerBytes = 32
  static let entryBytes = 32
  static let alignment = 64
  static let mostSections = 1 << 16

  static func isBinary(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: magic) }

  static func aligned(_ offset: Int) -> Int { (offset + alignment - 1) & ~(alignment - 1) }

  /// What a CRC does not see it does: no two of the 64-bit words weigh the same. The last is filled up with zeros.
  static func sum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var sum = UInt64(bytes.count)
    var weight: UInt64 = 1
    var at = 0
    while at + 8 <= bytes.count {
      sum = sum &+ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) &* weight
      weight = weight &+ 2
      at += 8
    }
    var last: UInt64 = 0
    for index in at..<bytes.count { last |= UInt64(bytes[index]) << UInt64(8 * (index - at)) }
    return sum &+ last &* weight
  }

  // MARK: writing

  /// The whole file. O(bytes).
  static func compose(_ sections: [(kind: Kind, bytes: UnsafeRawBufferPointer)]) -> UnsafeMutableRawBufferPointer? {
    var (offsets, end) = ([Int](), headerBytes + entryBytes * sections.count)
    for section in sections {
      offsets.append(aligned(end))
      end = aligned(end) + section.bytes.count
    }
    guard let block = malloc(max(end, 1)) else { return nil }
    let file = UnsafeMutableRawBufferPointer(start: block, count: end)
    file.copyBytes(from: magic)
    file.store(version, 8)
    file.store(UInt32(sections.count), 12)
    file.store(UInt64(end), 16)
    file.store(UInt64(0), 24)
    var before = headerBytes + entryBytes * sections.count
    for (index, section) in sections.enumerated() {
      let (entry, bytes) = (headerBytes + entryBytes * index, section.bytes)
      file.store(section.kind.rawValue, entry)
      file.store(Checksum.crc32(bytes), entry + 4)
      file.store(UInt64(offsets[index]), entry + 8)
      file.store(UInt64(bytes.count), entry + 16)
      file.store(sum(bytes), entry + 24)
      memset(block + before, 0, offsets[index] - before)
      if let start = bytes.baseAddress { memcpy(block + offsets[index], start, bytes.count) }
      before = offsets[index] + bytes.count
    }
    file.store(headerCRC(UnsafeRawBufferPointer(file), sections.count), 24)
    return file
  }

  /// Of header and table, with zeros where it stands itself.
  static func headerCRC(_ file: UnsafeRawBufferPointer, _ sections: Int) -> UInt32 {
    var copy = Array(file[..<(headerBytes + entryBytes * sections)])
    for index in 24..<28 { copy[index] = 0 }
    return copy.withUnsafeBytes { Checksum.crc32($0) }
  }
}

extension UnsafeMutableRawBufferPointer {
  fileprivate func store<Number: FixedWidthInteger & BitwiseCopyable>(_ value: Number, _ offset: Int) {
    storeBytes(of: value.littleEndian, toByteOffset: offset, as: Number.self)
  }
}
