import Foundation
import Testing

/// The library as it was built beside the tests, the repository's folders, and programs made from them.
enum Toolbox {
  /// The root of the repository.
  static let root: String = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
  static let header = "\(root)/CSources/CPlat/include"
  /// The version that plat.h tells.
  static let version: String = {
    let text = (try? String(contentsOfFile: "\(header)/plat.h", encoding: .utf8)) ?? ""
    return ["MAJOR", "MINOR", "PATCH"].map { part in
      let line = text.split(separator: "\n").first { $0.hasPrefix("#define PLAT_VERSION_\(part) ") }
      return line.map { String($0.split(separator: " ").last ?? "") } ?? "none"
    }.joined(separator: ".")
  }()
  static let programs = "\(root)/Tests/PlatABITests/Programs"

  /// The library: it stands in the folder of the tests, which the test process was told or is itself.
  static let library: String = {
    for path in CommandLine.arguments.reversed() {
      guard let slash = path.lastIndex(of: "/") else { continue }
      let library = "\(path[..<slash])/libPlatABI.so"
      if FileManager.default.fileExists(atPath: library) { return library }
    }
    return "libPlatABI.so"
  }()

  /// The program `plat`, beside the library.
  static var plat: String {
    URL(fileURLWithPath: library).deletingLastPathComponent().appendingPathComponent("plat").path
  }

  /// Where libjemalloc is, to be loaded before all others.
  static let jemalloc: String? = {
    let found = try? run("ldconfig -p | sed -n 's/.*libjemalloc.so.2.*=> //p' | head -1").output
    return found.flatMap { $0.isEmpty ? nil : String($0.dropLast()) }
  }()

  /// `make sweep` does so many times as much of what is random.
  static let sweep = ProcessInfo.processInfo.environment["PLAT_SWEEP"].flatMap { Int($0) } ?? 1

  /// What a command came to: its status (negative: the signal), and all that it wrote.
  struct Run {
    var status: Int32
    var output: String
  }

  static func has(_ program: String) -> Bool { (try? run("command -v \(program)").status) == 0 }

  /// Runs a shell command; `environment` is added to that of the tests.
  static func run(_ command: String, in folder: String? = nil, environment: [String: String] = [:]) throws -> Run {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", command]
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let status = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    return Run(status: status, output: String(decoding: output, as: UTF8.self))
  }

  /// A folder with the library under the names that an installed one has; removed with this object.
  final class Place {
    let path: String

    init() throws {
      path = NSTemporaryDirectory() + "plat-abi-\(UUID().uuidString)"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      for name in ["libplat.so", "libplat.so.1"] {
        try FileManager.default.createSymbolicLink(atPath: "\(path)/\(name)", withDestinationPath: Toolbox.library)
      }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Compiles a C program against the header and the library, as strictly as compilers can.
    func compile(_ source: String, by compiler: String = "gcc", flags: String = "", header: String = Toolbox.header)
      throws -> String
    {
      let program = "\(path)/\(URL(fileURLWithPath: source).deletingPathExtension().lastPathComponent)-\(compiler)"
      let run = try Toolbox.run(
        "\(compiler) -std=c11 -g -Wall -Wextra -pedantic -Werror \(flags) -I'\(header)' -I'\(Toolbox.programs)' '\(source)' "
          + "-o '\(program)' -L'\(path)' -lplat -lpthread -Wl,-rpath,'\(path)'")
      try #require(run.status == 0, "\(run.output)")
      return program
    }

    /// Compiles a program and runs it.
    func run(_ source: String, by compiler: String = "gcc", flags: String = "", arguments: String = "") throws -> Run {
      try Toolbox.run("'\(compile(source, by: compiler, flags: flags))' \(arguments)", in: path)
    }
  }
}
