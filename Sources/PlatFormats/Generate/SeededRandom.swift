/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers from the same seed on every machine.
struct SeededRandom {
  /// What numbers are drawn for. Each has its own sequence, so that one option does not shift what others draw.
  enum Purpose: UInt64 {
    case weights = 1
    case capacities, statuses, placement, progress
  }

  private var state: UInt64

  init(seed: UInt64, for purpose: Purpose) {
    state = seed
    state = next() ^ purpose.rawValue
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A number from 0 to `bound - 1`. `bound` is at least 1.
  mutating func below(_ bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }

  /// A number of the range.
  mutating func among(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }

  /// True as often as `fraction` says.
  mutating func chance(_ fraction: GenerateOptions.Fraction) -> Bool {
    below(fraction.denominator) < fraction.numerator
  }

  /// Fisher–Yates.
  mutating func shuffled(_ elements: Range<Int>) -> [Int] {
    var result = Array(elements)
    for last in stride(from: result.count - 1, to: 0, by: -1) { result.swapAt(last, below(last + 1)) }
    return result
  }
}
