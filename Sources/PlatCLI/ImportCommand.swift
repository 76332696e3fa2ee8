import ArgumentParser
import PlatEngine
import PlatFormats

/// `plat import`: another system's document becomes a cluster document.
struct ImportCommand: PlatCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Make a cluster document from another system's document.",
    discussion: """
      plat: a cluster document, JSON or binary, as the other: -o cluster.plat. couchbase: a bucket configuration; server \
      groups become the level zone. kafka: a reassignment document; each topic becomes a map, with as many replicas as it \
      has; with --racks, racks become the level rack. The document as it was travels along, so that an export loses nothing.
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

  @Option(
    name: .customLong("replication"),
    help: ArgumentHelp(
      "kafka: so many replicas of every partition; if left out, as many as each has.", valueName: "count"))
  var replication: Int?

  @Option(help: "At most one replica in each zone or rack: automatic is hard where there are enough, else soft.")
  var rule = ImportedRule.automatic

  @OptionGroup var options: GlobalOptions

  var files: CommandFiles { CommandFiles(reads: [path, racksPath], writes: [outputPath]) }

  func validate() throws {
    guard racksPath == nil || system == .kafka else { throw ValidationError("--racks is for kafka only") }
    guard replication == nil || system == .kafka else { throw ValidationError("--replication is for kafka only") }
    if let replication, !(1...Limits.nodes).contains(replication) {
      throw ValidationError("--replication takes 1 to \(Limits.nodes) replicas, not \(replication)")
    }
    try FileInput.refuseTwoFromStandardInput(path, racksPath)
  }

  mutating func run(_ console: Console) throws -> Bool {
    let imported = try console.stage("reading") {
      let source = try FileInput.read(path)
      return try system.read(
        source, racks: racksPath.map { try FileInput.read($0) }, options: .init(rule: rule, replication: replication))
    }
    for warning in imported.warnings { console.warn(warning) }
    try console.stage("writing") {
      let writer = imported.document.writer(for: outputPath)
      try writer.write(to: outputPath)
    }
    return true
  }
}
