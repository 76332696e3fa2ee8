extension Judge.Matter {
  /// Nodes that hold more than their capacity. O(N).
  func capacity(_ holders: Judge.Holders) -> Judge.Docket {
    var docket = Judge.Docket(.capacity, .hard)
    for (node, about) in dense.cluster.nodes.enumerated() {
      guard dense.capacityPart == nil, let capacity = about.capacity, about.status != .failed else { continue }
      let have = Int(holders.totals.base[node])
      if have > capacity { docket.add(Judge.Breach(node: node, want: capacity, have: have)) }
    }
    return docket
  }

  /// What lies where the node's status does not allow it: anything on a node that failed or leaves, masters on
  /// and new replicas for a node in maintenance. Of a map that the cluster has now, only what failed nodes hold
  /// is told, and not counted: what is missing for it is. O(N).
  func status(_ holders: Judge.Holders, _ movement: Judge.Movement) -> Judge.Docket {
    var docket = Judge.Docket(.status, isPlan ? .hard : .soft)
    docket.isCounted = isPlan
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
      if misplaced > 0 { docket.add(Judge.Breach(node: node, want: 0, have: misplaced)) }
    }
    return docket
  }
}
