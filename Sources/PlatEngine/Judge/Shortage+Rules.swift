/// Shortages of each single partition: what a rule leaves it at most, whatever the map and however much room there is.
extension Shortage {
  /// A rule that lets no partition have more than so many replicas in some states.
  public struct Rule: Equatable, Sendable {
    /// `fanOut.outbound`, `placement[0]`.
    public var path: String
    public var most: Int
  }

  /// Of a hard limit on peers: a master replicates to all others, so a partition has as many replicas as that may be, and
  /// the master's own. O(states), and O(N + containers) for the remedies.
  static func ofPeers(_ dense: DenseCluster, held: Resting) -> Shortage? {
    let settings = dense.cluster.settings
    let wanted = DenseCluster.holdingData(settings)
    let inAll = wanted.reduce(0, +)
    guard let limit = settings.fanOut, let most = DenseCluster.mostHolders(settings), most < inAll else { return nil }
    let states = wanted.indices.filter { wanted[$0] > 0 }
    var remedies: [Remedy] = []
    if hasRoom(dense, held: held, .init(wanted: wanted)) {
      remedies.append(
        .raiseFanOut(
          outbound: limit.outbound.flatMap { $0 < inAll - 1 ? inAll - 1 : nil }, inbound: limit.inbound == 0 ? wanted[0] : nil))
    }
    for state in states.dropFirst() where inAll - wanted[state] <= most {
      var fewer = wanted
      fewer[state] -= inAll - most
      guard hasRoom(dense, held: held, .init(wanted: fewer)) else { continue }
      remedies.append(.lowerConstraint(state: settings.model.states[state].name, to: fewer[state]))
    }
    return Shortage(
      states: states.map { settings.model.states[$0].name }, full: [],
      rule: Rule(path: limit.inbound == 0 ? "fanOut.inbound" : "fanOut.outbound", most: most),
      room: dense.partitionCount * most, wanted: dense.partitionCount * inAll, remedies: remedies)
  }

  /// Of the hard near rules: no container has room for a master and for all that must be with it.
  static func ofNearRules(_ dense: DenseCluster, held: Resting) -> [Shortage] {
    dense.cluster.settings.placement.indices.compactMap { index in
      guard let company = Company(dense, rule: index), company.isShort else { return nil }
      let names = company.states.map { dense.cluster.settings.model.states[$0].name }
      return Shortage(
        states: names, full: [], rule: Rule(path: dense.cluster.settings.ruleName(index), most: company.most),
        room: dense.partitionCount * company.most, wanted: dense.partitionCount * company.wanted,
        remedies: company.remedies(dense, held: held))
    }
  }
}

/// One hard near rule, as a single partition sees it: `near` others must lie in the container of its master, or all that
/// are placed where they are fewer.
private struct Company {
  let rule: Int
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

  /// Nil for rules that ask nothing of one master's company. O(N · levels + rules · states).
  init?(_ dense: DenseCluster, rule index: Int, _ change: Shortage.Change = .init()) {
    let counts = change.wanted ?? dense.dataWanted
    let rule = dense.cluster.settings.placement[index].fromFirstState(counts)
    guard rule.strength == .hard, case .near(0, let atLeast) = rule.demand, counts[0] == 1 else { return nil }
    self.rule = index
    states = rule.states.filter { $0 > 0 && counts[$0] > 0 }
    wanted = states.reduce(0) { $0 + counts[$1] }
    near = min(wanted, atLeast - (rule.states.contains(0) ? 1 : 0))
    guard near > 0 else { return nil }

    // How much of one partition finds room in each container, by the nodes and caps inside and around it.
    var here = dense.status.indices.map { Company.isUsable(dense, $0) ? 1 : 0 }
    if let (beside, count) = change.nodes { here[beside] += count }
    var around = [Int](repeating: .max, count: dense.nodeCount)
    for level in dense.levels.indices.reversed() {
      var cap = Int.max
      for (other, about) in dense.cluster.settings.placement.enumerated() where about.level == level && about.strength == .hard {
        guard case .atMost(var most) = about.demand else { continue }
        if let (changed, to) = change.atMost, changed == other { most = to }
        cap = min(cap, most + counts.indices.filter { !about.states.contains($0) }.reduce(0) { $0 + counts[$1] })
      }
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
    guard settings.places.allSatisfy({ $0.strength == .soft }) else { return [] }
    func isMet(_ change: Shortage.Change) -> Bool {
      Company(dense, rule: rule, change)?.isShort != true && Shortage.hasRoom(dense, held: held, change)
    }
    var remedies: [Remedy] = []
    let short = near - places
    let boxes = dense.levels.last?.nodes ?? []
    let inBest = boxes.indices.filter { box in
      !boxes[box].isEmpty && best.contains(dense.levels[settings.placement[rule].level].containerOfNode[boxes[box].lowerBound].int)
    }
    if let box = inBest.prefix(Company.mostBoxes).first(where: { isMet(.init(nodes: (boxes[$0].lowerBound, short))) }) {
      let name = dense.cluster.containers[dense.levels[dense.levels.count - 1].modelContainer[box]].name
      remedies.append(.addNodes(count: short, container: name))
    }
    for (index, about) in settings.placement.enumerated() where about.strength == .hard {
      guard case .atMost(let most) = about.demand, most < near + 1 else { continue }
      if let to = (most + 1...near + 1).first(where: { isMet(.init(atMost: (index, $0))) }) {
        remedies.append(.raiseAtMost(rule: dense.cluster.settings.documentIndex(ofRule: index), to: to))
      }
    }
    let to = places + (settings.placement[rule].states.contains(0) ? 1 : 0)
    if case .near(0, _) = settings.placement[rule].demand,
      Shortage.hasRoom(dense, held: held, .init(atLeast: (rule, to)))
    {
      remedies.append(.lowerAtLeast(rule: settings.documentIndex(ofRule: rule), to: to))
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
