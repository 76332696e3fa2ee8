import PlatEngine
import TestSupport
import Testing

@testable import PlatFormats

@Suite struct GenerateTests {
  private func options(_ change: (inout GenerateOptions) -> Void = { _ in }) -> GenerateOptions {
    var options = GenerateOptions(nodes: 60, partitions: 600)
    options.zones = 3
    options.racks = 4
    options.slaves = 2
    options.rules = [.init(level: "zone", most: 1, strength: .hard), .init(level: "rack", most: 1, strength: .soft)]
    change(&options)
    return options
  }

  private func written(_ options: GenerateOptions) throws -> [UInt8] {
    var writer = JSONWriter()
    ClusterWriter.write(try Generator.make(options), to: &writer)
    return try writer.withBytes { Array($0) }
  }

  @Test(arguments: GenerateOptions.Map.allCases)
  func sameSeedSameBytes(_ map: GenerateOptions.Map) throws {
    let asked = options {
      $0.map = map
      $0.weights = .zipf
      ($0.leaving, $0.failed, $0.joining) = (2, 1, 3)
    }
    let first = try written(asked)
    #expect(try written(asked) == first)
    var other = asked
    other.seed = 2
    #expect(try written(other) != first)
    if let golden = Self.golden[map] { #expect(fnv(first) == golden) }
  }

  /// What owes nothing to the planner stays the same on every machine, in every build and version.
  private static let golden: [GenerateOptions.Map: UInt64] = [
    .none: 12_966_980_208_648_932_272, .random: 6_040_240_017_804_720_985,
  ]

  @Test func treeNamesAndNumbers() throws {
    let cluster = try Generator.make(options { $0.capacity = 5...9; $0.weights = .among(1...3) }).cluster
    #expect(cluster.levels == ["zone", "rack"])
    #expect(cluster.containers.count == 15)
    #expect(cluster.containers[6].name == "z1r0" && cluster.containers[6].nodes == 20..<25)
    #expect(cluster.nodes[17].name == "n00017")
    #expect(cluster.nodes.allSatisfy { (5...9).contains($0.capacity!) })
    #expect(Set(cluster.nodes.map(\.weight.text)) == ["1", "2", "3"])
    #expect(cluster.settings.constraints == [1, 2, 0, 0])
  }

  @Test func rangesCoverTheKeys() throws {
    let cluster = try Generator.make(options { $0.keyFunction = .range; $0.map = .fresh }).cluster
    #expect(cluster.ranges.count == 600)
    #expect(cluster.ranges[300].start == [0x80, 0, 0, 0])
  }

  @Test func freshMapIsWhatThePlannerWants() throws {
    let document = try Generator.make(options { $0.map = .fresh })
    let plan = try Planner.plan(DenseCluster(document.cluster), from: document.map!.placement)
    #expect(plan.movesLowerBound == 0)
    #expect(mapsEqual(plan.target, document.map!.placement))
  }

  @Test func joiningNodesHoldNothingAndOthersDo() throws {
    for map in [GenerateOptions.Map.fresh, .random, .drifted, .halfMoved] {
      let asked = options { ($0.map, $0.leaving, $0.failed, $0.joining) = (map, 2, 1, 3) }
      let document = try Generator.make(asked)
      let holders = Set(document.map!.placement.rows.flatMap { $0.joined() })
      #expect(holders.count == (map == .halfMoved ? 60 : 57))
      #expect(document.cluster.nodes.count { $0.status == .leaving } == 2)
      #expect(document.cluster.nodes.count { $0.status == .failed } == 1)
    }
  }

  @Test func randomAndDriftedMapsAreLegal() throws {
    for map in [GenerateOptions.Map.random, .drifted] {
      let document = try Generator.make(options { $0.map = map })
      let dense = try DenseCluster(document.cluster)
      let report = try Judge.judge(dense, map: document.map!.placement, from: nil)
      #expect(!report.findings.contains { $0.rule == "placement[0]" })
      #expect(!report.isBalanced)
      #expect(report.health != .red)
    }
  }

  @Test func driftIsTheFractionAsked() throws {
    let fresh = try Generator.make(options { $0.map = .fresh }).map!.placement
    let drifted = try Generator.make(options { $0.map = .drifted; $0.drift = .init("1/4")! }).map!.placement
    let displaced = (0..<1800).count { fresh.slots[$0] != drifted.slots[$0] }
    #expect((380...520).contains(displaced))
  }

  @Test func halfMovedMapsAreInTheMiddle() throws {
    let document = try Generator.make(options { $0.map = .halfMoved; $0.leaving = 6; $0.joining = 6 })
    let map = document.map!.placement
    for row in map.rows {
      let all = row.joined()
      #expect(Set(all).count == all.count)
      #expect(row[0].count + row[2].count >= 1)
    }
    #expect(map.rows.contains { !$0[2].isEmpty })
    #expect(map.rows.contains { !$0[3].isEmpty })
    let dense = try DenseCluster(document.cluster)
    let plan = try Planner.plan(dense, from: map)
    let fresh = try Generator.make(options { $0.map = .fresh; $0.leaving = 6; $0.joining = 6 }).map!.placement
    let whole = try Planner.plan(dense, from: fresh)
    #expect(plan.movesLowerBound > 0 && plan.movesLowerBound < whole.movesLowerBound * 3 / 4)
  }

  @Test func absurdOptionsAreRefused() {
    let changes: [(String, (inout GenerateOptions) -> Void)] = [
      ("nodes", { $0.nodes = -1 }), ("zones", { $0.zones = 61 }), ("racks", { $0.racks = 21 }),
      ("partitions", { $0.partitions = 0 }), ("masters", { $0.masters = 2 }), ("slaves", { $0.slaves = -1 }),
      ("leaving", { $0.leaving = 61 }), ("join", { $0.leaving = 30; $0.joining = 31 }),
      ("rule", { $0.rules[0].level = "cage" }), ("rule", { $0.rules[0].most = -1 }),
      ("capacity", { $0.capacity = 0...Int.max - 1 }),
    ]
    for (path, change) in changes {
      let error = #expect(throws: InputError.self) { try Generator.make(options(change)) }
      #expect(error?.path == path)
    }
    #expect(GenerateOptions.Fraction("1.5") == nil)
    #expect(GenerateOptions.Fraction("0.05") == GenerateOptions.Fraction(1, of: 20))
  }

  @Test func tinyClusters() throws {
    for map in GenerateOptions.Map.allCases {
      for nodes in 0...3 {
        var asked = GenerateOptions(nodes: nodes, partitions: 3)
        asked.map = map
        let document = try Generator.make(asked)
        #expect(document.cluster.nodes.count == nodes)
      }
    }
  }
}

private func fnv(_ bytes: [UInt8]) -> UInt64 {
  bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}
