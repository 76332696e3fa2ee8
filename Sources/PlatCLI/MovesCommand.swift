import ArgumentParser
import PlatEngine
import PlatFormats

/// `plat moves`: the bare difference between a cluster's map and a plan's.
struct MovesCommand: PlatCommand {
  static let configuration = CommandConfiguration(
    commandName: "moves", abstract: "Tell what differs between a cluster's map and a plan's.")

  @OptionGroup var documents: ClusterAndPlan

  @Option(name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Where the moves go.", valueName: "moves"))
  var outputPath: String?

  @OptionGroup var options: GlobalOptions

  mutating func run(_ console: Console) throws -> Bool {
    let (source, document, plan) = try console.stage("reading") { try documents.read() }
    let dense = try source.locatingErrors { try DenseCluster(document.cluster) }
    let changes = console.stage("comparing") {
      var difference = Difference(dense, from: document.map?.placement, to: plan.map.placement)
      return difference.changes()
    }
    let counts = try console.stage("writing") {
      var writer = JSONWriter(capacityBytes: (changes.count + 64) * 80)
      let counts = MovesWriter.write(
        changes, of: document.cluster, from: document.map?.header.revision ?? 0, to: plan.map.header.revision, into: &writer)
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
