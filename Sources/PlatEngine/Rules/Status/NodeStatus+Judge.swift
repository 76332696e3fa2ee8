/// What the Judge says of replicas that lie where the status of their node does not allow it.
extension Judge.CheckContext {
  /// What lies where the node's status does not allow it: anything on a node that failed or leaves, masters on
  /// and new replicas for a node in maintenance. Of a map that the cluster has now, only what failed nodes hold
  /// is told, and not counted: what is missing for it is. O(N).
  func status(_ holders: Judge.Holders, _ movement: Judge.Movement) -> Judge.ViolationList {
    var violations = Judge.ViolationList(.status, isPlan ? .hard : .soft)
    violations.isCounted = isPlan
    let idle = model.states.indices.filter { model.states[$0].isPlaced && !model.states[$0].holdsData }
    func occupied(_ node: Int) -> Int {
      idle.reduce(Int(holders.totals.base[node])) { $0 + Int(holders.loads[$1].base[node]) }
    }
    for (node, about) in dense.cluster.nodes.enumerated() {
      let misplaced: Int
      switch about.status {
      case .active: misplaced = 0
      case .failed: misplaced = occupied(node)
      case .leaving: misplaced = isPlan ? occupied(node) : 0
      case .maintenance:
        // The last copy may stay there, and nobody leads it then.
        misplaced = isPlan ? max(Int(holders.loads[0].base[node]), Int(movement.received.base[node])) : 0
      }
      if misplaced > 0 { violations.add(Judge.Breach(node: node, want: 0, have: misplaced)) }
    }
    return violations
  }
}

extension Judge.Words {
  func becauseStatus(_ breach: Judge.Breach) -> String {
    let node = context.nodeName(breach.node)
    switch context.dense.status[breach.node] {
    case .failed: return "\(node) has failed: \(context.replicas(breach.have)) on it can't be read"
    case .leaving: return "\(node) is leaving and still holds \(context.replicas(breach.have))"
    case .maintenance, .active:
      return "\(node) is in maintenance, and \(context.replicas(breach.have)) on it can't stay: masters, or new there"
    }
  }
}

extension Node.Status {
  /// As explanations say it of a node; nil: nothing is to be said.
  var words: String? {
    switch self {
    case .active: nil
    case .maintenance: "is in maintenance"
    case .leaving: "is leaving"
    case .failed: "has failed"
    }
  }

  /// One replica of a changed row, as far as it matters to the status of its node.
  struct Holding {
    /// The node holds the partition's data before the plan.
    var isHeld: Bool
    /// Its state holds data.
    var holdsData: Bool
    var leads: Bool
    /// Every copy of the row stays for want of another place.
    var onlyStays: Bool
    /// The operation leaves drained nodes as they are, or changes states only.
    var leavingStay: Bool
    var changesStatesOnly: Bool
  }

  /// Whether a plan may have the replica there.
  func admits(_ holding: Holding) -> Bool {
    switch self {
    case .active: true
    case .failed: false
    case .leaving:
      holding.changesStatesOnly || holding.isHeld && (holding.onlyStays || holding.leavingStay)
    case .maintenance:
      (holding.isHeld || !holding.holdsData) && !(holding.leads && !holding.onlyStays && !holding.changesStatesOnly)
    }
  }
}
