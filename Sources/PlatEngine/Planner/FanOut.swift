/// Stages 2 to 5 for an existing map under a limit on peers.
///
/// First who is master, which says who replicates to whom; then a graph of pairs, those that are there and those that
/// may come, in which no node has more peers than it may; then the fewest moves within that graph (`Exchange`, which
/// then leaves masters where they are); then mastership from node to node, as far as the limit lets it:
///
///     Keep → masters → too many peers: the lightest pairs go → newcomers' masters → graph → flow → roles
///
/// Nothing is ever placed that would take a node beyond its limit.
struct FanOut {
  let problem: Problem
  let due: Due
  var placement: Placement
  let book: PeerBook

  /// What keeps the limit: `placement` as it is, which knows of none, or one made for it. A hard limit is kept whatever
  /// it costs; a soft one where that costs no move, no balance and no other rule.
  static func keep(_ problem: Problem, _ due: Due, _ placement: Placement) throws(PlatError) -> Placement {
    guard let limit = problem.fanOut else { return placement }
    var result = placement
    if placement.peers == nil, try !PeerBook(problem, placement).isWithin {
      let target = try PlacementMap(unfilled: problem.partitionCount, slotCounts: problem.wanted, arena: problem.arena)
      result = try rebalance(problem, target: target, mayDrop: limit.strength == .hard)
      StateRules.enforce(problem, result)
      if limit.strength == .soft {
        let (before, after) = (Cost(problem, due, placement), Cost(problem, due, result))
        if !after.isNowhereAbove(before) { result = placement }
      }
    }
    if limit.strength == .hard { try enforce(problem, &result, due) }
    return result
  }

  /// What a soft limit may not raise.
  private struct Cost {
    var unplaced: Int
    var outside: Int
    var moves: Int
    var broken = 0

    init(_ problem: Problem, _ due: Due, _ placement: Placement) {
      let balance = Balance(placement, due)
      unplaced = balance.unplaced
      outside = balance.above + balance.below
      moves = placement.moves(problem)
      for partition in 0..<(problem.soft.isEmpty ? 0 : problem.partitionCount) {
        let row = placement.row(partition)
        for slot in 0..<problem.replicas where row[slot] != .none {
          broken += problem.softBreaches(row, leaving: slot, at: row[slot])
        }
      }
    }

    func isNowhereAbove(_ other: Cost) -> Bool {
      unplaced <= other.unplaced && outside <= other.outside && moves <= other.moves && broken <= other.broken
    }
  }

  /// The placement, in rows of `target`. O(P · R² + N · peers²), and what `Exchange` needs.
  private static func rebalance(
    _ problem: Problem, target: PlacementMap, mayDrop: Bool
  ) throws(PlatError) -> Placement {
    var placement = try Placement(problem, target: target)
    Keep.run(problem, &placement)
    let due = try Due(problem, held: placement.load)
    var fanOut = FanOut(problem: problem, due: due, placement: placement, book: try PeerBook(problem))
    try fanOut.settleMasters()
    if mayDrop { try fanOut.dropPairs() }
    try fanOut.giveMastersToNewcomers()
    try fanOut.flow()
    fanOut.placement.peers = try PeerBook(problem, fanOut.placement)
    fanOut.placement.dealt = problem.partitionCount
    _ = try Roles.run(problem, due, fanOut.placement)
    return fanOut.placement
  }

  /// Replicas that a plan must not leave over the limit: they go, as few as may be. For what stages that know nothing
  /// of limits did after all others. O(P · R).
  private static func enforce(_ problem: Problem, _ placement: inout Placement, _ due: Due) throws(PlatError) {
    let book = try PeerBook(problem, placement)
    guard !book.isWithin else { return }
    var fanOut = FanOut(problem: problem, due: due, placement: placement, book: book)
    try fanOut.dropPairs()
    placement = fanOut.placement
  }

  // MARK: The flow

  private static let rounds = 4

  private mutating func flow() throws(PlatError) {
    var windows = due
    for round in 0..<FanOut.rounds {
      let balance = Balance(placement, windows)
      if balance.isSettled { break }
      let now = try PeerBook(problem, placement)
      var graph = PeerGraph(problem, now)
      try widen(&graph, now, windows)
      let potential: NodeTable<Int32> = try problem.arena.table(problem.nodeCount + 2)
      try Exchange.run(problem, windows, &placement, potential: potential, within: graph)
      // What is missing goes wherever it may, and only then is balance left behind.
      if round >= FanOut.rounds / 2 - 1, placement.placed < due.total { windows = try due.relaxed(problem, placement) }
    }
    try letGoOfWhatDoesNotFit()
  }

  /// Where masters alone fill a node, its slaves go; and where they are too many, they go, too.
  private mutating func letGoOfWhatDoesNotFit() throws(PlatError) {
    let tooFull = (0..<problem.nodeCount).map { NodeIndex($0) }.filter { placement.load[$0] > problem.cluster.capacity[$0.int] }
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
