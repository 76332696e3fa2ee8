/// Numbers for the search: the same from the same seed on every machine. A 64-bit linear congruential generator with
/// permuted output (O'Neill 2014, PCG-XSH-RS).
struct SearchRandom {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    _ = next()
  }

  @inline(__always) mutating func next() -> UInt32 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return UInt32(truncatingIfNeeded: (state ^ (state >> 22)) >> (22 + (state >> 61)))
  }

  /// From 0 to `bound` − 1; `bound` is at least 1 and at most 2³².
  @inline(__always) mutating func below(_ bound: Int) -> Int { Int((UInt64(next()) &* UInt64(bound)) >> 32) }

  /// True `part` times of 16.
  @inline(__always) mutating func happens(_ part: Int) -> Bool { Int(next() & 15) < part }
}
