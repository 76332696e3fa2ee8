/// Roles, with holders that suit them.
enum RoleRounds {
  /// Who is what; where a node cannot have the part of a state that fits what it holds, it holds one more or one
  /// less within its window instead, if that costs no move.
  static func run(
    _ problem: Problem, _ due: Due, _ placement: inout Placement, _ potential: NodeTable<Int32>
  ) throws(PlatError) {
    guard due.seeksBalance else {
      _ = try Roles.run(problem, due, &placement)
      return
    }
    if placement.peers != nil {
      let parts = try Roles.run(problem, due, &placement)
      let (tooFew, tooMany) = parts?.unsettled() ?? ([], [])
      if problem.fanOut?.strength == .hard || tooFew.isEmpty && tooMany.isEmpty { return }
      placement.peers = nil  // a soft limit costs no balance
    }
    let slack = potential.base[problem.nodeCount]
    // Under near rules what a node has in all was then chosen with a view to which co-location groups are where.
    let allStay =
      !problem.near.isEmpty && !(0..<problem.partitionCount).contains { problem.isAway($0, from: placement.row($0)) }
    var due = due
    var before = Int.max
    for _ in 0..<TrialLimits.RoleRounds.rounds {
      guard let parts = try Roles.run(problem, due, &placement) else { return }
      let (tooFew, tooMany) = allStay ? ColocationGroups.unsettled(problem, placement, parts) : parts.unsettled()
      guard !tooFew.isEmpty || !tooMany.isEmpty else { return }
      func isWithin(_ node: NodeIndex) -> Bool {
        due.least[node] <= placement.load[node] && placement.load[node] <= due.most[node] && potential[node] == slack
      }
      let toLess = tooFew.filter { isWithin($0) && due.least[$0] < placement.load[$0] }
      let toMore = tooMany.filter { isWithin($0) && placement.load[$0] < due.most[$0] }
      let outside = tooFew.reduce(0) { $0 + parts.lack($1) } + tooMany.reduce(0) { $0 + parts.excess($1) }
      let isStuck = outside >= before
      before = outside
      if isStuck || allStay || (toLess.isEmpty && toMore.isEmpty) {
        guard try RoleSwaps.run(problem, placement, parts) else { return }
      } else {
        due = try due.narrowed(problem, placement.load, toLess: toLess, toMore: toMore)
        try Exchange.run(problem, due, &placement, potential: potential, reach: .tight)
      }
    }
    _ = try Roles.run(problem, due, &placement)
  }
}
