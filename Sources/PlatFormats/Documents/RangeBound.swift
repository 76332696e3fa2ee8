/// The bounds of key ranges in documents: text where the bytes are text, else `hex:00ff`.
///
/// Text that begins with `hex:` is written as bytes too, so that reading gives back what was written.
enum RangeBound {
  private static let prefix = Array("hex:".utf8)

  /// The bytes that a bound stands for; nil where the digits after `hex:` are none, or odd in number.
  static func bytes(_ text: some Collection<UInt8>) -> [UInt8]? {
    guard text.starts(with: prefix) else { return Array(text) }
    let digits = Array(text.dropFirst(prefix.count))
    guard digits.count % 2 == 0 else { return nil }
    var bytes: [UInt8] = []
    for at in stride(from: 0, to: digits.count, by: 2) {
      guard let high = value(digits[at]), let low = value(digits[at + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  /// How a document writes these bytes.
  static func text(_ bytes: some Collection<UInt8>) -> String {
    if !bytes.starts(with: prefix), let text = String(validating: bytes, as: UTF8.self) { return text }
    var text = "hex:"
    for byte in bytes {
      text += String(byte >> 4, radix: 16)
      text += String(byte & 0xf, radix: 16)
    }
    return text
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x61...0x66: digit - 0x61 + 10
    case 0x41...0x46: digit - 0x41 + 10
    default: nil
    }
  }
}
