import PlatEngine
import TestSupport

/// What other planners are known to stumble over.
extension QualityCase {
  static let hard: [QualityCase] = rolesOnly + comingAndGoing + unequal

  private static let pairs = QualityShape(
    racks: [[2], [2]], constraints: [1, 1, 0, 0], rules: [QualityShape.atMost(1, inLevel: 0)])
  private static let twenty = QualityShape(
    racks: Array(repeating: [2], count: 10), partitions: 720, rules: [QualityShape.atMost(1, inLevel: 0)])
  private static let eighteen = QualityShape(
    racks: [[3, 3], [3, 3], [3, 3]], partitions: 768, rules: [QualityShape.atMost(1, inLevel: 0)])

  /// Every node holds its due; who is master is all that is wrong.
  private static let rolesOnly: [QualityCase] = [
    QualityCase("all masters in one zone: 512 swaps of roles", .rows { [[$0 % 2], [2 + $0 / 2 % 2], [], []] }, pairs),
    QualityCase(
      "all masters on two of four nodes: 512 swaps of roles",
      .rows { partition in
        let even = (partition + 1) % 4 / 2 * 2
        return [[even], [(partition % 2 == 0 ? even + 1 : even + 3) % 4], [], []]
      }, pairs.with { $0.rules = [] }),
    QualityCase(
      "masters in turn, but one of each three nodes has none",
      .rows { partition in
        let nodes = (0..<3).map { partition % 6 + $0 * 6 }
        return [[nodes[partition / 6 % 2]], [nodes[1 - partition / 6 % 2], nodes[2]], [], []]
      }, eighteen),
  ]

  private static let comingAndGoing: [QualityCase] = [
    QualityCase(
      "one slave to none to two", .plannedThrough([eighteen.with { $0.constraints[1] = 0 }]),
      eighteen.with { $0.constraints[1] = 1 }
    ) {
      $0.constraints[1] = 2
    },
    QualityCase("one slave to none", .planned, eighteen.with { $0.constraints[1] = 1 }) { $0.constraints[1] = 0 },
    QualityCase("a rack comes", .planned, twenty) { $0.racks.append([2]) },
    QualityCase("a rack goes", .planned, twenty) { $0.racks.removeLast() },
    QualityCase("a rack of one node comes", .planned, twenty) { $0.racks.append([1]) },
    QualityCase("half the nodes leave, greedy map", .greedy, twenty, then: twenty.with(10, .leaving)),
    QualityCase("as many come as there are", .planned, twenty) { $0.racks += Array(repeating: [2], count: 10) },
    QualityCase("a zone fails and comes back empty", .plannedThrough([zoneFailed]), eighteen),
    QualityCase("ten changes, one after another", .plannedThrough(manyChanges), twenty),
  ]

  private static let zoneFailed = eighteen.with { shape in
    for node in 0..<6 { shape.statuses[node] = .failed }
    shape.rules = []
  }
  private static let manyChanges = (1...10).map { step in
    twenty.with { shape in
      shape.statuses[step * 7 % 20] = .leaving
      shape.statuses[step * 3 % 20] = .failed
      shape.weights[step] = "3"
    }
  }

  private static let unequal: [QualityCase] = [
    QualityCase("weights 1 and 1000: fresh", .fresh, twenty) { $0.weights = thousandfold },
    QualityCase("weights 1 and 1000: equal before", .planned, twenty) { $0.weights = thousandfold },
    QualityCase("weights 1 and 1000: a node leaves", .planned, twenty.with { $0.weights = thousandfold }) {
      $0.statuses[1] = .leaving
    },
    QualityCase("weights of nothing", .planned, twenty) { $0.weights = [0: "0", 7: "0", 19: "0"] },
    QualityCase("racks of 1 to 6 nodes: a node leaves", .planned, staircase, then: staircase.with(1, .leaving)),
    QualityCase("racks of 1 to 6 nodes: the greatest goes", .planned, staircase) { $0.racks[0].removeLast() },
    QualityCase("three zones, three replicas: a node joins each", .planned, eighteen) { shape in
      for zone in 0..<3 { shape.racks[zone][0] += 1 }
    },
    QualityCase("three zones, three replicas: a node joins one", .planned, eighteen) { $0.racks[1][1] += 1 },
    QualityCase("three zones, three replicas: a node leaves", .planned, eighteen, then: eighteen.with(1, .leaving)),
  ]

  /// Every fifth node is worth a thousand of the others.
  private static let thousandfold = Dictionary(uniqueKeysWithValues: (0..<20).map { ($0, $0 % 5 == 0 ? "1000" : "1") })
  private static let staircase = QualityShape(
    racks: [[1, 2, 3, 4, 5, 6]], partitions: 840, rules: [QualityShape.atMost(1, inLevel: 1)])
}
