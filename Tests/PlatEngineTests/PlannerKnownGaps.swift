import PlatEngine
import TestSupport
import Testing

/// What does not hold yet, by seed: whoever mends it is told here, and moves the seed to the properties.
///
/// Where capacities, rules and weights of zero leave a shortage, about 1 random cluster in 2,500 gets a plan outside
/// the windows although maps inside of them exist; the next plan then moves again.
@Suite struct PlannerKnownGaps {
  @Test(arguments: [18884, 14902, 6110, 7217] as [UInt64])
  func aShortageMayEndOutsideTheWindows(seed: UInt64) throws {
    let isMended = try endsWithinWindows(seed)
    withKnownIssue { #expect(isMended) }
  }

  /// Seeds that were above.
  @Test(arguments: [5769] as [UInt64])
  func aShortageEndsWithinTheWindows(seed: UInt64) throws { #expect(try endsWithinWindows(seed)) }

  private func endsWithinWindows(_ seed: UInt64) throws -> Bool {
    let one = try PlannedCase(seed, .small, .laminar)
    #expect(one.isShort && one.oracle != nil)
    try one.checkConsistent()
    let again = try PlannedCase(one.cluster, one.plan.target)
    return zip(one.loads, one.due.windows).allSatisfy { $1.contains($0) } && again.moves == 0
  }
}
