import PlatEngine
import CPlatJSON

/// What is wrong with a document: where, what was found there and what was expected.
public struct DocumentError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Reason: Sendable, Hashable {
    /// It is no JSON.
    case syntax
    /// It is JSON, but not what the document must say.
    case content
    /// It is a document of another kind than was to be read.
    case otherKind
    /// It is right, but asks for what would be wrong usage of the command line: to write over an input.
    case usage
    /// It may be right, but there is too little memory to read it.
    case outOfMemory
    /// It may be right, but an `Interrupt` was asked for.
    case cancelled
  }

  public let reason: Reason
  /// The name of the file.
  public let file: String
  /// Inside the document: `nodes.a.weight`, `map.partitions["17"].master[0]`; empty for the whole.
  public let path: String
  /// From 1.
  public let line: Int
  /// From 1, in code points.
  public let column: Int
  public let found: String
  public let expected: String
  /// What was meant perhaps: `did you mean "weight"?`
  public var hint: String?
  /// Where in the bytes, if that is known.
  var offset: Int?
  /// More that is wrong with the document, where all of it was looked for.
  package var others: [DocumentError] = []

  /// `found`, of a key that must be there and is not; `expected` then names it.
  static let missing = "an object without it"

  /// The exit status of a program that stops for it, after sysexits.h.
  public var exitStatus: Int32 {
    switch reason {
    case .syntax, .content, .otherKind: 65
    case .usage: 64
    case .outOfMemory, .cancelled: 70
    }
  }

  /// `cluster.json:12:7: nodes.a.weight: found true, expected a number`
  public var description: String {
    let place = path.isEmpty ? "\(file):\(line):\(column)" : "\(file):\(line):\(column): \(path)"
    let problem = found == Self.missing ? "\(expected) is missing" : "found \(found), expected \(expected)"
    return "\(place): \(problem)\(hint.map { "; \($0)" } ?? "")"
  }
}

extension DocumentSource {
  /// An error at the byte `offset`, which is where a token starts. Path, line and column are worked out only
  /// now, by reading the document again up to there: O(offset).
  func error(
    at offset: Int, found: String, expected: String, reason: DocumentError.Reason = .content
  ) -> DocumentError {
    var line: UInt64 = 0
    var column: UInt64 = 0
    plat_json_place(unsafeBytes.baseAddress, sizeBytes, UInt64(offset), &line, &column)
    return DocumentError(
      reason: reason, file: name, path: DocumentPath.at(offset, in: self), line: Int(line), column: Int(column),
      found: found, expected: expected, offset: offset)
  }

  /// The error of the C reader.
  func error(_ error: plat_json_error) -> DocumentError {
    if error.code == PLAT_JSON_STOPPED.rawValue { return cancelled() }
    let found = withUnsafeBytes(of: error.found) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    let noMemory = error.code == PLAT_JSON_NO_MEMORY.rawValue
    var told = self.error(
      at: Int(error.offset), found: found, expected: String(cString: error.expected),
      reason: noMemory ? .outOfMemory : .syntax)
    if !noMemory { told.hint = SyntaxHint.of(unsafeBytes, at: Int(error.offset)) }
    return told
  }
}

extension JSONWriter {
  /// What went wrong, as members of an object that is begun: in words under `messageKey`, and where.
  package mutating func members(of error: any Error, messageKey: String) {
    switch error {
    case let error as DocumentError:
      member(messageKey, error.description)
      member("file", error.file)
      member("line", error.line)
      member("column", error.column)
      member("path", error.path)
      member("found", error.found)
      member("expected", error.expected)
      if let hint = error.hint { member("hint", hint) }
    case let error as FileError:
      member(messageKey, error.description)
      member("file", error.path)
    case PlatError.outOfMemory: member(messageKey, "there is too little memory")
    case PlatError.faultyPlan(let fault): member(messageKey, fault.description)
    default: member(messageKey, "\(error)")
    }
  }
}
