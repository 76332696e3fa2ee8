/// What people write that JSON has not, recognised where the reader stumbles over it.
enum SyntaxHint {
  /// Nil where it is nothing known. `offset`: where the JSON reader stopped. O(offset).
  static func of(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> String? {
    if bytes.allSatisfy(isSpace) { return "the document is empty" }
    if let hint = yaml(bytes) { return hint }
    let comment = "JSON has no comments: a key \"x-note\" may hold a note"
    for start in [offset, offset - 1] where bytes.indices.contains(start) {
      if bytes[start] == UInt8(ascii: "#") { return comment }
      if bytes[start] == UInt8(ascii: "/"), start + 1 < bytes.count,
        [UInt8(ascii: "/"), UInt8(ascii: "*")].contains(bytes[start + 1]) { return comment }
      if bytes[start] == UInt8(ascii: "'") { return "JSON has double quotes only" }
    }
    guard bytes.indices.contains(offset) else { return nil }
    let before = bytes[..<offset].last { !isSpace($0) }
    if before == UInt8(ascii: ","), [UInt8(ascii: "}"), UInt8(ascii: "]")].contains(bytes[offset]) {
      return "JSON has no comma after the last element: take it away"
    }
    return nil
  }

  /// A first line like `---`, `key:` or `- element`, where JSON would begin with a bracket.
  private static func yaml(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
    var lines = bytes.prefix(4096).split(separator: 0x0a, omittingEmptySubsequences: true).lazy
      .map { $0.drop(while: isSpace) }.filter { !$0.isEmpty && $0.first != UInt8(ascii: "#") }.makeIterator()
    guard let line = lines.next() else { return nil }
    let name = line.prefix { isName($0) }
    let isKey = !name.isEmpty && line.dropFirst(name.count).first == UInt8(ascii: ":")
    guard isKey || line.starts(with: "---".utf8) || line.starts(with: "- ".utf8) else { return nil }
    return "this looks like YAML, and documents are JSON"
  }

  private static func isName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "_"), UInt8(ascii: "-"): true
    default: false
    }
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}
