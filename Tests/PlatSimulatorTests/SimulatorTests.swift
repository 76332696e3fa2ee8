import PlatEngine
import PlatSimulator
import TestSupport
import Testing

/// Carrying plans out under faults. More of it: `make simulate`.
@Suite struct SimulatorTests {
  private func expectGood(_ setup: SimulationCase, _ rates: FaultRates, runs: Int, _ what: String) {
    let outcome = Simulator(setup, rates: rates).run(seed: 1, runs: runs)
    #expect(outcome.converged == runs, "\(what): \(outcome.violations.first.map { "\($0)" } ?? "")")
  }

  @Test func withoutFaultsTheTargetIsReached() {
    for (name, setup) in [
      ("leaving and joining", SimulatedCluster.leavingAndJoining), ("three copies", SimulatedCluster.threeCopies),
      ("fresh", SimulatedCluster.fresh), ("full", SimulatedCluster.full),
      ("several masters", SimulatedCluster.severalMasters),
      ("one copy", SimulatedCluster.oneCopy),
    ] { expectGood(setup, .none, runs: 10, name) }
  }

  @Test func withAllFaultsNothingIsLost() {
    expectGood(SimulatedCluster.leavingAndJoining, .usual, runs: 150, "leaving and joining")
    expectGood(SimulatedCluster.threeCopies, .usual, runs: 60, "three copies")
    expectGood(SimulatedCluster.floor, .usual, runs: 40, "floor")
    expectGood(SimulatedCluster.fresh, .usual, runs: 40, "fresh")
    expectGood(SimulatedCluster.kinds, .usual, runs: 40, "kinds of requests")
    expectGood(SimulatedCluster.full, .usual, runs: 60, "full")
    expectGood(SimulatedCluster.oneCopy, .usual, runs: 60, "one copy")
    expectGood(SimulatedCluster.severalMasters, .usual, runs: 60, "several masters")
  }

  /// Each kind alone really strikes.
  @Test(arguments: FaultKind.allCases) func eachKindOfFault(_ kind: FaultKind) {
    var rates = FaultRates.none
    rates[kind] = kind.isOfMessages ? 50_000 : 2_000_000
    let setup = kind == .join ? SimulatedCluster.leavingAndJoining : SimulatedCluster.threeCopies
    let outcome = Simulator(setup, rates: rates, lives: kind == .oldPlan ? 6 : 0).run(seed: 7, runs: 12)
    #expect(outcome.converged == 12, "\(outcome.violations.first.map { "\($0)" } ?? "")")
    #expect(outcome.faults[kind.rawIndex] > 0)
  }

  /// By `OutageTests` and `OrchestratorDiskTests`.
  static let plantsOfOthers: [InjectedFault] = [.takeLateBack, .leaveUnasked]

  private static let plants = InjectedFault.allCases.filter {
    !(LifeTests.plants + HealingTests.plants + plantsOfOthers).contains($0)
  }

  /// Within 1,000 runs; mostly within the first hundred.
  @Test(arguments: SimulatorTests.plants) func eachDeliberateBugIsCaught(_ plant: InjectedFault) {
    var setup = SimulatedCluster.leavingAndJoining
    var rates = FaultRates.usual
    switch plant {
    case .ignoreCapacity: setup = SimulatedCluster.full
    case .ignoreFloor: setup = SimulatedCluster.floor
    case .holdBySort: setup = SimulatedCluster.kinds
    case .forgetHandedOver:
      setup = SimulatedCluster.oneCopy
      rates = .none
      (rates[.die], rates[.loss], rates[.late]) = (3_000_000, 100_000, 100_000)
    case .takeAnyWriteForOwn: (rates[.rival], rates[.lostAnswer]) = (6_000_000, 8_000_000)
    default: break
    }
    let outcome = Simulator(setup, rates: rates, plant: plant)
      .run(seed: 1, runs: 1_000, stopsAtFirst: true)
    #expect(outcome.violated > 0)
    if plant == .denyOnceLeading {
      #expect(outcome.violations.first?.invariant == .endReadable, "no other bug trips it")
    }
    print(
      "planted \(plant): found in \(outcome.runs) runs, \(outcome.violations.first.map { "\($0.invariant): \($0.text)" } ?? "never")"
    )
  }

  /// A rival may plan an older revision after a newer one was planned, and be told to stop. Once the checker compared
  /// the end with its plan, and reported runs in which all was well.
  @Test func theEndIsThatOfTheGreatestRevision() {
    var rates = FaultRates.usual
    // Older versions are not told by a pulse that another has taken over.
    (rates[.rival], rates[.upgrade], rates[.late]) = (12_000_000, 3_000_000, 300_000)
    var wrong = Simulator(SimulatedCluster.leavingAndJoining, rates: rates)
    wrong.comparesWithLastPlan = true
    let reported = wrong.run(seed: 160, runs: 2_000, stopsAtFirst: true)
    guard let violation = reported.violations.first else { return #expect(Bool(false), "no such run: try other rates") }
    let right = Simulator(SimulatedCluster.leavingAndJoining, rates: rates).run(seed: 160, runs: reported.runs)
    #expect(violation.invariant == .endReached)
    #expect(right.converged == reported.runs, "\(right.violations.first.map { "\($0)" } ?? "")")
  }

  /// No cluster that is small enough for a test has a journal of 512 KiB: with a store of 64 bytes the check is seen to
  /// look.
  @Test func aJournalThatDoesNotFitIsNoticed() {
    var rates = FaultRates.none
    rates[.journalLimit] = 10_000_000
    var simulator = Simulator(SimulatedCluster.leavingAndJoining, rates: rates)
    #expect(simulator.run(seed: 1, runs: 2).converged == 2)
    simulator.mostJournalBytes = 64
    #expect(simulator.run(seed: 1, runs: 2).violations.first?.invariant == .journalFits)
  }

  @Test func aSeedReplaysItsRun() {
    let simulator = Simulator(SimulatedCluster.leavingAndJoining, rates: .usual, plant: .newcomerNotFed)
    let outcome = simulator.run(seed: 1, runs: 100, stopsAtFirst: true)
    guard let violation = outcome.violations.first else { return #expect(Bool(false)) }
    let again = simulator.run(seed: violation.seed, runs: 1)
    #expect(again.violations.first?.text == violation.text)
    #expect(again.violations.first?.time == violation.time)
    let trace = simulator.trace(seed: violation.seed)
    #expect(trace == simulator.trace(seed: violation.seed))
    #expect(trace.last?.contains("VIOLATION") == true)
  }

  @Test func threadsChangeNothing() {
    let simulator = Simulator(SimulatedCluster.leavingAndJoining, rates: .usual)
    let one = simulator.run(seed: 3, runs: 70)
    let two = simulator.run(seed: 3, runs: 70, threads: 2)
    #expect(one.events == two.events)
    #expect(one.faults == two.faults)
  }
}
