import ArgumentParser
import PlatEngine
import PlatFormats

/// `plat check`: judges a cluster's map, or a plan that anyone made, from scratch.
struct CheckCommand: PlatCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Judge a cluster's map, or a plan for it, from scratch.")

  @Argument(help: ArgumentHelp("The cluster document; - for standard input.", valueName: "cluster"))
  var clusterPath: String

  @Option(
    name: .customLong("plan"),
    help: ArgumentHelp("A plan for the cluster; its own summary is checked too.", valueName: "plan"))
  var planPath: String?

  @Option(
    name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Where the report goes.", valueName: "report"))
  var outputPath: String?

  @OptionGroup var options: GlobalOptions

  var files: CommandFiles { CommandFiles(reads: [clusterPath, planPath], writes: [outputPath]) }

  func validate() throws { try FileInput.refuseTwoFromStandardInput(clusterPath, planPath) }

  mutating func run(_ console: Console) throws -> Bool {
    let (source, read) = try console.stage("reading") {
      let source = try FileInput.read(clusterPath)
      return (source, try source.readingFaults { source throws(DocumentError) in try ClusterReader.readAny(source) })
    }
    guard case .one(let document) = read else {
      guard case .several(let document) = read else { return false }
      let plan = try console.stage("reading") {
        try planPath.map { try document.readPlan($0) }
      }
      return try Groups.check(source, document, plan: plan, to: outputPath, console)
    }
    let plan = try console.stage("reading") { try planPath.map { try document.readPlan($0) } }
    guard let map = plan?.map ?? document.map else {
      throw source.error(InputError(path: "", found: "no map", expected: "a cluster with a map, or a plan for it"))
    }
    let report = try console.stage("judging") {
      try document.judged(map, plan, in: source, threads: options.threadCount)
    }
    // What the plan says of the fewest moves is its own claim, so it is not repeated here.
    let movement = plan.map { _ in ReportWriter.Movement(movesLowerBound: nil) }
    try console.stage("writing") { try JudgedReport.write(report, map.header, movement, to: outputPath) }
    console.summarize {
      "\(plan == nil ? "the map" : "the plan") of \(document.cluster.settings.partitionCount) partitions on "
        + "\(document.cluster.nodes.count) nodes, revision \(map.header.revision)\n"
        + ReportSummary.text(report, movement: movement) + ReportSummary.costs(console)
    } json: { writer in
      ReportWriter.writeSummary(report, movement: movement, to: &writer)
      writer.member("findings", report.findings.count + report.moreFindings)
      ReportSummary.writeCosts(console, to: &writer)
    }
    return report.meetsHardRules && !report.findings.contains { $0.rule.hasPrefix("summary.") }
  }
}
