/// The table of cases, in the order of the report.
extension BenchCase {
  static let all: [BenchCase] =
    marks + sizes + weights + maps + peers + published + growthWithNodes + growthWithPartitions + growthWithReplicas
    + growthWithChanges + growthWithThreads

  static let largest = Shape(zones: 10, racksPerZone: 50, nodesPerRack: 20, partitions: 1_048_576)
  private static let thousand = Shape(zones: 10, racksPerZone: 10, nodesPerRack: 10, partitions: 16_384)
  private static let hundred = Shape(zones: 10, racksPerZone: 2, nodesPerRack: 5, partitions: 10_000)
  private static let fifty = Shape(zones: 5, racksPerZone: 2, nodesPerRack: 5, partitions: 1_440)

  /// What is asked of the planner at the largest size: see docs/PERFORMANCE.md.
  private static var marks: [BenchCase] {
    let changes: [Change] = [.fresh, .unchanged, .leave(100), .join(100), .leave(1), .join(1), .swap]
    return changes.map { BenchCase("marks", largest, $0) }
      + [BenchCase("marks", largest.with { $0.fanOut = 20 }, .fresh)]
  }

  private static var sizes: [BenchCase] {
    [largest.with { $0.partitions = 16_384 }, thousand, fifty].flatMap { shape in
      let onePercent = shape.nodeCount / 100
      let changes: [Change] =
        [.fresh, .unchanged] + (onePercent > 0 ? [.leave(onePercent), .join(onePercent)] : []) + [
          .leave(1), .join(1), .swap,
        ]
      return changes.map { BenchCase("sizes", shape, $0, isQuick: shape == fifty, hasNaive: shape == fifty) }
    }
  }

  private static var weights: [BenchCase] {
    [thousand, fifty].flatMap { shape in
      [.fresh, .unchanged, .leave(1), .join(1)].map {
        BenchCase("weights", shape.with { $0.isWeighted = true }, $0, isQuick: shape == fifty)
      }
    }
  }

  private static var maps: [BenchCase] {
    let small = fifty.with { ($0.partitions, $0.maps) = (64, 20) }
    return [small, small.with { $0.isWeighted = true }].flatMap { shape in
      [.fresh, .unchanged, .leave(1), .join(1)].map { BenchCase("maps", shape, $0, isQuick: true) }
    }
  }

  /// Shapes that others have published times for, which docs/PERFORMANCE.md sets beside these.
  private static var peers: [BenchCase] {
    [
      BenchCase("peers", thousand.with { $0.partitions = 4_096 }, .join(1)),
      BenchCase("peers", thousand.with { ($0.partitions, $0.slaves, $0.fanOut) = (100_000, 1, 10) }, .fresh),
      BenchCase("peers", inRacks(50).with { $0.partitions = 100_000 }, .fresh),
      BenchCase("peers", inRacks(5).with { $0.partitions = 10_000 }, .leave(1)),
      BenchCase("peers", inRacks(5).with { $0.partitions = 10_000 }, .join(1)),
      BenchCase("peers", hundred, .join(20)),
      BenchCase("peers", thousand.with { $0.partitions = 33_000 }, .join(200)),
      BenchCase("peers", largest.with { $0.partitions = 16_384 }, .balance),
      BenchCase("peers", largest.with { $0.partitions = 16_384 }, .leave(100)),
    ]
  }

  /// 20 racks, which hold no partition twice, and at most 10 peers.
  private static func inRacks(_ nodesPerRack: Int) -> Shape {
    Shape(zones: 20, racksPerZone: 1, nodesPerRack: nodesPerRack, partitions: 0, fanOut: 10)
  }

  private static var published: [BenchCase] {
    [
      BenchCase("published", published: .none, name: "unchanged"),
      BenchCase("published", published: .addNode(toRack: 0), name: "one joins rack 0"),
      BenchCase("published", published: .addNode(toRack: 4), name: "one joins rack 4"),
      BenchCase("published", published: .addNodeInNewRack, name: "one joins in a rack of its own"),
      BenchCase("published", published: .removeNode(0), name: "node 0 leaves"),
      BenchCase("published", published: .removeNode(9), name: "node 9 leaves"),
    ]
  }

  private static var growthWithNodes: [BenchCase] {
    [(1, 10), (5, 10), (10, 20), (25, 20), (50, 20), (100, 20)].flatMap { racks, nodes in
      let shape = Shape(zones: 10, racksPerZone: racks, nodesPerRack: nodes, partitions: 262_144)
      return [.fresh, .leave(1), .join(1)].map { BenchCase("growth with nodes", shape, $0) }
    }
  }

  private static var growthWithPartitions: [BenchCase] {
    [4_096, 16_384, 65_536, 262_144, 1_048_576].flatMap { partitions in
      [.fresh, .leave(10), .join(1)].map {
        BenchCase("growth with partitions", thousand.with { $0.partitions = partitions }, $0)
      }
    }
  }

  private static var growthWithReplicas: [BenchCase] {
    [1, 2, 3, 4, 6, 8].flatMap { replicas in
      [.fresh, .leave(10), .join(1)].map {
        BenchCase("growth with replicas", thousand.with { ($0.partitions, $0.slaves) = (65_536, replicas - 1) }, $0)
      }
    }
  }

  private static var growthWithChanges: [BenchCase] {
    [1, 10, 100, 1_000, 5_000].map { BenchCase("growth with changed nodes", largest, .leave($0)) }
  }

  private static var growthWithThreads: [BenchCase] {
    [1, 2, 4].flatMap { threads in
      [.fresh, .leave(100), .leave(1)].map { BenchCase("growth with threads", largest, $0, threads: threads) }
        + [BenchCase("growth with threads", largest.with { $0.fanOut = 20 }, .fresh, threads: threads)]
    }
  }
}
