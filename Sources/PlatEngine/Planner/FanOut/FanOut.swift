/// Stages 2 to 5 for an existing map under a limit on peers.
///
/// First who is master, which says who replicates to whom; then a graph of pairs, those that are there and those that
/// may come, in which no node has more peers than it may; then the fewest moves within that graph (`Exchange`, which
/// then leaves masters where they are); then mastership from node to node, as far as the limit lets it:
///
///     Keep → masters → too many peers: the lightest pairs go → new nodes' masters → roles → graph → flow → roles
///
/// Nothing is ever placed that would take a node beyond its limit.
struct FanOut {
  let problem: Problem
  let due: Due
  var placement: Placement
  let book: PeerBook

  /// Longer rows are not looked at pair by pair: hard limits on them are refused, soft ones judged only.
  static let mostReplicas = 64

  /// What keeps the limit: `placement` as it is, which knows of none, or one made for it. A hard limit is kept whatever
  /// it costs; a soft one where that costs no move, no balance and no other rule.
  static func keep(
    _ problem: Problem, _ due: Due, _ placement: Placement, isFresh: Bool, memoryLimitBytes: UInt64
  ) throws(PlatError) -> Placement {
    guard let limit = problem.fanOut else { return placement }
    // A fresh map's book is kept up by all that has changed it since.
    if isFresh, placement.peers?.isWithin ?? false, problem.stateCaps.isEmpty { return placement }
    var result = placement
    if try !PeerBook(problem, placement).isWithin {
      if isFresh {
        if limit.strength == .hard { try repair(problem, due, &result) }
      } else {
        result = try rebalance(problem, due, mayDrop: limit.strength == .hard, memoryLimitBytes)
        if limit.strength == .soft, try !Cost(problem, due, result).isNowhereAbove(Cost(problem, due, placement)) {
          result = placement
          try mend(problem, due, result)
        }
      }
      StateRules.enforce(problem, result)
    }
    guard limit.strength == .hard else { return result }
    try enforce(problem, &result, due)
    result.countPlaced()
    let cost = try Cost(problem, due, result)
    if !isFresh, cost.unplaced > 0 || 50 * cost.outside > due.total, var other = try anew(problem, memoryLimitBytes) {
      StateRules.enforce(problem, other)
      try enforce(problem, &other, due)
      other.countPlaced()
      if try Cost(problem, due, other).isBetter(than: cost) { result = other }
    }
    try follow(problem, due, &result)
    return result
  }

  /// A fresh map that is not within its limit everywhere.
  private static func repair(_ problem: Problem, _ due: Due, _ placement: inout Placement) throws(PlatError) {
    var fanOut = FanOut(problem: problem, due: due, placement: placement, book: try PeerBook(problem, placement))
    try fanOut.dropPairs()
    try fanOut.flow()
    try fanOut.handOn()
    placement = fanOut.placement
  }

  /// A placement with nothing in it, in rows of a map of its own.
  static func emptyPlacement(_ problem: Problem, _ memoryLimitBytes: UInt64) throws(PlatError) -> Placement {
    let target = try PlacementMap(
      unfilled: problem.partitionCount, slotCounts: problem.wanted, arena: Arena(limitBytes: memoryLimitBytes))
    return try Placement(problem, target: target)
  }

  /// A placement made for the limit. `mayDrop`: replicas may go for it. O(P · R² + N · peers²), and what `Exchange`
  /// needs.
  private static func rebalance(
    _ problem: Problem, _ due: Due, mayDrop: Bool, _ memoryLimitBytes: UInt64
  ) throws(PlatError) -> Placement {
    var placement = try emptyPlacement(problem, memoryLimitBytes)
    Keep.run(problem, &placement)
    let due = try Due(problem, held: placement.load)
    var fanOut = FanOut(problem: problem, due: due, placement: placement, book: try PeerBook(problem))
    try fanOut.settleMasters()
    if mayDrop { try fanOut.dropPairs() }
    try fanOut.giveToNewReplicas()
    fanOut.placement.peers = fanOut.book
    fanOut.placement.book(upTo: problem.partitionCount)
    _ = try Roles.run(problem, due, &fanOut.placement)
    try fanOut.flow()
    try fanOut.handOn()
    return fanOut.placement
  }

  /// Mastership goes from node to node where the pairs allow it.
  mutating func handOn() throws(PlatError) {
    placement.peers = try PeerBook(problem, placement)
    _ = try Roles.run(problem, due, &placement)
  }

  /// Replicas that a plan must not leave over the limit: they go, as few as may be. For what stages that know nothing
  /// of limits did after all others. O(P · R).
  static func enforce(_ problem: Problem, _ placement: inout Placement, _ due: Due) throws(PlatError) {
    let book = try PeerBook(problem, placement)
    guard !book.isWithin else { return }
    var fanOut = FanOut(problem: problem, due: due, placement: placement, book: book)
    try fanOut.dropPairs()
    placement = fanOut.placement
    StateRules.letGo(problem, &placement)
  }

  // MARK: The flow

  /// What single moves can do, with new pairs for what is then still missing; then chains of moves, too.
  mutating func flow() throws(PlatError) {
    for _ in 0..<TrialLimits.FanOut.directRounds {
      try problem.arena.throwIfInterrupted()
      let before = Balance(placement, due)
      guard !before.isSettled else { break }
      try exchange(due, .direct)
      let after = Balance(placement, due)
      guard after.below + after.unplaced + after.above < before.below + before.unplaced + before.above else { break }
    }
    // What came here by other ways than cheapest chains may stop those: the last round does without refunds.
    for round in 0...TrialLimits.FanOut.rounds {
      try problem.arena.throwIfInterrupted()
      // What is missing goes wherever it may; balance then comes back as far as chains bring it.
      let isUrgent = round > 0 && placement.placed < due.total
      let windows = isUrgent ? try due.relaxed(problem, placement) : due
      if Balance(placement, windows).isSettled { break }
      try exchange(windows, .all, refunds: round < TrialLimits.FanOut.rounds)
    }
    try letGoOfWhatDoesNotFit()
  }

  /// Moves within the graph of the pairs that there are, and of new ones for what is missing.
  private mutating func exchange(_ windows: Due, _ reach: Exchange.Reach, refunds: Bool = true) throws(PlatError) {
    let book = try PeerBook(problem, placement)
    var graph = PeerGraph(problem, book)
    try widen(&graph, book)
    let potential: NodeTable<Int32> = try problem.arena.table(problem.nodeCount + 2)
    try Exchange.run(problem, windows, &placement, potential: potential, reach: reach, within: graph, refunds: refunds)
  }

  /// Where masters alone fill a node, its slaves go; and where they are too many, they go, too.
  private mutating func letGoOfWhatDoesNotFit() throws(PlatError) {
    let tooFull = (0..<problem.nodeCount).map { NodeIndex($0) }.filter {
      placement.load[$0] > problem.cluster.capacity[$0.int]
    }
    guard !tooFull.isEmpty else { return }
    let holdings = try Holdings(problem, placement)
    for node in tooFull {
      for ofMasters in [false, true] {
        var place = holdings.begin(node)
        while placement.load[node] > problem.cluster.capacity[node.int], let slot = holdings.next(&place, of: node) {
          guard (slot % problem.replicas < problem.wanted[0]) == ofMasters else { continue }
          placement.rows[slot] = .none
          placement.load[node] -= 1
          placement.placed -= 1
        }
      }
    }
  }
}
