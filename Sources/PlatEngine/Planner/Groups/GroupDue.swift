/// What nodes are due of all maps together, and of each kind of map.
struct GroupDue {
  /// The windows of each kind, with the problem that they were made from, whose arena holds them.
  private(set) var kinds: [(problem: Problem, due: Due)] = []
  private let dense: DenseGroup
  let arena: Arena
  var nodeCount: Int { dense.nodeCount }
  /// Kind of each map. Where nodes in maintenance keep what they hold, every map that has some is a kind of its own.
  private(set) var kindOfMap: [Int]
  private(set) var mapsOfKind: [[Int]]

  /// The floor and the ceiling of what each node is due of all maps.
  struct Window {
    var least: [Int]
    var most: [Int]
    /// Nodes in classes that are due the same, and what.
    fileprivate var classes: [Int]
    fileprivate var sums: [Rational]

    func due(_ node: Int) -> Rational { sums[classes[node]] }

    /// So many times each node's due, rounded down.
    func scaled(by factor: Int) -> [Int] {
      let ofClass = sums.map { ($0 * Rational(factor)).floor ?? 0 }
      return classes.map { ofClass[$0] }
    }
  }

  /// `currents`: of each map; nil: fresh. O(kinds · N), and exact arithmetic for each kind of node in each kind of map.
  init(_ dense: DenseGroup, currents: [PlacementMap?], options: PlanRequest) throws(PlatError) {
    self.dense = dense
    arena = try Arena(limitBytes: options.memoryLimitBytes, interrupt: options.interrupt)
    let keeps = dense.clusters.first?.status.contains(where: \.isPinned) ?? false
    kindOfMap = dense.kindOfMap
    mapsOfKind = dense.mapsOfKind
    if keeps {
      mapsOfKind = dense.mapsOfKind.flatMap { maps in
        let fresh = maps.filter { currents[$0] == nil }
        return (fresh.isEmpty ? [] : [fresh]) + maps.filter { currents[$0] != nil }.map { [$0] }
      }
      for (kind, maps) in mapsOfKind.enumerated() { for map in maps { kindOfMap[map] = kind } }
    }
    for maps in mapsOfKind {
      let first = maps[0]
      let cluster = dense.clusters[first]
      let problem = try Problem(cluster, current: keeps ? currents[first] : nil, arena: arena, wideRow: options.wideRow)
      var held: NodeTable<Int32> = try arena.table(dense.nodeCount)
      if keeps, currents[first] != nil {
        var placement = try Placement(
          problem,
          target: PlacementMap(unfilled: cluster.partitionCount, slotCounts: cluster.dataWanted, arena: Arena()))
        Keep.run(problem, &placement)
        held = placement.load
      }
      kinds.append((problem, try Due(problem, held: held)))
    }
  }

  /// The windows of the sums in all, or of the state that each map has at a place in its `Due.roles`.
  func windows(_ rolePlace: [Int]? = nil) -> Window {
    let zero = Rational.zero
    var classes = [Int](repeating: 0, count: dense.nodeCount)
    var sums: [Rational] = [zero]
    for (kind, maps) in mapsOfKind.enumerated() {
      let due = kinds[kind].due
      let shares: ExactShares
      if let rolePlace {
        guard rolePlace[maps[0]] >= 0 else { continue }
        shares = rolePlace[maps[0]] < due.roles.count ? due.roles[rolePlace[maps[0]]].shares : due.shares
      } else {
        shares = due.shares
      }
      let times = Rational(maps.count)
      let amounts = shares.ofGroup.map { $0 * times }
      if amounts.count == 1 {
        sums = sums.map { $0 + amounts[0] }
        continue
      }
      // Nodes that were alike in the kinds before, and are in this one.
      var known: [Int: Int] = [:]  // looked up only
      var next: [Rational] = []
      for node in classes.indices {
        let group = shares.groupOfNode[node]
        let pair = classes[node] * amounts.count + group
        if let class_ = known[pair] {
          classes[node] = class_
        } else {
          known[pair] = next.count
          next.append(sums[classes[node]] + amounts[group])
          classes[node] = next.count - 1
        }
      }
      sums = next
    }
    let tolerance = dense.group.shared.settings.tolerance
    let ends = sums.map { tolerance.ends($0) }
    let least = ends.map { $0.lowest.floor ?? Int.max - 1 }
    let most = ends.map { ($0.highest.floor ?? Int.max - 1) + ($0.highest.isInteger ? 0 : 1) }
    var windows = Window(least: classes.map { least[$0] }, most: classes.map { most[$0] }, classes: classes, sums: sums)
    for (node, status) in (dense.clusters.first?.status ?? []).enumerated() where status.isPinned {
      (windows.least[node], windows.most[node]) = (0, Int.max)  // it keeps what it holds, as far as its windows go
    }
    return windows
  }

  /// The states that maps are asked for, but for the last of each kind: those whose holders are chosen.
  var roleNames: [String] {
    var names: [String] = []
    for (problem, due) in kinds {
      for role in due.roles {
        let name = problem.cluster.cluster.settings.model.states[role.state].name
        if !names.contains(name) { names.append(name) }
      }
    }
    return names
  }

  /// Where each map's `Due.roles` has the state of a name; behind their end: it is all that is wanted there; -1: it is
  /// not wanted. Nil where some map has it as the rest of others.
  func places(of name: String) -> [Int]? {
    var ofKind: [Int] = []
    for (problem, due) in kinds {
      let settings = problem.cluster.cluster.settings
      if let place = due.roles.firstIndex(where: { settings.model.states[$0.state].name == name }) {
        ofKind.append(place)
      } else if let state = settings.model.states.firstIndex(where: { $0.name == name }), problem.wanted[state] > 0 {
        guard due.roles.isEmpty else { return nil }
        ofKind.append(0)
      } else {
        ofKind.append(-1)
      }
    }
    return kindOfMap.map { ofKind[$0] }
  }

  /// The boxes of a kind that hard rules limit. `isFresh`: every container counts, and none gets more than the ceiling
  /// of what it is due.
  func boxes(_ kind: Int, isFresh: Bool) -> SumBoxes {
    let (problem, due) = kinds[kind]
    var boxes = SumBoxes(nodeCount: problem.nodeCount)
    var caps: [Int: Int] = [:]  // by level; looked up only
    for cap in problem.hard {
      caps[cap.level] = cap.most * problem.partitionCount
    }
    for (index, level) in problem.cluster.levels.enumerated() where caps[index] != nil || isFresh {
      for nodes in level.nodes where !nodes.isEmpty {
        var most = caps[index] ?? Int.max
        if isFresh { most = min(most, ceiling(due.shares, nodes)) }
        boxes.add(nodes, most: most)
      }
    }
    return boxes
  }

  private func ceiling(_ shares: ExactShares, _ nodes: Range<Int>) -> Int {
    var sum = Rational.zero
    var node = nodes.lowerBound
    while node < nodes.upperBound {
      let group = shares.groupOfNode[node]
      var end = node + 1
      while end < nodes.upperBound, shares.groupOfNode[end] == group { end += 1 }
      sum = sum + shares.ofGroup[group] * Rational(end - node)
      node = end
    }
    return (sum.floor ?? Int.max - 1) + (sum.isInteger ? 0 : 1)
  }
}
