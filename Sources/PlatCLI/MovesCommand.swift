import ArgumentParser
import PlatEngine
import PlatFormats

/// `plat moves`: the bare difference between a cluster's map and a plan's.
struct MovesCommand: PlatCommand {
  static let configuration = CommandConfiguration(
    commandName: "moves", abstract: "Tell what differs between a cluster's map and a plan's.")

  @OptionGroup var documents: ClusterAndPlan

  @Option(
    name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Where the moves go.", valueName: "moves"))
  var outputPath: String?

  @OptionGroup var options: GlobalOptions

  var files: CommandFiles { CommandFiles(reads: documents.paths, writes: [outputPath]) }

  mutating func run(_ console: Console) throws -> Bool {
    let (source, read) = try console.stage("reading") { try documents.readAny() }
    let parts = try console.stage("comparing") {
      try source.locatingErrors {
        try read.maps().map { map, change in
          var difference = Difference(change.cluster, from: change.current, to: change.target)
          return MovesWriter.Part(map, changes: difference.changes())
        }
      }
    }
    let counts = try console.stage("writing") {
      let changes = parts.reduce(0) { $0 + $1.changes.count }
      var writer = JSONWriter(capacityBytes: (changes + 64) * 80)
      let counts = MovesWriter.write(parts, into: &writer)
      try writer.write(to: outputPath)
      return counts
    }
    console.summarize {
      "moves         \(counts.moves)\nrole changes  \(counts.roleChanges)\nremovals      \(counts.removals)\n"
    } json: { writer in
      writer.member("moves", counts.moves)
      writer.member("roleChanges", counts.roleChanges)
      writer.member("removals", counts.removals)
    }
    return true
  }
}
