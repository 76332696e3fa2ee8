/// Who comes into a state where a place is open, when nothing is to change for balance alone: whoever holds the
/// partition and has least of the state for its weight. Who is in the state stays in it.
///
///     row   [ –  | n4  n2 ]      the open place, and the pool that it is filled from by changing places
///
/// First each place takes the best of its own row. Then places pass from node to node along chains of open places, from
/// whoever has most for its weight, as long as the node at the end has less than the one at the beginning: when there
/// is no such chain, the greatest load for its weight is the least that there can be (and then the next greatest …).
/// What a search without a result has reached is done with for good: no later chain leads into it, for its end would
/// lie there too. So all searches that find nothing cost one pass over the open places.
struct Succession {
  let rows: UnsafeMutablePointer<NodeIndex>
  let width: Int
  /// The state's columns.
  let columns: Range<Int>
  /// The other columns whose nodes may come into the state.
  let pool: [Int]
  /// How many each node has in the state.
  let count: NodeTable<Int32>
  /// Lower is asked first; `Succession.never`: not at all.
  let rank: NodeTable<UInt8>
  let weight: [Int]
  /// How many each node has in the same state of other maps; empty: there are none. Of candidates that are as good in
  /// this map the one is taken that has least of all maps, and then places pass on between such.
  let beside: [Int32]
  /// Whether two slots of one row may change places.
  let mayChange: (_ place: Int, _ other: Int) -> Bool

  static let never = UInt8.max

  /// Fills open places: slots of `rows`, those of one row in order. Returns those that nobody could fill. Each place
  /// filled is one change of state. O(places · R) and a short search for each chain.
  func fill(_ places: [Int]) -> [Int] {
    var filled: [Int] = []
    var unfilled: [Int] = []
    for place in places {
      if let best = bestCandidate(for: place) {
        rows.swap(place, best)
        count[rows[place]] += 1
        filled.append(place)
      } else {
        unfilled.append(place)
      }
    }
    var chains = Chains(self, filled)
    chains.run()
    if !beside.isEmpty {
      chains = Chains(self, filled, levelsSums: true)
      chains.run()
    }
    return unfilled
  }

  private func bestCandidate(for place: Int) -> Int? {
    let row = place / width * width
    var best: Int?
    func consider(_ slot: Int) {
      let node = rows[slot]
      guard node != .none, rank[node] != Succession.never, slot == place || mayChange(place, slot) else { return }
      if let best {
        let other = rows[best]
        guard rank[node] <= rank[other] else { return }
        if rank[node] == rank[other], !hasLess(node, thanWithOneMore: other, plus: 1) {
          guard !hasLess(other, thanWithOneMore: node, plus: 1), hasLessInAll(node, than: other, plus: 1) else {
            return
          }
        }
      }
      best = slot
    }
    for slot in place..<(row + columns.upperBound) { consider(slot) }
    for column in pool { consider(row + column) }
    return best
  }

  /// Whether `node` with `plus` more has less for its weight than `other` with `plus` more.
  private func hasLess(_ node: NodeIndex, thanWithOneMore other: NodeIndex, plus: Int) -> Bool {
    (Int(count[node]) + plus) * weight[other.int] < (Int(count[other]) + plus) * weight[node.int]
  }

  /// The same of all maps.
  private func hasLessInAll(_ node: NodeIndex, than other: NodeIndex, plus: Int) -> Bool {
    guard !beside.isEmpty else { return false }
    return (inAll(node) + plus) * weight[other.int] < (inAll(other) + plus) * weight[node.int]
  }

  private func inAll(_ node: NodeIndex) -> Int { Int(count[node]) + (beside.isEmpty ? 0 : Int(beside[node.int])) }

  private struct Chains {
    let succession: Succession
    /// Places pass to nodes that have less of all maps, and no more of this one than the node that they pass from.
    let levelsSums: Bool
    /// Of such chains, how many places may be looked at.
    var effort = TrialLimits.Succession.effort
    let places: [Int]
    /// Of each node, a list of the places that it has, or has had.
    var first: [Int32]
    var links: [(place: Int32, next: Int32)] = []
    /// All nodes that have had a place.
    var nodes: [NodeIndex] = []
    var isDone: [Bool]
    /// How a search came to a node: the place that passes on, and the slot that it passes to.
    var cameBy: [(place: Int, slot: Int)]
    var reachedIn: [Int32]
    var search: Int32 = 0

    init(_ succession: Succession, _ places: [Int], levelsSums: Bool = false) {
      self.succession = succession
      self.levelsSums = levelsSums
      self.places = places
      let nodes = succession.count.count
      first = Array(repeating: -1, count: nodes)
      isDone = Array(repeating: false, count: nodes)
      cameBy = Array(repeating: (-1, -1), count: nodes)
      reachedIn = Array(repeating: 0, count: nodes)
      for index in places.indices.reversed() { link(index, to: succession.rows[places[index]]) }
      for node in 0..<nodes {
        if first[node] < 0 { isDone[node] = true } else { self.nodes.append(NodeIndex(node)) }
      }
    }

    mutating func link(_ index: Int, to node: NodeIndex) {
      links.append((Int32(index), first[node.int]))
      first[node.int] = Int32(links.count - 1)
    }

    mutating func run() {
      while let start = fullest() {
        search += 1
        var queue = [start]
        var read = 0
        reachedIn[start.int] = search
        var end: NodeIndex?
        while read < queue.count, end == nil {
          end = expand(queue[read], from: start, &queue)
          read += 1
        }
        if let end {
          pass(from: start, to: end)
        } else if levelsSums {
          // An end for another node that has more of this map may lie here yet.
          isDone[start.int] = true
        } else {
          for node in queue { isDone[node.int] = true }
        }
      }
    }

    /// Of the nodes that are not done with, the one that has most for its weight; the first to have a place of equal
    /// ones.
    private func fullest() -> NodeIndex? {
      var best: NodeIndex?
      for node in nodes where !isDone[node.int] {
        if let best {
          let hasMore =
            levelsSums
            ? succession.hasLessInAll(best, than: node, plus: 0)
            : succession.hasLess(best, thanWithOneMore: node, plus: 0)
          guard hasMore else { continue }
        }
        best = node
      }
      return best
    }

    /// Adds the nodes that could take a place from `node`; returns one that ends a chain.
    private mutating func expand(_ node: NodeIndex, from start: NodeIndex, _ queue: inout [NodeIndex]) -> NodeIndex? {
      let of = succession
      var link = first[node.int]
      while link >= 0 {
        let place = places[Int(links[Int(link)].place)]
        link = links[Int(link)].next
        if levelsSums {
          effort -= 1
          guard effort > 0 else { return nil }
        }
        guard of.rows[place] == node else { continue }
        for column in of.pool {
          let slot = place / of.width * of.width + column
          let other = of.rows[slot]
          guard other != .none, reachedIn[other.int] != search, of.rank[other] <= of.rank[node],
            of.mayChange(place, slot)
          else { continue }
          // A node without open places is done from the start, and still may take one.
          if isDone[other.int], first[other.int] >= 0, !levelsSums { continue }
          reachedIn[other.int] = search
          cameBy[other.int] = (Int(place), slot)
          if isEnd(other, of: start) { return other }
          queue.append(other)
        }
      }
      return nil
    }

    /// Whether a place of `start` is better on `node`.
    private func isEnd(_ node: NodeIndex, of start: NodeIndex) -> Bool {
      let of = succession
      let (mine, its) = (Int(of.count[start]) * of.weight[node.int], (Int(of.count[node]) + 1) * of.weight[start.int])
      guard levelsSums else { return its < mine }
      return its <= mine && (of.inAll(node) + 1) * of.weight[start.int] < of.inAll(start) * of.weight[node.int]
    }

    private mutating func pass(from start: NodeIndex, to end: NodeIndex) {
      let of = succession
      var node = end
      while node != start {
        let (place, slot) = cameBy[node.int]
        let donor = of.rows[place]
        of.rows.swap(place, slot)
        if let index = places.firstIndex(sorted: place) {
          if first[node.int] < 0 { nodes.append(node) }
          link(index, to: node)
        }
        isDone[node.int] = false
        node = donor
      }
      of.count[start] -= 1
      of.count[end] += 1
    }
  }
}

extension [Int] {
  /// The index of an element of an ascending array.
  fileprivate func firstIndex(sorted element: Int) -> Int? {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < element { low = middle + 1 } else { high = middle }
    }
    return low < count && self[low] == element ? low : nil
  }
}

extension DenseCluster {
  /// The nodes' weights as whole numbers of at most 31 bits: exactly, where they have a common denominator that lets
  /// them, else rounded down (and at least 1, but for 0).
  func wholeWeights() -> [Int] {
    var exact: [Rational] = []
    var indexOfText: [String: Int] = [:]  // looked up only
    let kind = cluster.nodes.map { node in
      if let index = indexOfText[node.weight.text] { return index }
      indexOfText[node.weight.text] = exact.count
      exact.append(Rational(node.weight))
      return exact.count - 1
    }
    let most = 1 << 31
    var scale = Rational.one
    for weight in exact where weight.sign != 0 {
      let scaled = weight * scale
      if let (_, denominator) = scaled.parts { scale = scale * Rational(denominator) }
    }
    let greatest = exact.reduce(Rational.zero) { max($0, $1) }
    if greatest.sign > 0, greatest * scale > Rational(most) { scale = Rational(most) / greatest }
    let whole = exact.map { $0.sign == 0 ? 0 : max(1, ($0 * scale).floor ?? most) }
    return kind.map { whole[$0] }
  }
}
