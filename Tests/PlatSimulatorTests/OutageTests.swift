import PlatEngine
import PlatSimulator
import TestSupport
import Testing

/// Nodes that are silent for a while: nothing within the time of grace, few plans beyond it, an end soon after.
@Suite struct OutageTests {
  private func trial(_ seed: UInt64) -> OutageLab.Trial {
    var random = SplitMix64(seed: seed)
    func below(_ bound: Int) -> Int { random.below(bound) }
    let far = [5, 5, 20, 40][below(4)]
    var trial = OutageLab.Trial(
      latency: (0..<5).map { _ in UInt64(1 + below(far)) }, cut: [], length: UInt64(100 + below(1_400)))
    trial.latency[below(5)] = 1
    for node in 0..<5 where below(2) == 0 { trial.cut.append(node) }
    if trial.cut.isEmpty { trial.cut = [below(5)] }
    if below(6) == 0 { trial.cut = Array(0..<5) }
    trial.recovery.grace = [150, 300, 600][below(3)]
    trial.recovery.mostLost = [nil, 1, 5][below(3)]
    return trial
  }

  private func check(_ trial: OutageLab.Trial, plant: InjectedFault? = nil) throws {
    var lab = try OutageLab(trial, plant: plant)
    try lab.run(until: trial.from)
    try holds(lab.isWell, "\(trial): it does not begin well")
    let plans = lab.machine.plans
    let copied = lab.copied.count
    try lab.run(until: trial.until)
    let far = trial.latency.max()!
    // A pulse goes out every 40 ticks, and its answer has its way: before the cut, and after it.
    let isBrief = trial.length + 100 + 2 * far < trial.recovery.grace
    let isLong = trial.length > trial.recovery.grace + 60 + 2 * far
    let most = trial.recovery.mostLost ?? 3
    if isBrief {
      try holds(
        lab.machine.plans == plans && lab.copied.count == copied,
        "\(trial): planned, or copied, within the time of grace")
    }
    if trial.length > 250 + 2 * far, trial.cut.count == 5 {
      try holds(
        lab.machine.phase != .reached || lab.machine.isWaiting || lab.machine.isFrozen, "\(trial): reached with nobody")
    }
    if isLong, trial.cut.count > most { try holds(lab.machine.isFrozen && lab.frozen == 1, "\(trial): not frozen") }
    try lab.run(until: trial.until + 500 + 40 * (far > 5 ? far : 0))
    try holds(
      lab.isWell,
      "\(trial): not at the end: \(lab.machine.phase), revision \(lab.machine.revision), lost \(lab.machine.lostNodes.map(\.int))"
    )
    try holds(lab.machine.plans - plans <= 3, "\(trial): \(lab.machine.plans - plans) plans")
    if isBrief { try holds(lab.copied.count == copied, "\(trial): copied, within the time of grace") }
  }

  /// Nobody is heard of, and all may be lost.
  private var nobodyAnswers: OutageLab.Trial {
    var trial = OutageLab.Trial(latency: [1, 5, 2, 4, 3], cut: [0, 1, 2, 3, 4], length: 900)
    trial.recovery.grace = 150
    trial.recovery.mostLost = 5
    return trial
  }

  @Test func nothingIsReachedWithNobody() throws { try check(nobodyAnswers) }

  @Test func anOutageEndsSoon() {
    forAllSeeds(1..<60) { try check(trial($0)) }
  }

  /// A node is nearer than the others, which are cut off for 700 ticks, and may all be lost.
  @Test(arguments: [150, 300, 600] as [UInt64]) func whoIsNearIsNotAllThatIsWaitedFor(_ grace: UInt64) throws {
    var trial = OutageLab.Trial(latency: [1, 5, 2, 4, 3], cut: [1, 2, 3, 4], length: 700)
    trial.recovery.grace = grace
    trial.recovery.mostLost = 5
    try check(trial)
  }

  @Test(arguments: [InjectedFault.planAtOnce, .ignoreGrace, .loseAny, .reachWithNobody]) func plantedFaultsAreFound(
    _ plant: InjectedFault
  ) {
    let trials = [nobodyAnswers] + (1..<60).map(trial)
    #expect(trials.contains { (try? check($0, plant: plant)) == nil })
  }

  /// It is heard of all the time, and answers late: what it says of long ago does not bring it back again and again.
  @Test(arguments: [150, 300] as [UInt64]) func whoseDiskIsFarBehindIsBackOnce(_ grace: UInt64) throws {
    var trial = OutageLab.Trial(latency: [1, 5, 2, 4, 3], cut: [1], length: 400)
    trial.slowness = 120
    trial.recovery.grace = grace
    var lab = try OutageLab(trial)
    try lab.run(until: trial.from)
    #expect(lab.isWell)
    let plans = lab.machine.plans
    try lab.run(until: trial.until + 4_000)
    #expect(lab.isWell, "\(lab.machine.phase), lost \(lab.machine.lostNodes.map(\.int))")
    #expect(lab.machine.plans - plans <= 3)
  }

  /// Its disk is behind for very long: it is kept out for longer and longer, the others go on, and its host is told.
  private func planned(
    _ slowness: UInt64, _ grace: UInt64, plant: InjectedFault? = nil
  ) throws -> (plans: Int, lab: OutageLab) {
    var trial = OutageLab.Trial(latency: [1, 5, 2, 4, 3], cut: [1], length: 8_000)
    trial.slowness = slowness
    trial.recovery.grace = grace
    var lab = try OutageLab(trial, plant: plant)
    try lab.run(until: trial.from)
    #expect(lab.isWell)
    let plans = lab.machine.plans
    try lab.run(until: trial.until)
    return (lab.machine.plans - plans, lab)
  }

  @Test(arguments: [(120, 150), (400, 150), (700, 150), (900, 600)] as [(UInt64, UInt64)])
  func whoseDiskStaysBehindIsKeptOut(_ slowness: UInt64, _ grace: UInt64) throws {
    var (plans, lab) = try planned(slowness, grace)
    #expect(plans <= 3, "\(plans) plans")
    #expect(lab.machine.phase == .reached || plans == 0)
    let (at, count) = (lab.now, lab.machine.plans)
    // It is back in the end, however long it was out; what its disk had to write before comes first.
    while !lab.isWell, lab.now < at + 300_000 { try lab.run(until: lab.now + 1_000) }
    #expect(lab.isWell, "\(lab.machine.phase), lost \(lab.machine.lostNodes.map(\.int)), kept out \(lab.keptOut)")
    #expect(lab.machine.plans - count <= 3)
  }

  /// As it was before: planned for again and again.
  @Test func whoIsTakenBackAtOnceIsPlannedForAgainAndAgain() throws {
    let (kept, lab) = try planned(700, 150)
    let (taken, _) = try planned(700, 150, plant: .takeLateBack)
    #expect(
      kept <= 3 && !lab.keptOut.isEmpty && taken > 2 * kept, "\(kept) and \(taken) plans, kept out \(lab.keptOut)")
  }

  // MARK: Times that contradict each other

  @Test(arguments: [
    "pulse", "silence", "patience", "longestTick", "tries", "grace", "settling", "mostLost", "mostLost of more",
    "silence within a pulse",
    "grace within the silence", "a tick beyond the silence",
  ]) func timesThatContradictEachOtherAreRefused(_ what: String) throws {
    var timing = Orchestrator.Timing()
    var recovery = Orchestrator.Recovery()
    switch what {
    case "pulse": timing.pulse = 0
    case "silence": timing.silence = 0
    case "patience": timing.patience = 0
    case "longestTick": timing.longestTick = 0
    case "tries": timing.tries = 0
    case "grace": recovery.grace = 0
    case "settling": recovery.settling = 0
    case "mostLost": recovery.mostLost = 0
    case "mostLost of more": recovery.mostLost = 6
    case "silence within a pulse": timing.silence = timing.pulse
    case "grace within the silence": recovery.grace = timing.silence - 1
    default: timing.longestTick = timing.silence + 1
    }
    let cluster = try OutageLab(OutageLab.Trial(latency: [1, 1, 1, 1, 1], cut: [], length: 0)).cluster
    func make() throws(InputError) {
      _ = try Orchestrator(
        cluster, hadHolders: Array(repeating: true, count: 5), goal: MapStamp(revision: 2, digest: 1), timing: timing,
        recovery: recovery,
        writer: 1)
    }
    #expect { try make() } throws: { ($0 as? InputError)?.path.hasPrefix("timing.") == true }
    (timing, recovery) = (Orchestrator.Timing(), Orchestrator.Recovery())
    try make()
  }
}
