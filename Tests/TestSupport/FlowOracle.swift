import PlatEngine

/// The least number of moves, as a minimum-cost flow:
///
///     source → partition → container → … → container → node → sink
///            R           k'           k'            0/1     window
///
/// with a vertex for each partition, for each of its containers at each level that a hard rule caps, and for each
/// node. An arc to a node costs 0 where the node holds the partition, else 1.
public enum FlowOracle {
  /// A deliberate mistake, which the tests of the oracle must notice.
  public enum Fault: Sendable, CaseIterable {
    /// The first arc of all to a node costs one more than it should.
    case costOfOneArc
    /// Containers are not capped.
    case noContainerCaps
    /// Windows have no lower end.
    case noLowerEnds
  }

  /// The least moves of any map with `totalFlow` replicas in which each node's total lies in its window and hard
  /// `atMost` rules hold as `BoxCaps` says; nil where there is none.
  public static func movesLowerBound(
    cluster: DenseCluster, current: PlacementMap?, windows: [ClosedRange<Int>], totalFlow: Int, fault: Fault? = nil
  ) -> Int? {
    let held = current?.dataHolders(cluster.cluster.settings.model)
    let caps = fault == .noContainerCaps ? cluster.levels.map { _ in nil } : BoxCaps.replicasPerPartition(cluster)
    let capped = zip(cluster.levels, caps).compactMap { level, cap in cap.map { (level: level, cap: $0) } }
    let source = cluster.nodeCount
    let sink = source + 1
    let blockSize = 1 + capped.reduce(0) { $0 + $1.level.count }  // a partition and its containers
    var network = MinimumCostFlow(vertexCount: sink + 1 + cluster.partitionCount * blockSize)

    for (node, window) in windows.enumerated() {
      let least = fault == .noLowerEnds ? 0 : window.lowerBound
      network.addArc(from: node, to: sink, bounds: least...window.upperBound)
    }
    var extraCost = fault == .costOfOneArc ? 1 : 0
    for partition in 0..<cluster.partitionCount {
      let first = sink + 1 + partition * blockSize
      network.addArc(from: source, to: first, bounds: 0...cluster.replicas)
      // The innermost capped container around each node, as far as the levels have been seen; first the partition.
      var around = [Int](repeating: first, count: cluster.nodeCount)
      var next = first + 1
      for (level, cap) in capped {
        for nodes in level.nodes {
          if let any = nodes.first { network.addArc(from: around[any], to: next, bounds: 0...cap) }
          for node in nodes { around[node] = next }
          next += 1
        }
      }
      for node in 0..<cluster.nodeCount {
        let holds = held?[partition].contains(node) ?? false
        guard cluster.status[node] == .active || cluster.status[node] == .maintenance && holds else { continue }
        network.addArc(from: around[node], to: node, bounds: 0...1, cost: (holds ? 0 : 1) + extraCost)
        extraCost = 0
      }
    }
    return network.solve(from: source, to: sink, amount: totalFlow)
  }
}
