import ArgumentParser
import PlatEngine
import PlatFormats

/// The arguments of commands about a cluster and a plan for it.
struct ClusterAndPlan: ParsableArguments {
  @Argument(help: ArgumentHelp("The cluster document; - for standard input.", valueName: "cluster"))
  var clusterPath: String

  @Argument(help: ArgumentHelp("A plan for the cluster; - for standard input.", valueName: "plan"))
  var planPath: String

  init() {}

  init(_ clusterPath: String, _ planPath: String) { (self.clusterPath, self.planPath) = (clusterPath, planPath) }

  func validate() throws { try FileInput.refuseTwoFromStandardInput(clusterPath, planPath) }

  var paths: [String] { [clusterPath, planPath] }

  /// The documents, of one map or of several.
  func readAny() throws -> (source: DocumentSource, documents: AnyClusterAndPlan) {
    let source = try FileInput.read(clusterPath)
    switch try source.readingFaults({ source throws(DocumentError) in try ClusterReader.readAny(source) }) {
    case .one(let document): return (source, .one(document, try document.readPlan(planPath)))
    case .several(let document): return (source, .several(document, try document.readPlan(planPath)))
    }
  }
}

extension ClusterDocument {
  /// A plan for it.
  func readPlan(_ path: String) throws -> PlanDocument {
    try FileInput.read(path).readingFaults { source throws(DocumentError) in try PlanReader.read(source, for: self) }
  }
}

extension GroupDocument {
  /// A plan for it.
  func readPlan(_ path: String) throws -> GroupPlanDocument {
    try FileInput.read(path).readingFaults { source throws(DocumentError) in try GroupPlanReader.read(source, for: self)
    }
  }
}

/// A cluster document with its plan.
enum AnyClusterAndPlan {
  case one(ClusterDocument, PlanDocument)
  case several(GroupDocument, GroupPlanDocument)

  /// One map with its plan: of several the one of this name, with what the others leave it of its nodes.
  func single(named name: String?) throws(InputError) -> (document: ClusterDocument, plan: PlanDocument) {
    switch self {
    case .one(let document, let plan):
      if let name {
        throw InputError(path: "map", found: "one map without a name", expected: "several maps, one of them \(name)")
      }
      return (document, plan)
    case .several(let document, let plan): return document.alone(try document.index(asked: name), in: plan)
    }
  }
}

/// Of documents with several maps, which one a command is about.
struct OneMap: ParsableArguments {
  @Option(
    name: .customLong("map"),
    help: ArgumentHelp(
      "Which map, where the documents have several: one at a time, in the room that all others leave it.",
      valueName: "name"))
  var name: String?
}

extension FileInput {
  /// `paths`: those of documents that a command reads; nil where one is left out.
  static func refuseTwoFromStandardInput(_ paths: String?...) throws {
    if paths.count(where: { $0 == "-" }) > 1 { throw ValidationError("only one document can come from standard input") }
  }
}
