import ArgumentParser
import Glibc

/// The options of every verb.
struct GlobalOptions: ParsableArguments {
  @Option(name: .long, help: "Threads to work with, at most 1,024; all cores if left out. Never changes a result.")
  var threads: Int?

  @Flag(name: .long, help: "Messages and summaries as JSON, a line each.")
  var json = false

  @Flag(name: .long, help: "No summary and no progress.")
  var quiet = false

  func validate() throws {
    guard (1...1024).contains(threads ?? 1) else {
      throw ValidationError("--threads takes 1 to 1024, not \(threads ?? 0)")
    }
  }

  var threadCount: Int { threads ?? max(1, min(1024, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))) }
}
