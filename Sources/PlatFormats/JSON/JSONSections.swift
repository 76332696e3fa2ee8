import PlatEngine

/// Where the values of an object stand, so that they can be read in the order in which they are needed,
/// whatever the order in which they were written.
/// ```
/// let sections = try JSONSections<SettingsKey>(&reader, depth: 2)
/// if sections.enter(.model, &reader) { model = try readModel(&reader) }
/// ```
///
/// What the sections hold is passed over unchecked, so read them in `JSONReader.bySections`, and every one of them.
struct JSONSections<Key: JSONKey> {
  /// Where the object begins.
  let offset: Int
  /// Keys named `x-…`, with their values as written.
  private(set) var extensions: [Extension] = []
  /// How many objects are around its values: 1 in the document's own.
  let depth: Int
  private var offsets: [String: Int] = [:]
  private var unknown: DocumentError?

  /// Moves over the object that comes next; no array is around it. An unknown key is remembered:
  /// `refuseUnknownKey` tells it. O(bytes).
  init(_ reader: inout JSONReader, depth: Int, expected: StaticString = "an object") throws(DocumentError) {
    self.depth = depth
    offset = try reader.peekOffset()
    try reader.beginObject(expected: expected)
    while let text = try reader.nextKey() {
      if let key = Key.allCases.first(where: { $0.rawValue.utf8.elementsEqual(text.bytes) }) {
        let value = try reader.peekOffset()
        guard offsets.updateValue(value, forKey: key.rawValue) == nil else { throw reader.duplicateKey(text) }
        try reader.passValue(depth: depth)
      } else if text.isExtension {
        let member = Extension(key: text.string, json: reader.source.copy(try reader.skipValue()))
        if extensions.contains(where: { $0.key == member.key }) { throw reader.duplicateKey(text) }
        extensions.append(member)
      } else {
        if unknown == nil { unknown = reader.unknownKey(text, known: Key.allCases.map(\.rawValue)) }
        try reader.skipValue()
      }
    }
  }

  /// Throws where a key was neither known nor an extension.
  func refuseUnknownKey() throws(DocumentError) {
    if let unknown { throw unknown }
  }

  /// Where the value of a key begins; nil where it was left out.
  subscript(_ key: Key) -> Int? { offsets[key.rawValue] }

  /// Goes to the value of a key; false where it was left out.
  func enter(_ key: Key, _ reader: inout JSONReader) -> Bool {
    guard let offset = self[key] else { return false }
    reader.seek(to: offset, depth: depth)
    return true
  }

  /// Goes to the value of a key that must be there.
  func require(_ key: Key, _ reader: inout JSONReader) throws(DocumentError) {
    guard enter(key, &reader) else { throw reader.missingKey(key.rawValue, objectAt: offset) }
  }
}

extension JSONReader {
  /// Reads a document whose sections are passed over before they are read: first trusting that all of it is JSON,
  /// which reading every section proves, and, where anything is wrong, again with all of it checked before, so that
  /// what is told is right whatever a missing bracket does to the sections. O(bytes).
  static func bySections<Document>(
    _ source: DocumentSource, _ read: (inout JSONReader) throws(DocumentError) -> Document
  ) throws(DocumentError) -> Document {
    var reader = try JSONReader(source)
    do throws(DocumentError) { return try read(&reader) } catch {
      if error.reason == .outOfMemory || error.reason == .cancelled { throw error }
      var reader = try JSONReader(source)
      let begin = try reader.peekOffset()
      try reader.skipValue()
      try reader.finish()
      reader.seek(to: begin, depth: 0)
      return try read(&reader)
    }
  }
}
