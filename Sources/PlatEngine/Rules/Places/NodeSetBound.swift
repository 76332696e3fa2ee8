/// A rule that names places, for the planner: of a row's replicas in `states`, at most `most` on the nodes of a set.
struct NodeSetBound: Sendable {
  /// By node.
  let isIn: [Bool]
  /// A bit a state.
  let states: UInt32
  let most: Int
  let strength: Strength

  func counts(_ state: Int) -> Bool { states & (1 << UInt32(state)) != 0 }
}

extension DenseCluster {
  /// What rules that name places come to. Hard ones that leave a node nothing at all are said by its status instead: it
  /// is to be emptied as one that leaves is, and every stage knows how. O(N · rules).
  struct Places: Sendable {
    /// Those that statuses do not say.
    private(set) var bounds: [NodeSetBound] = []
    /// By node, a bit for each state that it may never have; empty where there are none.
    private(set) var barred: [UInt32] = []
    private(set) var isEmptied: [Bool] = []
    /// By node: nodes of one kind are in the same sets.
    private var kinds: [Int] = []

    func kind(_ node: Int) -> Int { kinds.isEmpty ? 0 : kinds[node] }

    init(_ cluster: Cluster, wanted: [Int]) {
      let rules = cluster.settings.places
      guard !rules.isEmpty else { return }
      var barred = [UInt32](repeating: 0, count: cluster.nodes.count)
      var bounds: [NodeSetBound] = []
      for rule in rules {
        let meant = rule.selector.nodes(of: cluster)
        let states = rule.states.asMask
        for bound in rule.bounds(wanted) {
          let isIn = bound.isInside ? meant : meant.map { !$0 }
          bounds.append(NodeSetBound(isIn: isIn, states: states, most: bound.most, strength: rule.strength))
          guard rule.strength == .hard, bound.most == 0 else { continue }
          for node in barred.indices where isIn[node] { barred[node] |= states }
        }
      }
      let all = wanted.indices.filter { wanted[$0] > 0 }.asMask
      isEmptied = barred.map { all != 0 && $0 & all == all }
      self.barred = barred
      self.bounds = bounds.filter { bound in
        bound.strength == .soft || bound.most > 0
          || barred.indices.contains { bound.isIn[$0] && !isEmptied[$0] && bound.states & all != 0 }
      }
      kinds = Self.kinds(self.bounds, nodes: cluster.nodes.count)
    }

    private static func kinds(_ bounds: [NodeSetBound], nodes: Int) -> [Int] {
      guard !bounds.isEmpty else { return [] }
      var known: [[Bool]: Int] = [:]  // looked up only
      return (0..<nodes).map { node in
        let sets = bounds.map { $0.isIn[node] }
        let kind = known[sets] ?? known.count
        known[sets] = kind
        return kind
      }
    }

    /// Hard rules leave the node nothing at all.
    func leavesNothing(_ node: Int) -> Bool { !isEmptied.isEmpty && isEmptied[node] }

    /// As a node's status says it.
    func status(_ nodes: [Node]) -> [Node.Status] {
      guard !isEmptied.isEmpty else { return nodes.map(\.status) }
      return zip(nodes, isEmptied).map { $1 ? $0.status.drained : $0.status }
    }

    /// None but what statuses say.
    var emptiedOnly: Places {
      var result = self
      (result.bounds, result.barred, result.kinds) = ([], [], [])
      return result
    }
  }

  /// Whether hard rules that name places let the node ever have a partition in the state.
  func mayEver(_ node: Int, inState state: Int) -> Bool {
    places.barred.isEmpty || places.barred[node] & (1 << UInt32(state)) == 0
  }

  /// Whether the node may be in none of the wanted states after it.
  func isBound(_ node: Int, toState state: Int) -> Bool {
    !dataWanted.indices.contains { $0 > state && dataWanted[$0] > 0 && mayEver(node, inState: $0) }
  }

  var hardPlaces: [NodeSetBound] { places.bounds.filter { $0.strength == .hard } }
  var hasHardPlaces: Bool { places.bounds.contains { $0.strength == .hard } }

  /// The same cluster without the rules that name places, but for nodes that are to be emptied.
  var withoutPlaces: DenseCluster {
    var result = self
    result.places = places.emptiedOnly
    return result
  }
}
