import TestSupport
import Testing

@testable import PlatEngine

@Suite struct PairListTests {
  /// A book made of lists says what one says that saw pair after pair, before and after it is asked for single ones.
  @Test func aListIsTheBookOfItsPairs() {
    forAllSeeds(0..<150) { seed in
      var random = SplitMix64(seed: seed)
      let (cluster, _) = try RandomCluster.limited(seed, .small, .hard)
      guard cluster.replicas > 1, cluster.wanted[0] > 0, cluster.nodeCount > 2 else { return }
      let problem = try Problem(cluster, current: nil, arena: Arena())
      let seen = try PeerBook(problem)
      var lists = try (0...2).map { (_) throws(PlatError) in try PairList(problem.arena, capacity: 1) }
      for _ in 0..<random.among(0...400) {
        let (from, to) = (NodeIndex(random.below(cluster.nodeCount)), NodeIndex(random.below(cluster.nodeCount)))
        guard from != to else { continue }
        let times = Int32(random.among(1...9))
        seen.change(from, to, by: times)
        let list = random.below(lists.count)
        try lists[list].reserve(1)
        lists[list].append(from, to, times: times)
      }
      let listed = try PeerBook(problem, lists)
      func check() throws {
        try holds(
          listed.excess == seen.excess && listed.pairCount == seen.pairCount, "\(listed.excess), \(seen.excess)")
        for node in 0..<cluster.nodeCount {
          try holds(
            listed.out.base[node] == seen.out.base[node] && listed.into.base[node] == seen.into.base[node],
            "node \(node)")
        }
      }
      try check()
      for from in 0..<cluster.nodeCount {
        for to in 0..<cluster.nodeCount where from != to {
          let (from, to) = (NodeIndex(from), NodeIndex(to))
          try holds(listed.count(from, to) == seen.count(from, to), "\(from) to \(to)")
          guard seen.count(from, to) > 0, random.chance(1, 3) else { continue }
          for book in [listed, seen] { book.change(from, to, by: -book.count(from, to)) }
        }
      }
      try check()
    }
  }
}
