import Glibc

/// A key, a string or a number of a document, without a copy.
///
/// The bytes lie in the document, or, if it was written with escapes, in memory of the reader: they are valid
/// as long as the reader that gave them.
package struct JSONText {
  /// Unescaped UTF-8.
  let bytes: UnsafeBufferPointer<UInt8>
  /// Where it starts in the document, for errors: `reader.error(at: text.offset, …)`.
  let offset: Int

  /// A copy. O(bytes).
  package var string: String { String(decoding: bytes, as: UTF8.self) }

  /// The value of decimal digits without sign or leading zeros, as partitions are numbered; nil for all else
  /// and for what no Int holds. O(bytes).
  @inline(__always) var index: Int? {
    guard let first = bytes.first, bytes.count <= 19, first != 0x30 || bytes.count == 1 else { return nil }
    var value: UInt64 = 0
    for byte in bytes {
      let digit = byte &- 0x30
      if digit > 9 { return nil }
      value = value &* 10 &+ UInt64(digit)
    }
    return Int(exactly: value)
  }

  /// An extension, whose value is handed through untouched.
  var isExtension: Bool { bytes.count >= 2 && bytes[0] == 0x78 && bytes[1] == 0x2d }

  static func == (text: JSONText, other: StaticString) -> Bool {
    text.bytes.count == other.utf8CodeUnitCount
      && (text.bytes.isEmpty || memcmp(text.bytes.baseAddress!, other.utf8Start, text.bytes.count) == 0)
  }

  static func == (text: JSONText, other: JSONText) -> Bool {
    text.bytes.count == other.bytes.count
      && (text.bytes.isEmpty
        || memcmp(text.bytes.baseAddress!, other.bytes.baseAddress!, text.bytes.count) == 0)
  }

  /// `switch text { case "master": … }`
  static func ~= (pattern: StaticString, text: JSONText) -> Bool { text == pattern }
}
