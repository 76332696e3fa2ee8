import CPlatJSON

/// The path of a place inside a document, found by reading the document again from its beginning, so that
/// reading itself need not keep track.
enum DocumentPath {
  /// One container that is open.
  private struct Level {
    let isObject: Bool
    /// The key whose value comes next, raw.
    var key: Range<Int>?
    /// The index of the array element that comes next.
    var index = 0
  }

  /// The path of the value or key whose token starts at byte `offset`, of the container that ends there, or of
  /// what would have come there. O(offset).
  static func at(_ offset: Int, in source: DocumentSource) -> String {
    var problem = plat_json_error()
    guard let handle = source.open(&problem) else { return "" }
    defer { plat_json_close(handle) }
    var levels: [Level] = []
    withUnsafeTemporaryAllocation(of: plat_json_token.self, capacity: 256) { tokens in
      while !source.allowance.isInterrupted {
        let count = plat_json_next(handle, tokens.baseAddress, tokens.count, &problem)
        if count <= 0 { return }
        for token in tokens.prefix(Int(count)) where !take(token, into: &levels, until: offset) { return }
      }
    }
    return text(levels, source)
  }

  /// Moves over one token; false where it stands at or behind `offset`.
  private static func take(_ token: plat_json_token, into levels: inout [Level], until offset: Int) -> Bool {
    let start = token.start
    let before = start < offset
    if start > offset { return false }
    switch token.kindOfToken {
    case .key:
      levels[levels.count - 1].key = token.range
    case .objectBegin, .arrayBegin:
      if before { levels.append(Level(isObject: token.kindOfToken == .objectBegin)) }
    case .objectEnd, .arrayEnd:
      levels.removeLast()
      if before { finishValue(&levels) }
    case .documentEnd:
      return false
    default:
      if before { finishValue(&levels) }
    }
    return before
  }

  private static func finishValue(_ levels: inout [Level]) {
    guard let last = levels.indices.last else { return }
    levels[last].key = nil
    levels[last].index += 1
  }

  private static func text(_ levels: [Level], _ source: DocumentSource) -> String {
    var path = ""
    for level in levels {
      if !level.isObject {
        path += "[\(level.index)]"
      } else if let key = level.key {
        let raw = String(decoding: source.unsafeBytes[key], as: UTF8.self)
        if isPlainName(raw) {
          path += path.isEmpty ? raw : ".\(raw)"
        } else {
          path += "[\"\(raw)\"]"
        }
      }
    }
    return path
  }

  /// A letter or underscore, then also digits and hyphens.
  private static func isPlainName(_ text: String) -> Bool {
    guard let first = text.utf8.first, isLetter(first) else { return false }
    return text.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x2d }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x61...0x7a).contains(byte | 0x20) || byte == 0x5f
  }
}
