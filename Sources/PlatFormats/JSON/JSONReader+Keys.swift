/// The keys of an object with a fixed set of them: `enum NodeKey: String, JSONKey { case weight, capacity }`.
protocol JSONKey: CaseIterable, RawRepresentable<String> {}

/// A key named `x-…` with its value, both as written: kept, and handed through untouched.
struct JSONExtension: Equatable, Sendable {
  /// With its quotes.
  let key: [UInt8]
  let value: [UInt8]
}

/// Which keys of an object have been there. At most 64 cases.
struct JSONSeenKeys<Key: JSONKey> {
  fileprivate var bits: UInt64 = 0
  init() {}
}

extension JSONReader {
  /// The next key of an object whose keys are known: refuses unknown keys and those that come twice, and puts
  /// extensions aside. nil at the end of the object.
  /// ```
  /// var seen = JSONSeenKeys<NodeKey>()
  /// while let key = try reader.nextKey(&seen, &node.extensions) {
  ///   switch key {
  ///   case .weight: …
  /// ```
  /// O(number of cases).
  mutating func nextKey<Key: JSONKey>(
    _ seen: inout JSONSeenKeys<Key>, _ extensions: inout [JSONExtension]
  ) throws(DocumentError) -> Key? {
    while let text = try nextKey() {
      var bit: UInt64 = 1
      for key in Key.allCases {
        if key.rawValue.utf8.elementsEqual(text.bytes) {
          if seen.bits & bit != 0 { throw duplicateKey(text) }
          seen.bits |= bit
          return key
        }
        bit <<= 1
      }
      guard text.isExtension else { throw unknownKey(text, known: Key.allCases.map(\.rawValue)) }
      let member = try takeExtension(text)
      if extensions.contains(where: { $0.key == member.key }) { throw duplicateKey(text) }
      extensions.append(member)
    }
    return nil
  }

  /// Reads the value of an extension; refuses any other key, naming those that are known.
  mutating func readExtension(_ key: JSONText, known: [String]) throws(DocumentError) -> JSONExtension {
    guard key.isExtension else { throw unknownKey(key, known: known) }
    return try takeExtension(key)
  }

  /// Reads the value of `key`, whatever it is; key and value as written.
  mutating func takeExtension(_ key: JSONText) throws(DocumentError) -> JSONExtension {
    let value = try skipValue()
    // The key as written ends with the last quote before the colon.
    var end = key.offset + 1
    while source.unsafeBytes[end] != 0x22 { end += source.unsafeBytes[end] == 0x5c ? 2 : 1 }
    return JSONExtension(key: source.copy(key.offset..<end + 1), value: source.copy(value))
  }

  func unknownKey(_ key: JSONText, known: [String]) -> DocumentError {
    var error = error(
      at: key.offset, found: "the unknown key \(source.quoted(key.bytes))",
      expected: known.isEmpty ? "no key" : "one of \(known.joined(separator: ", "))")
    error.hint = Suggestion.hint(for: key.string, among: known)
    return error
  }

  /// A key that the object has had before. `what` it names: "node", "partition".
  func duplicateKey(_ key: JSONText, what: String = "key") -> DocumentError {
    error(
      at: key.offset, found: "the \(what) \(source.quoted(key.bytes)) a second time",
      expected: "each \(what) once")
  }

  /// A key that must be there and is not. `object` is where the object starts: `peekOffset()` before it.
  func missingKey(_ key: String, objectAt object: Int) -> DocumentError {
    error(at: object, found: DocumentError.missing, expected: "the key \"\(key)\"")
  }
}
