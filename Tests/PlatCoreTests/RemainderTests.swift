import CPlatCore
import Testing

/// Many remainders by one divisor, beside the processor's own.
@Suite struct RemainderTests {
  private static let divisors: [UInt32] = [
    1, 2, 3, 4, 5, 7, 10, 1023, 1024, 1025, 1440, 65_535, 65_536, 65_537, 1 << 20, 1 << 31, 1 << 31 + 1, .max - 1, .max,
  ]

  /// Around multiples of the divisor, at both ends and anywhere; any number of values, so that what is left of eight is
  /// seen, too.
  @Test func remaindersAreRemainders() {
    var state: UInt64 = 1
    func next() -> UInt32 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt32(truncatingIfNeeded: state >> 32)
    }
    for round in 0..<400 {
      let divisor = round < Self.divisors.count ? Self.divisors[round] : max(1, next() >> (next() % 32))
      var values: [UInt32] = (0..<16).flatMap { [divisor &* $0, divisor &* $0 &- 1, .max - $0] }
      values += (0..<next() % 300).map { _ in next() >> (next() % 32) }
      let (shift, mask): (UInt32, UInt32) = round % 3 == 0 ? (16, 0x7fff) : (0, .max)
      var remainders = values
      plat_remainders(&remainders, remainders.count, shift, mask, divisor)
      #expect(remainders == values.map { ($0 >> shift & mask) % divisor }, "by \(divisor)")
    }
  }
}
