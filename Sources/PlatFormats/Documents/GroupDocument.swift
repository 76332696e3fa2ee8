import PlatEngine

/// A cluster document with `map`, or with `maps`.
public enum AnyClusterDocument: Sendable {
  case one(ClusterDocument)
  case several(GroupDocument)
}

extension AnyClusterDocument {
  /// The document; one of several maps is never binary.
  package func writer(isBinary: Bool, allowance: Allowance = .unlimited) -> JSONWriter {
    switch self {
    case .one(let document):
      var writer = JSONWriter(
        capacityBytes: ClusterWriter.estimatedBytes(document), isBinary: isBinary, allowance: allowance)
      ClusterWriter.write(document, to: &writer)
      return writer
    case .several(let document):
      var writer = JSONWriter(
        capacityBytes: GroupWriter.estimatedBytes(document.maps, of: document), allowance: allowance)
      GroupWriter.write(document, to: &writer)
      return writer
    }
  }

  /// The document, for a file at `path`; nil: standard output.
  package func writer(for path: String?) -> JSONWriter { writer(isBinary: JSONWriter.isBinary(path)) }
}

/// A cluster document with several maps on the same nodes.
public struct GroupDocument: Sendable {
  public var group: ClusterGroup
  /// The current map of each; nil: it is fresh.
  public var maps: [MapDocument?]

  public init(group: ClusterGroup, maps: [MapDocument?]) {
    self.group = group
    self.maps = maps
  }

  /// One map, as if it were alone.
  public func document(_ index: Int) -> ClusterDocument {
    ClusterDocument(cluster: group.cluster(index), map: maps[index])
  }

  public func index(of name: String) -> Int? { group.members.firstIndex { $0.name == name } }

  /// The map that a question is about: the one of this name, or the only one.
  package func index(asked name: String?) throws(InputError) -> Int {
    let names = group.members.map(\.name)
    guard let name = name ?? (names.count == 1 ? names[0] : nil) else { throw GroupReader.ambiguous(names) }
    guard let index = index(of: name) else { throw GroupReader.unknown(name, names) }
    return index
  }

  /// The current maps; throws where one is fresh.
  package func everyMap() throws(InputError) -> [MapDocument] {
    if let index = maps.firstIndex(where: { $0 == nil }) {
      throw InputError(path: "maps[\(index)]", found: "no map", expected: "a cluster with every map")
    }
    return maps.compactMap { $0 }
  }

  /// The maps that a plan is made from: for fresh ones such that say nothing of any partition.
  package func mapsBefore() throws(PlatError) -> [PlacementMap] {
    var result: [PlacementMap] = []
    for index in maps.indices { result.append(try document(index).mapBefore()) }
    return result
  }
}

/// A plan document for several maps.
public struct GroupPlanDocument: Sendable {
  public var operation: String
  /// Map for map, as in the cluster's document: each as a plan by itself, with its claims and its certificate.
  public var plans: [PlanDocument]
  /// What the summary of all together says. Not to be relied on.
  public var sumClaims: [SummaryFigure]
  /// The findings about sums as they were written, without white space; nil where there are none.
  public var findings: [UInt8]?
  /// Of operation, bounds, and the maps' names and digests.
  public var digest: UInt32?
  public var extensions: [Extension]

  public var maps: [MapDocument] { plans.map(\.map) }

  public init(
    operation: String, plans: [PlanDocument], sumClaims: [SummaryFigure] = [], extensions: [Extension] = []
  ) {
    self.operation = operation
    self.plans = plans
    self.sumClaims = sumClaims
    self.extensions = extensions
  }

  /// The plan that the planner made, with its certificates. O(P · R).
  public init(_ plan: GroupPlan, for document: GroupDocument) {
    let plans = plan.plans.enumerated().map { index, planned in
      var one = PlanDocument(planned, for: document.document(index))
      one.operation = plan.operation.rawValue
      one.certificate = PlanCertificate(planned, of: one, cluster: document.group.cluster(index))
      return one
    }
    self.init(operation: plan.operation.rawValue, plans: plans, extensions: document.group.shared.extensions)
    digest = digestNow(
      document, bounds: PlanCertificate.bounds(Rational(plan.movesLowerBound), plan.movesWeightLowerBound))
  }

  /// The digest that the plan has; the bounds as its summary says them.
  func digestNow(_ document: GroupDocument, bounds: String) -> UInt32 {
    var crc = Digest.crc32("\(operation) \(bounds)".utf8)
    for (member, plan) in zip(document.group.members, plans) {
      crc = Digest.crc32(" \(member.name) \(CertificateWriter.text(plan.certificate?.digest ?? 0))".utf8, from: crc)
    }
    return crc
  }
}
