extension DocumentSource {
  /// The bytes of a valid document without the whitespace between its tokens. O(bytes).
  func minified() -> [UInt8] { minified(0..<sizeBytes) }

  /// The same of a value in it.
  func minified(_ value: Range<Int>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(value.count)
    var isInString = false
    var isEscaped = false
    for byte in unsafeBytes[value] {
      if isInString {
        if isEscaped {
          isEscaped = false
        } else if byte == 0x5c {
          isEscaped = true
        } else if byte == 0x22 {
          isInString = false
        }
      } else if byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
        continue
      } else if byte == 0x22 {
        isInString = true
      }
      bytes.append(byte)
    }
    return bytes
  }
}
