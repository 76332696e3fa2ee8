/// Stage 3, where direct moves do not do: shortest chains of moves, until none is left.
///
/// This is minimum-cost flow by shortest augmenting paths on an implicit graph. Its vertices are the nodes and
/// two hubs; an arc m → d stands for "some partition goes from m to d" and costs what d must receive less what
/// m received needlessly:
///
///     cost(p: m → d) = (d holds p today ? 0 : 1) − (m holds p today ? 0 : 1)
///
///     slack   d → slack → j: d keeps one more within its window and j gives one up within its own
///     pool    m → pool → d: m's replica is not placed, another partition's missing one is
///
/// Paths begin at nodes above their windows, at the slack where the clamped loads are too many, and at the pool
/// where replicas are missing; they end where something is lacking. Each phase finds the distances of all
/// vertices up to the nearest end (Dijkstra over reduced costs, fewest hops among equals), raises the
/// potentials by them, and then sends what it can along arcs that lie on shortest paths (depth first, with a
/// current place in each node's list). Arcs to all nodes of a container that hard rules treat alike are looked
/// at together: a container is opened only while some node in it could still come nearer.
///
/// A partition's hops on one shortest path never share a container, for else the path could be cut short;
/// so checking each hop alone is enough. Should that fail, the chain is left with its end done and its
/// beginning waiting, which the next phase sees; and `Certify` recounts the bound from the potentials alone.
struct Exchange {
  let problem: Problem
  let due: Due
  var placement: Placement
  var holdings: Holdings
  let load: NodeTable<Int32>

  /// Potentials in moves, of the nodes and then the hubs. Reduced costs under them are never negative.
  let potential: NodeTable<Int32>
  /// Distance of a vertex from where paths begin, this phase: moves in the high half, hops in the low.
  let key: NodeTable<Int64>
  let isSettled: NodeTable<Bool>
  let isDead: NodeTable<Bool>
  let place: NodeTable<Holdings.Place>
  var heap: [(priority: Int64, vertex: Int)] = []
  /// The greatest key of a node in each leaf box, or less than any where no node of it can take anything.
  var farthest: [Int64]
  /// Settled nodes that can take something, by key and leaf box, with dead ones skipped.
  var candidates = CandidateLists()
  var poolMissing: [PartitionIndex] = []
  var poolPlace = 0
  var slackPlace = 0
  var surplus = 0
  var unplaced = 0

  var marks: RowMarks
  let reach: Reach
  /// Who may replicate to whom, where that is limited: then masters stay where they are, and slaves go nowhere else.
  let graph: PeerGraph?
  /// Whether a replica that leaves where it has not arrived yet spares a move. Potentials of 0 are valid for a
  /// placement that is not the cheapest only without that: chains may then cost more than they need.
  let refunds: Bool
  let slack: Int
  let pool: Int
  /// Keys from here on lie beyond reach, whatever the vertex.
  var horizon = Exchange.unreached
  /// What a path costs that ends where this phase's do.
  var cost: Int32 = 0
  static let move: Int64 = 1 << 32
  static let hop: Int64 = 1
  static let unreached = Int64.max / 4

  /// Mends what is out of balance with the fewest moves. `potential`: N + 2, valid for the placement; they come
  /// back as the proof. `refunds`: see there. O(phases · P · R · leaf boxes), less where ends are near.
  static func run(
    _ problem: Problem, _ due: Due, _ placement: inout Placement, potential: NodeTable<Int32>, reach: Reach = .all,
    within graph: PeerGraph? = nil, refunds: Bool = true
  ) throws(PlatError) {
    guard problem.replicas > 0, !Balance(placement, due).isSettled else { return }
    var exchange = try Exchange(problem, due, placement, potential, reach, graph, refunds: refunds)
    var before = Int.max
    var stuck = 0
    while stuck < 3 {
      try problem.arena.throwIfInterrupted()
      let balance = Balance(exchange.placement, due)
      let left = balance.above + max(0, balance.surplus) + max(0, balance.unplaced)
      guard left > 0 else { break }
      stuck = left < before ? 0 : stuck + 1
      before = min(before, left)
      guard exchange.phase(balance) else { break }
    }
    placement = exchange.placement
    if case .all = reach { exchange.letGoOfWhatDoesNotFit(&placement) }
  }

  /// How far paths may go.
  enum Reach {
    case all
    /// Along arcs that are tight already, so that the number of moves stays as it is proved.
    case tight
    /// Along arcs that cost nothing, from potentials of 0. When no such path is left, the potentials of what
    /// cannot be reached become 1: direct moves then are shortest paths.
    case free
    /// Along paths that cost one move each, from potentials of 0: no chain of moves.
    case direct
  }

  private init(
    _ problem: Problem, _ due: Due, _ placement: Placement, _ potential: NodeTable<Int32>, _ reach: Reach,
    _ graph: PeerGraph?, refunds: Bool
  ) throws(PlatError) {
    self.refunds = refunds
    self.reach = reach
    self.graph = graph
    self.problem = problem
    self.due = due
    self.placement = placement
    self.potential = potential
    load = placement.load
    marks = try RowMarks(problem)
    holdings = try Holdings(problem, placement) { partition in
      guard case .free = reach else { return true }
      return problem.isAway(partition, from: placement.row(partition))
    }
    key = try problem.arena.table(problem.nodeCount + 2)
    isSettled = try problem.arena.table(problem.nodeCount + 2)
    isDead = try problem.arena.table(problem.nodeCount + 2)
    place = try problem.arena.table(problem.nodeCount)
    farthest = problem.leafBoxes.map { _ in Exchange.unreached }
    slack = problem.nodeCount
    pool = problem.nodeCount + 1
  }

  // MARK: A phase

  /// One round of distances and augmentation. False where no end can be reached.
  mutating func phase(_ balance: Balance) -> Bool {
    surplus = balance.surplus
    unplaced = max(balance.unplaced, -overCapacity)
    poolMissing = placement.missing
    switch reach {
    case .all, .direct: break
    case .tight, .free:
      let greatest = (0..<(problem.nodeCount + 2)).reduce(Int32.min) { max($0, potential.base[$1]) }
      horizon = (Int64(greatest) + 1) * Exchange.move
    }
    guard let nearest = findDistances() else {
      if case .free = reach { raisePotentials(Exchange.move) }
      return false
    }
    cost += Int32(clamping: nearest >> 32)
    if case .direct = reach, cost > 1 { return false }
    raisePotentials(nearest)
    candidates = CandidateLists(problem, key: key, isSettled: isSettled)
    for node in 0..<problem.nodeCount {
      place.base[node] = holdings.begin(NodeIndex(node))
      isDead.base[node] = false
    }
    isDead.base[slack] = false
    isDead.base[pool] = false
    poolPlace = 0
    slackPlace = 0
    augment()
    return true
  }

  /// What nodes hold above their capacity: no more than that may go unplaced.
  var overCapacity: Int {
    (0..<problem.nodeCount).reduce(0) { $0 + max(0, Int(load.base[$1]) - problem.cluster.capacity[$1]) }
  }

  /// The key of a vertex where paths begin: its reduced distance is 0.
  @inline(__always) func startKey(_ vertex: Int) -> Int64 { Int64(potential.base[vertex]) * Exchange.move }

  func isEnd(_ vertex: Int) -> Bool {
    if vertex == slack { return surplus < 0 }
    if vertex == pool { return unplaced < 0 }
    return load.base[vertex] < due.least.base[vertex]
  }

  /// Whether a node can keep one more within its window.
  @inline(__always) func hasSlack(_ node: NodeIndex) -> Bool {
    due.least[node] < due.most[node] && load[node] < due.most[node]
  }

  // MARK: What cannot be kept

  /// Where a node has more than its capacity and there is nowhere to go, replicas go unplaced.
  mutating func letGoOfWhatDoesNotFit(_ placement: inout Placement) {
    for node in 0..<problem.nodeCount where Int(load.base[node]) > problem.cluster.capacity[node] {
      var place = holdings.begin(NodeIndex(node))
      while Int(load.base[node]) > problem.cluster.capacity[node],
        let slot = holdings.next(&place, of: NodeIndex(node))
      {
        placement.rows[slot] = .none
        placement.changed.change(slot / problem.replicas)
        load.base[node] -= 1
        placement.placed -= 1
      }
    }
  }
}
