import ArgumentParser
import Glibc
import PlatFormats
import Synchronization

/// `plat batch`: many plans.
struct BatchCommand: PlatCommand {
  static let configuration = CommandConfiguration(
    commandName: "batch", abstract: "Make many plans, on all cores.",
    discussion: """
      Each line of the list is a job: {"id": "a", "cluster": "a.json", "plan": "a-plan.json"}, and "operation" if it is \
      another than rebalance. Each job gets a JSON line with its id, its status (as plat plan would exit with) and what \
      came of it, in the order of the list.

      With -o FILE, what is done is noted in FILE.journal until all is. Where that is left, from a batch that was killed \
      or interrupted, the same command goes on: it repeats no job that is done. Ctrl-C finishes what is under way.
      """)

  @Argument(help: ArgumentHelp("The list of jobs; - for standard input.", valueName: "jobs"))
  var listPath: String

  @Option(
    name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Where the results go.", valueName: "results"))
  var outputPath: String?

  @Flag(help: "Go on with a batch that was cut off; do nothing where it was not.")
  var resume = false

  @Flag(help: "Begin anew, whatever an earlier batch has left.")
  var restart = false

  @OptionGroup var options: GlobalOptions

  var files: CommandFiles { CommandFiles(reads: [listPath], writes: BatchRunner.outputs(outputPath)) }

  func validate() throws {
    if resume && restart { throw ValidationError("--resume and --restart exclude each other") }
    if (resume || restart) && outputPath == nil {
      throw ValidationError("--resume and --restart need -o: what is done is noted beside that file")
    }
  }

  mutating func run(_ console: Console) throws -> Bool {
    if resume, let outputPath, BatchRunner.isDone(outputPath) {
      console.summarize {
        "batch: \(outputPath) has all results already\n"
      } json: {
        $0.member("jobs", 0)
      }
      return try BatchResults.areAllGood(outputPath)
    }
    Interruption.catchFirst()
    let runner = try BatchRunner(
      listPath, resultsPath: outputPath, restart: restart, isStopped: { Interruption.signal != 0 })
    let meter = BatchMeter()
    let isComplete = try console.stage("batch", detail: { meter.text(runner.progress) }) {
      try runner.run(threads: options.threadCount)
    }
    let progress = runner.progress
    console.summarize {
      meter.summary(progress, resultsPath: isComplete ? nil : outputPath, isComplete: isComplete)
        + ReportSummary.costs(console)
    } json: { writer in
      writer.member("jobs", progress.done)
      writer.member("failed", progress.failed)
      writer.member("resumed", progress.resumed)
      writer.key("complete")
      writer.bool(isComplete)
      ReportSummary.writeCosts(console, to: &writer)
    }
    if !isComplete { throw ExitCode(128 + Interruption.signal) }
    return progress.failed == 0
  }
}

/// Ctrl-C and a polite kill: the first asks to finish what is under way, the second ends the process.
private enum Interruption {
  private static let received = Atomic<Int32>(0)

  static var signal: Int32 { received.load(ordering: .relaxed) }

  /// Whoever started the process may have blocked them.
  static func catchFirst() {
    var both = sigset_t()
    sigemptyset(&both)
    sigaddset(&both, SIGINT)
    sigaddset(&both, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &both, nil)
    for number in [SIGINT, SIGTERM] {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { Interruption.received.store($0, ordering: .relaxed) }
      action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
      sigaction(number, &action, nil)
    }
  }
}
