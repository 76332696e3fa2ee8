import CPlatJSON

/// The kinds of tokens in a document, by the numbers of `plat_json_kind`. No enumeration, so that comparing one is
/// comparing a byte.
struct JSONKind: Equatable {
  let rawValue: UInt8

  static var objectBegin: JSONKind { JSONKind(rawValue: 1) }
  static var objectEnd: JSONKind { JSONKind(rawValue: 2) }
  static var arrayBegin: JSONKind { JSONKind(rawValue: 3) }
  static var arrayEnd: JSONKind { JSONKind(rawValue: 4) }
  static var key: JSONKind { JSONKind(rawValue: 5) }
  static var string: JSONKind { JSONKind(rawValue: 6) }
  static var number: JSONKind { JSONKind(rawValue: 7) }
  static var `true`: JSONKind { JSONKind(rawValue: 8) }
  static var `false`: JSONKind { JSONKind(rawValue: 9) }
  static var null: JSONKind { JSONKind(rawValue: 10) }
  static var documentEnd: JSONKind { JSONKind(rawValue: 11) }
}

extension plat_json_token {
  @inline(__always) var kindOfToken: JSONKind { JSONKind(rawValue: kind) }

  /// The byte where it starts as written: for keys and strings the opening quote.
  @inline(__always) var start: Int {
    let quoted = kindOfToken == .key || kindOfToken == .string
    return Int(offset) - (quoted ? 1 : 0)
  }

  /// The bytes of its text: for keys and strings without the quotes.
  @inline(__always) var range: Range<Int> { Int(offset)..<Int(offset) + Int(length) }
}
