/// A near rule flattened: so many of a partition's replicas are in the container of its master.
///
///     z0 [ a* b ]   z1 [ c ]      company 2 of 3 in z0, 1 elsewhere
///
/// Before anybody is master, a row can keep it while some container has all but those that may be elsewhere.
struct NearRule: BitwiseCopyable {
  let containerOfNode: NodeTable<ContainerIndex>
  let containerCount: Int
  let level: Int
  /// Index into `Settings.placement`.
  let rule: Int
  /// The master and those that must be with it.
  let company: Int
  /// Replicas that may be outside of the company's container; and of those that are not master.
  let mostOutside: Int
  let mostFar: Int
  /// The states that the rule names, as bits.
  let named: UInt32
  /// Containers with nodes that may receive a whole company.
  let isAble: NodeTable<Bool>
  let hasAble: Bool
}

extension NearRule {
  /// The hard near rules that a plan keeps, and the soft ones that it prefers; those with `promoting` among the first.
  static func all(
    _ cluster: DenseCluster, hard: [LevelCap], tables: [NodeTable<ContainerIndex>], arena: Arena, promoting: Bool
  ) throws(PlatError) -> (kept: [NearRule], preferred: [NearRule]) {
    var kept: [NearRule] = []
    var preferred: [NearRule] = []
    for (index, rule) in cluster.cluster.settings.placement.enumerated() {
      guard case .near(0, let atLeast) = rule.demand, cluster.dataWanted[0] > 0 else { continue }
      let isKept = rule.strength == .hard || promoting
      guard
        let near = try make(
          cluster, rule, index, atLeast, hard, around: kept, table: tables[rule.level], arena, isKept: isKept)
      else { continue }
      if isKept { kept.append(near) } else { preferred.append(near) }
    }
    return (kept, preferred)
  }

  /// Nil where any row keeps the rule.
  private static func make(
    _ cluster: DenseCluster, _ rule: PlacementRule, _ index: Int, _ atLeast: Int, _ hard: [LevelCap],
    around: [NearRule], table: NodeTable<ContainerIndex>, _ arena: Arena, isKept: Bool
  ) throws(PlatError) -> NearRule? {
    let masters = cluster.dataWanted[0]
    let others = rule.states.filter { $0 != 0 }.reduce(0) { $0 + cluster.dataWanted[$1] }
    // A master that the rule counts is near itself.
    let near = min(others, atLeast - (rule.states.contains(0) ? masters : 0))
    guard near > 0 else { return nil }
    let free = cluster.replicas - masters - others  // in states that the rule does not name
    let places = places(cluster, rule.level, hard, table)
    let most = places.max() ?? 0
    guard most > 0 else { return nil }  // nobody can be master
    let isPossible = most > near
    let company = isPossible ? near + 1 : most
    let level = cluster.levels[rule.level]
    let isAble: NodeTable<Bool> = try arena.table(level.count)
    var hasAble = false
    for container in 0..<level.count {
      isAble.base[container] = places[container] >= max(company, 1)
      hasAble = hasAble || isAble.base[container]
    }
    return NearRule(
      containerOfNode: table, containerCount: level.count, level: rule.level, rule: index, company: company,
      mostOutside: isPossible ? cluster.replicas - company : free, mostFar: isPossible ? free + others - near : free,
      named: rule.states.reduce(0) { $0 | 1 << UInt32($1) }, isAble: isAble, hasAble: hasAble)
  }

  /// For each container of a level, how many replicas of one partition it has room for: as many as hard rules and its
  /// active nodes allow.
  private static func places(
    _ cluster: DenseCluster, _ level: Int, _ hard: [LevelCap], _ table: NodeTable<ContainerIndex>
  ) -> [Int] {
    let settings = cluster.cluster.settings
    var here = (0..<cluster.nodeCount).map { node in
      cluster.status[node] == .active && cluster.capacity[node] > 0 && cluster.cluster.nodes[node].weight != .zero
        ? 1 : 0
    }
    for cap in hard.reversed() {
      let capped = settings.placement[cap.rule].level
      guard capped >= level else { continue }
      for nodes in cluster.levels[capped].nodes where !nodes.isEmpty {
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
  /// could be master among a whole company, or there is room for one that is yet to come. O(R² · rules).
  @inline(never) func keepsNear(
    _ rules: UnsafeBufferPointer<NearRule>, _ row: UnsafeMutablePointer<NodeIndex>, leaving: Int,
    adding node: NodeIndex
  ) -> Bool {
    var count = 1
    for slot in 0..<replicas where slot != leaving && row[slot] != .none { count += 1 }
    if isCompany(rules, row, leaving, node, count, of: node) { return true }
    for slot in 0..<replicas where slot != leaving && row[slot] != .none {
      if isCompany(rules, row, leaving, node, count, of: row[slot]) { return true }
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

  /// Whether the row with `node` is company for `master`.
  private func isCompany(
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
      if outside > rule.mostOutside || (count - outside < rule.company && !rule.isAble.base[container.int]) {
        return false
      }
    }
    return true
  }

  /// What `node` would break for the sake of near rules: soft ones; and where a company is complete in its container
  /// already, the others are wanted elsewhere.
  @inline(never) func nearBreaches(
    _ row: UnsafeMutablePointer<NodeIndex>, leaving: Int, at node: NodeIndex
  ) -> Int {
    var breaches = 0
    for rule in near where rule.mostOutside > 0 && members(rule, row, leaving, besides: node) >= rule.company {
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
    return isCompany(softNear, row, leaving, node, count, of: row[0])
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

  /// The first container that has a whole company of the row; nil where none has.
  func companyOf(_ rule: NearRule, _ row: UnsafeMutablePointer<NodeIndex>) -> ContainerIndex? {
    for slot in 0..<replicas where row[slot] != .none {
      let container = rule.containerOfNode[row[slot]]
      if members(rule, row, -1, besides: row[slot]) >= rule.company { return container }
    }
    return nil
  }
}

/// How many more partitions should have their company, and so their master, in each container: those that complete a
/// company choose by it. Of the first near rule.
final class Companies {
  private let problem: Problem
  private let rule: NearRule
  /// Twice as many as are left, and as there were at first.
  private let left: NodeTable<Int64>
  private let due: NodeTable<Int64>

  /// Nil where nothing is to be chosen. O(P · R² + N).
  init?(_ problem: Problem, _ due: Due, _ placement: Placement) throws(PlatError) {
    guard let rule = problem.near.first, let masters = due.roles.first else { return nil }
    self.problem = problem
    self.rule = rule
    left = try problem.arena.table(rule.containerCount)
    self.due = try problem.arena.table(rule.containerCount)
    for index in 0..<problem.nodeCount {
      let node = NodeIndex(index)
      let window = masters.window(node, total: due.quota[node])
      left.base[rule.containerOfNode[node].int] += Int64(window.least) + Int64(window.most)
    }
    self.due.copy(from: left)
    for partition in 0..<problem.partitionCount {
      if let container = problem.companyOf(rule, placement.row(partition)) { left.base[container.int] -= 2 }
    }
  }

  /// Whether `node` would complete the row's company.
  private func completes(_ row: UnsafeMutablePointer<NodeIndex>, _ leaving: Int, _ node: NodeIndex) -> Bool {
    problem.members(rule, row, leaving, besides: node) == rule.company - 1
  }

  /// How welcome a row is in the container of `node`: where its company is still to be chosen, as the part of the
  /// container's due that is left.
  func rank(_ row: UnsafeMutablePointer<NodeIndex>, leaving: Int, at node: NodeIndex) -> Int {
    for slot in 0..<problem.replicas where slot != leaving && row[slot] != .none {
      if problem.members(rule, row, leaving, besides: row[slot]) >= rule.company { return 0 }
    }
    let container = rule.containerOfNode[node].int
    return rule.isAble.base[container] ? Int(max(0, left.base[container]) * 1024 / max(1, due.base[container])) : 0
  }

  func give(_ row: UnsafeMutablePointer<NodeIndex>, leaving: Int, to node: NodeIndex) {
    if completes(row, leaving, node) { left.base[rule.containerOfNode[node].int] -= 2 }
  }
}

extension Keep {
  /// Takes out what keeps a row from ever keeping its near rules: as little as may be, and what is farthest from the
  /// master that most can stay with; of equal ones the earlier slot, so the master of today. Returns how many went.
  static func dropFar(_ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>, placement: inout Placement) -> Int {
    var best: (stays: Int, slot: Int)?
    for slot in 0..<problem.replicas where row[slot] != .none {
      let stays = stays(problem, row, with: row[slot]) { _ in }
      if stays > best?.stays ?? 0 { best = (stays, slot) }
    }
    let most = problem.near.allSatisfy(\.hasAble) ? problem.near.reduce(Int.max) { min($0, $1.mostOutside) } : 0
    var dropped = 0
    if let best, best.stays >= min(most, problem.replicas - (0..<problem.replicas).count { row[$0] == .none }) {
      let master = row[best.slot]
      _ = stays(problem, row, with: master) { slot in
        row[slot] = .none
        dropped += 1
      }
    } else {
      // Nobody in the row can be master in company: what may be elsewhere stays.
      var seen = 0
      for slot in 0..<problem.replicas where row[slot] != .none {
        seen += 1
        if seen > most {
          row[slot] = .none
          dropped += 1
        }
      }
    }
    placement.letGo += dropped
    return dropped
  }

  /// How many replicas can stay when `master` is the one that others are near to; 0 where it cannot be. `goes`: the
  /// slots that cannot, the last first.
  private static func stays(
    _ problem: Problem, _ row: UnsafeMutablePointer<NodeIndex>, with master: NodeIndex, goes: (Int) -> Void
  ) -> Int {
    for rule in problem.near
    where !rule.isAble.base[rule.containerOfNode[master].int]
      && problem.members(rule, row, -1, besides: master) < rule.company { return 0 }
    var stays = 0
    for slot in 0..<problem.replicas where row[slot] != .none {
      // Outside of a container, so many earlier ones are too.
      let fits = problem.near.allSatisfy { rule in
        let container = rule.containerOfNode[master]
        guard rule.containerOfNode[row[slot]] != container else { return true }
        var before = 0
        for earlier in 0..<slot where row[earlier] != .none && rule.containerOfNode[row[earlier]] != container {
          before += 1
        }
        return before < rule.mostOutside
      }
      if fits { stays += 1 } else { goes(slot) }
    }
    return stays
  }
}
