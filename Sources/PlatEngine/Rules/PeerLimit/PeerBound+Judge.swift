extension Judge {
  /// Moves that a hard limit on peers forces, counted from the map before alone.
  ///
  /// In any map to come with every replica placed, a partition either has the very holders that it has today, or some
  /// node receives it. If it has them, each holder is its master, or has it from its master: in either case one of the
  /// others is a peer. So a node can be in no more unchanged partitions than it shares with some `outbound + inbound`
  /// others; all beyond that need a move each, and a move is counted by no more than a partition's `R` holders.
  ///
  /// Partitions that have too few holders who are not to go change anyhow: they receive what they lack, and the count
  /// above is of the others. Those with more holders than are wanted are left out. O(P · R² log).
  static func movesForPeers(_ context: CheckContext) throws(PlatError) -> Int {
    let dense = context.dense
    guard let limit = context.settings.fanOut, limit.strength == .hard, dense.replicas > 1,
      dense.replicas <= mostReplicasBound
    else { return 0 }
    let most = (limit.outbound ?? dense.nodeCount) + (limit.inbound ?? dense.nodeCount)
    guard most < dense.nodeCount - 1 else { return 0 }
    let slots = try context.dataSlots(in: context.map)
    var beside = [[UInt32]](repeating: [], count: dense.nodeCount)
    var lacking = (dense.partitionCount - context.rowCount) * dense.replicas
    for partition in 0..<context.rowCount {
      let row = context.map.row(partition)
      let holders = (0..<slots.count).map { Int(min(row[slots.base[$0]].raw, UInt32(dense.nodeCount))) }
        .filter { context.isLive.base[$0] == 1 && dense.status[$0].mayKeep }
      lacking += max(0, dense.replicas - holders.count)
      guard holders.count == dense.replicas else { continue }
      for holder in holders {
        for other in holders where other != holder { beside[holder].append(UInt32(other)) }
      }
    }
    var changed = 0
    for others in beside where !others.isEmpty {
      var shared: [Int] = []
      var last: UInt32?
      for other in others.sorted() {
        if other == last { shared[shared.count - 1] += 1 } else { shared.append(1) }
        last = other
      }
      let unchanged = shared.sorted(by: >).prefix(most).reduce(0, +)
      changed += max(0, others.count / (dense.replicas - 1) - unchanged)
    }
    return lacking + (changed + dense.replicas - 1) / dense.replicas
  }

  /// Rows longer than that are not looked at replica by replica.
  private static let mostReplicasBound = 64
}
