import ArgumentParser
import PlatEngine
import PlatFormats

/// `plat explain`: why a partition is where it is.
struct ExplainCommand: PlatCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Say why a partition's replicas are where they are, and what another node would mean.",
    usage: "plat explain [<cluster>] <plan> [--map <name>] --partition <name> [--node <name>] [-o <file>]",
    discussion: """
      A plan says who has what; the cluster that it was made from says why. So name both: plat explain CLUSTER PLAN, or \
      plat explain PLAN --cluster CLUSTER. With --node: what forbids that the node has it, or what it would cost.
      """)

  @Argument(help: ArgumentHelp("The cluster document, if it is there, and the plan.", valueName: "documents"))
  var paths: [String]

  @Option(
    name: .customLong("cluster"), help: ArgumentHelp("The cluster document that the plan is for.", valueName: "cluster")
  )
  var clusterPath: String?

  @Option(
    name: .customLong("map"), help: ArgumentHelp("Which map, where the documents have several.", valueName: "name"))
  var mapName: String?

  @Option(help: ArgumentHelp("The partition.", valueName: "name"))
  var partition: String

  @Option(help: ArgumentHelp("A node that does not have it.", valueName: "name"))
  var node: String?

  @Option(
    name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Where the answer goes.", valueName: "file"))
  var outputPath: String?

  @OptionGroup var options: GlobalOptions

  var files: CommandFiles { CommandFiles(reads: documents, writes: [outputPath]) }

  private var documents: [String] { (clusterPath.map { [$0] } ?? []) + paths }

  func validate() throws {
    guard (1...2).contains(documents.count) else {
      throw ValidationError("give the plan, and the cluster that it is for")
    }
    if documents.count == 2 { try FileInput.refuseTwoFromStandardInput(documents[0], documents[1]) }
    if documents.count == 1 && node != nil { throw ValidationError("--node needs the cluster, too") }
  }

  mutating func run(_ console: Console) throws -> Bool {
    guard documents.count == 2 else { return try explainAlone(console) }
    let sources = try console.stage("reading") { try documents.map { try FileInput.read($0) } }
    let answer = try console.stage("explaining") {
      try ExplanationDocument(cluster: sources[0], plan: sources[1], map: mapName, partition: partition, node: node)
    }
    var writer = JSONWriter()
    answer.write(to: &writer)
    try writer.write(to: outputPath)
    console.summarize {
      answer.text
    } json: {
      $0.member("replicas", answer.holderCount)
    }
    return true
  }

  private func explainAlone(_ console: Console) throws -> Bool {
    let source = try console.stage("reading") { try FileInput.read(documents[0]) }
    let map = try source.locatingErrors { try NamedMap.read(source, named: mapName) }
    let partition = try ExplanationDocument.partition(self.partition, count: map.placement.partitionCount)
    var writer = JSONWriter()
    ExplanationDocument.writeHolders(map, partition: partition, name: self.partition, mapName: mapName, to: &writer)
    try writer.write(to: outputPath)
    let name = self.partition
    console.summarize {
      ExplanationDocument.holdersText(map, partition: partition, name: name)
    } json: { _ in
    }
    return true
  }
}
