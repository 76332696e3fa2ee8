import PlatEngine
import PlatFormats
import PlatSimulator

/// The options of single verbs, with the verb before their names.
extension Option {
  static let generate: [Option] = [
    count("generate.nodes", 0...Limits.nodes, "3", "How many nodes: n00000, n00001, …") { $0.nodes = $1 },
    count("generate.partitions", 1...Limits.partitions, "1024", "How many partitions.") { $0.partitions = $1 },
    count(
      "generate.maps", 0...Limits.mapCells >> 8, "0",
      "So many maps on the same nodes, m0, m1, …; 0: one, without a name."
    ) {
      $0.maps = $1
    },
    count("generate.zones", 0...Limits.nodes, "0", "How many zones, the outermost level; 0: no such level.") {
      $0.zones = $1
    },
    count("generate.racks", 0...Limits.nodes, "0", "How many racks in each zone; 0: no such level.") { $0.racks = $1 },
    Option(
      name: "generate.model", kind: .word(GenerateWords.models), meaning: "The state model.",
      defaultValue: StateModel.masterSlave.name
    ) { values, text in values.generate.model = try GenerateWords.model(text) },
    perhaps("generate.masters", "Masters of each partition; the model's own if left out.") { $0.masters = $1 },
    perhaps("generate.slaves", "Slaves of each partition; the model's own if left out.") { $0.slaves = $1 },
    Option(
      name: "generate.keyFunction", kind: .word(KeyFunction.allCases.map(\.rawValue)),
      meaning: "How keys become partitions.",
      defaultValue: KeyFunction.crc32.rawValue
    ) { values, text in values.generate.keyFunction = try GenerateWords.keyFunction(text) },
    text("generate.weights", "equal", "Weights of the nodes: equal, zipf, or a range like 1..3.") { options, text in
      options.weights = try GenerateWords.weights(text)
    },
    text("generate.partitionWeights", "equal", "Weights of the partitions: equal, zipf, or in turn, like 1:2:3.") {
      options, text in
      options.sizes = try GenerateWords.sizes(text)
    },
    text("generate.capacity", "", "The most replicas of a node, like 500 or 400..600; no limit if left out.") {
      options, text in
      options.capacity = text.isEmpty ? nil : try GenerateWords.range(text)
    },
    text("generate.rules", "", "Like zone:1:hard,rack:1:soft: at most 1 replica in a zone …") { options, text in
      options.rules = try GenerateWords.rules(text)
    },
    Option(
      name: "generate.map", kind: .word(GenerateOptions.Map.allCases.map(\.rawValue)), meaning: "The current map.",
      defaultValue: GenerateOptions.Map.none.rawValue
    ) { values, text in values.generate.map = GenerateOptions.Map(rawValue: text) ?? .none },
    text("generate.drift", "0.05", "Replicas displaced in a drifted map, 0.05 or 1/20.") { options, text in
      options.drift = try GenerateWords.fraction(text)
    },
    count("generate.leaving", 0...Limits.nodes, "0", "How many of the nodes are leaving.") { $0.leaving = $1 },
    count("generate.failed", 0...Limits.nodes, "0", "How many of the nodes have failed.") { $0.failed = $1 },
    count("generate.join", 0...Limits.nodes, "0", "How many of the nodes are new: not in the map yet.") {
      $0.joining = $1
    },
    Option(
      name: "generate.seed", kind: .number(0...UInt64.max, unit: nil), meaning: "What all that is random comes from.",
      defaultValue: "1"
    ) { $0.generate.seed = UInt64($1) ?? 1 },
  ]

  static let simulate: [Option] = [
    Option(
      name: "simulate.seed", kind: .number(0...UInt64.max, unit: nil),
      meaning: "The seed of the first run; run n has the seed that is n more.", defaultValue: "1"
    ) { $0.simulate.seed = UInt64($1) ?? 1 },
    Option(
      name: "simulate.runs", kind: .number(1...UInt64(SimulateOptions.mostRuns), unit: "runs"),
      meaning: "How many runs.",
      defaultValue: "100"
    ) { $0.simulate.runs = Int($1) ?? 100 },
    Option(
      name: "simulate.lives", kind: .number(0...UInt64(SimulateOptions.mostLives), unit: "changes"),
      meaning: "How many changes follow the plan in each run.", defaultValue: "0"
    ) { $0.simulate.lives = Int($1) ?? 0 },
    Option(
      name: "simulate.faults", kind: .text,
      meaning: "Faults and how often they strike, of messages a probability, of others how often in a run, like "
        + "loss:0.1,crash:2; none given: all, as often as is usual; none:0: none. There are "
        + FaultKind.allCases.map(\.rawValue).joined(separator: ", ") + ".",
      defaultValue: ""
    ) { values, text in
      let words = text.split(separator: ",").map(String.init)
      do throws(InputError) { _ = try FaultRates(words: words) } catch {
        throw Refusal.argument("simulate.faults", found: error.found, expected: error.expected)
      }
      values.simulate.faults = words
    },
    Option(
      name: "simulate.plant", kind: .word(InjectedFault.allCases.map(\.rawValue)),
      meaning: "Switches on a deliberate bug, which must be found; none if left out.", defaultValue: ""
    ) { $0.simulate.plant = InjectedFault(rawValue: $1) },
  ]

  static let batch: [Option] = [
    Option(
      name: "batch.resume", kind: .flag,
      meaning: "Go on with a batch that was cut off; do nothing where its results are there already.", defaultValue: "0"
    ) { $0.resumes = $1 == "1" },
    Option(
      name: "batch.restart", kind: .flag, meaning: "Begin anew, whatever an earlier batch has left.", defaultValue: "0"
    ) { $0.restarts = $1 == "1" },
  ]

  // MARK: Kinds of them

  private static func count(
    _ name: String, _ range: ClosedRange<Int>, _ defaultValue: String, _ meaning: String,
    _ set: @escaping @Sendable (inout GenerateOptions, Int) -> Void
  ) -> Option {
    Option(
      name: name, kind: .number(UInt64(range.lowerBound)...UInt64(range.upperBound), unit: nil), meaning: meaning,
      defaultValue: defaultValue
    ) { set(&$0.generate, Int($1) ?? 0) }
  }

  /// A number, or nothing.
  private static func perhaps(
    _ name: String, _ meaning: String, _ set: @escaping @Sendable (inout GenerateOptions, Int?) -> Void
  ) -> Option {
    Option(name: name, kind: .number(0...UInt64(Limits.nodes), unit: nil), meaning: meaning, defaultValue: "") {
      set(&$0.generate, Int($1))
    }
  }

  private static func text(
    _ name: String, _ defaultValue: String, _ meaning: String,
    _ set: @escaping @Sendable (inout GenerateOptions, String) throws -> Void
  ) -> Option {
    Option(name: name, kind: .text, meaning: meaning, defaultValue: defaultValue) { values, text in
      do { try set(&values.generate, text) } catch let error as InputError {
        throw Refusal.argument(name, found: error.found, expected: error.expected)
      }
    }
  }
}
