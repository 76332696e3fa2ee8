import Glibc
import PlatEngine
import PlatSimulator
import Testing

/// Every interleaving of a takeover, within the model's bounds. With crashes there are so many states that only the
/// first are looked at, but with `PLAT_SWEEP`.
@Suite struct TakeoverModelTests {
  private static let isSwept = getenv("PLAT_SWEEP") != nil

  private func run(nodes: Int, replicas: Int? = nil, crashes: Int, rounds: UInt64 = 2, mostStates: Int? = nil)
    -> TakeoverModel.Result
  {
    var model = TakeoverModel()
    (model.nodes, model.replicas, model.crashes, model.rounds) = (nodes, replicas ?? nodes - 1, crashes, rounds)
    model.mostStates = Self.isSwept ? 5_000_000 : mostStates ?? 200_000
    let result = model.run()
    #expect(result.broken == nil)
    #expect(result.isComplete || !Self.isSwept && mostStates != nil)
    print(
      "a takeover among \(nodes) nodes, \(crashes) crashes: \(result.states) states\(result.isComplete ? "" : " and more")"
    )
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

  /// The third node has no copy, and gets one when another is given up. There is one write, and nobody asks again.
  private func withASpare(_ plant: InjectedFault? = nil, isWhole: Bool = false) -> TakeoverModel.Result {
    var model = TakeoverModel(plant: plant)
    (model.nodes, model.replicas, model.crashes) = (3, 1, 0)
    (model.rounds, model.writesToOldLeader, model.asksAgain) = (isWhole ? 3 : 4, isWhole, false)
    return model.run()
  }

  @Test func withAThirdNodeThatHasNoCopy() {
    let result = withASpare()
    #expect(result.isComplete && result.broken == nil && result.acknowledged == 2)
    #expect(result.goesOnWithout == [true, true, true] && result.takesBack && result.isReplaced[0])
    print("a takeover among three nodes, one replica: \(result.states) states")
    guard Self.isSwept else { return }
    let whole = withASpare(isWhole: true)
    #expect(
      whole.isComplete && whole.broken == nil && whole.acknowledged == 3 && whole.isReplaced == [true, true, false])
    print("the same with two writes: \(whole.states) states")
  }

  /// What goes wrong where a new replica is made.
  @Test(arguments: [InjectedFault.newcomerNotFed, .slaveBeforeComplete]) func aNewReplicaLacksNothing(
    _ plant: InjectedFault
  ) {
    #expect(withASpare(plant).broken == .acknowledgedKept)
  }

  /// Without the compare-and-swap, and with other parts of the protocol taken out.
  @Test(arguments: [
    InjectedFault.skipCompareAndSwap, .handOverNotDurable, .forgetPending, .acknowledgeEarly, .handOverWithoutTail,
    .successorServesAtOnce,
  ])
  func whatIsTakenOutIsMissed(_ plant: InjectedFault) {
    #expect(TakeoverModel(plant: plant).run().broken != nil)
  }

  /// A survey that does not count what was handed over leaves the partition to nobody.
  @Test func whatWasHandedOverCounts() {
    var model = TakeoverModel(plant: .forgetHandedOver)
    model.crashes = 0
    #expect(!model.run().takesBack)
  }
}
