/// What a hard near rule leaves each single partition, whatever the map and however much room there is.
extension Near {
  /// No container has room for a master and for all that must be with it.
  func shortage(_ dense: DenseCluster, held: Resting) -> Shortage? {
    guard let group = ColocationGroup(dense, self), group.isShort else { return nil }
    let names = group.states.map { dense.cluster.settings.model.states[$0].name }
    return Shortage(
      states: names, full: [], rule: Shortage.Rule(path: dense.cluster.settings.ruleName(index), most: group.most),
      room: dense.partitionCount * group.most, wanted: dense.partitionCount * group.wanted,
      remedies: group.remedies(dense, held: held))
  }
}

/// One hard near rule, as a single partition sees it: `near` others must lie in the container of its master, or all
/// that are placed where they are fewer.
private struct ColocationGroup {
  let rule: Near
  /// The states that the rule names, without the master's, and their replicas.
  let states: [Int]
  let wanted: Int
  /// Those that must be near, and the most that some container has room for beside the master.
  let near: Int
  let places: Int
  /// The containers of the rule's level that have that much.
  let best: [Int]

  var isShort: Bool { places < near }
  /// The most replicas of one partition in these states.
  var most: Int { isShort ? places : wanted }

  /// Nil for rules that ask nothing of one master's co-location group. O(N · levels + rules · states).
  init?(_ dense: DenseCluster, _ written: Near, _ change: Shortage.Change = .init()) {
    let counts = change.wanted ?? dense.dataWanted
    let rule = written.fromFirstState(counts)
    guard rule.strength == .hard, rule.of == 0, counts[0] == 1 else { return nil }
    self.rule = written
    states = rule.states.filter { $0 > 0 && counts[$0] > 0 }
    wanted = states.reduce(0) { $0 + counts[$1] }
    near = min(wanted, rule.atLeast - (rule.states.contains(0) ? 1 : 0))
    guard near > 0 else { return nil }

    // How much of one partition finds room in each container, by the nodes and caps inside and around it.
    var here = dense.status.indices.map { ColocationGroup.isUsable(dense, $0) ? 1 : 0 }
    if let (beside, count) = change.nodes { here[beside] += count }
    var around = [Int](repeating: .max, count: dense.nodeCount)
    for level in dense.levels.indices.reversed() {
      let cap = AtMost.most(
        dense, level: level, states: Array(counts.indices), wanted: counts, changing: change.limit) ?? .max
      for nodes in dense.levels[level].nodes where !nodes.isEmpty {
        if level >= rule.level {
          let sum = nodes.reduce(0) { $0 + here[$1] }
          for node in nodes { here[node] = 0 }
          here[nodes.lowerBound] = min(sum, cap)
        } else {
          for node in nodes { around[node] = min(around[node], cap) }
        }
      }
    }
    let rooms = dense.levels[rule.level].nodes.map { nodes in
      nodes.isEmpty ? 0 : min(around[nodes.lowerBound], nodes.reduce(0) { $0 + here[$1] })
    }
    let most = rooms.max() ?? 0
    places = max(0, most - 1)
    best = rooms.indices.filter { rooms[$0] == most }
  }

  private static func isUsable(_ dense: DenseCluster, _ node: Int) -> Bool {
    dense.status[node].mayReceive && dense.capacity[node] > 0 && Rational(dense.cluster.nodes[node].weight).sign > 0
  }

  // MARK: What would do

  private static let mostBoxes = 64

  /// Each tried before it is told: by this rule, and by the room that all replicas together have.
  func remedies(_ dense: DenseCluster, held: Resting) -> [Remedy] {
    let settings = dense.cluster.settings
    guard !settings.hasHardPlaces else { return [] }
    func isMet(_ change: Shortage.Change) -> Bool {
      ColocationGroup(dense, rule, change)?.isShort != true && Shortage.hasRoom(dense, held: held, change)
    }
    var remedies: [Remedy] = []
    let short = near - places
    let boxes = dense.levels.last?.nodes ?? []
    let inBest = boxes.indices.filter { box in
      !boxes[box].isEmpty && best.contains(dense.levels[rule.level].containerOfNode[boxes[box].lowerBound].int)
    }
    if let box = inBest.prefix(ColocationGroup.mostBoxes).first(where: {
      isMet(.init(nodes: (boxes[$0].lowerBound, short)))
    }) {
      let name = dense.cluster.containers[dense.levels[dense.levels.count - 1].modelContainer[box]].name
      remedies.append(.addNodes(count: short, container: name))
    }
    for cap in AtMost.hard(dense) where cap.most < near + 1 {
      if let to = (cap.most + 1...near + 1).first(where: { isMet(.init(limit: (cap.index, $0))) }) {
        remedies.append(.raiseAtMost(rule: settings.documentIndex(ofRule: cap.index), to: to))
      }
    }
    let to = places + (rule.states.contains(0) ? 1 : 0)
    if rule.of == 0, Shortage.hasRoom(dense, held: held, .init(limit: (rule.index, to))) {
      remedies.append(.lowerAtLeast(rule: settings.documentIndex(ofRule: rule.index), to: to))
    }
    for state in states where dense.dataWanted[state] >= wanted - places {
      var counts = dense.dataWanted
      counts[state] -= wanted - places
      if isMet(.init(wanted: counts)) {
        remedies.append(.lowerConstraint(state: settings.model.states[state].name, to: counts[state]))
      }
    }
    return remedies
  }
}
