/// What would end a shortage: each kind of change that can do it alone, with the least that is needed. Every one is
/// tried on the tree before it is told.
struct Remedies {
  private(set) var all: [Remedy] = []
  private let dense: DenseCluster
  private let states: [Int]
  private let held: (Int) -> Int

  init(
    _ dense: DenseCluster, states: [Int], held: @escaping (Int) -> Int, short: Int, full: [RoomTree.Element]
  ) {
    self.dense = dense
    self.states = states
    self.held = held
    let tree = RoomTree(dense, states: states, wanted: dense.dataWanted, held: held)
    addContainers(tree, short)
    addNodes(tree)
    raiseAtMost()
    raiseCapacity(tree, full)
    lowerConstraint()
    endMaintenance()
  }

  private mutating func addContainers(_ tree: RoomTree, _ short: Int) {
    guard let outermost = tree.levels.first, outermost.most > 0, tree.levels.allSatisfy({ $0.most > 0 }) else { return }
    let each = outermost.most * tree.partitions
    all.append(
      .addContainers(
        level: dense.cluster.levels[outermost.level], count: (short + each - 1) / each, nodes: outermost.most))
  }

  /// In the first container of the innermost level that has room for what they bring.
  private mutating func addNodes(_ tree: RoomTree) {
    let replicas = tree.demand / max(tree.partitions, 1)
    guard dense.nodeCount > 0 else { return }
    let boxes = dense.levels.last?.nodes ?? [0..<dense.nodeCount]
    let most = tree.levels.last.map { min($0.most, replicas) } ?? replicas
    guard let box = boxes.indices.first(where: { index in
      !boxes[index].isEmpty && tree.total(more: (boxes[index].lowerBound, most)) == tree.demand
    }) else { return }
    let count = Remedies.least(in: 1...most) { tree.total(more: (boxes[box].lowerBound, $0)) == tree.demand } ?? most
    let container = dense.levels.last.map { dense.cluster.containers[$0.modelContainer[box]].name }
    all.append(.addNodes(count: count, container: container))
  }

  private mutating func raiseAtMost() {
    let inAll = dense.dataWanted.reduce(0, +)
    for (index, rule) in dense.cluster.settings.placement.enumerated() where rule.strength == .hard {
      guard case .atMost(let most) = rule.demand, most < inAll, rule.states.contains(where: states.contains) else { continue }
      let to = Remedies.least(in: most + 1...inAll) { to in
        let tree = RoomTree(dense, states: states, wanted: dense.dataWanted, held: held, changing: (index, to))
        return tree.total() == tree.demand
      }
      if let to { all.append(.raiseAtMost(rule: index, to: to)) }
    }
  }

  /// Of nodes that hold less than one of each partition, in tree order, each by as much as helps.
  private mutating func raiseCapacity(_ tree: RoomTree, _ full: [RoomTree.Element]) {
    let nodes = full.filter { $0.container == nil }.map(\.nodes.lowerBound).filter { node in
      dense.status[node] == .active && tree.room[node] < tree.partitions && dense.capacity[node] == tree.room[node]
        && Rational(dense.cluster.nodes[node].weight).sign > 0
    }
    var raised = tree
    for node in nodes { raised.room[node] = tree.partitions }
    guard !nodes.isEmpty, raised.total() == tree.demand else { return }
    raised = tree
    var raises: [Remedy.Raise] = []
    var total = tree.total()
    for node in nodes where total < tree.demand {
      guard raises.count < Remedies.mostNodes else { return }
      raised.room[node] = tree.partitions
      let gain = raised.total() - total
      raised.room[node] = tree.room[node] + gain
      total += gain
      if gain > 0 { raises.append(Remedy.Raise(node: dense.cluster.nodes[node].name, to: raised.room[node])) }
    }
    all.append(.raiseCapacity(raises))
  }

  private static let mostNodes = 200
  private static let mostSteps = 64

  /// The least number that will do, where more than enough does too. O(log) tries.
  private static func least(in range: ClosedRange<Int>, _ isEnough: (Int) -> Bool) -> Int? {
    guard isEnough(range.upperBound) else { return nil }
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high {
      let middle = low + (high - low) / 2
      if isEnough(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Of the first node alone that does, or of all.
  private mutating func endMaintenance() {
    let resting = dense.status.indices.filter { dense.status[$0] == .maintenance }
    let sets = resting.prefix(Remedies.mostSteps).map { [$0] } + (resting.count > 1 ? [resting] : [])
    let set = sets.first { nodes in
      let tree = RoomTree(dense.active(nodes), states: states, wanted: dense.dataWanted, held: held)
      return tree.total() == tree.demand
    }
    if let set { all.append(.endMaintenance(nodes: set.map { dense.cluster.nodes[$0].name })) }
  }

  /// Of the states counted, the last first: slaves before masters.
  private mutating func lowerConstraint() {
    for state in states.reversed() where state > 0 {
      for to in (0..<dense.dataWanted[state]).reversed().prefix(Remedies.mostSteps) {
        var wanted = dense.dataWanted
        wanted[state] = to
        let tree = RoomTree(dense, states: states, wanted: wanted, held: held)
        guard tree.total() == tree.demand else { continue }
        all.append(.lowerConstraint(state: dense.cluster.settings.model.states[state].name, to: to))
        return
      }
    }
  }
}

extension DenseCluster {
  /// The same with some nodes active.
  fileprivate func active(_ nodes: [Int]) -> DenseCluster {
    var changed = cluster
    for node in nodes { changed.nodes[node].status = .active }
    return DenseCluster(self, cluster: changed, partitionCount: partitionCount, capacity: capacity)
  }
}

extension Remedy: CustomStringConvertible {
  public var description: String {
    switch self {
    case .addContainers(let level, let count, let nodes):
      let boxes = count == 1 ? "1 \(level)" : "\(count) \(Judge.Words.plural(level))"
      return "add \(boxes) with \(nodes == 1 ? "1 node" : "\(nodes) nodes")\(count == 1 ? "" : " each")"
    case .addNodes(let count, let container):
      return "add \(count == 1 ? "1 node" : "\(count) nodes")\(container.map { " in \($0)" } ?? "")"
    case .raiseAtMost(let rule, let to): return "let placement[\(rule)] allow \(to)"
    case .raiseCapacity(let raises):
      let names = raises.prefix(6).map { "\($0.node) hold \($0.to)" }.joined(separator: ", ")
      return "let \(names)\(raises.count > 6 ? " and \(raises.count - 6) nodes more" : "")"
    case .lowerConstraint(let state, let to): return "ask for \(to) in constraints.\(state)"
    case .raiseFanOut(let outbound, let inbound):
      let parts = [outbound.map { "fanOut.outbound allow \($0)" }, inbound.map { "fanOut.inbound allow \($0)" }]
      return "let " + parts.compactMap(\.self).joined(separator: " and ")
    case .lowerAtLeast(let rule, let to): return "let placement[\(rule)] ask for \(to)"
    case .endMaintenance(let nodes):
      let some = nodes.count > 8 ? nodes.prefix(6).joined(separator: ", ") + " and \(nodes.count - 6) more" : nodes.joined(separator: ", ")
      return "end maintenance of \(some)"
    }
  }
}

extension Shortage: CustomStringConvertible {
  /// `zones z0 and z1 are full: room for 16 of 24 replicas; add 1 zone with 1 node, or …`
  public var description: String {
    var parts: [String] = []
    var groups: [(level: String?, names: [String])] = []
    for one in full {
      if groups.last?.level == one.level, !groups.isEmpty {
        groups[groups.count - 1].names.append(one.name)
      } else {
        groups.append((one.level, [one.name]))
      }
    }
    for (level, names) in groups {
      let what = level ?? "node"
      let list = names.count > 8 ? names.prefix(6).joined(separator: ", ") + " and \(names.count - 6) more"
        : names.count > 1 ? names.dropLast().joined(separator: ", ") + " and " + names[names.count - 1] : names[0]
      parts.append("\(names.count == 1 ? what : Judge.Words.plural(what)) \(list)")
    }
    let most = { (rule: Rule) in "\(rule.path) leaves each partition at most \(rule.most)" }
    let all = rule.map(most) ?? (parts.isEmpty ? "no node may hold anything" : parts.joined(separator: ", ")
      + (full.count == 1 ? " is full" : " are full"))
    let ends = remedies.isEmpty ? "" : "; " + remedies.map(\.description).joined(separator: ", or ")
    return "\(all): room for \(room) of \(wanted) \(states.joined(separator: " and ")) replicas\(ends)"
  }
}
