/// What a group of maps asks of one of them.
struct MapGoal {
  /// The map's own windows, where maps of its kind share them.
  var due: Due?
  /// What each node should hold of this map.
  var totals: NodeTable<Int32>?
  /// And of each state but the last.
  var states: [NodeTable<Int32>]?
  /// For a fresh map, the order of the tree that it begins with: maps that use different ones spread over more peers.
  var seed: UInt64 = 0

  /// The windows narrowed to what is asked for.
  func aim(_ due: Due) -> Due {
    guard let totals else { return due }
    return due.aimed(at: totals, states: states)
  }

  /// Gives each node what is asked for of each state. False where nothing is, or where a node would leave its own
  /// window for it.
  func assignRoles(_ problem: Problem, _ aim: Due, _ windows: Due, _ placement: inout Placement) throws(PlatError)
    -> Bool
  {
    guard states != nil, placement.peers == nil else { return false }
    guard let parts = try Roles.run(problem, aim, &placement), let own = windows.roles.first else { return true }
    return (0..<problem.nodeCount).allSatisfy { node in
      let window = own.window(NodeIndex(node), total: placement.load.base[node])
      return window.least <= parts.count.base[node] && parts.count.base[node] <= window.most
    }
  }
}
