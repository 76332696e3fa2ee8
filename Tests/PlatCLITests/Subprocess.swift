import Glibc
import TestSupport

/// What a run of the program came to.
struct Run {
  var status: Int32
  var output: String
  var messages: String
}

extension Folder {
  /// Runs the program that was built beside the tests.
  func plat(_ arguments: [String], input: String = "", output: String? = nil) throws -> Run {
    let names = (input: write(input, ".input"), output: output ?? file(".output"), messages: file(".messages"))
    let process = try start(arguments, names)
    let status = Folder.wait(process)
    let run = Run(
      status: status, output: output == nil ? read(".output") ?? "" : "", messages: read(".messages") ?? "")
    for name in [".input", ".output", ".messages"] { unlink(file(name)) }
    return run
  }

  /// Starts the program; `wait` tells how it ended. What it says goes to files.
  func start(_ arguments: [String], _ names: (input: String, output: String, messages: String)) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, names.input, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, names.output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, names.messages, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    let words = ([Folder.program] + arguments).map { strdup($0) }
    defer { words.forEach { free($0) } }
    var process: pid_t = 0
    guard posix_spawn(&process, Folder.program, &actions, nil, words + [nil], environ) == 0 else { throw NoProgram() }
    return process
  }

  /// The exit status, or the signal that ended it, negative.
  static func wait(_ process: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    return status & 0x7f == 0 ? status >> 8 & 0xff : -(status & 0x7f)
  }

  /// The same without waiting; nil where it has not ended.
  static func poll(_ process: pid_t) -> Int32? {
    var status: Int32 = 0
    guard waitpid(process, &status, WNOHANG) == process else { return nil }
    return status & 0x7f == 0 ? status >> 8 & 0xff : -(status & 0x7f)
  }

  struct NoProgram: Error {}

  /// The program stands in the folder of the tests, which the test process was told or is itself.
  static let program: String = {
    for path in CommandLine.arguments.reversed() {
      guard let slash = path.lastIndex(of: "/") else { continue }
      let program = "\(path[..<slash])/plat"
      if access(program, X_OK) == 0 { return program }
    }
    return "plat"
  }()
}
