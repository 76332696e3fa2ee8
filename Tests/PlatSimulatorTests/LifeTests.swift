import PlatEngine
import PlatSimulator
import TestSupport
import Testing

/// Disks that are wiped, exchanged and set back, and changes that follow one another.
@Suite struct LifeTests {
  /// Found by these faults and not by others.
  static let plants: [InjectedFault] = [
    .trustAnyDisk, .takeWipedForNew, .leadOnSetBack, .ignoreStores, .promoteShorter, .ignoreBase, .staysWhenReplaced,
    .confirmWhole, .proveNothing,
  ]

  private func expectGood(_ setup: SimulationCase, runs: Int, lives: Int = 0, _ what: String) {
    let outcome = Simulator(setup, rates: .ofDisks, lives: lives).run(seed: 1, runs: runs)
    #expect(outcome.converged == runs, "\(what): \(outcome.violations.first.map { "\($0)" } ?? "")")
    #expect([FaultKind.wipe, .setBack].allSatisfy { outcome.faults[$0.rawIndex] > 0 }, "they strike")
  }

  /// Where a complete copy is left.
  @Test func whateverHappensToDisksNothingIsLost() {
    expectGood(SimulatedCluster.leavingAndJoining, runs: 60, "leaving and joining")
    expectGood(SimulatedCluster.threeCopies, runs: 60, "three copies")
    expectGood(SimulatedCluster.oneCopy, runs: 40, "one copy")
    expectGood(SimulatedCluster.full, runs: 40, "full")
    expectGood(SimulatedCluster.floor, runs: 40, "floor")
    expectGood(SimulatedCluster.severalMasters, runs: 20, "several masters")
  }

  /// Runs in which what the simulator strikes, or what it counts, was wrong once, or a copy was thrown away that was
  /// the last.
  @Test(arguments: [6, 296]) func whatWasLostOnceIsKept(_ seed: UInt64) {
    var rates = FaultRates.none
    for kind in [FaultKind.wipe, .swapDisks, .setBack] { rates[kind] = FaultRates.ofDisks[kind] }
    for kind in [FaultKind.crash, .cutNode, .slowDisk, .loss, .late] { rates[kind] = FaultRates.usual[kind] }
    let outcome = Simulator(SimulatedCluster.full, rates: rates).run(seed: seed, runs: 1)
    #expect(outcome.converged == 1, "\(outcome.violations.first.map { "\($0)" } ?? "")")
  }

  @Test(arguments: [330, 486, 657, 659, 1_225, 1_496, 2_401]) func norUnderAllFaults(_ seed: UInt64) {
    let outcome = Simulator(SimulatedCluster.full, rates: .ofDisks).run(seed: seed, runs: 1)
    #expect(outcome.converged == 1, "\(outcome.violations.first.map { "\($0)" } ?? "")")
  }

  @Test func changesFollowOneAnother() {
    expectGood(SimulatedCluster.leavingAndJoining, runs: 8, lives: 10, "leaving and joining")
    expectGood(SimulatedCluster.threeCopies, runs: 6, lives: 10, "three copies")
  }

  /// How long all changes of a life take depends on how many there are, and how far nodes are from each other.
  @Test func aLongLifeHasTheTimeThatItsChangesTake() {
    var rates = FaultRates.none
    rates[.latency] = 5_000_000
    let outcome = Simulator(SimulatedCluster.leavingAndJoining, rates: rates, lives: 50).run(seed: 1, runs: 3)
    #expect(outcome.converged == 3, "\(outcome.violations.first.map { "\($0)" } ?? "")")
  }

  @Test(arguments: LifeTests.plants) func eachDeliberateBugIsCaught(_ plant: InjectedFault) {
    let ofLives = plant == .ignoreBase || plant == .staysWhenReplaced
    let setup =
      plant == .promoteShorter || plant == .leadOnSetBack
      ? SimulatedCluster.threeCopies : SimulatedCluster.leavingAndJoining
    let outcome = Simulator(setup, rates: .ofDisks, plant: plant, lives: ofLives ? 6 : 0).run(
      seed: 1, runs: 1_500, stopsAtFirst: true)
    #expect(outcome.violated > 0)
  }
}
