import ArgumentParser
import PlatEngine
import PlatFormats

/// `plat whatif`: what each failure would do.
struct WhatIfCommand: PlatCommand {
  static let configuration = CommandConfiguration(
    commandName: "whatif", abstract: "Fail nodes and containers one after the other, and say what that would do.",
    discussion: """
      --fail takes each:LEVEL (each:zone, each:node), names of containers and nodes with commas between them, each failed \
      by itself, and names joined by +, which fail together; zone:z1 where a name alone could mean two things. It may be \
      repeated. For each: what can still be read, who takes over, and what the repair would move; of several maps each by \
      itself and all together.
      """)

  @Argument(help: ArgumentHelp("The cluster document; - for standard input.", valueName: "cluster"))
  var clusterPath: String

  @Option(help: ArgumentHelp("What fails.", valueName: "what"))
  var fail: [String] = []

  @Option(
    name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Where the report goes.", valueName: "report"))
  var outputPath: String?

  @OptionGroup var options: GlobalOptions

  var files: CommandFiles { CommandFiles(reads: [clusterPath], writes: [outputPath]) }

  func validate() throws {
    if fail.isEmpty { throw ValidationError("--fail says what fails: each:node, each:LEVEL, or names") }
  }

  mutating func run(_ console: Console) throws -> Bool {
    let source = try console.stage("reading") { try FileInput.read(clusterPath) }
    let report = try console.stage("failing") {
      try WhatIfReport(source, failures: fail, threads: options.threadCount)
    }
    try console.stage("writing") {
      var writer = JSONWriter()
      report.write(to: &writer)
      try writer.write(to: outputPath)
    }
    console.summarize {
      "\(report.cases.count == 1 ? "1 failure" : "\(report.cases.count) failures") in \(report.cluster)\n"
        + report.worst.map { "  \($0.words)\n" }.joined() + ReportSummary.costs(console)
    } json: { writer in
      report.writeWorst(to: &writer)
      ReportSummary.writeCosts(console, to: &writer)
    }
    return report.isHarmless
  }
}
