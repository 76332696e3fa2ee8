/// A validated group of maps: a dense cluster for each, which share what is about nodes.
///
/// Maps whose settings are equal are of one *kind*: what nodes are due is the same for all of them.
public struct DenseGroup: Sendable {
  public let group: ClusterGroup
  public let clusters: [DenseCluster]
  /// Of each map; kinds are numbered as they first come.
  let kindOfMap: [Int]
  /// The maps of each kind, ascending.
  let mapsOfKind: [[Int]]
  /// Nil where the partitions of each map are all of one size.
  public let weights: GroupWeights?

  public var nodeCount: Int { clusters.first?.nodeCount ?? group.shared.nodes.count }

  /// O(maps · N + N · levels), and the comparison of each map's settings with each kind of its size. The paths of
  /// errors are those of the cluster document.
  ///
  /// A node's capacity is for all maps together, and each has a part of it: `SharedCapacities`.
  public init(_ group: ClusterGroup) throws(InputError) {
    try Self.checkLimits(group)
    self.group = group
    var kinds: [Int: [Int]] = [:]  // by number of partitions; looked up only
    var kindOfMap: [Int] = []
    var mapsOfKind: [[Int]] = []
    for (index, member) in group.members.enumerated() {
      let known = kinds[member.settings.partitionCount] ?? []
      if let kind = known.first(where: { group.members[mapsOfKind[$0][0]].settings == member.settings }) {
        kindOfMap.append(kind)
        mapsOfKind[kind].append(index)
      } else {
        kinds[member.settings.partitionCount] = known + [mapsOfKind.count]
        kindOfMap.append(mapsOfKind.count)
        mapsOfKind.append([index])
      }
    }
    (self.kindOfMap, self.mapsOfKind) = (kindOfMap, mapsOfKind)

    var clusters: [DenseCluster] = []
    clusters.reserveCapacity(group.members.count)
    for index in group.members.indices {
      do throws(InputError) {
        let cluster = group.cluster(index)
        let first: DenseCluster
        if let known = clusters.first { first = known } else { first = try DenseCluster(cluster) }
        let isKnown = mapsOfKind[kindOfMap[index]][0] < index
        clusters.append(try DenseCluster(cluster, sharing: first, hasKnownSettings: isKnown))
      } catch {
        throw InputError(path: Self.path(error.path, ofMap: index), found: error.found, expected: error.expected)
      }
    }
    if let first = clusters.first, group.shared.nodes.contains(where: { $0.capacity != nil }) {
      let kinds = mapsOfKind.map { SharedCapacities.Kind(clusters[$0[0]], maps: $0.count) }
      let parts = SharedCapacities.parts(kinds, group.shared, levels: first.levels)
      for index in clusters.indices { clusters[index] = clusters[index].with(part: parts[kindOfMap[index]]) }
    }
    self.clusters = clusters
    weights = try GroupWeights(clusters)
  }

  /// The same with other views of its maps.
  init(_ other: DenseGroup, clusters: [DenseCluster]) {
    (group, kindOfMap, mapsOfKind, weights) = (other.group, other.kindOfMap, other.mapsOfKind, other.weights)
    self.clusters = clusters
  }

  private static func checkLimits(_ group: ClusterGroup) throws(InputError) {
    guard group.members.count <= Limits.maps else {
      throw InputError(path: "maps", found: "\(group.members.count) maps", expected: "at most \(Limits.maps)")
    }
    guard group.members.count * max(group.shared.nodes.count, 1) <= Limits.mapCells else {
      throw InputError(
        path: "maps", found: "\(group.members.count) maps on \(group.shared.nodes.count) nodes",
        expected: "at most \(Limits.mapCells) pairs of a map and a node")
    }
    var names = Set<String>()
    var slots = 0
    for (index, member) in group.members.enumerated() {
      guard names.insert(member.name).inserted else {
        throw InputError(path: "maps[\(index)].name", found: "\(member.name) a second time", expected: "each map once")
      }
      let (count, overflow) = member.settings.partitionCount.multipliedReportingOverflow(
        by: member.settings.constraints.reduce(0) { $0 &+ min(max($1, 0), Limits.nodes) })
      slots += overflow ? Limits.slots : min(count, Limits.slots)
    }
    guard slots <= Limits.slots else {
      throw InputError(
        path: "maps", found: "\(slots) replicas or more", expected: "at most \(Limits.slots) in all maps")
    }
  }

  /// A path that one map's cluster names, in the document of all.
  private static func path(_ path: String, ofMap index: Int) -> String {
    ["settings", "map", "weights"].contains { path == $0 || path.hasPrefix("\($0).") } ? "maps[\(index)].\(path)" : path
  }
}
