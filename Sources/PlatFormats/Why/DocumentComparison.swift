import PlatEngine

/// Two documents, clusters or plans, side by side: both with one map, or both with several.
public enum DocumentComparison: Sendable {
  case one(MapComparison)
  case several(GroupComparison)

  /// Rules are judged where the cluster is known: `cluster`, or whichever of the two is one.
  package init(
    _ a: DocumentSource, _ b: DocumentSource, cluster: DocumentSource?, interrupt: Interrupt? = nil
  ) throws {
    let areSeveral = try NamedMap.hasSeveral(a)
    guard try NamedMap.hasSeveral(b) == areSeveral else {
      throw b.error(
        InputError(
          path: areSeveral ? "map" : "maps", found: areSeveral ? "one map" : "several maps",
          expected: areSeveral ? "several maps, as in the first document" : "one map, as in the first document"))
    }
    if areSeveral {
      let sides = try GroupComparison.sides(a, b, cluster: cluster, interrupt: interrupt)
      self = .several(try GroupComparison(sides.a, sides.b, interrupt: interrupt))
    } else {
      let sides = try MapComparison.sides(a, b, cluster: cluster, interrupt: interrupt)
      self = .one(try MapComparison(sides.a, sides.b, interrupt: interrupt))
    }
  }

  public var areSame: Bool {
    switch self {
    case .one(let comparison): comparison.areSame
    case .several(let comparison): comparison.areSame
    }
  }

  /// Lines for people.
  public var text: String {
    switch self {
    case .one(let comparison): comparison.text
    case .several(let comparison): comparison.text
    }
  }

  package func write(to writer: inout JSONWriter) {
    switch self {
    case .one(let comparison): comparison.write(to: &writer)
    case .several(let comparison): comparison.write(to: &writer)
    }
  }
}

extension GroupComparison {
  fileprivate static func sides(
    _ a: DocumentSource, _ b: DocumentSource, cluster: DocumentSource?, interrupt: Interrupt?
  ) throws -> (a: Side, b: Side) {
    func group(_ source: DocumentSource) throws -> GroupDocument {
      guard case .several(let document) = try ClusterReader.readAny(source) else {
        throw source.error(
          InputError(path: "map", found: "one map", expected: "several maps, as in the documents compared"))
      }
      return document
    }
    let sources = [a, b]
    let clusters = try sources.map { try NamedMap.isCluster($0) ? try group($0) : nil }
    let known = try cluster.map(group) ?? clusters.lazy.compactMap(\.self).first
    func side(_ index: Int) throws -> Side {
      try sources[index].locatingErrors {
        if let own = clusters[index] { return try Side(own.everyMap(), of: own.group, interrupt: interrupt) }
        if let known {
          do {
            return try Side(
              GroupPlanReader.read(sources[index], for: known).maps, of: known.group, interrupt: interrupt)
          } catch let error as DocumentError
            where cluster == nil && error.reason != .cancelled && error.reason != .outOfMemory
          {
            // A plan for another cluster, or others of its maps, still has maps; what is no plan is refused again.
          }
        }
        let maps = try NamedMap.readAll(sources[index]).members
        guard !maps.isEmpty else { throw InputError(path: "maps", found: "no maps", expected: "one at least") }
        return try Side(maps, interrupt: interrupt)
      }
    }
    return (try side(0), try side(1))
  }
}
