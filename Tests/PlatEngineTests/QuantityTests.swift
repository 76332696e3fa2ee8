import PlatEngine
import TestSupport
import Testing

/// What options take from a number by whole numbers alone is what GMP makes of it.
@Suite struct QuantityTests {
  private static func digits(_ random: inout SplitMix64) -> String {
    let count = random.pick([1, 1, 1, 1, 2, 2, 3, 3, 6, 6, 7, 12, 19, 20, 20, 21, 60, 200])
    return (0..<count).map { _ in String(random.pick([0, 0, 0, 5, 9, random.below(10)])) }.joined()
  }

  private static func text(_ random: inout SplitMix64) -> String {
    switch random.below(4) {
    case 0: return digits(&random)
    case 1: return "\(digits(&random))/\(digits(&random))"
    case 2:
      // Terms that are far from the lowest.
      let (numerator, denominator, factor) = (
        Rational(random.below(1_000_000)), Rational(1 + random.below(1_000_000)),
        Rational(Quantity("1\(digits(&random).prefix(100))")!)
      )
      return "\(numerator * factor)/\(denominator * factor)"
    default:
      let fraction = random.chance(2, 3) ? "." + digits(&random) : ""
      return digits(&random) + fraction
        + (random.chance(1, 2)
          ? random.pick(["e", "E"]) + random.pick(["", "+", "-"]) + "\(random.pick([0, 1, 6, 17, 200]))" : "")
    }
  }

  @Test func wholeNumbersComeToWhatGMPMakesOfThem() {
    var fitting = 0
    forAllSeeds(0..<600) { seed in
      var random = SplitMix64(seed: seed)
      let text = Self.text(&random)
      guard let quantity = Quantity(text) else { return }
      let exact = Rational(quantity)
      try holds(quantity.isZero == (exact.sign == 0), text)
      for places in [0, 6] {
        let floor = (exact * Rational(Quantity("1e\(places)")!)).floor
        try holds(
          quantity.floor(places: places) == floor,
          "\(text), \(places) places: \(quantity.floor(places: places) ?? -1), not \(floor ?? -1)")
      }
      let (terms, expected) = (quantity.lowestTerms, exact.parts)
      try holds(
        terms?.numerator == expected?.numerator && terms?.denominator == expected?.denominator,
        "\(text): \(terms as Any), not \(expected as Any)")
      if terms != nil { fitting += 1 }
    }
    #expect(fitting > 150, "\(fitting)")
  }

  @Test func someOfThem() throws {
    #expect(Quantity("0.000000000931322574615478515625")?.lowestTerms?.denominator == 1 << 30)
    #expect(Quantity("9223372036854775807.999")?.floor(places: 0) == .max)
    #expect(Quantity("9223372036854775808")?.floor(places: 0) == nil)
    #expect(
      Quantity("00/1")?.isZero == true && Quantity("0.00e9")?.isZero == true && Quantity("0.001e-9")?.isZero == false)
  }
}
