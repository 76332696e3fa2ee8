import ArgumentParser
import PlatEngine
import PlatFormats

/// `plat import`: another system's document becomes a cluster document.
struct ImportCommand: PlatCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Make a cluster document from another system's document.",
    discussion: """
      plat: a cluster document, JSON or binary, as the other: -o cluster.plat. couchbase: a bucket configuration; server groups become the level zone. kafka: a reassignment document; with \
      --racks, racks become the level rack. The document as it was travels along, so that an export loses nothing.
      """)

  @Argument(help: "Whose document it is.")
  var system: ForeignSystem

  @Argument(help: ArgumentHelp("The document; - for standard input.", valueName: "file"))
  var path: String

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("Where the cluster goes.", valueName: "cluster"))
  var outputPath: String?

  @Option(
    name: .customLong("racks"),
    help: ArgumentHelp("kafka: the rack of each broker, {\"0\": \"rack-a\", …}.", valueName: "file"))
  var racksPath: String?

  @Option(help: "At most one replica in each zone or rack: automatic is hard where there are enough, else soft.")
  var rule = ImportedRule.automatic

  @OptionGroup var options: GlobalOptions

  func validate() throws {
    guard racksPath == nil || system == .kafka else { throw ValidationError("--racks is for kafka only") }
    try FileInput.refuseTwoFromStandardInput(path, racksPath)
  }

  mutating func run(_ console: Console) throws -> Bool {
    let imported = try console.stage("reading") {
      let source = try FileInput.read(path)
      return try system.read(source, racks: racksPath.map { try FileInput.read($0) }, rule: rule)
    }
    for warning in imported.warnings { console.warn(warning) }
    try console.stage("writing") {
      var writer = JSONWriter(capacityBytes: ClusterWriter.estimatedBytes(imported.document), for: outputPath)
      ClusterWriter.write(imported.document, to: &writer)
      try writer.write(to: outputPath)
    }
    return true
  }
}
