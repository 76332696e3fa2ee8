import ArgumentParser
import PlatEngine
import PlatFormats

/// `plat apply`: the cluster document after a plan.
struct ApplyCommand: PlatCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply", abstract: "Write the cluster document as it is after a plan.",
    discussion: """
      The plan's map, or its maps, become the current ones, with their revisions; nodes, their statuses and all else stay as \
      they are. A plan that was made from another revision is refused.
      """)

  @OptionGroup var documents: ClusterAndPlan

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("Where the next cluster goes.", valueName: "next"))
  var outputPath: String?

  @OptionGroup var options: GlobalOptions

  var files: CommandFiles { CommandFiles(reads: documents.paths, writes: [outputPath]) }

  mutating func run(_ console: Console) throws -> Bool {
    let (_, read) = try console.stage("reading") { try documents.readAny() }
    let next =
      switch read {
      case .one(let document, let plan): AnyClusterDocument.one(document.applying(plan))
      case .several(let document, let plan): AnyClusterDocument.several(document.applying(plan))
      }
    try console.stage("writing") {
      let writer = next.writer(for: outputPath)
      try writer.write(to: outputPath)
    }
    let revisions = next.revisions
    console.summarize {
      revisions.map { "\($0.name.map { "map \($0), " } ?? "")revision \($0.revision)\n" }.prefix(20).joined()
        + (revisions.count > 20 ? "and \(revisions.count - 20) maps more\n" : "")
    } json: { writer in
      writer.member("maps", revisions.count)
      writer.member("revision", Int(clamping: revisions.map(\.revision).max() ?? 0))
    }
    return true
  }
}
