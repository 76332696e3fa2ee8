import PlatEngine
import PlatSimulator
import Testing

/// Every interleaving of a takeover, within the model's bounds.
@Suite struct TakeoverModelTests {
  @Test func noDoubleMasterAndNoLostWrite() {
    let result = TakeoverModel().run()
    #expect(result.broken == nil)
    #expect(result.isComplete)
    #expect(result.states > 10_000)
    #expect(result.acknowledged == 3, "both writes are acknowledged in some state")
  }

  /// Without the compare-and-swap, and with other parts of the protocol taken out.
  @Test(arguments: [
    Plant.skipCompareAndSwap, .handOverNotDurable, .forgetPending, .acknowledgeEarly, .handOverWithoutTail,
  ])
  func whatIsTakenOutIsMissed(_ plant: Plant) {
    #expect(TakeoverModel(plant: plant).run().broken != nil)
  }
}
