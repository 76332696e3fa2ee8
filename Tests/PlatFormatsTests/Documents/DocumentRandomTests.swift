import PlatEngine
import TestSupport
import Testing

@testable import PlatFormats

/// Random clusters there and back, and broken documents. Each failure names its seed and the replay command.
@Suite struct DocumentRandomTests {
  @Test func roundTrip() {
    forAllSeeds(0..<1500) { seed in
      var (cluster, current) = RandomCluster.make(seed: seed)
      if seed % 3 == 0 { cluster.extensions = [Extension(key: "x-seed", json: Array("[\(seed), {}]".utf8))] }
      if seed % 5 == 0 { cluster.config.maxStreamsOut = 4 }
      if seed % 7 < 2 { cluster.settings.balance.tolerance = Quantity(seed % 7 == 0 ? "1/20" : "0.25")! }
      if seed % 7 > 0, seed % 7 < 4 { cluster.settings.balance.moveBudget = Int(seed) }
      var map: MapDocument?
      if let current { map = MapDocument(header: MapHeader(kind: .current, revision: seed), placement: current) }
      let text = try written(ClusterDocument(cluster: cluster, map: map))
      let back = try read(text)
      try holds(back.cluster == cluster, "\(back.cluster)\nis not\n\(cluster)\n\(text)")
      try holds(back.map?.header == map?.header, "header \(back.map?.header as Any)")
      try holds(back.map?.placement.rows == current?.rows, "other holders:\n\(text)")
      try holds(try written(back) == text, "not the same bytes:\n\(text)")
    }
  }

  /// Any bytes may be read: they are accepted, or refused with a place in the document.
  @Test func mutatedDocumentsNeverTrap() {
    let originals = [exampleCluster, exampleRanges].map { Array($0.utf8) }
    var accepted = 0, refused = 0
    forAllSeeds(0..<12_000) { seed in
      var random = SplitMix64(seed: seed)
      var bytes = random.pick(originals)
      for _ in 0...random.below(3) { mutate(&bytes, &random) }
      do {
        let document = try ClusterReader.read(source(bytes))
        try DocumentError.hold(document)
        accepted += 1
      } catch let error as DocumentError {
        try holds(error.line >= 1 && error.column >= 1 && !error.found.isEmpty && !error.expected.isEmpty, "\(error)")
        refused += 1
      }
    }
    #expect(accepted > 300 && refused > 3000)
  }

  private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
    let words = [
      "0", "-1", "9", "null", "[]", "{}", "\"a\"", "\"b\"", "\"7\"", "1e9", "\"\"", "x-", "\\u0061", ",", ":", "}", "]",
      "é",
    ]
    let place = random.below(bytes.count)
    let digits = bytes.indices.filter { (0x30...0x39).contains(bytes[$0]) }
    switch random.below(6) {
    case 0: bytes.remove(at: place)
    case 1: bytes.insert(contentsOf: Array(random.pick(words).utf8), at: place)
    case 2 where !digits.isEmpty: bytes[random.pick(digits)] = UInt8(0x30 + random.below(10))
    case 3:  // one letter for another, mostly inside of names
      bytes[place] = bytes[random.below(bytes.count)]
    case 4:  // a piece of the document a second time
      bytes.insert(contentsOf: bytes[place...].prefix(1 + random.below(40)), at: random.below(bytes.count))
    default: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.below(60)))
    }
    if bytes.isEmpty { bytes = [0x7b] }
  }
}

extension DocumentError {
  /// What has been accepted can be judged and planned, or is refused as unsupported.
  fileprivate static func hold(_ document: ClusterDocument) throws {
    guard document.cluster.settings.partitionCount < 1000 else { return }
    let dense = try DenseCluster(document.cluster)
    if let map = document.map?.placement { _ = try Judge.judge(dense, map: map, from: nil) }
    do throws(PlatError) {
      let plan = try Planner.plan(dense, from: document.map?.placement)
      _ = try Judge.judge(dense, map: plan.target, from: document.map?.placement)
    } catch {
      guard case .unsupported = error else { throw error }
    }
  }
}
