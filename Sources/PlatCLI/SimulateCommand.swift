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

  @OptionGroup var map: OneMap

  @Option(help: "The seed of the first run.")
  var seed: UInt64 = 1

  @Option(help: "How many runs.")
  var runs = 100

  @Option(
    help:
      "How many changes follow the plan in each run, one after another on one journal: a node leaves, or comes back.")
  var lives = 0

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

  @Option(
    name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Where the report goes.", valueName: "report"))
  var outputPath: String?

  @OptionGroup var options: GlobalOptions

  var files: CommandFiles { CommandFiles(reads: [clusterPath, planPath], writes: [outputPath]) }

  private var isList: Bool { plant == "list" || fault.contains("list") }

  func validate() throws {
    if isList { return }
    guard clusterPath != nil, planPath != nil else { throw ValidationError("a cluster and a plan are needed") }
    try FileInput.refuseTwoFromStandardInput(clusterPath, planPath)
    _ = try simulateOptions()
  }

  private func simulateOptions() throws -> SimulateOptions {
    var result = SimulateOptions()
    (result.seed, result.runs, result.lives, result.faults) = (seed, runs, lives, fault)
    do throws(InputError) {
      result.plant = try plant.map { text throws(InputError) in try SimulateOptions.plant(text) }
      try result.validate()
    } catch {
      throw ValidationError("--\(error.path) takes \(error.expected), not \(error.found)")
    }
    return result
  }

  mutating func run(_ console: Console) throws -> Bool {
    if isList { return try list() }
    let (clusterPath, planPath) = (clusterPath ?? "-", planPath ?? "-")
    let documents = ClusterAndPlan(clusterPath, planPath)
    let (source, read) = try console.stage("reading") { try documents.readAny() }
    let change = try source.locatingErrors { try read.narrowed(to: map.name).simulated() }
    var simulation = try SimulationDocument(
      change.change, maps: change.maps, revision: change.revision, names: (clusterPath, planPath), map: map.name,
      options: simulateOptions())
    if trace { for line in try simulation.trace() { Console.write(line + "\n") } }
    try console.stage("simulating") { try simulation.run(threads: options.threadCount) }
    try console.stage("writing") {
      var writer = JSONWriter(capacityBytes: 4096)
      simulation.write(to: &writer)
      try writer.write(to: outputPath)
    }
    let outcome = simulation.outcome
    console.summarize {
      simulation.text + ReportSummary.costs(console)
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
      for plant in InjectedFault.allCases { writer.member(plant.rawValue, plant.text) }
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
}
