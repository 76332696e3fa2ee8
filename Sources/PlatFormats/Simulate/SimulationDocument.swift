import PlatEngine
import PlatSimulator

/// What became of simulated runs, as `plat simulate` reports it.
package struct SimulationDocument: Sendable {
  /// The cluster's and the plan's, as whoever replays a run would name them.
  private let names: (cluster: String, plan: String)
  private let map: String?
  private let options: SimulateOptions
  private let simulator: Simulator
  package private(set) var outcome = Simulator.Outcome()

  /// A cluster on its way to the target of a plan; `maps`: those that its partitions are of, where they are several;
  /// `revision`: of its map, `map`: which of several it is. Throws for options that are out of range.
  package init(
    _ change: MapChange, maps: JoinedMaps? = nil, revision: UInt64, names: (cluster: String, plan: String),
    map: String? = nil, options: SimulateOptions
  ) throws(InputError) {
    try options.validate()
    self.names = names
    self.map = map
    self.options = options
    let setup = try SimulationCase(
      change.cluster, from: change.current, to: change.target, maps: maps, revision: revision)
    simulator = Simulator(
      setup, rates: try FaultRates(words: options.faults), plant: options.plant, lives: options.lives)
  }

  /// Does all runs. The same outcome with any number of threads.
  package mutating func run(threads: Int, interrupt: Interrupt? = nil) throws(PlatError) {
    outcome = simulator.run(seed: options.seed, runs: options.runs, threads: threads, interrupt: interrupt)
    try interrupt?.throwIfRequested()
  }

  /// What happens in the first run, a line an event.
  package func trace(interrupt: Interrupt? = nil) throws(PlatError) -> [String] {
    let lines = simulator.trace(seed: options.seed, interrupt: interrupt)
    try interrupt?.throwIfRequested()
    return lines
  }

  package func write(to writer: inout JSONWriter) {
    writer.beginObject(.lines)
    writer.member("plat", 1)
    writer.member("seed", "\(options.seed)")
    writer.member("runs", outcome.runs)
    writer.member("events", outcome.events)
    writer.key("faults")
    writer.beginObject(.lines)
    for kind in FaultKind.allCases { writer.member(kind.rawValue, outcome.faults[kind.rawIndex]) }
    writer.endObject()
    if let plant = options.plant { writer.member("plant", plant.rawValue) }
    if let withoutWrites = simulator.withoutWrites { writer.member("withoutWrites", withoutWrites) }
    writer.member("converged", outcome.converged)
    writer.member("violated", outcome.violated)
    writer.key("violations")
    writer.beginArray(.lines)
    for violation in outcome.violations {
      writer.beginObject(.lines)
      writer.member("invariant", violation.invariant.rawValue)
      writer.member("name", "\(violation.invariant)")
      writer.member("seed", "\(violation.seed)")
      writer.member("tick", Int(clamping: violation.time))
      writer.member("because", violation.text)
      writer.member("replay", replay(violation))
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }

  /// The same in words, the first violations with it.
  package var text: String {
    "\(outcome.runs) runs, \(outcome.events) events, \(outcome.faults.reduce(0, +)) faults\n"
      + (simulator.withoutWrites.map { "  \($0)\n" } ?? "")
      + "  target reached  \(outcome.converged)\n  violations      \(outcome.violated)\n"
      + outcome.violations.prefix(3).map { "  \(describe($0))\n  replay: \(replay($0))\n" }.joined()
  }

  private func describe(_ violation: Violation) -> String {
    "invariant \(violation.invariant.rawValue) (\(violation.invariant.text)), seed \(violation.seed), tick \(violation.time): \(violation.text)"
  }

  /// The command that shows the run.
  private func replay(_ violation: Violation) -> String {
    var words = [
      "plat", "simulate", names.cluster, names.plan, "--seed", "\(violation.seed)", "--runs", "1", "--trace",
    ]
    if let map { words += ["--map", map] }
    if options.lives > 0 { words += ["--lives", "\(options.lives)"] }
    for fault in options.faults { words += ["--fault", fault] }
    if let plant = options.plant { words += ["--plant", plant.rawValue] }
    return words.joined(separator: " ")
  }
}
