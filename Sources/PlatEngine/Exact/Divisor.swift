/// A number to divide by again and again: where dividends are small enough, by one multiplication, whose results do not
/// wait for one another.
///
/// With m = ⌊2⁶⁴ / d⌋ + 1 the product n · m / 2⁶⁴ exceeds n / d by at most n / 2⁶⁴, which is less than 1 / d, and so
/// does not reach the next integer, while n · d < 2⁶⁴ (Granlund, Montgomery 1994).
struct Divisor {
  private let divisor: UInt64
  /// 0 where dividends are too large.
  private let reciprocal: UInt64

  /// `divisor` is at least 1; `greatestDividend` not negative.
  init(_ divisor: Int, greatestDividend: Int) {
    self.divisor = UInt64(divisor)
    let isSmall = !UInt64(greatestDividend).multipliedReportingOverflow(by: self.divisor).overflow
    reciprocal = isSmall && divisor > 1 ? UInt64.max / self.divisor + 1 : 0
  }

  @inline(__always) func quotient(_ dividend: UInt64) -> UInt64 {
    reciprocal == 0 ? dividend / divisor : dividend.multipliedFullWidth(by: reciprocal).high
  }
}
