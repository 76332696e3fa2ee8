import Glibc
import PlatEngine

/// A binary document that was checked: every checksum is right, and every section lies where it must.
///
/// The bytes are a private map of the file, or a block of memory; maps of placements look right into them.
final class BinaryDocument: @unchecked Sendable {
  struct Section {
    let kind: BinaryFile.Kind
    let bytes: UnsafeRawBufferPointer
  }

  let sections: [Section]
  private let file: UnsafeMutableRawBufferPointer
  private let isMapped: Bool

  deinit { Self.release(file, isMapped) }

  private static func release(_ file: UnsafeMutableRawBufferPointer, _ isMapped: Bool) {
    if isMapped { munmap(file.baseAddress, file.count) } else { free(file.baseAddress) }
  }

  /// Maps an open file; nil where it is no binary document.
  static func map(descriptor: Int32, sizeBytes: Int, name: String) throws(FileError) -> BinaryDocument? {
    var magic = [UInt8](repeating: 0, count: BinaryFile.magic.count)
    guard pread(descriptor, &magic, magic.count, 0) == magic.count, magic == BinaryFile.magic else { return nil }
    // Private and writable: the file never changes, and nobody traps.
    guard let start = mmap(nil, sizeBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED
    else {
      throw FileError(errno == ENOMEM ? .outOfMemory : .read, path: name, systemError: errno)
    }
    return try BinaryDocument(UnsafeMutableRawBufferPointer(start: start, count: sizeBytes), isMapped: true, name: name)
  }

  /// Takes over a mapped file or a block from `malloc`.
  init(_ file: UnsafeMutableRawBufferPointer, isMapped: Bool, name: String) throws(FileError) {
    do throws(FileError) { sections = try Self.check(UnsafeRawBufferPointer(file), name) } catch {
      Self.release(file, isMapped)
      throw error
    }
    self.file = file
    self.isMapped = isMapped
  }

  // MARK: checking

  private static func check(_ file: UnsafeRawBufferPointer, _ name: String) throws(FileError) -> [Section] {
    func refuse(_ found: String, _ expected: String) -> FileError {
      FileError(.damaged(found: found, expected: expected), path: name)
    }
    guard file.count >= BinaryFile.headerBytes, BinaryFile.isBinary(file) else {
      throw refuse("a binary document of \(file.count) bytes", "a header of \(BinaryFile.headerBytes)")
    }
    let version = file.number(UInt32.self, 8)
    guard version == BinaryFile.version else {
      throw refuse("version \(version)", "version \(BinaryFile.version), the only one that this program reads")
    }
    let count = Int(file.number(UInt32.self, 12))
    let tableEnd = BinaryFile.headerBytes + BinaryFile.entryBytes * count
    guard (1...BinaryFile.mostSections).contains(count), tableEnd <= file.count else {
      throw refuse("\(count) sections in \(file.count) bytes", "1 to \(BinaryFile.mostSections), and a table of them")
    }
    guard file.number(UInt64.self, 16) == UInt64(file.count) else {
      throw refuse("\(file.count) bytes", "\(file.number(UInt64.self, 16)), as the header says")
    }
    guard file.number(UInt32.self, 24) == BinaryFile.headerCRC(file, count), file.number(UInt32.self, 28) == 0 else {
      throw refuse("a header with another checksum", "the checksum of its bytes")
    }

    var (sections, end) = ([Section](), tableEnd)
    for index in 0..<count {
      let entry = BinaryFile.headerBytes + BinaryFile.entryBytes * index
      guard let kind = BinaryFile.Kind(rawValue: file.number(UInt32.self, entry)) else {
        throw refuse("section \(index) of kind \(file.number(UInt32.self, entry))", "a kind of version \(version)")
      }
      let (offset, length) = (file.number(UInt64.self, entry + 8), file.number(UInt64.self, entry + 16))
      let start = BinaryFile.aligned(end)
      guard start <= file.count, offset == UInt64(start), length <= UInt64(file.count - start) else {
        throw refuse("section \(index) at \(offset) with \(length) bytes", "one at \(start) within the file")
      }
      guard file[end..<start].allSatisfy({ $0 == 0 }) else {
        throw refuse("something before section \(index)", "zeros between sections")
      }
      end = start + Int(length)
      let bytes = UnsafeRawBufferPointer(rebasing: file[start..<end])
      guard Checksum.crc32(bytes) == file.number(UInt32.self, entry + 4),
        BinaryFile.sum(bytes) == file.number(UInt64.self, entry + 24)
      else { throw refuse("section \(index) with another checksum", "the checksum of its bytes") }
      sections.append(Section(kind: kind, bytes: bytes))
    }
    guard end == file.count else { throw refuse("\(file.count - end) bytes behind the sections", "none") }
    guard sections[0].kind == .json, !sections.dropFirst().contains(where: { $0.kind == .json }) else {
      throw refuse("the document in another section", "the document in section 0 only")
    }
    return sections
  }
}

extension UnsafeRawBufferPointer {
  /// A number of a file.
  func number<Number: FixedWidthInteger & BitwiseCopyable>(_: Number.Type, _ offset: Int) -> Number {
    Number(littleEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
  }
}

/// Texts of a section: how many, u64; the length of each, u32; the bytes of all, end to end.
struct BinaryTexts {
  let count: Int
  private let lengths: UnsafeRawBufferPointer
  private var rest: UnsafeRawBufferPointer
  private var index = 0

  /// Nil where the lengths are not those of the bytes. O(count).
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 8, let count = Int(exactly: bytes.number(UInt64.self, 0)), count <= (bytes.count - 8) / 4
    else {
      return nil
    }
    self.count = count
    lengths = UnsafeRawBufferPointer(rebasing: bytes[8..<(8 + 4 * count)])
    rest = UnsafeRawBufferPointer(rebasing: bytes[(8 + 4 * count)...])
    var total: UInt64 = 0
    for index in 0..<count { total += UInt64(lengths.number(UInt32.self, 4 * index)) }
    guard total == UInt64(rest.count) else { return nil }
  }

  /// The next text; there are `count`.
  mutating func next() -> UnsafeBufferPointer<UInt8> {
    let length = Int(lengths.number(UInt32.self, 4 * index))
    index += 1
    let text = UnsafeRawBufferPointer(rebasing: rest[..<length])
    rest = UnsafeRawBufferPointer(rebasing: rest[length...])
    return text.bindMemory(to: UInt8.self)
  }

  /// How many are to come.
  var left: Int { count - index }

  mutating func nextIfAny() -> UnsafeBufferPointer<UInt8>? { left > 0 ? next() : nil }

  static func encode(_ texts: some Collection<some Collection<UInt8>>) -> [UInt8] {
    var bytes: [UInt8] = []
    withUnsafeBytes(of: UInt64(texts.count).littleEndian) { bytes += $0 }
    for text in texts { withUnsafeBytes(of: UInt32(text.count).littleEndian) { bytes += $0 } }
    for text in texts { bytes += text }
    return bytes
  }
}
