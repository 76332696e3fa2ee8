import PlatEngine

/// How far processes are from each other, and who does not hear whom. Orchestrators stand at one place each, and are
/// cut off together.
struct Links {
  /// A place: a node's number, or behind them an orchestrator's.
  typealias Place = Int

  struct Link: Hashable {
    var from: Place
    var to: Place
  }

  let nodeCount: Int
  /// Ticks beside the usual ones, by the pair, drawn from this; nil: none.
  private var distances: (seed: UInt64, most: UInt64)?
  /// Looked up only.
  private var cuts: [Link: Int] = [:]

  init(nodeCount: Int) { self.nodeCount = nodeCount }

  /// Each pair, and each way, has a latency of its own from now on.
  mutating func spread(_ seed: UInt64, most: UInt64) { distances = (seed, max(1, most)) }

  /// The same for a pair as long as nothing is spread anew.
  func latency(_ from: Place, _ to: Place) -> UInt64 {
    guard let (seed, most) = distances, from >= 0, to >= 0 else { return 0 }
    var random = SplitMix(seed: seed ^ (UInt64(from) << 32 | UInt64(to)))
    return UInt64(random.below(Int(most)))
  }

  /// All orchestrators are one place here.
  private func joint(_ from: Place, _ to: Place) -> Link { Link(from: min(from, nodeCount), to: min(to, nodeCount)) }

  mutating func cut(_ link: Link) { cuts[joint(link.from, link.to), default: 0] += 1 }

  mutating func mend(_ link: Link) {
    let link = joint(link.from, link.to)
    cuts[link] = cuts[link].flatMap { $0 > 1 ? $0 - 1 : nil }
  }

  mutating func mendAll() { cuts = [:] }

  var isWhole: Bool { cuts.isEmpty }
  func isCut(_ from: Place, _ to: Place) -> Bool { !cuts.isEmpty && cuts[joint(from, to)] != nil }
}
