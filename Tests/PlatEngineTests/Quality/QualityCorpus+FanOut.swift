import PlatEngine

/// Limits on peers, from roomy to impossible.
extension QualityCase {
  private static let hundred = QualityShape(
    racks: Array(repeating: [5], count: 20), partitions: 1024, rules: [QualityShape.atMost(1, inLevel: 0)])
  private static let fifty = QualityShape(
    racks: Array(repeating: [5, 5], count: 5), partitions: 1440, rules: [QualityShape.atMost(1, inLevel: 0)])

  private static func within(_ peers: Int, _ shape: QualityShape, _ strength: Strength = .hard) -> QualityShape {
    shape.with { $0.fanOut = FanOutLimit(outbound: peers, inbound: peers, strength: strength) }
  }

  static let limited: [QualityCase] = {
    let few = "what lies above the windows is not within reach of the few peers that lack something"
    let nearAndFew =
      "which zone has a partition's company is settled with its master, and few pairs lead from zone to zone"
    let ten = within(10, hundred)
    let many = ten.with { $0.partitions = 10_000 }
    let wide = within(10, hundred.with {
      $0.racks = Array(repeating: [20], count: 20)
      $0.partitions = 16_000
    })
    let four = within(4, fifty)
    let weighted = within(10, fifty).with { shape in
      shape.weights = Dictionary(uniqueKeysWithValues: (0..<50).map { ($0, "\($0 % 3 + 1)") })
    }
    let near = within(
      12,
      fifty.with {
        $0.rules = [PlacementRule(states: [1], level: 0, demand: .near(of: 0, atLeast: 1), strength: .hard)]
      })
    return [
      QualityCase("10 peers: fresh", .fresh, ten),
      QualityCase("20 peers: fresh", .fresh, within(20, hundred)),
      QualityCase("2 peers, the fewest for 3 replicas: fresh", .fresh, within(2, hundred)),
      QualityCase("1 peer, one too few: fresh", .fresh, within(1, hundred)),
      QualityCase(
        "1 peer, one too few: a node leaves", .planned, within(1, hundred), then: within(1, hundred).with(1, .leaving),
        gap: few),
      QualityCase(
        "1 peer in, any number out: fresh", .fresh,
        hundred.with { $0.fanOut = FanOutLimit(outbound: nil, inbound: 1, strength: .hard) }),
      QualityCase("10 peers, 10,000 partitions: a node leaves", .planned, many, then: many.with(1, .leaving), gap: few),
      QualityCase(
        "10 peers, more nodes than moves: a node leaves", .planned, wide, then: wide.with(1, .leaving), gap: few),
      QualityCase("10 peers, more nodes than moves: a node joins", .planned, wide, gap: few) { $0.racks[3][0] += 1 },
      QualityCase("10 peers, weights 1 2 3: fresh", .fresh, weighted),
      QualityCase("10 peers: a node leaves", .planned, ten, then: ten.with(1, .leaving)),
      QualityCase("10 peers: a node fails", .planned, ten, then: ten.with(1, .failed)),
      QualityCase("10 peers: three leave", .planned, ten, then: ten.with(3, .leaving)),
      QualityCase("10 peers: a node joins", .planned, ten) { $0.racks[7][0] += 1 },
      QualityCase(
        "10 peers: a node swapped", .planned, ten,
        then: ten.with {
          $0.racks[7][0] += 1
          $0.statuses[3] = .leaving
        }),
      QualityCase("20 peers: a node joins", .planned, within(20, hundred)) { $0.racks[7][0] += 1 },
      QualityCase("4 peers, all in use: a node leaves", .planned, four, then: four.with(1, .leaving), gap: few),
      QualityCase("4 peers, all in use: a node joins", .planned, four, gap: few) { $0.racks[2][0] += 1 },
      QualityCase("10 peers: set where there are many", .planned, hundred, then: ten),
      QualityCase("10 peers, soft: set where there are many", .planned, hundred, then: within(10, hundred, .soft)),
      QualityCase(
        "10 peers, soft: a node leaves", .planned, within(10, hundred, .soft),
        then: within(10, hundred, .soft).with(1, .leaving)),
      QualityCase("12 peers, one slave near: fresh", .fresh, near),
      QualityCase(
        "12 peers, one slave near: a node leaves", .planned, near, then: near.with(1, .leaving), gap: nearAndFew),
      QualityCase("12 peers, one slave near: a node joins", .planned, near, gap: nearAndFew) { $0.racks[2][0] += 1 },
    ]
  }()
}
