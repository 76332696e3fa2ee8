/// The repair after a failure, planned on the rows that it touched.
///
/// All other rows stay as they are: what they put on a node is taken off its window, and the touched rows are planned
/// in what is left, by the planner's own stages. When each lost replica that finds a place in the cluster's new dues
/// costs one move and every window is kept, no plan of the whole map does with fewer: each of these replicas has to be
/// received by someone. Otherwise there is no repair here.
struct Repair {
  private(set) var moves = 0
  private(set) var mostHeld = 0
  private(set) var unmet = 0

  /// Nil where moves beyond the lost replicas could be needed. O(N + touched · R).
  init?(_ baseline: WhatIf.Baseline, _ touched: [UInt32], _ isFailed: [Bool]) throws(PlatError) {
    guard baseline.cluster.partitionWeights == nil else { return nil }  // by number only
    let cluster = baseline.cluster.failing(isFailed)
    let nodeCount = cluster.nodeCount
    let arena = try Arena(interrupt: baseline.interrupt)
    let whole = try Problem(cluster, current: baseline.current, arena: arena)
    let due = try Due(whole, held: arena.table(nodeCount))

    let map = try PlacementMap(partitionCount: touched.count, slotCounts: baseline.current.slotCounts)
    let staying: NodeTable<Int32> = try arena.table(nodeCount)
    staying.copy(from: baseline.held)
    for (index, partition) in touched.enumerated() {
      let row = baseline.current.row(Int(partition))
      map.row(index).update(from: row, count: map.width)
      for slot in 0..<map.width where row[slot] != .none { staying[row[slot]] -= 1 }
    }
    var stayingInAll = 0
    for node in 0..<nodeCount {
      guard staying.base[node] <= due.most.base[node] else { return nil }
      stayingInAll += Int(staying.base[node])
    }
    let left = try due.less(staying, inAll: stayingInAll, arena: arena)
    let part = cluster.part(
      partitionCount: touched.count, capacity: (0..<nodeCount).map { cluster.capacity[$0] - Int(staying.base[$0]) })
    let problem = try Problem(part, current: map, arena: arena)
    var placement = try Placement(
      problem, target: PlacementMap(partitionCount: touched.count, slotCounts: part.dataWanted))
    Keep.run(problem, &placement)
    guard placement.letGo == 0 else { return nil }
    let kept = placement.placed
    let potential = try Pipeline.startingPotentials(problem, left, placement)
    try Fill.run(problem, left, &placement)
    try Exchange.run(problem, left, &placement, potential: potential)
    moves = placement.moves(problem)
    guard Balance(placement, left).isSettled, moves == placement.placed - kept else { return nil }
    for node in 0..<nodeCount { mostHeld = max(mostHeld, Int(staying.base[node] + placement.load.base[node])) }
    unmet = cluster.partitionCount * cluster.replicas - due.total
  }
}

extension DenseCluster {
  /// The same cluster after some of its nodes have failed. O(N).
  func failing(_ isFailed: [Bool]) -> DenseCluster {
    var cluster = cluster
    for node in cluster.nodes.indices where isFailed[node] { cluster.nodes[node].fail() }
    return DenseCluster(self, cluster: cluster, partitionCount: partitionCount, capacity: capacity)
  }

  /// The same nodes and rules for some of the partitions, with what room there is for them.
  func part(partitionCount: Int, capacity: [Int]) -> DenseCluster {
    DenseCluster(
      self, cluster: cluster, partitionCount: partitionCount, capacity: capacity.map { min($0, partitionCount) })
  }
}
