/// What would end a shortage: each kind of change that can do it alone, with the least that is needed. Every one is
/// tried on the tree before it is told.
struct Remedies {
  var all: [Remedy] = []
  let dense: DenseCluster
  let states: [Int]
  let held: Resting

  /// `trees`: of all partitions and of each kind. `full`: what proves the shortage.
  init(_ dense: DenseCluster, states: [Int], held: Resting, trees: [CapacityTree], full: [CapacityTree.Element]) {
    self.dense = dense
    self.states = states
    self.held = held
    // Room is counted without rules about places for some states: what would do by room might not do by them.
    guard !dense.hasHardPlaces else { return }
    // Nor is it known where a new node would stand, and what would be said of it.
    if !dense.cluster.settings.hasHardPlaces {
      addContainers(trees)
      addNodes(trees[0])
    }
    raiseAtMost()
    raiseCapacity(trees[0], full)
    lowerConstraint()
    endMaintenance()
  }

  /// What ends the shortage of one state and leaves another short, or a partition without a row, is no remedy.
  func fits(_ changed: DenseCluster? = nil, _ change: Shortage.Change = .init()) -> Bool {
    Shortage.hasRoom(changed ?? dense, held: held, change)
  }

  /// Each of them brings room for what fits into it by the caps of its own level and of those around it.
  private mutating func addContainers(_ trees: [CapacityTree]) {
    guard let outermost = trees[0].levels.first, outermost.most > 0 else { return }
    var count = 1
    for states in Shortage.groups(dense, wanted: dense.dataWanted) {
      for tree in CapacityTree.all(dense, states: states, wanted: dense.dataWanted, held: held)
      where tree.total() < tree.demand {
        guard tree.levels.allSatisfy({ $0.most > 0 }) else { return }
        let around = tree.levels.filter { $0.level <= outermost.level }.map(\.most)
        let each = min(outermost.most, around.min() ?? outermost.most) * tree.partitions
        count = max(count, (tree.demand - tree.total() + each - 1) / max(each, 1))
      }
    }
    guard fits(nil, .init(containers: (count, outermost.most))) else { return }
    all.append(.addContainers(level: dense.cluster.levels[outermost.level], count: count, nodes: outermost.most))
  }

  /// In the first container of the innermost level that has room for what they bring.
  private mutating func addNodes(_ tree: CapacityTree) {
    let replicas = tree.demand / max(tree.partitions, 1)
    guard dense.nodeCount > 0 else { return }
    let boxes = dense.levels.last?.nodes ?? [0..<dense.nodeCount]
    let most = tree.levels.last.map { min($0.most, replicas) } ?? replicas
    guard let box = boxes.indices.first(where: { index in
      !boxes[index].isEmpty && fits(nil, .init(nodes: (boxes[index].lowerBound, most)))
    }) else { return }
    let count = Remedies.least(in: 1...most) { fits(nil, .init(nodes: (boxes[box].lowerBound, $0))) } ?? most
    let container = dense.levels.last.map { dense.cluster.containers[$0.modelContainer[box]].name }
    all.append(.addNodes(count: count, container: container))
  }

  static let mostNodes = 200
  static let mostSteps = 64

  /// The least number that will do, where more than enough does too. O(log) tries.
  static func least(in range: ClosedRange<Int>, _ isEnough: (Int) -> Bool) -> Int? {
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
    let resting = dense.status.indices.filter { dense.status[$0].isPinned }
    let sets = resting.prefix(Remedies.mostSteps).map { [$0] } + (resting.count > 1 ? [resting] : [])
    let set = sets.first { fits(dense.activating($0)) }
    if let set { all.append(.endMaintenance(nodes: set.map { dense.cluster.nodes[$0].name })) }
  }
}

extension DenseCluster {
  /// Whether an active node takes what nobody else can: one of weight 0, too, but where a hard limit on peers says who
  /// may.
  func mayTake(_ node: Int) -> Bool {
    !cluster.settings.hasHardPeerLimit || Rational(cluster.nodes[node].weight).sign > 0
  }

  /// The same with some nodes active.
  fileprivate func activating(_ nodes: [Int]) -> DenseCluster {
    var changed = cluster
    for node in nodes { changed.nodes[node].activate() }
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
      let some =
        nodes.count > 8
        ? nodes.prefix(6).joined(separator: ", ") + " and \(nodes.count - 6) more" : nodes.joined(separator: ", ")
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
    let some =
      partitions.map { " of the \($0 == 1 ? "partition" : "\($0) partitions") that the same nodes in maintenance hold" }
      ?? ""
    return "\(all): room for \(room) of \(wanted) \(states.joined(separator: " and ")) replicas\(some)\(ends)"
  }
}
