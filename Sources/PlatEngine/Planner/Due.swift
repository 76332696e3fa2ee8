/// Stage 1: what every node is due, exactly, and the integer windows and quotas that follow from it.
///
/// GMP lives here and in `WaterFill`; nothing downstream sees a rational.
struct Due {
  /// The fewest and most replicas of each node: floor and ceiling of its due, or as far off it as is tolerated.
  private(set) var least: NodeTable<Int32>
  private(set) var most: NodeTable<Int32>
  /// One count for each node within its window; every container's sum, too, is the floor or ceiling of its due.
  private(set) var quota: NodeTable<Int32>
  /// The replicas that can be placed in all: P · R, or less where caps forbid it.
  private(set) var total: Int
  let isShort: Bool
  /// Something may change for balance alone.
  private(set) var seeksBalance = true
  /// For each wanted state but the last, the fewest and most of each node, given its total `T`. See `RoleWindow`.
  private(set) var roles: [RoleWindows]
  /// The windows without a tolerance, where there is one: what costs no move is aimed at these.
  private var narrow: Narrow?
  /// The dues themselves, and how they are rounded.
  let shares: ExactShares
  private let rounding: ControlledRounding

  private struct Narrow {
    var least: NodeTable<Int32>
    var most: NodeTable<Int32>
    var roles: [RoleWindows]
  }

  /// `held`: for nodes in maintenance, what they keep. O(N) and a few rational operations for each kind of node.
  init(_ problem: Problem, held: NodeTable<Int32>) throws(PlatError) {
    let boxes = DueBoxes(problem, caps: problem.hard.map { ($0.level, $0.most) })
    let kinds = NodeKinds(problem, held: held)
    let groups = NodeGroups(problem, boxes: boxes, kindOfNode: kinds.kindOfNode)
    let members = groups.firstNode.enumerated().map { group, node in
      let kind = kinds.kinds[kinds.kindOfNode[node]]
      return WaterFill.Member(
        box: groups.box[group], weight: kind.weight, cap: kind.exactCap(problem.cluster), isPinned: kind.isPinned,
        count: groups.count[group])
    }
    let demand = problem.partitionCount * problem.replicas
    let fill = WaterFill(boxes: boxes.boxes, members: members)
    let sets = problem.cluster.placeSets(nodeOfMember: groups.firstNode, amount: problem.partitionCount)
    let shares = fill.shares(demand: Rational(demand), sets: sets)

    least = try problem.arena.table(problem.nodeCount)
    most = try problem.arena.table(problem.nodeCount)
    quota = try problem.arena.table(problem.nodeCount)
    rounding = ControlledRounding(shares.ofMember, regions: shares.regionOfMember)
    rounding.round(groups.groupOfNode, into: quota)
    for node in 0..<problem.nodeCount {
      let group = groups.groupOfNode[node]
      most.base[node] = rounding.floor[group] + (rounding.hasFraction[group] ? 1 : 0)
      least.base[node] = members[group].isPinned ? 0 : rounding.floor[group]
    }
    self.shares = ExactShares(
      ofGroup: members.indices.map { members[$0].isPinned ? .zero : shares.ofMember[$0] },
      groupOfNode: groups.groupOfNode)
    // Where pinned nodes alone pass the demand the shares add up to more; the total is still the demand.
    total = min(demand, shares.total.floor ?? demand)
    isShort = total < demand
    roles = try RoleWindows.make(
      problem, groups: groups, weights: members.map(\.weight), totals: shares.ofMember, total: total, tolerance: .zero)
    let tolerance = problem.cluster.cluster.settings.tolerance
    guard !tolerance.isZero else { return }
    narrow = Narrow(least: least, most: most, roles: roles)
    let windows = shares.ofMember.map { tolerance.window($0) }
    least = try problem.arena.table(problem.nodeCount)
    most = try problem.arena.table(problem.nodeCount)
    for node in 0..<problem.nodeCount {
      let group = groups.groupOfNode[node]
      let widest = max(narrow!.most.base[node], Int32(clamping: problem.cluster.capacity[node]))
      (least.base[node], most.base[node]) = members[group].isPinned
        ? (0, narrow!.most.base[node]) : (windows[group].least, min(widest, windows[group].most))
    }
    roles = try RoleWindows.make(
      problem, groups: groups, weights: members.map(\.weight), totals: shares.ofMember, total: total,
      tolerance: tolerance)
  }

  /// Nodes may be farther off their dues than rounding asks for.
  var isTolerant: Bool { narrow != nil }

  /// The same without a tolerance.
  var strict: Due {
    guard let narrow else { return self }
    var result = self
    (result.least, result.most, result.roles, result.narrow) = (narrow.least, narrow.most, narrow.roles, nil)
    return result
  }

  /// The nodes that are due something, if all those are due the same and nothing falls short; else nil. O(N).
  var countOfAlike: Int? {
    guard !isShort else { return nil }
    var count = 0
    var window: (Int32, Int32)?
    for node in 0..<most.count where most.base[node] > 0 {
      guard window ?? (least.base[node], most.base[node]) == (least.base[node], most.base[node]) else { return nil }
      window = (least.base[node], most.base[node])
      count += 1
    }
    return count > 0 ? count : nil
  }

  /// The same with narrower windows for some nodes: those that should hold less than they do, and those that should
  /// hold more.
  func narrowed(
    _ problem: Problem, _ load: NodeTable<Int32>, toLess: [NodeIndex], toMore: [NodeIndex]
  ) throws(PlatError) -> Due {
    var result = self
    result.least = try problem.arena.table(problem.nodeCount)
    result.most = try problem.arena.table(problem.nodeCount)
    result.least.copy(from: least)
    result.most.copy(from: most)
    for node in toLess { result.most[node] = load[node] - 1 }
    for node in toMore { result.least[node] = load[node] + 1 }
    return result
  }

  /// What is left of the windows beside replicas that stay where they are, all within them: the windows of the others.
  func less(_ staying: NodeTable<Int32>, inAll: Int, arena: Arena) throws(PlatError) -> Due {
    try Due(self, less: staying, inAll: inAll, arena)
  }

  private init(_ other: Due, less staying: NodeTable<Int32>, inAll: Int, _ arena: Arena) throws(PlatError) {
    self = other
    least = try arena.table(staying.count)
    most = try arena.table(staying.count)
    for node in 0..<staying.count {
      least.base[node] = max(0, other.least.base[node] - staying.base[node])
      most.base[node] = other.most.base[node] - staying.base[node]
    }
    if other.narrow != nil {
      let strict = try other.strict.less(staying, inAll: inAll, arena: arena)
      narrow = Narrow(least: strict.least, most: strict.most, roles: [])
    }
    total = other.total - inAll
    roles = []
  }

  /// Windows that only safety matters to: every node may hold anything up to its capacity, and what it may not keep
  /// goes.
  func safetyOnly(_ problem: Problem, _ placement: Placement) throws(PlatError) -> Due {
    var result = self
    result.seeksBalance = false
    result.narrow = nil
    result.least = try problem.arena.table(problem.nodeCount)
    result.most = try problem.arena.table(problem.nodeCount)
    for node in 0..<problem.nodeCount {
      let capacity = Int32(clamping: problem.cluster.capacity[node])
      let kept = problem.keeps.base[node] ? min(capacity, placement.load.base[node]) : 0
      result.most.base[node] = problem.receives.base[node] ? capacity : kept
    }
    return result
  }

  /// The same with nothing left open: each node is to hold what `totals` says, and what `states` says of each of
  /// `roles`.
  func aimed(at totals: NodeTable<Int32>, states: [NodeTable<Int32>]?) -> Due {
    var result = self
    (result.least, result.most, result.quota, result.narrow) = (totals, totals, totals, nil)
    if let states { result.roles = zip(roles, states).map { $0.aimed(at: $1) } }
    return result
  }

  func withRoles(of other: Due) -> Due {
    var result = self
    result.roles = other.roles
    return result
  }

  /// Another rounding that keeps what `quota` keeps: row `row` of `rows`, so that what each node and each container
  /// has in all of them is the floor or the ceiling of as many times its due (Hermite's identity). O(N).
  func round(_ row: Int, of rows: Int, into quota: NodeTable<Int32>) {
    rounding.round(shares.groupOfNode, into: quota, from: (row, rows))
  }

  /// Windows that ask for no balance beyond what is there: no node must take or give anything, and each may
  /// take up to its capacity.
  func relaxed(_ problem: Problem, _ placement: Placement) throws(PlatError) -> Due {
    let most: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
    for node in 0..<problem.nodeCount {
      let capacity = problem.receives.base[node] ? Int32(problem.cluster.capacity[node]) : 0
      // Of a capacity that several maps share, each has what it is due.
      let room = problem.cluster.capacityPart == nil ? capacity : min(capacity, self.most.base[node])
      most.base[node] = max(room, placement.load.base[node])
    }
    var result = self
    result.least = try problem.arena.table(problem.nodeCount)
    result.most = most
    result.narrow = nil
    return result
  }
}

/// The boxes that hard rules cap, as `WaterFill` wants them: box 0 is everything.
struct DueBoxes {
  var boxes: [WaterFill.Box] = [WaterFill.Box(parent: nil, cap: nil)]
  /// The innermost box around each node.
  private(set) var boxOfNode: [Int]

  /// `caps`: of levels, outermost first, the replicas of a partition that each of its containers may hold.
  init(_ problem: Problem, caps: [(level: Int, most: Int)]) {
    boxOfNode = [Int](repeating: 0, count: problem.nodeCount)
    for cap in caps {
      for nodes in problem.cluster.levels[cap.level].nodes where !nodes.isEmpty {
        boxes.append(
          WaterFill.Box(parent: boxOfNode[nodes.lowerBound], cap: Rational(cap.most * problem.partitionCount)))
        for node in nodes { boxOfNode[node] = boxes.count - 1 }
      }
    }
  }
}

/// Nodes of one kind in one box: what `WaterFill` calls a member.
struct NodeGroups {
  private(set) var groupOfNode: [Int]
  private(set) var box: [Int] = []
  private(set) var firstNode: [Int] = []
  private(set) var count: [Int] = []

  init(_ problem: Problem, boxes: DueBoxes, kindOfNode: [Int]) {
    groupOfNode = [Int](repeating: 0, count: problem.nodeCount)
    let kinds = (kindOfNode.max() ?? 0) + 1
    var known: [Int: Int] = [:]  // looked up only, never iterated
    var last = (key: -1, group: -1)  // neighbours are mostly alike
    for node in 0..<problem.nodeCount {
      let key = boxes.boxOfNode[node] * kinds + kindOfNode[node]
      let group = key == last.key ? last.group : known[key] ?? box.count
      last = (key, group)
      if group == box.count {
        known[key] = group
        box.append(boxes.boxOfNode[node])
        firstNode.append(node)
        count.append(0)
      }
      count[group] += 1
      groupOfNode[node] = group
    }
  }
}

/// Nodes that are alike but for where they stand: few in practice, so that rational arithmetic is done once for each.
private struct NodeKinds {
  struct Kind: Hashable {
    var weightText: Quantity
    var cap: Int
    var isPinned: Bool
    var isSlaveOnly: Bool
    /// Nodes that rules which name places treat alike.
    var places: Int
    /// Where several maps share it: `DenseCluster.sharedCapacity`.
    var shared: Int?
    func exactCap(_ cluster: DenseCluster) -> Rational {
      shared.map { cluster.exactCapacity(shared: $0) } ?? Rational(cap)
    }
    var weight: Rational { Rational(weightText) }
  }
  private(set) var kinds: [Kind] = []
  private(set) var kindOfNode: [Int]

  init(_ problem: Problem, held: NodeTable<Int32>) {
    kindOfNode = [Int](repeating: 0, count: problem.nodeCount)
    var known: [Kind: Int] = [:]  // looked up only, never iterated
    var last = 0  // neighbours are mostly alike
    for node in 0..<problem.nodeCount {
      let source = problem.cluster.cluster.nodes[node]
      var kind = Kind(
        weightText: source.weight, cap: 0, isPinned: false, isSlaveOnly: false,
        places: problem.cluster.places.kind(node))
      switch problem.cluster.status[node].entitlement {
      case .share:
        kind.cap = problem.cluster.capacity[node]
        kind.shared = problem.cluster.sharedCapacity(of: node)
      case .holdings:
        (kind.cap, kind.isPinned, kind.isSlaveOnly) = (
          min(Int(held.base[node]), problem.cluster.capacity[node]), true, true
        )
      case .nothing: break
      }
      if kinds.isEmpty || kinds[last] != kind {
        last = known[kind] ?? kinds.count
        if last == kinds.count {
          known[kind] = last
          kinds.append(kind)
        }
      }
      kindOfNode[node] = last
    }
  }
}

/// What each node is due, by groups of nodes that are alike. Of nodes that must keep what they hold: nothing.
struct ExactShares {
  let ofGroup: [Rational]
  let groupOfNode: [Int]
}
