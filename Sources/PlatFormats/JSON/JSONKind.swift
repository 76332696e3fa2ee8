import CPlatJSON

/// The kinds of tokens in a document.
enum JSONKind: UInt8 {
  case objectBegin = 1
  case objectEnd, arrayBegin, arrayEnd, key, string, number, `true`, `false`, null, documentEnd
}

extension plat_json_token {
  @inline(__always) var kindOfToken: JSONKind { JSONKind(rawValue: kind).unsafelyUnwrapped }

  /// The byte where it starts as written: for keys and strings the opening quote.
  @inline(__always) var start: Int {
    let quoted = kindOfToken == .key || kindOfToken == .string
    return Int(offset) - (quoted ? 1 : 0)
  }

  /// The bytes of its text: for keys and strings without the quotes.
  @inline(__always) var range: Range<Int> { Int(offset)..<Int(offset) + Int(length) }
}
