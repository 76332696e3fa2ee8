import ArgumentParser
import PlatBench
import PlatFormats

/// `plat bench`: what planning costs on this machine.
struct BenchCommand: PlatCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure planning and judging, case by case.")

  @OptionGroup var bench: BenchOptions

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("Where the figures go, as JSON.", valueName: "run"))
  var outputPath: String?

  @OptionGroup var options: GlobalOptions

  var files: CommandFiles { CommandFiles(reads: bench.inputs, writes: [outputPath] + bench.outputs) }

  mutating func run(_ console: Console) throws -> Bool {
    do {
      let result = try BenchSuite.run(bench) { news in
        if console.isJSON {
          for line in news.lines { console.summarize({ "" }, json: line) }
        } else {
          console.summarize({ news.text }, json: { _ in })
        }
      } around: { name, work in
        try console.stage(name, work)
      }
      guard let (run, isGood) = result else { return true }
      try run.write(to: outputPath)
      return isGood
    } catch let failure as BenchFailure {
      console.report(failure.description)
      throw ExitCode(70)
    }
  }
}
