import PlatEngine
import Testing

@testable import PlatFormats

/// What is said of partitions that steps leave is so.
@Suite struct StepReasonTests {
  /// Orders are looked for among the plan's own copies: others might do.
  @Test func noRoomIsSaidOfThePlansCopies() {
    #expect(
      StepPlan.Reason.noRoom.text
        == "nodes without room wait for one another; with no copies but the plan's, a replica would have to go before another comes"
    )
  }
}
