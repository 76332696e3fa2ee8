import CPlatJSON
import Glibc

/// The bytes of one document, with the name that messages call it by.
///
/// Owns a block of memory with readable bytes behind the document, as the JSON reader needs them.
/// The bytes never change, so a source may be shared between threads.
public final class DocumentSource: @unchecked Sendable {
  /// A path as it was given, or `standard input`.
  public let name: String
  /// The document, without what lies behind it. Valid as long as this object: the caller must keep it.
  public let unsafeBytes: UnsafeBufferPointer<UInt8>
  private let block: UnsafeMutableRawPointer
  /// Of a binary document: what belongs to the JSON that `unsafeBytes` are.
  let binary: BinaryDocument?
  /// What reading it may take.
  let allowance: Allowance

  /// How many bytes a block needs beyond the document.
  static let paddingBytes = plat_json_padding()

  /// Takes over a block from `malloc` that has room for `count + paddingBytes` bytes.
  init(
    adoptingUnsafe block: UnsafeMutableRawPointer, count: Int, name: String, binary: BinaryDocument? = nil,
    allowance: Allowance = .unlimited
  ) {
    memset(block + count, 0, Self.paddingBytes)
    self.block = block
    self.name = name
    self.binary = binary
    self.allowance = allowance
    unsafeBytes = UnsafeBufferPointer(start: block.assumingMemoryBound(to: UInt8.self), count: count)
  }

  /// Copies a document from memory. O(bytes).
  ///
  /// - Throws: `FileError` where memory is short.
  public convenience init(copying bytes: UnsafeRawBufferPointer, name: String) throws(FileError) {
    try self.init(copying: bytes, name: name, binary: nil)
  }

  package convenience init(
    copying bytes: UnsafeRawBufferPointer, name: String, allowance: Allowance
  ) throws(FileError) {
    try self.init(copying: bytes, name: name, binary: nil, allowance: allowance)
  }

  /// The JSON of a binary document.
  convenience init(_ binary: BinaryDocument, name: String, allowance: Allowance = .unlimited) throws(FileError) {
    try self.init(copying: binary.sections[0].bytes, name: name, binary: binary, allowance: allowance)
  }

  private convenience init(
    copying bytes: UnsafeRawBufferPointer, name: String, binary: BinaryDocument?, allowance: Allowance = .unlimited
  ) throws(FileError) {
    guard allowance.take(bytes.count + Self.paddingBytes), let block = malloc(bytes.count + Self.paddingBytes) else {
      throw FileError(.outOfMemory, path: name)
    }
    do throws(FileError) { try allowance.copy(bytes, to: block, name) } catch {
      free(block)
      throw error
    }
    self.init(adoptingUnsafe: block, count: bytes.count, name: name, binary: binary, allowance: allowance)
  }

  /// A document that is in memory, JSON or binary, which its first bytes tell apart. Copies it. O(bytes).
  package static func of(
    _ bytes: UnsafeRawBufferPointer, name: String, allowance: Allowance = .unlimited
  ) throws(FileError) -> DocumentSource {
    guard BinaryFile.isBinary(bytes) else {
      return try DocumentSource(copying: bytes, name: name, binary: nil, allowance: allowance)
    }
    guard allowance.take(bytes.count), let block = malloc(bytes.count) else {
      throw FileError(.outOfMemory, path: name)
    }
    do throws(FileError) { try allowance.copy(bytes, to: block, name) } catch {
      free(block)
      throw error
    }
    let copy = UnsafeMutableRawBufferPointer(start: block, count: bytes.count)
    return try DocumentSource(
      BinaryDocument(copy, isMapped: false, name: name), name: name, allowance: allowance)
  }

  deinit { free(block) }

  /// How long the document is.
  public var sizeBytes: Int { unsafeBytes.count }

  /// A copy of a part of the document. O(bytes).
  public func copy(_ range: Range<Int>) -> [UInt8] { Array(unsafeBytes[range]) }

  /// A copy of the document as text. O(bytes).
  public var text: String { String(decoding: unsafeBytes, as: UTF8.self) }
}
