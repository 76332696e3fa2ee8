/// Fresh maps under a near rule, in closed form.
///
/// Partitions lie on a circle. Containers share it out twice: who has a partition's co-location group (its master and
/// those that must be with it), by the masters that they are due, and, turned so that nobody meets itself, who has the
/// others:
///
///     co-location group   |------- z0 -------|--- z1 ---|--- z2 ---|
///     others    |- z1 -|- z2 -|--------- z0 ---------|z1 |
///
/// Inside a container its partitions are laid on the line of its nodes as in `Fresh`: co-location group in points as
/// far apart as it has partitions, so that no node has two of one; others one by one. Blocks of partitions use other
/// orders of the tree and other turns, so that each node has many peers. Where no turn keeps containers apart
/// (containers that are due very different parts, or several others in few containers), nothing is made, and `Fill`
/// finds what is left.
struct FreshNear {
  private let problem: Problem
  private let rule: NearRule
  private let rows: UnsafeMutablePointer<NodeIndex>
  /// What each container still gets: partitions whose co-location group it has, and others' replicas.
  private var groups: [Int]
  private var others: [Int]
  /// What each node still gets of the one and of the other.
  private var inGroup: [Int]
  private var besides: [Int]
  private let blocks: Int
  /// How often co-location groups of one container met others of another, where that matters; else empty.
  private var met: [Int]

  /// Fills every row; false, with nothing placed, where that cannot be done. O(P · R + blocks · (N + containers)).
  static func run(_ problem: Problem, _ due: Due, _ placement: inout Placement) throws(PlatError) -> Bool {
    guard problem.current == nil, problem.near.count == 1, let rule = problem.near.first, !due.isShort,
      let masters = due.roles.first, problem.partitionCount > 0, rule.mostOutside == problem.replicas - rule.group
    else { return false }
    let most = max(
      1, min(problem.partitionCount * problem.replicas / (4 * max(problem.nodeCount, 1)), problem.partitionCount / 16))
    // Where peers are limited, each block brings more of them: a fifth of the limit is left free.
    let within = min(most, problem.fanOut.map { FreshNear.blocks(within: $0, problem.replicas) } ?? most)
    for blocks in within > 1 ? [within, 1] : [1] {
      guard var fresh = FreshNear(problem, due, masters, rule, placement.rows, blocks: blocks) else { return false }
      guard try fresh.fill() else { continue }
      guard
        problem.hard.firstNotAllowed(0..<problem.partitionCount, rows: placement.rows, width: problem.replicas)
          == problem.partitionCount, placement.hasNoNodeTwice
      else { continue }
      if blocks > 1, problem.fanOut != nil, try !PeerBook(problem, rows: placement.rows).isWithin { continue }
      placement.load.copy(from: due.quota)
      placement.placed = due.total
      return true
    }
    placement.target.clear()
    return false
  }

  /// A node shares its partitions of one block with two others for each other replica, where loads are not whole.
  private static func blocks(within limit: FanOutLimit, _ replicas: Int) -> Int {
    let most = min(limit.outbound ?? .max, limit.inbound ?? .max)
    return max(1, (most - most / 5) / max(1, 2 * (replicas - 1)))
  }

  /// Nil where the quotas do not allow it.
  private init?(
    _ problem: Problem, _ due: Due, _ masters: RoleWindows, _ rule: NearRule, _ rows: UnsafeMutablePointer<NodeIndex>,
    blocks: Int
  ) {
    self.problem = problem
    self.rule = rule
    self.rows = rows
    self.blocks = blocks
    met = blocks > 1 && problem.fanOut != nil && rule.containerCount <= TrialLimits.FreshNear.mostMeeting
      ? [Int](repeating: 0, count: rule.containerCount * rule.containerCount) : []
    let nodes = 0..<problem.nodeCount
    var quota = [Int](repeating: 0, count: rule.containerCount)
    var least = quota
    var room = quota
    for index in nodes {
      let container = rule.containerOfNode[NodeIndex(index)].int
      let window = masters.window(NodeIndex(index), total: due.quota.base[index])
      quota[container] += Int(due.quota.base[index])
      least[container] += Int(window.least)
      room[container] += Int(window.most - window.least)
    }
    // By the masters that are due, as far as the container is due so much and has nodes for it.
    let partitions = problem.partitionCount
    let besideThem = problem.replicas - rule.group
    var carried = 0
    let toShare = partitions - least.reduce(0, +)
    let rooms = max(room.reduce(0, +), 1)
    groups = least
    for container in groups.indices {
      carried += max(0, toShare) * room[container]
      groups[container] += carried / rooms
      carried %= rooms
      let highest = rule.isAble.base[container] ? quota[container] / rule.group : 0
      groups[container] = min(groups[container], highest)
    }
    var left = partitions - groups.reduce(0, +)
    for container in groups.indices where left != 0 && rule.isAble.base[container] {
      let change = max(-groups[container], min(left, quota[container] / rule.group - groups[container]))
      groups[container] += change
      left -= change
    }
    guard left == 0 else { return nil }
    others = zip(quota, groups).map { $0 - $1 * rule.group }
    guard others.reduce(0, +) == partitions * besideThem else { return nil }

    inGroup = nodes.map { _ in 0 }
    besides = nodes.map { Int(due.quota.base[$0]) }
    let (groups, group) = (groups, rule.group)
    var carriedIn = quota.map { _ in 0 }
    var missing = groups.map { $0 * group }
    func most(_ node: Int, _ container: Int) -> Int { min(Int(due.quota.base[node]), groups[container]) }
    for index in nodes {
      let container = rule.containerOfNode[NodeIndex(index)].int
      guard quota[container] > 0 else { continue }
      carriedIn[container] += Int(due.quota.base[index]) * groups[container] * group
      inGroup[index] = min(carriedIn[container] / quota[container], most(index, container))
      carriedIn[container] %= quota[container]
      missing[container] -= inGroup[index]
    }
    for index in nodes {
      let container = rule.containerOfNode[NodeIndex(index)].int
      let more = min(missing[container], most(index, container) - inGroup[index])
      inGroup[index] += more
      missing[container] -= more
      besides[index] -= inGroup[index]
    }
    guard missing.allSatisfy({ $0 == 0 }) else { return nil }
  }

  // MARK: Blocks

  private mutating func fill() throws(PlatError) -> Bool {
    var order = try TreeOrder(problem)
    var begin = 0
    for block in 0..<blocks {
      let end = problem.partitionCount * (block + 1) / blocks
      if block > 0 { order.shuffle() }
      guard fill(begin..<end, order.nodes, turn: block) else { return false }
      begin = end
    }
    return true
  }

  /// A container's part of the block: its nodes in the block's order, and where its partitions begin on the circle.
  private struct Part {
    var container: Int
    var nodes: [Int] = []
    var groups = 0
    var groupBegin = 0
    var others = 0
    var othersBegin = 0
  }

  private mutating func fill(_ block: Range<Int>, _ order: NodeTable<NodeIndex>, turn: Int) -> Bool {
    let size = block.count
    let left = problem.partitionCount - block.lowerBound
    var parts = parts(order)
    var (carriedGroups, carriedOthers, groupBegin, othersBegin) = (0, 0, 0, 0)
    for index in parts.indices {
      let container = parts[index].container
      parts[index].groupBegin = groupBegin
      parts[index].othersBegin = othersBegin
      carriedGroups += groups[container] * size
      carriedOthers += others[container] * size
      parts[index].groups = carriedGroups / left
      parts[index].others = carriedOthers / left
      carriedGroups %= left
      carriedOthers %= left
      groupBegin += parts[index].groups
      othersBegin += parts[index].others
    }
    guard let shift = met.isEmpty ? FreshNear.shift(parts, size, turn) : shiftApart(parts, size) else { return false }
    for part in parts {
      putGroup(part, block)
      putOthers(part, block, shift)
      groups[part.container] -= part.groups
      others[part.container] -= part.others
    }
    return true
  }

  private func parts(_ order: NodeTable<NodeIndex>) -> [Part] {
    var parts: [Part] = []
    for place in 0..<order.count {
      let node = order.base[place]
      let container = rule.containerOfNode[node].int
      if parts.last?.container != container { parts.append(Part(container: container)) }
      parts[parts.count - 1].nodes.append(node.int)
    }
    return parts
  }

  /// A place of the circle, be it counted from before its beginning.
  private static func onCircle(_ place: Int, _ size: Int) -> Int { (place % size + size) % size }

  /// How far others are turned so that no container has both of one partition; nil where none was found. It is where
  /// the others of some container begin as its co-location groups end. O(containers²), at most 64 tries.
  private static func shift(_ parts: [Part], _ size: Int, _ turn: Int) -> Int? {
    guard size > 0, parts.allSatisfy({ $0.others <= size - $0.groups }) else { return nil }
    for tried in 0..<min(parts.count, 64) {
      let part = parts[(turn + tried) % parts.count]
      let shift = onCircle(part.groupBegin + part.groups - part.othersBegin, size)
      if isApart(parts, size, shift) { return shift }
    }
    return nil
  }

  private static func isApart(_ parts: [Part], _ size: Int, _ shift: Int) -> Bool {
    parts.allSatisfy { part in
      // From where its co-location groups begin, others must begin behind them and end before the circle closes.
      guard part.others > 0, part.groups > 0 else { return true }
      let begin = onCircle(part.othersBegin + shift - part.groupBegin, size)
      return begin >= part.groups && begin + part.others <= size
    }
  }

  /// Where peers are few, and so are blocks: the turn by which a container's co-location groups meet others of such
  /// containers as they have not met in earlier blocks, so that what loses its co-location group there has more to
  /// choose from. O(containers³).
  private mutating func shiftApart(_ parts: [Part], _ size: Int) -> Int? {
    guard size > 0, let first = parts.first, parts.allSatisfy({ $0.others <= size - $0.groups }) else { return nil }
    var best: (again: Int, shift: Int)?
    for part in parts {
      let shift = FreshNear.onCircle(part.groupBegin + part.groups - first.othersBegin, size)
      guard FreshNear.isApart(parts, size, shift) else { continue }
      var again = 0
      forEachMeeting(parts, size, shift) { again += met[$0] }
      if best == nil || (again, shift) < best! { best = (again, shift) }
    }
    guard let best else { return nil }
    forEachMeeting(parts, size, best.shift) { met[$0] += 1 }
    return best.shift
  }

  /// Pairs of containers, one with co-location groups of partitions that the other has others of, as places in `met`.
  private func forEachMeeting(_ parts: [Part], _ size: Int, _ shift: Int, _ body: (Int) -> Void) {
    for part in parts where part.groups > 0 {
      for other in parts where other.others > 0 {
        let begin = FreshNear.onCircle(other.othersBegin + shift - part.groupBegin, size)
        if begin < part.groups || begin + other.others > size {
          body(part.container * rule.containerCount + other.container)
        }
      }
    }
  }

  /// Points as far apart as the container has partitions, along its nodes.
  private mutating func putGroup(_ part: Part, _ block: Range<Int>) {
    guard part.groups > 0 else { return }
    let first = block.lowerBound + part.groupBegin
    var (carried, point) = (0, 0)
    for node in part.nodes {
      carried += inGroup[node] * part.groups
      let points = carried / groups[part.container]
      carried %= groups[part.container]
      inGroup[node] -= points
      for _ in 0..<points {
        let (column, partition) = (point / part.groups, point % part.groups)
        rows[(first + partition) * problem.replicas + column] = NodeIndex(node)
        point += 1
      }
    }
  }

  private mutating func putOthers(_ part: Part, _ block: Range<Int>, _ shift: Int) {
    guard part.others > 0 else { return }
    var (carried, point) = (0, part.othersBegin)
    for node in part.nodes {
      carried += besides[node] * part.others
      let points = carried / others[part.container]
      carried %= others[part.container]
      besides[node] -= points
      for _ in 0..<points {
        let (column, partition) = (rule.group + point / block.count, (point % block.count + shift) % block.count)
        rows[(block.lowerBound + partition) * problem.replicas + column] = NodeIndex(node)
        point += 1
      }
    }
  }
}
