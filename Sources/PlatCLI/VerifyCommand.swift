import ArgumentParser
import PlatEngine
import PlatFormats

/// `plat verify`: recounts a plan and checks its certificate, without planning anything.
struct VerifyCommand: PlatCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Recount a plan, and check the certificate of its lower bound.",
    discussion: """
      Everything that the plan says of itself is recounted: summary, findings, rules. The bound on moves is proved from \
      the certificate's prices, which solves nothing. Whatever in the plan was changed since it was made is found.
      """)

  @OptionGroup var documents: ClusterAndPlan

  @Option(
    name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Where the report goes.", valueName: "report"))
  var outputPath: String?

  @OptionGroup var options: GlobalOptions

  var files: CommandFiles { CommandFiles(reads: documents.paths, writes: [outputPath]) }

  mutating func run(_ console: Console) throws -> Bool {
    let (source, read) = try console.stage("reading") { try documents.readAny() }
    guard case .one(let document, let plan) = read else {
      guard case .several(let document, let plan) = read else { return false }
      return try Groups.verify(source, document, plan, to: outputPath, console)
    }
    let proof = try console.stage("verifying") {
      try source.locatingErrors { try PlanProof(plan, of: document, DenseCluster(document.cluster)) }
    }
    let movement = ReportWriter.Movement(
      movesLowerBound: proof.movesLowerBound, movesWeightLowerBound: proof.movesWeightLowerBound)
    try console.stage("writing") { try JudgedReport.write(proof.report, plan.map.header, movement, to: outputPath) }
    console.summarize {
      "the plan of \(document.cluster.settings.partitionCount) partitions on \(document.cluster.nodes.count) nodes, "
        + "revision \(plan.map.header.revision)\n" + ReportSummary.text(proof.report, movement: movement)
        + ReportSummary.certificate(proof.holds) + ReportSummary.costs(console)
    } json: { writer in
      ReportWriter.writeSummary(proof.report, movement: movement, to: &writer)
      writer.member("findings", proof.report.findings.count + proof.report.moreFindings)
      writer.key("holds")
      writer.bool(proof.holds)
      ReportSummary.writeCosts(console, to: &writer)
    }
    return proof.holds && proof.report.meetsHardRules
  }
}
