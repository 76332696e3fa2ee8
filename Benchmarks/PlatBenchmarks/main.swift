import ArgumentParser
import Glibc
import PlatBench

/// The benchmarks beside `plat`: the suite of plans, checksums, and single runs for tools that count instructions.
struct PlatBenchmarks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "PlatBenchmarks", abstract: "What planning costs, and checksums.",
    subcommands: [Plans.self, CRC.self, Once.self], defaultSubcommand: Plans.self)
}

struct Plans: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "The suite, as `plat bench` runs it; tables on standard output.")

  @OptionGroup var options: BenchOptions

  @Option(name: .customLong("json"), help: ArgumentHelp("Where all figures go, as JSON.", valueName: "run"))
  var jsonPath: String?

  func run() throws {
    let result = try BenchSuite.run(options) { news in
      print(news.text, terminator: "")
      fflush(nil)
    } around: { try $1() }
    guard let (run, isGood) = result else { return }
    if let jsonPath { try run.write(to: jsonPath) }
    if !isGood { throw ExitCode(1) }
  }
}

struct CRC: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "CRC-32 on every path that the processor has, beside zlib and ISA-L.")

  func run() { printCRCTable(benchmarkCRC()) }
}

struct Once: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Plan and judge one case once: see scripts/bench-instructions. Names the stages, a line each.")

  @Argument(help: "The case, as --list names it.")
  var name: String

  func run() throws {
    guard let stages = try BenchSuite.runOnce(name, planning: plannedSection, judging: judgedSection) else {
      throw ValidationError("there is no case \"\(name)\"")
    }
    for stage in stages { print(stage) }
  }
}

/// By these names scripts/bench-instructions tells callgrind when to count. They leave a trace that differs, or else
/// the linker would make one of both.
@inline(never) func plannedSection(_ body: () -> Void) {
  body()
  lastSection = 1
}

@inline(never) func judgedSection(_ body: () -> Void) {
  body()
  lastSection = 2
}

nonisolated(unsafe) var lastSection = 0

PlatBenchmarks.main()
