import CPlat
import CPlatCore
import Glibc
import PlatEngine
import PlatFormats

/// What the border itself refuses; all else is an error of the engine or of the documents.
enum Refusal: Error {
  /// The call is wrong.
  case argument(String, found: String, expected: String)
  case notFound(String)
  case tooSmall(needed: Int)
  /// A node starts again without what it had promised.
  case lostDisk(String, found: String)
}

/// Runs the body of one call: what it throws becomes the status, and the error's text. Work that needs more stack than
/// the host's thread has left goes on a stack of our own.
func call(_ error: UnsafeMutablePointer<plat_error>?, _ body: () throws -> Void) -> plat_status {
  if plat_stack_left() >= Stack.workBytes { return shortCall(error, body) }
  return withoutActuallyEscaping(body) { body in
    var work = Stack.Work(body: body, error: error)
    let isDone = withUnsafeMutablePointer(to: &work) { work in
      plat_stack_perform(
        { context in
          let work = context!.assumingMemoryBound(to: Stack.Work.self)
          work.pointee.status = shortCall(work.pointee.error, work.pointee.body)
        }, work)
    }
    return isDone ? work.status : shortCall(error) { throw PlatError.outOfMemory }
  }
}

/// What calls need of the stack, as `Tests/PlatABITests/Programs/stack.c` measures it, and then some.
enum Stack {
  /// Of whatever plans, judges, reads or writes. Unoptimised it takes four times as much.
  #if DEBUG
    static let workBytes = 1 << 20
  #else
    static let workBytes = 512 << 10
  #endif

  struct Work {
    let body: () throws -> Void
    let error: UnsafeMutablePointer<plat_error>?
    var status = PLAT_OK
  }
}

/// The same for what needs hardly any stack: the host's own does.
func shortCall(_ error: UnsafeMutablePointer<plat_error>?, _ body: () throws -> Void) -> plat_status {
  CurrentWork.within {
    do {
      try body()
      return PLAT_OK
    } catch let thrown {
      let told = Told(thrown)
      told.write(to: error)
      return told.status
    }
  }
}

/// An error in the words of the border.
struct Told {
  var status: plat_status
  var message: String
  var path = ""
  var found = ""
  var expected = ""
  var line = 0
  var column = 0

  init(_ error: any Error) {
    switch error {
    case Refusal.argument(let path, let found, let expected):
      self.init(PLAT_INVALID_ARGUMENT, path, found, expected)
    case Refusal.notFound(let what):
      self.init(PLAT_NOT_FOUND, what)
    case Refusal.tooSmall(let needed):
      self.init(PLAT_TOO_SMALL, "the array is too small: \(needed) elements are needed")
    case Refusal.lostDisk(let path, let found):
      self.init(PLAT_LOST_DISK, path, found, "the promise that the node kept before, or PLAT_START_NEW_DISK")
    case let error as InputError:
      self.init(PLAT_INVALID_INPUT, error.path, error.found, error.expected)
    case PlatError.unsupported(let error):
      self.init(PLAT_UNSUPPORTED, error.path, error.found, error.expected)
    case PlatError.cancelled:
      self.init(PLAT_CANCELLED, "cancelled")
    case PlatError.faultyPlan(let fault):
      self.init(PLAT_FAULTY_PLAN, fault.description)
      path = fault.rule
    case PlatError.outOfMemory:
      self.init(PLAT_OUT_OF_MEMORY, "there is too little memory")
    case let error as DocumentError:
      if error.reason == .cancelled {
        self.init(PLAT_CANCELLED, "cancelled")
        return
      }
      self.init(
        error.reason == .outOfMemory ? PLAT_OUT_OF_MEMORY : PLAT_INVALID_INPUT, error.path, error.found, error.expected)
      message = error.description
      (line, column) = (error.line, error.column)
    case let error as FileError:
      let status =
        switch error.reason {
        case .isInput, .isOutput: PLAT_INVALID_ARGUMENT
        case .outOfMemory: PLAT_OUT_OF_MEMORY
        case .cancelled: PLAT_CANCELLED
        case .noInput: PLAT_NOT_FOUND
        case .create, .read, .write: PLAT_IO
        case .tooLong, .damaged: PLAT_INVALID_INPUT
        }
      self.init(status, status == PLAT_CANCELLED ? "cancelled" : error.description)
      if case .damaged(let found, let expected) = error.reason { (self.found, self.expected) = (found, expected) }
    default:
      self.init(PLAT_INVALID_INPUT, "\(error)")
    }
  }

  private init(_ status: plat_status, _ path: String, _ found: String, _ expected: String) {
    self.status = status
    message = (path.isEmpty ? "" : "\(path): ") + "found \(found), expected \(expected)"
    (self.path, self.found, self.expected) = (path, found, expected)
  }

  private init(_ status: plat_status, _ message: String) {
    self.status = status
    self.message = message
  }

  /// As much as the caller's struct has room for.
  func write(to error: UnsafeMutablePointer<plat_error>?) {
    guard let error else { return }
    var all = plat_error()
    all.size = error.pointee.size
    all.status = Int32(bitPattern: status.rawValue)
    all.line = UInt32(clamping: line)
    all.column = UInt32(clamping: column)
    Self.put(message, into: &all.message)
    Self.put(path, into: &all.path)
    Self.put(found, into: &all.found)
    Self.put(expected, into: &all.expected)
    memcpy(error, &all, min(Int(all.size), MemoryLayout<plat_error>.size))
  }

  /// Cuts what does not fit between two characters.
  static func put<Field>(_ text: String, into field: inout Field) {
    withUnsafeMutableBytes(of: &field) { bytes in
      var count = min(text.utf8.count, bytes.count - 1)
      let utf8 = Array(text.utf8.prefix(count + 1))
      while count < utf8.count, count > 0, utf8[count] & 0xc0 == 0x80 { count -= 1 }
      for index in 0..<count { bytes[index] = utf8[index] == 0 ? 0x20 : utf8[index] }
      bytes[count] = 0
    }
  }
}
