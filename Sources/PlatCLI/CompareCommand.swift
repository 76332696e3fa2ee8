import ArgumentParser
import PlatEngine
import PlatFormats

/// `plat compare`: two maps side by side.
struct CompareCommand: PlatCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Set two maps side by side: clusters' maps or plans' targets.",
    discussion: """
      Rules are judged where the cluster is known: that of --cluster, or whichever of the two documents is one.
      """)

  @Argument(help: ArgumentHelp("A cluster document or a plan; - for standard input.", valueName: "a"))
  var pathA: String

  @Argument(help: ArgumentHelp("Another.", valueName: "b"))
  var pathB: String

  @Option(name: .customLong("cluster"), help: ArgumentHelp("The cluster document that plans are for.", valueName: "cluster"))
  var clusterPath: String?

  @Option(name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Where the comparison goes.", valueName: "file"))
  var outputPath: String?

  @OptionGroup var options: GlobalOptions

  func validate() throws {
    try FileInput.refuseTwoFromStandardInput(pathA, pathB, clusterPath)
  }

  mutating func run(_ console: Console) throws -> Bool {
    let (a, b) = try console.stage("reading") {
      let sources = try [pathA, pathB].map { try FileInput.read($0) }
      let clusters = try sources.map { try NamedMap.isCluster($0) ? try ClusterReader.read($0) : nil }
      let known = try clusterPath.map { try ClusterReader.read(FileInput.read($0)) } ?? clusters.lazy.compactMap(\.self).first
      return (try side(sources[0], clusters[0], known), try side(sources[1], clusters[1], known))
    }
    let comparison = try console.stage("comparing") { try MapComparison(a, b) }
    try console.stage("writing") {
      var writer = JSONWriter()
      comparison.write(to: &writer)
      try writer.write(to: outputPath)
    }
    console.summarize { comparison.text } json: { writer in
      writer.key("same")
      writer.bool(comparison.areSame)
      ReportSummary.writeCosts(console, to: &writer)
    }
    return true
  }

  private func side(
    _ source: DocumentSource, _ cluster: ClusterDocument?, _ known: ClusterDocument?
  ) throws -> MapComparison.Side {
    try source.locatingErrors {
      if let cluster {
        guard let map = NamedMap(cluster) else {
          throw InputError(path: "map", found: "a fresh cluster, without a map", expected: "a map to compare")
        }
        return try MapComparison.Side(map, cluster: cluster.cluster)
      }
      if let known {
        do {
          let plan = try PlanReader.read(source, for: known)
          return try MapComparison.Side(NamedMap(plan.map, of: known.cluster), cluster: known.cluster)
        } catch let error as DocumentError where clusterPath == nil {
          // A plan for another cluster, or another of its maps, still has a map; what is no plan is refused again.
          _ = error
        }
      }
      return try MapComparison.Side(NamedMap.read(source), cluster: nil)
    }
  }
}
