import PlatEngine
import TestSupport
import Testing

/// How good plans are where partitions differ in weight, in `Tests/Golden/weights.tsv`.
///
/// `PLAT_UPDATE_GOLDEN=1 swift test --filter GoldenWeights` writes the table anew; a change that worsens a row says
/// why.
@Suite struct GoldenWeights {
  private static let table = GoldenTable("weights", columns: [
      "case", "nodes", "partitions", "replicas", "weightMoved", "bound", "gap", "moves", "movesBound", "roleChanges",
      "master",
    "slave", "total", "brokenSoft", "unmet", "balanced", "map",
  ])

  @Test func theTableIsAsItWas() throws {
    try Self.table.check(QualityCase.ofWeights.map { try Self.row($0) })
  }

  private static func row(_ quality: QualityCase) throws -> String {
    let (cluster, current) = try quality.make()
    let one = try WeightedCase(cluster, current)
    let bound = one.plan.movesWeightLowerBound!
    #expect(bound <= one.moved, "\(quality.name)")
    #expect(one.moved * Rational(100) <= bound * Rational(105), "\(quality.name): \(one.moved) above \(bound)")
    #expect(one.report.isBalanced || one.report.unmet > 0, "\(quality.name): \(one.report.findings.map(\.because))")
    let spreads = Dictionary(uniqueKeysWithValues: one.report.inWeight!.load.map { ($0.state, $0.spread) })
    let gap = bound.sign > 0 ? (one.moved - bound) * Rational(100) / bound : .zero
    return [
      quality.name, "\(cluster.nodeCount)", "\(cluster.partitionCount)", "\(cluster.replicas)", "\(one.moved)",
      "\(bound)",
      "\(decimals(gap)) %", "\(one.report.moves)", "\(one.plan.movesLowerBound)", "\(one.report.roleChanges)",
      GoldenTable.spread(spreads["master"]), GoldenTable.spread(spreads["slave"]),
      GoldenTable.spread(one.report.inWeight!.total),
      "\(one.report.brokenSoft)", "\(one.report.unmet)", "\(one.report.isBalanced)",
      String(mapHash(one.plan.target), radix: 16),
    ].joined(separator: "\t")
  }

  private static func decimals(_ number: Rational) -> String {
    let hundredths = (number * Rational(100)).floor!
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
  }
}

extension QualityCase {
  private static func sizes(_ count: Int, _ text: (Int) -> String) -> [String] {
    var random = SplitMix64(seed: 5)
    return random.shuffled((0..<count).map(text))
  }

  private static let zones = QualityShape(
    racks: Array(repeating: [2, 2], count: 5), partitions: 360, rules: [QualityShape.atMost(1, inLevel: 0)])

  private static let kinds: [(name: String, sizes: [String])] = [
    ("1 2 3", sizes(360) { "\($0 % 3 + 1)" }), ("1 1000", sizes(360) { $0 % 2 == 0 ? "1" : "1000" }),
    ("by rank", sizes(360) { "\(1_000_000 / ($0 + 1))" }), ("one giant", sizes(360) { $0 == 0 ? "5000" : "1" }),
    ("fractions", sizes(360) { ["1/3", "0.5", "7/4", "2e-1", "3"][$0 % 5] }),
  ]

  static let ofWeights: [QualityCase] = kinds.flatMap { name, sizes in
    let shape = zones.with { $0.partitionWeights = sizes }
    let uneven = shape.with { shape in
      shape.weights = Dictionary(uniqueKeysWithValues: (0..<20).map { ($0, ["1", "2", "3/2"][$0 % 3]) })
    }
    return [
      QualityCase("\(name): fresh", .fresh, shape),
      QualityCase("\(name): unchanged", .planned, shape),
      QualityCase("\(name): a node joins", .planned, shape) { $0.racks[2][1] += 1 },
      QualityCase("\(name): a node leaves", .planned, shape, then: shape.with(1, .leaving)),
      QualityCase("\(name): three fail", .planned, shape, then: shape.with(3, .failed)),
      QualityCase(
        "\(name): a node swapped", .planned, shape,
        then: shape.with {
          $0.racks[4][1] = 3
          $0.statuses[3] = .leaving
        }),
      QualityCase("\(name): a zone comes", .planned, shape) { $0.racks.append([2, 2]) },
      QualityCase("\(name): balanced by number before", .greedy, shape),
      QualityCase("\(name): random map", .random(.random, seed: 3), shape),
      QualityCase("\(name): nodes differ, fresh", .fresh, uneven),
      QualityCase("\(name): nodes differ, equal before", .planned, shape, then: uneven),
      QualityCase(
        "\(name): no rules, a node leaves", .planned, shape.with { $0.rules = [] },
        then: shape.with(1, .leaving).with { $0.rules = [] }),
    ]
  }
}
