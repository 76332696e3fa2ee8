/// What nodes hold and are due of all maps together, in weight: in all, which comes first, and in each state by name.
///
/// A node is due the sum of what it would be due of each map if partitions could be cut; of a map of which some node
/// holds a partition heavier than that, what it is due with that partition. Sums are well within the heaviest partition
/// that fits that due; those in all that are not are aimed at a resolution, as those of one map (`WeightedDue`), that
/// of all maps' partitions together.
struct WeightSums {
  /// Of one map, in the group's numbers.
  struct BalanceScore {
    /// Of each place; nil where the map has no such state.
    var held: [[Int]?]
    fileprivate var free: [[Rational]?]
    fileprivate var pinned: [[Rational]?]
    fileprivate var heaviest: [Int]
    var unplaced: Int
    var moves: Int
    /// What these weigh, in the map's own numbers.
    var moved: Int
    /// What planning the map by itself leaves nodes with, of each place, in the group's numbers.
    fileprivate var own: [[ClosedRange<Int>]?]
    /// What nodes are due of it by itself: who comes or goes and is no heavier changes no due.
    fileprivate var ownDue: [[Int]?]

    /// Weight outside of the map's own windows.
    var outside: Int { outsideOfPlaces.reduce(0, +) }

    private var outsideOfPlaces: [Int] {
      own.indices.map { place in
        guard let own = own[place], let held = held[place] else { return 0 }
        return own.indices.reduce(0) { $0 + own[$1].distance(to: held[$1]) }
      }
    }

    /// Whether it is no farther from its own windows, in all and in each state.
    func isNoWorse(than other: BalanceScore) -> Bool {
      zip(outsideOfPlaces, other.outsideOfPlaces).allSatisfy { $0 <= $1 }
    }

    /// Whether changes of what is held bring no node farther out of the map's own windows.
    func allows(_ changes: [WeightSums.Change]) -> Bool {
      changes.allSatisfy { allows($0) }
    }

    func allows(_ change: WeightSums.Change) -> Bool {
      guard let own = own[change.place]?[change.node], let held = held[change.place]?[change.node] else { return true }
      return own.distance(to: held + change.by) <= own.distance(to: held)
    }

    /// How much nearer changes of what is held bring the map to its own windows.
    func spares(_ changes: [WeightSums.Change]) -> Int {
      changes.reduce(0) { sum, change in
        guard let own = own[change.place]?[change.node], let held = held[change.place]?[change.node] else { return sum }
        return sum + own.distance(to: held) - own.distance(to: held + change.by)
      }
    }

    mutating func add(_ changes: [WeightSums.Change]) {
      for change in changes { held[change.place]?[change.node] += change.by }
    }

    /// Whether a replica may come to a node, or go, without changing what nodes are due.
    func isLight(_ weight: Int, _ place: Int, _ node: Int) -> Bool { ownDue[place].map { weight <= $0[node] } ?? true }

    /// What a map is expected to have that is not planned yet: what its nodes are due.
    var expected: BalanceScore {
      var result = self
      result.held = free.map { $0.map { $0.map { $0.floor ?? 0 } } }
      return result
    }
  }

  /// More or less of what a node holds, in the group's numbers.
  struct Change {
    var place: Int
    var node: Int
    var by: Int
  }

  let names: [String]
  private let group: DenseGroup
  private let weights: GroupWeights
  /// Of each place, with all replicas.
  private let sizes: [WeightSizes]
  /// One of each partition.
  private let single: WeightSizes
  private let halfReplica: Int

  var places: Range<Int> { 0..<(names.count + 1) }
  let total = 0

  init(_ group: DenseGroup, _ weights: GroupWeights) {
    (self.group, self.weights) = (group, weights)
    var names: [String] = []
    for cluster in group.clusters {
      for (state, about) in cluster.cluster.settings.model.states.enumerated()
      where cluster.dataWanted[state] > 0 && !names.contains(about.name) { names.append(about.name) }
    }
    self.names = names
    let weight = group.clusters.indices.reduce(0) { $0 + weights.of[$1].total * weights.scale[$1] }
    halfReplica = weight / max(1, 2 * group.clusters.reduce(0) { $0 + $1.partitionCount })
    single = WeightSizes(
      group.clusters.indices.flatMap { weights.amounts(of: $0) }.sorted().lazy.map { ($0, $0) })
    sizes = (0...names.count).map { place in
      var all: [(size: Int, replicas: Int)] = []
      for (map, cluster) in group.clusters.enumerated() {
        let states = cluster.cluster.settings.model.states
        let replicas = states.indices.filter { place == 0 || states[$0].name == names[place - 1] }
          .reduce(0) { $0 + cluster.dataWanted[$1] }
        guard replicas > 0 else { continue }
        for weight in weights.of[map].of { all.append((weight * weights.scale[map], replicas)) }
      }
      all.sort { $0.size < $1.size }
      return WeightSizes(all.lazy.map { ($0.size, $0.size * $0.replicas) })
    }
  }

  /// Where a map's state has its place.
  func place(of state: Int, in map: Int) -> Int? {
    names.firstIndex(of: group.clusters[map].cluster.settings.model.states[state].name).map { $0 + 1 }
  }

  // MARK: one map

  /// How a map stands. O(P · R), and exact arithmetic for each kind of node.
  func score(_ map: Int, _ target: PlacementMap?, from current: PlacementMap?) throws(PlatError) -> BalanceScore {
    let cluster = group.clusters[map]
    let problem = try Problem(cluster, current: current, arena: Arena())
    let copy = try PlacementMap(unfilled: cluster.partitionCount, slotCounts: cluster.dataWanted, arena: Arena())
    copy.clear()
    if let target { copy.copyData(from: target, cluster) }
    let weighing = try Weighing(problem, weights.of[map], Placement(problem, target: copy))
    weighing.recount()
    return try score(map, weighing)
  }

  /// The same of rows that are weighed already.
  func score(_ map: Int, _ weighing: Weighing) throws(PlatError) -> BalanceScore {
    let (cluster, problem, scale) = (group.clusters[map], weighing.problem, weights.scale[map])
    let wanted = cluster.dataWanted.indices.filter { cluster.dataWanted[$0] > 0 }
    let nothing: NodeTable<Int> = try problem.arena.table(problem.nodeCount)
    let heaviest = try weighing.heaviest(in: 0..<problem.replicas)
    var score = BalanceScore(
      held: places.map { _ in nil }, free: places.map { _ in nil }, pinned: places.map { _ in nil },
      heaviest: (0..<problem.nodeCount).map { heaviest.base[$0] * scale },
      unplaced: weighing.unplaced, moves: weighing.moved.count, moved: weighing.moved.weight,
      own: places.map { _ in nil }, ownDue: places.map { _ in nil })
    // Of one size, a node is due its number, whatever it holds.
    let isCounted = cluster.partitionWeights == nil
    func scaled(_ range: ClosedRange<Int>) -> ClosedRange<Int> {
      func times(_ weight: Int) -> Int { weight > Limits.weight / max(1, scale) ? .max / 4 : weight * scale }
      return times(range.lowerBound)...times(range.upperBound)
    }
    score.held[total] = held(weighing, 0..<problem.replicas, scale: scale)
    for isFree in [true, false] {
      let inAll = isFree ? nothing : heaviest
      let due = try WeightedDue.total(weighing, heaviest: inAll)
      let isOwn = isFree == isCounted
      var left = (0..<problem.nodeCount).map { due.exact($0) }
      func put(_ place: Int, _ shares: [Rational], _ window: (Int) -> ClosedRange<Int>) {
        let exact = shares.map { $0 * Rational(scale) }
        if isFree { score.free[place] = exact } else { score.pinned[place] = exact }
        guard isOwn, scale > 0 else { return }
        score.own[place] = shares.indices.map {
          place == total || cluster.status[$0].hasShare ? scaled(window($0)) : 0...(.max / 4)
        }
        if !isCounted { score.ownDue[place] = exact.map { $0.floor ?? .max } }
      }
      put(total, left) { isCounted ? due.counted($0) : due.window($0) }
      var first = 0
      for state in wanted {
        let slots = first..<(first + cluster.dataWanted[state])
        first = slots.upperBound
        guard let place = place(of: state, in: map) else { continue }
        if isFree { score.held[place] = held(weighing, slots, scale: scale) }
        guard state != wanted.last else {
          put(place, left) { due.window($0, off: left[$0], by: isCounted ? 0 : due.tolerance.base[$0]) }
          continue
        }
        let ofState = try WeightedDue.state(
          state, weighing, total: due, heaviest: isFree ? nothing : weighing.heaviest(in: slots), inAll: inAll,
          left: left)
        if isOwn, !isCounted {
          let pool: NodeTable<Int> = try problem.arena.table(problem.nodeCount)
          for (node, weight) in held(weighing, slots.lowerBound..<problem.replicas, scale: 1).enumerated() {
            pool.base[node] = weight
          }
          ofState.leave(problem, pool: pool, due: left, tolerance: due.tolerance)
        }
        let shares = (0..<problem.nodeCount).map { ofState.exact($0) }
        for node in left.indices { left[node] = left[node] - shares[node] }
        put(place, shares) { isCounted ? ofState.counted($0) : ofState.window($0) }
      }
    }
    return score
  }

  private func held(_ weighing: Weighing, _ slots: Range<Int>, scale: Int) -> [Int] {
    var held = [Int](repeating: 0, count: weighing.load.count)
    for partition in 0..<weighing.problem.partitionCount {
      let row = weighing.row(partition)
      for slot in slots where row[slot] != .none { held[row[slot].int] += weighing.weight.base[partition] * scale }
    }
    return held
  }

  // MARK: all maps

  /// The sums and their windows, of each place.
  struct Windows {
    fileprivate(set) var held: [[Int]]
    fileprivate(set) var due: [[Int]] = []
    /// Sums are well in these.
    fileprivate var widest: [[ClosedRange<Int>]] = []
    /// Those that are not, or are still to come, are aimed at these.
    fileprivate var aims: [[ClosedRange<Int>]] = []
    let isActive: [Bool]
    /// Half of what a partition of the average size weighs.
    fileprivate let halfReplica: Int

    /// What lies outside in all, and outside of the aims.
    var outside: (of: Int, ofAims: Int) { (outside(widest), outside(aims)) }

    private func outside(_ windows: [[ClosedRange<Int>]]) -> Int {
      held.indices.reduce(0) { sum, place in
        sum + held[place].indices.reduce(0) { $0 + outside(windows, place, $1, held[place][$1]) }
      }
    }

    private func outside(_ windows: [[ClosedRange<Int>]], _ place: Int, _ node: Int, _ held: Int) -> Int {
      isActive[node] ? windows[place][node].distance(to: held) : 0
    }

    /// Where sums are well.
    func well(_ place: Int) -> [ClosedRange<Int>] { widest[place] }

    /// In all: what the sums are aimed at, or half a replica of the average size.
    var tight: [ClosedRange<Int>] {
      due[0].indices.map { node in
        let (due, aim, most) = (due[0][node], aims[0][node], widest[0][node])
        let least = max(most.lowerBound, min(due - halfReplica, aim.lowerBound))
        return least...max(least, min(most.upperBound, max(due + halfReplica, aim.upperBound)))
      }
    }

    /// The same of a state, where no weight moves for it.
    func even(_ place: Int) -> [ClosedRange<Int>] {
      due[place].map { max(0, $0 - halfReplica)...(max(0, $0) + halfReplica) }
    }

    /// Of the sum in all, wide enough for what is held.
    func bounds(_ node: Int) -> ClosedRange<Int> {
      min(widest[0][node].lowerBound, held[0][node])...max(widest[0][node].upperBound, held[0][node])
    }

    /// Of a node's sums.
    func outside(_ node: Int) -> Int { held.indices.reduce(0) { $0 + outside(widest, $1, node, held[$1][node]) } }

    /// Above: what a node's sums are above their windows in all less what they are below.
    func above(_ node: Int) -> Int {
      held.indices.reduce(0) { sum, place in
        let out = outside(widest, place, node, held[place][node])
        return held[place][node] > widest[place][node].upperBound ? sum + out : sum - out
      }
    }

    /// How much less lies outside after changes of what is held, each of another place or node.
    func spares(_ changes: [WeightSums.Change]) -> Int {
      changes.reduce(0) { $0 + spares($1) }
    }

    func spares(_ change: Change) -> Int {
      let held = held[change.place][change.node]
      return outside(widest, change.place, change.node, held)
        - outside(widest, change.place, change.node, held + change.by)
    }

    mutating func add(_ changes: [WeightSums.Change]) {
      for change in changes { held[change.place][change.node] += change.by }
    }
  }

  /// The heaviest of a place that is not above `most`; 0: there is none.
  private func fitting(_ place: Int, _ most: Int) -> Int { sizes[place].size(upTo: most)?.size ?? 0 }

  /// O(maps · N) exact additions.
  func windows(_ scores: [BalanceScore]) -> Windows {
    let nodes = 0..<group.nodeCount
    let isActive = group.group.shared.nodes.map { $0.status.hasShare }
    let isPinned = pinned(scores, isActive)
    var mayStayBelow: [Bool] = []
    var windows = Windows(held: places.map { _ in nodes.map { _ in 0 } }, isActive: isActive, halfReplica: halfReplica)
    let tolerance = group.group.shared.settings.tolerance
    var totalDue: [Int] = []
    for place in places {
      var due = [Rational](repeating: .zero, count: nodes.count)
      for (map, score) in scores.enumerated() {
        guard let held = score.held[place], let shares = isPinned[map] ? score.pinned[place] : score.free[place] else {
          continue
        }
        for node in nodes {
          windows.held[place][node] += held[node]
          due[node] = due[node] + shares[node]
        }
      }
      let whole = due.map { $0.floor ?? .max }
      let greatest = nodes.filter { isActive[$0] }.map { whole[$0] }.max() ?? 0
      let resolution =
        place > total ? .max : sizes[place].resolution(heaviest: fitting(place, greatest), nodes: isActive.count { $0 })
      windows.due.append(whole)
      if place == total {
        totalDue = whole
        let unfilled = sizes[total].unfilled(nodes.filter { isActive[$0] }.map { whole[$0] })
        mayStayBelow = nodes.map {
          unfilled.contains(whole[$0]) || single.size(upTo: whole[$0])?.weightUpTo ?? 0 < whole[$0]
        }
      }
      let widest = nodes.map { fitting(total, totalDue[$0]) }
      func around(_ off: (Int) -> Int, mayStayBelow: [Bool]? = nil) -> [ClosedRange<Int>] {
        nodes.map { node in
          let ends = tolerance.ends(due[node])
          let least =
            widest[node] == 0 || mayStayBelow?[node] == true
            ? 0 : max(0, (ends.lowest.floor ?? 0) + (ends.lowest.isInteger ? 0 : 1) - off(node))
          return least...max(least, (ends.highest.floor ?? .max / 2) + off(node))
        }
      }
      windows.widest.append(around({ widest[$0] }, mayStayBelow: mayStayBelow))
      windows.aims.append(around { min(max(resolution, whole[$0] / 128), widest[$0]) })
    }
    return windows
  }

  /// Maps of which some node holds a partition heavier than what it is due of all.
  private func pinned(_ scores: [BalanceScore], _ isActive: [Bool]) -> [Bool] {
    var isPinned = scores.map { _ in false }
    var due = [Rational](repeating: .zero, count: group.nodeCount)
    for score in scores { for node in due.indices { due[node] = due[node] + score.free[total]![node] } }
    var whole = due.map { $0.floor ?? .max }
    func isOversized(_ map: Int) -> Bool {
      whole.indices.contains { isActive[$0] && due[$0].sign > 0 && whole[$0] < scores[map].heaviest[$0] }
    }
    while let map = scores.indices.first(where: { !isPinned[$0] && isOversized($0) }) {
      isPinned[map] = true
      for node in due.indices {
        due[node] = due[node] + (scores[map].pinned[total]![node] - scores[map].free[total]![node])
      }
      whole = due.map { $0.floor ?? .max }
    }
    return isPinned
  }

  /// What the others leave of the sums for one map. Nil where it weighs nothing.
  func goal(_ map: Int, _ scores: [BalanceScore], _ windows: Windows) -> WeightGoal? {
    let cluster = group.clusters[map]
    let scale = weights.scale[map]
    guard scale > 0 else { return nil }
    func down(_ a: Int) -> Int { a >= 0 ? a / scale : -((-a + scale - 1) / scale) }
    func share(_ place: Int) -> WeightGoal.Share {
      let beside = (0..<group.nodeCount).map { windows.held[place][$0] - (scores[map].held[place]?[$0] ?? 0) }
      return WeightGoal.Share(
        least: beside.indices.map { down(windows.aims[place][$0].lowerBound - beside[$0] + scale - 1) },
        most: beside.indices.map { down(windows.aims[place][$0].upperBound - beside[$0]) },
        due: beside.indices.map { down(windows.due[place][$0] - beside[$0] + scale / 2) })
    }
    let wanted = cluster.dataWanted.indices.filter { cluster.dataWanted[$0] > 0 }
    var states: [WeightGoal.Share?] = cluster.dataWanted.map { _ in nil }
    for state in wanted.dropLast() { states[state] = place(of: state, in: map).map(share) }
    let rest = wanted.count == 2 ? place(of: wanted[1], in: map).map(share) : nil
    return WeightGoal(total: share(total), states: states, rest: rest, isCounted: cluster.partitionWeights == nil)
  }
}

extension ClosedRange<Int> {
  func distance(to value: Int) -> Int { Swift.max(0, value - upperBound, lowerBound - value) }
}
