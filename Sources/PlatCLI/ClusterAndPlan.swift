import ArgumentParser
import PlatFormats

/// The arguments of commands about a cluster and a plan for it.
struct ClusterAndPlan: ParsableArguments {
  @Argument(help: ArgumentHelp("The cluster document; - for standard input.", valueName: "cluster"))
  var clusterPath: String

  @Argument(help: ArgumentHelp("A plan for the cluster; - for standard input.", valueName: "plan"))
  var planPath: String

  func validate() throws { try FileInput.refuseTwoFromStandardInput(clusterPath, planPath) }

  /// Of one map.
  func read() throws -> (source: DocumentSource, document: ClusterDocument, plan: PlanDocument) {
    let source = try FileInput.read(clusterPath)
    let document = try ClusterReader.read(source)
    return (source, document, try PlanReader.read(FileInput.read(planPath), for: document))
  }
}

extension FileInput {
  /// `paths`: those of documents that a command reads; nil where one is left out.
  static func refuseTwoFromStandardInput(_ paths: String?...) throws {
    if paths.count(where: { $0 == "-" }) > 1 { throw ValidationError("only one document can come from standard input") }
  }
}
