/// How many replicas of one state a node should hold, given how many it holds in this state and those after it.
///
/// With due `t` in all of these, `m` in this state and `r` in the states after it, a node that holds `T` should have
/// `M` in `[⌊m⌋, ⌈m⌉]` with `T − M` within one of `r`. For `T = ⌊t⌋` the floor of `m` always fits, for
/// `T = ⌈t⌉` the ceiling does; whether the other fits too is asked by whole numbers. A tolerance makes all three
/// windows wider, and the same holds of their ends.
struct RoleWindows {
  /// The model's state that this is about.
  let state: Int
  /// Of all replicas that this is shared out from, of those in this state, and of the others. Beyond the first window
  /// a node's part is what it is at its end.
  private let totals: NodeTable<Window>
  let own: NodeTable<Window>
  private let others: NodeTable<Window>
  /// What each node is due in this state.
  let shares: ExactShares
  /// What each node should have, where that is decided.
  private var aimed: NodeTable<Int32>?

  struct Window: BitwiseCopyable, Equatable {
    var least: Int32
    var most: Int32
  }

  /// The window of a node that holds `total` replicas. O(1).
  @inline(__always) func window(_ node: NodeIndex, total: Int32) -> Window {
    if let aimed { return Window(least: min(aimed[node], total), most: min(aimed[node], total)) }
    var window = own[node]
    let held = max(totals[node].least, min(totals[node].most, total))
    let (least, most) = (max(window.least, held - others[node].most), min(window.most, held - others[node].least))
    if least <= most { window = Window(least: least, most: most) }
    window.most = min(window.most, total)
    window.least = min(window.least, window.most)
    return window
  }

  /// The same with one count for each node, whatever it holds in all.
  func aimed(at counts: NodeTable<Int32>) -> RoleWindows { RoleWindows(self, aimed: counts) }

  private init(_ other: RoleWindows, aimed: NodeTable<Int32>) {
    (state, totals, own, others) = (other.state, other.totals, other.own, other.others)
    (shares, self.aimed) = (other.shares, aimed)
  }

  /// For each wanted state but the last. `totals` and `weights`: of one node of each group.
  static func make(
    _ problem: Problem, groups: NodeGroups, weights: [Rational], totals: [Rational], total: Int,
    tolerance: Tolerance
  ) throws(PlatError) -> [RoleWindows] {
    let wantedStates = problem.wanted.indices.filter { problem.wanted[$0] > 0 }
    var result: [RoleWindows] = []
    var (groups, weights) = (groups, weights)
    var left = totals  // of each group: its due less what earlier states took
    var leftInAll = total
    for state in wantedStates.dropLast() {
      let demand = min(problem.partitionCount * problem.wanted[state], leftInAll)
      leftInAll -= demand
      let due = stateDue(problem, state: state, demand: demand, groups: groups, weights: weights, caps: left)
      // Groups of this state may be finer than those before, where a rule is about this state alone.
      let coarse = due.groups.firstNode.map { groups.groupOfNode[$0] }
      let all = coarse.map { left[$0] }
      let rest = zip(all, due.shares).map { $0 - $1 }
      result.append(
        try RoleWindows(
          problem, state: state, groupOfNode: due.groups.groupOfNode, total: all, share: due.shares, rest: rest,
          isLast: state == wantedStates.dropLast().last, tolerance: tolerance))
      (groups, weights, left) = (due.groups, coarse.map { weights[$0] }, rest)
    }
    return result
  }

  private static func stateDue(
    _ problem: Problem, state: Int, demand: Int, groups: NodeGroups, weights: [Rational], caps: [Rational]
  ) -> (groups: NodeGroups, shares: [Rational]) {
    let boxes = DueBoxes(
      problem, caps: problem.cluster.hardCaps(ofStateAlone: state, count: problem.wanted[state]))
    let finer = NodeGroups(problem, boxes: boxes, kindOfNode: groups.groupOfNode)
    let members = finer.firstNode.enumerated().map { group, node in
      let coarse = groups.groupOfNode[node]
      let isBarred = problem.isSlaveOnly.base[node] && state == 0 || !problem.cluster.mayEver(node, inState: state)
      // Who may be nothing else is that with all that it is due.
      let isOnly = !isBarred && problem.cluster.isBound(node, toState: state)
      return WaterFill.Member(
        box: finer.box[group], weight: weights[coarse], cap: isBarred ? .zero : caps[coarse], isPinned: isOnly,
        count: finer.count[group])
    }
    let fill = WaterFill(boxes: boxes.boxes, members: members)
    let sets = problem.cluster.placeSets(
      ofState: state, nodeOfMember: finer.firstNode, amount: problem.partitionCount)
    let shares = fill.shares(demand: Rational(demand), sets: sets)
    return (finer, shares.ofMember)
  }

  private init(
    _ problem: Problem, state: Int, groupOfNode: [Int], total: [Rational], share: [Rational], rest: [Rational],
    isLast: Bool, tolerance: Tolerance
  ) throws(PlatError) {
    self.state = state
    shares = ExactShares(ofGroup: share, groupOfNode: groupOfNode)
    totals = try problem.arena.table(problem.nodeCount)
    own = try problem.arena.table(problem.nodeCount)
    others = try problem.arena.table(problem.nodeCount)
    // Of the last state's rest nobody asks more than to be within one; two more states share it as they share totals.
    let windows = share.indices.map { group in
      (
        total: tolerance.window(total[group], isOneMore: true), own: tolerance.window(share[group]),
        others: isLast ? tolerance.withinOne(rest[group]) : tolerance.window(rest[group])
      )
    }
    for node in groupOfNode.indices {
      let ofGroup = windows[groupOfNode[node]]
      (totals.base[node], own.base[node], others.base[node]) = (ofGroup.total, ofGroup.own, ofGroup.others)
    }
  }
}
