import PlatEngine
import TestSupport

/// A cluster as zones of racks of nodes. Nodes keep their names, `z0.r1.n2`, when others come and go.
struct QualityShape {
  /// For each zone, how many nodes each of its racks has.
  var racks: [[Int]]
  var partitions = 1024
  var constraints = [1, 2, 0, 0]
  var model = StateModel.masterSlave
  var rules: [PlacementRule] = []
  var fanOut: FanOutLimit?
  var balance = BalanceLimit()
  /// By the node's place in the tree.
  var weights: [Int: String] = [:]
  /// Of each partition; none: all of one size.
  var partitionWeights: [String] = []
  var capacities: [Int: Int] = [:]
  var statuses: [Int: Node.Status] = [:]

  static func atMost(_ most: Int, inLevel level: Int, _ strength: Strength = .hard) -> PlacementRule {
    PlacementRule(states: [0, 1], level: level, demand: .atMost(most), strength: strength)
  }

  var nodeCount: Int { racks.joined().reduce(0, +) }

  func with(_ change: (inout Self) -> Void) -> Self {
    var result = self
    change(&result)
    return result
  }

  /// Some nodes, all over the tree, in another status.
  func with(_ count: Int, _ status: Node.Status) -> Self {
    with { shape in
      var random = SplitMix64(seed: UInt64(count))
      for node in random.shuffled(Array(0..<nodeCount)).prefix(count) { shape.statuses[node] = status }
    }
  }

  func cluster() -> Cluster {
    var containers: [Container] = []
    var nodes: [Node] = []
    for (zone, racks) in racks.enumerated() {
      let parent = containers.count
      containers.append(
        Container(name: "z\(zone)", level: 0, parent: nil, nodes: nodes.count..<(nodes.count + racks.reduce(0, +))))
      for (rack, size) in racks.enumerated() {
        containers.append(
          Container(name: "z\(zone).r\(rack)", level: 1, parent: parent, nodes: nodes.count..<(nodes.count + size)))
        for index in 0..<size {
          let number = nodes.count
          nodes.append(
            Node(
              name: "z\(zone).r\(rack).n\(index)", weight: weights[number].flatMap { Quantity($0) } ?? .one,
              capacity: capacities[number], status: statuses[number] ?? .active))
        }
      }
    }
    let settings = Settings(
      model: model, partitionCount: partitions, constraints: constraints, placement: rules, fanOut: fanOut,
      balance: balance)
    return Cluster(
      settings: settings, levels: ["zone", "rack"], containers: containers, nodes: nodes,
      partitionWeights: partitionWeights.map { Quantity($0)! })
  }
}

/// One row of the quality table: a cluster and the map that it has.
struct QualityCase {
  /// How the current map came to be, on the cluster as it was.
  enum Start {
    case fresh
    /// As the planner made it.
    case planned
    /// As a greedy planner made it.
    case greedy
    /// A random map of a kind.
    case random(CurrentMap, seed: UInt64)
    case published(PublishedCase.Change)
    /// As the planner made it, shape after shape, beginning with `before`.
    case plannedThrough([QualityShape])
    /// Row by row.
    case rows(@Sendable (_ partition: Int) -> [[Int]])
  }

  var name: String
  var before: QualityShape
  var after: QualityShape
  var start: Start
  /// Why moves are above their bound; nil where they are not.
  var gap: String?

  init(
    _ name: String, _ start: Start, _ before: QualityShape, gap: String? = nil,
    _ change: (inout QualityShape) -> Void = { _ in }
  ) {
    self.init(name, start, before, then: before.with(change), gap: gap)
  }

  init(_ name: String, _ start: Start, _ before: QualityShape, then after: QualityShape, gap: String? = nil) {
    self.name = name
    self.before = before
    self.after = after
    self.start = start
    self.gap = gap
  }

  init(published change: PublishedCase.Change, _ name: String) {
    self.init("published: \(name)", .published(change), QualityShape(racks: []))
  }

  func make() throws -> (cluster: DenseCluster, current: PlacementMap?) {
    let old = before.cluster()
    let map: PlacementMap?
    switch start {
    case .published(let change):
      let (cluster, current) = PublishedCase.tenNodesFiveRacks(change)
      return (try DenseCluster(cluster), current)
    case .fresh: map = nil
    case .planned: map = try Planner.plan(DenseCluster(old), from: nil).target
    case .greedy: map = try NaivePlanner.plan(cluster: DenseCluster(old), current: nil)
    case .random(let kind, let seed):
      var random = SplitMix64(seed: seed)
      map = kind.make(old, &random)
    case .plannedThrough(let shapes):
      map = try ([before] + shapes).reduce(nil) { try Planner.plan(DenseCluster($1.cluster()), from: $0).target }
    case .rows(let row):
      map = PlacementMap.make((0..<before.partitions).map(row), least: before.constraints)
    }
    let new = after.cluster()
    return (try DenseCluster(new), map.map { Self.renumbered($0, from: old, to: new) })
  }

  /// The same map on a cluster where some nodes have come or gone. What those held that are gone is lost.
  private static func renumbered(_ map: PlacementMap, from old: Cluster, to new: Cluster) -> PlacementMap {
    guard old.nodes.map(\.name) != new.nodes.map(\.name) else { return map }
    let number = Dictionary(uniqueKeysWithValues: new.nodes.enumerated().map { ($1.name, $0) })
    let numbers = old.nodes.map { number[$0.name] }
    return PlacementMap.make(
      map.rows.map { row in row.map { $0.compactMap { numbers[$0] } } }, least: map.slotCounts)
  }
}
