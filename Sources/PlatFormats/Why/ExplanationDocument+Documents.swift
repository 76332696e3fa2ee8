import PlatEngine

extension ExplanationDocument {
  /// Explains a partition of a plan by the documents of both, of one map or several. `map`: which, where there are
  /// several.
  package init(
    cluster source: DocumentSource, plan: DocumentSource, map name: String?, partition: String, node: String?,
    interrupt: Interrupt? = nil
  ) throws {
    switch try ClusterReader.readAny(source) {
    case .one(let document):
      guard name == nil else {
        throw source.error(
          InputError(path: "map", found: "one map without a name", expected: "several maps, one of them \(name!)"))
      }
      let cluster = document.cluster
      let plan = try PlanReader.read(plan, for: document)
      let partition = try Self.partition(partition, of: cluster)
      let node = try Self.node(node, of: cluster)
      self = try source.locatingErrors {
        try ExplanationDocument(
          Judge.explain(
            DenseCluster(cluster), map: plan.map.placement, from: document.map?.placement, partition: partition,
            node: node,
            interrupt: interrupt),
          of: cluster, node: node)
      }
    case .several(let document):
      let index = try source.locatingErrors { try document.index(asked: name) }
      let cluster = document.group.cluster(index)
      let plan = try GroupPlanReader.read(plan, for: document)
      let partition = try Self.partition(partition, of: cluster)
      let node = try Self.node(node, of: cluster)
      self = try source.locatingErrors {
        try ExplanationDocument(
          Judge.explain(
            DenseGroup(document.group), maps: plan.maps.map(\.placement), from: document.maps.map { $0?.placement },
            map: index,
            partition: partition, node: node, interrupt: interrupt),
          of: cluster, node: node, map: document.group.members[index].name)
      }
    }
  }

  package var holderCount: Int { explanation.holders.count }

  private static func node(_ name: String?, of cluster: Cluster) throws(InputError) -> Int? {
    guard let name else { return nil }
    guard let index = cluster.nodes.firstIndex(where: { $0.name == name }) else {
      throw InputError(path: "--node", found: name, expected: "a node of the cluster")
    }
    return index
  }

  private static func partition(_ name: String, of cluster: Cluster) throws(InputError) -> Int {
    try partition(name, ranges: cluster.ranges, count: cluster.settings.partitionCount)
  }

  /// The partition of a name: that of a range, or its number.
  package static func partition(_ name: String, ranges: KeyRanges = KeyRanges(), count: Int) throws(InputError) -> Int {
    if let index = ranges.index(named: name) { return index }
    if ranges.isEmpty, let index = Int(name), (0..<count).contains(index), "\(index)" == name { return index }
    throw InputError(
      path: "--partition", found: name,
      expected: ranges.isEmpty ? "the number of a partition, from 0 to \(count - 1)" : "the name of a partition")
  }
}
