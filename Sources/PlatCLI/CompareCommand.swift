import ArgumentParser
import PlatEngine
import PlatFormats

/// `plat compare`: two maps side by side.
struct CompareCommand: PlatCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Set two maps side by side: clusters' maps or plans' targets.",
    discussion: """
      Documents of several maps are compared map by map, by name, and all together. Rules are judged where the cluster is known: that of --cluster, or whichever of the two documents is one.
      """)

  @Argument(help: ArgumentHelp("A cluster document or a plan; - for standard input.", valueName: "a"))
  var pathA: String

  @Argument(help: ArgumentHelp("Another.", valueName: "b"))
  var pathB: String

  @Option(
    name: .customLong("cluster"), help: ArgumentHelp("The cluster document that plans are for.", valueName: "cluster"))
  var clusterPath: String?

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("Where the comparison goes.", valueName: "file"))
  var outputPath: String?

  @OptionGroup var options: GlobalOptions

  var files: CommandFiles { CommandFiles(reads: [pathA, pathB, clusterPath], writes: [outputPath]) }

  func validate() throws {
    try FileInput.refuseTwoFromStandardInput(pathA, pathB, clusterPath)
  }

  mutating func run(_ console: Console) throws -> Bool {
    let sources = try console.stage("reading") { try [pathA, pathB].map { try FileInput.read($0) } }
    let comparison = try console.stage("comparing") {
      try DocumentComparison(sources[0], sources[1], cluster: clusterPath.map { try FileInput.read($0) })
    }
    try console.stage("writing") {
      var writer = JSONWriter()
      comparison.write(to: &writer)
      try writer.write(to: outputPath)
    }
    console.summarize {
      comparison.text
    } json: { writer in
      writer.key("same")
      writer.bool(comparison.areSame)
      ReportSummary.writeCosts(console, to: &writer)
    }
    return true
  }
}
