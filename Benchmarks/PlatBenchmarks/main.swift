import ArgumentParser
import Glibc
import PlatBench

/// The benchmarks beside `plat`: the suite of plans, checksums, and single runs for tools that count instructions.
struct PlatBenchmarks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "PlatBenchmarks", abstract: "What planning costs, and checksums.",
    subcommands: [Plans.self, CRC.self, Routes.self, Documents.self, Batch.self, Border.self, Orders.self, Once.self],
    defaultSubcommand: Plans.self)
}

struct Plans: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The suite, as `plat bench` runs it; tables on standard output.")

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
  static let configuration = CommandConfiguration(
    abstract: "CRC-32 on every path that the processor has, beside zlib and ISA-L.")

  func run() { printCRCTable(benchmarkCRC()) }
}

struct Routes: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Keys a second, hash and range maps of a million partitions.")

  func run() throws { for row in try benchmarkRouting() { print(row) } }
}

struct Documents: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Reading and writing a document of 1,048,576 partitions, JSON and binary, beside simdjson and memcpy.")

  @Option(help: "Partitions.") var partitions = 1 << 20

  func run() throws { for row in try benchmarkDocuments(partitions: partitions) { print(row) } }
}

struct Border: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "What the C ABI costs over the engine alone.")

  @Argument(help: "The library: .build/release/libPlatABI.so.") var library: String
  @Option(help: "Partitions.") var partitions = 1 << 20
  @Option(help: "Rounds; the median of their ratios counts.") var rounds = 101

  func run() throws {
    guard let border = BorderBenchmark(library: library) else { throw ValidationError("no library at \(library)") }
    for row in try border.plans(partitions: partitions, rounds: rounds) { print(row) }
    for bytes in [16, 24, 32] { print(try border.routes(keyBytes: bytes)) }
  }
}

struct Orders: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What an order costs through the C ABI while a change is carried out.")

  @Argument(help: "The library: .build/release/libPlatABI.so.") var library: String
  @Option(help: "Partitions, from a sixteenth of so many on.") var partitions = 1 << 20

  func run() throws {
    guard let orders = OrderBenchmark(library: library) else { throw ValidationError("no library at \(library)") }
    for count in [partitions / 16, partitions / 4, partitions] { print(try orders.run(partitions: max(count, 1))) }
  }
}

struct Batch: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "10,000 plans of 50 nodes and 1,440 partitions, as plat batch makes them.")

  @Option(help: "Jobs.") var jobs = 10_000
  @Option(help: "Threads.") var threads = 2

  func run() throws { print(try benchmarkBatch(jobs: jobs, threads: threads)) }
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
