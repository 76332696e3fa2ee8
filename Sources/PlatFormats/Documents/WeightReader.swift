import PlatEngine

/// Reads `weights`, the sizes of partitions. This version plans partitions of one size only: weights that are all
/// the same say nothing, others are refused.
enum WeightReader {
  static func read(_ reader: inout JSONReader, of cluster: Cluster) throws(DocumentError) {
    var partitions = PartitionNames(cluster)
    var common: (text: Quantity, value: Rational)?
    var count = 0
    let offset = try reader.peekOffset()
    try reader.beginObject(expected: "an object with the sizes of partitions")
    while let key = try reader.nextKey() {
      if key.isExtension && cluster.ranges.isEmpty {
        try reader.skipValue()
        continue
      }
      _ = try partitions.take(key, reader)
      count += 1
      let place = try reader.peekOffset()
      let weight = try reader.readQuantity()
      guard let known = common else {
        common = (weight, Rational(weight))
        continue
      }
      if known.text != weight, known.value != Rational(weight) {
        throw unequal(reader, at: place, weight.text, known.text.text)
      }
    }
    // Those that are left out weigh 1.
    if let common, count < cluster.settings.partitionCount, common.value != .one {
      throw unequal(reader, at: offset, "\(common.text) for some partitions", "1")
    }
  }

  private static func unequal(
    _ reader: borrowing JSONReader, at offset: Int, _ found: String, _ others: String
  ) -> DocumentError {
    reader.error(
      at: offset, found: found,
      expected: "\(others), as for the others: weights that differ are unsupported by this version")
  }
}
