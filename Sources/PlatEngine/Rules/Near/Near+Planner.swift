import PlatSearch

/// A near rule flattened: so many of a partition's replicas are in the container of its master.
///
///     z0 [ a* b ]   z1 [ c ]      co-location group 2 of 3 in z0, 1 elsewhere
///
/// Before anybody is master, a row can keep it while some container has all but those that may be elsewhere.
struct NearRule: BitwiseCopyable {
  let containerOfNode: NodeTable<ContainerIndex>
  let containerCount: Int
  let level: Int
  let isHard: Bool
  /// Of the replicas in the states that it names, so many are to be near, or all that there are.
  let atLeast: Int
  /// The master and those that must be with it.
  let group: Int
  /// Replicas that may be outside of the co-location group's container; and of those that are not master.
  let mostOutside: Int
  let mostFar: Int
  /// The states that the rule names, as bits.
  let named: UInt32
  /// Containers with nodes that may receive a whole co-location group.
  let isAble: NodeTable<Bool>
  let hasAble: Bool
}

extension Near {
  func refuseUnsupported(_ cluster: DenseCluster) throws(PlatError) {
    let rule = fromFirstState(cluster.wanted)
    guard strength == .hard else { return }
    let settings = cluster.cluster.settings
    let states = settings.model.states
    guard rule.of == 0 else {
      throw .unsupported(
        InputError(
          path: "settings.\(settings.ruleName(index)).near",
          found: "a hard rule about what is near to \(states[of].name)",
          expected: "one about \(states[0].name), one that wants the only \(states[0].name) near, or a soft one: "
            + "others are judged and not planned"))
    }
    if let idle = rule.states.first(where: { cluster.wanted[$0] > 0 && !states[$0].holdsData }) {
      throw .unsupported(
        InputError(
          path: "settings.\(settings.ruleName(index)).states", found: "\(states[idle].name), which holds no data",
          expected: "states that hold data in a hard near rule, or a soft one"))
    }
  }

  func compile(_ cluster: DenseCluster, into shape: inout SearchShape) {
    let containers = cluster.levels[level]
    shape.colocations.append(
      Colocation(
        containerOfNode: containers.containerOfNode.map { Int32($0.int) }, containerCount: containers.count,
        states: states.asMask, anchor: UInt8(of), atLeast: atLeast,
        isHard: strength == .hard))
  }
}

extension NearRule {
  /// Levels of which nodes in one container must be alike to the near rules that a plan keeps.
  static func levels(_ cluster: DenseCluster, promoting: Bool) -> Set<Int> {
    Set(Near.ofFirstState(cluster, cluster.wanted).filter { $0.strength == .hard || promoting }.map(\.level))
  }

  /// For each container, twice the masters that it is due: least and most of its nodes' windows. O(N).
  func twiceMastersDue(_ problem: Problem, _ due: Due, _ masters: RoleWindows) -> [Int] {
    var twice = [Int](repeating: 0, count: containerCount)
    for index in 0..<problem.nodeCount {
      let window = masters.window(NodeIndex(index), total: due.quota.base[index])
      twice[containerOfNode.base[index].int] += Int(window.least) + Int(window.most)
    }
    return twice
  }

  /// The hard near rules that a plan keeps, and the soft ones that it prefers; those with `promoting` among the first.
  static func all(
    _ cluster: DenseCluster, hard: [LevelCap], tables: [NodeTable<ContainerIndex>], arena: Arena, promoting: Bool
  ) throws(PlatError) -> (kept: [NearRule], preferred: [NearRule]) {
    var kept: [NearRule] = []
    var preferred: [NearRule] = []
    guard cluster.dataWanted[0] > 0 else { return ([], []) }
    for rule in Near.ofFirstState(cluster, cluster.wanted) {
      let isKept = rule.strength == .hard || promoting
      guard let near = try make(cluster, rule, hard, table: tables[rule.level], arena) else { continue }
      if isKept { kept.append(near) } else { preferred.append(near) }
    }
    return (kept, preferred)
  }

  /// Nil where any row keeps the rule.
  private static func make(
    _ cluster: DenseCluster, _ rule: Near, _ hard: [LevelCap], table: NodeTable<ContainerIndex>, _ arena: Arena
  ) throws(PlatError) -> NearRule? {
    let masters = cluster.dataWanted[0]
    let others = rule.states.filter { $0 != 0 }.reduce(0) { $0 + cluster.dataWanted[$1] }
    // A master that the rule counts is near itself.
    let near = min(others, rule.atLeast - (rule.states.contains(0) ? masters : 0))
    guard near > 0 else { return nil }
    let free = cluster.replicas - masters - others  // in states that the rule does not name
    let places = places(cluster, rule.level, hard, table)
    let most = places.max() ?? 0
    guard most > 0 else { return nil }  // nobody can be master
    let isPossible = most > near
    // Of several masters, each can have some of them.
    let mostNear = places.sorted(by: >).prefix(masters).reduce(0) { $0 + max(0, $1 - 1) }
    let group = isPossible ? near + 1 : most
    let level = cluster.levels[rule.level]
    let isAble: NodeTable<Bool> = try arena.table(level.count)
    var hasAble = false
    for container in 0..<level.count {
      isAble.base[container] = places[container] >= max(group, 1)
      hasAble = hasAble || isAble.base[container]
    }
    return NearRule(
      containerOfNode: table, containerCount: level.count, level: rule.level, isHard: rule.strength == .hard,
      atLeast: rule.atLeast, group: group,
      mostOutside: isPossible ? cluster.replicas - group : free,
      mostFar: mostNear >= near ? free + others - near : free,
      named: rule.states.asMask, isAble: isAble, hasAble: hasAble)
  }

  /// For each container of a level, how many replicas of one partition it has room for: as many as hard rules and its
  /// active nodes allow.
  private static func places(
    _ cluster: DenseCluster, _ level: Int, _ hard: [LevelCap], _ table: NodeTable<ContainerIndex>
  ) -> [Int] {
    var here = (0..<cluster.nodeCount).map { node in
      cluster.status[node].mayReceive && cluster.capacity[node] > 0 && cluster.cluster.nodes[node].weight != .zero
        ? 1 : 0
    }
    for cap in hard.reversed() where cap.level >= level {
      for nodes in cluster.levels[cap.level].nodes where !nodes.isEmpty {
        let sum = nodes.reduce(0) { $0 + here[$1] }
        for node in nodes { here[node] = 0 }
        here[nodes.lowerBound] = min(sum, cap.most)
      }
    }
    return cluster.levels[level].nodes.map { $0.reduce(0) { $0 + here[$1] } }
  }
}

extension Problem {
  /// Whether a near rule counts the replica in a slot.
  func isNamed(_ slot: Int, by rule: NearRule) -> Bool { rule.named >> UInt32(stateOfSlot[slot]) & 1 == 1 }

  /// Whether a row can still keep these rules when slot `leaving` (-1: none) goes and `node` comes: one of its nodes
  /// could be master among a whole co-location group, or there is room for one that is yet to come. O(R² · rules).
  @inline(never) func keepsNear(
    _ rules: UnsafeBufferPointer<NearRule>, _ row: UnsafeMutablePointer<NodeIndex>, leaving: Int,
    adding node: NodeIndex
  ) -> Bool {
    var count = 1
    for slot in 0..<replicas where slot != leaving && row[slot] != .none { count += 1 }
    if isGroup(rules, row, leaving, node, count, of: node) { return true }
    for slot in 0..<replicas where slot != leaving && row[slot] != .none {
      if isGroup(rules, row, leaving, node, count, of: row[slot]) { return true }
    }
    for rule in rules where !rule.hasAble || count > rule.mostOutside { return false }
    return true
  }

  /// `allows` where masters are settled: near rules then are about these.
  @inline(__always) func allowsUnderMaster(
    _ row: UnsafeMutablePointer<NodeIndex>, leaving: Int, to node: NodeIndex
  ) -> Bool {
    guard allows(row, leaving: leaving, to: node) else { return false }
    if near.isEmpty { return true }
    let before = row[leaving]
    row[leaving] = node
    defer { row[leaving] = before }
    return StateRules.far(self, row) == nil
  }

  /// Whether the row with `node` is co-location group for `master`.
  private func isGroup(
    _ rules: UnsafeBufferPointer<NearRule>, _ row: UnsafeMutablePointer<NodeIndex>, _ leaving: Int, _ node: NodeIndex,
    _ count: Int, of master: NodeIndex
  ) -> Bool {
    if count == replicas, isSlaveOnly[master] { return false }
    for rule in rules {
      let container = rule.containerOfNode[master]
      var outside = rule.containerOfNode[node] == container ? 0 : 1
      for slot in 0..<replicas where slot != leaving && row[slot] != .none {
        if rule.containerOfNode[row[slot]] != container { outside += 1 }
      }
      if outside > rule.mostOutside || (count - outside < rule.group && !rule.isAble.base[container.int]) {
        return false
      }
    }
    return true
  }

  /// What `node` would break for the sake of near rules: soft ones; and where a co-location group is complete in its
  /// container already, the others are wanted elsewhere.
  @inline(never) func nearBreaches(
    _ row: UnsafeMutablePointer<NodeIndex>, leaving: Int, at node: NodeIndex
  ) -> Int {
    var breaches = 0
    for rule in near where rule.mostOutside > 0 && members(rule, row, leaving, besides: node) >= rule.group {
      breaches += 1
    }
    if !softNear.isEmpty, !isNearMaster(row, leaving, node) { breaches += 1 }
    return breaches
  }

  /// Whether the row with `node` can keep soft near rules with the master that it has, or with any where it has none:
  /// before the roles, who is master today stands in the first slot.
  private func isNearMaster(_ row: UnsafeMutablePointer<NodeIndex>, _ leaving: Int, _ node: NodeIndex) -> Bool {
    guard leaving != 0, row[0] != .none else { return keepsNear(softNear, row, leaving: leaving, adding: node) }
    var count = 1
    for slot in 0..<replicas where slot != leaving && row[slot] != .none { count += 1 }
    return isGroup(softNear, row, leaving, node, count, of: row[0])
  }

  /// Replicas of the row in the container of `node`, without slot `leaving`.
  func members(
    _ rule: NearRule, _ row: UnsafeMutablePointer<NodeIndex>, _ leaving: Int, besides node: NodeIndex
  ) -> Int {
    var members = 0
    for slot in 0..<replicas where slot != leaving && row[slot] != .none {
      if rule.containerOfNode[row[slot]] == rule.containerOfNode[node] { members += 1 }
    }
    return members
  }

  /// The first container that has a whole co-location group of the row; nil where none has.
  func groupOf(_ rule: NearRule, _ row: UnsafeMutablePointer<NodeIndex>) -> ContainerIndex? {
    for slot in 0..<replicas where row[slot] != .none {
      let container = rule.containerOfNode[row[slot]]
      if members(rule, row, -1, besides: row[slot]) >= rule.group { return container }
    }
    return nil
  }
}
