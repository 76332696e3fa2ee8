import Foundation
import PlatEngine
import Synchronization
import TestSupport
import Testing

@testable import PlatFormats

/// Whole plan documents, certificate and findings included, of random clusters of every pair of features: as hashes, in
/// `Tests/Golden/plans.tsv`, a kind a line, 32 clusters a hash. A change of the planner that is to change nothing
/// leaves them as they are; another one says in its commit which kinds have changed, and why.
///
/// The first hashes of each kind are looked at, and with `PLAT_SWEEP` all of them.
/// `PLAT_UPDATE_GOLDEN=1 swift test --filter PlanHashTests` writes all lines anew. `PLAT_HASHES=FILE` writes the hash of
/// each cluster as well: two such files, of two versions, tell which plans differ.
@Suite struct PlanHashTests {
  /// What a cluster has beside rules, statuses, weights of nodes and capacities, which any may have.
  enum Feature: String, CaseIterable { case near, peers, weights, tolerance, budget, places, operation, maps, wide }

  struct Kind: CustomTestStringConvertible, Sendable {
    let features: [Feature]
    var name: String { features.isEmpty ? "plain" : features.map(\.rawValue).joined(separator: " × ") }
    var testDescription: String { name }

    static let all: [Kind] = {
      let single = Feature.allCases.map { Kind(features: [$0]) }
      let pairs = Feature.allCases.indices.flatMap { first in
        Feature.allCases[(first + 1)...].map { Kind(features: [Feature.allCases[first], $0]) }
      }
      return [Kind(features: [])] + single + pairs
    }()
  }

  private static let (blocks, blocksInTests, blockSize) = (14, 3, 32)

  // MARK: the table

  @Test(arguments: Kind.all) func documentsAreAsTheyWere(kind: Kind) throws {
    let environment = ProcessInfo.processInfo.environment
    let isNew = environment["PLAT_UPDATE_GOLDEN"] == "1"
    let isWhole = isNew || environment["PLAT_SWEEP"] != nil
    let log = environment["PLAT_HASHES"]
    let known = isNew ? nil : try HashTable.read()[kind.name]
    let hashes = try (0..<(isWhole ? Self.blocks : Self.blocksInTests)).map { block in
      var hash = FNV()
      for seed in block * Self.blockSize..<(block + 1) * Self.blockSize {
        let document = try Self.document(kind.features, seed: UInt64(seed))
        hash.add(document)
        if let log { try HashTable.append("\(kind.name)\t\(seed)\t\(FNV(document).text)\n", to: log) }
      }
      return hash.text
    }
    guard !isNew else { return try HashTable.write(kind, hashes) }
    let golden = try #require(known)
    for (block, hash) in hashes.enumerated() {
      #expect(
        hash == golden[block],
        "\(kind.name): a plan of seeds \(block * Self.blockSize)..<\((block + 1) * Self.blockSize) has changed")
    }
  }

  @Test func kindsHaveLines() throws {
    let names = try HashTable.read().keys
    #expect(Set(names) == Set(Kind.all.map(\.name)))
    #expect(try HashTable.read().values.allSatisfy { $0.count == Self.blocks })
  }

  @Test func anotherDocumentIsAnotherHash() throws {
    var bytes = try Self.document([.weights], seed: 1)
    let hash = FNV(bytes).text
    #expect(try FNV(Self.document([.weights], seed: 1)).text == hash)
    bytes[bytes.count / 2] ^= 1
    #expect(FNV(bytes).text != hash)
  }

  // MARK: plans

  private static func document(_ features: [Feature], seed: UInt64) throws -> [UInt8] {
    var random = SplitMix64(seed: seed &* 0x9e37_79b9 ^ UInt64(features.count))
    let document = try cluster(features, seed: seed, &random)
    var options = PlanOptions()
    options.threads = 1 + Int(seed % 2)
    do {
      let planned: PlannedDocument
      switch document {
      case .one(let one):
        if features.contains(.operation) {
          options.operation = random.pick(Operation.allCases)
          options.to = CurrentMap.roundRobin.make(one.cluster, &random)
        }
        let dense = try DenseCluster(one.cluster)
        let plan = try Planner.plan(dense, from: one.map?.placement, options: options)
        let report = try Judge.judge(dense, map: plan.target, from: one.mapBefore())
        planned = .one(one, plan, report, PlanDocument(plan, for: one))
      case .several(let several):
        if features.contains(.operation) {
          options.operation = random.pick(Operation.allCases)
          options.toMaps = several.maps.indices.map {
            CurrentMap.roundRobin.make(several.group.cluster($0), &random)
          }
        }
        let dense = try DenseGroup(several.group)
        let plan = try Planner.plan(dense, from: several.maps.map { $0?.placement }, options: options)
        let report = try Judge.judge(dense, maps: plan.plans.map(\.target), from: several.mapsBefore())
        planned = .several(several, plan, report, GroupPlanDocument(plan, for: several))
      }
      let writer = planned.writer(isBinary: false)
      return try writer.withBytes { Array($0) }
    } catch let error as PlatError {
      return Array("\(error)".utf8)  // such as what cannot be asked for together
    }
  }

  private static func cluster(
    _ features: [Feature], seed: UInt64, _ random: inout SplitMix64
  ) throws -> AnyClusterDocument {
    let isWide = features.contains(.wide)
    let shape = RandomCluster.Shape {
      $0.nodes = isWide ? 66...70 : 1...9
      $0.partitions = isWide ? 1...2 : 1...12
      if features.contains(.near) { $0.near = random.pick([.hard, .soft]) }
    }
    guard features.contains(.maps) else {
      var (cluster, current) = RandomCluster.make(seed: seed, shape: shape)
      if isWide {
        cluster.settings.constraints[1] = random.among(64...66)
        current = random.pick([CurrentMap.none, .random, .missing]).make(cluster, &random)
      }
      ask(features, &cluster, &random)
      if features.contains(.weights) {
        cluster.partitionWeights = RandomGroup.anyWeights(cluster.settings.partitionCount, &random)
      }
      return .one(ClusterDocument(cluster: cluster, map: document(current)))
    }
    let made = try RandomGroup.make(
      seed: seed, maps: 1...4, shape: shape, isJoined: random.chance(1, 2),
      weights: features.contains(.weights) ? RandomGroup.anyWeights : nil)
    var (group, currents) = (made.group.group, made.currents)
    if isWide {
      group.members[0].settings.constraints[1] = random.among(64...66)
      currents[0] = nil
    }
    for map in group.members.indices {
      var cluster = group.cluster(map)
      ask(features.filter { $0 != .places || map == 0 }, &cluster, &random)
      group.members[map].settings = cluster.settings
      if map == 0 { group.shared.nodes = cluster.nodes }  // tags
    }
    return .several(GroupDocument(group: group, maps: currents.map(document)))
  }

  private static func document(_ map: PlacementMap?) -> MapDocument? {
    map.map { MapDocument(header: MapHeader(kind: .current, revision: 7), placement: $0) }
  }

  private static func ask(_ features: [Feature], _ cluster: inout Cluster, _ random: inout SplitMix64) {
    let replicas = cluster.settings.constraints.reduce(0, +)
    for feature in features {
      switch feature {
      case .peers:
        func limit() -> Int? { random.chance(1, 5) ? nil : random.among(max(0, replicas - 1)...(3 * replicas)) }
        cluster.settings.fanOut = FanOutLimit(
          outbound: limit(), inbound: limit(), strength: random.pick([.hard, .soft]))
      case .tolerance: cluster.settings.balance.tolerance = Quantity(random.pick(["1/20", "1/10", "1/3"]))!
      case .budget: cluster.settings.balance.moveBudget = random.among(0...2)
      case .places: RandomPlaces.add(to: &cluster, &random)
      case .near, .weights, .operation, .maps, .wide: break
      }
    }
  }
}

/// `Tests/Golden/plans.tsv`.
private enum HashTable {
  private static let file = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Golden/plans.tsv")
  private static let lock = Mutex(())

  static func read() throws -> [String: [String]] {
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { $0.split(separator: "\t") }
    return Dictionary(uniqueKeysWithValues: lines.map { (String($0[0]), $0.dropFirst().map(String.init)) })
  }

  static func write(_ kind: PlanHashTests.Kind, _ hashes: [String]) throws {
    try lock.withLock { _ in
      var lines = (try? read()) ?? [:]
      lines[kind.name] = hashes
      let text = PlanHashTests.Kind.all.compactMap { kind in
        lines[kind.name].map { ([kind.name] + $0).joined(separator: "\t") + "\n" }
      }
      try text.joined().write(to: file, atomically: true, encoding: .utf8)
    }
  }

  static func append(_ line: String, to path: String) throws {
    try lock.withLock { _ in
      let isThere = FileManager.default.fileExists(atPath: path)
      if !isThere { _ = FileManager.default.createFile(atPath: path, contents: nil) }
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      try handle.seekToEnd()
      try handle.write(contentsOf: Data(line.utf8))
      try handle.close()
    }
  }
}

private struct FNV {
  private var value: UInt64 = 0xcbf2_9ce4_8422_2325

  init(_ bytes: [UInt8] = []) { add(bytes) }

  mutating func add(_ bytes: [UInt8]) { for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 } }

  var text: String { String(value, radix: 16) }
}
