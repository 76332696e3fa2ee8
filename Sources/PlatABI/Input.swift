import CPlat
import PlatEngine
import PlatFormats

/// Bytes of the host → a document.
enum Input {
  static func source(
    _ bytes: UnsafeRawPointer?, _ length: Int, _ name: UnsafePointer<CChar>?, _ defaultName: String, _ work: Work
  ) throws -> DocumentSource {
    guard let bytes else { throw Refusal.argument("bytes", found: "NULL", expected: "a document") }
    guard (0...FileInput.maximumBytes).contains(length) else {
      throw Refusal.argument("length", found: "\(UInt(bitPattern: length))", expected: "less than 4 GiB")
    }
    // Names and what belongs to them take no more than the text that tells of them, as a rule twice: see `Work`.
    guard Work.isRoom(for: 4 * length) else { throw PlatError.outOfMemory }
    let name = try name.map { try CText.read($0, "name") } ?? defaultName
    return try DocumentSource.of(
      UnsafeRawBufferPointer(start: bytes, count: length), name: name, allowance: work.allowance)
  }
}

extension Input {
  static func source(_ document: UnsafePointer<plat_document>?, _ what: String, _ work: Work) throws -> DocumentSource {
    let document = try Sized.read(document, what, empty: plat_document())
    return try source(document.bytes, document.length, document.name, what, work)
  }
}

extension Input {
  /// Bytes that are no document but lines, none of them too.
  static func lines(_ document: UnsafePointer<plat_document>?, _ what: String, _ work: Work) throws -> DocumentSource {
    let document = try Sized.read(document, what, empty: plat_document())
    guard document.bytes != nil || document.length == 0 else {
      throw Refusal.argument("bytes", found: "NULL", expected: "\(document.length) bytes")
    }
    guard (0...FileInput.maximumBytes).contains(document.length) else {
      throw Refusal.argument("length", found: "\(UInt(bitPattern: document.length))", expected: "less than 4 GiB")
    }
    return try DocumentSource(
      copying: UnsafeRawBufferPointer(start: document.bytes, count: document.length), name: what,
      allowance: work.allowance)
  }
}
