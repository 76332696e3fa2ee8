import ArgumentParser
import PlatEngine
import PlatFormats

extension Operation: ExpressibleByArgument {}

/// `plat plan`: the next map of a cluster.
struct PlanCommand: PlatCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Plan the next map of a cluster, with the fewest moves.")

  @Argument(help: ArgumentHelp("The cluster document; - for standard input.", valueName: "cluster"))
  var clusterPath: String

  @Option(
    name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Where the plan goes.", valueName: "plan"))
  var outputPath: String?

  @Option(help: "What to do; chosen from the document if left out.")
  var operation: Operation?

  @Option(
    name: .customLong("to"),
    help: ArgumentHelp(
      "A cluster or plan document: restore-back goes to its map or maps, cancel knows by it what was under way.",
      valueName: "document"))
  var toPath: String?

  @OptionGroup var options: GlobalOptions

  var files: CommandFiles { CommandFiles(reads: [clusterPath, toPath], writes: [outputPath]) }

  func validate() throws {
    try FileInput.refuseTwoFromStandardInput(clusterPath, toPath)
    if operation == .restoreBack && toPath == nil {
      throw ValidationError("restore-back needs a map to go back to: --to")
    }
    if toPath != nil && operation != .restoreBack && operation != .cancel {
      throw ValidationError("--to goes with --operation restore-back or cancel")
    }
  }

  mutating func run(_ console: Console) throws -> Bool {
    let (source, read) = try console.stage("reading") {
      let source = try FileInput.read(clusterPath)
      return (source, try source.readingFaults { source throws(DocumentError) in try ClusterReader.readAny(source) })
    }
    var planOptions = PlanOptions()
    planOptions.operation = operation
    planOptions.threads = options.threadCount
    let planned = try PlannedDocument(read, of: source, to: toPath, options: planOptions, stages: console)
    try console.stage("writing") {
      let writer = planned.writer(for: outputPath)
      try writer.write(to: outputPath)
    }
    switch planned {
    case .one(let document, let made, let report, let plan):
      let movement = ReportWriter.Movement(made)
      console.summarize {
        heading(plan, of: document) + ReportSummary.text(report, movement: movement) + ReportSummary.costs(console)
          + (made.movesHeldBack > 0 ? "  held back by moveBudget: \(made.movesHeldBack) moves\n" : "")
          + "  memory of the plan: \(made.peakBytes >> 10) KiB\n"
      } json: { writer in
        ReportWriter.writeSummary(report, movement: movement, to: &writer)
        writer.member("findings", planned.findings)
        ReportSummary.writeCosts(console, to: &writer)
        if made.movesHeldBack > 0 { writer.member("movesHeldBack", made.movesHeldBack) }
        writer.member("planBytes", Int(made.peakBytes))
      }
    case .several(let document, let made, let report, let plan):
      let movement = ReportWriter.Movement(made)
      Groups.summarize(report, "\(plan.operation) of", document, movement, console, heldBack: made.movesHeldBack)
    }
    return planned.isMet
  }

  private func heading(_ plan: PlanDocument, of document: ClusterDocument) -> String {
    let cluster = document.cluster
    return "\(plan.operation) of \(cluster.settings.partitionCount) partitions on \(cluster.nodes.count) nodes, "
      + (plan.map.header.basedOn.map { "revision \($0) to \(plan.map.header.revision)" } ?? "a fresh map") + "\n"
  }
}
