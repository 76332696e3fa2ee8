import Foundation
import PlatEngine
import Testing

/// A table of results in `Tests/Golden`, a case a line. `PLAT_UPDATE_GOLDEN=1` writes it anew; else every line must be
/// as it was.
struct GoldenTable {
  private let file: URL
  private let header: String

  /// `name`: the file's, without its ending.
  init(_ name: String, columns: [String]) {
    file = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Golden/\(name).tsv")
    header = columns.joined(separator: "\t")
  }

  func check(_ rows: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
    let lines = [header] + rows
    if ProcessInfo.processInfo.environment["PLAT_UPDATE_GOLDEN"] == "1" {
      try (lines.joined(separator: "\n") + "\n").write(to: file, atomically: true, encoding: .utf8)
      return
    }
    let golden = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
    for (line, was) in zip(lines, golden) { #expect(line == was, sourceLocation: sourceLocation) }
    #expect(lines.count == golden.count, sourceLocation: sourceLocation)
  }

  // MARK: cells

  static func spread(_ spread: LoadSpread?) -> String {
    spread.map { text($0.least, $0.greatest, due: $0.leastDue, $0.greatestDue) } ?? "-"
  }

  static func spread(_ spread: WeightSpread?) -> String {
    spread.map { text($0.least, $0.greatest, due: $0.leastDue, $0.greatestDue) } ?? "-"
  }

  /// Least, greatest, and the least and greatest that are due.
  private static func text<Load>(_ least: Load, _ greatest: Load, due leastDue: Rational, _ greatestDue: Rational)
    -> String
  {
    let due = leastDue == greatestDue ? "\(leastDue)" : "\(leastDue)…\(greatestDue)"
    return "\(least)…\(greatest) of \(due)"
  }
}
