import Dispatch
import Glibc
import PlatFormats
import Synchronization

/// Everything that the program says beside its document, on standard error: messages, summaries, progress.
///
/// On a terminal, work that has taken longer than a second shows what it is at.
final class Console: Sendable {
  let isJSON: Bool
  let isQuiet: Bool
  private let progress = Mutex(Progress())

  private struct Progress {
    var stage: String?
    var detail: (@Sendable () -> String)?
    var began = ContinuousClock.now
    var isShown = false
    var times: [(stage: String, nanoseconds: UInt64)] = []
  }

  init(_ options: GlobalOptions) {
    isJSON = options.json
    isQuiet = options.quiet
    if !isQuiet && !isJSON && isatty(STDERR_FILENO) == 1 { showProgress(after: .seconds(1)) }
  }

  // MARK: stages

  /// Does one stage of the work, and remembers how long it took. `detail`: how far it is, if that can be said.
  func stage<Result>(
    _ name: String, detail: (@Sendable () -> String)? = nil, _ body: () throws -> Result
  ) rethrows -> Result {
    let began = ContinuousClock.now
    progress.withLock { ($0.stage, $0.detail) = (name, detail) }
    defer {
      let (seconds, attoseconds) = (ContinuousClock.now - began).components
      progress.withLock { progress in
        progress.times.append((name, UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)))
        (progress.stage, progress.detail) = (nil, nil)
        Self.clear(&progress)
      }
    }
    return try body()
  }

  /// How long each stage took.
  var times: [(stage: String, nanoseconds: UInt64)] { progress.withLock { $0.times } }

  /// Shows what the program is at, now and then, until it ends.
  private func showProgress(after delay: DispatchTimeInterval) {
    DispatchQueue.global().asyncAfter(deadline: .now() + delay) { [weak self] in
      self?.showProgress()
      self?.showProgress(after: .milliseconds(250))
    }
  }

  private func showProgress() {
    progress.withLock { progress in
      guard let stage = progress.stage else { return }
      let seconds = (ContinuousClock.now - progress.began).components.seconds
      Self.write("\r\u{1b}[Kplat: \(stage), \(progress.detail?() ?? "\(seconds) s")")
      progress.isShown = true
    }
  }

  private static func clear(_ progress: inout Progress) {
    if progress.isShown { write("\r\u{1b}[K") }
    progress.isShown = false
  }

  // MARK: messages

  /// What went wrong, quiet or not.
  func report(_ message: String) {
    guard isJSON else { return Self.write("plat: \(message)\n") }
    writeLine { writer in writer.member("error", message) }
  }

  /// What the user should know though all goes on.
  func warn(_ message: String) {
    guard isJSON else { return Self.write("plat: warning: \(message)\n") }
    writeLine { writer in writer.member("warning", message) }
  }

  func report(_ error: DocumentError) {
    guard isJSON else { return Self.write("plat: \(error)\n") }
    writeLine { $0.members(of: error, messageKey: "error") }
  }

  /// A summary: for people, or as the members of a JSON object in one line.
  func summarize(_ text: () -> String, json: (inout JSONWriter) -> Void) {
    if isQuiet { return }
    if isJSON { writeLine(json) } else { Self.write(text()) }
  }

  private func writeLine(_ members: (inout JSONWriter) -> Void) {
    var writer = JSONWriter(capacityBytes: 1024)
    writer.beginObject(.compact)
    members(&writer)
    writer.endObject()
    // Where nobody can be told, nobody is.
    try? writer.write(to: "/dev/stderr")
  }

  static func write(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let written = Glibc.write(STDERR_FILENO, rest.baseAddress, rest.count)
        if written < 0 && errno == EINTR { continue }
        if written <= 0 { return }
        rest = UnsafeRawBufferPointer(rebasing: rest[written...])
      }
    }
  }
}

extension Console: PlanningStages {
  func stage<Value>(_ name: String, _ work: () throws -> Value) rethrows -> Value {
    try stage(name, detail: nil, work)
  }
}
