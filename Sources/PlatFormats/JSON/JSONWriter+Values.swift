/// Keys and values that the writer renders.
extension JSONWriter {
  package mutating func key(_ key: String) {
    separate()
    putQuoted(key)
    putColon()
  }

  /// A key of unescaped UTF-8.
  package mutating func key(_ key: UnsafeBufferPointer<UInt8>) {
    separate()
    putQuoted(key)
    putColon()
  }

  /// A number as a key: `"17"`.
  @inline(__always) package mutating func key(_ number: Int) {
    separate()
    put(0x22)
    putInteger(number)
    put(0x22)
    putColon()
  }

  package mutating func string(_ value: String) {
    beginValue()
    putQuoted(value)
  }

  /// A string of unescaped UTF-8.
  package mutating func string(_ value: UnsafeBufferPointer<UInt8>) {
    beginValue()
    putQuoted(value)
  }

  package mutating func integer(_ value: Int) {
    beginValue()
    putInteger(value)
  }

  package mutating func unsigned(_ value: UInt64) {
    beginValue()
    putMagnitude(UInt(value), isNegative: false)
  }

  package mutating func bool(_ value: Bool) {
    beginValue()
    put(value ? "true" : "false")
  }

  package mutating func null() {
    beginValue()
    put("null")
  }

  /// A constant piece of JSON: `writer.raw("[]")`.
  @inline(__always) package mutating func raw(_ value: StaticString) {
    beginValue()
    put(value)
  }

  /// What the reader put aside, as it was.
  mutating func `extension`(_ member: JSONExtension) {
    member.key.withUnsafeBufferPointer { keyRaw($0) }
    member.value.withUnsafeBufferPointer { writeRaw($0) }
  }

  /// A string with its quotes and escapes, to be rendered once and written often with `writeRaw` and `keyRaw`.
  package static func quoted(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count + 2)
    bytes.append(0x22)
    for byte in text {
      if isPlain(byte) {
        bytes.append(byte)
      } else {
        withEscape(byte) { bytes.append(contentsOf: $0) }
      }
    }
    bytes.append(0x22)
    return bytes
  }

  // MARK: inside

  @inline(__always) private mutating func put(_ text: StaticString) {
    put(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private mutating func putQuoted(_ text: String) {
    var text = text
    text.withUTF8 { putQuoted($0) }
  }

  private mutating func putQuoted(_ text: UnsafeBufferPointer<UInt8>) {
    put(0x22)
    var start = 0
    for at in 0..<text.count where !Self.isPlain(text[at]) {
      put(UnsafeBufferPointer(rebasing: text[start..<at]))
      Self.withEscape(text[at]) { put($0) }
      start = at + 1
    }
    put(UnsafeBufferPointer(rebasing: text[start...]))
    put(0x22)
  }

  /// Stands in a string as it is.
  @inline(__always) private static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte != 0x22 && byte != 0x5c
  }

  private static func withEscape(_ byte: UInt8, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    let letter: Character? =
      switch byte {
      case 0x22: "\""
      case 0x5c: "\\"
      case 0x0a: "n"
      case 0x0d: "r"
      case 0x09: "t"
      case 0x08: "b"
      case 0x0c: "f"
      default: nil
      }
    var escape = letter.map { "\\\($0)" } ?? "\\u00\(byte >> 4)\(String(byte & 0xf, radix: 16))"
    escape.withUTF8(body)
  }

  @inline(__always) private mutating func putInteger(_ value: Int) {
    putMagnitude(value.magnitude, isNegative: value < 0)
  }

  @inline(__always) private mutating func putMagnitude(_ value: UInt, isNegative: Bool) {
    guard let end = reserve(21) else { return }
    var rest = value
    var digits = 1
    var bound: UInt = 10
    while rest >= bound && digits < 20 {
      digits += 1
      if digits < 20 { bound *= 10 }
    }
    let sign = isNegative ? 1 : 0
    if sign == 1 { end.pointee = 0x2d }
    var at = sign + digits
    repeat {
      at -= 1
      let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
      end[at] = 0x30 + UInt8(truncatingIfNeeded: remainder)
      rest = quotient
    } while at > sign
    commit(sign + digits)
  }
}
