import PlatEngine
import TestSupport

/// What the death of one node does to the others: of each partition that it is master of, the first slave takes over.
/// The worst such death leaves some node with more masters than any other does.
struct WorstFailure {
  /// The most masters of a node before any failure, and after the worst.
  private(set) var before = 0
  private(set) var after = 0
  /// The masters of the cluster, shared out evenly among the active nodes that are left: the floor.
  private(set) var evenShare = 0
  /// False: no partition has one master and a slave, so that nobody takes over.
  let isDefined: Bool

  /// O(P), and O(N) for each node.
  init(_ map: PlacementMap, of cluster: DenseCluster) {
    isDefined = cluster.wanted[0] == 1 && cluster.wanted[1] > 0 && cluster.nodeCount > 1
    guard isDefined else { return }
    var masters = [Int](repeating: 0, count: cluster.nodeCount)
    var successors: [[Int]] = Array(repeating: [], count: cluster.nodeCount)
    for partition in 0..<map.partitionCount {
      guard let master = map.holders(of: partition, inState: 0).first?.int else { continue }
      masters[master] += 1
      if let successor = map.holders(of: partition, inState: 1).first?.int { successors[master].append(successor) }
    }
    before = masters.max() ?? 0
    for dead in 0..<cluster.nodeCount {
      var left = masters
      left[dead] = 0
      for successor in successors[dead] { left[successor] += 1 }
      after = max(after, left.max() ?? 0)
    }
    evenShare = map.partitionCount / max(1, cluster.status.count { $0 == .active } - 1)
  }

  /// `31…36`: before, after the worst.
  var text: String { isDefined ? "\(before)…\(after)" : "-" }
}
