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

  /// What is to become of the map, or of each of several; of these the one of `name` alone, with what the others leave
  /// it of its nodes.
  func maps(named name: String? = nil) throws(InputError) -> [(map: MapRevisions, change: MapChange)] {
    func change(_ document: ClusterDocument, _ plan: PlanDocument, _ dense: DenseCluster, _ name: String? = nil)
      -> (map: MapRevisions, change: MapChange)
    {
      (
        MapRevisions(document, plan, name: name),
        MapChange(dense, from: document.map?.placement, to: plan.map.placement)
      )
    }
    switch try narrowed(to: name) {
    case .one(let document, let plan): return [change(document, plan, try DenseCluster(document.cluster))]
    case .several(let document, let plan):
      let dense = try DenseGroup(document.group)
      return document.maps.indices.map { index in
        change(document.document(index), plan.plans[index], dense.clusters[index], document.group.members[index].name)
      }
    }
  }

  /// What is carried out: the map, or all of several as one with all their partitions, map after map. `revision`: of
  /// the map, or of the latest.
  func simulated() throws -> (change: MapChange, maps: JoinedMaps?, revision: UInt64) {
    switch self {
    case .one:
      let one = try maps()[0]
      return (one.change, nil, one.map.from)
    case .several(let document, let plan):
      guard let maps = try JoinedMaps(DenseGroup(document.group)),
        let target = try maps.joined(plan.maps.map(\.placement))
      else {
        throw InputError(
          path: "maps", found: "maps with different models",
          expected: "maps of one model, or one of them: --map NAME")
      }
      let change = MapChange(maps.cluster, from: try maps.joined(document.maps.map { $0?.placement }), to: target)
      return (change, maps, document.maps.compactMap { $0?.header.revision }.max() ?? 0)
    }
  }

  /// The one map of `name`; nil: all that there are.
  func narrowed(to name: String?) throws(InputError) -> AnyClusterAndPlan {
    switch self {
    case .one:
      guard let name else { return self }
      throw InputError(path: "map", found: "one map without a name", expected: "several maps, one of them \(name)")
    case .several(let document, let plan):
      guard let name else { return self }
      let (one, itsPlan) = document.alone(try document.index(asked: name), in: plan)
      return .one(one, itsPlan)
    }
  }
}

/// Of documents with several maps, which one a command is about.
struct OneMap: ParsableArguments {
  @Option(
    name: .customLong("map"),
    help: ArgumentHelp(
      "Of documents with several maps, the one that is carried out, in the room that all others leave it; else all.",
      valueName: "name"))
  var name: String?
}

extension FileInput {
  /// `paths`: those of documents that a command reads; nil where one is left out.
  static func refuseTwoFromStandardInput(_ paths: String?...) throws {
    if paths.count(where: { $0 == "-" }) > 1 { throw ValidationError("only one document can come from standard input") }
  }
}
