import PlatEngine

/// Two maps of the same partitions, side by side.
public struct MapComparison: Sendable {
  /// A map with what is known around it.
  public struct Side: Sendable {
    public let map: NamedMap
    /// The cluster that it is of, if known: with it, rules are judged.
    public let cluster: Cluster?
    public let report: Report

    /// Without a cluster, its nodes are those that the map names, and nothing is asked of it.
    public init(_ map: NamedMap, cluster: Cluster?, interrupt: Interrupt? = nil) throws {
      let stand = Cluster(settings: Self.standing(map), nodes: map.nodeNames.map { Node(name: $0) })
      self.init(
        map, cluster: cluster,
        try Judge.judge(DenseCluster(cluster ?? stand), map: map.placement, from: nil, interrupt: interrupt))
    }

    init(_ map: NamedMap, cluster: Cluster?, _ report: Report) {
      (self.map, self.cluster, self.report) = (map, cluster, report)
    }

    /// Settings that ask for what the map has.
    static func standing(_ map: NamedMap) -> Settings {
      Settings(
        model: map.model, partitionCount: max(1, map.placement.partitionCount),
        constraints: map.placement.slotCounts.enumerated().map { state, count in
          map.model.states[state].isPlaced ? min(count, map.model.mostHolders(state) ?? count) : 0
        })
    }
  }

  /// Replicas, which are partitions on nodes.
  public struct Counts: Equatable, Sendable {
    /// In both, and of those how many are in another state.
    public var both = 0
    public var otherState = 0
    public var onlyA = 0
    public var onlyB = 0

    mutating func add(_ other: Counts) {
      both += other.both
      otherState += other.otherState
      onlyA += other.onlyA
      onlyB += other.onlyB
    }
  }

  /// What one node has in each map, in all and in the model's states by name.
  public struct NodeLoads: Equatable, Sendable {
    public var node: String
    public var a: [String: Int]
    public var b: [String: Int]
  }

  /// A partition that is held otherwise: for each state by name the holders.
  public struct Difference: Equatable, Sendable {
    public var partition: Int
    public var a: [(state: String, nodes: [String])]
    public var b: [(state: String, nodes: [String])]

    public static func == (x: Self, y: Self) -> Bool {
      x.partition == y.partition && x.a.elementsEqual(y.a, by: ==) && x.b.elementsEqual(y.b, by: ==)
    }
  }

  public let a: Side
  public let b: Side
  public private(set) var replicas = Counts()
  public private(set) var differing = 0
  /// The first of the partitions that differ.
  public private(set) var differences: [Difference] = []
  /// The nodes whose loads differ, by A's order and then B's.
  public private(set) var loads: [NodeLoads] = []

  public static let mostDifferences = 1000
  public var areSame: Bool { differing == 0 }

  /// Throws where they are not of as many partitions. O(P · R).
  public init(_ a: Side, _ b: Side, interrupt: Interrupt? = nil) throws {
    self.a = a
    self.b = b
    let (mapA, mapB) = (a.map.placement, b.map.placement)
    guard mapA.partitionCount == mapB.partitionCount else {
      throw InputError(
        path: "map.partitions", found: "\(mapB.partitionCount) partitions",
        expected: "\(mapA.partitionCount), as in the first map")
    }
    // Nodes by one numbering, states by name.
    var names = a.map.nodeNames
    var number: [String: Int] = [:]  // looked up only
    for (index, name) in names.enumerated() { number[name] = index }
    let nodesB = b.map.nodeNames.map { name in
      if let known = number[name] { return known }
      number[name] = names.count
      names.append(name)
      return names.count - 1
    }
    let statesA = a.map.model.states.map(\.name)
    let statesB = b.map.model.states.map(\.name)
    var countsA = [[Int]](repeating: Array(repeating: 0, count: statesA.count), count: names.count)
    var countsB = [[Int]](repeating: Array(repeating: 0, count: statesB.count), count: names.count)
    // For each node, where it stands in B: in the row of which partition, in which slot.
    var place = [(partition: Int, slot: Int)](repeating: (-1, 0), count: names.count)
    let stateA = mapA.stateOfSlot
    let stateB = mapB.stateOfSlot
    for partition in 0..<mapA.partitionCount {
      try interrupt?.throwIfRequested(at: partition)
      let rowA = mapA.row(partition)
      let rowB = mapB.row(partition)
      var (differs, inBoth, countB) = (false, 0, 0)
      for slot in 0..<mapB.width where rowB[slot].int < nodesB.count {
        countB += 1
        place[nodesB[rowB[slot].int]] = (partition, slot)
        countsB[nodesB[rowB[slot].int]][stateB[slot]] += 1
      }
      for slot in 0..<mapA.width where rowA[slot].int < a.map.nodeNames.count {
        countsA[rowA[slot].int][stateA[slot]] += 1
        let (ofPartition, same) = place[rowA[slot].int]
        guard ofPartition == partition else {
          replicas.onlyA += 1
          differs = true
          continue
        }
        inBoth += 1
        if statesA[stateA[slot]] != statesB[stateB[same]] {
          replicas.otherState += 1
          differs = true
        }
      }
      replicas.both += inBoth
      replicas.onlyB += countB - inBoth
      differs = differs || countB > inBoth
      guard differs else { continue }
      differing += 1
      if differences.count < Self.mostDifferences {
        differences.append(
          Difference(partition: partition, a: Self.holders(a.map, partition), b: Self.holders(b.map, partition)))
      }
    }
    for (node, name) in names.enumerated() {
      func named(_ counts: [Int], _ side: NamedMap) -> [String: Int] {
        let states = side.model.states
        var loads = Dictionary(uniqueKeysWithValues: zip(states.map(\.name), counts))
        loads["total"] = zip(states, counts).reduce(0) { $0 + ($1.0.holdsData ? $1.1 : 0) }
        return loads
      }
      let (loadsA, loadsB) = (named(countsA[node], a.map), named(countsB[node], b.map))
      if loadsA != loadsB { loads.append(NodeLoads(node: name, a: loadsA, b: loadsB)) }
    }
  }

  private static func holders(_ map: NamedMap, _ partition: Int) -> [(state: String, nodes: [String])] {
    map.model.states.indices.compactMap { state in
      let nodes = map.placement.holders(of: partition, inState: state).map { map.nodeNames[$0.int] }
      return nodes.isEmpty ? nil : (map.model.states[state].name, nodes)
    }
  }
}
