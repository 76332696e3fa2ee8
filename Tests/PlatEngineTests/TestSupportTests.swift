import PlatEngine
import Synchronization
import TestSupport
import Testing

/// The tools of the tests.
@Suite struct TestSupportTests {
  /// The first numbers from seed 0, as the generator's authors publish them.
  @Test func splitMix64GivesThePublishedNumbers() {
    var random = SplitMix64(seed: 0)
    #expect([random.next(), random.next()] == [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4])
  }

  @Test func aFailingPropertyNamesItsSeedsAndStops() {
    let recorded = Mutex<[String]>([])
    withKnownIssue {
      forAllSeeds(0..<100) { seed in try holds(seed % 10 != 7, "seven") }
    } matching: { issue in
      recorded.withLock { $0.append("\(issue)") }
      return true
    }
    let messages = recorded.withLock { $0 }
    #expect(messages.count == 3)
    for (seed, message) in zip([7, 17, 27], messages) {
      #expect(message.contains("PLAT_SEED=\(seed) swift test --filter aFailingPropertyNamesItsSeedsAndStops"))
    }
  }

  @Test func randomClustersAreValidAndNameNoNodeTwice() {
    for size in [RandomCluster.Size.tiny, .small, .medium] {
      forAllSeeds(0..<200) { seed in
        let (cluster, current) = RandomCluster.make(seed: seed, size: size)
        try cluster.validate()
        for row in current?.rows ?? [] {
          let nodes = row.flatMap(\.self)
          try holds(Set(nodes).count == nodes.count, RandomCluster.describe(cluster, current))
        }
        let again = RandomCluster.make(seed: seed, size: size)
        try holds(again.cluster == cluster, "another cluster from the same seed")
        try holds(again.current.map(mapHash) == current.map(mapHash), "another map from the same seed")
      }
    }
  }

  @Test func mapsAreToldApart() {
    let map = PlacementMap.make([[[0], [1]], [[2], []]], least: [1, 1])
    let same = PlacementMap.make(map.rows, least: [1, 1])
    let other = PlacementMap.make([[[0], [1]], [[], [2]]], least: [1, 1])
    #expect(mapsEqual(map, same) && mapHash(map) == mapHash(same))
    #expect(!mapsEqual(map, other) && mapHash(map) != mapHash(other))
  }
}
