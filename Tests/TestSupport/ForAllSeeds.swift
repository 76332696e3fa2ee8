import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A property that does not hold, in words.
public struct PropertyFailure: Error, CustomStringConvertible {
  public var description: String

  public init(_ description: String) { self.description = description }
}

/// Throws where `condition` does not hold. For use inside `forAllSeeds`; `message` is made only when needed.
public func holds(_ condition: Bool, _ message: @autoclosure () -> String) throws {
  guard condition else { throw PropertyFailure(message()) }
}

/// Runs `body` for each seed. Where it throws, records an issue with the seed and the one command that replays
/// it, and stops after `mostFailures` of them.
///
/// `body` must throw to be noticed: use `holds` or `#require`, not `#expect`. With `PLAT_SEED` set in the
/// environment, only that seed runs; with `PLAT_SWEEP`, that many times as many seeds.
public func forAllSeeds(
  _ seeds: Range<UInt64>, mostFailures: Int = 3, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: (UInt64) throws -> Void
) {
  var failures = 0
  for seed in replayedSeed().map({ $0..<($0 + 1) }) ?? swept(seeds) {
    do {
      try body(seed)
    } catch {
      Issue.record("seed \(seed): \(error)\nreplay: \(replayCommand(seed: seed))", sourceLocation: sourceLocation)
      failures += 1
      if failures == mostFailures { return }
    }
  }
}

/// The command that runs the current test again with one seed only.
func replayCommand(seed: UInt64) -> String {
  let name = Test.current.map { String($0.name.prefix { $0 != "(" }) } ?? "NAME"
  return "PLAT_SEED=\(seed) swift test --filter \(name)"
}

private func replayedSeed() -> UInt64? { number("PLAT_SEED") }

private func swept(_ seeds: Range<UInt64>) -> Range<UInt64> {
  let times = min(max(number("PLAT_SWEEP") ?? 1, 1), 1_000_000)
  return seeds.lowerBound..<(seeds.lowerBound + UInt64(seeds.count) * times)
}

private func number(_ variable: String) -> UInt64? {
  getenv(variable).flatMap { UInt64(String(cString: $0)) }
}
