/// Pairs of a master and another holder as they come up, with repetitions: cheaper to write down than to look up.
struct PairList {
  private struct Pair: BitwiseCopyable {
    var from: NodeIndex
    var to: NodeIndex
    var times: Int32
  }

  private let arena: Arena
  private var pairs: NodeTable<Pair>
  private var used = 0

  /// `capacity`: pairs that there is room for at first.
  init(_ arena: Arena, capacity: Int) throws(PlatError) {
    self.arena = arena
    pairs = try arena.unfilledTable(max(capacity, 64))
  }

  /// Room for so many more.
  mutating func reserve(_ count: Int) throws(PlatError) {
    guard used + count > pairs.count else { return }
    let wider: NodeTable<Pair> = try arena.unfilledTable(2 * (used + count))
    wider.base.update(from: pairs.base, count: used)
    arena.free(pairs)
    pairs = wider
  }

  /// There is room: see `reserve`. Amortised O(1).
  @inline(__always) mutating func append(_ from: NodeIndex, _ to: NodeIndex, times: Int32) {
    pairs.base[used] = Pair(from: from, to: to, times: times)
    used += 1
  }

  func forEach(_ body: (NodeIndex, NodeIndex, Int32) -> Void) {
    for pair in UnsafeBufferPointer(start: pairs.base, count: used) { body(pair.from, pair.to, pair.times) }
  }

  /// How many distinct nodes each one replicates to, and how many to it; both begin at 0. Returns the distinct pairs.
  /// Sorted by who replicates, in the order in which they came; a stamp then tells distinct ones apart. O(N + pairs).
  static func countPeers(
    _ problem: Problem, _ lists: [PairList], out: NodeTable<Int32>, into: NodeTable<Int32>
  ) throws(PlatError) -> Int {
    let arena = problem.arena
    let end: NodeTable<Int> = try arena.table(problem.nodeCount + 1)
    let sorted: NodeTable<NodeIndex> = try arena.unfilledTable(lists.reduce(0) { $0 + $1.used })
    let stamp: NodeTable<Int32> = try arena.table(problem.nodeCount)
    defer {
      arena.free(end)
      arena.free(sorted)
      arena.free(stamp)
    }
    // Where each one's begin; when all are in place, where they end.
    for list in lists {
      for index in 0..<list.used { end.base[list.pairs.base[index].from.int + 1] += 1 }
    }
    for node in 0..<problem.nodeCount { end.base[node + 1] += end.base[node] }
    for list in lists {
      for index in 0..<list.used {
        let pair = list.pairs.base[index]
        sorted.base[end.base[pair.from.int]] = pair.to
        end.base[pair.from.int] += 1
      }
    }
    var index = 0
    var distinct = 0
    for node in 0..<problem.nodeCount {
      let before = distinct
      while index < end.base[node] {
        let to = sorted.base[index].int
        let isNew = stamp.base[to] != Int32(node) + 1
        stamp.base[to] = Int32(node) + 1
        distinct += isNew ? 1 : 0
        into.base[to] += isNew ? 1 : 0
        index += 1
      }
      out.base[node] = Int32(distinct - before)
    }
    return distinct
  }
}
