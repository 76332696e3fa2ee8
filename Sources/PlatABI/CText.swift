import Glibc

/// Texts as C has them, in one block that lives as long as this object.
final class CTexts: @unchecked Sendable {
  private let bytes: UnsafeMutablePointer<CChar>
  private let offsets: [Int]

  init(_ texts: some Sequence<String>) {
    var all: [UInt8] = []
    var offsets: [Int] = []
    for text in texts {
      offsets.append(all.count)
      // A zero byte would end the name early.
      for byte in text.utf8 { all.append(byte == 0 ? 0x20 : byte) }
      all.append(0)
    }
    self.offsets = offsets
    bytes = .allocate(capacity: max(all.count, 1))
    all.withUnsafeBytes { if let start = $0.baseAddress { memcpy(bytes, start, all.count) } }
  }

  deinit { bytes.deallocate() }

  /// Nil beyond the last.
  subscript(_ index: Int) -> UnsafePointer<CChar>? {
    offsets.indices.contains(index) ? UnsafePointer(bytes + offsets[index]) : nil
  }
}

enum CText {
  /// A text of the host's.
  static func read(_ pointer: UnsafePointer<CChar>?, _ path: String) throws -> String {
    guard let pointer else { throw Refusal.argument(path, found: "NULL", expected: "a text") }
    guard let text = String(validatingCString: pointer) else {
      throw Refusal.argument(path, found: "bytes that are no UTF-8", expected: "a text in UTF-8")
    }
    return text
  }

  /// Static text.
  static func of(_ text: StaticString) -> UnsafePointer<CChar> {
    UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
  }
}
