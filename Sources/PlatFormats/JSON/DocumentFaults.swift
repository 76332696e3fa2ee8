import PlatEngine

extension DocumentSource {
  /// The most faults that are told of one document.
  package static let mostFaults = 10
  /// Of longer documents only the first fault is told: each more is another reading.
  private static let longestForFaults = 16 << 20

  /// Reads the document. Where something is wrong with what it says, looks for more that is wrong, as if what was found
  /// were left out, and tells all of it: up to `mostFaults`. O(faults · bytes).
  package func readingFaults<Document>(
    _ read: (DocumentSource) throws(DocumentError) -> Document
  ) throws(DocumentError) -> Document {
    do throws(DocumentError) { return try read(self) } catch {
      guard error.reason == .content, binary == nil, sizeBytes <= Self.longestForFaults else { throw error }
      var told = error
      told.others = faults(after: error, read)
      throw told
    }
  }

  private func faults<Document>(
    after first: DocumentError, _ read: (DocumentSource) throws(DocumentError) -> Document
  ) -> [DocumentError] {
    var text = Array(unsafeBytes)
    var faults = [first]
    while faults.count < Self.mostFaults, let last = faults.last, last.standsAlone, let offset = last.offset,
      Elision.blank(&text, at: offset)
    {
      let rest = try? text.withUnsafeBufferPointer { bytes in
        try DocumentSource(copying: UnsafeRawBufferPointer(bytes), name: name, allowance: allowance)
      }
      guard let rest else { break }
      do throws(DocumentError) {
        _ = try read(rest)
        break
      } catch {
        guard error.reason == .content, !faults.contains(where: { $0.offset == error.offset }) else { break }
        faults.append(error)
      }
    }
    return Array(faults.dropFirst())
  }
}

extension DocumentError {
  /// The rest of the document means the same without what is wrong here, so that what is told next is no consequence of
  /// it.
  fileprivate var standsAlone: Bool {
    if found.hasPrefix("the unknown key") { return true }
    let depth = path.count { $0 == "." || $0 == "[" }
    let top = path.prefix { $0 != "." && $0 != "[" }
    switch top {
    case "settings":
      return depth > 0 && !["settings.model", "settings.keyFunc", "settings.numPartitions"].contains(path)
    case "nodes": return depth > 1
    case "map": return path.hasPrefix("map.partitions") && depth > 1
    case "config", "weights", "partitions", "findings": return depth > 0
    default: return false
    }
  }
}

/// Takes a member or an element out of a text that is JSON, and leaves everything else in its place: blanks stand where
/// it stood.
enum Elision {
  /// `offset`: where its key or its value begins. False where that is the whole document. O(its length).
  static func blank(_ text: inout [UInt8], at offset: Int) -> Bool {
    guard text.indices.contains(offset) else { return false }
    var begin = offset
    var end = endOfValue(text, from: offset)
    if let colon = next(text, from: end), text[colon] == UInt8(ascii: ":"), text[offset] == UInt8(ascii: "\"") {
      // A key: its value goes with it.
      guard let value = next(text, from: colon + 1) else { return false }
      end = endOfValue(text, from: value)
    } else if let colon = previous(text, before: offset), text[colon] == UInt8(ascii: ":") {
      guard let quote = previous(text, before: colon), let key = beginOfString(text, endingAt: quote) else {
        return false
      }
      begin = key
    }
    guard let before = previous(text, before: begin) else { return false }
    if let comma = next(text, from: end), text[comma] == UInt8(ascii: ",") {
      end = comma + 1
    } else if text[before] == UInt8(ascii: ",") {
      begin = before
    }
    for index in begin..<min(end, text.count) where !isSpace(text[index]) { text[index] = 0x20 }
    return true
  }

  private static func endOfValue(_ text: [UInt8], from begin: Int) -> Int {
    var (index, depth) = (begin, 0)
    while index < text.count {
      switch text[index] {
      case UInt8(ascii: "\""):
        index += 1
        while index < text.count, text[index] != UInt8(ascii: "\"") {
          index += text[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        if depth == 0 { return index + 1 }
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        if depth == 0 { return index + 1 }
        if depth < 0 { return index }
      case UInt8(ascii: ","), UInt8(ascii: ":"): if depth == 0 { return index }
      default: if depth == 0 && isSpace(text[index]) { return index }
      }
      index += 1
    }
    return index
  }

  /// The opening quote: inside a string every quote has an odd number of backslashes before it.
  private static func beginOfString(_ text: [UInt8], endingAt end: Int) -> Int? {
    guard text[end] == UInt8(ascii: "\"") else { return nil }
    var index = end - 1
    while index >= 0 {
      if text[index] == UInt8(ascii: "\"") {
        let slashes = text[..<index].reversed().prefix { $0 == UInt8(ascii: "\\") }.count
        if slashes % 2 == 0 { return index }
      }
      index -= 1
    }
    return nil
  }

  private static func next(_ text: [UInt8], from index: Int) -> Int? {
    text[min(index, text.count)...].firstIndex { !isSpace($0) }
  }
  private static func previous(_ text: [UInt8], before index: Int) -> Int? { text[..<index].lastIndex { !isSpace($0) } }
  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d }
}
