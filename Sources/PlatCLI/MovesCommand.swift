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
    let parts = try console.stage("comparing") { try source.locatingErrors { try self.parts(read) } }
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

  /// What changes in each map.
  private func parts(_ read: AnyClusterAndPlan) throws -> [MovesWriter.Part] {
    func part(_ name: String?, _ document: ClusterDocument, _ plan: PlanDocument, _ dense: DenseCluster)
      -> MovesWriter.Part
    {
      var difference = Difference(dense, from: document.map?.placement, to: plan.map.placement)
      return MovesWriter.Part(
        name: name, changes: difference.changes(), cluster: document.cluster, from: document.map?.header.revision ?? 0,
        to: plan.map.header.revision)
    }
    switch read {
    case .one(let document, let plan): return [part(nil, document, plan, try DenseCluster(document.cluster))]
    case .several(let document, let plan):
      let dense = try DenseGroup(document.group)
      return document.maps.indices.map { index in
        part(document.group.members[index].name, document.document(index), plan.plans[index], dense.clusters[index])
      }
    }
  }
}
