/// What partitions of several maps weigh beside each other.
///
/// Each map counts in whole numbers of its own (`PartitionWeights`); `scale` makes these comparable:
///
///     map 0   1 2 3 …        × scale 2   ┐
///     map 1   1000 1 …       × scale 3   ├ in `unit`
///     map 2   1 1 1 …        × scale 6   ┘
///
/// Multiplying all weights of all maps by one number changes nothing but `unit`.
public struct GroupWeights: Sendable {
  /// Of each map, in its own whole numbers; where all its partitions are of one size each weighs 1.
  public let of: [PartitionWeights]
  /// Of each map: what its 1 is beside the others.
  public let scale: [Int]
  /// What 1 stands for in the document's own numbers.
  public let unit: Rational

  /// Nil where every map's partitions are of one size: then such weights say nothing. O(Σ P), and exact arithmetic for
  /// each map.
  init?(_ clusters: [DenseCluster]) throws(InputError) {
    guard clusters.contains(where: { $0.partitionWeights != nil }) else { return nil }
    of = clusters.map { cluster in
      cluster.partitionWeights
        ?? PartitionWeights(equal: cluster.partitionCount, Rational(cluster.cluster.partitionWeights.first ?? .one))
    }
    let first = of.first { $0.unit.sign > 0 }!.unit
    guard let (whole, unit) = PartitionWeights.whole(of.map { $0.unit / first }) else { throw Self.tooLarge(0) }
    scale = whole
    self.unit = first * unit
    var sum = 0
    for (map, cluster) in clusters.enumerated() {
      let (scaled, overflow) = of[map].total.multipliedReportingOverflow(
        by: max(1, cluster.replicas) * min(whole[map], Limits.weight))
      guard !overflow, whole[map] <= Limits.weight / Limits.nodes, sum + scaled <= Limits.weight else {
        throw Self.tooLarge(map)
      }
      sum += scaled
    }
  }

  /// What a map's partitions weigh beside those of the others. O(P).
  func amounts(of map: Int) -> [Int] { of[map].of.map { $0 * scale[map] } }

  /// In the document's own numbers.
  public func exact(_ weight: Int) -> Rational { Rational(weight) * unit }

  private static func tooLarge(_ map: Int) -> InputError {
    InputError(
      path: "maps[\(map)].weights", found: "sizes that are too far from those of other maps",
      expected: "sizes in all maps that are multiples of one number, all replicas together at most 2^60 times that")
  }
}
