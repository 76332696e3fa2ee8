import CPlat
import PlatFormats

/// Gives a document that `write` writes to the host.
func giveDocument(
  _ place: UnsafeMutablePointer<OpaquePointer?>?, _ work: Work, capacityBytes: Int = 64 << 10, isBinary: Bool = false,
  _ write: (inout JSONWriter) throws -> Void
) throws {
  let out = try Handle.out(place, "bytes")
  var writer = JSONWriter(capacityBytes: capacityBytes, isBinary: isBinary, allowance: work.allowance)
  try write(&writer)
  out.pointee = Handle.give(try writer.bytes())
}

/// The same of a document that is written.
func giveDocument(_ place: UnsafeMutablePointer<OpaquePointer?>?, _ written: consuming JSONWriter) throws {
  let out = try Handle.out(place, "bytes")
  let writer = written
  out.pointee = Handle.give(try writer.bytes())
}

private func handle(_ bytes: OpaquePointer?) -> DocumentBytes? { Handle.peek(bytes) }

@c @implementation
public func plat_bytes_data(_ bytes: OpaquePointer?) -> UnsafeRawPointer? { handle(bytes)?.unsafeBytes.baseAddress }

@c @implementation
public func plat_bytes_length(_ bytes: OpaquePointer?) -> Int { handle(bytes)?.unsafeBytes.count ?? 0 }

@c @implementation
public func plat_bytes_free(_ bytes: OpaquePointer?) { Handle.free(bytes, DocumentBytes.self) }
