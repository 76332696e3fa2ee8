/// Why hard rules cannot be met, whatever the map: the fewest full containers and nodes that prove it, and what would
/// do.
///
/// Every way of a replica leads through a container or a node of the list, and what they hold together is less than
/// what is wanted: a minimum cut of the flow partition → container → node → capacity. All partitions are alike in it,
/// so its value is a sum over the tree (`CapacityTree`). Limits on peers and near rules can leave each partition too
/// few by themselves.
public struct Shortage: Equatable, Sendable {
  /// A container or a node with all the replicas that it may hold.
  public struct Full: Equatable, Sendable {
    /// Nil: a node.
    public var level: String?
    public var name: String
    public var room: Int
  }
  /// A rule that lets no partition have more than so many replicas in some states.
  public struct Rule: Equatable, Sendable {
    /// `fanOut.outbound`, `placement[0]`.
    public var path: String
    public var most: Int
  }
  /// The states whose replicas are counted, by name.
  public var states: [String]
  /// In tree order.
  public var full: [Full]
  /// Instead of full containers: a rule that every partition meets with by itself.
  public var rule: Rule?
  /// How many partitions it is about, where not about all: those that the same nodes in maintenance hold.
  public var partitions: Int?
  /// All that finds room, all that is wanted.
  public var room: Int
  public var wanted: Int
  /// Each of them alone would do.
  public var remedies: [Remedy]

  public var short: Int { wanted - room }
}

/// A change after which a shortage is gone.
public enum Remedy: Equatable, Sendable {
  /// So many containers more, each with so many nodes, which share no container of an inner level.
  case addContainers(level: String, count: Int, nodes: Int)
  /// So many nodes more, in this container of the innermost level; nil: anywhere.
  case addNodes(count: Int, container: String?)
  case raiseAtMost(rule: Int, to: Int)
  /// These nodes may hold more.
  case raiseCapacity([Raise])
  case lowerConstraint(state: String, to: Int)
  /// Nil: as it is.
  case raiseFanOut(outbound: Int?, inbound: Int?)
  case lowerAtLeast(rule: Int, to: Int)
  case endMaintenance(nodes: [String])

  public struct Raise: Equatable, Sendable {
    public var node: String
    public var to: Int
  }
}

extension Shortage {
  /// Of the hard rules and capacities, for all states together, for those of each rule, and for each alone; none where
  /// everything finds room. `held`: what nodes in maintenance have. O(rules · (N + containers)), more where
  /// something is short.
  static func all(_ dense: DenseCluster, held: Resting) -> [Shortage] {
    let settings = dense.cluster.settings
    let ofRules = [settings.fanOut?.shortage(dense, held: held)].compactMap(\.self)
      + settings.containerRules.compactMap { $0.shortage(dense, held: held) }
    return ofRules + groups(dense, wanted: dense.dataWanted).compactMap { ofRoom(dense, $0, held) }
  }

  /// Of all partitions together; or else of those that the same nodes in maintenance hold, the kind that is short of
  /// most.
  private static func ofRoom(_ dense: DenseCluster, _ states: [Int], _ held: Resting) -> Shortage? {
    let trees = CapacityTree.all(dense, states: states, wanted: dense.dataWanted, held: held)
    func short(_ tree: CapacityTree) -> Int { tree.demand - tree.total() }
    let kinds = trees.dropFirst()
    guard let tree = short(trees[0]) > 0 ? trees[0] : kinds.max(by: { short($0) < short($1) }), short(tree) > 0 else {
      return nil
    }
    let full = tree.elements()
    let room = full.reduce(0) { $0 + $1.room }
    return Shortage(
      states: states.map { dense.cluster.settings.model.states[$0].name }, full: named(full, tree, dense),
      partitions: tree.partitions < dense.partitionCount ? tree.partitions : nil, room: room, wanted: tree.demand,
      remedies: Remedies(dense, states: states, held: held, trees: trees, full: full).all)
  }

  static func named(_ elements: [CapacityTree.Element], _ tree: CapacityTree, _ dense: DenseCluster) -> [Full] {
    elements.filter { $0.room > 0 }.map { element in
      element.container.map { place in
        let level = dense.levels[tree.levels[place.level].level]
        return Full(
          level: dense.cluster.levels[tree.levels[place.level].level],
          name: dense.cluster.containers[level.modelContainer[place.index]].name, room: element.room)
      } ?? Full(level: nil, name: dense.cluster.nodes[element.nodes.lowerBound].name, room: element.room)
    }
  }
}

extension Shortage {
  /// The states that are counted together: all, those of each rule, each alone.
  static func groups(_ dense: DenseCluster, wanted: [Int]) -> [[Int]] {
    let all = wanted.indices.filter { wanted[$0] > 0 }
    let ofRules = dense.cluster.settings.hardContainerRules.map { $0.states.filter { wanted[$0] > 0 } }
    var seen = Set<[Int]>()
    return ([all] + ofRules + all.map { [$0] }).filter { !$0.isEmpty && seen.insert($0).inserted }
  }

  /// What else to suppose of a cluster.
  struct Change {
    /// Further nodes, each put beside a node.
    var nodes: (beside: Int, count: Int)?
    /// Further containers of the outermost level with so many nodes each, which share none of an inner level.
    var containers: (count: Int, nodes: Int)?
    /// Another number in a rule about containers, by its place in the settings.
    var limit: (rule: Int, to: Int)?
    var wanted: [Int]?
  }

  /// Whether all that is wanted finds room then: all partitions together, in states together and in each alone; and
  /// each of them by itself under all hard rules at once. Further containers are not looked at for all together.
  static func hasRoom(_ dense: DenseCluster, held: Resting, _ change: Change = Change()) -> Bool {
    let wanted = change.wanted ?? dense.dataWanted
    return hasRows(dense, held: held, change)
      && (change.containers != nil
        || groups(dense, wanted: wanted).allSatisfy { states in
      CapacityTree.fit(dense, states: states, wanted: wanted, held: held, changing: change.limit, more: change.nodes)
    })
  }

  /// Whether each partition by itself has a row. Where that is too much to look at, it is supposed.
  static func hasRows(_ dense: DenseCluster, held: Resting, _ change: Change = Change()) -> Bool {
    (held.kinds.isEmpty ? [[]] : held.kinds.map(\.nodes)).allSatisfy {
      RowFeasibility.hasWholeRow(dense, resting: $0, change) ?? true
    }
  }
}

/// How many replicas in some states find room: at the leaves what nodes may hold, at each container no more than its
/// rule allows, in all no more than is wanted.
struct CapacityTree {
  struct Level {
    /// Its place among the cluster's levels.
    var level: Int
    var nodes: [Range<Int>]
    /// The most of one partition in a container.
    var most: Int
  }
  /// What stands for a part of the tree in the sum: a full container, or a node.
  struct Element {
    var nodes: Range<Int>
    /// Place among `levels` and among that level's containers.
    var container: (level: Int, index: Int)?
    var room: Int
  }

  let partitions: Int
  let demand: Int
  /// Levels with a cap, outermost first.
  var levels: [Level] = []
  /// The most replicas of each node.
  var room: [Int]

  /// Of all partitions, and then of each kind by itself that nodes in maintenance tell from others.
  static func all(
    _ dense: DenseCluster, states: [Int], wanted: [Int], held: Resting, changing: (rule: Int, to: Int)? = nil
  ) -> [CapacityTree] {
    ([nil] + held.kinds.map(Optional.some)).map {
      CapacityTree(dense, states: states, wanted: wanted, held: held, kind: $0, changing: changing)
    }
  }

  /// Whether all that is wanted finds room in each of these. O(kinds · (N + containers) · levels).
  static func fit(
    _ dense: DenseCluster, states: [Int], wanted: [Int], held: Resting, changing: (rule: Int, to: Int)? = nil,
    more: (beside: Int, count: Int)? = nil
  ) -> Bool {
    all(dense, states: states, wanted: wanted, held: held, changing: changing).allSatisfy {
      $0.total(more: more) == $0.demand
    }
  }

  private init(
    _ dense: DenseCluster, states: [Int], wanted: [Int], held: Resting, kind: Resting.Kind?,
    changing: (rule: Int, to: Int)?
  ) {
    let partitions = kind?.partitions ?? dense.partitionCount
    self.partitions = partitions
    let inAll = states.reduce(0) { $0 + wanted[$1] }
    demand = partitions * inAll
    room = dense.cluster.nodes.indices.map { node in
      switch dense.status[node].entitlement {
      case .share: dense.mayTake(node) ? min(dense.capacity[node], partitions) : 0
      case .holdings:
        states == [0] ? 0
          : min(kind.map { $0.nodes.contains(node) ? partitions : 0 } ?? held(node), dense.capacity[node])
      case .nothing: 0
      }
    }
    for level in dense.levels.indices {
      let caps = AtMost.most(dense, level: level, states: states, wanted: wanted, changing: changing)
      let least = min(inAll, caps ?? inAll)
      if least < inAll { levels.append(Level(level: level, nodes: dense.levels[level].nodes, most: least)) }
    }
  }

  /// The fewest elements whose rooms add up to all the room there is. `more`: further nodes, each put beside a node.
  /// O((N + containers) · levels).
  func elements(more: (beside: Int, count: Int)? = nil) -> [Element] {
    var elements: [Element] = []
    for node in room.indices {
      elements.append(Element(nodes: node..<node + 1, room: room[node]))
      if let more, more.beside == node {
        for _ in 0..<more.count { elements.append(Element(nodes: node..<node + 1, room: partitions)) }
      }
    }
    if room.isEmpty, let more { elements = [Element(nodes: 0..<0, room: more.count * partitions)] }
    for place in levels.indices.reversed() {
      var outer: [Element] = []
      var next = 0
      for (index, nodes) in levels[place].nodes.enumerated() {
        let first = next
        while next < elements.count, elements[next].nodes.upperBound <= nodes.upperBound { next += 1 }
        let inside = elements[first..<next]
        let cap = levels[place].most * partitions
        let sum = inside.reduce(0) { $0 + $1.room }
        if cap < sum || cap == sum && inside.count(where: { $0.room > 0 }) > 1 {
          outer.append(Element(nodes: nodes, container: (place, index), room: cap))
        } else {
          outer += inside
        }
      }
      elements = outer
    }
    return elements
  }

  /// Replicas that find room, at most those wanted.
  func total(more: (beside: Int, count: Int)? = nil) -> Int {
    min(demand, elements(more: more).reduce(0) { $0 + $1.room })
  }
}
