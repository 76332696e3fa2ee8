/// Input from outside that is not valid: where it is wrong, what stands there, and what was expected.
///
/// The engine knows the path inside the document only; whoever read the file adds its name and the line.
public struct InputError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Where, as a path inside the document: `nodes.a.weight`, `map.partitions.17.master[0]`.
  public var path: String
  public var found: String
  public var expected: String

  public init(path: String, found: String, expected: String) {
    self.path = path
    self.found = found
    self.expected = expected
  }

  public var description: String { "\(path): found \(found), expected \(expected)" }
}

/// What can stop an operation on valid input.
public enum PlatError: Error, Equatable, Sendable {
  /// The arena's limit or the system has no memory left. Nothing was changed.
  case outOfMemory
  /// Valid by the format, but beyond what this version plans. The error says what.
  case unsupported(InputError)
  /// An `Interrupt` was asked for. Nothing was changed.
  case cancelled
}
