import Foundation
import Testing

/// What a rule or a status means is known in `Rules/` and nowhere else: read from the engine's sources.
@Suite struct RuleHouseTests {
  /// Files that may still match on a rule's kind. Not for new ones: it only gets shorter.
  private static let kindsLeft: Set<String> = []
  /// Files that may still compare a node's status.
  private static let statusesLeft: Set<String> = []

  @Test func ruleKindsAreMatchedInRulesOnly() throws {
    try expect(RuleHouseTests.kind, in: RuleHouseTests.kindsLeft, "matches on a rule's kind")
  }

  @Test func statusesAreComparedInRulesOnly() throws {
    try expect(RuleHouseTests.status, in: RuleHouseTests.statusesLeft, "compares a node's status")
  }

  @Test func eachWayOfMatchingIsNoticed() {
    for line in [
      "guard case .atMost(let most) = rule.demand else { continue }", "case .near(let of, let atLeast):",
      "switch rule.demand {",
      "for rule in cluster.cluster.settings.placement where rule.strength == .hard {", "settings.rules(AtMost.self)",
      "if let cap = rule as? AtMost {", "settings.places.contains { $0.strength == .hard }",
      "case .within(let least, _): least",
    ] { #expect(RuleHouseTests.count(RuleHouseTests.kind, line) > 0, "\(line)") }
    for line in [
      "problem.near.isEmpty", "rule.atLeast - 1", "tree.demand - tree.total()", "placement.target.clear()",
      "map.placement.width",
      "public var placement: [PlacementRule]", "// as settings.placement says",
      "settings.containerRules.map { $0.level }",
    ] { #expect(RuleHouseTests.count(RuleHouseTests.kind, line) == 0, "\(line)") }
    for line in [
      "if cluster.status[node] == .active {", "where status != .failed", "case .leaving, .failed: 0",
      "switch dense.status[node] {",
      "cluster.status.contains(.maintenance)", "case .maintenance: held", "Node.Status.leaving",
      "node.status = .failed",
    ] { #expect(RuleHouseTests.count(RuleHouseTests.status, line) > 0, "\(line)") }
    for line in [
      "if operation == .maintenance {", "case .failover, .maintenance, .restoreBack, .cancel:",
      "status.mayReceive && row.failed.isEmpty",
      "switch cluster.status[node].entitlement {", "return holds ? .rebalance : .maintenance",
      "let active = groups.active", "/// .failed",
    ] { #expect(RuleHouseTests.count(RuleHouseTests.status, line) == 0, "\(line)") }
  }

  /// Every file that does it is on the list, and every file on the list does it.
  private func expect(_ pattern: String, in left: Set<String>, _ what: String) throws {
    var found: [String: Int] = [:]
    for (file, text) in try RuleHouseTests.sources() {
      let count = RuleHouseTests.count(pattern, text)
      if count > 0 { found[file] = count }
    }
    for (file, count) in found.sorted(by: { $0.key < $1.key }) where !left.contains(file) {
      Issue.record("Sources/PlatEngine/\(file) \(what), in \(count) places: that belongs to Rules/")
    }
    for file in left.sorted() where found[file] == nil {
      Issue.record("Sources/PlatEngine/\(file) no longer \(what): take it off the list")
    }
  }

  private static let kind = #"(?<![\w\])])\.(atMost|near|only|never|within)\b|\brule\.demand\b"#
    + #"|\bsettings\.(placement|places)\b|\.rules\(|\b(as|is)[?!]? (AtMost|Near|PlaceRule)\b"#

  /// An operation is called maintenance, too.
  private static let status =
    #"(?<![\w\])])\.(active|leaving|failed)\b|\bStatus\.(active|leaving|failed|maintenance|allCases)\b"#
    + #"|\bswitch .*[sS]tatus(\[.*\])? \{"#
    + #"|^(?!.*([oO]peration|\.rebalance|\.restoreBack|\breturn \.maintenance)).*(?<![\w\])])\.maintenance\b"#

  /// What a line has at least where it matches: looking for words is quicker.
  private static let words = [
    ".atMost", ".near", ".only", ".never", ".within", ".demand", ".placement", ".places", ".rules(", "AtMost", "Near",
    "PlaceRule",
    ".active", ".leaving", ".failed", ".maintenance", "tatus",
  ]

  /// How often code matches, without comments.
  private static func count(_ pattern: String, _ text: String) -> Int {
    let lines = text.utf8.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    let code = lines.filter { line in line.withCString { start in words.contains { strstr(start, $0) != nil } } }
      .map { line in line.range(of: "//").map { String(line[..<$0.lowerBound]) } ?? line }.joined(separator: "\n")
    guard let expression = try? NSRegularExpression(pattern: pattern, options: .anchorsMatchLines) else { return -1 }
    return expression.numberOfMatches(in: code, range: NSRange(code.startIndex..., in: code))
  }

  /// Of the engine without `Rules/`, `Model/Cluster.swift`, which defines what a status is, and phases of the
  /// execution, which have names of their own.
  private static func sources() throws -> [(file: String, text: String)] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources/PlatEngine").path
    let files = try #require(FileManager.default.enumerator(atPath: root)).compactMap { $0 as? String }
    let read = files.filter { $0.hasSuffix(".swift") && !$0.hasPrefix("Rules/") && $0 != "Model/Cluster.swift" }
      .sorted()
    #expect(read.count > 150)
    return try read.map { file in
      let text = try String(contentsOfFile: root + "/" + file, encoding: .utf8)
      guard file.hasPrefix("Execution/") else { return (file, text) }
      return (file, text.components(separatedBy: "\n").filter { $0.contains("tatus") }.joined(separator: "\n"))
    }
  }
}
