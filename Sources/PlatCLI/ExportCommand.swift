import ArgumentParser
import PlatEngine
import PlatFormats

/// `plat export`: a map in the words of another system.
struct ExportCommand: PlatCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a plan's target, or a cluster's map, as another system's document.",
    discussion: """
      plat: a binary document of any kind as JSON. couchbase: a plan's target becomes vBucketMapForward beside the \
      vBucketMap that was imported, a cluster's map becomes vBucketMap. kafka: either becomes a reassignment document, of \
      all maps or of the one that --map names.
      """)

  @Argument(help: "Whose document it becomes.")
  var system: ForeignSystem

  @Argument(help: ArgumentHelp("The plan, or a cluster document; - for standard input.", valueName: "plan"))
  var path: String

  @Option(
    name: .customLong("map"), help: ArgumentHelp("Which map, where the document has several.", valueName: "name"))
  var mapName: String?

  @Option(name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Where it goes.", valueName: "file"))
  var outputPath: String?

  @OptionGroup var options: GlobalOptions

  var files: CommandFiles { CommandFiles(reads: [path], writes: [outputPath]) }

  func validate() throws {
    if system == .plat && mapName != nil { throw ValidationError("--map goes with couchbase and kafka") }
  }

  mutating func run(_ console: Console) throws -> Bool {
    let source = try console.stage("reading") { try FileInput.read(path) }
    if system == .plat {
      let expanded = try source.expanded()
      try console.stage("writing") {
        try AtomicFileOutput.write(UnsafeRawBufferPointer(expanded.unsafeBytes), to: outputPath)
      }
      return true
    }
    try source.locatingErrors {
      let maps = try console.stage("reading") { try NamedMaps.read(source, named: mapName) }
      try console.stage("writing") {
        var writer = JSONWriter(capacityBytes: source.sizeBytes)
        try system.write(maps, to: &writer)
        try writer.write(to: outputPath)
      }
    }
    return true
  }
}
