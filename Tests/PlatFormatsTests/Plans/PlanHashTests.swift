import Foundation
import PlatEngine
import TestSupport
import Testing

@testable import PlatFormats

/// Whole plan documents, certificates included, of random clusters with every pair of features: their hashes, in
/// `Tests/Golden/hashes.tsv`, a line for each kind and block of seeds. A change that is to change no plan changes no hash.
///
/// `PLAT_UPDATE_GOLDEN=1 PLAT_SWEEP=20 swift test --filter PlanHashes` writes the table anew; whoever does says why. Without
/// `PLAT_SWEEP` the first block of each kind is looked at. Odd seeds are planned by two threads.
@Suite struct PlanHashes {
  private static let seedsOfBlock = 20
  /// Of 61 kinds: together 20,740 clusters.
  private static let blocks = 17

  private static let file = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Golden/hashes.tsv")
  private static let environment = ProcessInfo.processInfo.environment
  private static var isSweep: Bool { environment["PLAT_SWEEP"] != nil }

  @Test func plansAreAsTheyWere() throws {
    let blocks = Self.isSweep ? Self.blocks : 1
    var found: [String: String] = [:]
    for features in Features.pairs {
      for block in 0..<blocks { found["\(features.name)\t\(block)"] = try Self.hash(features, block) }
    }
    if Self.environment["PLAT_UPDATE_GOLDEN"] == "1" {
      #expect(Self.isSweep, "all blocks are needed: PLAT_SWEEP=20")
      let lines = Features.pairs.flatMap { features in
        (0..<blocks).map { "\(features.name)\t\($0)\t\(found["\(features.name)\t\($0)"]!)" }
      }
      return try (["kind\tblock\thash"] + lines).joined(separator: "\n").appending("\n")
        .write(to: Self.file, atomically: true, encoding: .utf8)
    }
    let golden = try String(contentsOf: Self.file, encoding: .utf8).split(separator: "\n").dropFirst()
    #expect(golden.count == Features.pairs.count * Self.blocks)
    for line in golden {
      let place = line.lastIndex(of: "\t")!
      guard let hash = found[String(line[..<place])] else { continue }
      #expect(hash == line[line.index(after: place)...], "\(line[..<place]): another plan")
    }
  }

  /// FNV-1a over the documents of a block, or the errors instead of them.
  private static func hash(_ features: Features, _ block: Int) throws -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for seed in (block * seedsOfBlock)..<((block + 1) * seedsOfBlock) {
      for byte in try document(features, seed: UInt64(seed)) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
    return String(hash, radix: 16)
  }

  private static func document(_ features: Features, seed: UInt64) throws -> [UInt8] {
    let made = FeatureCluster(features, seed: seed)
    var options = PlanOptions()
    options.operation = made.operation
    options.threads = 1 + Int(seed % 2)
    if made.operation == .restoreBack || made.operation == .cancel { options.to = made.current }
    func map(_ placement: PlacementMap?) -> MapDocument? {
      placement.map { MapDocument(header: MapHeader(kind: .current, revision: 7), placement: $0) }
    }
    var cluster = made.cluster
    let read: AnyClusterDocument
    if features.contains(.group) {
      var own = ClusterGroup.Member(name: "own", settings: cluster.settings)
      own.weights = made.weights
      let group = ClusterGroup(shared: cluster, members: [own] + made.others)
      options.toMaps = made.otherMaps
      read = .several(GroupDocument(group: group, maps: ([made.current] + made.otherMaps).map(map)))
    } else {
      cluster.partitionWeights = made.weights
      read = .one(ClusterDocument(cluster: cluster, map: map(made.current)))
    }
    do {
      var writer = try PlannedDocument(read, of: source("{}"), to: nil, options: options, stages: UntoldStages()).writer(isBinary: false)
      return try writer.withBytes { Array($0) }
    } catch {
      return Array("\(error)".utf8)
    }
  }
}
