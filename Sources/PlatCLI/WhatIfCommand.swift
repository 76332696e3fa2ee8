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
      repeated. For each: what can still be read, who takes over, and what the repair would move.
      """)

  @Argument(help: ArgumentHelp("The cluster document; - for standard input.", valueName: "cluster"))
  var clusterPath: String

  @Option(help: ArgumentHelp("What fails.", valueName: "what"))
  var fail: [String] = []

  @Option(name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Where the report goes.", valueName: "report"))
  var outputPath: String?

  @OptionGroup var options: GlobalOptions

  func validate() throws {
    if fail.isEmpty { throw ValidationError("--fail says what fails: each:node, each:LEVEL, or names") }
  }

  mutating func run(_ console: Console) throws -> Bool {
    let (source, document) = try console.stage("reading") {
      let source = try FileInput.read(clusterPath)
      return (source, try ClusterReader.read(source))
    }
    guard let map = document.map else {
      throw source.error(InputError(path: "", found: "no map", expected: "a cluster with a map"))
    }
    let cases = try fail.flatMap { try FailureNames.cases($0, of: document.cluster) }
    let outcomes = try console.stage("failing") {
      try source.locatingErrors {
        try WhatIf.run(
          DenseCluster(document.cluster), current: map.placement, cases: cases, threads: options.threadCount)
      }
    }
    let report = WhatIfReport(cases: cases, outcomes: outcomes)
    try console.stage("writing") {
      var writer = JSONWriter()
      report.write(to: &writer)
      try writer.write(to: outputPath)
    }
    console.summarize {
      "\(cases.count == 1 ? "1 failure" : "\(cases.count) failures") in a cluster of "
        + "\(document.cluster.settings.partitionCount) partitions on \(document.cluster.nodes.count) nodes\n"
        + report.worst.map { "  \($0.words)\n" }.joined() + ReportSummary.costs(console)
    } json: { writer in
      report.writeWorst(to: &writer)
      ReportSummary.writeCosts(console, to: &writer)
    }
    return outcomes.allSatisfy { $0.unreadable == 0 && $0.leaderless == 0 && $0.unmet == 0 }
  }
}
