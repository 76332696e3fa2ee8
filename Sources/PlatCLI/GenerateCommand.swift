import ArgumentParser
import PlatEngine
import PlatFormats

/// `plat generate`: clusters for tests and benchmarks.
struct GenerateCommand: PlatCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate", abstract: "Make a cluster document from a seed, for tests and benchmarks.",
    discussion: "The same options make the same document, byte for byte.")

  @Option(help: "How many nodes: n00000, n00001, …")
  var nodes: Int

  @Option(help: "How many partitions.")
  var partitions: Int

  @Option(help: "How many zones, the outermost level; 0: no such level.")
  var zones = 0

  @Option(help: "How many racks in each zone; 0: no such level.")
  var racks = 0

  @Option(
    help: ArgumentHelp("masterSlave or multiMaster.", valueName: "model"),
    transform: GenerateArgument.word(GenerateWords.model))
  var model = StateModel.masterSlave

  @Option(help: "Masters of each partition; the model's own if left out.")
  var masters: Int?

  @Option(help: "Slaves of each partition; the model's own if left out.")
  var slaves: Int?

  @Option(
    help: ArgumentHelp("hash-crc32, hash-crc32-vbucket or range.", valueName: "name"),
    transform: GenerateArgument.word(GenerateWords.keyFunction))
  var keyFunction = KeyFunction.crc32

  @Option(
    help: ArgumentHelp("Weights of the nodes: equal, zipf, or a range like 1..3.", valueName: "weights"),
    transform: GenerateArgument.word(GenerateWords.weights))
  var weights = GenerateOptions.Weights.equal

  @Option(
    help: ArgumentHelp("Weights of the partitions: equal, zipf, or in turn, like 1:2:3.", valueName: "weights"),
    transform: GenerateArgument.word(GenerateWords.sizes))
  var partitionWeights = GenerateOptions.Sizes.equal

  @Option(
    help: ArgumentHelp("The most replicas of a node, like 500 or 400..600.", valueName: "count"),
    transform: GenerateArgument.word(GenerateWords.range))
  var capacity: ClosedRange<Int>?

  @Option(
    name: .customLong("rule"),
    help: ArgumentHelp("Like zone:1:hard: at most 1 replica in a zone; may be repeated.", valueName: "rule"),
    transform: GenerateArgument.word(GenerateWords.rule))
  var rules: [GenerateOptions.Rule] = []

  @Option(help: "The current map.")
  var map = GenerateOptions.Map.none

  @Option(
    help: ArgumentHelp("Replicas displaced in a drifted map, 0.05 or 1/20.", valueName: "fraction"),
    transform: GenerateArgument.word(GenerateWords.fraction))
  var drift = GenerateOptions.Fraction("0.05")!

  @Option(help: "How many of the nodes are leaving.")
  var leaving = 0

  @Option(help: "How many of the nodes have failed.")
  var failed = 0

  @Option(help: "How many of the nodes are new: not in the map yet.")
  var join = 0

  @Option(help: "So many maps on the same nodes, m0, m1, …; 0: one, as `map`.")
  var maps = 0

  @Option(help: "What all that is random comes from.")
  var seed: UInt64 = 1

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("Where the cluster goes.", valueName: "cluster"))
  var outputPath: String?

  @OptionGroup var options: GlobalOptions

  var files: CommandFiles { CommandFiles(writes: [outputPath]) }

  func validate() throws {
    do throws(InputError) { try generateOptions.validate() } catch {
      throw ValidationError("--\(error)")
    }
  }

  mutating func run(_ console: Console) throws -> Bool {
    let generated = try console.stage("generating") { try GeneratedDocument.make(generateOptions) }
    try console.stage("writing") {
      let writer = generated.writer(for: outputPath)
      try writer.write(to: outputPath)
    }
    return true
  }

  private var generateOptions: GenerateOptions {
    var result = GenerateOptions(nodes: nodes, partitions: partitions)
    (result.zones, result.racks, result.rules) = (zones, racks, rules)
    (result.model, result.masters, result.slaves) = (model, masters, slaves)
    (result.keyFunction, result.weights, result.capacity) = (keyFunction, weights, capacity)
    result.sizes = partitionWeights
    (result.map, result.drift, result.seed) = (map, drift, seed)
    (result.leaving, result.failed, result.joining) = (leaving, failed, join)
    result.maps = maps
    return result
  }
}
