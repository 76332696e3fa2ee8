import Glibc

/// A file that could not be read or written, and why.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Reason: Sendable, Hashable {
    /// There is no such input, or it may not be opened.
    case noInput
    /// The input is longer than a document may be.
    case tooLong
    /// Reading broke off.
    case read
    /// The output cannot be created.
    case create
    /// Writing broke off.
    case write
    case outOfMemory
    /// The output is a file that is read: which, as it was given.
    case isInput(String)
    /// Two outputs are one file: the other, as it was given.
    case isOutput(String)
    /// An `Interrupt` was asked for.
    case cancelled
    /// It begins as a binary document and is not a whole one.
    case damaged(found: String, expected: String)
  }

  public let reason: Reason
  /// As it was given, or `standard input`, `standard output`.
  public let path: String
  /// `errno`, or 0 where the system had no part in it.
  public let systemError: Int32

  init(_ reason: Reason, path: String, systemError: Int32 = 0) {
    self.reason = reason
    self.path = path
    self.systemError = systemError
  }

  /// The exit status of a program that stops for it, after sysexits.h.
  public var exitStatus: Int32 {
    switch reason {
    case .isInput, .isOutput: 64
    case .tooLong, .damaged: 65
    case .noInput: 66
    case .outOfMemory, .cancelled: 70
    case .create: 73
    case .read, .write: 74
    }
  }

  /// Nobody reads what was to be written.
  package var isClosedPipe: Bool { reason == .write && systemError == EPIPE }

  public var description: String {
    let what =
      switch reason {
      case .noInput: "cannot be opened for reading"
      case .tooLong: "is 4 GiB or longer"
      case .read: "cannot be read"
      case .create: "cannot be created"
      case .write: "cannot be written"
      case .outOfMemory: "needs more memory than there is"
      case .isInput(let input):
        "would be overwritten, and it is an input\(input == path ? "" : ": \(input)"); write to another file"
      case .isOutput(let other):
        "would be written twice\(other == path ? "" : ", once as \(other)"); write to another file"
      case .cancelled: "was given up"
      case .damaged(let found, let expected): "is damaged: found \(found), expected \(expected)"
      }
    return systemError == 0 ? "\(path) \(what)" : "\(path) \(what): \(systemMessage)"
  }

  private var systemMessage: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      buffer.initialize(repeating: 0)
      return strerror_r(systemError, buffer.baseAddress!, buffer.count - 1) == 0
        ? String(cString: buffer.baseAddress!) : "error \(systemError)"
    }
  }
}
