/// Between which weights each node's load is to lie, in units of `PartitionWeights`: what a plan for partitions of
/// different weight aims at, and what its bounds are about.
public struct WeightWindows: Equatable, Sendable {
  public var least: [Int]
  public var most: [Int]
  /// What 1 stands for in the document's own numbers.
  public var unit: Rational

  public init(least: [Int], most: [Int], unit: Rational) {
    self.least = least
    self.most = most
    self.unit = unit
  }
}

/// What the prices and windows of a plan's certificate prove: the planner claims that and no more, and whoever verifies
/// a plan comes to the same.
public struct ProvedBound: Sendable {
  /// Replicas that move at least.
  public var moves: Int
  /// Their weight, where partitions differ in it.
  public var weight: Rational?

  public init(moves: Int = 0, weight: Rational? = nil) { (self.moves, self.weight) = (moves, weight) }
}

