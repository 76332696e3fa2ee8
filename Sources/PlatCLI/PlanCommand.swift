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

  @Option(name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Where the plan goes.", valueName: "plan"))
  var outputPath: String?

  @Option(help: "What to do; chosen from the document if left out.")
  var operation: Operation?

  @Option(
    name: .customLong("to"),
    help: ArgumentHelp(
      "A cluster or plan document: restore-back goes to its map, cancel knows by it what was under way.",
      valueName: "document"))
  var toPath: String?

  @OptionGroup var options: GlobalOptions

  func validate() throws {
    if clusterPath == "-" && toPath == "-" { throw ValidationError("only one document can come from standard input") }
    if operation == .restoreBack && toPath == nil { throw ValidationError("restore-back needs a map to go back to: --to") }
    if toPath != nil && operation != .restoreBack && operation != .cancel {
      throw ValidationError("--to goes with --operation restore-back or cancel")
    }
  }

  mutating func run(_ console: Console) throws -> Bool {
    let (source, read) = try console.stage("reading") {
      let source = try FileInput.read(clusterPath)
      return (source, try ClusterReader.readAny(source))
    }
    var planOptions = PlanOptions()
    planOptions.operation = operation
    planOptions.threads = options.threadCount
    guard case .one(let document) = read else {
      guard case .several(let document) = read else { return false }
      return try Groups.plan(source, document, planOptions, to: outputPath, console)
    }
    if let toPath {
      let earlier = try console.stage("reading") {
        try EarlierMaps.read(FileInput.read(toPath), for: document.cluster)
      }
      planOptions.to = operation == .restoreBack ? earlier.mapBefore ?? earlier.map : earlier.map
    }
    let (dense, planned) = try console.stage("planning") {
      try source.locatingErrors {
        let dense = try DenseCluster(document.cluster)
        return (dense, try Planner.plan(dense, from: document.map?.placement, options: planOptions))
      }
    }
    let report = try console.stage("judging") {
      try Judge.judge(dense, map: planned.target, from: document.mapBefore(), threads: options.threadCount)
    }
    let plan = PlanDocument(planned, for: document)
    try console.stage("writing") {
      var writer = JSONWriter(capacityBytes: PlanWriter.estimatedBytes(plan, of: document.cluster), for: outputPath)
      PlanWriter.write(
        plan, of: document.cluster, report: report, movesLowerBound: planned.movesLowerBound,
        movesWeightLowerBound: planned.movesWeightLowerBound, to: &writer)
      try writer.write(to: outputPath)
    }
    let movement = ReportWriter.Movement(planned)
    console.summarize {
      heading(plan, of: document) + ReportSummary.text(report, movement: movement) + ReportSummary.costs(console)
        + (planned.movesHeldBack > 0 ? "  held back by moveBudget: \(planned.movesHeldBack) moves\n" : "")
        + "  memory of the plan: \(planned.peakBytes >> 10) KiB\n"
    } json: { writer in
      ReportWriter.writeSummary(report, movement: movement, to: &writer)
      writer.member("findings", report.findings.count + report.moreFindings)
      ReportSummary.writeCosts(console, to: &writer)
      if planned.movesHeldBack > 0 { writer.member("movesHeldBack", planned.movesHeldBack) }
      writer.member("planBytes", Int(planned.peakBytes))
    }
    return planned.isMet(report)
  }

  private func heading(_ plan: PlanDocument, of document: ClusterDocument) -> String {
    let cluster = document.cluster
    return "\(plan.operation) of \(cluster.settings.partitionCount) partitions on \(cluster.nodes.count) nodes, "
      + (plan.map.header.basedOn.map { "revision \($0) to \(plan.map.header.revision)" } ?? "a fresh map") + "\n"
  }
}
