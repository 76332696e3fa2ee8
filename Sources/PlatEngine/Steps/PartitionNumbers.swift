/// The partitions of several maps, numbered on, map after map: steps and those who carry them out know a partition by
/// one number.
package struct PartitionNumbers: Sendable {
  /// Of each map the number of its first partition, and of the last the end.
  package let first: [Int]

  package init(_ counts: [Int]) { first = counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) } }

  package var mapCount: Int { first.count - 1 }
  package var count: Int { first[first.count - 1] }

  /// O(log maps).
  package func map(of partition: PartitionIndex) -> Int {
    guard mapCount > 1 else { return 0 }
    var (low, high) = (0, mapCount)
    while high - low > 1 {
      let middle = (low + high) / 2
      if first[middle] <= partition.int { low = middle } else { high = middle }
    }
    return low
  }

  /// The number that the partition has in its map.
  package func own(_ partition: PartitionIndex) -> (map: Int, partition: Int) {
    let map = map(of: partition)
    return (map, partition.int - first[map])
  }
}
