import PlatEngine

/// Reads `weights`, the sizes of partitions; those that are left out weigh 1.
enum WeightReader {
  /// Of each partition; none where all are of one size, which says nothing; `besideOthers`: of other maps, where it
  /// does, and none where all weigh 1. O(bytes), and exact arithmetic once for each number as it is written.
  static func read(
    _ reader: inout JSONReader, of cluster: Cluster, besideOthers: Bool = false
  ) throws(DocumentError) -> [Quantity] {
    var partitions = PartitionNames(cluster)
    try reader.source.take(cluster.settings.partitionCount, of: Quantity.self)
    var weights = [Quantity](repeating: .one, count: cluster.settings.partitionCount)
    try reader.beginObject(expected: "an object with the sizes of partitions")
    while let key = try reader.nextKey() {
      if key.isExtension && cluster.ranges.isEmpty {
        try reader.skipValue()
        continue
      }
      let partition = try partitions.take(key, reader)
      weights[partition] = try reader.readQuantity()
    }
    return areEqual(weights) && (!besideOthers || Rational(weights[0]) == .one) ? [] : weights
  }

  private static func areEqual(_ weights: [Quantity]) -> Bool {
    guard let first = weights.first else { return true }
    let value = Rational(first)
    var alike: Set<Quantity> = [first]  // asked only
    for weight in weights where !alike.contains(weight) {
      guard Rational(weight) == value else { return false }
      alike.insert(weight)
    }
    return true
  }
}
