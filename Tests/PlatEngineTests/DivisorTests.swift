import TestSupport
import Testing

@testable import PlatEngine

@Suite struct DivisorTests {
  @Test func quotientsAreExact() {
    for divisor in Array(1...70) + [1_000, 65_536, 1_048_576, 1_048_575, 1 << 28, (1 << 28) - 1] {
      // The greatest dividend that is divided by multiplication, and one beyond it.
      let greatest = Int(min(UInt64.max / UInt64(divisor), UInt64(Int.max)))
      for most in [greatest, greatest == Int.max ? greatest : greatest + 1] {
        let by = Divisor(divisor, greatestDividend: most)
        var random = SplitMix64(seed: UInt64(divisor))
        var dividends = [0, 1, divisor - 1, divisor, divisor + 1, most, most - 1, most / divisor * divisor]
        dividends += (0..<200).map { _ in Int(random.next() >> 1) % most }
        for dividend in dividends where dividend >= 0 && dividend <= most {
          #expect(by.quotient(UInt64(dividend)) == UInt64(dividend / divisor), "\(dividend) / \(divisor)")
        }
      }
    }
  }
}
