import CPlatJSON

/// Reading one value. Each throws where another kind of value comes.
extension JSONReader {
  /// A string, without a copy. `expected` says what it means: "the name of a node".
  @inline(__always)
  package mutating func readString(expected: StaticString = "a string") throws(DocumentError) -> JSONText {
    try text(try take(.string, expected: expected))
  }

  /// A number, as it was written.
  mutating func readNumberText(expected: StaticString = "a number") throws(DocumentError) -> JSONText {
    try text(try take(.number, expected: expected))
  }

  /// A quantity: a number, or a string that should hold a rational. The text still has to be understood;
  /// `error(at: text, expected:)` refuses it.
  mutating func readQuantityText(
    expected: StaticString = "a number, or a string with a rational"
  ) throws(DocumentError) -> JSONText {
    let token = try peek()
    guard token.kindOfToken == .number || token.kindOfToken == .string else {
      throw mismatch(token, expected: "\(expected)")
    }
    advance()
    return try text(token)
  }

  /// An integer written without fraction and exponent.
  package mutating func readInteger(in range: ClosedRange<Int>) throws(DocumentError) -> Int {
    func expected() -> String {
      range.upperBound == .max
        ? "an integer of at least \(range.lowerBound)"
        : "an integer from \(range.lowerBound) to \(range.upperBound)"
    }
    let token = try peek()
    guard token.kindOfToken == .number, let value = integer(token), range.contains(value) else {
      throw mismatch(token, expected: expected())
    }
    advance()
    return value
  }

  func integer(_ token: plat_json_token) -> Int? {
    var value = 0
    var digits = source.unsafeBytes[token.range]
    let negative = digits.first == 0x2d
    if negative { digits.removeFirst() }
    for byte in digits {
      let digit = Int(byte) - 0x30
      guard (0...9).contains(digit) else { return nil }
      let (tens, tensOverflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, sumOverflow) = tens.addingReportingOverflow(negative ? -digit : digit)
      if tensOverflow || sumOverflow { return nil }
      value = sum
    }
    return value
  }

  /// A string that is one of a fixed set: the raw values of `Choice`. O(number of cases).
  mutating func readChoice<Choice: CaseIterable & RawRepresentable<String>>(
    _: Choice.Type
  ) throws(DocumentError) -> Choice {
    let text = try readString()
    for choice in Choice.allCases where choice.rawValue.utf8.elementsEqual(text.bytes) { return choice }
    throw error(
      at: text, noneOf: Choice.allCases.map(\.rawValue),
      expected: "one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
  }

  mutating func readBool() throws(DocumentError) -> Bool {
    let token = try peek()
    guard token.kindOfToken == .true || token.kindOfToken == .false else {
      throw mismatch(token, expected: "true or false")
    }
    advance()
    return token.kindOfToken == .true
  }

  /// Moves over a `null` if one comes.
  mutating func takeNull() throws(DocumentError) -> Bool {
    guard try peekKind() == .null else { return false }
    advance()
    return true
  }

  /// Moves over any value. Its bytes in the document, quotes and all. O(bytes).
  @discardableResult
  package mutating func skipValue() throws(DocumentError) -> Range<Int> {
    let first = try peek()
    var last = first
    var depth = 0
    repeat {
      last = try peek()
      switch last.kindOfToken {
      case .objectBegin, .arrayBegin: depth += 1
      case .objectEnd, .arrayEnd: depth -= 1
      case .documentEnd: preconditionFailure("no value left to skip")
      default: break
      }
      advance()
    } while depth > 0
    let quote = last.kindOfToken == .string ? 1 : 0
    return first.start..<last.range.upperBound + quote
  }
}

/// Errors.
extension JSONReader {
  /// An error at a place that was told by `peekOffset()` or `JSONText.offset`. O(offset).
  func error(at offset: Int, found: String, expected: String) -> DocumentError {
    source.error(at: offset, found: found, expected: expected)
  }

  /// A text that does not say what it should.
  package func error(at text: JSONText, expected: String) -> DocumentError {
    let quoted = source.unsafeBytes[text.offset] == 0x22
    return source.error(
      at: text.offset, found: quoted ? source.quoted(text.bytes) : text.string, expected: expected)
  }

  /// A text that is none of a few words.
  func error(at text: JSONText, noneOf words: [String], expected: String) -> DocumentError {
    var error = error(at: text, expected: expected)
    error.hint = Suggestion.hint(for: text.string, among: words)
    return error
  }

  /// A value of the wrong kind.
  @inline(never) func mismatch(_ token: plat_json_token, expected: String) -> DocumentError {
    let bytes = UnsafeBufferPointer(rebasing: source.unsafeBytes[token.range])
    let found =
      switch token.kindOfToken {
      case .objectBegin: "an object"
      case .arrayBegin: "an array"
      case .objectEnd: "the end of the object"
      case .arrayEnd: "the end of the array"
      case .key: "the key \(source.quoted(bytes))"
      case .string: "the string \(source.quoted(bytes))"
      case .number: "the number \(source.shortened(bytes))"
      case .true: "true"
      case .false: "false"
      case .null: "null"
      default: "the end of the document"
      }
    return source.error(at: token.start, found: found, expected: expected)
  }
}

extension DocumentSource {
  func quoted(_ bytes: UnsafeBufferPointer<UInt8>) -> String { "\"\(shortened(bytes))\"" }

  /// As text, at most 64 characters of it.
  func shortened(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    let text = String(decoding: bytes.prefix(512), as: UTF8.self)
    return bytes.count <= 512 && text.count <= 64 ? text : "\(text.prefix(64))…"
  }

  func outOfMemory() -> DocumentError {
    DocumentError(
      reason: .outOfMemory, file: name, path: "", line: 1, column: 1, found: "too little memory",
      expected: "memory for the document")
  }
}
