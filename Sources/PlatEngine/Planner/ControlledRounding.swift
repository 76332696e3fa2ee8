/// Rounds exact shares to integers so that every node, and every run of nodes in tree order within a region
/// (every container, therefore), gets the floor or the ceiling of its sum.
///
/// Along the nodes of a region the fractions are added up; whoever carries the sum past an integer gets the
/// one more. A region's frozen members and boxes hold integers, so they leave its sum where it was.
struct ControlledRounding {
  /// Per member: the whole part of its share, and whether there is more.
  let floor: [Int32]
  let hasFraction: [Bool]
  private let regionOfMember: [Int]
  /// The fractional part over the region's common denominator; nil where that has more than 62 bits.
  private let small: [(numerator: UInt64, denominator: UInt64)]?
  private let fractions: [Rational]

  init(_ shares: [Rational], regions: [Int]) {
    regionOfMember = regions
    floor = shares.map { Int32(clamping: $0.floor ?? Int.max) }
    let whole = floor
    let parts = shares.enumerated().map { $1 - Rational(Int(whole[$0])) }
    fractions = parts
    hasFraction = parts.map { $0.sign != 0 }

    var denominators: [Int: UInt64]? = [:]  // of each region; looked up only
    for (member, fraction) in parts.enumerated() where denominators != nil {
      guard let (_, denominator) = fraction.parts,
        let common = ControlledRounding.leastCommonMultiple(
          denominators![regions[member]] ?? 1, UInt64(denominator))
      else {
        denominators = nil
        break
      }
      denominators![regions[member]] = common
    }
    small = denominators.map { known in
      parts.enumerated().map { member, fraction in
        let (numerator, denominator) = fraction.parts!
        let common = known[regions[member]]!
        return (UInt64(numerator) * (common / UInt64(denominator)), common)
      }
    }
  }

  private static func leastCommonMultiple(_ a: UInt64, _ b: UInt64) -> UInt64? {
    var (x, y) = (a, b)
    while y != 0 { (x, y) = (y, x % y) }
    let (product, overflow) = (a / x).multipliedReportingOverflow(by: b)
    return overflow || product >= 1 << 62 ? nil : product
  }

  /// One count for each node, in tree order. O(N).
  /// `from`: a fraction below 1 that every region's sum begins at.
  func round(_ memberOfNode: [Int], into quota: NodeTable<Int32>, from: (numerator: Int, denominator: Int) = (0, 1)) {
    let regions = (regionOfMember.max() ?? 0) + 1
    if let small {
      var carried = [UInt64](repeating: 0, count: regions)
      for (member, (_, denominator)) in small.enumerated() where from.numerator > 0 {
        let product = denominator.multipliedFullWidth(by: UInt64(from.numerator))
        carried[regionOfMember[member]] = UInt64(from.denominator).dividingFullWidth(product).quotient
      }
      for node in memberOfNode.indices {
        let member = memberOfNode[node]
        let region = regionOfMember[member]
        carried[region] += small[member].numerator
        let carries = hasFraction[member] && carried[region] >= small[member].denominator
        if carries { carried[region] -= small[member].denominator }
        quota.base[node] = floor[member] + (carries ? 1 : 0)
      }
    } else {
      var carried = [Rational](repeating: Rational(from.numerator, from.denominator), count: regions)
      for node in memberOfNode.indices {
        let member = memberOfNode[node]
        let region = regionOfMember[member]
        carried[region] = carried[region] + fractions[member]
        let carries = carried[region] >= .one
        if carries { carried[region] = carried[region] - .one }
        quota.base[node] = floor[member] + (carries ? 1 : 0)
      }
    }
  }
}
