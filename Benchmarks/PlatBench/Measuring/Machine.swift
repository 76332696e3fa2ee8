import Glibc
import PlatFormats

/// What the figures were taken on.
public struct Machine: Equatable, Sendable {
  var processor = "unknown"
  /// Processors that the system has on line.
  var cores = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  var swift = Machine.compiler
  var isDebug = Machine.isDebugBuild

  /// This machine.
  init() {
    guard let source = try? FileInput.read("/proc/cpuinfo") else { return }
    let line = source.text.split(separator: "\n").first { $0.hasPrefix("model name") }
    guard let line, let colon = line.firstIndex(of: ":") else { return }
    processor = String(line[line.index(colon, offsetBy: 2)...])
  }

  init(processor: String, cores: Int, swift: String, isDebug: Bool) {
    (self.processor, self.cores, self.swift, self.isDebug) = (processor, cores, swift, isDebug)
  }

  var description: String {
    "\(processor), \(cores) cores, \(swift), \(isDebug ? "debug build: do not quote" : "release build")"
  }

  /// The compiler of this build, as near as conditions tell.
  private static var compiler: String {
    #if compiler(>=6.4)
      "Swift 6.4 or later"
    #elseif compiler(>=6.3.1)
      "Swift 6.3.1 or later"
    #elseif compiler(>=6.3)
      "Swift 6.3"
    #else
      "Swift 6.2"
    #endif
  }

  private static var isDebugBuild: Bool {
    var isDebug = false
    assert(
      {
        isDebug = true
        return true
      }())
    return isDebug
  }
}
