import PlatEngine

/// Makes the current map of a generated cluster.
struct MapGenerator {
  private let cluster: Cluster
  private let options: GenerateOptions
  private let joining: Set<Int>
  private let planning: PlanOptions
  /// The nodes that the map may name.
  private let members: [Int]
  /// For each hard rule, the container of each node and the most replicas in one.
  private let hard: [(containerOfNode: [ContainerIndex], most: Int)]

  init(_ cluster: Cluster, _ options: GenerateOptions, joining: Set<Int>, _ planning: PlanOptions) throws(InputError) {
    self.cluster = cluster
    self.options = options
    self.joining = joining
    self.planning = planning
    members = cluster.nodes.indices.filter { !joining.contains($0) }
    let levels = try DenseCluster(cluster).levels
    hard = cluster.settings.placement.compactMap { rule in
      guard rule.strength == .hard, case .atMost(let most) = rule.demand else { return nil }
      return (levels[rule.level].containerOfNode, most)
    }
  }

  func make() throws -> MapDocument? {
    let placement: PlacementMap
    switch options.map {
    case .none: return nil
    case .fresh: placement = try fresh(without: joining)
    case .random: placement = try random()
    case .drifted:
      placement = try fresh(without: joining)
      try displace(placement)
    case .halfMoved: placement = try halfMoved()
    }
    return MapDocument(header: MapHeader(kind: .current, revision: 1), placement: placement)
  }

  /// As planned when `absent` were not there and all others were well.
  private func fresh(without absent: Set<Int>) throws -> PlacementMap {
    var cluster = cluster
    for node in cluster.nodes.indices { cluster.nodes[node].status = absent.contains(node) ? .leaving : .active }
    return try Planner.plan(DenseCluster(cluster), from: nil, options: planning).target
  }

  // MARK: at random

  private func random() throws -> PlacementMap {
    let map = try PlacementMap(
      partitionCount: cluster.settings.partitionCount, slotCounts: cluster.rowSlots)
    var random = SeededRandom(seed: options.seed, for: .placement)
    for partition in 0..<map.partitionCount {
      try planning.interrupt?.throwIfRequested(at: partition)
      let row = UnsafeMutableBufferPointer(start: map.row(partition), count: map.width)
      for slot in row.indices { row[slot] = anyNode(for: slot, of: row, &random) ?? .none }
    }
    return map
  }

  /// Moves some replicas elsewhere.
  private func displace(_ map: PlacementMap) throws(PlatError) {
    var random = SeededRandom(seed: options.seed, for: .placement)
    for partition in 0..<map.partitionCount {
      try planning.interrupt?.throwIfRequested(at: partition)
      let row = UnsafeMutableBufferPointer(start: map.row(partition), count: map.width)
      for slot in row.indices where row[slot] != .none && random.chance(options.drift) {
        row[slot] = anyNode(for: slot, of: row, &random) ?? row[slot]
      }
    }
  }

  /// A node that is not in the row, and in the first tries one that hard rules allow; nil where all are.
  private func anyNode(
    for slot: Int, of row: UnsafeMutableBufferPointer<NodeIndex>, _ random: inout SeededRandom
  ) -> NodeIndex? {
    guard !members.isEmpty else { return nil }
    for _ in 0..<32 {
      let node = NodeIndex(members[random.below(members.count)])
      if !row.contains(node), allows(node, slot, row) { return node }
    }
    let first = random.below(members.count)
    for offset in members.indices {
      let node = NodeIndex(members[(first + offset) % members.count])
      if !row.contains(node) { return node }
    }
    return nil
  }

  private func allows(_ node: NodeIndex, _ slot: Int, _ row: UnsafeMutableBufferPointer<NodeIndex>) -> Bool {
    for (containerOfNode, most) in hard {
      let container = containerOfNode[node.int]
      var others = 0
      for other in row.indices where other != slot && row[other] != .none {
        if containerOfNode[row[other].int] == container { others += 1 }
      }
      if others >= most { return false }
    }
    return true
  }

  // MARK: in the middle of moves

  /// From the map of the cluster as it was to the one that is planned for it as it is. Where nothing has happened
  /// to the cluster, a tenth of the nodes came just now.
  private func halfMoved() throws -> PlacementMap {
    let isAsItWas = joining.isEmpty && cluster.nodes.allSatisfy { $0.status == .active }
    let absent = isAsItWas ? Set(cluster.nodes.indices.filter { $0 % 10 == 9 }) : joining
    let before = try fresh(without: absent)
    let after = try Planner.plan(DenseCluster(cluster), from: before, options: planning).target
    var builder = try PlacementMapBuilder(
      partitionCount: before.partitionCount, expected: cluster.rowSlots)
    var random = SeededRandom(seed: options.seed, for: .progress)
    for partition in 0..<before.partitionCount {
      try planning.interrupt?.throwIfRequested(at: partition)
      let rows = (before: MovingRow(before, partition), after: MovingRow(after, partition))
      let row = rows.before == rows.after ? rows.after : MovingRow(rows.before, rows.after, cluster, &random)
      for (state, nodes) in row.nodes.enumerated() {
        try builder.set(partition: partition, state: state, nodes: nodes)
      }
    }
    return try builder.finish(least: cluster.rowSlots)
  }
}

/// Who holds a partition, by state, while it is being moved.
private struct MovingRow: Equatable {
  var nodes: [[NodeIndex]]

  init(_ map: PlacementMap, _ partition: Int) {
    nodes = map.slotCounts.indices.map { map.holders(of: partition, inState: $0) }
  }

  /// One of the stages on the way between two rows.
  init(_ before: MovingRow, _ after: MovingRow, _ cluster: Cluster, _ random: inout SeededRandom) {
    let (master, slave, pending, dead) = (0, 1, 2, 3)
    let isFailed = { (node: NodeIndex) in cluster.nodes[node.int].status == .failed }
    let comes = after.all.filter { !before.all.contains($0) }
    let goes = before.all.filter { !after.all.contains($0) && !isFailed($0) }
    switch random.below(8) {
    case 0, 1, 2:
      self = before
    case 3:  // places are made ready
      self = before
      nodes[dead] = comes
    case 4, 5:
      self = after
    case 6:  // what was left behind is not swept yet
      self = after
      nodes[dead] = goes
    default:  // a takeover is under way: the old master serves, requests to the new one wait
      self = after
      nodes[dead] = goes
      guard let old = before.nodes[master].first(where: { !after.nodes[master].contains($0) && !isFailed($0) }),
        let new = after.nodes[master].firstIndex(where: { !before.nodes[master].contains($0) })
      else { return }
      nodes[pending] = [after.nodes[master][new]]
      nodes[master][new] = old
      nodes[slave].removeAll { $0 == old }
      nodes[dead].removeAll { $0 == old }
    }
  }

  private var all: [NodeIndex] { nodes.flatMap { $0 } }
}
