/// What a node may do at once while partitions move, from the cluster's `config`.
package struct MovementLimits {
  /// Full scans of each node: the sum over its volumes. Which volume holds which partition is the node's own business;
  /// a node spreads its scans over its volumes.
  package let fullScans: [Int]
  /// Streams that begin or end at any node; `Int.max`: no limit.
  package let streamsOut: Int
  package let streamsIn: Int
  /// Containers of one level with a node that receives something.
  package let disturbed: (level: Int, count: Int)?

  package init(_ cluster: DenseCluster) {
    let config = cluster.cluster.config
    let limits = Dictionary(config.maxFullScansPerVolumeType.map { ($0.type, $0.count) }) { first, _ in first }
    fullScans = cluster.cluster.nodes.map { node in
      node.volumes.reduce(0) { sum, type in
        let (total, overflow) = sum.addingReportingOverflow(limits[type] ?? 0)
        return overflow ? Int.max : total
      }
    }
    streamsOut = config.maxStreamsOut ?? .max
    streamsIn = config.maxStreamsIn ?? .max
    disturbed = config.maxDisturbedContainers
  }
}
