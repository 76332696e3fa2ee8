/// Masters that nobody can hand on over a new pair: a partition changes over to nodes of another master instead.
///
///     pairs   4 → 7 9,  7 → 9 2       p: 4·7·9 becomes 7·9·2, one move, and 7 is master instead of 4
///
/// No pair is new, so a limit that is wholly used is kept. Masters go from nodes that have too many to those that lack
/// some on shortest chains of such steps; what each node then holds in all is for the flow to settle.
extension FanOut {
  /// Moves as many masters as bring nodes nearer to their windows. For each
  /// O(N² + partitions of the masters on its chain · peers² · R); nothing with more than 1,024 nodes, and a bounded
  /// number of peers looked at in all.
  mutating func balanceMasters() throws(PlatError) {
    guard problem.wanted[0] == 1, problem.nodeCount <= TrialLimits.FanOut.mostNodes,
      let windows = due.roles.first, windows.state == 0
    else { return }
    var changes = try Changeovers(problem, placement, PeerGraph(problem, PeerBook(problem, placement)), windows)
    try changes.run(mostWork: TrialLimits.FanOut.mostWork)
    placement.placed += changes.filled
  }
}

private struct Changeovers {
  private let problem: Problem
  private let placement: Placement
  private let graph: PeerGraph
  private let sources: [[NodeIndex]]
  private let windows: RoleWindows
  private let masters: NodeTable<Int32>
  private var holdings: Holdings
  /// From each node to each other: the partition that changes over with the fewest moves.
  private let arcs: NodeTable<Arc>
  private let row: NodeTable<NodeIndex>
  /// Who may have a replica, the best first: how new it would be, its load, its number.
  private var candidates: [UInt64] = []
  private let nodes: Int
  private var work = 0
  /// Replicas placed that were missing.
  private(set) var filled = 0

  private struct Arc: BitwiseCopyable {
    var cost: Int32
    var partition: Int32
    static let none = Arc(cost: .max, partition: -1)
  }

  init(_ problem: Problem, _ placement: Placement, _ graph: PeerGraph, _ windows: RoleWindows) throws(PlatError) {
    (self.problem, self.placement, self.graph, self.windows) = (problem, placement, graph, windows)
    nodes = problem.nodeCount
    var sources = [[NodeIndex]](repeating: [], count: nodes)
    for from in 0..<nodes {
      for to in graph.targets(of: NodeIndex(from)) { sources[to.int].append(NodeIndex(from)) }
    }
    self.sources = sources
    masters = try FanOut.masters(problem, placement)
    arcs = try problem.arena.table(nodes * nodes)
    row = try problem.arena.table(problem.replicas)
    holdings = try Holdings(problem, placement)
  }

  mutating func run(mostWork: Int) throws(PlatError) {
    let first = (0..<nodes).reduce(0) { $0 + max(excess($1), lack($1)) }
    guard first > 0 else { return }
    for master in 0..<nodes where work < mostWork {
      list(NodeIndex(master), mostWork)
    }
    for isExcess in [true, false] {
      while work < mostWork, let chain = shortestChain(isExcess) {
        try problem.arena.throwIfInterrupted()
        for (from, to) in zip(chain, chain.dropFirst()) { changeOver(from, to) }
        for node in chain { list(node, mostWork) }
      }
    }
  }

  private func window(_ node: Int) -> RoleWindows.Window {
    windows.window(NodeIndex(node), total: placement.load.base[node])
  }
  private func excess(_ node: Int) -> Int { Int(masters.base[node] - window(node).most) }
  private func lack(_ node: Int) -> Int { Int(window(node).least - masters.base[node]) }

  // MARK: Steps

  /// Every step that a partition of the master's could take.
  private mutating func list(_ master: NodeIndex, _ mostWork: Int) {
    for to in 0..<nodes { arcs.base[master.int * nodes + to] = .none }
    var place = holdings.begin(master)
    var (last, lastButOne) = (-1, -1)
    while work < mostWork, let slot = holdings.next(&place, of: master) {
      guard slot % problem.replicas == 0 else { continue }
      let partition = slot / problem.replicas
      // Maps are made in runs of partitions whose slaves take turns: what is said of one holds for all.
      if isLike(partition, last) || isLike(partition, lastButOne) { continue }
      (last, lastButOne) = (partition, last)
      let now = placement.row(partition)
      for slot in 0..<problem.replicas where now[slot] != .none {
        if slot > 0 { consider(partition, now[slot]) }
        for source in sources[now[slot].int] where source != master { consider(partition, source) }
      }
    }
  }

  /// Whether the partition has the same holders in the same slots as another, today and now.
  private func isLike(_ partition: Int, _ other: Int) -> Bool {
    guard other >= 0, max(partition, other) < problem.heldPartitions else { return false }
    let (now, its) = (placement.row(partition), placement.row(other))
    let (held, itsHeld) = (
      problem.heldRows + partition * problem.heldWidth, problem.heldRows + other * problem.heldWidth
    )
    return (0..<problem.replicas).allSatisfy { now[$0] == its[$0] }
      && (0..<problem.heldWidth).allSatisfy { held[$0] == itsHeld[$0] }
  }

  private mutating func consider(_ partition: Int, _ successor: NodeIndex) {
    let place = placement.row(partition)[0].int * nodes + successor.int
    guard arcs.base[place].cost > 0, let cost = layOut(partition, successor), cost < arcs.base[place].cost else {
      return
    }
    arcs.base[place] = Arc(cost: cost, partition: Int32(partition))
  }

  /// Puts into `row` the nodes that the partition has when `successor` is its master: of its peers first those that
  /// hold it today, then those that it is planned on, then those with most room. Returns how many more moves that
  /// takes, where what is missing takes one each anyhow, 0 for fewer; nil where there are too few.
  private mutating func layOut(_ partition: Int, _ successor: NodeIndex) -> Int32? {
    work += problem.replicas * max(1, graph.targets(of: successor).count)
    let now = placement.row(partition)
    func mayHold(_ node: NodeIndex) -> Bool {
      for slot in 0..<problem.replicas where now[slot] == node { return true }
      return FanOut.mayTake(problem, placement.load, partition, node)
    }
    guard mayHold(successor), problem.allows(successor, inState: 0) else { return nil }
    for slot in 0..<problem.replicas { row.base[slot] = .none }
    row.base[0] = successor
    candidates.removeAll(keepingCapacity: true)
    for node in graph.targets(of: successor) where mayHold(node) {
      let isIn = (0..<problem.replicas).contains { now[$0] == node }
      let rank = (problem.isHeld(partition, by: node) ? 0 : 2) + (isIn ? 0 : 1)
      candidates.append(UInt64(rank) << 62 | UInt64(placement.load[node]) << 31 | UInt64(node.int))
    }
    candidates.sort()
    // Who is not allowed beside some of the row is not beside more of it.
    var slot = 1
    for candidate in candidates where slot < problem.replicas {
      let node = NodeIndex(Int(candidate & (1 << 31 - 1)))
      guard problem.allows(row.base, leaving: -1, to: node) else { continue }
      row.base[slot] = node
      slot += 1
    }
    guard slot == problem.replicas else { return nil }
    guard StateRules.breach(problem, row.base) == nil else { return nil }
    var cost: Int32 = 0
    for slot in 0..<problem.replicas {
      if !problem.isHeld(partition, by: row.base[slot]) { cost += 1 }
      if now[slot] == .none || !problem.isHeld(partition, by: now[slot]) { cost -= 1 }
    }
    return max(0, cost)
  }

  private mutating func changeOver(_ from: NodeIndex, _ to: NodeIndex) {
    let partition = Int(arcs.base[from.int * nodes + to.int].partition)
    guard partition >= 0, placement.row(partition)[0] == from, layOut(partition, to) != nil else { return }
    let now = placement.row(partition)
    for slot in 0..<problem.replicas {
      if now[slot] != .none { placement.load[now[slot]] -= 1 } else { filled += 1 }
      now[slot] = row.base[slot]
      placement.load[now[slot]] += 1
      holdings.add(partition * problem.replicas + slot, to: now[slot])
    }
    masters[from] -= 1
    masters[to] += 1
  }

  // MARK: Chains

  private static let move = 1 << 10

  /// From a node with too many to one that can have more, or from one that can spare some to one with too few: fewest
  /// moves, then fewest steps (Dijkstra). Nil where there is no way. O(N²).
  private func shortestChain(_ isExcess: Bool) -> [NodeIndex]? {
    func isStart(_ node: Int) -> Bool { isExcess ? excess(node) > 0 : lack(node) < 0 }
    func isEnd(_ node: Int) -> Bool { isExcess ? excess(node) < 0 : lack(node) > 0 }
    var distance = [Int](repeating: .max, count: nodes)
    var before = [Int](repeating: -1, count: nodes)
    var isDone = [Bool](repeating: false, count: nodes)
    for node in 0..<nodes where isStart(node) { distance[node] = 0 }
    while let node = (0..<nodes).filter({ !isDone[$0] && distance[$0] < .max }).min(by: {
      (distance[$0], $0) < (distance[$1], $1)
    }) {
      if isEnd(node), before[node] >= 0 {
        var chain = [NodeIndex(node)]
        var last = node
        while before[last] >= 0 {
          last = before[last]
          chain.append(NodeIndex(last))
        }
        return chain.reversed()
      }
      isDone[node] = true
      for to in 0..<nodes where arcs.base[node * nodes + to].partition >= 0 {
        let far = distance[node] + Int(arcs.base[node * nodes + to].cost) * Changeovers.move + 1
        if far < distance[to] { (distance[to], before[to]) = (far, node) }
      }
    }
    return nil
  }
}
