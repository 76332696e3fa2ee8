/// What every node is due in weight, and the windows that follow from it.
///
/// As for replicas (`WaterFill`), but nothing can be cut in two: a node that holds a partition heavier than its share
/// is due just that one, and the others share the rest. So the due follows from the cluster and from who holds the
/// heaviest partitions, and from nothing else.
///
/// The window of a node is its due give or take the *resolution*, or a replica that fits if that is less; where what
/// fits does not suffice, a node may stay below. The resolution is the size to which light partitions can level out
/// what the heavier ones leave uneven. Start with the heaviest that fits a due; where all partitions up to some smaller
/// size together weigh a quarter of what one of the heavier would on every node, that size takes its place; what is
/// less than 1/128 of a node's due is not worth moving for, nor in all what is less than half a replica of the average
/// size. Where all nodes are due the same, and one replica is more than half of that, those that are to be balanced lie
/// within one replica of each other, and so within (n − 1)/n of one of their due.
///
///     sizes   1000 ─ 100 ─ 10 ─ 1 ─ 1 ─ 1 …      enough of 1s for 100 on each node: windows are due ± 1
struct WeightedDue {
  /// Each node's due, in whole numbers: not less, unless it holds one partition that is its due.
  private(set) var due: NodeTable<Int>
  private(set) var least: NodeTable<Int>
  private(set) var most: NodeTable<Int>
  /// The windows without a tolerance; the same where there is none.
  private let strictLeast: NodeTable<Int>
  private let strictMost: NodeTable<Int>
  /// The heaviest replica that fits a node's due: what it may be off in any state.
  let tolerance: NodeTable<Int>
  /// Nodes that hold one partition heavier than their share, and are due that.
  let isPinned: NodeTable<Bool>
  /// The part of its due by which a node may be off it before anything changes for balance alone; a fresh map is as
  /// near as can be.
  private let part: Tolerance
  /// Exact shares, by group.
  private let shares: [Rational]
  private let groupOfNode: [Int]

  /// The same dues where a node may hold anything. O(N).
  func open(_ arena: Arena) throws(PlatError) -> WeightedDue {
    var result = self
    result.least = try arena.table(due.count)
    result.most = try arena.table(due.count)
    result.most.fill(with: Limits.weight)
    return result
  }

  /// The same, to be changed node by node. O(N).
  func copy(_ arena: Arena) throws(PlatError) -> WeightedDue {
    func copy(_ table: NodeTable<Int>) throws(PlatError) -> NodeTable<Int> {
      let result: NodeTable<Int> = try arena.table(table.count)
      result.copy(from: table)
      return result
    }
    var result = self
    (result.due, result.least, result.most) = (try copy(due), try copy(least), try copy(most))
    return result
  }

  func set(_ node: Int, least: Int, most: Int, due: Int) {
    (self.least.base[node], self.most.base[node], self.due.base[node]) = (least, most, due)
  }

  /// The window of a node where all partitions weigh 1: the whole numbers around its due, or around what is tolerated.
  func counted(_ node: Int) -> ClosedRange<Int> {
    let ends = part.ends(exact(node))
    let last = (ends.highest.floor ?? .max / 2) + (ends.highest.isInteger ? 0 : 1)
    let first = max(least.base[node], ends.lowest.floor ?? 0)
    return first...max(first, min(most.base[node], last))
  }

  func window(_ node: Int) -> ClosedRange<Int> { least.base[node]...max(least.base[node], most.base[node]) }

  /// The whole numbers within `off` of a share, or of what is tolerated of it.
  func window(_ node: Int, off share: Rational, by off: Int) -> ClosedRange<Int> {
    let ends = part.ends(share)
    let (least, most) = (
      ends.lowest.floor ?? 0, (ends.highest.floor ?? .max / 4) + (ends.highest.isInteger ? 0 : off == 0 ? 1 : 0)
    )
    let low = max(0, least + (ends.lowest.isInteger || off == 0 ? 0 : 1) - off)
    return low...max(low, most + off)
  }

  var isTolerant: Bool { !part.isZero }

  func exact(_ node: Int) -> Rational { shares[groupOfNode[node]] }

  /// Narrows the windows of a state so that what is left for the states after it is within `tolerance` of its due, too:
  /// a node that holds `pool` in all of these, and is due `due`.
  func leave(_ problem: Problem, pool: NodeTable<Int>, due: [Rational], tolerance: NodeTable<Int>) {
    for node in 0..<problem.nodeCount where tolerance.base[node] > 0 && !isPinned.base[node] {
      let pool = Rational(pool.base[node])
      func narrowed(_ least: Int, _ most: Int, _ part: Tolerance) -> (least: Int, most: Int) {
        let rest = part.ends(due[node] - exact(node))
        let (lowest, highest) = (pool - rest.highest, pool - rest.lowest)
        guard let floor = lowest.floor, let last = highest.floor, least < most else { return (least, most) }
        let (low, high) = (floor + (lowest.isInteger ? 0 : 1) - tolerance.base[node], last + tolerance.base[node])
        return low <= most && high >= least && low <= high ? (max(least, low), min(most, high)) : (least, most)
      }
      let strict = narrowed(strictLeast.base[node], strictMost.base[node], .zero)
      let wide = isTolerant ? narrowed(least.base[node], most.base[node], part) : strict
      // What is right without a tolerance is right with one.
      (least.base[node], most.base[node]) = (min(strict.least, wide.least), max(strict.most, wide.most))
    }
  }

  /// What lies outside the windows, in all. O(N).
  func outside(_ load: NodeTable<Int>) -> Int {
    var sum = 0
    for node in 0..<due.count { sum += max(0, load.base[node] - most.base[node], least.base[node] - load.base[node]) }
    return sum
  }

  /// Of one node.
  private struct Bounds: Hashable {
    var cap: Rational
    var isPinned = false
  }

  /// In all. `heaviest`: of each node, what it holds.
  static func total(_ weighing: Weighing, heaviest: NodeTable<Int>) throws(PlatError) -> WeightedDue {
    let problem = weighing.problem
    var bounds: [Bounds] = []
    var ofCapacity: [Int: Rational] = [:]
    for node in 0..<problem.nodeCount {
      switch problem.cluster.status[node].entitlement {
      case .share:
        let capacity = problem.cluster.capacity[node]
        if ofCapacity[capacity] == nil {
          ofCapacity[capacity] = Rational((0..<capacity).reduce(0) { $0 + weighing.weight[weighing.order.base[$1]] })
        }
        bounds.append(Bounds(cap: ofCapacity[capacity]!))
      case .holdings: bounds.append(Bounds(cap: Rational(weighing.load.base[node]), isPinned: true))
      case .nothing: bounds.append(Bounds(cap: .zero))
      }
    }
    return try WeightedDue(
      weighing, caps: problem.hard.map { ($0.level, $0.most) }, bounds: bounds, heaviest: heaviest,
      demand: Rational(weighing.total) * Rational(problem.replicas), perPartition: problem.replicas)
  }

  /// In one state. `left`: what each node is due in this state and those after it. `total`: the due in all.
  static func state(
    _ state: Int, _ weighing: Weighing, total: WeightedDue, heaviest: NodeTable<Int>, inAll: NodeTable<Int>,
    left: [Rational]
  ) throws(PlatError) -> WeightedDue {
    let problem = weighing.problem
    let caps = problem.cluster.hardCaps(ofStateAlone: state, count: problem.wanted[state])
    let bounds = (0..<problem.nodeCount).map { node in
      let isBarred =
        problem.isSlaveOnly.base[node] && state == 0 || !problem.cluster.mayEver(node, inState: state)
      let holdsItElsewhere = total.isPinned.base[node] && heaviest.base[node] < inAll.base[node]
      guard !isBarred, !holdsItElsewhere else { return Bounds(cap: .zero) }
      // Who may be nothing else is that with all that it is due.
      return Bounds(cap: left[node], isPinned: problem.cluster.isBound(node, toState: state))
    }
    let demand = min(Rational(weighing.total) * Rational(problem.wanted[state]), left.reduce(Rational.zero, +))
    return try WeightedDue(
      weighing, caps: caps, bounds: bounds, heaviest: heaviest, demand: demand, perPartition: problem.wanted[state],
      state: state)
  }

  /// O(N) exact operations for each round in which nodes turn out to hold more than their share; fewer where they are
  /// alike.
  private init(
    _ weighing: Weighing, caps: [(level: Int, most: Int)], bounds: [Bounds], heaviest: NodeTable<Int>, demand: Rational,
    perPartition: Int, state: Int? = nil
  ) throws(PlatError) {
    let problem = weighing.problem
    let boxes = DueBoxes(problem, caps: caps, weight: weighing.total)
    due = try problem.arena.table(problem.nodeCount)
    least = try problem.arena.table(problem.nodeCount)
    most = try problem.arena.table(problem.nodeCount)
    part = problem.current == nil ? .zero : problem.cluster.cluster.settings.tolerance
    strictLeast = part.isZero ? least : try problem.arena.table(problem.nodeCount)
    strictMost = part.isZero ? most : try problem.arena.table(problem.nodeCount)
    tolerance = try problem.arena.table(problem.nodeCount)
    isPinned = try problem.arena.table(problem.nodeCount)
    var bounds = bounds
    var groups: WeightedGroups
    var shares: [Rational]
    while true {
      groups = WeightedGroups(problem, boxes) { bounds[$0] }
      let members = groups.first.enumerated().map { group, node in
        let bound = bounds[node]
        return WaterFill.Member(
          box: boxes.boxOfNode[node], weight: groups.weight[group], cap: bound.cap, isPinned: bound.isPinned,
          count: groups.count[group])
      }
      let sets = problem.cluster.placeSets(ofState: state, nodeOfMember: groups.first, amount: weighing.total)
      shares = WaterFill(boxes: boxes.boxes, members: members).shares(demand: demand, sets: sets).ofMember
      var isSettled = true
      for node in 0..<problem.nodeCount
      where !bounds[node].isPinned && heaviest.base[node] > 0 && bounds[node].cap.sign > 0 {
        let heaviest = Rational(heaviest.base[node])
        let group = groups.groupOfNode[node]
        guard shares[group] < heaviest, groups.weight[group].sign > 0 else { continue }
        bounds[node] = Bounds(cap: min(heaviest, bounds[node].cap), isPinned: true)
        isPinned.base[node] = true
        isSettled = false
      }
      if isSettled { break }
    }
    self.shares = shares
    groupOfNode = groups.groupOfNode
    setWindows(weighing, bounds, perPartition: perPartition, isTotal: state == nil)
  }

  private func setWindows(_ weighing: Weighing, _ bounds: [Bounds], perPartition: Int, isTotal: Bool) {
    let floors = shares.map { $0.floor ?? .max }
    let ceilings = zip(floors, shares).map { $1.isInteger ? $0 : $0 + 1 }
    // The same of the ends of what is tolerated.
    let ends = shares.map { part.ends($0) }
    let lowest = ends.map { ($0.lowest.floor ?? .max) + ($0.lowest.isInteger ? 0 : 1) }
    let highest = ends.map { $0.highest.floor ?? .max }
    let status = weighing.problem.cluster.status
    let free = (0..<groupOfNode.count).filter { status[$0].hasShare && !bounds[$0].isPinned }
    let greatest = free.map { floors[groupOfNode[$0]] }.max() ?? floors.max() ?? 0
    let heaviest = weighing.sizes.size(upTo: greatest)?.size ?? 0
    let resolution = weighing.sizes.resolution(heaviest: heaviest, nodes: groupOfNode.count, perPartition: perPartition)
    let mostInTotal = isTotal && Set(free.map { floors[groupOfNode[$0]] }).count == 1
      ? WeightSizes.mostOff(heaviest, due: greatest, nodes: free.count) : heaviest
    let halfReplica = isTotal ? weighing.total / (2 * max(1, weighing.problem.partitionCount)) : 0
    let unfilled = weighing.sizes.unfilled(free.map { floors[groupOfNode[$0]] }, perPartition: perPartition)
    for node in 0..<groupOfNode.count {
      let group = groupOfNode[node]
      due.base[node] = bounds[node].isPinned ? floors[group] : ceilings[group]
      let fitting = weighing.sizes.size(upTo: floors[group]) ?? (0, 0)
      let mostOff = min(heaviest, fitting.size)
      self.tolerance.base[node] = mostOff
      let tolerance =
        bounds[node].isPinned
        ? min(resolution, mostOff) : min(max(resolution, halfReplica, floors[group] / 128), mostOff, mostInTotal)
      let mayStayBelow =
        fitting.size == 0 || !status[node].hasShare || fitting.weightUpTo < floors[group]
        || (!bounds[node].isPinned && unfilled.contains(floors[group]))
      let isKept = status[node].isPinned
      strictLeast.base[node] = mayStayBelow ? 0 : max(0, ceilings[group] - tolerance)
      strictMost.base[node] = floors[group] + tolerance
      least.base[node] = mayStayBelow ? 0 : max(0, lowest[group] - tolerance)
      most.base[node] = (isKept ? floors[group] : highest[group]) + tolerance
    }
  }
}

/// Nodes that are alike in weight and bounds, in one box.
private struct WeightedGroups {
  private(set) var groupOfNode: [Int]
  private(set) var first: [Int] = []
  private(set) var count: [Int] = []
  private(set) var weight: [Rational] = []

  private struct Key<Bounds: Hashable>: Hashable {
    var box: Int
    var weight: Quantity
    var places: Int
    var bounds: Bounds
  }

  init<Bounds: Hashable>(_ problem: Problem, _ boxes: DueBoxes, bounds: (Int) -> Bounds) {
    groupOfNode = [Int](repeating: 0, count: problem.nodeCount)
    var known: [Key<Bounds>: Int] = [:]  // looked up only
    var exact: [Quantity: Rational] = [:]
    for node in 0..<problem.nodeCount {
      let text = problem.cluster.cluster.nodes[node].weight
      let key = Key(
        box: boxes.boxOfNode[node], weight: text, places: problem.cluster.places.kind(node), bounds: bounds(node))
      let group = known[key] ?? first.count
      if group == first.count {
        known[key] = group
        first.append(node)
        count.append(0)
        let value = exact[text] ?? Rational(text)
        exact[text] = value
        weight.append(value)
      }
      count[group] += 1
      groupOfNode[node] = group
    }
  }
}

extension DueBoxes {
  /// The same in weight: `weight` is that of all partitions.
  fileprivate init(_ problem: Problem, caps: [(level: Int, most: Int)], weight: Int) {
    self.init(problem, caps: caps)
    for index in boxes.indices {
      guard let cap = boxes[index].cap else { continue }
      boxes[index].cap = cap / Rational(problem.partitionCount) * Rational(weight)
    }
  }
}
