import PlatEngine

extension MapComparison {
  /// Two documents, clusters or plans, as the sides of a comparison. Rules are judged where the cluster is known:
  /// `cluster`, or whichever of the two is one.
  package static func sides(
    _ a: DocumentSource, _ b: DocumentSource, cluster: DocumentSource?, interrupt: Interrupt? = nil
  ) throws -> (a: Side, b: Side) {
    let sources = [a, b]
    let clusters = try sources.map { try NamedMap.isCluster($0) ? try ClusterReader.read($0) : nil }
    let known = try cluster.map { try ClusterReader.read($0) } ?? clusters.lazy.compactMap(\.self).first
    func side(_ index: Int) throws -> Side {
      try sources[index].locatingErrors {
        if let own = clusters[index] {
          guard let map = NamedMap(own) else {
            throw InputError(path: "map", found: "a fresh cluster, without a map", expected: "a map to compare")
          }
          return try Side(map, cluster: own.cluster, interrupt: interrupt)
        }
        if let known {
          do {
            let plan = try PlanReader.read(sources[index], for: known)
            return try Side(NamedMap(plan.map, of: known.cluster), cluster: known.cluster, interrupt: interrupt)
          } catch let error as DocumentError
            where cluster == nil && error.reason != .cancelled && error.reason != .outOfMemory
          {
            // A plan for another cluster, or another of its maps, still has a map; what is no plan is refused again.
          }
        }
        return try Side(NamedMap.read(sources[index]), cluster: nil, interrupt: interrupt)
      }
    }
    return (try side(0), try side(1))
  }
}
