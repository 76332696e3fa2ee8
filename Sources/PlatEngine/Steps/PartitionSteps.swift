/// The steps of all partitions, row by row: the plan of each row's shape, with its nodes and the best sources.
struct PartitionSteps {
  /// Steps so far, and arcs (step, before).
  private(set) var steps: [Step] = []
  private(set) var arcs: [Arc] = []
  private let numbers: PartitionNumbers
  private var maps: [Context]
  private var sources: StreamSources
  private var shape = RowShape()

  /// Wider rows have as many containers as one would have to look at for nothing; none of them is looked at.
  private static let mostPlacesLabelled = 255
  private static let sourcesTried = 16

  /// What the rows of one map have in common.
  private struct Context {
    var planner: RowPlanner
    let levels: [DenseLevel]
    let ruledLevels: Int
    let status: [Node.Status]

    init(_ cluster: DenseCluster) {
      planner = RowPlanner(cluster)
      let ruled = cluster.cappedLevels
      let order = cluster.levels.indices.sorted { (ruled.contains($0) ? 0 : 1, $0) < (ruled.contains($1) ? 0 : 1, $1) }
      levels = order.map { cluster.levels[$0] }
      ruledLevels = ruled.count
      status = cluster.status
    }
  }

  /// `clusters`: of each map, one at least; their nodes are the same.
  init(_ clusters: [DenseCluster], _ numbers: PartitionNumbers) {
    self.numbers = numbers
    maps = clusters.map { Context($0) }
    sources = StreamSources(clusters[0])
  }

  func planner(of partition: PartitionIndex) -> RowPlanner { maps[numbers.map(of: partition)].planner }
  func hops(of partition: PartitionIndex) -> Hops { maps[numbers.map(of: partition)].planner.hops }

  /// A node gets a copy by it that has none.
  func comes(_ step: Step) -> Bool { hops(of: step.partition).gainsData(step.change) }

  /// Adds the steps of one row. Why it does not reach its target, if so. O(nodes of the row · levels), and what the
  /// plan of a new shape takes.
  mutating func add(_ row: borrowing Difference.Row) -> StepPlan.Reason? {
    let map = numbers.map(of: row.partition)
    let nodes = reachable(row.nodes, of: map)
    shape = shape(of: nodes, hasLost: !row.lost.isEmpty, of: map)
    let plan = maps[map].planner.plan(shape)
    add(plan, nodes)
    return nodes.count < row.nodes.count ? plan.reason ?? .failedNode : plan.reason
  }

  /// Without nodes that failed and are to get the partition. Where there are such, whoever holds it stays as it is, and
  /// of the others those come that nothing excludes.
  private func reachable(_ nodes: [Change], of map: Int) -> [Change] {
    let (status, hops) = (maps[map].status, maps[map].planner.hops)
    guard nodes.contains(where: { !status[$0.node.int].isReadable }) else { return nodes }
    var kept = nodes.filter { status[$0.node.int].isReadable }
    var held = kept.map(\.change.from).filter { $0 != .null }
    for place in kept.indices {
      let change = kept[place].change
      kept[place].change.to = change.from
      guard change.from == .null, let state = [change.to, hops.waiting(for: change.to, from: .null)].compactMap({ $0 })
        .first(where: { state in !held.contains { hops.areExclusive(state, $0) } })
      else { continue }
      kept[place].change.to = state
      held.append(state)
    }
    return kept
  }

  /// The same as `add` does, for who plans the row's steps in an order of its own.
  func reachable(_ row: Difference.Row) -> (nodes: [Change], shape: RowShape) {
    let map = numbers.map(of: row.partition)
    let nodes = reachable(row.nodes, of: map)
    return (nodes, shape(of: nodes, hasLost: !row.lost.isEmpty, of: map))
  }

  private func shape(of nodes: [Change], hasLost: Bool, of map: Int) -> RowShape {
    let (status, levels, ruledLevels) = (maps[map].status, maps[map].levels, maps[map].ruledLevels)
    var shape = RowShape()
    shape.hasLost = hasLost
    shape.places.reserveCapacity(3 * nodes.count)
    for change in nodes {
      shape.places += [change.change.from.raw, change.change.to.raw, status[change.node.int].isSlaveOnly ? 1 : 0]
    }
    guard nodes.count <= PartitionSteps.mostPlacesLabelled else { return shape }
    for (index, level) in levels.enumerated() {
      if let label = label(nodes, level) {
        shape.labels.append(label)
        if index < ruledLevels { shape.ruledLevels += 1 }
      }
    }
    return shape
  }

  /// The containers of a level, numbered as they come; nil where the level says nothing: all nodes in one, or each in
  /// its own.
  private func label(_ nodes: [Change], _ level: DenseLevel) -> [UInt8]? {
    var label: [UInt8] = []
    label.reserveCapacity(nodes.count)
    var count: UInt8 = 0
    for index in nodes.indices {
      let container = level.containerOfNode[nodes[index].node.int]
      if let same = (0..<index).first(where: { level.containerOfNode[nodes[$0].node.int] == container }) {
        label.append(label[same])
      } else {
        label.append(count)
        count += 1
      }
    }
    return count > 1 && Int(count) < nodes.count ? label : nil
  }

  /// Adds a plan's moves as steps; their numbers.
  @discardableResult mutating func add(_ plan: RowPlan, _ nodes: [Change]) -> Range<Int> {
    let first = steps.count
    for (index, move) in plan.moves.enumerated() {
      steps.append(step(move, nodes))
      for before in plan.after[index] { arcs.append((UInt32(first + index), UInt32(first + before))) }
    }
    return first..<steps.count
  }

  private mutating func step(_ move: RowMove, _ nodes: [Change]) -> Step {
    let (partition, node) = (nodes[move.place].partition, nodes[move.place].node)
    switch move.kind {
    case .set: return .set(partition, node, move.change, move.purpose)
    case .copy:
      let best = sources.best(among(move.sources), of: nodes, for: node)
      sources.book(nodes[best.place].node)
      return .copy(partition, from: nodes[best.place].node, in: best.state, to: node, move.change, move.purpose)
    case .exchange:
      let source = nodes[move.source].node
      if move.isFullScan { sources.book(source) }
      return .takeover(
        partition, from: source, move.sourceChange, to: node, move.change, move.purpose, isFullScan: move.isFullScan)
    }
  }

  /// All of them, or of very many a few, others for each stream.
  private func among(_ all: [(place: Int, state: StateIndex)]) -> [(place: Int, state: StateIndex)] {
    guard all.count > PartitionSteps.sourcesTried else { return all }
    let first = steps.count % all.count
    return (0..<PartitionSteps.sourcesTried).map { all[(first + $0) % all.count] }
  }
}
