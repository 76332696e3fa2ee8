import Glibc
import PlatEngine
import PlatSimulator
import Testing

/// Every interleaving of a takeover, within the model's bounds. With crashes there are so many states that only the first are looked at,
/// but with `PLAT_SWEEP`.
@Suite struct TakeoverModelTests {
  private static let isSwept = getenv("PLAT_SWEEP") != nil

  private func run(nodes: Int, replicas: Int? = nil, crashes: Int, rounds: UInt64 = 2, mostStates: Int? = nil) -> TakeoverModel.Result {
    var model = TakeoverModel()
    (model.nodes, model.replicas, model.crashes, model.rounds) = (nodes, replicas ?? nodes - 1, crashes, rounds)
    model.mostStates = Self.isSwept ? 5_000_000 : mostStates ?? 200_000
    let result = model.run()
    #expect(result.broken == nil)
    #expect(result.isComplete || !Self.isSwept && mostStates != nil)
    print("a takeover among \(nodes) nodes, \(crashes) crashes: \(result.states) states\(result.isComplete ? "" : " and more")")
    return result
  }

  /// One replica, and a node that is gone for good.
  @Test func noDoubleMasterAndNoLostWrite() {
    let result = run(nodes: 2, crashes: 0)
    #expect(result.acknowledged == 3, "both writes are acknowledged in some state")
    #expect(result.goesOnWithout == [true, true], "whoever is gone, the other leads")
    #expect(result.takesBack, "also after it had handed over")
  }

  @Test func withACrash() {
    #expect(run(nodes: 2, crashes: 1, mostStates: 40_000).states > 10_000)
  }

  @Test func withAThirdNode() {
    let result = run(nodes: 3, crashes: 0, mostStates: 20_000)
    #expect(result.goesOnWithout == [true, true, true])
  }

  @Test func explore() {
    for rounds in 2...7 as ClosedRange<UInt64> {
      let clock = ContinuousClock.now
      var model = TakeoverModel()
      (model.nodes, model.replicas, model.crashes, model.rounds, model.mostStates) = (3, 1, 0, rounds, 400_000)
      let result = model.run()
      print("EXPLORE", rounds, result, ContinuousClock.now - clock)
    }
  }

  /// Without the compare-and-swap, and with other parts of the protocol taken out.
  @Test(arguments: [
    Plant.skipCompareAndSwap, .handOverNotDurable, .forgetPending, .acknowledgeEarly, .handOverWithoutTail, .successorServesAtOnce,
  ])
  func whatIsTakenOutIsMissed(_ plant: Plant) {
    #expect(TakeoverModel(plant: plant).run().broken != nil)
  }

  /// A survey that does not count what was handed over leaves the partition to nobody.
  @Test func whatWasHandedOverCounts() {
    var model = TakeoverModel(plant: .forgetHandedOver)
    model.crashes = 0
    #expect(!model.run().takesBack)
  }
}
