import PlatEngine
import PlatReference

/// One thing to plan.
struct PlanCase {
  enum Subject {
    case shape(Shape, Change)
    case published(PublishedCase.Change)
  }
  var group: String
  var name: String
  var subject: Subject
  /// Part of the smoke run.
  var isQuick = false
  /// Whether the naive planner comes to an end in reasonable time.
  var hasNaive = false

  init(_ group: String, _ shape: Shape, _ change: Change, isQuick: Bool = false, hasNaive: Bool = false) {
    self.group = group
    name = "\(shape.name), \(change.name)"
    subject = .shape(shape, change)
    self.isQuick = isQuick
    self.hasNaive = hasNaive
  }

  init(_ group: String, published change: PublishedCase.Change, name: String) {
    self.group = group
    self.name = "10 nodes in 5 racks x 1024 x 3, \(name)"
    subject = .published(change)
    isQuick = true
    hasNaive = true
  }

  /// The cluster to plan for and the map that it has.
  func make() throws -> (cluster: DenseCluster, current: PlacementMap?) {
    switch subject {
    case .published(let change):
      let (cluster, current) = PublishedCase.tenNodesFiveRacks(change)
      return (try DenseCluster(cluster), current)
    case .shape(let shape, let change):
      let absent = change.absent(shape)
      guard change != .fresh else { return (try shape.cluster(), nil) }
      let before = try Planner.plan(shape.cluster(leaving: absent.before), from: nil)
      return (try shape.cluster(leaving: absent.after), before.target)
    }
  }

  /// All cases, in the order of the report.
  static let all: [PlanCase] = sizes + growthWithNodes + growthWithPartitions + growthWithChanges + published

  private static let largest = Shape(zones: 10, racksPerZone: 50, nodesPerRack: 20, partitions: 1_048_576)
  private static let thousand = Shape(zones: 10, racksPerZone: 10, nodesPerRack: 10, partitions: 16_384)
  private static let changes: [Change] = [.fresh, .unchanged, .onePercentLeaves, .leave(1), .join, .swap]

  private static var sizes: [PlanCase] {
    let wide = Shape(zones: 10, racksPerZone: 50, nodesPerRack: 20, partitions: 16_384)
    let small = Shape(zones: 5, racksPerZone: 2, nodesPerRack: 5, partitions: 1_440)
    return [largest, wide, thousand, small].flatMap { shape in
      changes.map { PlanCase("sizes", shape, $0, isQuick: shape == small, hasNaive: shape == small) }
    }
  }

  private static var growthWithNodes: [PlanCase] {
    [(1, 10), (5, 10), (10, 20), (25, 20), (50, 20), (100, 20)].flatMap { racks, nodes in
      let shape = Shape(zones: 10, racksPerZone: racks, nodesPerRack: nodes, partitions: 262_144)
      return [.fresh, .leave(1), .join].map { PlanCase("growth with nodes", shape, $0) }
    }
  }

  private static var growthWithPartitions: [PlanCase] {
    [4_096, 16_384, 65_536, 262_144, 1_048_576].flatMap { partitions in
      var shape = thousand
      shape.partitions = partitions
      return [.fresh, .onePercentLeaves, .join].map { PlanCase("growth with partitions", shape, $0) }
    }
  }

  private static var growthWithChanges: [PlanCase] {
    [1, 10, 100, 1_000, 5_000].map { PlanCase("growth with changed nodes", largest, .leave($0)) }
  }

  private static var published: [PlanCase] {
    [
      PlanCase("published", published: .none, name: "unchanged"),
      PlanCase("published", published: .addNode(toRack: 0), name: "one joins rack 0"),
      PlanCase("published", published: .addNode(toRack: 4), name: "one joins rack 4"),
      PlanCase("published", published: .addNodeInNewRack, name: "one joins in a rack of its own"),
      PlanCase("published", published: .removeNode(0), name: "node 0 leaves"),
      PlanCase("published", published: .removeNode(9), name: "node 9 leaves"),
    ]
  }
}
