import PlatEngine

/// Numbers for one purpose from one seed, the same on every machine.
struct SeededRandom {
  /// What numbers are drawn for. Each has its own sequence, so that one option does not shift what others draw.
  enum Purpose: UInt64 {
    case weights = 1
    case capacities, statuses, placement, progress, sizes
  }

  private var numbers: SplitMix

  init(seed: UInt64, for purpose: Purpose) {
    var ofSeed = SplitMix(seed: seed)
    numbers = SplitMix(seed: ofSeed.next() ^ purpose.rawValue)
  }

  mutating func next() -> UInt64 { numbers.next() }

  /// A number from 0 to `bound - 1`. `bound` is at least 1.
  mutating func below(_ bound: Int) -> Int { numbers.below(bound) }

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
