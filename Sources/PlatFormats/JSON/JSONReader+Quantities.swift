import PlatEngine

/// Numbers and words that mean something to the engine.
extension JSONReader {
  /// A quantity, exactly as it was written.
  mutating func readQuantity() throws(DocumentError) -> Quantity {
    let token = try peek()
    let text = try readQuantityText(expected: "a number of at least 0, or a string with a rational")
    guard let quantity = Quantity(text.string) else {
      throw mismatch(
        token, expected: "a number of at least 0 and of at most 200 digits, or a string with one or a rational")
    }
    return quantity
  }

  /// An integer in any form that a quantity may have: `3`, `3.0`, `30e-1`, `"3"`, `"6/2"`.
  mutating func readCount(in range: ClosedRange<Int>) throws(DocumentError) -> Int {
    let token = try peek()
    if token.kindOfToken == .string, let quantity = Quantity(try text(token).string),
      let value = Self.integer(quantity), range.contains(value)
    {
      advance()
      return value
    }
    if token.kindOfToken == .number, integer(token) == nil, let quantity = Quantity(try text(token).string),
      let value = Self.integer(quantity), range.contains(value)
    {
      advance()
      return value
    }
    return try readInteger(in: range)
  }

  private static func integer(_ quantity: Quantity) -> Int? {
    let rational = Rational(quantity)
    return rational.isInteger ? rational.parts?.numerator : nil
  }

  /// One of a few words.
  mutating func readWord<Word: CaseIterable & RawRepresentable<String>>(
    _: Word.Type = Word.self
  ) throws(DocumentError) -> Word {
    let names = Word.allCases.map(\.rawValue)
    let index = try readName(of: names, expected: "one of \(names.joined(separator: ", "))")
    return Word.allCases[Word.allCases.index(Word.allCases.startIndex, offsetBy: index)]
  }

  /// One of a few names: its index.
  mutating func readName(of names: [String], expected: @autoclosure () -> String) throws(DocumentError) -> Int {
    let token = try peek()
    guard token.kindOfToken == .string else { throw mismatch(token, expected: expected()) }
    let text = try readString()
    guard let index = names.firstIndex(where: { $0.utf8.elementsEqual(text.bytes) }) else {
      throw error(at: text, noneOf: names, expected: expected())
    }
    return index
  }

  /// What the engine says of the value at `offset`.
  func error(_ error: PlatError, at offset: Int) -> DocumentError {
    switch error {
    case .outOfMemory: source.outOfMemory()
    case .unsupported(let problem): self.error(at: offset, found: problem.found, expected: problem.expected)
    case .cancelled: source.cancelled()
    case .faultyPlan(let fault): self.error(at: offset, found: fault.description, expected: "a plan")
    }
  }
}
