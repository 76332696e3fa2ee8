import PlatEngine

/// Two documents of several maps, side by side: each map of both, by name, and all together.
public struct GroupComparison: Sendable {
  /// The maps of one document on nodes that they share.
  public struct Side: Sendable {
    public let names: [String]
    public let maps: [MapComparison.Side]
    /// Over all its maps.
    public let sum: Report
    /// The cluster is known: rules are judged.
    public let isJudged: Bool

    /// The maps of a cluster, or of a plan for it.
    init(_ maps: [MapDocument], of group: ClusterGroup, interrupt: Interrupt?) throws {
      let clusters = group.members.indices.map { group.cluster($0) }
      try self.init(
        group.members.map(\.name), zip(maps, clusters).map { NamedMap($0, of: $1) }, clusters, in: group,
        interrupt: interrupt)
    }

    /// Maps of which nothing else is known: nothing is asked of them.
    init(_ maps: [NamedMaps.Member], interrupt: Interrupt?) throws {
      let settings = maps.map { MapComparison.Side.standing($0.map) }
      let group = ClusterGroup(
        shared: Cluster(settings: settings[0], nodes: maps[0].map.nodeNames.map { Node(name: $0) }),
        members: zip(maps, settings).map { .init(name: $0.name ?? "", settings: $1) })
      try self.init(maps.map { $0.name ?? "" }, maps.map(\.map), nil, in: group, interrupt: interrupt)
    }

    private init(
      _ names: [String], _ maps: [NamedMap], _ clusters: [Cluster]?, in group: ClusterGroup, interrupt: Interrupt?
    ) throws {
      let report = try Judge.judge(DenseGroup(group), maps: maps.map(\.placement), from: nil, interrupt: interrupt)
      self.names = names
      self.maps = maps.indices.map { MapComparison.Side(maps[$0], cluster: clusters?[$0], report.maps[$0]) }
      (sum, isJudged) = (report.sum, clusters != nil)
    }

    /// For each node by name, what it has of all maps: in all and in states by name. O(P · R).
    fileprivate var loads: [(node: String, loads: [String: Int])] {
      var loads: [(node: String, loads: [String: Int])] = (maps.first?.map.nodeNames ?? []).map { ($0, ["total": 0]) }
      for map in maps.map(\.map) {
        for (state, about) in map.model.states.enumerated() {
          var counts = [Int](repeating: 0, count: loads.count)
          for partition in 0..<map.placement.partitionCount {
            let row = map.placement.row(partition)
            for slot in map.placement.slots(ofState: state) where row[slot].int < counts.count {
              counts[row[slot].int] += 1
            }
          }
          for node in loads.indices {
            loads[node].loads[about.name, default: 0] += counts[node]
            if about.holdsData { loads[node].loads["total"]! += counts[node] }
          }
        }
      }
      return loads
    }

    fileprivate func replicas(of map: Int) -> Int {
      let placement = maps[map].map.placement
      return (0..<placement.partitionCount * placement.width).count { placement.slots[$0] != .none }
    }
  }

  public let a: Side
  public let b: Side
  /// The maps of both, in A's order, and the names of those that only one has.
  public private(set) var maps: [(name: String, comparison: MapComparison)] = []
  public private(set) var onlyInA: [String] = []
  public private(set) var onlyInB: [String] = []
  /// Of all maps, as of one. What only one side has counts there.
  public private(set) var replicas = MapComparison.Counts()
  public private(set) var loads: [MapComparison.NodeLoads] = []

  public var areSame: Bool { onlyInA.isEmpty && onlyInB.isEmpty && maps.allSatisfy(\.comparison.areSame) }

  /// Throws where a map of both is not of as many partitions. O(P · R) of all maps.
  init(_ a: Side, _ b: Side, interrupt: Interrupt? = nil) throws {
    (self.a, self.b) = (a, b)
    var placeInB: [String: Int] = [:]  // looked up only
    for (index, name) in b.names.enumerated() { placeInB[name] = index }
    for (index, name) in a.names.enumerated() {
      guard let other = placeInB.removeValue(forKey: name) else {
        onlyInA.append(name)
        replicas.onlyA += a.replicas(of: index)
        continue
      }
      do {
        let comparison = try MapComparison(a.maps[index], b.maps[other], interrupt: interrupt)
        replicas.add(comparison.replicas)
        maps.append((name, comparison))
      } catch let error as InputError {
        throw InputError(path: "maps, \(name): \(error.path)", found: error.found, expected: error.expected)
      }
    }
    for (index, name) in b.names.enumerated() where placeInB[name] != nil {
      onlyInB.append(name)
      replicas.onlyB += b.replicas(of: index)
    }
    loads = Self.differing(a.loads, b.loads)
  }

  /// The nodes whose loads differ, by A's order and then B's. A node that a side does not know has nothing there.
  private static func differing(
    _ a: [(node: String, loads: [String: Int])], _ b: [(node: String, loads: [String: Int])]
  ) -> [MapComparison.NodeLoads] {
    var inB: [String: [String: Int]] = [:]  // looked up only
    for (node, loads) in b { inB[node] = loads }
    let nothingInA = a.first?.loads.mapValues { _ in 0 } ?? [:]
    let nothingInB = b.first?.loads.mapValues { _ in 0 } ?? [:]
    var all = a.map {
      MapComparison.NodeLoads(node: $0.node, a: $0.loads, b: inB.removeValue(forKey: $0.node) ?? nothingInB)
    }
    for (node, loads) in b where inB[node] != nil { all.append(.init(node: node, a: nothingInA, b: loads)) }
    func had(_ loads: [String: Int]) -> [String: Int] { loads.filter { $0.value > 0 } }
    return all.filter { had($0.a) != had($0.b) }
  }
}
