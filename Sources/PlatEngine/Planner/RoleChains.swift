/// Moves a state from nodes above their windows to nodes below them, along partitions that they share.
///
/// An arc m → d is a partition where m is in the state and d holds the partition in a later one: the two change
/// places. First all that one such change settles, in passes over the rows; then chains, breadth first, one at a
/// time: onward from whoever has too many, backward from whoever has too few. A search that finds no end rules
/// out every node that it saw.
struct RoleChains {
  private let problem: Problem
  private let rows: UnsafeMutablePointer<NodeIndex>
  private let width: Int
  private let slots: Range<Int>
  private let state: Int
  private let count: NodeTable<Int32>
  private let window: NodeTable<RoleWindows.Window>

  init(
    _ problem: Problem, rows: UnsafeMutablePointer<NodeIndex>, slots: Range<Int>, state: Int,
    count: NodeTable<Int32>, window: NodeTable<RoleWindows.Window>
  ) {
    self.problem = problem
    self.rows = rows
    width = problem.replicas
    self.slots = slots
    self.state = state
    self.count = count
    self.window = window
  }

  /// O(P · R) and, where that is not enough, a search for each node that is still out of its window.
  func run(_ placement: Placement) throws(PlatError) {
    sweep(pending: tooMany, isGiver: { $0 > $1.most }, isTaker: { $0 < $1.most })
    sweep(pending: tooFew, isGiver: { $0 > $1.least }, isTaker: { $0 < $1.least })
    guard tooMany > 0 || tooFew > 0 else { return }
    var search = try Search(self, holdings: Holdings(problem, placement))
    search.drain(.onward, from: { $0 > $1.most }, into: { $0 < $1.most })
    search.drain(.backward, from: { $0 < $1.least }, into: { $0 > $1.least })
  }

  private typealias Test = (Int32, RoleWindows.Window) -> Bool

  private var tooMany: Int {
    (0..<problem.nodeCount).reduce(0) { $0 + max(0, Int(count.base[$1]) - Int(window.base[$1].most)) }
  }

  private var tooFew: Int {
    (0..<problem.nodeCount).reduce(0) { $0 + max(0, Int(window.base[$1].least) - Int(count.base[$1])) }
  }

  /// One pass over the rows: wherever a giver is in the state and a taker is not, they change places.
  @inline(__always) private func sweep(pending: Int, isGiver: Test, isTaker: Test) {
    var left = pending
    for partition in 0..<problem.partitionCount where left > 0 {
      let row = rows + partition * width
      for slot in slots {
        let giver = row[slot]
        guard giver != .none, isGiver(count[giver], window[giver]) else { continue }
        for place in slots.upperBound..<width {
          let taker = row[place]
          guard taker != .none, isTaker(count[taker], window[taker]), mayChange(row, slot, place) else { continue }
          row.swap(slot, place)
          count[giver] -= 1
          count[taker] += 1
          left -= 1
          break
        }
      }
    }
  }

  /// Whether the holder at `place` may be in the state instead of the one at `slot`.
  private func mayChange(_ row: UnsafeMutablePointer<NodeIndex>, _ slot: Int, _ place: Int) -> Bool {
    if state == 0, problem.isSlaveOnly[row[place]] { return false }
    guard !problem.stateCaps.isEmpty else { return true }
    row.swap(slot, place)
    defer { row.swap(slot, place) }
    return StateRules.breach(problem, row) == nil
  }

  // MARK: Chains

  private enum Direction {
    /// From a node in the state to those that it shares with.
    case onward
    /// From a node that is not to those that are.
    case backward
  }

  private struct Search {
    let chains: RoleChains
    var holdings: Holdings
    let seen: NodeTable<Int32>
    let cameFrom: NodeTable<NodeIndex>
    /// The two slots that change places to come here: the state's and the other.
    let cameBy: NodeTable<SIMD2<UInt32>>
    let queue: NodeTable<NodeIndex>
    var round: Int32 = 0

    init(_ chains: RoleChains, holdings: Holdings) throws(PlatError) {
      self.chains = chains
      self.holdings = holdings
      let (arena, nodes) = (chains.problem.arena, chains.problem.nodeCount)
      seen = try arena.table(nodes)
      cameFrom = try arena.table(nodes)
      cameBy = try arena.table(nodes)
      queue = try arena.table(nodes)
    }

    /// A chain for each unit that a node is out by, while there are any.
    mutating func drain(_ direction: Direction, from isStart: Test, into isEnd: Test) {
      // What one search has ruled out stays ruled out: no chain found later passes through it.
      round += 1
      let ruledOut = -round
      for start in 0..<chains.problem.nodeCount {
        while seen.base[start] != ruledOut, isStart(chains.count.base[start], chains.window.base[start]) {
          guard chain(direction, from: NodeIndex(start), ruledOut: ruledOut, isEnd) else { break }
        }
      }
    }

    private mutating func chain(
      _ direction: Direction, from start: NodeIndex, ruledOut: Int32, _ isEnd: Test
    ) -> Bool {
      round += 1
      var read = 0
      var write = 1
      queue.base[0] = start
      seen[start] = round
      let state = chains.slots
      let others = state.upperBound..<chains.width
      while read < write {
        let node = queue.base[read]
        read += 1
        var place = holdings.begin(node)
        while let held = holdings.next(&place, of: node) {
          let column = held % chains.width
          guard column >= state.lowerBound, (direction == .onward) == state.contains(column) else { continue }
          let row = chains.rows + (held - column)
          for column2 in direction == .onward ? others : state {
            let other = row[column2]
            let (slot, place) = direction == .onward ? (column, column2) : (column2, column)
            guard other != .none, seen[other] != round, seen[other] != ruledOut, chains.mayChange(row, slot, place)
            else { continue }
            seen[other] = round
            cameFrom[other] = node
            cameBy[other] = SIMD2(UInt32(held - column + slot), UInt32(held - column + place))
            if isEnd(chains.count[other], chains.window[other]) {
              apply(from: start, to: other, gain: direction == .onward ? 1 : -1)
              return true
            }
            queue.base[write] = other
            write += 1
          }
        }
      }
      for index in 0..<write { seen[queue.base[index]] = ruledOut }
      return false
    }

    private mutating func apply(from start: NodeIndex, to end: NodeIndex, gain: Int32) {
      var node = end
      while node != start {
        let (slot, place) = (Int(cameBy[node].x), Int(cameBy[node].y))
        chains.rows.swap(slot, place)
        holdings.add(slot, to: chains.rows[slot])
        holdings.add(place, to: chains.rows[place])
        node = cameFrom[node]
      }
      chains.count[start] -= gain
      chains.count[end] += gain
    }
  }
}
