import ArgumentParser
import CPlat

/// The program `plat`: one file a verb.
@main struct Plat: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plat",
    abstract: "Decides which node holds which partition, and proves it.",
    discussion: """
      Each verb reads files, or - for standard input, writes its document to -o FILE or standard output, and says \
      everything else on standard error.

      Exit status: 0 done, and every hard rule met; 1 done, but a hard rule could not be met or a check failed; 64 wrong \
      usage; 65 invalid input; 66 no such input; 70 a fault of the program; 73, 74 output could not be written.
      """,
    // The header's, as the library's is.
    version: "\(PLAT_VERSION_MAJOR).\(PLAT_VERSION_MINOR).\(PLAT_VERSION_PATCH)",
    subcommands: verbs)

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch { Usage.exit(error) }
  }

  /// In the order of the help.
  private static let verbs: [ParsableCommand.Type] = [
    PlanCommand.self,
    ApplyCommand.self,
    CheckCommand.self,
    StepsCommand.self,
    SimulateCommand.self,
    MovesCommand.self,
    VerifyCommand.self,
    ExplainCommand.self,
    WhatIfCommand.self,
    CompareCommand.self,
    RouteCommand.self,
    ImportCommand.self,
    ExportCommand.self,
    GenerateCommand.self,
    BatchCommand.self,
    BenchCommand.self,
  ]
}
