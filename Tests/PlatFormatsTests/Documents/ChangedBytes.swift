import PlatFormats
import TestSupport

/// Documents in which one byte of a name, a number or a word has become another: each is refused, or does not hold.
struct ChangedBytes {
  private(set) var refused = 0
  private(set) var caught = 0

  /// Tries 40 places of `text`. `holds`: whether the changed document holds; throws where it is refused.
  mutating func check(_ text: [UInt8], seed: UInt64, alsoCapitals: Bool = false, _ holds: ([UInt8]) throws -> Bool)
    throws
  {
    var random = SplitMix64(seed: seed)
    for _ in 0..<40 {
      let place = random.below(text.count)
      let old = text[place]
      let isDigit = (0x30...0x39).contains(old)
      guard isDigit || (0x61...0x7a).contains(old) || (alsoCapitals && (0x41...0x5a).contains(old)) else { continue }
      var changed = text
      repeat {
        changed[place] = (isDigit ? 0x30 : 0x61) + UInt8(random.below(isDigit ? 10 : 26))
      } while changed[place] == old
      do {
        let stillHolds = try holds(changed)
        caught += 1
        let around = String(decoding: changed[max(0, place - 60)..<min(changed.count, place + 20)], as: UTF8.self)
        try TestSupport.holds(!stillHolds, "byte \(place) was \(Character(UnicodeScalar(old))): …\(around)…")
      } catch is DocumentError { refused += 1 }
    }
  }
}
