/// Which pairs may come, besides those that are there.
extension FanOut {
  private typealias Lack = (count: Int, node: NodeIndex)

  /// For every node that lacks something, pairs from masters that have something for it; and for masters that still
  /// miss replicas, pairs to nodes that have room. `book`: of the placement. O(P · R + nodes that lack · peers²), times
  /// as many as are tried.
  func widen(_ graph: inout PeerGraph, _ book: PeerBook) throws(PlatError) {
    let supply = try Supply(self, book)
    let missing: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
    missing.copy(from: supply.misses)
    // What comes over the pairs that there are needs no new ones.
    let open = lacks().compactMap { lack -> Lack? in
      var left = lack.count
      book.forEachSource(of: lack.node) { source, _ in left = supply.take(left, from: source, graph) }
      return left > 0 ? (left, lack.node) : nil
    }
    widenForLacks(open, &graph, supply)
    widenForMissing(missing, &graph)
  }

  /// Nodes below their windows, most first; then those within that have to take one, where there are not enough.
  private func lacks() -> [Lack] {
    var spare = max(0, -Balance(placement, due).surplus)
    var below: [Lack] = []
    var within: [Lack] = []
    for index in 0..<problem.nodeCount where problem.receives.base[index] {
      let node = NodeIndex(index)
      let load = placement.load[node]
      if load < due.least[node] {
        below.append((Int(due.least[node] - load), node))
      } else if load < due.most[node], spare > 0 {
        within.append((1, node))
        spare -= 1
      }
    }
    return below.sorted { ($1.count, $0.node) < ($0.count, $1.node) } + within
  }

  private func widenForLacks(_ lacks: [Lack], _ graph: inout PeerGraph, _ supply: Supply) {
    let suppliers = (0..<problem.nodeCount).map { NodeIndex($0) }.filter { supply.of($0, graph) > 0 }
    guard !suppliers.isEmpty else { return }
    let tried = min(suppliers.count, TrialLimits.FanOut.nodesTried)
    var first = 0
    for (count, node) in lacks where !problem.arena.isInterrupted {
      var left = count
      let offers = supply.offers(for: node)
      while left > 0, graph.mayAddSource(to: node) {
        var best: (supply: Int32, source: NodeIndex)?
        for offset in 0..<tried {
          let source = suppliers[(first + offset) % suppliers.count]
          guard graph.mayAddTarget(to: source), graph.maySharePartitions(source, node) else { continue }
          let has = min(offers?[source] ?? .max, supply.of(source, graph))
          if has > best?.supply ?? 0, !graph.allows(source, node) { best = (has, source) }
        }
        if tried < suppliers.count { first = (first + tried) % suppliers.count }
        guard let best, graph.add(best.source, node) else { break }
        left = supply.take(left, from: best.source, graph)
      }
    }
  }

  private func widenForMissing(_ missing: NodeTable<Int32>, _ graph: inout PeerGraph) {
    let tried = min(problem.nodeCount, TrialLimits.FanOut.nodesTried)
    var first = 0
    for index in 0..<problem.nodeCount where missing.base[index] > 0 && !problem.arena.isInterrupted {
      let master = NodeIndex(index)
      while graph.mayAddTarget(to: master) {
        var best: (room: Int32, node: NodeIndex)?
        for offset in 0..<tried {
          let node = NodeIndex((first + offset) % problem.nodeCount)
          guard problem.receives[node], graph.mayAddSource(to: node), graph.maySharePartitions(master, node),
            Int(placement.load[node]) < problem.cluster.capacity[node.int]
          else { continue }
          let room = due.most[node] - placement.load[node]
          if room > best?.room ?? .min, !graph.allows(master, node) { best = (room, node) }
        }
        if tried < problem.nodeCount { first = (first + tried) % problem.nodeCount }
        guard let best, graph.add(master, best.node) else { break }
      }
    }
  }
}

/// What masters have for nodes that lack something: replicas of their partitions that are missing, and those that lie
/// on nodes that can give some up. It is used up as it is promised.
private struct Supply {
  private let problem: Problem
  private let placement: Placement
  private let offered: NodeTable<Int32>
  let book: PeerBook
  /// What each node can give up.
  let gives: NodeTable<Int32>
  /// Replicas that each master's partitions miss.
  let misses: NodeTable<Int32>

  init(_ fanOut: FanOut, _ book: PeerBook) throws(PlatError) {
    let (problem, due, placement) = (fanOut.problem, fanOut.due, fanOut.placement)
    (self.problem, self.placement, self.book) = (problem, placement, book)
    offered = try problem.arena.table(problem.nodeCount)
    gives = try problem.arena.table(problem.nodeCount)
    misses = try problem.arena.table(problem.nodeCount)
    let kept = Balance(placement, due).surplus > 0 ? due.least : due.most
    for node in 0..<problem.nodeCount { gives.base[node] = max(0, placement.load.base[node] - kept.base[node]) }
    let masters = problem.wanted[0]
    for partition in 0..<problem.partitionCount {
      let row = placement.row(partition)
      guard row[0] != .none else { continue }
      for slot in masters..<problem.replicas where row[slot] == .none { misses[row[0]] += 1 }
    }
  }

  /// Under near rules: for each master, those of its partitions that `node` could take over or complete. O(P · R²).
  func offers(for node: NodeIndex) -> NodeTable<Int32>? {
    guard !problem.near.isEmpty, problem.partitionCount * problem.replicas <= TrialLimits.FanOut.mostReplicasLookedAt
    else {
      return nil
    }
    offered.fill(with: 0)
    for partition in 0..<problem.partitionCount {
      let row = placement.row(partition)
      guard row[0] != .none else { continue }
      let canTake = (problem.wanted[0]..<problem.replicas).contains { slot in
        (row[slot] == .none || gives[row[slot]] > 0) && problem.allowsUnderMaster(row, leaving: slot, to: node)
      }
      if canTake { offered[row[0]] += 1 }
    }
    return offered
  }

  /// O(peers).
  func of(_ master: NodeIndex, _ graph: PeerGraph) -> Int32 {
    var sum = misses[master]
    for target in graph.targets(of: master) where gives[target] > 0 {
      sum += min(gives[target], book.count(master, target))
    }
    return sum
  }

  /// Takes up to `lack` of it; returns what then is lacking still.
  func take(_ lack: Int, from master: NodeIndex, _ graph: PeerGraph) -> Int {
    var left = Int32(lack)
    let missing = min(left, misses[master])
    misses[master] -= missing
    left -= missing
    for target in graph.targets(of: master) where left > 0 {
      let given = min(left, gives[target], book.count(master, target))
      gives[target] -= given
      left -= given
    }
    return Int(left)
  }
}
