import PlatEngine

/// Many runs of one case.
public struct Simulator: Sendable {
  public struct Outcome: Sendable {
    public var runs = 0
    public var events = 0
    /// By kind.
    public var faults = [Int](repeating: 0, count: FaultKind.allCases.count)
    public var converged = 0
    /// The first ones, by run.
    public var violations: [Violation] = []
    public var violated = 0

    public init() {}

    init(runs: Int, events: Int, faults: [Int]) {
      self.runs = runs
      self.events = events
      self.faults = faults
    }

    mutating func add(_ other: Outcome) {
      runs += other.runs
      events += other.events
      for kind in faults.indices { faults[kind] += other.faults[kind] }
      converged += other.converged
      violated += other.violated
      violations += other.violations.prefix(Simulator.mostViolations - violations.count)
    }
  }

  public static let mostViolations = 20

  let setup: SimulationCase
  let rates: FaultRates
  let plant: InjectedFault?
  /// So many changes follow the first in each run.
  let lives: Int
  /// The end is compared with the plan that was made last, though another may be in force.
  package var comparesWithLastPlan = false
  /// Of a value of the journal, where its store has a limit.
  package var mostJournalBytes = 512 << 10

  /// Why nobody writes and reads; nil: they do.
  public var withoutWrites: String? {
    guard setup.rules.leading == nil else { return nil }
    let state = setup.cluster.cluster.settings.model.states[0].name
    return "no writes and reads: several nodes may be \(state) of a partition, and how they settle writes is the host's"
  }

  public init(_ setup: SimulationCase, rates: FaultRates, plant: InjectedFault? = nil, lives: Int = 0) {
    self.setup = setup
    self.lives = lives
    self.rates = rates
    self.plant = plant
  }

  /// Run `number` of a seed has the seed `seed + number`. The same outcome with any number of threads. `stopsAtFirst`:
  /// when a block has one violation, no further block begins. `interrupt` is told of each round of blocks, and ends it:
  /// the outcome then says nothing.
  public func run(
    seed: UInt64, runs: Int, threads: Int = 1, stopsAtFirst: Bool = false, interrupt: Interrupt? = nil
  ) -> Outcome {
    let quiet = interrupt?.quiet
    var outcome = Outcome()
    var first = 0
    while first < runs, quiet?.isRequested != true, !stopsAtFirst || outcome.violated == 0 {
      let count = min(Simulator.block * threads, runs - first)
      let blocks = (count + Simulator.block - 1) / Simulator.block
      var parts = [Outcome](repeating: Outcome(), count: blocks)
      parts.withUnsafeMutableBufferPointer { parts in
        nonisolated(unsafe) let parts = parts
        let start = first
        Threads.perform(blocks) { block in
          let begin = start + block * Simulator.block
          for number in begin..<min(begin + Simulator.block, start + count) where quiet?.isRequested != true {
            parts[block].add(one(seed: seed &+ UInt64(number), quiet))
          }
        }
      }
      for part in parts { outcome.add(part) }
      first += count
      try? interrupt?.finished("runs", part: Double(first) / Double(runs))
    }
    return outcome
  }

  private static let block = 32

  private func one(seed: UInt64, _ interrupt: Interrupt?) -> Outcome {
    let simulation = Simulation(
      setup, seed: seed, rates: rates, plant: plant, lives: lives, isTraced: false, interrupt: interrupt)
    simulation.comparesWithLastPlan = comparesWithLastPlan
    simulation.mostJournalBytes = mostJournalBytes
    simulation.run()
    var outcome = Outcome(runs: 1, events: simulation.events, faults: simulation.faults)
    if let violation = simulation.violation {
      outcome.violations = [violation]
      outcome.violated = 1
    } else {
      outcome.converged = 1
    }
    return outcome
  }

  /// What happened in one run, a line an event.
  public func trace(seed: UInt64, interrupt: Interrupt? = nil) -> [String] {
    let simulation = Simulation(
      setup, seed: seed, rates: rates, plant: plant, lives: lives, isTraced: true, interrupt: interrupt)
    simulation.run()
    return simulation.lines ?? []
  }
}
