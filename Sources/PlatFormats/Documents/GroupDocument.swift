import PlatEngine

/// A cluster document with `map`, or with `maps`.
public enum AnyClusterDocument: Sendable {
  case one(ClusterDocument)
  case several(GroupDocument)
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
  /// Map for map, as in the cluster's document.
  public var maps: [MapDocument]
  /// What the summaries say: of each map, and of all together. Not to be relied on.
  public var claims: [[SummaryFigure]]
  public var sumClaims: [SummaryFigure]
  public var extensions: [Extension]

  public init(
    operation: String, maps: [MapDocument], claims: [[SummaryFigure]] = [], sumClaims: [SummaryFigure] = [],
    extensions: [Extension] = []
  ) {
    self.operation = operation
    self.maps = maps
    self.claims = claims
    self.sumClaims = sumClaims
    self.extensions = extensions
  }

  public init(_ plan: GroupPlan, _ operation: Operation, for document: GroupDocument) {
    self.init(
      operation: operation.rawValue,
      maps: plan.plans.enumerated().map { index, plan in
        let current = document.maps[index]?.header.revision
        return MapDocument(
          header: MapHeader(kind: .target, revision: (current ?? 0) + 1, basedOn: current), placement: plan.target)
      }, extensions: document.group.shared.extensions)
  }
}
