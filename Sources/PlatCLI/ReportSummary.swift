import Glibc
import PlatEngine
import PlatFormats

/// A report in words, for people.
enum ReportSummary {
  /// `movement`: nil where there is no map before.
  static func text(_ report: Report, movement: ReportWriter.Movement?) -> String {
    var lines: [(String, String)] = []
    if let movement {
      let bound =
        switch movement.movesLowerBound {
        case report.moves: ", proved to be the fewest"
        case let bound?: ", at least \(bound) are needed"
        case nil: ""
        }
      lines.append(("moves", "\(report.moves)\(bound)"))
      if let weight = report.inWeight {
        let bound =
          switch movement.movesWeightLowerBound {
          case weight.moves: ", proved to be the least"
          case let bound?: ", at least \(bound) is needed"
          case nil: ""
          }
        lines.append(("weight moved", "\(weight.moves)\(bound)"))
      }
      lines.append(("role changes", "\(report.roleChanges)"))
    }
    for (name, spread) in report.spreads {
      lines.append(("load", "\(name == "total" ? "in all" : name) \(text(spread))"))
    }
    lines.append(("fan-out", "to at most \(report.fanOutOutbound) nodes, from at most \(report.fanOutInbound)"))
    lines.append(("rules", "\(report.unmet) unmet, \(report.brokenSoft) soft ones broken"))
    lines.append(("health", report.health.rawValue))
    lines += findings(report.findings, more: report.moreFindings)
    return lines.map { "  \($0)\(String(repeating: " ", count: max(1, 14 - $0.count)))\($1)\n" }.joined()
  }

  private static func findings(_ findings: [Finding], more: Int) -> [(String, String)] {
    let shown = 3
    let count = findings.count + more
    guard count > 0 else { return [] }
    var lines = [("findings", "\(count)")]
    for finding in findings.prefix(shown) {
      let place = finding.partition.map { " of partition \($0)" } ?? ""
      lines.append(("", "\(finding.strength.rawValue) \(finding.rule)\(place): \(finding.because)"))
    }
    if count > shown { lines.append(("", "…")) }
    for finding in findings { if let shortage = finding.shortage { lines.append(("proof", "\(shortage)")) } }
    return lines
  }

  private static func text(_ spread: WeightSpread) -> String {
    let due =
      spread.leastDue == spread.greatestDue
      ? rounded(spread.leastDue) : "\(rounded(spread.leastDue)) to \(rounded(spread.greatestDue))"
    return "\(rounded(spread.least)) to \(rounded(spread.greatest)), due \(due)"
  }

  /// To one decimal, downwards.
  private static func rounded(_ number: Rational) -> String {
    guard !number.isInteger, let tenths = (number * Rational(10)).floor else { return number.description }
    return "\(tenths / 10).\(tenths % 10)"
  }

  /// The last line: how long each stage took and the most memory that the process held.
  static func costs(_ console: Console) -> String {
    let times = console.times.map { "\($0.stage) \(milliseconds($0.nanoseconds)) ms" }.joined(separator: ", ")
    return "  time          \(times); peak memory \(peakMemoryBytes >> 20) MiB\n"
  }

  static func writeCosts(_ console: Console, to writer: inout JSONWriter) {
    writer.key("nanoseconds")
    writer.beginObject(.compact)
    for (stage, nanoseconds) in console.times { writer.member(stage, Int(nanoseconds)) }
    writer.endObject()
    writer.member("peakBytes", peakMemoryBytes)
  }

  private static func milliseconds(_ nanoseconds: UInt64) -> String {
    let tenths = nanoseconds / 100_000
    return "\(tenths / 10).\(tenths % 10)"
  }

  static var peakMemoryBytes: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }

  static func certificate(_ holds: Bool) -> String {
    "  certificate   \(holds ? "holds" : "does not hold, or the plan is not what it says")\n"
  }
}
