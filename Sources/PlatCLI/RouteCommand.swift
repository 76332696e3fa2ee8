import ArgumentParser
import PlatEngine
import PlatFormats

/// `plat route`: which partition a key is in, and who holds it.
struct RouteCommand: PlatCommand {
  static let configuration = CommandConfiguration(
    commandName: "route", abstract: "Tell the partition and the holders of keys, a JSON line each.",
    discussion:
      "Without keys, each line of standard input, or of --keys, is one. Keys that are no text are told as hex:….")

  @Argument(help: ArgumentHelp("The cluster document; - for standard input.", valueName: "cluster"))
  var clusterPath: String

  @Argument(help: ArgumentHelp("Keys.", valueName: "key"))
  var keys: [String] = []

  @Option(
    name: .customLong("map"), help: ArgumentHelp("Of a cluster with several maps, this one only.", valueName: "name"))
  var mapName: String?

  @Option(
    name: .customLong("keys"),
    help: ArgumentHelp("A file with a key on each line; - for standard input.", valueName: "file"))
  var keysPath: String?

  @Option(
    name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Where the lines go.", valueName: "file"))
  var outputPath: String?

  @OptionGroup var options: GlobalOptions

  var files: CommandFiles {
    CommandFiles(reads: [clusterPath, keys.isEmpty ? keysPath ?? "-" : nil], writes: [outputPath])
  }

  func validate() throws {
    if keysPath != nil && !keys.isEmpty { throw ValidationError("either --keys or keys") }
    if clusterPath == "-" && keys.isEmpty && keysPath ?? "-" == "-" {
      throw ValidationError("the cluster and the keys cannot both come from standard input")
    }
  }

  mutating func run(_ console: Console) throws -> Bool {
    let targets = try console.stage("reading") {
      let source = try FileInput.read(clusterPath)
      return try RouteWriter.targets(ClusterReader.readAny(source), named: mapName, source)
    }
    let input = keys.isEmpty ? try console.stage("reading keys") { try FileInput.read(keysPath ?? "-") } : nil
    let (keys, outputPath) = (keys, outputPath)
    try console.stage("routing") {
      var writer = RouteWriter(targets)
      if let input { writer.writeLines(of: input) }
      for var key in keys { key.withUTF8 { writer.write($0) } }
      try writer.finish(outputPath)
    }
    return true
  }
}
