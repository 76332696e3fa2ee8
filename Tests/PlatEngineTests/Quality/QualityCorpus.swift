import PlatEngine
import TestSupport

/// The clusters of the quality table, from large to strange.
extension QualityCase {
  static let corpus: [QualityCase] =
    published + everyday + uneven + weighted + capped + levelled + manyStates + strange + hard + near + models + limited
    + balance
    + large

  private static let fifty = QualityShape(
    racks: Array(repeating: [5, 5], count: 5), partitions: 1440, rules: [QualityShape.atMost(1, inLevel: 0)])
  private static let tenInFive = QualityShape(
    racks: Array(repeating: [2], count: 5), rules: [QualityShape.atMost(1, inLevel: 0)])
  private static let unevenRacks = QualityShape(
    racks: [[1, 3, 5, 7]], partitions: 512, rules: [QualityShape.atMost(1, inLevel: 1)])
  private static let threeZones = QualityShape(
    racks: [[4], [4], [4]], partitions: 512, rules: [QualityShape.atMost(1, inLevel: 0)])

  private static let published: [QualityCase] = [
    QualityCase(published: .none, "unchanged"),
    QualityCase(published: .addNode(toRack: 0), "a node joins rack 0"),
    QualityCase(published: .addNode(toRack: 4), "a node joins rack 4"),
    QualityCase(published: .addNodeInNewRack, "a node joins in a rack of its own"),
    QualityCase(published: .removeNode(0), "node 0 leaves"),
    QualityCase(published: .removeNode(9), "node 9 leaves"),
  ]

  private static let everyday: [QualityCase] = [
    QualityCase("fifty: fresh", .fresh, fifty),
    QualityCase("fifty: a node joins", .planned, fifty) { $0.racks[2][1] += 1 },
    QualityCase("fifty: a node leaves", .planned, fifty, then: fifty.with(1, .leaving)),
    QualityCase("fifty: a node fails", .planned, fifty, then: fifty.with(1, .failed)),
    QualityCase(
      "fifty: a node swapped", .planned, fifty,
      then: fifty.with {
        $0.racks[4][1] = 6
        $0.statuses[3] = .leaving
      }),
    // Two partitions lie in maintenance wholly and need a master elsewhere.
    QualityCase("fifty: five in maintenance", .planned, fifty, then: fifty.with(5, .maintenance)),
    QualityCase("fifty: half the nodes leave", .planned, fifty, then: fifty.with(25, .leaving)),
    QualityCase("fifty: a zone comes", .planned, fifty) { $0.racks.append([5, 5]) },
    QualityCase("fifty: a zone goes", .planned, fifty) { $0.racks.removeLast() },
    QualityCase("fifty: a zone fails", .planned, fifty) { shape in
      for node in 0..<10 { shape.statuses[node] = .failed }
    },
    QualityCase("fifty: a node joins, greedy map", .greedy, fifty) { $0.racks[2][1] += 1 },
    QualityCase("fifty: a node leaves, greedy map", .greedy, fifty, then: fifty.with(1, .leaving)),
  ]

  private static let uneven: [QualityCase] = [
    QualityCase("uneven racks: fresh", .fresh, unevenRacks),
    QualityCase("uneven racks: a rack comes", .greedy, unevenRacks) { $0.racks[0].append(4) },
    QualityCase("uneven racks: a rack goes", .greedy, unevenRacks) { $0.racks[0].removeLast() },
    QualityCase("uneven racks: illegal", .random(.illegal, seed: 1), unevenRacks),
    QualityCase(
      "racks of one node: fresh", .fresh,
      QualityShape(racks: [Array(repeating: 1, count: 12)], rules: unevenRacks.rules)),
    QualityCase(
      "racks of one node: clustered", .random(.clustered, seed: 2),
      QualityShape(racks: [Array(repeating: 1, count: 12)], rules: unevenRacks.rules)),
    QualityCase("three zones: fresh", .fresh, threeZones),
    QualityCase("three zones: one has fewer nodes", .greedy, threeZones) { $0.racks[2] = [2] },
    QualityCase("three zones: one goes", .greedy, threeZones) { $0.racks.removeLast() },
    QualityCase("three zones: drifted", .random(.drifted, seed: 3), threeZones),
  ]

  /// 1 and its fractions, as load is spread where few have most of it.
  private static let zipf = Dictionary(uniqueKeysWithValues: (0..<20).map { ($0, "1/\($0 * 7 % 20 + 1)") })

  private static let weighted: [QualityCase] = {
    let shape = QualityShape(
      racks: Array(repeating: [2], count: 10), partitions: 720, rules: [QualityShape.atMost(1, inLevel: 0)])
    let thirds = Dictionary(uniqueKeysWithValues: (0..<20).map { ($0, "\($0 % 3 + 1)") })
    return [
      QualityCase("weights 1 2 3: fresh", .fresh, shape.with { $0.weights = thirds }),
      QualityCase("weights 1 2 3: equal before", .planned, shape) { $0.weights = thirds },
      QualityCase("weights by rank: fresh", .fresh, shape.with { $0.weights = zipf }),
      QualityCase(
        "weights by rank: a node leaves", .greedy, shape.with { $0.weights = zipf },
        then: shape.with(1, .leaving).with { $0.weights = zipf }),
      QualityCase("weights by rank: random map", .random(.random, seed: 4), shape.with { $0.weights = zipf }),
    ]
  }()

  private static let capped: [QualityCase] = {
    let tight = QualityShape(
      racks: Array(repeating: [3], count: 4), partitions: 240, rules: [QualityShape.atMost(1, inLevel: 0)],
      capacities: Dictionary(uniqueKeysWithValues: (0..<12).map { ($0, [40, 60, 80][$0 % 3]) }))
    return [
      QualityCase("capacities that just fit: fresh", .fresh, tight),
      QualityCase("capacities that just fit: half-moved", .random(.halfMoved, seed: 5), tight),
      QualityCase("capacities below what is held", .planned, tenInFive) { $0.capacities = [0: 100, 3: 250] },
      QualityCase("capacities too small", .greedy, tenInFive) { shape in
        for node in 0..<10 { shape.capacities[node] = 290 }
      },
    ]
  }()

  private static let levelled: [QualityCase] = {
    let nested = QualityShape(
      racks: [[2, 2, 2], [2, 2, 2], [3, 1, 2]], partitions: 360, constraints: [1, 3, 0, 0],
      rules: [QualityShape.atMost(2, inLevel: 0), QualityShape.atMost(1, inLevel: 1)])
    let soft = fifty.with {
      $0.rules.append(QualityShape.atMost(1, inLevel: 1, .soft))
      $0.constraints[1] = 4
      $0.rules[0] = QualityShape.atMost(2, inLevel: 0)
    }
    return [
      QualityCase("two hard levels: fresh", .fresh, nested),
      QualityCase("two hard levels: illegal", .random(.illegal, seed: 6), nested),
      QualityCase("two hard levels: a node leaves", .greedy, nested, then: nested.with(1, .leaving)),
      QualityCase("hard zones, soft racks: fresh", .fresh, soft),
      QualityCase("hard zones, soft racks: a node joins", .planned, soft) { $0.racks[1][0] += 1 },
      QualityCase(
        "soft zones that cannot be kept", .fresh,
        threeZones.with {
          $0.racks = [[4], [4]]
          $0.rules = [QualityShape.atMost(1, inLevel: 0, .soft)]
        }),
    ]
  }()

  private static let manyStates: [QualityCase] = [
    QualityCase("two slaves to one", .planned, fifty) { $0.constraints[1] = 1 },
    QualityCase("two slaves to three", .planned, fifty) { $0.constraints[1] = 3 },
    QualityCase("two slaves to none, greedy map", .greedy, tenInFive) { $0.constraints[1] = 0 },
    QualityCase("two masters and a slave: fresh", .fresh, twoMasters),
    QualityCase("two masters and a slave: drifted", .random(.drifted, seed: 7), twoMasters),
    QualityCase(
      "seven replicas on 10 nodes", .fresh,
      tenInFive.with {
        $0.rules = []
        $0.constraints[1] = 6
      }),
  ]

  private static let sparse = fifty.with {
    $0.racks = Array(repeating: [10, 10], count: 15)
    $0.partitions = 64
  }
  private static let twoMasters = tenInFive.with {
    $0.model = .multiMaster
    $0.constraints = [2, 1, 0, 0]
  }

  private static let strange: [QualityCase] = [
    QualityCase("half-moved", .random(.halfMoved, seed: 8), tenInFive),
    QualityCase("on its way, pending and dead", .random(.passing, seed: 9), tenInFive),
    QualityCase("replicas missing", .random(.missing, seed: 10), tenInFive),
    QualityCase("replicas too many", .random(.tooMany, seed: 11), tenInFive),
    QualityCase("clustered: a node joins", .random(.clustered, seed: 12), tenInFive) { $0.racks[4] = [3] },
    QualityCase("random", .random(.random, seed: 13), tenInFive),
    QualityCase("two racks, three replicas", .fresh, tenInFive.with { $0.racks = [[5], [5]] }),
    QualityCase("few partitions, many nodes: fresh", .fresh, sparse),
    QualityCase("few partitions, many nodes: 30 leave", .planned, sparse, then: sparse.with(30, .leaving)),
    QualityCase("another number of partitions", .planned, fifty) { $0.partitions = 2000 },
  ]

  private static let near: [QualityCase] = {
    let rule = PlacementRule(states: [1], level: 0, demand: .near(of: 0, atLeast: 1), strength: .hard)
    let one = fifty.with { $0.rules = [rule] }
    let capped = fifty.with {
      $0.rules = [rule, QualityShape.atMost(2, inLevel: 0), QualityShape.atMost(1, inLevel: 1)]
    }
    let far = "rows that may have their company in two zones are no matroid: the bound is not reached"
    let states = "the bound is of totals; masters and slaves within one of their due take more"
    return [
      QualityCase("one slave near: fresh", .fresh, one),
      QualityCase("one slave near: a node joins", .planned, one) { $0.racks[2][1] += 1 },
      QualityCase("one slave near: a node leaves", .planned, one, then: one.with(1, .leaving), gap: states),
      QualityCase("one slave near: a zone fails", .planned, one) { shape in
        for node in 0..<10 { shape.statuses[node] = .failed }
      },
      QualityCase("one slave near: random", .random(.random, seed: 15), one),
      QualityCase("one slave near: three leave", .planned, one, then: one.with(3, .leaving), gap: states),
      QualityCase(
        "one slave near, zones of one node: fresh", .fresh, one.with { $0.racks = Array(repeating: [1], count: 15) }),
      QualityCase("one slave near, racks apart: fresh", .fresh, capped),
      QualityCase("one slave near, racks apart: five fail", .planned, capped, then: capped.with(5, .failed), gap: far),
    ]
  }()

  private static let models: [QualityCase] = {
    let trio = fifty.with {
      $0.model = .trio
      $0.constraints = [1, 1, 1, 0]
      $0.rules[0].states = [0, 1, 2]
    }
    let quorum = fifty.with {
      $0.model = .quorum
      $0.constraints = [1, 1, 1]
      $0.rules[0].states = [0, 1, 2]
    }
    return [
      QualityCase("three states: fresh", .fresh, trio),
      QualityCase("three states: a node leaves", .planned, trio, then: trio.with(1, .leaving)),
      QualityCase("two copies and a witness: fresh", .fresh, quorum),
      QualityCase("two copies and a witness: a node joins", .planned, quorum) { $0.racks[2][1] += 1 },
      QualityCase(
        "50 routers that own everything: one fails", .planned,
        fifty.with {
          $0.model = .multiMaster
          $0.partitions = 64
          $0.constraints = [50, 0, 0, 0]
          $0.rules = []
        }) { $0.statuses[7] = .failed },
    ]
  }()

  private static let balance: [QualityCase] = {
    func limited(_ tolerance: String, _ budget: Int? = nil) -> (inout QualityShape) -> Void {
      { $0.balance = BalanceLimit(tolerance: Quantity(tolerance)!, moveBudget: budget) }
    }
    let drifted = QualityCase.Start.random(.drifted, seed: 14)
    return [
      QualityCase("drifted, tolerance 1/20", drifted, fifty, limited("1/20")),
      QualityCase("drifted, tolerance 1/5", drifted, fifty, limited("1/5")),
      QualityCase("drifted, budget 20", drifted, fifty, limited("0", 20)),
      QualityCase("drifted, tolerance 1/20, budget 20", drifted, fifty, limited("1/20", 20)),
      QualityCase("a node joins, tolerance 1/10", .planned, fifty) { shape in
        shape.racks[2][1] += 1
        limited("1/10")(&shape)
      },
      QualityCase("a node leaves, budget 0", .planned, fifty, then: fifty.with(1, .leaving).with(limited("0", 0))),
    ]
  }()

  private static let large: [QualityCase] = {
    let thousand = QualityShape(
      racks: Array(repeating: Array(repeating: 10, count: 10), count: 10), partitions: 16_384,
      rules: [QualityShape.atMost(1, inLevel: 0), QualityShape.atMost(1, inLevel: 1, .soft)])
    return [
      QualityCase("thousand: fresh", .fresh, thousand),
      QualityCase("thousand: ten leave", .planned, thousand, then: thousand.with(10, .leaving)),
      QualityCase("thousand: a node joins", .planned, thousand) { $0.racks[4][4] += 1 },
      QualityCase("thousand: drifted", .random(.drifted, seed: 14), thousand),
    ]
  }()
}
