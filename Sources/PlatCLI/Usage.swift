import ArgumentParser
import Glibc
import PlatEngine
import PlatFormats

/// What is said of wrong usage: as JSON where that was asked for, and with what was meant perhaps.
enum Usage {
  /// Ends the process as the argument parser would; wrong usage is told by `told`.
  static func exit(_ error: any Error, arguments: [String] = Array(CommandLine.arguments.dropFirst())) -> Never {
    // A status alone: what was wrong has been said.
    guard !(error is ExitCode), Plat.exitCode(for: error) == .validationFailure else { Plat.exit(withError: error) }
    Console.write(told(Plat.message(for: error), full: Plat.fullMessage(for: error), arguments: arguments))
    Glibc.exit(ExitCode.validationFailure.rawValue)
  }

  /// `message`: what is wrong; `full`: the same with the usage of the verb.
  static func told(_ message: String, full: String, arguments: [String]) -> String {
    if let verb = arguments.first, !verb.hasPrefix("-"), !verbs.contains(verb) {
      // What the parser says goes by all that follows.
      let message = "there is no verb \(verb)"
      let full = "Error: \(message)\n\(Plat.usageString())\n  See 'plat --help' for more information."
      return told(message, full, Suggestion.hint(for: verb, among: verbs), arguments)
    }
    return told(message, full, hint(message), arguments)
  }

  private static func told(_ message: String, _ full: String, _ hint: String?, _ arguments: [String]) -> String {
    guard arguments.contains("--json") else {
      return full.replacing(
        message, with: message + (hint.map { ". \($0.prefix(1).uppercased())\($0.dropFirst())" } ?? "")) + "\n"
    }
    var writer = JSONWriter(capacityBytes: 1024)
    writer.beginObject(.compact)
    writer.member("error", message)
    if let hint { writer.member("hint", hint) }
    writer.endObject()
    return ((try? writer.withBytes { String(decoding: $0, as: UTF8.self) }) ?? "") + "\n"
  }

  /// `plat verify takes: plat verify <cluster> <plan> …`
  static func line(of verb: ParsableCommand.Type) -> String {
    let usage = Plat.usageString(for: verb).split(separator: "\n").first.map(String.init) ?? ""
    return "usage: " + usage.replacing(/^[Uu][Ss][Aa][Gg][Ee]: */, with: "")
  }

  private static func hint(_ message: String) -> String? {
    guard let match = message.firstMatch(of: /^The value '(.*?)' is invalid for/) else { return nil }
    return Suggestion.hint(for: String(match.output.1), among: words)
  }

  private static var verbs: [String] {
    Plat.configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
  }

  /// What options and arguments take that are a word of a few.
  private static var words: [String] {
    Operation.allCases.map(\.rawValue) + ForeignSystem.allCases.map(\.rawValue) + ImportedRule.allCases.map(\.rawValue)
      + GenerateOptions.Map.allCases.map(\.rawValue)
  }
}
