/// Sizes of partitions that differ, as whole numbers without a common factor.
///
/// Multiplying all weights by one number gives the same whole numbers: only `unit` tells them apart.
public struct PartitionWeights: Sendable {
  /// For each partition.
  public let of: [Int]
  /// Of all partitions.
  public let total: Int
  /// What 1 stands for in the document's own numbers.
  public let unit: Rational

  /// Nil where all are of one size. Throws where the weight of `replicas` of each is more than `Limits.weight`.
  /// O(P), and exact arithmetic once for each size. Nil, too, where it is interrupted: the caller then throws.
  init?(_ weights: [Quantity], replicas: Int, interrupt: Interrupt? = nil) throws(InputError) {
    var numbers: [Quantity: Int] = [:]  // looked up only
    var values: [Rational] = []
    var number = [Int32](repeating: 0, count: weights.count)
    for (partition, weight) in weights.enumerated() {
      if partition & 1023 == 0, interrupt?.isRequested == true { return nil }
      if let known = numbers[weight] {
        number[partition] = Int32(known)
      } else {
        number[partition] = Int32(values.count)
        numbers[weight] = values.count
        values.append(Rational(weight))
      }
    }
    guard let first = values.first(where: { $0.sign > 0 }), !values.allSatisfy({ $0 == first }) else { return nil }
    // Ratios to one of them: whatever all have in common is gone before anything has to fit.
    guard let (whole, unit) = PartitionWeights.whole(values.map { $0 / first }) else {
      throw Self.tooLarge(weights, values)
    }
    of = number.map { whole[Int($0)] }
    var total = 0
    for weight in of {
      let (sum, overflow) = total.addingReportingOverflow(weight)
      guard !overflow, sum <= Limits.weight / max(replicas, 1) else { throw Self.tooLarge(weights, values) }
      total = sum
    }
    self.total = total
    self.unit = first * unit
  }

  /// So many partitions that are all of one size, beside maps of which they are not.
  init(equal count: Int, _ size: Rational) {
    (of, total, unit) = (Array(repeating: 1, count: count), count, size)
  }

  /// Ratios, of which one is 1, as whole numbers without a common factor, and what 1 of these is. Nil where they do not
  /// fit.
  static func whole(_ ratios: [Rational]) -> (numbers: [Int], unit: Rational)? {
    guard let denominator = commonDenominator(ratios) else { return nil }
    var whole: [Int] = []
    var factor = 0
    for ratio in ratios {
      guard let value = (ratio * Rational(denominator)).parts?.numerator else { return nil }
      whole.append(value)
      factor = commonFactor(factor, value)
    }
    return (whole.map { $0 / factor }, Rational(factor) / Rational(denominator))
  }

  /// A weight in the document's own numbers.
  public func exact(_ weight: Int) -> Rational { Rational(weight) * unit }

  private static func commonDenominator(_ values: [Rational]) -> Int? {
    var common = 1
    for value in values {
      guard let denominator = value.parts?.denominator else { return nil }
      let (product, overflow) = (common / commonFactor(common, denominator)).multipliedReportingOverflow(
        by: denominator)
      guard !overflow else { return nil }
      common = product
    }
    return common
  }

  private static func commonFactor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }

  private static func tooLarge(_ weights: [Quantity], _ values: [Rational]) -> InputError {
    let least = values.indices.min { values[$0] < values[$1] }!
    let greatest = values.indices.max { values[$0] < values[$1] }!
    return InputError(
      path: "weights", found: "\(weights.count) sizes from \(values[least]) to \(values[greatest])",
      expected: "sizes that are multiples of one number, all replicas together at most 2^60 times that")
  }
}
