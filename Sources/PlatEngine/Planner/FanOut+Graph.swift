/// Which pairs may come, besides those that are there.
extension FanOut {
  /// For every node that lacks something, pairs from masters that have something for it: partitions with a replica
  /// missing, or with slaves on nodes that hold too much. O(nodes that lack · masters that have · peers).
  func widen(_ graph: inout PeerGraph, _ book: PeerBook) throws(PlatError) {
    let balance = Balance(placement, due)
    var spare = max(0, -balance.surplus)
    var lacks: [(lack: Int, node: NodeIndex)] = []
    // What each node can give up, and what each master's partitions miss.
    let gives: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
    let misses: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
    for index in 0..<problem.nodeCount {
      let (load, least, most) = (placement.load.base[index], due.least.base[index], due.most.base[index])
      gives.base[index] = max(0, load - (balance.surplus > 0 ? least : most))
      guard problem.receives.base[index] else { continue }
      if load < least { lacks.append((Int(least - load), NodeIndex(index))) }
    }
    if balance.surplus < 0 {
      for index in 0..<problem.nodeCount where problem.receives.base[index] && spare > 0 {
        let node = NodeIndex(index)
        guard placement.load[node] < due.most[node], placement.load[node] >= due.least[node] else { continue }
        lacks.append((1, node))
        spare -= 1
      }
    }
    let masters = problem.wanted[0]
    let needed: NodeTable<Int32> = try problem.arena.table(problem.nodeCount)
    for partition in 0..<problem.partitionCount {
      let row = placement.row(partition)
      guard masters > 0, row[0] != .none else { continue }
      for slot in masters..<problem.replicas where row[slot] == .none { misses[row[0]] += 1 }
    }
    needed.copy(from: misses)
    lacks.sort { ($1.lack, $0.node) < ($0.lack, $1.node) }
    var suppliers = (0..<problem.nodeCount).map { NodeIndex($0) }
    func supply(_ master: NodeIndex, _ graph: PeerGraph) -> Int32 {
      var sum = misses[master]
      for target in graph.targets(of: master) { sum += min(gives[target], book.count(master, target)) }
      return sum
    }
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
    suppliers = suppliers.filter { supply($0, graph) > 0 }
    var open: [(lack: Int, node: NodeIndex)] = []
    for (lack, node) in lacks {
      var left = lack
      book.forEachSource(of: node) { source, _ in
        if left > 0 { left = take(left, from: source, graph) }
      }
      if left > 0 { open.append((left, node)) }
    }
    for (lack, node) in open {
      var left = lack
      while left > 0, graph.mayAddSource(to: node) {
        var best: (supply: Int32, source: NodeIndex)?
        for source in suppliers where source != node && graph.mayAddTarget(to: source) {
          let supply = supply(source, graph)
          if supply > best?.supply ?? 0, graph.maySharePartitions(source, node), !graph.allows(source, node) { best = (supply, source) }
        }
        guard let best, graph.add(best.source, node) else { break }
        left = take(left, from: best.source, graph)
      }
    }
    widenForMissing(&graph, needed)
  }

  /// Masters that still may have more peers and miss replicas: those with the least load for what they are due.
  private func widenForMissing(_ graph: inout PeerGraph, _ misses: NodeTable<Int32>) {
    for index in 0..<problem.nodeCount where misses.base[index] > 0 {
      let master = NodeIndex(index)
      while graph.mayAddTarget(to: master) {
        var best: (room: Int32, node: NodeIndex)?
        for other in 0..<problem.nodeCount {
          let node = NodeIndex(other)
          guard node != master, problem.receives[node], graph.mayAddSource(to: node),
            Int(placement.load[node]) < problem.cluster.capacity[other]
          else { continue }
          let room = due.most[node] - placement.load[node]
          if room > best?.room ?? .min, graph.maySharePartitions(master, node), !graph.allows(master, node) { best = (room, node) }
        }
        guard let best, graph.add(master, best.node) else { break }
      }
    }
  }
}
