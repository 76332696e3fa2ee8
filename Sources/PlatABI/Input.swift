import CPlat
import PlatFormats

/// Bytes of the host → a document.
enum Input {
  static func source(
    _ bytes: UnsafeRawPointer?, _ length: Int, _ name: UnsafePointer<CChar>?, _ defaultName: String
  ) throws -> DocumentSource {
    guard let bytes else { throw Refusal.argument("bytes", found: "NULL", expected: "a document") }
    guard (0...FileInput.maximumBytes).contains(length) else {
      throw Refusal.argument("length", found: "\(UInt(bitPattern: length))", expected: "less than 4 GiB")
    }
    let name = try name.map { try CText.read($0, "name") } ?? defaultName
    return try DocumentSource.of(UnsafeRawBufferPointer(start: bytes, count: length), name: name)
  }
}

extension Input {
  static func source(_ document: UnsafePointer<plat_document>?, _ what: String) throws -> DocumentSource {
    let document = try Sized.read(document, what, empty: plat_document())
    return try source(document.bytes, document.length, document.name, what)
  }
}
