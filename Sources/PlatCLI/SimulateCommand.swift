import ArgumentParser
import PlatEngine
import PlatFormats
import PlatSimulator

/// `plat simulate`: carries a plan out under faults, many times.
struct SimulateCommand: PlatCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate", abstract: "Carry a plan out on simulated clusters under faults.",
    discussion: """
      Each run is a whole cluster in one thread from one seed, with the orchestrator and the node agents that a real one \
      has. After every event the invariants are checked. Run n has the seed S + n, so that one run replays another's.
      """)

  @Argument(help: ArgumentHelp("The cluster document; - for standard input.", valueName: "cluster"))
  var clusterPath: String?

  @Argument(help: ArgumentHelp("A plan for the cluster; - for standard input.", valueName: "plan"))
  var planPath: String?

  @Option(help: "The seed of the first run.")
  var seed: UInt64 = 1

  @Option(help: "How many runs.")
  var runs = 100

  @Option(
    help: ArgumentHelp(
      """
      A fault and how often it strikes: of messages a probability, of others how often in a run. May be given several times; \
      then there are no others. None given: all of them, as often as is usual. `none:0`: no faults. `list` names them.
      """, valueName: "kind:rate"))
  var fault: [String] = []

  @Option(help: ArgumentHelp("Switches on a deliberate bug, which must be found; `list` names them.", valueName: "bug"))
  var plant: String?

  @Flag(help: "Write what happens in the first run, a line an event, to standard error.")
  var trace = false

  @Option(name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Where the report goes.", valueName: "report"))
  var outputPath: String?

  @OptionGroup var options: GlobalOptions

  private var isList: Bool { plant == "list" || fault.contains("list") }

  func validate() throws {
    if isList { return }
    guard clusterPath != nil, planPath != nil else { throw ValidationError("a cluster and a plan are needed") }
    try FileInput.refuseTwoFromStandardInput(clusterPath, planPath)
    guard (1...1_000_000_000).contains(runs) else { throw ValidationError("--runs takes 1 to 1,000,000,000, not \(runs)") }
    _ = try rates()
    if let plant, Plant(rawValue: plant) == nil {
      throw ValidationError("--plant takes one of \(Plant.allCases.map(\.rawValue).joined(separator: ", ")), not \(plant)")
    }
  }

  private func rates() throws -> FaultRates {
    guard !fault.isEmpty else { return .usual }
    var rates = FaultRates.none
    for text in fault where text != "none:0" {
      let parts = text.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, let kind = FaultKind(rawValue: String(parts[0])) else {
        throw ValidationError("--fault takes KIND:RATE, with one of \(FaultKind.allCases.map(\.rawValue).joined(separator: ", ")), not \(text)")
      }
      let millionths = Quantity(String(parts[1])).flatMap { (Rational($0) * Rational(1_000_000)).floor }
      guard let millionths, (0...(kind.isOfMessages ? 1_000_000 : 1_000_000_000)).contains(millionths) else {
        throw ValidationError("--fault \(parts[0]) takes a rate from 0 to \(kind.isOfMessages ? "1" : "1000"), not \(parts[1])")
      }
      rates[kind] = millionths
    }
    return rates
  }

  mutating func run(_ console: Console) throws -> Bool {
    if isList { return try list() }
    let (source, document, plan) = try console.stage("reading") {
      let source = try FileInput.read(clusterPath!)
      let document = try ClusterReader.read(source)
      return (source, document, try PlanReader.read(FileInput.read(planPath!), for: document))
    }
    let dense = try source.locatingErrors { try DenseCluster(document.cluster) }
    let setup = try SimulationCase(
      dense, from: document.map?.placement, to: plan.map.placement, revision: document.map?.header.revision ?? 0)
    let planted = plant.flatMap { Plant(rawValue: $0) }
    let simulator = try Simulator(setup, rates: rates(), plant: planted)
    if trace { for line in simulator.trace(seed: seed) { Console.write(line + "\n") } }
    let outcome = console.stage("simulating") { simulator.run(seed: seed, runs: runs, threads: options.threadCount) }
    try console.stage("writing") {
      var writer = JSONWriter(capacityBytes: 4096)
      write(outcome, withoutWrites: simulator.withoutWrites, &writer)
      try writer.write(to: outputPath)
    }
    console.summarize {
      "\(outcome.runs) runs, \(outcome.events) events, \(outcome.faults.reduce(0, +)) faults\n"
        + (simulator.withoutWrites.map { "  \($0)\n" } ?? "") + "  target reached  \(outcome.converged)\n  violations      \(outcome.violated)\n"
        + outcome.violations.prefix(3).map { "  \(describe($0))\n  replay: \(replay($0))\n" }.joined() + ReportSummary.costs(console)
    } json: { writer in
      writer.member("runs", outcome.runs)
      writer.member("converged", outcome.converged)
      writer.member("violations", outcome.violated)
      ReportSummary.writeCosts(console, to: &writer)
    }
    return outcome.violated == 0
  }

  private func list() throws -> Bool {
    var writer = JSONWriter(capacityBytes: 4096)
    writer.beginObject(.lines)
    writer.member("plat", 1)
    if plant == "list" {
      writer.key("plants")
      writer.beginObject(.lines)
      for plant in Plant.allCases { writer.member(plant.rawValue, plant.text) }
      writer.endObject()
    }
    if fault.contains("list") {
      writer.key("faults")
      writer.beginObject(.lines)
      for kind in FaultKind.allCases { writer.member(kind.rawValue, kind.text) }
      writer.endObject()
    }
    writer.endObject()
    try writer.write(to: outputPath)
    return true
  }

  private func describe(_ violation: Violation) -> String {
    "invariant \(violation.invariant.rawValue) (\(violation.invariant.text)), seed \(violation.seed), tick \(violation.time): \(violation.text)"
  }

  /// The command that shows the run.
  private func replay(_ violation: Violation) -> String {
    var words = ["plat", "simulate", clusterPath ?? "", planPath ?? "", "--seed", "\(violation.seed)", "--runs", "1", "--trace"]
    for fault in fault { words += ["--fault", fault] }
    if let plant { words += ["--plant", plant] }
    return words.joined(separator: " ")
  }

  private func write(_ outcome: Simulator.Outcome, withoutWrites: String?, _ writer: inout JSONWriter) {
    writer.beginObject(.lines)
    writer.member("plat", 1)
    writer.member("seed", "\(seed)")
    writer.member("runs", outcome.runs)
    writer.member("events", outcome.events)
    writer.key("faults")
    writer.beginObject(.lines)
    for kind in FaultKind.allCases { writer.member(kind.rawValue, outcome.faults[kind.rawIndex]) }
    writer.endObject()
    if let plant { writer.member("plant", plant) }
    if let withoutWrites { writer.member("withoutWrites", withoutWrites) }
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
}
